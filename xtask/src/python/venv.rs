//! The virtual environment of one interpreter, and the programs that run in it.
//!
//! Promises that a program finds the environment's own tools first and ends when its time is over.

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

/// An environment beside what cargo builds.
pub struct Venv {
    /// The root of the repository, where every program starts.
    pub root: PathBuf,
    /// Where cargo and this build to.
    pub target: PathBuf,
    /// The environment's folder in it.
    pub name: String,
    interpreter: String,
}

impl Venv {
    /// The environment of an interpreter, which need not exist yet.
    pub fn of(root: &Path, interpreter: &str) -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let name = match interpreter {
            "python3" => "python-venv".to_owned(),
            other => format!("python-venv{}", other.replace(['/', '\\', ':'], "-")),
        };
        Self { root: root.to_owned(), target, name, interpreter: interpreter.to_owned() }
    }

    /// Makes it afresh with the tools in it.
    pub fn prepare(&self) -> Result<(), Failure> {
        let path = self.path().to_string_lossy().into_owned();
        self.watch(&[&self.interpreter, "-m", "venv", "--clear", &path], &[])?;
        self.pip(&[&["install", "--quiet"], TOOLS].concat(), &[])
    }

    /// The same, unless the tools are there.
    pub fn prepare_once(&self) -> Result<(), Failure> {
        if self.can_run(TOOLS_PROBE) { Ok(()) } else { self.prepare() }
    }

    /// Whether a line of Python ends well in it.
    pub fn can_run(&self, line: &str) -> bool {
        process::is_working(&self.root, &[&self.python(), "-c", line])
    }

    /// Runs pip in it.
    pub fn pip(&self, words: &[&str], variables: &[(&str, String)]) -> Result<(), Failure> {
        self.watch(&[&[&self.python(), "-m", "pip", "--disable-pip-version-check"], words].concat(), variables)
    }

    /// Runs pytest in it.
    pub fn pytest(&self, words: &[&str], variables: &[(&str, String)]) -> Result<(), Failure> {
        let pytest = [&self.python(), "-m", "pytest", "-c", "bindings/python/pyproject.toml"];
        self.watch(&[&pytest[..], words].concat(), variables)
    }

    /// Runs a program with the environment's programs first on its path, and shows what it says.
    pub fn watch(&self, words: &[&str], variables: &[(&str, String)]) -> Result<(), Failure> {
        println!("$ {}", words.join(" "));
        let variables = [&[("PATH", self.search_path()?)], variables].concat();
        match process::watch(&self.root, &Watched { words, variables: &variables, limit: LIMIT }, &mut |_| ())? {
            Ended::Well => Ok(()),
            Ended::Badly(status) => Err(format!("python: {}: {status}", words.join(" ")).into()),
            Ended::OverTime => Err(format!("python: {}: ended after {} s", words.join(" "), LIMIT.as_secs()).into()),
        }
    }

    fn path(&self) -> PathBuf {
        self.target.join(&self.name)
    }

    fn programs(&self) -> PathBuf {
        self.path().join(if cfg!(windows) { "Scripts" } else { "bin" })
    }

    fn python(&self) -> String {
        self.programs().join(if cfg!(windows) { "python.exe" } else { "python" }).to_string_lossy().into_owned()
    }

    /// The path on which pip finds the build backend's program.
    fn search_path(&self) -> Result<String, Failure> {
        let present = std::env::var_os("PATH").unwrap_or_default();
        let joined = std::env::join_paths([self.programs()].into_iter().chain(std::env::split_paths(&present)))?;
        Ok(joined.to_string_lossy().into_owned())
    }
}
