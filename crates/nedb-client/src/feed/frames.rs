//! Server-sent events: lines, and what they say together.
//!
//! ```text
//! id: 17
//! event: put
//! data: {"seq":17,...}
//!                            an empty line ends a frame
//! : nothing new              a comment
//! ```
//!
//! Promises: bytes may come in any pieces, and each is looked at once. Leaves to others: what a frame means.

use nedb::Result;

use crate::fields::strange;
use crate::rows::LINE_BYTES_MAX;

/// One frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// With which id one goes on behind it.
    pub(super) id: Option<String>,
    pub(super) name: String,
    /// Nothing, where it says no more than a position.
    pub(super) data: String,
}

/// What was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Frame(Frame),
    Comment,
}

/// Frames as far as they have come.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Bytes that came and that are no whole line yet.
    pub(super) bytes: Vec<u8>,
    /// How many of them have no end of a line.
    looked: usize,
    /// The lines since the last frame.
    frame: Frame,
}

impl Frames {
    /// What was sent next, when all of it has come.
    pub(super) fn next(&mut self) -> Result<Option<Sent>> {
        while let Some(line) = self.line()? {
            if line.is_empty() {
                let frame = std::mem::take(&mut self.frame);
                if frame.id.is_some() || !frame.data.is_empty() {
                    return Ok(Some(Sent::Frame(frame)));
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" => return Ok(Some(Sent::Comment)),
                "id" => self.frame.id = Some(value.to_owned()),
                "event" => value.clone_into(&mut self.frame.name),
                "data" if self.frame.data.is_empty() => value.clone_into(&mut self.frame.data),
                "data" => self.frame.data += &["\n", value].concat(),
                // As the format wants it.
                _unknown => {}
            }
        }
        Ok(None)
    }

    fn line(&mut self) -> Result<Option<String>> {
        let new = self.bytes.get(self.looked..).unwrap_or_default();
        let Some(end) = new.iter().position(|byte| *byte == b'\n') else {
            self.looked = self.bytes.len();
            if u64::try_from(self.looked).unwrap_or(u64::MAX) > LINE_BYTES_MAX {
                return Err(strange("an event without an end"));
            }
            return Ok(None);
        };
        let mut line: Vec<u8> = self.bytes.drain(..=self.looked + end).collect();
        self.looked = 0;
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        String::from_utf8(line).map(Some).map_err(|error| strange(&error).with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_the_same_in_whatever_pieces_they_come() {
        let text = "id: -\n\n: nothing new\n\nid: 1\r\nevent: put\r\ndata: {\"a\":1}\r\n\r\nretry: 5\n\nevent: dropped\ndata: x\ndata:y\n\nid: 2\ndata: unfin";
        let frame = |id: Option<&str>, name: &str, data: &str| {
            Sent::Frame(Frame { id: id.map(str::to_owned), name: name.to_owned(), data: data.to_owned() })
        };
        let all = [
            frame(Some("-"), "", ""),
            Sent::Comment,
            frame(Some("1"), "put", "{\"a\":1}"),
            frame(None, "dropped", "x\ny"),
        ];
        for piece in 1..=text.len() {
            let (mut frames, mut sent) = (Frames::default(), Vec::new());
            for piece in text.as_bytes().chunks(piece) {
                frames.bytes.extend_from_slice(piece);
                while let Some(one) = frames.next().unwrap() {
                    sent.push(one);
                }
            }
            assert_eq!(sent, all, "in pieces of {piece} bytes");
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let mut frames = Frames { bytes: b"data: \xff\n".to_vec(), ..Frames::default() };
        assert_eq!(frames.next().unwrap_err().code(), nedb::ErrorCode::Io);
    }
}
