//! The forms of the package beside the one for the interpreter at hand: the wheel for every Python, and a Python without the
//! interpreter lock.
//!
//! Promises that each is built and tested, or said loudly to be missing and counted as skipped.

use std::path::Path;

use super::venv::Venv;
use super::{PACKAGE, test, wheel};
use crate::Failure;
use crate::process;

/// The tests of the wheel for every Python: what differs in it is how values and arguments cross the border.
const BORDER_TESTS: &[&str] = &["test_documents.py", "test_writes.py", "test_reads.py", "test_stub.py"];
/// Interpreters without the lock that the binding can be built for.
const FREE_THREADED: &[&str] = &["python3.14t", "python3.15t"];
/// Succeeds in an interpreter whose lock is off.
const HAS_NO_LOCK: &str = "import sys; sys.exit(sys._is_gil_enabled())";

/// Builds the wheel that every Python from 3.9 on takes, and tests what differs in it.
pub fn for_every_python(venv: &Venv) -> Result<(), Failure> {
    let wheel = wheel::build(venv, &["--features", "abi3"])?;
    let name = wheel.to_string_lossy();
    if !name.contains("-cp39-abi3-") {
        return Err(format!("python: {name} is not for every Python").into());
    }
    let folder = venv.target.join("python-abi3").to_string_lossy().into_owned();
    venv.pip(&["install", "--quiet", "--no-deps", "--upgrade", "--target", &folder, &name], &[])?;
    let tests: Vec<String> = BORDER_TESTS.iter().map(|name| format!("{PACKAGE}/tests/{name}")).collect();
    let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
    // Its folder comes before the environment's own packages.
    venv.pytest(&tests, &[("PYTHONPATH", folder)])
}

/// Runs the whole suite under a Python without the interpreter lock, where there is one.
pub fn without_the_lock(root: &Path) -> Result<(), Failure> {
    if let Some(name) = FREE_THREADED.iter().find(|name| process::is_working(root, &[name, "-c", HAS_NO_LOCK])) {
        // Some packages that the tests import would put the lock on again.
        return test(&Venv::of(root, name), &[], &[("PYTHON_GIL", "0".to_owned())]);
    }
    let names = FREE_THREADED.join(", ");
    println!("NOTICE: none of {names} is on the path: nothing was tested WITHOUT the interpreter lock");
    println!("test result: ok. 0 passed; 0 failed; 1 ignored");
    Ok(())
}
