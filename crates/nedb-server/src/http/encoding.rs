//! Compression: answers as the caller accepts them, bodies as the caller sent them.
//!
//! Promises: a body that unfolds to more than a body may have, or to an absurd multiple of what was sent, is refused before it takes the
//! memory. Work is done on threads that may wait. Leaves to others: which answers are worth it.

use std::io::{self, Read, Write as _};

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use nedb::{Error, ErrorCode, MemoryShare, Result};

use super::body::invalid;

/// Answers below this size are sent as they are: the head of the answer is as large.
pub(super) const ENCODED_BYTES_MIN: usize = 1 << 10;

/// The quickest levels: an answer is made to be read at once.
const GZIP_LEVEL: u32 = 1;
const ZSTD_LEVEL: i32 = 1;

/// How many times as large as sent a body may become. Documents that repeat themselves reach 100.
const RATIO_MAX: usize = 200;

/// Bodies up to this size may become so however small they were sent.
const RATIO_FREE_BYTES: usize = 1 << 20;

/// How much of a body is unfolded between two looks at the limits.
const PIECE_BYTES: usize = 64 << 10;

/// The largest window of zstd that is taken, as a power of two: what browsers take.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// A way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Zstd,
}

impl Coding {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    fn of(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// What the caller likes best of what there is, zstd before gzip; none when he accepts neither.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
        let weighed = lists.flat_map(|list| list.split(',')).filter_map(|entry| {
            let (name, rest) = entry.split_once(';').unwrap_or((entry, ""));
            let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok());
            Some((Self::of(name)?, weight.filter(|weight| *weight > 0.0)?))
        });
        let better = |best: (Self, f32), next: (Self, f32)| {
            let is_better = next.1 > best.1 || (next.1 >= best.1 && next.0 == Self::Zstd);
            if is_better { next } else { best }
        };
        weighed.reduce(better).map(|(coding, _)| coding)
    }

    /// What the body was sent as; none when as it is.
    ///
    /// Errors: `unsupported` for a coding that is not there.
    pub(super) fn of_body(headers: &HeaderMap) -> Result<Option<Self>> {
        let Some(coding) = headers.get(header::CONTENT_ENCODING) else { return Ok(None) };
        let name = coding.to_str().unwrap_or_default();
        if name.trim().eq_ignore_ascii_case("identity") {
            return Ok(None);
        }
        Self::of(name).map(Some).ok_or_else(|| {
            Error::new(ErrorCode::Unsupported, format!("content-encoding {name:?}: there are gzip and zstd"))
        })
    }

    /// Unfolds a body of at most so many bytes.
    ///
    /// Errors: `batch_too_large` beyond the limit or the ratio, `busy` when the daemon has no memory left for it,
    /// `invalid_argument` for bytes that are not so encoded.
    pub(super) fn decode(self, sent: &[u8], bytes_max: usize, account: &mut MemoryShare) -> Result<Bytes> {
        let wrong = |error: io::Error| invalid(format!("the body is no {}: {error}", self.as_str())).with_source(error);
        let mut decoder: Box<dyn Read + '_> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(sent)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(sent).map_err(wrong)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(wrong)?;
                Box::new(decoder)
            }
        };
        let ratio_max = sent.len().saturating_mul(RATIO_MAX).max(RATIO_FREE_BYTES);
        let (mut decoded, mut piece) = (Vec::new(), vec![0; PIECE_BYTES]);
        loop {
            let read = decoder.read(&mut piece).map_err(wrong)?;
            if read == 0 {
                return Ok(decoded.into());
            }
            let bytes = decoded.len() + read;
            if bytes > bytes_max {
                let message = format!("the body has more than {bytes_max} bytes (--body-mb-max) when it is unfolded");
                return Err(Error::new(ErrorCode::BatchTooLarge, message));
            }
            if bytes > ratio_max {
                let message = format!("the body becomes more than {RATIO_MAX} times as large when it is unfolded");
                return Err(Error::new(ErrorCode::BatchTooLarge, message));
            }
            account.set(sent.len() + bytes)?;
            decoded.extend_from_slice(piece.get(..read).unwrap_or_default());
        }
    }

    /// Compresses a text.
    pub(super) fn encode(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut encoder = Encoder::new(Some(self))?;
        encoder.write(bytes)?;
        encoder.finish()
    }
}

/// Compresses pieces of a stream, or passes them on.
pub(super) enum Encoder {
    Plain(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    pub(super) fn new(coding: Option<Coding>) -> io::Result<Self> {
        Ok(match coding {
            None => Self::Plain(Vec::new()),
            Some(Coding::Gzip) => Self::Gzip(GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL))),
            Some(Coding::Zstd) => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Gzip(encoder) => encoder.write_all(bytes),
            Self::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// Takes what a reader can make use of now.
    pub(super) fn take(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(out) => Ok(std::mem::take(out)),
            Self::Gzip(encoder) => {
                encoder.flush()?;
                Ok(std::mem::take(encoder.get_mut()))
            }
            Self::Zstd(encoder) => {
                encoder.flush()?;
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }

    /// Takes the rest.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nedb::MemoryPool;

    fn accepted(list: &str) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, list.parse().unwrap());
        Coding::accepted(&headers)
    }

    #[test]
    fn the_coding_that_the_caller_likes_best_is_taken() {
        assert_eq!(accepted("gzip, deflate, br, zstd"), Some(Coding::Zstd));
        assert_eq!(accepted("zstd;q=0.5, gzip;q=0.8"), Some(Coding::Gzip));
        assert_eq!(accepted("gzip"), Some(Coding::Gzip));
        for none in ["", "identity", "br", "gzip;q=0, zstd; q=0", "gzip;q=x"] {
            assert_eq!(accepted(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_encoded_comes_back_in_pieces_and_as_a_whole() {
        let text = b"{\"a\": 1}".repeat(10_000);
        for coding in [Coding::Gzip, Coding::Zstd] {
            let mut encoder = Encoder::new(Some(coding)).unwrap();
            let mut bytes = Vec::new();
            for piece in text.chunks(7_000) {
                encoder.write(piece).unwrap();
                bytes.extend(encoder.take().unwrap());
            }
            bytes.extend(encoder.finish().unwrap());
            let mut account = MemoryPool::new(1 << 30).share();
            assert_eq!(coding.decode(&bytes, 1 << 20, &mut account).unwrap(), text);
            assert_eq!(coding.decode(&coding.encode(&text).unwrap(), 1 << 20, &mut account).unwrap(), text);
        }
    }

    #[test]
    fn a_bomb_is_refused_by_ratio_size_and_memory() {
        let zeros = vec![b' '; 8 << 20];
        for coding in [Coding::Gzip, Coding::Zstd] {
            let bomb = coding.encode(&zeros).unwrap();
            let refused = |bytes_max: usize, memory: usize| {
                let mut account = MemoryPool::new(memory).share();
                coding.decode(&bomb, bytes_max, &mut account).unwrap_err()
            };
            assert!(refused(64 << 20, 1 << 30).message().contains("times as large"));
            assert!(refused(1 << 20, 1 << 30).message().contains("--body-mb-max"));
            assert_eq!(refused(64 << 20, 100 << 10).code(), ErrorCode::Busy);
            let mut account = MemoryPool::new(1 << 30).share();
            assert_eq!(
                coding.decode(&bomb[..bomb.len() / 2], 1, &mut account).unwrap_err().code(),
                ErrorCode::BatchTooLarge
            );
            assert!(coding.decode(b"no such thing", 1 << 20, &mut account).is_err());
        }
    }
}
