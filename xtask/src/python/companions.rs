//! What some tests of the Python package need beside it: packages that it works with, and a Redis server.
//!
//! Promises to install what is missing where this machine allows it, and to say loudly what stays absent. The package is
//! built and used without any of this; the tests that need it are skipped by pytest, with the reason, and counted.

use super::venv::Venv;
use crate::Failure;
use crate::process;

/// Packages, and the imports that show that they are there. Only built ones are taken: nothing here is worth a compiler's time.
const PACKAGES: &[(&str, &str)] = &[
    ("redis", "import redis"),
    ("fakeredis[lua]", "import fakeredis, lupa"),
    ("celery", "import celery"),
    ("pyarrow", "import pyarrow"),
    ("pandas", "import pandas"),
    // The checks that a release has decide what the daemon passes; Python 3.9 has none of these.
    ("schemathesis>=4.32,<5", "import schemathesis"),
];
/// The redis-py of many programs, put beside the newest one, in a folder of its own.
const OLDER_REDIS_PY: &str = "redis>=5,<6";
const OLDER_REDIS_PY_FOLDER: &str = "python-redis-5";
/// Tells the tests where it is.
const OLDER_REDIS_PY_VARIABLE: &str = "NEDB_REDIS_PY_5";
/// Succeeds where apt may install something.
const MAY_INSTALL: &str = "test \"$(id -u)\" = 0 && command -v apt-get";
/// Installs the server without starting it; the second try is for a machine whose package lists are missing or old.
const INSTALL_REDIS: &str = "\
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
install='apt-get install --quiet --yes --no-install-recommends redis-server'
$install || { apt-get update --quiet && $install; }";

/// Installs what is missing, and returns the variables that tell the tests of it.
pub fn prepare(venv: &Venv) -> Vec<(&'static str, String)> {
    let install = ["install", "--quiet", "--only-binary=:all:", "--timeout", "15", "--retries", "1"];
    for (package, probe) in PACKAGES {
        if !venv.can_run(probe) {
            report(package, venv.pip(&[&install[..], &[package]].concat(), &[]));
        }
    }
    if !process::is_working(&venv.root, &["redis-server", "--version"]) {
        report("redis-server", install_redis(venv));
    }
    let folder = venv.target.join(OLDER_REDIS_PY_FOLDER);
    let name = folder.to_string_lossy().into_owned();
    if !folder.join("redis").is_dir() {
        report(OLDER_REDIS_PY, venv.pip(&[&install[..], &["--target", &name, OLDER_REDIS_PY]].concat(), &[]));
    }
    if folder.join("redis").is_dir() { vec![(OLDER_REDIS_PY_VARIABLE, name)] } else { Vec::new() }
}

fn install_redis(venv: &Venv) -> Result<(), Failure> {
    if !process::is_working(&venv.root, &["sh", "-c", MAY_INSTALL]) {
        return Err("not installed, and only root with apt-get may install it here".into());
    }
    venv.watch(&["sh", "-c", INSTALL_REDIS], &[])
}

/// A missing companion costs tests, never the run.
fn report(what: &str, done: Result<(), Failure>) {
    if let Err(failure) = done {
        println!("NOTICE: {what} is absent ({failure}): the tests that need it are SKIPPED");
    }
}
