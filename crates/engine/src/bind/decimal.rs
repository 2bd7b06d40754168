//! Exact decimals from text.

use super::lane::Point;
use arrow::datatypes::DataType;

/// The scale of a decimal type that fits the lane.
pub(super) fn scale(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => Some(*scale),
        _ => None,
    }
}

/// Where the number that `text` writes (`-12.50`, `1e3`) lies among the decimals of `scale`; `None` when it is no number.
pub(super) fn point(text: &str, scale: i8) -> Option<Point> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|e| e.abs() < 10_000)?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    // How many of the digits lie before the column's last place.
    let kept = whole.len() as i64 + i64::from(exponent) + i64::from(scale);
    let beyond = if negative { Point::Below } else { Point::Above };
    let all = digits.trim_start_matches('0');
    let significant = all.len() as i64 - (digits.len() as i64 - kept);
    if all.is_empty() {
        return Some(Point::Exact(0));
    }
    if significant > 39 {
        return Some(beyond);
    }
    let split = kept.clamp(0, digits.len() as i64) as usize;
    let (before, after) = digits.split_at(split);
    let zeros = (kept - digits.len() as i64).max(0) as usize;
    let before = format!("0{before}{}", "0".repeat(zeros.min(64)));
    let Ok(magnitude) = before.parse::<i128>() else { return Some(beyond) };
    let exact = after.bytes().all(|byte| byte == b'0');
    let signed = if negative { -magnitude } else { magnitude };
    Some(match (exact, negative) {
        (true, _) => Point::Exact(signed),
        (false, false) => Point::After(signed),
        (false, true) => Point::After(signed - 1),
    })
}
