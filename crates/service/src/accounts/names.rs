//! What may be a name: of users, groups, organisations and keys.

use datahall_core::{Error, Result};

/// The most characters in a name.
const LONGEST: usize = 200;

/// Whether the catalog takes two names for one.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

/// Refuses names that cannot be told from others on a screen, or that mean something else in a path. `what` names it in the
/// message.
///
/// # Errors
/// `Invalid`, saying why.
pub(crate) fn check(what: &str, name: &str) -> Result<()> {
    let refuse = |why: &str| Err(Error::invalid(format!("{what}: {why}")));
    if name.trim().is_empty() {
        return refuse("must not be empty");
    }
    if name.trim() != name {
        return refuse("must not begin or end with a blank");
    }
    if name.chars().count() > LONGEST {
        return refuse(&format!("must not have more than {LONGEST} characters"));
    }
    if let Some(bad) = name.chars().find(|character| is_unfit(*character)) {
        return refuse(&format!("must not hold the character {}", bad.escape_unicode()));
    }
    Ok(())
}

fn is_unfit(character: char) -> bool {
    // Control characters, separators of paths, and what is invisible or turns the direction of writing.
    character.is_control()
        || matches!(character, '/' | '\\' | '\u{ad}' | '\u{61c}' | '\u{feff}')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_and_groups_pass_and_tricks_do_not() {
        for name in ["ann", "Zoë Müller", "New Group for business", "ann@example.com", "团队", "a.b-c_d", &"x".repeat(200)] {
            assert!(check("login", name).is_ok(), "{name}");
        }
        for name in ["", " ", " a", "a ", "a\0b", "a/b", "a\\b", "a\nb", "a\u{202e}b", "a\u{200b}", "\u{feff}a", &"x".repeat(201)]
        {
            assert!(check("login", name).unwrap_err().message().starts_with("login: must not"), "{name:?}");
        }
    }
}
