//! Replies as bytes, in either version of the protocol.

/// The version that a client asked for with HELLO; 2 until then.
///
/// ```
/// use nedb_wire::resp::Version;
/// assert_eq!(Version::default().number(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// RESP2: strings, integers, arrays, errors.
    #[default]
    Two,
    /// RESP3: maps, sets, doubles, pushed messages and one null beside them.
    Three,
}

impl Version {
    /// The number in HELLO.
    pub const fn number(self) -> i64 {
        match self {
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

/// Appends replies to a buffer. What version 2 lacks is written as clients of version 2 expect it.
///
/// ```
/// use nedb_wire::resp::{Version, Writer};
/// let mut out = Vec::new();
/// Writer::new(&mut out, Version::Three).map(1);
/// Writer::new(&mut out, Version::Two).map(1);
/// Writer::new(&mut out, Version::Two).double(1.5, "1.5");
/// assert_eq!(out, b"%1\r\n*2\r\n$3\r\n1.5\r\n");
/// ```
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    version: Version,
}

impl<'o> Writer<'o> {
    /// Takes a buffer.
    pub fn new(out: &'o mut Vec<u8>, version: Version) -> Self {
        Self { out, version }
    }

    /// The version that is written.
    pub fn version(&self) -> Version {
        self.version
    }

    fn line(&mut self, sign: u8, text: &[u8]) {
        self.out.push(sign);
        self.out.extend_from_slice(text);
        self.out.extend_from_slice(b"\r\n");
    }

    fn count(&mut self, sign: u8, count: usize) {
        self.line(sign, count.to_string().as_bytes());
    }

    /// A word such as `OK`; line ends in it become spaces.
    pub fn simple(&mut self, text: &str) {
        self.text(b'+', text);
    }

    /// An error, its prefix first; line ends in it become spaces.
    pub fn error(&mut self, text: &str) {
        self.text(b'-', text);
    }

    fn text(&mut self, sign: u8, text: &str) {
        if text.contains(['\r', '\n']) {
            self.line(sign, text.replace(['\r', '\n'], " ").as_bytes());
        } else {
            self.line(sign, text.as_bytes());
        }
    }

    /// A number.
    pub fn int(&mut self, number: i64) {
        if number == 0 {
            self.out.extend_from_slice(b":0\r\n");
        } else if number == 1 {
            self.out.extend_from_slice(b":1\r\n");
        } else {
            self.line(b':', number.to_string().as_bytes());
        }
    }

    /// A byte string.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.count(b'$', bytes.len());
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(b"\r\n");
    }

    /// No value.
    pub fn null(&mut self) {
        self.out.extend_from_slice(match self.version {
            Version::Two => b"$-1\r\n",
            Version::Three => b"_\r\n",
        });
    }

    /// No array.
    pub fn null_array(&mut self) {
        self.out.extend_from_slice(match self.version {
            Version::Two => b"*-1\r\n",
            Version::Three => b"_\r\n",
        });
    }

    /// The head of an array; its elements follow.
    pub fn array(&mut self, len: usize) {
        self.count(b'*', len);
    }

    /// The head of a set; its members follow.
    pub fn set(&mut self, len: usize) {
        self.count(self.sign(b'~', b'*'), len);
    }

    /// The head of a map; its keys and values follow, in turn.
    pub fn map(&mut self, pairs: usize) {
        match self.version {
            Version::Two => self.count(b'*', pairs * 2),
            Version::Three => self.count(b'%', pairs),
        }
    }

    /// The head of a message that nobody asked for; its elements follow.
    pub fn push(&mut self, len: usize) {
        self.count(self.sign(b'>', b'*'), len);
    }

    /// Yes or no; in version 2 the number 1, or no value.
    pub fn boolean(&mut self, is_true: bool) {
        match (self.version, is_true) {
            (Version::Three, true) => self.out.extend_from_slice(b"#t\r\n"),
            (Version::Three, false) => self.out.extend_from_slice(b"#f\r\n"),
            (Version::Two, true) => self.int(1),
            (Version::Two, false) => self.null(),
        }
    }

    /// A float, with its text as version 2 gives it.
    pub fn double(&mut self, number: f64, text: &str) {
        match self.version {
            Version::Two => self.bulk(text.as_bytes()),
            Version::Three if number.is_nan() => self.out.extend_from_slice(b",nan\r\n"),
            Version::Three => self.line(b',', text.as_bytes()),
        }
    }

    fn sign(&self, three: u8, two: u8) -> u8 {
        if self.version == Version::Three { three } else { two }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(version: Version, write: impl Fn(&mut Writer<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Writer::new(&mut out, version));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_shape_has_its_bytes_in_both_versions() {
        let everything = |writer: &mut Writer<'_>| {
            writer.simple("OK");
            writer.error("ERR two\r\nlines");
            writer.int(-7);
            writer.int(1);
            writer.bulk(b"a\r\nb");
            writer.null();
            writer.null_array();
            writer.array(2);
            writer.set(3);
            writer.map(4);
            writer.push(5);
            writer.double(f64::INFINITY, "inf");
            writer.boolean(true);
            writer.boolean(false);
        };
        let start = "+OK\r\n-ERR two  lines\r\n:-7\r\n:1\r\n$4\r\na\r\nb\r\n";
        let two = "$-1\r\n*-1\r\n*2\r\n*3\r\n*8\r\n*5\r\n$3\r\ninf\r\n:1\r\n$-1\r\n";
        let three = "_\r\n_\r\n*2\r\n~3\r\n%4\r\n>5\r\n,inf\r\n#t\r\n#f\r\n";
        assert_eq!(written(Version::Two, everything), format!("{start}{two}"));
        assert_eq!(written(Version::Three, everything), format!("{start}{three}"));
    }
}
