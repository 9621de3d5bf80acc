//! Ctrl-C in the verbs that read: they end at once, as any program does; `imports` and `terminal` have those that do not.

use std::{
    io::Read,
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
};

use crate::{
    places::Daemon,
    processes::{code, json, run, write_records},
    script::{Directory, nedb},
};

/// The signal of Ctrl-C; a shell shows it as the exit code 130.
const SIGINT: i32 = 2;

#[test]
fn ctrl_c_ends_what_only_reads_at_once_and_leaves_the_database_alone() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    write_records(&dir.join("records.ndjson"), 20_000);
    assert_eq!(code(&run(dir, &["import", "db", "records.ndjson"])), 0);
    let head = json(dir, &["head", "db"]);
    let reading: [&[&str]; 5] = [
        &["query", "db", "FROM records", "--format", "ndjson"],
        &["sql", "db", "SELECT * FROM records", "--format", "ndjson"],
        &["export", "db"],
        &["scan", "db", "records"],
        &["log", "db", "--follow"],
    ];
    for words in reading {
        let mut child = nedb(dir).args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Its answer does not fit the pipe, so that it is under way when the signal comes.
        let mut first = [0; 10];
        child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(SIGINT), "{words:?}: {:?}", output.status);
        assert!(output.stderr.is_empty(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(json(dir, &["head", "db"]), head);
    assert_eq!(json(dir, &["verify", "db", "--deep"])["ok"], true);
}

#[test]
fn ctrl_c_ends_the_following_of_a_daemon_at_once() {
    let directory = Directory::new();
    let dir = directory.path();
    let daemon = Daemon::start(dir, &[]);
    let url = format!("{}/db", daemon.url);
    assert_eq!(code(&run(dir, &["init", &url])), 0);
    assert_eq!(code(&run(dir, &["put", &url, "c", "a", "{}"])), 0);
    let words = ["log", &url, "--follow", "--json"];
    let mut child = nedb(dir).args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It is shown though nothing follows, and then it waits.
    let mut first = [0; 10];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(SIGINT), "{:?}", output.status);
    assert!(output.stdout.ends_with(b"}\n") && output.stderr.is_empty(), "{output:?}");
}
