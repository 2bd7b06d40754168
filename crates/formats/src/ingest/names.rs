//! Names of columns: none blank, none twice, in whatever case.

use super::hints::short;
use super::{Fault, Result};
use std::collections::{HashMap, HashSet};

/// Bytes of a name at most.
const LONGEST: usize = 1024;

/// `given` with blanks around them taken off, blank ones called by their position, and those that come again (in any case, for
/// tables do not tell them apart) numbered; `warnings` says so.
///
/// # Errors
/// [`Fault::Broken`] for a name that is too long.
pub(super) fn cleaned(given: Vec<String>, warnings: &mut Vec<String>) -> Result<Vec<String>> {
    let own: HashSet<String> = given.iter().map(|name| name.trim().to_lowercase()).collect();
    let mut taken = HashSet::new();
    let mut names = Vec::with_capacity(given.len());
    let (mut renamed, mut numbers) = (Vec::new(), HashMap::new());
    for (at, name) in given.into_iter().enumerate() {
        let trimmed = name.trim();
        if trimmed.len() > LONGEST {
            return Err(Fault::Broken(format!("the name of column {} is longer than {LONGEST} bytes", at + 1)));
        }
        let wanted = if trimmed.is_empty() { format!("column_{}", at + 1) } else { trimmed.to_owned() };
        let name = if taken.contains(&wanted.to_lowercase()) {
            // A number that makes it nobody else's.
            let next = numbers.entry(wanted.to_lowercase()).or_insert(2u64);
            let name = loop {
                let name = format!("{wanted}_{next}");
                *next += 1;
                if !taken.contains(&name.to_lowercase()) && !own.contains(&name.to_lowercase()) {
                    break name;
                }
            };
            renamed.push(format!("{} to {}", short(&wanted), short(&name)));
            name
        } else {
            wanted
        };
        taken.insert(name.to_lowercase());
        names.push(name);
    }
    if !renamed.is_empty() {
        let more = if renamed.len() > 5 { ", …" } else { "" };
        renamed.truncate(5);
        warnings.push(format!("names of columns that came twice were changed: {}{more}", renamed.join(", ")));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(given: &[&str]) -> (Vec<String>, usize) {
        let mut warnings = Vec::new();
        (cleaned(given.iter().map(|name| (*name).to_owned()).collect(), &mut warnings).unwrap(), warnings.len())
    }

    #[test]
    fn each_is_there_once() {
        assert_eq!(names(&[" a ", "", "B"]), (vec!["a".into(), "column_2".into(), "B".into()], 0));
        assert_eq!(names(&["a", "A", "a_2", "a"]), (vec!["a".into(), "A_3".into(), "a_2".into(), "a_4".into()], 1));
        assert_eq!(names(&["column_2", ""]), (vec!["column_2".into(), "column_2_2".into()], 1));
        let long = "x".repeat(2000);
        assert!(cleaned(vec![long], &mut Vec::new()).is_err());
    }

    #[test]
    fn thousands_of_the_same_name_are_told_apart() {
        let (names, _) = names(&["x"; 3000]);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 3000);
    }
}
