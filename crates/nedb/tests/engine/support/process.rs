//! This test program again, as another process that plays a role.

use std::process::{Child, Command, Stdio};

const ROLE: &str = "NEDB_TEST_ROLE";
const ARGUMENTS: &str = "NEDB_TEST_ARGUMENTS";

/// Starts the ignored test of this name in another process, with its output in a pipe.
pub fn start(test: &str, arguments: &[&str]) -> Child {
    let program = std::env::current_exe().expect("the system knows which program runs");
    Command::new(program)
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads", "1"])
        .env(ROLE, test)
        .env(ARGUMENTS, arguments.join("\n"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a test can start itself again")
}

/// The arguments of this process when it plays that role; `None` when a person runs the ignored tests.
pub fn arguments(test: &str) -> Option<Vec<String>> {
    let role = std::env::var(ROLE).ok()?;
    let arguments = std::env::var(ARGUMENTS).ok()?;
    (role == test).then(|| arguments.lines().map(str::to_owned).collect())
}
