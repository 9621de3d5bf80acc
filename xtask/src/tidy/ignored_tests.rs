//! A test that is switched off says why, in the attribute itself.

use super::Report;
use crate::tree::Tree;

pub fn check(tree: &Tree) -> Report {
    let mut breaches = Vec::new();
    for file in &tree.rust {
        for attribute in file.attributes() {
            let Some((first, rest)) = attribute.split_first() else {
                continue;
            };
            if first.text == "ignore" && rest.is_empty() {
                breaches.push(format!("{}:{}: an ignored test without a reason", file.path, first.line));
            }
        }
    }
    Report::breaches(breaches)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::planted;

    #[test]
    fn an_ignored_test_without_a_reason_is_found() {
        let found = planted(check, "a.rs", "//! x\n#[test]\n#[ignore]\nfn a() {}\n");
        assert_eq!(found, ["a.rs:3: an ignored test without a reason"]);
        assert_eq!(planted(check, "a.rs", "#[ignore = \"long form\"]\nfn a() {}\n").len(), 0);
        assert_eq!(planted(check, "a.rs", "// #[ignore]\nconst A: &str = \"#[ignore]\";\n").len(), 0);
    }
}
