//! How much a client may send in one call.

/// The bounds of a call; beyond them the connection ends with an error that names the bound.
///
/// ```
/// use nedb_wire::resp::Limits;
/// assert!(Limits::BEFORE_AUTH.word_bytes_max < Limits::NORMAL.word_bytes_max);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many words a call has at most.
    pub words_max: usize,
    /// How long a word is at most.
    pub word_bytes_max: usize,
    /// How many bytes may wait for the end of their call.
    pub buffer_bytes_max: usize,
}

impl Limits {
    /// For clients that have not said who they are: enough for AUTH and HELLO.
    pub const BEFORE_AUTH: Self = Self { words_max: 10, word_bytes_max: 16 << 10, buffer_bytes_max: 1 << 20 };

    /// For all others. A word is as long as the largest value that can be stored (8 MiB) with room for its encoding; a call, with as many
    /// words as a transaction has operations and twice that for pairs, fits into a frame of the log.
    pub const NORMAL: Self = Self { words_max: 256 << 10, word_bytes_max: 16 << 20, buffer_bytes_max: 64 << 20 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::NORMAL
    }
}

/// How long an inline call is at most, as in Redis.
pub(super) const INLINE_BYTES_MAX: usize = 64 << 10;

/// How long the line with a number is at most: a sign and the digits of 64 bits, generously.
pub(super) const NUMBER_BYTES_MAX: usize = 32;
