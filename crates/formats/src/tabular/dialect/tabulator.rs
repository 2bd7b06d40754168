//! The `tabulator` of a pipeline's `processing`: how one of its inputs is laid out.

use super::super::Result;
use super::options::{Options, count, one_byte};
use super::{Dialect, Heading, wrong};
use serde_json::Value as Json;

impl Dialect {
    /// The same, changed by what `processing` says of the file: `headers` (the number of a row, the first and last of several, or the names themselves;
    /// null for none), `sheet` (name, or number from 1), `skip_rows` (how many at the start, behind which `headers` is counted; or a list of numbers of rows and
    /// of texts that rows begin with), `delimiter`, `quotechar`, `encoding`, `property`.
    ///
    /// # Errors
    /// [`Fault::Hints`](super::super::Fault::Hints) for what is not of its type or makes no sense.
    pub fn with_tabulator(mut self, tabulator: &Json) -> Result<Self> {
        let given = match tabulator {
            Json::Null => return Ok(self),
            Json::Object(given) => given,
            _ => return Err(wrong("tabulator is no JSON object".to_owned())),
        };
        let options = Options(given);
        match given.get("headers") {
            None => {}
            Some(Json::Null) => self.heading = Heading::Nothing,
            Some(Json::Array(items)) => self.heading = listed(items)?,
            Some(number) => self.heading = Heading::Rows(vec![count(number, "headers")?]),
        }
        match given.get("sheet") {
            None | Some(Json::Null) => {}
            Some(Json::String(name)) => self.sheet = Some(name.clone()),
            Some(number) => self.sheet = Some(count(number, "sheet")?.max(1).to_string()),
        }
        match given.get("skip_rows") {
            None | Some(Json::Null) => {}
            Some(Json::Array(items)) => self.skip(items)?,
            Some(Json::String(mark)) => self.comments.push(mark.clone()),
            Some(number) => self.skipped_first = count(number, "skip_rows")?,
        }
        if let Some(delimiter) = options.text("delimiter")? {
            self.delimiter = Some(one_byte("delimiter", delimiter)?);
        }
        for key in ["quotechar", "quote_char", "quoteChar"] {
            if let Some(quote) = options.text(key)? {
                self.quote = Some(if quote.is_empty() { None } else { Some(one_byte(key, quote)?) });
            }
        }
        if let Some(encoding) = options.text("encoding")? {
            self.encoding = Some(encoding.to_owned());
        }
        if let Some(property) = options.text("property")?.filter(|property| !property.is_empty()) {
            self.property = property.split('.').map(str::to_owned).collect();
        }
        self.checked()
    }

    fn skip(&mut self, items: &[Json]) -> Result<()> {
        for item in items {
            match item {
                Json::String(mark) => self.comments.push(mark.clone()),
                Json::Object(preset) if preset.get("type").and_then(Json::as_str) == Some("preset") => self.skip_blank = true,
                number => {
                    self.skipped.insert(count(number, "skip_rows")?);
                }
            }
        }
        Ok(())
    }
}

fn listed(items: &[Json]) -> Result<Heading> {
    let names: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    match (names, items) {
        (Some(names), [_, ..]) => Ok(Heading::Given(names)),
        (None, [first, last]) => {
            let (first, last) = (count(first, "headers")?, count(last, "headers")?);
            if first > last || last - first >= super::MOST_HEADERS as u64 {
                return Err(wrong(format!("headers: rows {first} to {last} are none, or too many")));
            }
            Ok(Heading::Rows((first..=last).collect()))
        }
        _ => Err(wrong("headers is neither a row, the first and last of several, nor a list of names".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Fault;
    use super::*;
    use serde_json::json;

    fn parsed(tabulator: Json) -> Dialect {
        Dialect::default().with_tabulator(&tabulator).unwrap()
    }

    #[test]
    fn headers_sheets_and_rows_to_pass_over() {
        assert_eq!(parsed(json!({"headers": 3})).heading, Heading::Rows(vec![3]));
        assert_eq!(parsed(json!({"headers": [2, 3]})).heading, Heading::Rows(vec![2, 3]));
        assert_eq!(parsed(json!({"headers": ["a", "b"]})).heading, Heading::Given(vec!["a".into(), "b".into()]));
        assert_eq!(parsed(json!({"headers": null})).heading, Heading::Nothing);
        assert_eq!(parsed(json!({"sheet": 2})).sheet.as_deref(), Some("2"));
        let skips = parsed(json!({"skip_rows": 2, "headers": 1, "delimiter": ";", "encoding": "latin1"}));
        assert_eq!(
            (skips.heading_rows(), skips.delimiter, skips.encoding.as_deref()),
            (Some(vec![3]), Some(b';'), Some("latin1"))
        );
        let listed = parsed(json!({"skip_rows": [1, "#", {"type": "preset", "value": "blank"}]}));
        assert!(listed.skips(1) && !listed.skips(2) && listed.skip_blank);
        assert!(listed.is_comment("# x", ["# x", "y"].into_iter()) && !listed.is_comment("x", ["x"].into_iter()));
        for wrong in
            [json!({"headers": []}), json!({"headers": [3, 2]}), json!({"headers": -1}), json!({"skip_rows": [1.5]}), json!(1)]
        {
            assert!(matches!(Dialect::default().with_tabulator(&wrong), Err(Fault::Hints(_))), "{wrong}");
        }
    }
}
