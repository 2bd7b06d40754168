//! Unquoted names of columns that have capitals. SQL folds an unquoted word to lower case, so that `SELECT Origin` would
//! miss the column `Origin`: such words are put in quotes before parsing.

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::sql::sqlparser::keywords::{
    Keyword, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_IDENTIFIER, RESERVED_FOR_TABLE_ALIAS,
};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Words that mean something by themselves: a column named so must be quoted by whoever writes it.
const GRAMMAR: &[Keyword] = &[
    Keyword::ALL,
    Keyword::AND,
    Keyword::ANY,
    Keyword::AS,
    Keyword::ASC,
    Keyword::BETWEEN,
    Keyword::BY,
    Keyword::CASE,
    Keyword::CURRENT_DATE,
    Keyword::CURRENT_TIME,
    Keyword::CURRENT_TIMESTAMP,
    Keyword::DESC,
    Keyword::DISTINCT,
    Keyword::ELSE,
    Keyword::ESCAPE,
    Keyword::FALSE,
    Keyword::ILIKE,
    Keyword::IN,
    Keyword::IS,
    Keyword::LIKE,
    Keyword::NOT,
    Keyword::NULL,
    Keyword::OR,
    Keyword::OVER,
    Keyword::RECURSIVE,
    Keyword::SIMILAR,
    Keyword::SOME,
    Keyword::THEN,
    Keyword::TRUE,
    Keyword::WHEN,
];

/// The columns with capitals that no other column of the same schemas differs from in case alone, by their names in
/// lower case.
type Mixed = HashMap<String, String>;

fn mixed(schemas: &[&SchemaRef]) -> Mixed {
    let mut spellings: HashMap<String, HashSet<&str>> = HashMap::new();
    for field in schemas.iter().flat_map(|schema| schema.fields()) {
        spellings.entry(field.name().to_lowercase()).or_default().insert(field.name());
    }
    let only = |(folded, spellings): (String, HashSet<&str>)| {
        let spelling = (spellings.len() == 1).then(|| spellings.into_iter().next()).flatten()?;
        (spelling != spelling.to_ascii_lowercase()).then(|| (folded, spelling.to_owned()))
    };
    spellings.into_iter().filter_map(only).collect()
}

/// Quotes the words of `tokens`, an expression over one table, that are names of its columns with capitals.
pub(super) fn quote_all(tokens: &mut [TokenWithSpan], schema: &SchemaRef) {
    put_quotes(tokens, &Columns { anywhere: mixed(&[schema]), qualified: HashMap::new(), structs: structs(&[schema]) });
}

/// Quotes the words of `tokens` that are names of columns with capitals of `tables`: after the name or alias of a table
/// those of that table, elsewhere those that are the same in all the tables that `tokens` name.
pub(super) fn quote(tokens: &mut [TokenWithSpan], tables: &[(&str, SchemaRef)]) {
    let qualifiers = qualifiers(tokens, tables);
    let mut named: Vec<&SchemaRef> = qualifiers.values().flatten().copied().collect();
    named.dedup_by(|one, other| Arc::ptr_eq(one, other));
    let columns = Columns {
        structs: structs(&named),
        anywhere: mixed(&named),
        qualified: qualifiers.into_iter().map(|(name, schemas)| (name, mixed(&schemas))).collect(),
    };
    put_quotes(tokens, &columns);
}

fn structs(schemas: &[&SchemaRef]) -> HashSet<String> {
    let fields = schemas.iter().flat_map(|schema| schema.fields());
    fields.filter(|field| matches!(field.data_type(), DataType::Struct(_))).map(|field| field.name().to_lowercase()).collect()
}

fn put_quotes(tokens: &mut [TokenWithSpan], columns: &Columns) {
    let words: Vec<(usize, String)> =
        (0..tokens.len()).filter_map(|at| Some((at, columns.spelling(tokens, at)?.to_owned()))).collect();
    for (at, spelling) in words {
        if let Token::Word(word) = &mut tokens[at].token {
            word.value = spelling;
            word.quote_style = Some('"');
            word.keyword = Keyword::NoKeyword;
        }
    }
}

/// The tables that a name before a dot may mean: by their own last name and by the alias that follows it.
fn qualifiers<'a>(tokens: &[TokenWithSpan], tables: &'a [(&str, SchemaRef)]) -> HashMap<String, Vec<&'a SchemaRef>> {
    let folded: HashMap<String, &SchemaRef> = tables.iter().map(|(name, schema)| (name.to_lowercase(), schema)).collect();
    let word = |at: usize| match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    };
    let period = |at: usize| tokens.get(at).is_some_and(|token| token.token == Token::Period);
    let mut found: HashMap<String, Vec<&SchemaRef>> = HashMap::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(first) = word(at) else {
            at += 1;
            continue;
        };
        let (mut full, mut last) = (first.value.to_lowercase(), at);
        while let (true, Some(next)) = (period(last + 1), word(last + 2)) {
            full = format!("{full}.{}", next.value.to_lowercase());
            last += 2;
        }
        if let Some(schema) = folded.get(&full) {
            let after = last + 1 + usize::from(word(last + 1).is_some_and(|word| word.keyword == Keyword::AS));
            let alias = word(after).filter(|word| !RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword));
            for name in word(last).into_iter().chain(alias) {
                found.entry(name.value.to_lowercase()).or_default().push(schema);
            }
        }
        at = last + 1;
    }
    found
}

struct Columns {
    anywhere: Mixed,
    qualified: HashMap<String, Mixed>,
    structs: HashSet<String>,
}

impl Columns {
    /// How the column is spelled that the word at `at` names, when it names one.
    fn spelling(&self, tokens: &[TokenWithSpan], at: usize) -> Option<&str> {
        let Token::Word(word) = &tokens[at].token else { return None };
        if word.quote_style.is_some() {
            return None;
        }
        let around = Around { tokens, at };
        let before = match (around.token(-1), around.token(-2)) {
            (Token::Period, Token::Word(table)) => self.qualified.get(&table.value.to_lowercase()),
            _ => None,
        };
        let spelling = before.unwrap_or(&self.anywhere).get(&word.value.to_lowercase())?;
        let reserved = [GRAMMAR, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_IDENTIFIER, RESERVED_FOR_TABLE_ALIAS];
        if reserved.iter().any(|words| words.contains(&word.keyword)) {
            return None;
        }
        (!around.is_grammar(word.keyword) && !self.is_field(tokens, at)).then_some(spelling)
    }

    /// Whether the word is a field of a struct, as `b` in `a.b`.
    fn is_field(&self, tokens: &[TokenWithSpan], at: usize) -> bool {
        if at < 2 || tokens[at - 1].token != Token::Period {
            return false;
        }
        match &tokens[at - 2].token {
            Token::Word(word) => self.structs.contains(&word.value.to_lowercase()),
            Token::RParen | Token::RBracket => true,
            _ => false,
        }
    }
}

/// A token among its neighbours.
struct Around<'a> {
    tokens: &'a [TokenWithSpan],
    at: usize,
}

impl Around<'_> {
    fn token(&self, offset: isize) -> &Token {
        let at = self.at.checked_add_signed(offset);
        at.and_then(|at| self.tokens.get(at)).map_or(&Token::EOF, |token| &token.token)
    }

    fn keyword(&self, offset: isize) -> Keyword {
        match self.token(offset) {
            Token::Word(word) if word.quote_style.is_none() => word.keyword,
            _ => Keyword::NoKeyword,
        }
    }

    /// Whether a word that may also be a column is part of the grammar where it stands.
    fn is_grammar(&self, keyword: Keyword) -> bool {
        let follows_literal = matches!(
            self.token(-1),
            Token::SingleQuotedString(_) | Token::Number(..) | Token::DollarQuotedString(_) | Token::EscapedStringLiteral(_)
        );
        // A call, a key of a struct literal, or a typed literal as in DATE '2001-01-01'.
        let leads = matches!(self.token(1), Token::LParen | Token::Colon | Token::SingleQuotedString(_));
        let extracted = *self.token(-1) == Token::LParen && self.keyword(-2) == Keyword::EXTRACT;
        let typed = *self.token(-1) == Token::DoubleColon || (self.keyword(-1) == Keyword::AS && self.in_cast());
        let paired = match keyword {
            Keyword::TIME => matches!(self.keyword(-1), Keyword::AT | Keyword::WITH | Keyword::WITHOUT),
            Keyword::ZONE => self.keyword(-1) == Keyword::TIME,
            Keyword::ROW => self.keyword(-1) == Keyword::CURRENT,
            Keyword::FIRST | Keyword::LAST => self.keyword(-1) == Keyword::NULLS,
            Keyword::PRECEDING | Keyword::FOLLOWING => self.keyword(-1) == Keyword::UNBOUNDED,
            Keyword::ROWS | Keyword::RANGE | Keyword::GROUPS => self.begins_frame(),
            _ => self.keyword(-1) == Keyword::TO && self.ends_interval(),
        };
        follows_literal || leads || extracted || typed || paired
    }

    /// Whether the AS before the word belongs to a CAST: the bracket it stands in follows one.
    fn in_cast(&self) -> bool {
        let mut open = 0_usize;
        for back in 1..=self.at {
            match &self.tokens[self.at - back].token {
                Token::RParen => open += 1,
                Token::LParen if open == 0 => {
                    let casts = Around { tokens: self.tokens, at: self.at - back };
                    return matches!(casts.keyword(-1), Keyword::CAST | Keyword::TRY_CAST | Keyword::SAFE_CAST);
                }
                Token::LParen => open -= 1,
                _ => {}
            }
        }
        false
    }

    /// `INTERVAL '1-2' YEAR TO MONTH`
    fn ends_interval(&self) -> bool {
        matches!(self.token(-3), Token::SingleQuotedString(_) | Token::Number(..))
    }

    /// `RANGE UNBOUNDED PRECEDING`, `ROWS BETWEEN 1 PRECEDING AND …`
    fn begins_frame(&self) -> bool {
        let bound = |keyword| matches!(keyword, Keyword::UNBOUNDED | Keyword::CURRENT | Keyword::PRECEDING | Keyword::FOLLOWING);
        let after = if self.keyword(1) == Keyword::BETWEEN { 2 } else { 1 };
        (0..=2).any(|more| bound(self.keyword(after + more)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse::tokens;
    use arrow::datatypes::{Field, Schema};

    fn quoted(sql: &str) -> String {
        let names =
            ["Origin", "IMDB Rating", "Year", "Name", "a", "A", "Date", "Range", "First", "plain", "Order", "Time", "Value"];
        let mut fields: Vec<_> = names.iter().map(|name| Field::new(*name, DataType::Int64, true)).collect();
        fields.push(Field::new("Place", DataType::Struct(vec![Field::new("name", DataType::Utf8, true)].into()), true));
        let schema = Arc::new(Schema::new(fields));
        let other =
            Arc::new(Schema::new(vec![Field::new("name", DataType::Int64, true), Field::new("Extra", DataType::Int64, true)]));
        let mut tokens = tokens(sql).unwrap();
        quote(&mut tokens, &[("t", schema), ("p.u", other)]);
        tokens.iter().map(|token| token.token.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_word_that_is_a_column_is_quoted_as_the_column_is_spelled() {
        assert_eq!(quoted("SELECT origin, t.YEAR AS name FROM t"), r#"SELECT "Origin" , t . "Year" AS "Name" FROM t"#);
        assert_eq!(quoted("SELECT plain, \"origin\", a, A FROM t"), "SELECT plain , \"origin\" , a , A FROM t");
        assert_eq!(quoted("FROM t ORDER BY name LIMIT 3"), "FROM t ORDER BY \"Name\" LIMIT 3");
    }

    #[test]
    fn a_table_before_the_word_decides_which_column_it_is() {
        let sql = "SELECT x.name, p.u.name, name, y.extra, origin FROM t x, p.u AS y";
        assert_eq!(quoted(sql), r#"SELECT x . "Name" , p . u . name , name , y . "Extra" , "Origin" FROM t x , p . u AS y"#);
        assert_eq!(quoted("SELECT name, origin FROM p.u"), "SELECT name , origin FROM p . u");
    }

    #[test]
    fn a_word_that_is_grammar_where_it_stands_is_left() {
        for sql in [
            "EXTRACT ( YEAR FROM x )",
            "INTERVAL '1' YEAR",
            "INTERVAL '1-2' MONTH TO YEAR",
            "DATE '2001-01-01'",
            "CAST ( x AS DATE )",
            "x :: date",
            "year ( x )",
            "{ name : 1 }",
            "ORDER BY x NULLS FIRST",
            "x AT TIME ZONE 'UTC'",
            "( ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW )",
            "( ORDER BY x RANGE UNBOUNDED PRECEDING )",
        ] {
            assert_eq!(quoted(&format!("FROM t {sql}")), format!("FROM t {sql}"));
        }
        assert_eq!(quoted("t CAST(year AS date)"), "t CAST ( \"Year\" AS date )");
        assert_eq!(quoted("t WHERE range BETWEEN 1 AND 2"), "t WHERE \"Range\" BETWEEN 1 AND 2");
        assert_eq!(quoted("t EXTRACT(year FROM date)"), "t EXTRACT ( year FROM \"Date\" )");
    }

    #[test]
    fn fields_of_structs_keep_their_names() {
        assert_eq!(quoted("SELECT place.name, t.name FROM t"), "SELECT \"Place\" . name , t . \"Name\" FROM t");
    }
}
