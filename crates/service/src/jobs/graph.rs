//! Whether a graph of activities can be done at all.

use super::{NewActivity, NewJob};
use datahall_core::{Error, Result};
use std::collections::{HashMap, VecDeque};

/// The most activities of a job.
const MOST: usize = 10_000;
/// The most needs and outputs of an activity, each.
const MOST_EACH: usize = 10_000;
const LONGEST: usize = 255;

/// Looks at names, needs and size.
///
/// # Errors
/// `Invalid`, naming what is wrong.
pub(super) fn check(job: &NewJob) -> Result<()> {
    name("kind", &job.kind)?;
    if let Some(key) = &job.idempotency_key {
        name("idempotency_key", key)?;
    }
    if job.activities.is_empty() {
        return Err(invalid("activities: a job needs at least one"));
    }
    if job.activities.len() > MOST {
        return Err(invalid(format!("activities: {} are more than a job may have ({MOST})", job.activities.len())));
    }
    let mut places = HashMap::with_capacity(job.activities.len());
    for (at, activity) in job.activities.iter().enumerate() {
        name("activities: name", &activity.name)?;
        if activity.needs.len() > MOST_EACH || activity.outputs.len() > MOST_EACH {
            return Err(invalid(format!("activity '{}' has more than {MOST_EACH} needs or outputs", activity.name)));
        }
        for output in &activity.outputs {
            name("activities: output", output)?;
        }
        if places.insert(activity.name.as_str(), at).is_some() {
            return Err(invalid(format!("activity '{}' is there twice", activity.name)));
        }
    }
    acyclic(&job.activities, &places)
}

fn acyclic(activities: &[NewActivity], places: &HashMap<&str, usize>) -> Result<()> {
    let mut waits = vec![0usize; activities.len()];
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); activities.len()];
    for (at, activity) in activities.iter().enumerate() {
        for need in &activity.needs {
            let unknown = || {
                let need = need.escape_debug();
                invalid(format!("activity '{}' needs '{need}', which is none of the job's", activity.name))
            };
            after[*places.get(need.as_str()).ok_or_else(unknown)?].push(at);
            waits[at] += 1;
        }
    }
    let mut ready: VecDeque<usize> = (0..activities.len()).filter(|at| waits[*at] == 0).collect();
    while let Some(at) = ready.pop_front() {
        for next in std::mem::take(&mut after[at]) {
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.push_back(next);
            }
        }
    }
    match activities.iter().zip(&waits).find(|(_, waits)| **waits > 0) {
        None => Ok(()),
        Some((activity, _)) => {
            Err(invalid(format!("activity '{}' needs itself, by way of the others, or needs one that does", activity.name)))
        }
    }
}

fn name(what: &str, text: &str) -> Result<()> {
    if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
        return Err(invalid(format!("{what}: must be 1 to {LONGEST} characters without control characters")));
    }
    Ok(())
}

fn invalid(message: impl std::fmt::Display) -> Error {
    Error::invalid(format!("invalid value: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(activities: &[(&str, &[&str])]) -> NewJob {
        let activity = |(name, needs): &(&str, &[&str])| NewActivity {
            name: (*name).into(),
            kind: "k".into(),
            needs: needs.iter().map(|need| (*need).into()).collect(),
            ..NewActivity::default()
        };
        NewJob { kind: "k".into(), activities: activities.iter().map(activity).collect(), ..NewJob::default() }
    }

    fn refusal(activities: &[(&str, &[&str])]) -> String {
        check(&job(activities)).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_can_be_done_is_taken() {
        check(&job(&[("c", &["a", "b", "a"]), ("a", &[]), ("b", &["a"])])).unwrap();
        let chain: Vec<String> = (0..MOST).map(|number| number.to_string()).collect();
        let mut long = job(&[]);
        for (at, name) in chain.iter().enumerate() {
            let needs = at.checked_sub(1).map(|before| chain[before].clone()).into_iter().collect();
            long.activities.push(NewActivity { name: name.clone(), kind: "k".into(), needs, ..NewActivity::default() });
        }
        check(&long).unwrap();
        long.activities.push(NewActivity { name: "more".into(), ..NewActivity::default() });
        assert!(check(&long).unwrap_err().message().contains("10001 are more than a job may have (10000)"));
    }

    #[test]
    fn what_cannot_is_refused_by_name() {
        assert!(refusal(&[]).contains("at least one"));
        assert!(refusal(&[("a", &["a"])]).contains("activity 'a' needs itself"));
        assert!(refusal(&[("x", &[]), ("a", &["b"]), ("b", &["c"]), ("c", &["a"])]).contains("needs itself"));
        assert!(refusal(&[("a", &["nope"])]).contains("activity 'a' needs 'nope', which is none"));
        assert!(refusal(&[("a", &[]), ("a", &[])]).contains("'a' is there twice"));
        assert!(refusal(&[("", &[])]).contains("name"));
        assert!(refusal(&[("a\0", &[])]).contains("name"));
    }
}
