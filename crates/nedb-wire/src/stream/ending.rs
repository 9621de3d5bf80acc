//! Why a stream ends: the code of WebSocket's closing frame. The reason beside it is for people.

/// What a server closes a stream with.
///
/// ```
/// use nedb_wire::stream::Ending;
/// assert_eq!(Ending::of_code(4429), Some(Ending::OverCredit));
/// assert!(Ending::Stopping.is_passing() && !Ending::OverCredit.is_passing());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server ends in order: what it took is acknowledged.
    Stopping,
    /// A message is longer than the terms of the server allow.
    TooLong,
    /// The server has no room now for what came last; what came before is acknowledged.
    Busy,
    /// A message is no frame of this protocol.
    BadFrame,
    /// A request has the id of one that is in flight.
    RepeatedId,
    /// More is in flight than the terms of the server allow.
    OverCredit,
}

impl Ending {
    /// All of them, by their codes.
    pub const ALL: [Self; 6] =
        [Self::Stopping, Self::TooLong, Self::Busy, Self::BadFrame, Self::RepeatedId, Self::OverCredit];

    /// The code of the closing frame: those below 4000 are WebSocket's, the others are this protocol's.
    pub const fn code(self) -> u16 {
        match self {
            Self::Stopping => 1001,
            Self::TooLong => 1009,
            Self::Busy => 1013,
            Self::BadFrame => 4400,
            Self::RepeatedId => 4409,
            Self::OverCredit => 4429,
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
}
