//! This test program again, as another process that plays a role.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
};

const ROLE: &str = "NEDB_TEST_ROLE";
const ARGUMENTS: &str = "NEDB_TEST_ARGUMENTS";

/// Starts the ignored test of this name in another process, with its output in a pipe.
pub fn start(test: &str, arguments: &[&str]) -> Child {
    start_with(Command::new(this_program()), test, arguments)
}

/// As [`start`], by a shell that first runs a script, whose last command gets the program and its arguments as `"$@"`.
pub fn start_under(script: &str, test: &str, arguments: &[&str]) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(this_program());
    start_with(shell, test, arguments)
}

/// Whether a shell runs a script to a good end.
pub fn runs(script: &str) -> bool {
    let status = Command::new("sh").args(["-c", script]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn this_program() -> PathBuf {
    std::env::current_exe().expect("the system knows which program runs")
}

fn start_with(mut command: Command, test: &str, arguments: &[&str]) -> Child {
    command
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
