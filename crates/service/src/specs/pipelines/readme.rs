//! The README of a package, made of its descriptor, for whoever unpacks it.

use serde_json::Value as Json;
use std::fmt::Write;

/// It, as Markdown.
pub(super) fn readme(descriptor: &Json) -> String {
    let text = |name: &str| descriptor[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let mut readme = format!("# {}\n", plain(text("title").or(text("name")).unwrap_or("Data package")));
    if let Some(description) = text("description") {
        let _ = write!(readme, "\n{description}\n");
    }
    if let Some(homepage) = text("homepage") {
        let _ = write!(readme, "\nHomepage: {}\n", plain(homepage));
    }
    readme.push_str("\n## Files\n\n| file | format | bytes | rows | MD5 |\n|---|---|---|---|---|\n");
    for entry in descriptor["resources"].as_array().into_iter().flatten() {
        let cell = |name: &str| match &entry[name] {
            Json::String(text) => plain(text).replace('|', "\\|"),
            Json::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let cells = ["path", "format", "bytes", "rowcount", "hash"].map(cell);
        let _ = writeln!(readme, "| {} |", cells.join(" | "));
    }
    for (name, heading) in [("licenses", "Licence"), ("sources", "Sources"), ("contributors", "Contributors")] {
        let listed: Vec<String> = descriptor[name].as_array().into_iter().flatten().filter_map(line).collect();
        if !listed.is_empty() {
            let _ = write!(readme, "\n## {heading}\n\n{}\n", listed.join("\n"));
        }
    }
    readme.push_str("\nWhat is in each column is in `datapackage.json`.\n");
    readme
}

fn line(entry: &Json) -> Option<String> {
    let text = |name: &str| entry[name].as_str().map(plain).filter(|text| !text.is_empty());
    let parts: Vec<String> = [text("title").or(text("name")), text("path").or(text("email"))].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("- {}", parts.join(", ")))
}

/// On one line.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_tells_what_the_descriptor_does() {
        let readme = readme(&json!({
            "name": "d", "title": "Days\nof birth", "description": "All of *them*.", "licenses": [{"name": "CC0-1.0", "path": "https://x"}],
            "sources": [{}], "resources": [{"path": "data/a_csv.csv", "format": "csv", "bytes": 7, "rowcount": 2, "hash": "ab"}, {"path": "a|b"}],
        }));
        assert_eq!(
            readme,
            "# Days of birth\n\nAll of *them*.\n\n## Files\n\n| file | format | bytes | rows | MD5 |\n|---|---|---|---|---|\n\
             | data/a_csv.csv | csv | 7 | 2 | ab |\n| a\\|b |  |  |  |  |\n\n## Licence\n\n- CC0-1.0, https://x\n\n\
             What is in each column is in `datapackage.json`.\n"
        );
    }
}
