//! The places that may break a rule, each with its reason. The list may only shrink: an entry that nothing needs is a finding.

use super::source::Finding;

struct Exception {
    rule: &'static str,
    path: &'static str,
    // What the finding's reason begins with.
    what: &'static str,
    why: &'static str,
}

const ALLOWED: &[Exception] = &[
    Exception {
        rule: "banned",
        path: "crates/core/src/clock.rs",
        what: "Instant::now",
        why: "the one place that reads the machine's clock",
    },
    Exception {
        rule: "banned",
        path: "crates/core/src/clock.rs",
        what: "Utc::now",
        why: "the one place that reads the machine's clock",
    },
    Exception {
        rule: "banned",
        path: "crates/core/src/clock.rs",
        what: "getrandom::",
        why: "the one place that reads the machine's random source",
    },
    Exception {
        rule: "banned",
        path: "crates/service/src/config/environment.rs",
        what: "env::var",
        why: "the one place that reads the environment; everything else is handed an Environment",
    },
];

/// Takes out what is allowed, and adds entries that allowed nothing.
pub(super) fn judge(findings: Vec<Finding>) -> Vec<Finding> {
    judge_by(findings, ALLOWED)
}

fn judge_by(findings: Vec<Finding>, allowed: &[Exception]) -> Vec<Finding> {
    let covers = |exception: &Exception, finding: &Finding| {
        exception.rule == finding.rule && exception.path == finding.path && finding.reason.starts_with(exception.what)
    };
    let idle = allowed.iter().filter(|exception| !findings.iter().any(|finding| covers(exception, finding)));
    let stale: Vec<_> = idle
        .map(|exception| {
            let reason =
                format!("needs no exception for {} any more ({}): take it out of tidy/allow.rs", exception.what, exception.why);
            Finding::new(exception.path, 0, "allow", reason)
        })
        .collect();
    let broken = findings.into_iter().filter(|finding| !allowed.iter().any(|exception| covers(exception, finding)));
    broken.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[Exception] = &[Exception { rule: "banned", path: "a.rs", what: "Utc::now", why: "because" }];

    #[test]
    fn an_exception_covers_its_place_only() {
        let at = |path| Finding::new(path, 1, "banned", "Utc::now: reason");
        assert!(judge_by(vec![at("a.rs")], ONE).is_empty());
        assert_eq!(judge_by(vec![at("a.rs"), at("b.rs")], ONE).len(), 1);
    }

    #[test]
    fn an_idle_exception_is_a_finding() {
        assert_eq!(judge_by(Vec::new(), ONE)[0].rule, "allow");
    }
}
