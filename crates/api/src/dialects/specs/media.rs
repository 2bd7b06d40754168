//! What the files of packages are to a browser. They are whatever their owners uploaded.

/// The media type of a file by the ending of its name. What browsers would show is what it says, in a sandbox; the rest is bytes.
pub(super) fn of(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref().unwrap_or_default() {
        "csv" => "text/csv; charset=utf-8",
        "tsv" | "tab" => "text/tab-separated-values; charset=utf-8",
        "json" | "topojson" => "application/json",
        "geojson" => "application/geo+json",
        "ndjson" | "jsonl" => "application/x-ndjson",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "parquet" => "application/vnd.apache.parquet",
        "arrow" | "feather" => "application/vnd.apache.arrow.file",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xls" => "application/vnd.ms-excel",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "pdf" => "application/pdf",
        "txt" | "md" => "text/plain; charset=utf-8",
        "html" | "htm" => "text/html; charset=utf-8",
        "xml" => "application/xml",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}

/// The value of `Content-Disposition`: shown where it can be, saved under its own name.
pub(super) fn disposition(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' }).collect();
    format!("inline; filename=\"{safe}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_say_what_it_is_and_names_cannot_say_more() {
        assert_eq!((of("data/a_csv.csv"), of("archive/A.SVG")), ("text/csv; charset=utf-8", "image/svg+xml"));
        for path in ["archive/x", "archive/.html", "data/html", "a.js", "a.mjs", "a.wasm", "a."] {
            let expected = if path == "archive/.html" { "text/html; charset=utf-8" } else { "application/octet-stream" };
            assert_eq!(of(path), expected, "{path}");
        }
        assert_eq!(disposition("data/a_csv.csv"), "inline; filename=\"a_csv.csv\"");
        assert_eq!(disposition("data/a\"; x=\r\n"), "inline; filename=\"a___x___\"");
    }
}
