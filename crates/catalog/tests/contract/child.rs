//! Other processes: this test binary started again, to do what the environment says and then to be killed, say.

use crate::support::{insert, open};
use datahall_catalog::Organisation;
use std::process::{Child, Command, Stdio};

const WHAT: &str = "DATAHALL_TEST_CHILD";
const URL: &str = "DATAHALL_TEST_CHILD_URL";

/// Starts a process that does `what` with the catalog at `url`.
pub(crate) fn spawn(what: &str, url: &str) -> Child {
    spawn_by(Command::new(std::env::current_exe().unwrap()), what, url)
}

/// The same by another command, which runs this test binary in its own way.
pub(crate) fn spawn_by(mut command: Command, what: &str, url: &str) -> Child {
    command.args(["--exact", "child::what_a_child_does", "--nocapture"]).env(WHAT, what).env(URL, url);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// In a run of the tests there is nothing for it to do.
#[tokio::test]
async fn what_a_child_does() {
    let (Some(what), Some(url)) = (told(WHAT), told(URL)) else { return };
    match what.as_str() {
        "open" => {
            open(&url).await.unwrap();
        }
        "write" => write(&url).await,
        // Says how opening went.
        "report" => match open(&url).await {
            Ok(_) => println!("\nopened"),
            Err(error) => println!("\n{error:?}"),
        },
        other => panic!("no child does {other}"),
    }
}

/// Inserts until it is killed, and prints the key of each insert that was acknowledged.
async fn write(url: &str) {
    let catalog = open(url).await.unwrap();
    for number in 0..1_000_000 {
        let key = format!("k{number}");
        insert(&catalog, &mut Organisation { key: key.clone(), ..Default::default() }).await;
        println!("\nacknowledged {key}");
    }
}
