//! Text → tokens → one statement, within bounds, with line and column where it is wrong.

use super::dialect::ReadDialect;
use datafusion::sql::sqlparser::ast::{Expr, ObjectName, Query};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use datahall_core::{Error, Result};

/// Bytes that a statement may have.
const MAX_BYTES: usize = 64 * 1024;

/// Tokens that it may have, blanks and comments not counted.
const MAX_TOKENS: usize = 10_000;

/// How deeply brackets may nest; the parser's own limit is of about the same size for what it counts.
const MAX_BRACKETS: usize = 40;

/// How many `ARRAY<`, `STRUCT<` and `MAP<` there may be: the parser does not bound how deeply types nest.
const MAX_ANGLES: usize = 20;

/// What is asked for.
pub(super) enum Asked {
    /// Rows.
    Query(Box<Query>),
    /// The columns of a table.
    Describe(ObjectName),
    /// How rows would be read.
    Explain(Box<Query>),
}

/// The tokens of `sql` without blanks and comments.
///
/// # Errors
/// `Invalid` for what is no token, and beyond the bounds.
pub(super) fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>> {
    if sql.len() > MAX_BYTES {
        return Err(Error::invalid(format!("the statement has {} bytes; at most {MAX_BYTES} are accepted", sql.len())));
    }
    if let Some(at) = sql.find('\0') {
        return Err(Error::invalid(format!("the statement has a NUL character at byte {at}")));
    }
    let dialect = ReadDialect::new(0);
    let tokens = Tokenizer::new(&dialect, sql).tokenize_with_location().map_err(|error| {
        let at = error.location;
        Error::invalid(format!("syntax error at line {}, column {}: {}", at.line, at.column, error.message))
    })?;
    let tokens: Vec<_> = tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    check(&tokens)?;
    Ok(tokens)
}

fn check(tokens: &[TokenWithSpan]) -> Result<()> {
    if tokens.len() > MAX_TOKENS {
        return Err(Error::invalid(format!("the statement has more than {MAX_TOKENS} words and signs")));
    }
    let (mut depth, mut angles) = (0_usize, 0_usize);
    let mut previous = &Token::EOF;
    for token in tokens {
        let at = token.span.start;
        let refuse = |what: &str| Err(Error::invalid(format!("line {}, column {}: {what}", at.line, at.column)));
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            Token::Lt if matches!(previous, Token::Word(word) if word.quote_style.is_none()) => {
                let Token::Word(word) = previous else { continue };
                angles += usize::from(matches!(word.keyword, Keyword::ARRAY | Keyword::STRUCT | Keyword::MAP));
            }
            Token::Placeholder(_) | Token::Question => return refuse("parameters are not supported; write the value"),
            Token::AtSign | Token::AtAt => return refuse("variables are not supported"),
            _ => {}
        }
        if depth > MAX_BRACKETS || angles > MAX_ANGLES {
            return refuse("nested too deeply");
        }
        previous = &token.token;
    }
    Ok(())
}

/// The one expression that `tokens` are.
///
/// # Errors
/// `Invalid`: a syntax error, or more than an expression.
pub(super) fn expression(tokens: Vec<TokenWithSpan>) -> Result<Expr> {
    let dialect = ReadDialect::new(tokens.len());
    let mut parser = Parser::new(&dialect).with_recursion_limit(48).with_tokens_with_locations(tokens);
    let expression = parser.parse_expr().map_err(wrong)?;
    ended(&parser, false).map(|()| expression)
}

/// The one statement that `tokens` are.
///
/// # Errors
/// `Invalid`: a syntax error, another kind of statement, or more than one.
pub(super) fn statement(tokens: Vec<TokenWithSpan>) -> Result<Asked> {
    let first = tokens.iter().map(|token| &token.token).find(|token| !matches!(token, Token::LParen)).cloned();
    let Some(Token::Word(first)) = first else { return Err(not_allowed("")) };
    let dialect = ReadDialect::new(tokens.len());
    let mut parser = Parser::new(&dialect).with_recursion_limit(48).with_tokens_with_locations(tokens);
    let asked = match first.keyword {
        Keyword::SELECT | Keyword::WITH | Keyword::VALUES => Asked::Query(parser.parse_query().map_err(wrong)?),
        Keyword::DESCRIBE | Keyword::DESC => {
            parser.next_token();
            let _ = parser.parse_keyword(Keyword::TABLE);
            Asked::Describe(parser.parse_object_name(false).map_err(wrong)?)
        }
        Keyword::EXPLAIN => {
            parser.next_token();
            Asked::Explain(parser.parse_query().map_err(wrong)?)
        }
        _ => return Err(not_allowed(&first.value)),
    };
    let mut semicolon = false;
    while parser.consume_token(&Token::SemiColon) {
        semicolon = true;
    }
    ended(&parser, semicolon).map(|()| asked)
}

/// Refuses what is left, after a semicolon or without one.
fn ended(parser: &Parser<'_>, semicolon: bool) -> Result<()> {
    let next = parser.peek_token();
    match next.token {
        Token::EOF => Ok(()),
        _ if semicolon => Err(Error::invalid("only one statement is allowed")),
        found => {
            let at = next.span.start;
            Err(Error::invalid(format!("syntax error at line {}, column {}: unexpected {found}", at.line, at.column)))
        }
    }
}

fn not_allowed(found: &str) -> Error {
    let found: String = found.chars().take(40).collect();
    let found = if found.is_empty() { "nothing of the kind".to_owned() } else { found.to_uppercase() };
    Error::invalid(format!("only one SELECT, WITH, VALUES, DESCRIBE or EXPLAIN statement is allowed; found {found}"))
}

fn wrong(error: ParserError) -> Error {
    match error {
        ParserError::RecursionLimitExceeded => Error::invalid("the statement is nested too deeply"),
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => Error::invalid(format!("syntax error: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::{Clock, SystemClock};

    fn refusal(sql: &str) -> String {
        let parsed = tokens(sql).and_then(statement);
        parsed.err().unwrap_or_else(|| panic!("accepted: {sql}")).message().to_owned()
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_column() {
        assert!(refusal("SELECT a\nFROM t WHERE )").contains("Line: 2, Column: 14"), "{}", refusal("SELECT a\nFROM t WHERE )"));
        assert!(refusal("SELECT 'a\n").contains("line 1, column 8"), "{}", refusal("SELECT 'a\n"));
        assert!(refusal("SELECT 1 FROM t t t").contains("column 19: unexpected t"));
    }

    #[test]
    fn a_semicolon_may_end_the_statement_but_nothing_may_follow_it() {
        assert!(tokens("SELECT 1;;").and_then(statement).is_ok());
        assert_eq!(refusal("SELECT 1; SELECT 2"), "only one statement is allowed");
        assert!(refusal("").contains("found nothing"));
        assert!(refusal("-- SELECT 1").contains("found nothing"));
    }

    #[test]
    fn malformed_nests_end_quickly() {
        // The parser alone takes time exponential in the depth for these.
        for (open, close) in
            [("CAST(", " AS INT)"), ("CASE WHEN 1=1 THEN ", " END"), ("EXTRACT(YEAR FROM ", ")"), ("INTERVAL ", "")]
        {
            for depth in [10, 20, 30, 39, 45, 1_000] {
                let sql = format!("SELECT {}1 +{}", open.repeat(depth), close.repeat(depth));
                let clock = SystemClock::new();
                let _ = super::super::deep(|| tokens(&sql).and_then(statement).map(drop));
                assert!(clock.monotonic().as_secs() < 2, "{open} at depth {depth}");
            }
        }
    }
}
