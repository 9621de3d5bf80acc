//! What some tests of the Python package need beside it: packages that it works with, and a Redis server.
//!
//! Promises to install what is missing where this machine allows it, and to say loudly what stays absent. The package is
//! built and used without any of this; the tests that need it are skipped by pytest, with the reason, and counted.

use std::path::Path;

use super::{python, venv, watch};
use crate::Failure;
use crate::process;

/// Packages, and the imports that show that they are there. Only built ones are taken: nothing here is worth a compiler's time.
const PACKAGES: &[(&str, &str)] = &[
    ("redis", "import redis"),
    ("fakeredis[lua]", "import fakeredis, lupa"),
    ("pyarrow", "import pyarrow"),
    ("pandas", "import pandas"),
];
/// Succeeds where apt may install something.
const MAY_INSTALL: &str = "test \"$(id -u)\" = 0 && command -v apt-get";
/// Installs the server without starting it; the second try is for a machine whose package lists are missing or old.
const INSTALL_REDIS: &str = "\
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
install='apt-get install --quiet --yes --no-install-recommends redis-server'
$install || { apt-get update --quiet && $install; }";

/// Installs what is missing.
pub fn prepare(root: &Path) {
    let python = python(&venv(root));
    let install = [&python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
    let patience = ["--timeout", "15", "--retries", "1"];
    for (package, probe) in PACKAGES {
        if !process::is_working(root, &[&python, "-c", probe]) {
            let done = watch(root, &[&install[..], &patience, &[package]].concat());
            report(package, done);
        }
    }
    if !has_redis(root) {
        report("redis-server", install_redis(root));
    }
}

fn has_redis(root: &Path) -> bool {
    process::is_working(root, &["redis-server", "--version"])
}

fn install_redis(root: &Path) -> Result<(), Failure> {
    if !process::is_working(root, &["sh", "-c", MAY_INSTALL]) {
        return Err("not installed, and only root with apt-get may install it here".into());
    }
    watch(root, &["sh", "-c", INSTALL_REDIS])
}

/// A missing companion costs tests, never the run.
fn report(what: &str, done: Result<(), Failure>) {
    if let Err(failure) = done {
        println!("NOTICE: {what} is absent ({failure}): the tests that need it are SKIPPED");
    }
}
