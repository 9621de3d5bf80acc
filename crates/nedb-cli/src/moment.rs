//! How a moment of the history is written on the command line.

use nedb::AsOf;
use nedb_types::{Error, ErrorCode, Result, Timestamp};

/// Reads a seq (-1 for the time before the first operation) or an ISO 8601 date or time.
pub fn parse(text: &str) -> Result<AsOf> {
    if let Ok(seq) = text.parse::<i64>() {
        return if seq >= -1 { Ok(AsOf::from_number(seq)) } else { Err(not_a_moment(text)) };
    }
    Timestamp::parse(text).map(AsOf::Time).map_err(|error| not_a_moment(text).with_source(error))
}

/// The present, unless a moment was named.
pub fn or_head(moment: Option<AsOf>) -> AsOf {
    moment.unwrap_or(AsOf::Head)
}

fn not_a_moment(text: &str) -> Error {
    let message = format!("{text:?} is neither a seq (-1 or more) nor an ISO 8601 date or time");
    Error::new(ErrorCode::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use nedb_types::Seq;

    use super::*;

    #[test]
    fn a_moment_is_a_seq_or_a_time() {
        assert_eq!(parse("7").unwrap(), AsOf::Seq(Seq::new(7)));
        assert_eq!(parse("-1").unwrap(), AsOf::Empty);
        let time = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
        assert_eq!(parse("2026-03-01T12:00:00Z").unwrap(), AsOf::Time(time));
        for wrong in ["-2", "", "yesterday", "1.5", "2026-13-01"] {
            assert_eq!(parse(wrong).unwrap_err().code(), ErrorCode::InvalidArgument, "{wrong}");
        }
    }
}
