//! `cargo xtask node`: clients of Redis in Node against a daemon.
//!
//! Promises the versions that the lock file in the tree names, installed by npm under the target folder, and every test of theirs
//! against a `nedbd` that lives as long as it does. A machine without Node, npm or its registry is told so; CI counts the step as skipped.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Failure;
use crate::process::{self, Ended, Watched};

/// Where the tests and the lock file are.
const TESTS: &str = "crates/nedb-server/tests/clients";
/// Builds the daemon with the features that the tests are built with, so that nothing below it is built twice.
const BUILD: &[&str] = &["cargo", "build", "--workspace", "--bin", "nedbd", "--examples"];
/// How long installing may take, and how long the tests.
const LIMIT: Duration = Duration::from_mins(5);

/// Where npm installs to, and what cargo builds beside it.
struct Folders {
    target: PathBuf,
    installed: PathBuf,
}

impl Folders {
    fn of(root: &Path) -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Self { installed: target.join("node-clients"), target }
    }
}

/// Installs the clients; fails where this machine cannot.
pub fn prepare(root: &Path) -> Result<(), Failure> {
    let installed = Folders::of(root).installed;
    std::fs::create_dir_all(&installed)?;
    for entry in std::fs::read_dir(root.join(TESTS))? {
        let entry = entry?;
        std::fs::copy(entry.path(), installed.join(entry.file_name()))?;
    }
    // Not `npm ci`: it refuses a lock that lacks packages for other systems which a registry does not carry.
    watch(&installed, &["npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], &[])
}

/// Builds the daemon and runs the tests of the clients against it.
pub fn run(root: &Path) -> Result<(), Failure> {
    let folders = Folders::of(root);
    prepare(root)?;
    watch(root, BUILD, &[])?;
    let data = folders.installed.join("data");
    let daemon = Daemon::start(&folders.target.join("debug").join("nedbd"), &data)?;
    let port = daemon.port.clone();
    // One file after the other: each begins with an empty database.
    let words = ["node", "--test", "--test-concurrency=1", "--test-timeout=60000", "--test-reporter=spec"];
    let ran = watch(&folders.installed, &words, &[("NEDBD_RESP_PORT", port)]);
    drop(daemon);
    std::fs::remove_dir_all(&data)?;
    ran
}

fn watch(folder: &Path, words: &[&str], variables: &[(&str, String)]) -> Result<(), Failure> {
    println!("$ {}", words.join(" "));
    match process::watch(folder, &Watched { words, variables, limit: LIMIT }, &mut |_| ())? {
        Ended::Well => Ok(()),
        Ended::Badly(status) => Err(format!("node: {}: {status}", words.join(" ")).into()),
        Ended::OverTime => Err(format!("node: {}: ended after {} s", words.join(" "), LIMIT.as_secs()).into()),
    }
}

/// A daemon that goes with its owner.
struct Daemon {
    child: Child,
    port: String,
}

impl Daemon {
    fn start(program: &Path, data: &Path) -> Result<Self, Failure> {
        if data.exists() {
            std::fs::remove_dir_all(data)?;
        }
        let mut child = Command::new(program)
            .args(["--port", "0", "--resp2-port", "0", "--data", &data.to_string_lossy()])
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let log = child.stderr.take().ok_or("the daemon has no log")?;
        let mut daemon = Self { child, port: String::new() };
        let mut lines = BufReader::new(log).lines();
        for line in lines.by_ref() {
            let line = line?;
            if let Some((_, rest)) = line.split_once("resp=") {
                let address = rest.split(' ').next().unwrap_or_default();
                address.rsplit(':').next().unwrap_or_default().clone_into(&mut daemon.port);
                break;
            }
        }
        if daemon.port.is_empty() {
            return Err("the daemon did not say where it listens".into());
        }
        // It must be able to go on logging.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(daemon)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself; the tests have told of that.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
