//! Blanks what is not code: the insides of comments, strings and character literals.
//!
//! Promises the same length and the same line ends, so that places stay true. Quotes stay.

/// Returns the text with everything that is not code replaced by spaces.
pub fn mask(text: &str) -> String {
    let mut masker = Masker { bytes: text.as_bytes(), at: 0, out: Vec::with_capacity(text.len()) };
    while masker.at < masker.bytes.len() {
        masker.step();
    }
    String::from_utf8_lossy(&masker.out).into_owned()
}

struct Masker<'a> {
    bytes: &'a [u8],
    at: usize,
    out: Vec<u8>,
}

impl Masker<'_> {
    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (b'/', b'/') => self.blank_while(|byte| byte != b'\n'),
            (b'/', b'*') => self.block_comment(),
            (b'"', _) => self.quoted(b'"'),
            (b'\'', _) if self.is_character() => self.quoted(b'\''),
            (b'r' | b'b' | b'c', _) if !self.is_inside_word() => self.prefixed(),
            _ => self.keep(1),
        }
    }

    /// Returns the byte so far ahead, or 0 beyond the end.
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn keep(&mut self, count: usize) {
        for _ in 0..count {
            self.out.extend(self.bytes.get(self.at));
            self.at += 1;
        }
    }

    fn blank(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(byte) = self.bytes.get(self.at) {
                self.out.push(if *byte == b'\n' { b'\n' } else { b' ' });
            }
            self.at += 1;
        }
    }

    fn blank_while(&mut self, goes_on: impl Fn(u8) -> bool) {
        while self.at < self.bytes.len() && goes_on(self.peek(0)) {
            self.blank(1);
        }
    }

    fn is_inside_word(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|place| self.bytes.get(place));
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => depth += 1,
                (b'*', b'/') => depth -= 1,
                _ => {
                    self.blank(1);
                    continue;
                }
            }
            self.blank(2);
            if depth == 0 {
                return;
            }
        }
    }

    fn quoted(&mut self, quote: u8) {
        self.keep(1);
        while self.at < self.bytes.len() && self.peek(0) != quote {
            self.blank(if self.peek(0) == b'\\' { 2 } else { 1 });
        }
        self.keep(1);
    }

    /// Tells a character literal from a lifetime: one character, then a quote.
    fn is_character(&self) -> bool {
        let first = self.peek(1);
        let length = match first {
            b'\\' => return true,
            0x00..=0x7F => 1,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
        first != b'\'' && self.peek(1 + length) == b'\''
    }

    /// At a letter that may begin a raw, byte or C string.
    fn prefixed(&mut self) {
        let letters = match (self.peek(0), self.peek(1)) {
            (b'r', _) => 1,
            (b'b' | b'c', b'r') => 2,
            _ => return self.keep(1),
        };
        let mut hashes = 0;
        while self.peek(letters + hashes) == b'#' {
            hashes += 1;
        }
        if self.peek(letters + hashes) != b'"' {
            return self.keep(letters);
        }
        self.keep(letters + hashes + 1);
        while self.at < self.bytes.len() && !self.is_raw_end(hashes) {
            self.blank(1);
        }
        self.keep(1 + hashes);
    }

    fn is_raw_end(&self, hashes: usize) -> bool {
        self.peek(0) == b'"' && (1..=hashes).all(|ahead| self.peek(ahead) == b'#')
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(mask(text), expected);
    }

    #[test]
    fn strings_and_comments_are_blanked_and_lines_kept() {
        check("a \"{\\\"\n}\" b", "a \"   \n \" b");
        check("a // {\nb", "a     \nb");
        check("a/* { /* } */ {\n */b", "a              \n   b");
    }

    #[test]
    fn raw_strings_end_at_their_own_mark() {
        check("r#\"{\"x\"#}", "r#\"   \"#}");
        check("br\"{\\\"}", "br\"  \"}");
        check("for r in bar \"{\"", "for r in bar \" \"");
        check("r#fn x", "r#fn x");
    }

    #[test]
    fn lifetimes_are_code_and_characters_are_not() {
        check("<'a> '{' b'{' '\\'' '\u{e9}' 'a", "<'a> ' ' b' ' '  ' '  ' 'a");
    }
}
