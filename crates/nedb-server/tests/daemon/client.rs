//! Clients as plain as can be: HTTP/1.1 and the Redis protocol over a socket, nothing of the daemon's own code in between.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use nedb::{Error, ErrorCode};
use nedb_compat::redis::Reply;

/// What bytes go over: a socket, or TLS over one.
pub trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

/// A socket on which nothing waits for ever.
pub fn socket(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

const TIMEOUT: Duration = Duration::from_mins(1);

/// An answer of HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A keep-alive connection of HTTP.
pub struct Http {
    stream: BufReader<Box<dyn Wire>>,
    token: Option<String>,
}

impl Http {
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(socket(address))
    }

    pub fn over(wire: impl Wire + 'static) -> Self {
        Self { stream: BufReader::new(Box::new(wire)), token: None }
    }

    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    pub fn post(&mut self, path: &str, body: &str) -> Answer {
        self.send("POST", path, "", body)
    }

    /// Sends a request with further header lines, each with its line end.
    pub fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    pub fn try_send(&mut self, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<Answer> {
        self.begin(method, path, headers, body)?;
        self.receive()
    }

    /// Sends a request whose body is no text.
    pub fn send_bytes(&mut self, path: &str, headers: &str, body: &[u8]) -> Answer {
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {}\r\n\r\n", body.len());
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat()).unwrap();
        self.receive().unwrap()
    }

    pub fn begin(&mut self, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<()> {
        let token = self.token.as_ref().map_or(String::new(), |token| format!("authorization: Bearer {token}\r\n"));
        let host = if headers.to_ascii_lowercase().contains("host:") { "" } else { "host: localhost\r\n" };
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\n{host}{token}{headers}content-length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes())
    }

    /// Sends the head of a request whose body comes in chunks, for which the daemon is to ask when it has the head.
    pub fn begin_chunks(&mut self, method: &str, path: &str) {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        self.stream.get_mut().write_all(head.as_bytes()).unwrap();
    }

    /// The answer to a request that was begun.
    pub fn answer(&mut self) -> std::io::Result<Answer> {
        self.receive()
    }

    /// Sends bytes of a body that was begun.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    fn receive(&mut self) -> std::io::Result<Answer> {
        let status = self.line()?.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let (mut headers, mut length, mut is_chunked) = (String::new(), 0, false);
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(bytes) = lower.strip_prefix("content-length: ") {
                length = bytes.parse().expect("a length");
            }
            is_chunked |= lower == "transfer-encoding: chunked";
            headers.push_str(&lower);
            headers.push('\n');
        }
        let mut body = Vec::new();
        if is_chunked {
            loop {
                let bytes = usize::from_str_radix(&self.line()?, 16).expect("the length of a chunk");
                let mut chunk = vec![0; bytes + 2];
                self.stream.read_exact(&mut chunk)?;
                body.extend_from_slice(&chunk[..bytes]);
                if bytes == 0 {
                    break;
                }
            }
        } else {
            body = vec![0; length];
            self.stream.read_exact(&mut body)?;
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status, headers, body: text, bytes: body })
    }
}

/// A connection of the Redis protocol.
pub struct Resp {
    stream: BufReader<Box<dyn Wire>>,
}

impl Resp {
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(socket(address))
    }

    pub fn over(wire: impl Wire + 'static) -> Self {
        Self { stream: BufReader::new(Box::new(wire)) }
    }

    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends a call without waiting for its reply.
    pub fn send(&mut self, words: &[Vec<u8>]) -> std::io::Result<()> {
        self.write(&call(words))
    }

    /// Sends lines of words in one write, so that they arrive together however busy the machine is.
    pub fn send_together(&mut self, lines: &[&str]) -> std::io::Result<()> {
        let bytes: Vec<u8> = lines.iter().flat_map(|line| call(&super::words::words(line))).collect();
        self.write(&bytes)
    }

    /// Carries out a line of words.
    pub fn run(&mut self, line: &str) -> Reply {
        self.send(&super::words::words(line)).unwrap();
        self.receive().unwrap()
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Reads one reply, as either version of the protocol has it.
    pub fn receive(&mut self) -> std::io::Result<Reply> {
        let line = self.line()?;
        let (sign, rest) = line.split_at(1);
        let count = || rest.parse::<i64>().expect("a count");
        Ok(match sign {
            "+" => Reply::Simple(rest.to_owned().into()),
            "-" => Reply::Error(Error::new(ErrorCode::RedisCommand, rest)),
            ":" => Reply::Int(count()),
            "," => Reply::Double(rest.parse().expect("a float")),
            "#" => Reply::Bool(rest == "t"),
            "_" => Reply::Nil,
            "$" if count() < 0 => Reply::Nil,
            "$" => {
                let mut bytes = vec![0; usize::try_from(count()).unwrap() + 2];
                self.stream.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Reply::Bulk(bytes)
            }
            "*" if count() < 0 => Reply::NilArray,
            "*" => pairs_or_array(self.many(count())?),
            ">" => Reply::Array(self.many(count())?),
            "~" => Reply::Set(self.many(count())?),
            "%" => {
                let both = self.many(count() * 2)?;
                Reply::Map(both.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
            }
            other => panic!("{other:?} begins no reply"),
        })
    }

    /// Reads one reply or push as it stands on the wire, with spaces between its lines.
    pub fn frame(&mut self) -> std::io::Result<String> {
        let mut frame = self.line()?;
        let (sign, rest) = frame.split_at(1);
        let count: i64 = rest.parse().unwrap_or_default();
        let parts = match sign {
            "$" if count >= 0 => {
                frame = format!("{frame} {}", self.line()?);
                0
            }
            "*" | ">" | "~" => count,
            "%" => count * 2,
            _ => 0,
        };
        for _ in 0..parts {
            frame = format!("{frame} {}", self.frame()?);
        }
        Ok(frame)
    }

    fn many(&mut self, count: i64) -> std::io::Result<Vec<Reply>> {
        (0..count).map(|_| self.receive()).collect()
    }
}

/// A call as it stands on the wire.
fn call(words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Members with their scores look like lists of two in version 3.
fn pairs_or_array(replies: Vec<Reply>) -> Reply {
    let pair = |reply: &Reply| match reply {
        Reply::Array(two) => match two.as_slice() {
            [member @ Reply::Bulk(_), score @ Reply::Double(_)] => Some((member.clone(), score.clone())),
            _ => None,
        },
        _ => None,
    };
    match replies.iter().map(pair).collect::<Option<Vec<_>>>() {
        Some(pairs) if !pairs.is_empty() => Reply::Pairs(pairs),
        _ => Reply::Array(replies),
    }
}
