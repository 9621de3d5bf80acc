//! The text files of the working tree, as git sees them.
//!
//! Promises paths relative to the root with `/`, in byte order, tracked files and new files that
//! are not ignored; a clean clone therefore gives exactly the committed files.
//! Leaves the meaning of the texts to [`crate::rust_source`] and the rules of [`crate::tidy`].

use std::path::{Path, PathBuf};

use crate::Failure;
use crate::process;
use crate::rust_source::RustSource;

/// Finds the root of the repository from the place of this crate.
pub fn root() -> Result<PathBuf, Failure> {
    let manifest = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let root = Path::new(&manifest).parent().ok_or("xtask has no parent folder")?;
    Ok(root.to_path_buf())
}

/// One text file.
pub struct TextFile {
    /// Path from the root, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl TextFile {
    /// Tells whether the path ends in one of the extensions.
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        Path::new(&self.path)
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| extensions.contains(&extension))
    }
}

/// The tree under check.
pub struct Tree {
    /// Where it stands; the rules that ask git or cargo run there.
    pub root: PathBuf,
    /// Every path, also those of binary files.
    pub paths: Vec<String>,
    /// Every file that is UTF-8 text.
    pub texts: Vec<TextFile>,
    /// The Rust files among them, scanned.
    pub rust: Vec<RustSource>,
}

impl Tree {
    /// Reads the files that git lists.
    pub fn load(root: &Path) -> Result<Self, Failure> {
        let listed = process::output(root, &["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut files = Vec::new();
        let mut paths = Vec::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let full = root.join(path);
            // A file deleted in the working tree is still listed until the deletion is staged.
            if !full.is_file() {
                continue;
            }
            paths.push(path.to_owned());
            let bytes = std::fs::read(&full).map_err(|error| format!("{path}: {error}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push((path.to_owned(), text));
            }
        }
        Ok(Self::new(root.to_path_buf(), paths, files))
    }

    fn new(root: PathBuf, mut paths: Vec<String>, mut files: Vec<(String, String)>) -> Self {
        paths.sort();
        paths.dedup();
        files.sort();
        files.dedup();
        let texts: Vec<TextFile> = files.into_iter().map(|(path, text)| TextFile { path, text }).collect();
        let rust = texts
            .iter()
            .filter(|file| file.has_extension(&["rs"]))
            .map(|file| RustSource::scan(&file.path, &file.text))
            .collect();
        Self { root, paths, texts, rust }
    }

    /// Makes a tree of planted files.
    #[cfg(test)]
    pub fn planted(files: &[(&str, &str)]) -> Self {
        let paths = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self::new(PathBuf::from("."), paths, files)
    }
}
