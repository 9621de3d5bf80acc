//! What one byte of a text is compared with: itself, a class as `%a`, or a set as `[%w_]`, with the corners that Lua 5.1 has.

use super::super::watch::Watch;

/// A pattern up to its first zero, where Lua's own code ends it; behind it one reads zeros.
#[derive(Clone, Copy)]
pub(super) struct Pattern<'p>(&'p [u8]);

impl<'p> Pattern<'p> {
    pub(super) fn new(bytes: &'p [u8], watch: &Watch) -> mlua::Result<Self> {
        watch.spend(bytes.len() / 8)?;
        let len = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        Ok(Self(bytes.get(..len).unwrap_or_default()))
    }

    /// The byte at a place; 0 behind the end.
    pub(super) fn at(self, place: usize) -> u8 {
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(super) fn has_specials(self) -> bool {
        self.0.iter().any(|byte| b"^$*+?.([%-".contains(byte))
    }

    /// Where the item that begins at a place ends.
    pub(super) fn item_end(self, place: usize) -> Result<usize, &'static str> {
        match self.at(place) {
            b'%' if self.at(place + 1) == 0 => Err("malformed pattern (ends with '%')"),
            b'%' => Ok(place + 2),
            b'[' => self.set_end(place),
            _ => Ok(place + 1),
        }
    }

    /// Where the set that begins at a place ends. A bracket that stands first in it is one of its members.
    fn set_end(self, place: usize) -> Result<usize, &'static str> {
        let mut at = place + 1 + usize::from(self.at(place + 1) == b'^');
        loop {
            match (self.at(at), self.at(at + 1)) {
                (0, _) => return Err("malformed pattern (missing ']')"),
                (b'%', 1..) => at += 2,
                _ => at += 1,
            }
            if self.at(at) == b']' {
                return Ok(at + 1);
            }
        }
    }

    /// Whether an item matches a byte.
    pub(super) fn matches(self, byte: u8, item: usize, end: usize) -> bool {
        match self.at(item) {
            b'.' => true,
            b'%' => is_in_class(byte, self.at(item + 1)),
            b'[' => self.is_in_set(byte, item, end),
            itself => itself == byte,
        }
    }

    /// Whether a byte is in the set between a bracket and an end.
    pub(super) fn is_in_set(self, byte: u8, item: usize, end: usize) -> bool {
        let (is_negated, last) = (self.at(item + 1) == b'^', end - 1);
        let mut at = item + 1 + usize::from(is_negated);
        while at < last {
            let is_range = self.at(at + 1) == b'-' && at + 2 < last;
            let (is_in, width) = match self.at(at) {
                // Behind a range that ends with `%` this may be the closing bracket, as in Lua.
                b'%' => (is_in_class(byte, self.at(at + 1)), 2),
                low if is_range => ((low..=self.at(at + 2)).contains(&byte), 3),
                member => (member == byte, 1),
            };
            if is_in {
                return !is_negated;
            }
            at += width;
        }
        is_negated
    }
}

/// Whether a byte is in the class of a letter; a large letter is what the small one is not, and what is no class is itself.
fn is_in_class(byte: u8, class: u8) -> bool {
    let is_in = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b' ' | 9..=13),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    is_in == class.is_ascii_lowercase()
}
