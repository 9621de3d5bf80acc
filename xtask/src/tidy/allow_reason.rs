//! A lint is switched off only with a reason, in the attribute itself.

use super::Report;
use crate::rust_source::Token;
use crate::tree::Tree;

pub fn check(tree: &Tree) -> Report {
    let mut breaches = Vec::new();
    for file in &tree.rust {
        for attribute in file.attributes() {
            if let Some(level) = attribute.iter().find(|token| is_level(token))
                && !attribute.iter().any(|token| token.text == "reason")
            {
                breaches.push(format!("{}:{}: `{}` without a reason", file.path, level.line, level.text));
            }
        }
    }
    Report::breaches(breaches)
}

fn is_level(token: &Token) -> bool {
    matches!(token.text.as_str(), "allow" | "expect")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::planted;

    #[test]
    fn an_allow_without_a_reason_is_found() {
        assert_eq!(planted(check, "a.rs", "#[allow(dead_code)]\nfn a() {}\n").len(), 1);
        assert_eq!(planted(check, "a.rs", "#![cfg_attr(test, expect(dead_code))]\n").len(), 1);
        assert_eq!(planted(check, "a.rs", "#[allow(dead_code, reason = \"of it\")]\n").len(), 0);
        assert_eq!(planted(check, "a.rs", "x.expect(\"reason\");\n").len(), 0);
    }
}
