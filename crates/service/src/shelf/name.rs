//! What may be the name of a dataset that is made through an API of flat names.

use datahall_core::{Error, Result};

/// Names that are routes beside the datasets' own.
const RESERVED: &[&str] =
    &["available", "browse", "governance", "import", "import-batch", "import_batch", "file", "tags", "export.json"];
/// The most characters.
const LONGEST: usize = 128;

/// The name as it is kept: trimmed, in lower case, with `_` for blanks and `-`.
///
/// # Errors
/// `Invalid`, saying what a name may be: a letter, then letters, digits and `_`, 128 characters at most, and none that is reserved.
pub fn dataset_name(name: &str) -> Result<String> {
    let kept: String = name.trim().to_lowercase().chars().map(|c| if c == ' ' || c == '-' { '_' } else { c }).collect();
    let refuse = |why: String| Err(Error::invalid(format!("name: {why}")));
    if RESERVED.contains(&name.trim().to_lowercase().as_str()) || RESERVED.contains(&kept.as_str()) {
        return refuse(format!("`{kept}` is reserved"));
    }
    if kept.chars().count() > LONGEST {
        return refuse(format!("must not have more than {LONGEST} characters"));
    }
    if !kept.starts_with(|c: char| c.is_ascii_lowercase()) {
        return refuse("must begin with a letter from a to z".into());
    }
    match kept.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_')) {
        Some(bad) => refuse(format!("may hold letters from a to z, digits and `_`, not `{}`", bad.escape_default())),
        None => Ok(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_in_one_form() {
        for (name, kept) in [("orders", "orders"), (" My Orders-2024 ", "my_orders_2024"), ("A__b", "a__b"), ("i", "i")] {
            assert_eq!(dataset_name(name).unwrap(), kept);
        }
        assert!(dataset_name(&"x".repeat(128)).is_ok());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "x".repeat(129);
        for name in ["", " ", "1a", "_a", "-a", "a.b", "a/b", "é", "aé", "a\0", "a\tb", "İstanbul", &long] {
            assert!(dataset_name(name).unwrap_err().message().starts_with("name: "), "{name:?}");
        }
        for name in RESERVED.iter().copied().chain(["Available", " FILE ", "Import Batch", "IMPORT-BATCH"]) {
            let error = dataset_name(name).unwrap_err();
            assert!(error.message().contains("reserved"), "{name}: {error}");
        }
    }
}
