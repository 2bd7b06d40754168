//! Calls that only a few places may make. Tests may make them.

use super::mask::find_word;
use super::source::{File, Finding, Tree};

struct Ban {
    calls: &'static [&'static str],
    // Members to which the ban does not apply.
    except: &'static [&'static str],
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        calls: &["Utc::now", "Local::now", "Instant::now", "SystemTime::now", "UNIX_EPOCH.elapsed"],
        except: &["xtask"],
        why: "time comes from the Clock handed in, so that tests can set it",
    },
    Ban {
        calls: &["getrandom::", "thread_rng", "rand::random", "rand::rng", "Uuid::new_v4"],
        except: &["xtask"],
        why: "chance comes from the Random handed in, so that tests can repeat it",
    },
    Ban {
        calls: &["env::var", "env::var_os", "env::vars", "env::set_var"],
        except: &["server", "xtask"],
        why: "the environment is read once, by the program; the rest is handed settings",
    },
    Ban {
        calls: &["process::exit", "process::abort"],
        except: &[],
        why: "destructors would not run, and requests in flight would be cut off: return from main",
    },
    Ban {
        calls: &["println!", "print!", "eprintln!", "eprint!"],
        except: &["server", "xtask"],
        why: "a library logs by tracing; only programs talk to the terminal",
    },
    Ban { calls: &["env::set_current_dir"], except: &[], why: "the working folder belongs to every thread" },
    Ban { calls: &["mem::forget", "Box::leak"], except: &[], why: "memory must come back" },
    Ban { calls: &["#[ignore", "todo!", "unimplemented!", "dbg!"], except: &[], why: "unfinished work is finished or taken out" },
];

/// Looks at every Rust file's code outside tests.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(of_file).collect()
}

fn of_file(file: &File) -> Vec<Finding> {
    let member = file.member().unwrap_or_default();
    let mut findings = Vec::new();
    for ban in BANS.iter().filter(|ban| !ban.except.contains(&member)) {
        for (number, line) in file.lines_outside_tests() {
            if let Some(call) = ban.calls.iter().find(|call| find_word(line, call).is_some()) {
                findings.push(Finding::new(&file.path, number, "banned", format!("{call}: {}", ban.why)));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_banned_outside_tests_only() {
        let text = "//! A.\nfn a() { let _ = Utc::now(); }\n#[cfg(test)]\nmod tests {\n    fn b() { println!(); }\n}\n";
        let findings = of_file(&File::new("crates/service/src/a.rs", text));
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].line, findings[0].rule), (2, "banned"));
    }

    #[test]
    fn programs_may_talk_to_the_terminal() {
        assert!(of_file(&File::new("crates/server/src/a.rs", "fn a() { println!(); }\n")).is_empty());
        assert_eq!(of_file(&File::new("crates/engine/src/a.rs", "fn a() { println!(); }\n")).len(), 1);
    }
}
