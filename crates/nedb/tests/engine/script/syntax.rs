//! One command line: words and named options.
//!
//! A word is text up to a space, a quoted string with the escapes `\" \\ \n \t \xNN \u{NNNN}`, or a JSON value in braces.
//! `name=word` is an option. `@x*5` stands for `xxxxx`, `@nest*5` for an object in an object five deep, `@text*5` for an
//! object with a text of five bytes; what follows the count stands for itself.

use std::collections::BTreeMap;

/// A command, its words and its options.
#[derive(Debug)]
pub struct Line {
    pub command: String,
    words: Vec<Vec<u8>>,
    options: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Line {
    /// Parses a line; a line that is no command is a mistake in the script.
    pub fn parse(text: &str) -> Self {
        let mut line = Self { command: String::new(), words: Vec::new(), options: BTreeMap::new() };
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (name, value_at) = option_name(rest);
            let (word, after) = word(&rest[value_at..]);
            match name {
                Some(name) => line.options.entry(name.to_owned()).or_default().push(word),
                None => line.words.push(word),
            }
            rest = after.trim_start();
        }
        assert!(!line.words.is_empty(), "a line without a command: {text:?}");
        line.command = string(line.words.remove(0));
        line
    }

    /// The words after the command.
    pub fn words(&self) -> &[Vec<u8>] {
        &self.words
    }

    /// A word as bytes.
    pub fn bytes(&self, at: usize) -> &[u8] {
        self.words.get(at).unwrap_or_else(|| panic!("{} needs {} words", self.command, at + 1))
    }

    /// A word as text.
    pub fn text(&self, at: usize) -> String {
        string(self.bytes(at).to_vec())
    }

    /// A word as a number.
    pub fn number(&self, at: usize) -> i64 {
        let text = self.text(at);
        text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
    }

    /// Whether one of the words after the command is this one.
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|found| found == word.as_bytes())
    }

    /// The value of an option.
    pub fn option(&self, name: &str) -> Option<String> {
        self.option_bytes(name).map(|bytes| string(bytes.to_vec()))
    }

    /// The value of an option as bytes.
    pub fn option_bytes(&self, name: &str) -> Option<&[u8]> {
        self.options.get(name).and_then(|values| values.last()).map(Vec::as_slice)
    }

    /// All values of an option that may be given many times.
    pub fn options(&self, name: &str) -> Vec<String> {
        self.options.get(name).into_iter().flatten().map(|bytes| string(bytes.clone())).collect()
    }
}

fn string(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("this word must be UTF-8")
}

/// The name of an option and where its value begins.
fn option_name(text: &str) -> (Option<&str>, usize) {
    let end = text.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(text.len());
    if end > 0 && text[end..].starts_with('=') { (Some(&text[..end]), end + 1) } else { (None, 0) }
}

fn word(text: &str) -> (Vec<u8>, &str) {
    match text.as_bytes().first() {
        Some(b'"') => quoted(text),
        Some(b'{' | b'[') => json(text),
        _ => {
            let end = text.find(' ').unwrap_or(text.len());
            (expand(&text[..end]), &text[end..])
        }
    }
}

/// Writes out the shorthands for long words.
fn expand(text: &str) -> Vec<u8> {
    let Some((what, count)) = text.strip_prefix('@').and_then(|text| text.rsplit_once('*')) else {
        return text.as_bytes().to_vec();
    };
    let end = count.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(count.len());
    let (count, tail) = count.split_at(end);
    let count: usize = count.parse().expect("the count of a shorthand is a number");
    let expanded = match what {
        "nest" => r#"{"a":"#.repeat(count - 1) + "{}" + &"}".repeat(count - 1),
        "text" => format!(r#"{{"a":"{}"}}"#, "x".repeat(count)),
        what => what.repeat(count),
    };
    (expanded + tail).into_bytes()
}

fn quoted(text: &str) -> (Vec<u8>, &str) {
    let mut bytes = Vec::new();
    let mut rest = &text[1..];
    loop {
        let letter = rest.chars().next().expect("a quoted word ends with a quote");
        rest = &rest[letter.len_utf8()..];
        match letter {
            '"' => return (bytes, rest),
            '\\' => rest = escape(rest, &mut bytes),
            letter => bytes.extend_from_slice(letter.to_string().as_bytes()),
        }
    }
}

fn escape<'a>(text: &'a str, bytes: &mut Vec<u8>) -> &'a str {
    let hex = |digits: &str| u32::from_str_radix(digits, 16).expect("an escape has hexadecimal digits");
    let (kind, rest) = text.split_at(1);
    match kind {
        "n" => bytes.push(b'\n'),
        "t" => bytes.push(b'\t'),
        "x" => {
            bytes.push(u8::try_from(hex(&rest[..2])).expect("two digits are a byte"));
            return &rest[2..];
        }
        "u" => {
            let end = rest.find('}').expect("a code point ends with a brace");
            let letter = char::from_u32(hex(&rest[1..end])).expect("a code point");
            bytes.extend_from_slice(letter.to_string().as_bytes());
            return &rest[end + 1..];
        }
        other => bytes.extend_from_slice(other.as_bytes()),
    }
    rest
}

/// A JSON value, which ends where its brackets do.
fn json(text: &str) -> (Vec<u8>, &str) {
    let (mut depth, mut is_text, mut is_escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (text.as_bytes()[..=at].to_vec(), &text[at + 1..]);
        }
    }
    (text.as_bytes().to_vec(), "")
}
