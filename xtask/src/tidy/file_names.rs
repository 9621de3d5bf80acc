//! A file or folder is named after what it holds, never after being left over.

use super::Report;
use crate::tree::Tree;

/// Names that say nothing about the content.
const BANNED: [&str; 9] = ["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "v2"];

pub fn check(tree: &Tree) -> Report {
    let mut breaches = Vec::new();
    for path in &tree.paths {
        let words = path.split(['/', '.', '_', '-']);
        for word in words.filter(|word| BANNED.contains(&word.to_ascii_lowercase().as_str())) {
            breaches.push(format!("{path}: `{word}` is no name"));
        }
    }
    Report::breaches(breaches)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::planted;

    #[test]
    fn a_name_that_says_nothing_is_found() {
        for path in ["src/util.rs", "tests/common/mod.rs", "src/index_manager.rs", "src/page-v2.md"] {
            assert_eq!(planted(check, path, "").len(), 1, "{path}");
        }
        assert_eq!(planted(check, "src/utility_bill.rs", "").len(), 0);
    }
}
