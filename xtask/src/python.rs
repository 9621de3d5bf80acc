//! `cargo xtask python`: the Python package, built and tested as its users get it.
//!
//! Promises a virtual environment of its own under the target folder, the package installed there by pip from the wheel that
//! its source tree gives, and pytest over it; then the forms that other Pythons get ([`forms`]). A machine without Python,
//! venv or a package index is told so; CI counts the step as skipped. Leaves what only some tests need to [`companions`].

mod companions;
mod forms;
mod venv;
mod wheel;

use std::path::Path;

use crate::Failure;
use venv::Venv;

const PACKAGE: &str = "bindings/python";
/// Names another interpreter than `python3` to make an environment with, such as `python3.13`.
const INTERPRETER_VARIABLE: &str = "NEDB_PYTHON";

/// Makes a fresh environment with the tools in it; fails where this machine cannot.
pub fn prepare(root: &Path) -> Result<(), Failure> {
    Venv::of(root, &interpreter()).prepare()
}

/// Builds, installs and tests the package; further words go to pytest, and then the other forms are left out.
pub fn run(root: &Path, words: &[&str]) -> Result<(), Failure> {
    let venv = Venv::of(root, &interpreter());
    test(&venv, words, &[])?;
    if words.is_empty() {
        forms::for_every_python(&venv)?;
        forms::without_the_lock(root)?;
    }
    Ok(())
}

/// The whole suite in one environment, with further variables.
fn test(venv: &Venv, words: &[&str], further: &[(&'static str, String)]) -> Result<(), Failure> {
    venv.prepare_once()?;
    let mut variables = companions::prepare(venv);
    variables.extend_from_slice(further);
    let wheel = wheel::build(venv, &[])?;
    venv.pip(&["install", "--no-deps", "--force-reinstall", &wheel.to_string_lossy()], &[])?;
    venv.pytest(&[&[PACKAGE], words].concat(), &variables)
}

fn interpreter() -> String {
    std::env::var(INTERPRETER_VARIABLE).unwrap_or_else(|_absent| "python3".to_owned())
}
