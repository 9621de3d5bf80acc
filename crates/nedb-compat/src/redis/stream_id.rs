//! The id of an entry of a stream: milliseconds since 1970, and a number among those of one millisecond.

use nedb::Result;

use super::refusal::refused;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamId {
    pub(super) ms: u64,
    pub(super) number: u64,
}

impl StreamId {
    pub(super) const MIN: Self = Self { ms: 0, number: 0 };
    pub(super) const MAX: Self = Self { ms: u64::MAX, number: u64::MAX };

    /// Bytes of the digits that sort as ids do.
    pub(super) const DIGITS: usize = 32;

    /// Reads `ms` or `ms-number`; the number is `missing` where it is not given.
    pub(super) fn read(word: &[u8], missing: u64) -> Result<Self> {
        Self::parse(word, missing).ok_or_else(invalid_id)
    }

    fn parse(word: &[u8], missing: u64) -> Option<Self> {
        let text = std::str::from_utf8(word).ok()?;
        let (ms, number) = match text.split_once('-') {
            Some((ms, number)) => (natural(ms)?, natural(number)?),
            None => (natural(text)?, missing),
        };
        Some(Self { ms, number })
    }

    /// Reads an end of a range: an id, `-` or `+`, or behind `(` one that is not part of it.
    pub(super) fn read_end(word: &[u8], is_start: bool) -> Result<Self> {
        let (is_open, word) = word.strip_prefix(b"(").map_or((false, word), |word| (true, word));
        let id = match word {
            b"-" if !is_open => Self::MIN,
            b"+" if !is_open => Self::MAX,
            word => Self::read(word, if is_start { 0 } else { u64::MAX })?,
        };
        match (is_open, is_start) {
            (false, _) => Ok(id),
            (true, true) => id.next().ok_or_else(|| refused("ERR invalid start ID for the interval")),
            (true, false) => id.previous().ok_or_else(|| refused("ERR invalid end ID for the interval")),
        }
    }

    pub(super) fn next(self) -> Option<Self> {
        match self.number.checked_add(1) {
            Some(number) => Some(Self { number, ..self }),
            None => Some(Self { ms: self.ms.checked_add(1)?, number: 0 }),
        }
    }

    pub(super) fn previous(self) -> Option<Self> {
        match self.number.checked_sub(1) {
            Some(number) => Some(Self { number, ..self }),
            None => Some(Self { ms: self.ms.checked_sub(1)?, number: u64::MAX }),
        }
    }

    pub(super) fn text(self) -> String {
        format!("{}-{}", self.ms, self.number)
    }

    /// Digits that sort as ids do.
    pub(super) fn digits(self) -> String {
        format!("{:016x}{:016x}", self.ms, self.number)
    }

    pub(super) fn of_digits(digits: &[u8]) -> Option<Self> {
        let (ms, number) = std::str::from_utf8(digits).ok()?.split_at_checked(16)?;
        Some(Self { ms: u64::from_str_radix(ms, 16).ok()?, number: u64::from_str_radix(number, 16).ok()? })
    }
}

pub(super) fn invalid_id() -> nedb::Error {
    refused("ERR Invalid stream ID specified as stream command argument")
}

/// A number of decimal digits.
pub(super) fn natural(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::StreamId;

    #[test]
    fn ids_are_read_written_and_sorted() {
        let ids = [StreamId::MIN, StreamId { ms: 0, number: 1 }, StreamId { ms: 5, number: 0 }, StreamId::MAX];
        assert!(ids.is_sorted() && ids.map(StreamId::digits).is_sorted());
        for id in ids {
            assert_eq!(StreamId::of_digits(id.digits().as_bytes()), Some(id));
            assert_eq!(StreamId::parse(id.text().as_bytes(), 7), Some(id));
        }
        assert_eq!(StreamId::parse(b"5", 7), Some(StreamId { ms: 5, number: 7 }));
        for text in ["", "-", "1-", "-1", "1-x", "1-2-3", "+1", "18446744073709551616"] {
            assert_eq!(StreamId::parse(text.as_bytes(), 0), None, "{text}");
        }
        assert_eq!(StreamId { ms: 1, number: u64::MAX }.next(), Some(StreamId { ms: 2, number: 0 }));
        assert_eq!((StreamId::MAX.next(), StreamId::MIN.previous()), (None, None));
    }
}
