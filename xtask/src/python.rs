//! `cargo xtask python`: the Python package, built and tested as its users get it.
//!
//! Promises a virtual environment of its own under the target folder, the package installed there by pip from its source
//! tree, and pytest over it. A machine without Python, venv or a package index is told so; CI counts the step as skipped.
//! Leaves what only some tests need to [`companions`].

mod companions;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Failure;
use crate::process::{self, Ended, Watched};

/// What is installed beside the package; the build backend among them, so that pip builds without another download.
const TOOLS: &[&str] = &["maturin>=1.9.4,<2", "pytest", "hypothesis", "mypy", "typing_extensions"];
/// Imports that show that the tools are there.
const TOOLS_PROBE: &str = "import maturin, pytest, hypothesis, mypy, typing_extensions";
/// A release build of the engine is part of it.
const LIMIT: Duration = Duration::from_mins(20);
const PACKAGE: &str = "bindings/python";
/// Names another interpreter than `python3` to make an environment with, such as `python3.13`.
const INTERPRETER_VARIABLE: &str = "NEDB_PYTHON";

/// Makes a fresh environment with the tools in it; fails where this machine cannot.
pub fn prepare(root: &Path) -> Result<(), Failure> {
    let venv = venv(root);
    let path = venv.to_string_lossy();
    let python = python(&venv);
    watch(root, &[&interpreter(), "-m", "venv", "--clear", &path])?;
    let install = [&python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    watch(root, &[&install[..], TOOLS].concat())
}

/// Builds, installs and tests the package; further words go to pytest.
pub fn run(root: &Path, words: &[&str]) -> Result<(), Failure> {
    let python = python(&venv(root));
    if !process::is_working(root, &[&python, "-c", TOOLS_PROBE]) {
        prepare(root)?;
    }
    companions::prepare(root);
    let install = ["install", "--disable-pip-version-check", "--no-build-isolation", "--no-deps", "--force-reinstall"];
    watch(root, &[&[python.as_str(), "-m", "pip"], &install[..], &["./bindings/python"]].concat())?;
    watch(root, &[&[python.as_str(), "-m", "pytest", "-c", "bindings/python/pyproject.toml", PACKAGE], words].concat())
}

fn interpreter() -> String {
    std::env::var(INTERPRETER_VARIABLE).unwrap_or_else(|_absent| "python3".to_owned())
}

/// Where the environment of the interpreter lies: beside what cargo builds.
fn venv(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    match interpreter().as_str() {
        "python3" => target.join("python-venv"),
        other => target.join(format!("python-venv{}", other.replace(['/', '\\', ':'], "-"))),
    }
}

fn python(venv: &Path) -> String {
    let program = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    venv.join(program).to_string_lossy().into_owned()
}

/// The path on which pip finds the build backend's program: that of the environment first.
fn search_path(venv: &Path) -> Result<String, Failure> {
    let programs = venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let present = std::env::var_os("PATH").unwrap_or_default();
    let joined = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&present)))?;
    Ok(joined.to_string_lossy().into_owned())
}

fn watch(root: &Path, words: &[&str]) -> Result<(), Failure> {
    println!("$ {}", words.join(" "));
    let variables = [("PATH", search_path(&venv(root))?)];
    match process::watch(root, &Watched { words, variables: &variables, limit: LIMIT }, &mut |_| ())? {
        Ended::Well => Ok(()),
        Ended::Badly(status) => Err(format!("python: {}: {status}", words.join(" ")).into()),
        Ended::OverTime => Err(format!("python: {}: ended after {} s", words.join(" "), LIMIT.as_secs()).into()),
    }
}
