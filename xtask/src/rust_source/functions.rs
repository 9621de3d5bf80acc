//! Finds the functions of a file: name, place, length, parameters.
//!
//! Promises a length that counts every line from the one with `fn` to the closing brace, and a
//! parameter count without the receiver. A declaration without a body has the length of its
//! signature.

use super::Token;

/// A function, method or declaration.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, counted from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
    /// Parameters beside the receiver.
    pub parameters: usize,
}

/// Returns the functions in order of appearance, nested ones too.
pub fn functions(tokens: &[Token]) -> Vec<Function> {
    let mut found = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if first.text == "fn" {
            found.extend(function(first.line, after));
        }
    }
    found
}

/// Reads one function from the word after `fn`; a function pointer type has no name there.
fn function(line: usize, tokens: &[Token]) -> Option<Function> {
    let (name, rest) = tokens.split_first()?;
    if !name.text.starts_with(|sign: char| sign.is_alphabetic() || sign == '_') {
        return None;
    }
    let mut cursor = Cursor { rest, before: "", line };
    if cursor.sees("<") {
        cursor.group();
    }
    if !cursor.sees("(") {
        return None;
    }
    let parameters = parameters(&cursor.group());
    cursor.skip_to_body();
    if cursor.sees("{") {
        cursor.group();
    }
    Some(Function { name: name.text.clone(), line, lines: cursor.line + 1 - line, parameters })
}

struct Cursor<'a> {
    rest: &'a [Token],
    before: &'a str,
    line: usize,
}

impl<'a> Cursor<'a> {
    fn sees(&self, sign: &str) -> bool {
        self.rest.first().is_some_and(|token| token.text == sign)
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        self.line = first.line;
        Some(&first.text)
    }

    /// Passes a bracketed group and returns, for each word inside, the depth it stands at.
    fn group(&mut self) -> Vec<(usize, &'a str)> {
        let mut inside = Vec::new();
        let mut depth = 0_usize;
        // Angles are brackets in a signature but signs of comparison in a body.
        let counts_angles = !self.sees("{");
        while let Some(text) = self.next() {
            let is_arrow = text == ">" && matches!(self.before, "-" | "=");
            match text {
                "(" | "[" | "{" => depth += 1,
                "<" if counts_angles => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                ">" if counts_angles && !is_arrow => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.before = text;
            if depth == 0 {
                break;
            }
            inside.push((depth, text));
        }
        inside
    }

    /// Passes the return type and the bounds, up to the body or the end of a declaration.
    fn skip_to_body(&mut self) {
        while let Some(token) = self.rest.first() {
            match token.text.as_str() {
                "{" | ";" => return,
                "(" | "[" => {
                    self.group();
                }
                _ => {
                    self.next();
                }
            }
        }
    }
}

/// Counts the parameters between the parentheses, without the receiver.
fn parameters(inside: &[(usize, &str)]) -> usize {
    // The group's own opening parenthesis is the first word.
    let inside = inside.get(1..).unwrap_or_default();
    let parts = inside.split(|(depth, text)| *depth == 1 && *text == ",");
    let is_receiver = |part: &[(usize, &str)]| {
        let name = part.iter().take_while(|(_, text)| *text != ":");
        name.into_iter().any(|(_, text)| *text == "self")
    };
    parts.filter(|part| !part.is_empty() && !is_receiver(part)).count()
}

#[cfg(test)]
mod tests {
    use crate::rust_source::RustSource;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, usize, usize, usize)]) {
        let source = RustSource::scan("a.rs", text);
        let found: Vec<_> = source.functions.iter().map(|f| (f.name.as_str(), f.line, f.lines, f.parameters)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_run_from_the_signature_to_the_closing_brace() {
        check("fn a() {\n  if x < y { \"}\" }\n}\nfn b() { }\n", &[("a", 1, 3, 0), ("b", 4, 1, 0)]);
        check("fn a(\n  x: u8,\n) -> u8\nwhere\n  [u8; 3]: Sized,\n{\n}\n", &[("a", 1, 7, 1)]);
    }

    #[test]
    fn the_receiver_and_commas_inside_types_do_not_count() {
        check("fn a(&'a mut self, m: Map<K, V>, f: impl Fn(u8, u8) -> u8, (x, y): (u8, u8),) {}", &[("a", 1, 1, 3)]);
        check("fn a<F: Fn(u8) -> u8, const N: usize>(f: F, n: [u8; N]) {}", &[("a", 1, 1, 2)]);
        check("fn a(x: fn(u8, u8) -> u8);", &[("a", 1, 1, 1)]);
    }

    #[test]
    fn nested_functions_and_trait_declarations_are_seen() {
        check(
            "trait T {\n fn a(&self);\n fn b() {\n  fn c() {}\n }\n}\n",
            &[("a", 2, 1, 0), ("b", 3, 3, 0), ("c", 4, 1, 0)],
        );
    }
}
