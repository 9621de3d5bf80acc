//! No tabs and no blanks at line ends in Rust and Markdown; every text file ends its last line.

use super::Report;
use crate::tree::{TextFile, Tree};

/// Kinds of text whose last line must end; test data may end as it likes.
const TEXTS: [&str; 8] = ["rs", "md", "toml", "py", "sh", "yml", "json", "ts"];

pub fn check(tree: &Tree) -> Report {
    let mut breaches = Vec::new();
    for file in &tree.texts {
        if file.has_extension(&["rs", "md"]) {
            breaches.extend(lines(file));
        }
        if file.has_extension(&TEXTS) && !file.text.is_empty() && !file.text.ends_with('\n') {
            breaches.push(format!("{}: the last line does not end", file.path));
        }
    }
    Report::breaches(breaches)
}

fn lines(file: &TextFile) -> impl Iterator<Item = String> {
    file.text.split('\n').enumerate().filter_map(|(number, line)| {
        let what = match line {
            _ if line.contains('\t') => "a tab",
            _ if line.ends_with(char::is_whitespace) => "a blank at the end of the line",
            _ => return None,
        };
        Some(format!("{}:{}: {what}", file.path, number + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::planted;

    #[test]
    fn tabs_trailing_blanks_and_open_last_lines_are_found() {
        assert_eq!(planted(check, "a.rs", "//! x\n\tx\n"), ["a.rs:2: a tab"]);
        assert_eq!(planted(check, "a.md", "x  \n").len(), 1);
        assert_eq!(planted(check, "a.md", "x\r\n").len(), 1);
        assert_eq!(planted(check, "a.toml", "x").len(), 1);
        assert_eq!(planted(check, "a.script", "x ").len(), 0);
        assert_eq!(planted(check, "a.rs", "//! x\n").len(), 0);
    }
}
