//! Why a stream ends: the code of WebSocket's closing frame, and the word with which its reason begins.

/// What a server closes a stream with.
///
/// ```
/// use nedb_wire::stream::Ending;
/// assert_eq!(Ending::of_code(4429), Some(Ending::OverCredit));
/// assert_eq!(Ending::OverCredit.reason("1025 operations"), "over_credit: 1025 operations");
/// assert!(Ending::Stopping.is_passing() && !Ending::OverCredit.is_passing());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server ends in order: what it took is acknowledged.
    Stopping,
    /// The server has no room now for what came last; what came before is acknowledged.
    Busy,
    /// A message is no frame of this protocol.
    BadFrame,
    /// A request has the id of one that is in flight.
    RepeatedId,
    /// More is in flight than the terms of the server allow.
    OverCredit,
    /// A message is longer than the terms of the server allow.
    TooLong,
}

/// The longest reason of a closing frame, as WebSocket has it.
const REASON_BYTES_MAX: usize = 123;

impl Ending {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Stopping, Self::Busy, Self::BadFrame, Self::RepeatedId, Self::OverCredit, Self::TooLong];

    /// The code of the closing frame: those below 4000 are registered, the others are this protocol's.
    pub const fn code(self) -> u16 {
        match self {
            Self::Stopping => 1001,
            Self::Busy => 1013,
            Self::BadFrame => 4400,
            Self::RepeatedId => 4409,
            Self::TooLong => 4413,
            Self::OverCredit => 4429,
        }
    }

    /// The word with which the reason begins.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::Busy => "busy",
            Self::BadFrame => "bad_frame",
            Self::RepeatedId => "repeated_id",
            Self::TooLong => "too_long",
            Self::OverCredit => "over_credit",
        }
    }

    /// The ending of a code; none for codes of others.
    pub fn of_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.code() == code)
    }

    /// Whether a client may come again and send what was not acknowledged.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Stopping | Self::Busy)
    }

    /// The reason of the closing frame, no longer than WebSocket allows.
    pub fn reason(self, what: &str) -> String {
        let mut reason = format!("{}: {what}", self.as_str());
        let end = (0..=REASON_BYTES_MAX).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or_default();
        reason.truncate(end);
        reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_a_code_of_its_own_and_a_reason_that_fits() {
        for ending in Ending::ALL {
            assert_eq!(Ending::of_code(ending.code()), Some(ending));
            let reason = ending.reason(&"ä".repeat(100));
            assert!(reason.len() <= REASON_BYTES_MAX && reason.starts_with(ending.as_str()), "{reason}");
        }
        assert_eq!(Ending::of_code(1000), None);
    }
}
