//! Every Rust file begins with a header that says what it is, promises, and leaves to others.

use super::Report;
use crate::tree::Tree;

pub fn check(tree: &Tree) -> Report {
    let rust = tree.texts.iter().filter(|file| file.has_extension(&["rs"]));
    let bare = rust.filter(|file| !has_header(&file.text));
    Report::breaches(bare.map(|file| format!("{}:1: the first line is not a `//!` header", file.path)).collect())
}

fn has_header(text: &str) -> bool {
    text.lines().next().and_then(|line| line.strip_prefix("//!")).is_some_and(|words| !words.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::planted;

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(planted(check, "a.rs", "use x;\n").len(), 1);
        assert_eq!(planted(check, "a.rs", "//!\nuse x;\n").len(), 1);
        assert_eq!(planted(check, "a.rs", "//! What it is.\nuse x;\n").len(), 0);
    }
}
