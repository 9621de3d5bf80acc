//! The wheel of the package, as pip makes it from the source tree.
//!
//! Promises that a wheel beyond its size is refused, in whatever profile it was built.

use std::path::PathBuf;

use super::venv::Venv;
use crate::Failure;

/// The most that a wheel may have: what is downloaded and kept by everybody who installs the package.
const WHEEL_BYTES_MAX: u64 = 15_000_000;
/// What the build backend reads more words from, such as `--profile dev`.
const BACKEND_WORDS_VARIABLE: &str = "MATURIN_PEP517_ARGS";

/// Builds the wheel for the environment's interpreter; further words go to the build backend.
pub fn build(venv: &Venv, backend_words: &[&str]) -> Result<PathBuf, Failure> {
    let folder = venv.target.join("python-wheels").join(format!("{}{}", venv.name, backend_words.concat()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let inherited = std::env::var(BACKEND_WORDS_VARIABLE).unwrap_or_default();
    let words = [&[inherited.as_str()], backend_words].concat().join(" ");
    let wheel =
        ["wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", &folder.to_string_lossy(), "./bindings/python"];
    venv.pip(&wheel, &[(BACKEND_WORDS_VARIABLE, words.trim().to_owned())])?;
    let made = std::fs::read_dir(&folder)?.next().ok_or("python: pip made no wheel")??;
    let (path, bytes) = (made.path(), made.metadata()?.len());
    println!("{}: {bytes} bytes, at most {WHEEL_BYTES_MAX}", path.display());
    if bytes > WHEEL_BYTES_MAX {
        return Err(format!("python: the wheel has {bytes} bytes, at most {WHEEL_BYTES_MAX} are promised").into());
    }
    Ok(path)
}
