//! A file has at most 600 production lines; the spread of all files is reported.

use super::{Report, spread};
use crate::tree::Tree;

/// Beyond this a file holds more than one idea.
const PRODUCTION_LINES_MAX: usize = 600;

pub fn check(tree: &Tree) -> Report {
    let sizes = tree.rust.iter().map(|file| file.production_lines);
    let measured = spread::describe(sizes.filter(|lines| *lines > 0).collect(), "files with production lines");
    let long = tree.rust.iter().filter(|file| file.production_lines > PRODUCTION_LINES_MAX);
    let breaches = long.map(|file| {
        format!("{}: {} production lines, at most {PRODUCTION_LINES_MAX}", file.path, file.production_lines)
    });
    Report { breaches: breaches.collect(), measured: Some(measured) }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::planted;

    #[test]
    fn a_file_over_600_production_lines_is_found() {
        let text = "//! x\n".repeat(600);
        assert_eq!(planted(check, "a.rs", &text).len(), 0);
        assert_eq!(planted(check, "a.rs", &format!("{text}\n")).len(), 1);
    }

    #[test]
    fn test_lines_do_not_count() {
        let text = "//! x\n".repeat(600) + "#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(planted(check, "a.rs", &text).len(), 0);
        assert_eq!(planted(check, "crates/x/tests/a.rs", &"//! x\n".repeat(900)).len(), 0);
    }
}
