//! What masks make of values: text of text, whatever the values were.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray, new_null_array};
use arrow::compute::{DatePart, cast, date_part, take};
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;
use datahall_core::policy::{Masking, Strategy};
use datahall_formats::texts;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;

/// What stands for what is not shown. Always as long, so that it does not tell how much there was.
const HIDDEN: &str = "****";

/// `array` as who is masked sees it: text, or for [`Strategy::Redact`] nulls of its own type without dictionary. Null stays null.
///
/// # Errors
/// When Arrow cannot take out what is in a dictionary.
pub(crate) fn mask(array: &ArrayRef, masking: &Masking) -> Result<ArrayRef, ArrowError> {
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let values = mask(dictionary.values(), masking)?;
        return take(&values, dictionary.keys(), None);
    }
    let text = |change: &dyn Fn(&str) -> String| -> ArrayRef {
        Arc::new(texts(array).iter().map(|text| text.map(change)).collect::<StringArray>())
    };
    Ok(match masking.strategy {
        Strategy::None => array.clone(),
        Strategy::Redact => new_null_array(array.data_type(), array.len()),
        Strategy::Full => text(&|_| "***".to_owned()),
        Strategy::Partial => text(&partial),
        Strategy::Email => text(&|text| format!("{HIDDEN}{}", domain(text))),
        Strategy::Hash => text(&|text| hexadecimal(&Sha256::digest(text), 6)),
        Strategy::Tokenise => text(&|text| token(text, &masking.key)),
        Strategy::Bucket { width } => bucket(array, width)?,
    })
}

/// Some of both ends, or of what is before the `@` of an address and all that follows.
fn partial(text: &str) -> String {
    let ends = |text: &str| {
        let length = text.chars().count();
        let kept = match length {
            0..=4 => 0,
            5..=8 => 1,
            _ => 2,
        };
        let start: String = text.chars().take(kept).collect();
        let end: String = text.chars().skip(length - kept).collect();
        format!("{start}{HIDDEN}{end}")
    };
    let domain = domain(text);
    if domain.is_empty() {
        return ends(text);
    }
    let name = &text[..text.len() - domain.len()];
    let kept = usize::from(name.chars().count() > 2);
    format!("{}{HIDDEN}{domain}", name.chars().take(kept).collect::<String>())
}

/// The `@` of an address and what follows; nothing when it is none.
fn domain(text: &str) -> &str {
    match text.rfind('@') {
        Some(at) if at > 0 && text[at + 1..].contains('.') && !text[at..].contains(char::is_whitespace) => &text[at..],
        _ => "",
    }
}

fn hexadecimal(digest: &[u8], bytes: usize) -> String {
    digest.iter().take(bytes).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn token(text: &str, key: &[u8; 32]) -> String {
    // A key of any length will do, so there is no error to meet.
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(key) else { return HIDDEN.to_owned() };
    code.update(text.as_bytes());
    format!("tok_{}", hexadecimal(&code.finalize().into_bytes(), 8))
}

fn bucket(array: &ArrayRef, width: f64) -> Result<ArrayRef, ArrowError> {
    let kind = array.data_type();
    if kind.is_numeric() {
        let numbers = cast(array, &DataType::Float64)?;
        let numbers: &Float64Array = numbers.as_primitive();
        return Ok(Arc::new(numbers.iter().map(|number| number.map(|number| range(number, width))).collect::<StringArray>()));
    }
    if matches!(kind, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)) {
        let years = date_part(array.as_ref(), DatePart::Year)?;
        let years = years.as_primitive::<Int32Type>();
        return Ok(Arc::new(years.iter().map(|year| year.map(|year| year.to_string())).collect::<StringArray>()));
    }
    // Neither a number nor a moment: nothing of it can be shown.
    Ok(Arc::new(texts(array).iter().map(|text| text.map(|_| HIDDEN)).collect::<StringArray>()))
}

fn range(number: f64, width: f64) -> String {
    let from = (number / width).floor() * width;
    if from.is_finite() { format!("[{from},{})", from + width) } else { HIDDEN.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, DictionaryArray, Int64Array, TimestampMicrosecondArray};

    fn masked(array: impl Array + 'static, strategy: Strategy) -> Vec<Option<String>> {
        let array: ArrayRef = Arc::new(array);
        let masked = mask(&array, &Masking { strategy, key: [7; 32] }).unwrap();
        masked.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
    }

    fn text(value: &str, strategy: Strategy) -> String {
        masked(StringArray::from(vec![value]), strategy).remove(0).unwrap()
    }

    #[test]
    fn partial_keeps_ends_and_domains_and_never_a_short_value() {
        for (value, shown) in [
            ("", "****"),
            ("abcd", "****"),
            ("abcde", "a****e"),
            ("4111111111111111", "41****11"),
            ("héllo wörld", "hé****ld"),
            ("jane.doe@example.com", "j****@example.com"),
            ("jo@example.com", "****@example.com"),
            ("not an@address", "no****ss"),
        ] {
            assert_eq!(text(value, Strategy::Partial), shown, "{value}");
        }
    }

    #[test]
    fn the_other_strategies_are_as_documented() {
        // `printf abc | sha256sum`.
        assert_eq!(text("abc", Strategy::Hash), "ba7816bf8f01");
        assert_eq!(text("abc", Strategy::Full), "***");
        assert_eq!(text("ann@example.com", Strategy::Email), "****@example.com");
        assert_eq!(text("ann", Strategy::Email), "****");
        // `printf abc | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…`.
        let token = text("abc", Strategy::Tokenise);
        assert_eq!((token.len(), &token[..4]), (20, "tok_"));
        assert_ne!(text("abd", Strategy::Tokenise), token);
        assert_eq!(text("abc", Strategy::Bucket { width: 10.0 }), "****");
    }

    #[test]
    fn buckets_are_half_open_and_years_stand_for_moments() {
        let numbers = masked(Int64Array::from(vec![Some(20), Some(29), Some(-1), None]), Strategy::Bucket { width: 10.0 });
        assert_eq!(numbers, [Some("[20,30)".into()), Some("[20,30)".into()), Some("[-10,0)".into()), None]);
        let halves = masked(Float64Array::from(vec![0.3, f64::NAN]), Strategy::Bucket { width: 0.5 });
        assert_eq!(halves, [Some("[0,0.5)".into()), Some("****".into())]);
        let days = masked(Date32Array::from(vec![0, 366]), Strategy::Bucket { width: 10.0 });
        assert_eq!(days, [Some("1970".into()), Some("1971".into())]);
        let moments = masked(TimestampMicrosecondArray::from(vec![0]), Strategy::Bucket { width: 1.0 });
        assert_eq!(moments, [Some("1970".into())]);
    }

    #[test]
    fn nulls_stay_and_dictionaries_are_masked_by_value() {
        let dictionary: DictionaryArray<Int32Type> = vec![Some("abc"), None, Some("abc")].into_iter().collect();
        assert_eq!(masked(dictionary, Strategy::Full), [Some("***".into()), None, Some("***".into())]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let nothing = mask(&numbers, &Masking { strategy: Strategy::Redact, key: [0; 32] }).unwrap();
        assert_eq!((nothing.data_type(), nothing.null_count()), (&DataType::Int64, 2));
    }
}
