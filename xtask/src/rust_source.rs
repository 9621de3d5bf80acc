//! One Rust file as the rules see it: words without strings and comments, functions, attributes.
//!
//! Promises to follow strings, raw strings, characters, lifetimes and nested comments, so that a
//! brace or a keyword in a text is never taken for code. Leaves full syntax to the compiler: macros
//! are read as the words they are written with.

pub mod functions;
mod mask;

use std::path::Path;

pub use functions::Function;

/// A word or a single sign of the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The word or the sign.
    pub text: String,
    /// Line, counted from 1.
    pub line: usize,
}

/// A scanned Rust file.
pub struct RustSource {
    /// Path from the root.
    pub path: String,
    /// The words of the code in order.
    pub tokens: Vec<Token>,
    /// The functions in order of appearance.
    pub functions: Vec<Function>,
    /// How many lines, from the first, are production code; 0 for a test file.
    pub production_lines: usize,
}

impl RustSource {
    /// Scans one file.
    pub fn scan(path: &str, text: &str) -> Self {
        let masked = mask::mask(text);
        let tokens = tokens(&masked);
        let functions = functions::functions(&tokens);
        let production_lines = if is_test_path(path) { 0 } else { production_lines(&masked) };
        Self { path: path.to_owned(), tokens, functions, production_lines }
    }

    /// Returns the functions that are not test code.
    pub fn production_functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(|function| function.line <= self.production_lines)
    }

    /// Returns the words of each attribute, between its brackets.
    pub fn attributes(&self) -> Vec<&[Token]> {
        let mut found = Vec::new();
        let mut rest = self.tokens.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            if first.text != "#" {
                continue;
            }
            let inner = match after {
                [bang, open, ..] if bang.text == "!" && open.text == "[" => after.get(2..),
                [open, ..] if open.text == "[" => after.get(1..),
                _ => None,
            };
            if let Some(inner) = inner {
                let attribute = inner.get(..closing(inner)).unwrap_or(inner);
                found.push(attribute);
            }
        }
        found
    }
}

/// Returns the place of the bracket that closes an already opened one.
fn closing(tokens: &[Token]) -> usize {
    let mut open = 1_usize;
    for (place, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "[" => open += 1,
            "]" => open -= 1,
            _ => {}
        }
        if open == 0 {
            return place;
        }
    }
    tokens.len()
}

/// Tells whether the whole file is test code.
fn is_test_path(path: &str) -> bool {
    let is_test_name = Path::new(path).file_stem().is_some_and(|stem| stem == "tests");
    is_test_name || path.split('/').any(|part| part == "tests" || part == "benches")
}

/// Counts the lines above the inline test module.
fn production_lines(masked: &str) -> usize {
    let lines: Vec<&str> = masked.lines().map(str::trim).collect();
    let is_code = |line: &&&str| !line.is_empty() && !line.starts_with("#[");
    for (place, line) in lines.iter().enumerate() {
        if !line.starts_with("#[cfg(test)]") {
            continue;
        }
        let rest = line.trim_start_matches("#[cfg(test)]").trim();
        let following = lines.get(place + 1..).unwrap_or_default();
        let item = if rest.is_empty() { following.iter().find(is_code).copied().unwrap_or_default() } else { rest };
        // `mod tests;` names a file of its own; what stands below it here is still production.
        if item.contains("mod ") && item.ends_with('{') {
            return place;
        }
    }
    lines.len()
}

fn tokens(masked: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    for (number, line) in masked.lines().enumerate() {
        let mut word = String::new();
        for sign in line.chars().chain([' ']) {
            if sign.is_alphanumeric() || sign == '_' {
                word.push(sign);
                continue;
            }
            if !word.is_empty() {
                found.push(Token { text: std::mem::take(&mut word), line: number + 1 });
            }
            if !sign.is_whitespace() {
                found.push(Token { text: sign.to_string(), line: number + 1 });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_ends_at_the_inline_test_module_only() {
        let inline = "//! x\nfn a() {}\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(RustSource::scan("a.rs", inline).production_lines, 2);
        let outside = "//! x\n#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert_eq!(RustSource::scan("a.rs", outside).production_lines, 4);
        assert_eq!(RustSource::scan("crates/x/tests/a.rs", inline).production_lines, 0);
        assert_eq!(RustSource::scan("crates/x/src/tests.rs", inline).production_lines, 0);
    }

    #[test]
    fn attributes_are_found_whole() {
        let source = RustSource::scan("a.rs", "#![allow(a[0], reason = \"]\")]\n#[ignore]\nfn a() {}\n");
        let attributes = source.attributes();
        assert_eq!(attributes.len(), 2);
        assert_eq!(attributes[0].last().unwrap().text, ")");
        assert_eq!(attributes[1][0].text, "ignore");
    }
}
