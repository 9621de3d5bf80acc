//! Inline calls: words on a line, in quotes where they have spaces, as a person types them.
//!
//! Double quotes know `\xhh`, `\n`, `\r`, `\t`, `\b`, `\a` and any other sign behind a backslash as itself; single quotes know `\'`.

use std::ops::Range;

/// Splits a line into words, each written over where it was typed. `None` when a quote is left open, or goes on behind its end.
pub(super) fn split(line: &mut [u8]) -> Option<Vec<Range<usize>>> {
    let (mut words, mut at) = (Vec::new(), 0);
    loop {
        while line.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if at >= line.len() {
            return Some(words);
        }
        let word = Word { start: at, end: at, at };
        let word = word.read(line)?;
        words.push(word.start..word.end);
        at = word.at;
    }
}

/// A word on its way: what was written of it, and where reading stands.
struct Word {
    start: usize,
    end: usize,
    at: usize,
}

impl Word {
    fn push(&mut self, line: &mut [u8], byte: u8) {
        // What was read is at least as long as what is written.
        if let Some(place) = line.get_mut(self.end) {
            *place = byte;
            self.end += 1;
        }
    }

    fn next(&mut self, line: &[u8]) -> Option<u8> {
        let byte = line.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn read(mut self, line: &mut [u8]) -> Option<Self> {
        while let Some(byte) = self.next(line) {
            match byte {
                b'"' | b'\'' => {
                    self.quoted(line, byte)?;
                    let is_end = line.get(self.at).is_none_or(u8::is_ascii_whitespace);
                    return is_end.then_some(self);
                }
                byte if byte.is_ascii_whitespace() => break,
                byte => self.push(line, byte),
            }
        }
        Some(self)
    }

    fn quoted(&mut self, line: &mut [u8], quote: u8) -> Option<()> {
        loop {
            match self.next(line)? {
                byte if byte == quote => return Some(()),
                b'\\' if quote == b'"' => {
                    let byte = self.escaped(line)?;
                    self.push(line, byte);
                }
                b'\\' if line.get(self.at) == Some(&b'\'') => {
                    self.at += 1;
                    self.push(line, b'\'');
                }
                byte => self.push(line, byte),
            }
        }
    }

    fn escaped(&mut self, line: &[u8]) -> Option<u8> {
        let digit = |at: usize| line.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        Some(match self.next(line)? {
            b'x' => match (digit(self.at), digit(self.at + 1)) {
                (Some(high), Some(low)) => {
                    self.at += 2;
                    u8::try_from(high * 16 + low).ok()?
                }
                _ => b'x',
            },
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'a' => 7,
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut line = line.to_vec();
        let words = split(&mut line)?;
        Some(words.into_iter().map(|word| line[word].to_vec()).collect())
    }

    #[test]
    fn words_in_quotes_have_spaces_and_escapes() {
        let wanted: Vec<Vec<u8>> = vec![b"SET".to_vec(), b"a b".to_vec(), b"\x01\n\"x".to_vec()];
        assert_eq!(words(b"  SET 'a b'  \"\\x01\\n\\\"\\x\"  "), Some(wanted));
        assert_eq!(words(b"a'b'"), Some(vec![b"ab".to_vec()]));
        assert_eq!(words(b"'it\\'s' \"\""), Some(vec![b"it's".to_vec(), Vec::new()]));
        assert_eq!(words(b" \t\r"), Some(Vec::new()));
    }

    #[test]
    fn a_quote_ends_its_word() {
        for open in [&b"\"a"[..], b"'a", b"\"a\"b", b"'a'b", b"\"a\\"] {
            assert_eq!(words(open), None, "{}", String::from_utf8_lossy(open));
        }
    }
}
