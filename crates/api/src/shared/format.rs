//! Which format an answer is given in: `?format=` first, then `Accept`, then the route's own default.

use axum::http::{HeaderMap, header};
use datahall_core::{Error, Result};
use datahall_formats::Format;

/// The format for a request whose `format` parameter is `named`.
///
/// # Errors
/// `Invalid` when the parameter names no known format. An `Accept` that names none gives the default.
pub(crate) fn negotiate(named: Option<&str>, headers: &HeaderMap, default: Format) -> Result<Format> {
    if let Some(name) = named {
        return Format::from_name(&name.to_ascii_lowercase())
            .ok_or_else(|| Error::invalid(format!("unknown format: {name} (known are json, ndjson, csv, tsv, arrow, parquet)")));
    }
    let mut values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    match (values.next(), values.next()) {
        (None, _) | (Some("*/*"), None) => Ok(default),
        (Some("application/json"), None) => Ok(Format::Json),
        (Some(first), second) => {
            let entries = std::iter::once(first).chain(second).chain(values).flat_map(|value| value.split(','));
            Ok(best(entries, default))
        }
    }
}

/// The most wanted of the known formats; of equally wanted ones the more exactly named, then the first.
fn best<'a>(entries: impl Iterator<Item = &'a str>, default: Format) -> Format {
    let mut chosen: Option<((u16, u8), Format)> = None;
    for entry in entries {
        let mut parts = entry.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(quality).unwrap_or(1000);
        let Some((format, exactness)) = of_range(&kind, default) else { continue };
        let rank = (quality, exactness);
        if quality > 0 && chosen.is_none_or(|(best, _)| rank > best) {
            chosen = Some((rank, format));
        }
    }
    chosen.map_or(default, |(_, format)| format)
}

fn of_range(kind: &str, default: Format) -> Option<(Format, u8)> {
    match kind {
        "*/*" => Some((default, 0)),
        "text/*" => Some((Format::Csv, 1)),
        "application/*" => Some((default, 1)),
        _ => Format::from_media_type(kind).map(|format| (format, 2)),
    }
}

/// `q=0.25` as 250.
fn quality(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let quality: f32 = value.trim().parse().ok()?;
    (0.0..=1.0).contains(&quality).then_some((quality * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> Format {
        let headers = HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]);
        negotiate(None, &headers, Format::Json).unwrap()
    }

    #[test]
    fn the_parameter_wins_over_the_header() {
        let headers = HeaderMap::from_iter([(header::ACCEPT, "text/csv".parse().unwrap())]);
        assert_eq!(negotiate(Some("Arrow"), &headers, Format::Json).unwrap(), Format::Arrow);
        assert_eq!(negotiate(None, &headers, Format::Json).unwrap(), Format::Csv);
        assert!(negotiate(Some("yaml"), &headers, Format::Json).unwrap_err().message().contains("yaml"));
    }

    #[test]
    fn qualities_are_honoured() {
        assert_eq!(accept("application/json;q=0.5, text/csv"), Format::Csv);
        assert_eq!(accept("application/vnd.apache.arrow.stream; q=0.2, application/json"), Format::Json);
        assert_eq!(accept("*/*, text/csv"), Format::Csv);
        assert_eq!(accept("text/csv;q=0, */*"), Format::Json);
        assert_eq!(accept("application/json, text/csv"), Format::Json);
        assert_eq!(accept("text/html,application/xhtml+xml,*/*;q=0.8"), Format::Json);
        assert_eq!(accept("image/png"), Format::Json);
    }
}
