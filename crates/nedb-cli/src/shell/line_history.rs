//! Where typed lines are kept for the next time: in the user's state directory, for the user only.
#![allow(
    clippy::disallowed_methods,
    reason = "the disk seam protects database directories; the lines are a file of the user's"
)]

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use nedb_types::{Error, ErrorCode, Result};
use reedline::FileBackedHistory;

/// Lines that are kept; the oldest ones go first.
const LINES_MAX: usize = 10_000;

/// Opens the lines of earlier shells; `None` where the environment names no place for them.
pub fn open() -> Result<Option<FileBackedHistory>> {
    let Some(path) = path(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME")) else { return Ok(None) };
    let named = |error: Error| error.context(path.display());
    make_private(&path).map_err(Error::from).map_err(named)?;
    let history = FileBackedHistory::with_file(LINES_MAX, path.clone())
        .map_err(|error| Error::new(ErrorCode::Io, error.to_string()).with_source(error))
        .map_err(named)?;
    Ok(Some(history))
}

/// The file, after the XDG rules: a relative state directory does not count.
fn path(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let state = state.map(PathBuf::from).filter(|state| state.is_absolute());
    let home = || home.map(PathBuf::from).filter(|home| home.is_absolute()).map(|home| home.join(".local/state"));
    Some(state.or_else(home)?.join("nedb/shell_history"))
}

/// Makes sure that the file is there and that nobody else reads it.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let file = options.mode(0o600).open(path)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))
    }
    #[cfg(not(unix))]
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_follows_the_state_directory() {
        let place = |state: Option<&str>, home: Option<&str>| path(state.map(OsString::from), home.map(OsString::from));
        let expected = |text: &str| Some(PathBuf::from(text));
        assert_eq!(place(Some("/s"), Some("/h")), expected("/s/nedb/shell_history"));
        assert_eq!(place(Some("relative"), Some("/h")), expected("/h/.local/state/nedb/shell_history"));
        assert_eq!(place(None, Some("/h")), expected("/h/.local/state/nedb/shell_history"));
        assert_eq!(place(None, None), None);
    }
}
