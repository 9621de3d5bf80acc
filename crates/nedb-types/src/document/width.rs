//! The width of the lengths, counts and offsets inside one value: 1, 2 or 4 bytes, the least that suffices.

/// Is the width of the numbers of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    One,
    Two,
    Four,
}

impl Width {
    /// Returns the least width for a length of `length` bytes, or `None` beyond 32 bits.
    pub(super) fn of(length: usize) -> Option<Self> {
        match u32::try_from(length).ok()? {
            0..=0xff => Some(Self::One),
            0x100..=0xffff => Some(Self::Two),
            _ => Some(Self::Four),
        }
    }

    /// Returns the width that a tag stands for, given the tag of width one.
    pub(super) const fn of_tag(tag: u8, first: u8) -> Option<Self> {
        match tag.wrapping_sub(first) {
            0 => Some(Self::One),
            1 => Some(Self::Two),
            2 => Some(Self::Four),
            _ => None,
        }
    }

    /// Returns what is added to the tag of width one.
    pub(super) const fn tag_step(self) -> u8 {
        match self {
            Self::One => 0,
            Self::Two => 1,
            Self::Four => 2,
        }
    }

    /// Returns the width in bytes.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// Writes a number that fits the width.
    pub(super) fn push(self, out: &mut Vec<u8>, number: u32) {
        let [a, b, c, d] = number.to_le_bytes();
        match self {
            Self::One => out.push(a),
            Self::Two => out.extend_from_slice(&[a, b]),
            Self::Four => out.extend_from_slice(&[a, b, c, d]),
        }
    }

    /// Reads the number at the start of `bytes`.
    #[inline]
    pub(super) fn read(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::One => bytes.first().map(|byte| usize::from(*byte)),
            Self::Two => bytes.first_chunk().map(|two| usize::from(u16::from_le_bytes(*two))),
            Self::Four => usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok(),
        }
    }

    /// Reads the number at a position of a list of such numbers.
    #[inline]
    pub(super) fn read_at(self, list: &[u8], position: usize) -> Option<usize> {
        self.read(list.get(position.checked_mul(self.bytes())?..)?)
    }
}
