//! The known word that an unknown one was probably meant to be.

/// Longer words are no slip of the keyboard, and comparing them would cost memory.
const LONGEST: usize = 64;

/// The one of `known` nearest to `word`, if any is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let folded = word.to_lowercase().replace('-', "_");
    let allowed = (folded.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?` for the nearest, or nothing.
pub(crate) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|candidate| format!("; did you mean `{candidate}`?")).unwrap_or_default()
}

/// The unknown field and the known ones, from the message that serde's derived code gives for it.
pub(crate) fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `")?;
    // A field may itself hold backticks; what follows it is always one of these two.
    let end = rest.rfind("`, expected ").or_else(|| rest.rfind("`, there are no fields"))?;
    Some((&rest[..end], rest[end + 1..].split('`').skip(1).step_by(2).collect()))
}

/// `message` about the value of `key`, unless that is a secret, which serde's message might quote.
pub(crate) fn without_secret(key: &str, message: &str) -> String {
    const SECRETS: &[&str] = &["secret_access_key", "access_key_id", "session_token", "password", "token", "secret"];
    if SECRETS.contains(&key) { "has the wrong type".into() } else { message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("prot", ["listen", "port"]), Some("port"));
        assert_eq!(nearest("max-rows", ["enabled", "max_rows"]), Some("max_rows"));
        assert_eq!(nearest("banana", ["listen", "port"]), None);
        assert_eq!(hint("prot", ["port"]), "; did you mean `port`?");
    }

    #[test]
    fn serdes_message_gives_the_words() {
        assert_eq!(unknown_field("unknown field `a`, expected one of `b`, `c`"), Some(("a", vec!["b", "c"])));
        assert_eq!(unknown_field("unknown field `a`, expected `b` or `c`"), Some(("a", vec!["b", "c"])));
        assert_eq!(unknown_field("unknown field `x`y`, expected `b`"), Some(("x`y", vec!["b"])));
        assert_eq!(unknown_field("missing field `a`"), None);
    }
}
