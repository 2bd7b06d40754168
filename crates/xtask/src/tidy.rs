//! `cargo xtask tidy`: the rules of the code base that no compiler checks. Prints `path:line: rule: reason`.

mod allow;
mod banned;
mod budget;
mod docs;
mod imports;
mod layers;
mod mask;
mod source;
mod words;

use crate::run::{Outcome, root};
use source::{Finding, Tree};

/// Checks every rule; gives whether none is broken.
pub(crate) fn run() -> Outcome {
    let tree = Tree::read(&root())?;
    let mut findings = Vec::new();
    findings.extend(layers::check(&tree));
    findings.extend(imports::check(&tree));
    findings.extend(budget::check(&tree));
    findings.extend(banned::check(&tree));
    findings.extend(words::check(&tree));
    findings.extend(docs::check(&tree));
    let mut findings = allow::judge(findings);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, median {} lines, {} findings", tree.rust().count(), budget::median(&tree), findings.len());
    Ok(findings.is_empty())
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.reason)
    }
}
