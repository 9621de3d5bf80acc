//! How the records of a file are written down, and which way its bytes are compressed; both from its name.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::Arc,
};

use nedb_types::{Error, ErrorCode, Result};

use super::{array::Elements, lines::Lines, reader::Shared, record::Records, table::Rows};

/// Read from the file at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// How the records of a file are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Ndjson,
    /// One array of objects, or one object
    Json,
    /// A table whose first row names the fields
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    Zstd,
    Gzip,
}

/// Format and compression of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    format: Format,
    compression: Compression,
}

/// Takes the coding from a file's name, unless the format is given.
pub fn of(name: &str, given: Option<Format>) -> Result<Coding> {
    let (stem, compression) = split_compression(name);
    let format = match (given, extension(stem)) {
        (Some(format), _) => format,
        (None, "ndjson" | "jsonl") => Format::Ndjson,
        (None, "json") => Format::Json,
        (None, "csv") => Format::Csv,
        (None, _) if name == "stdin" => Format::Ndjson,
        (None, _) => {
            let message = format!(
                "{name:?} ends in none of .ndjson, .jsonl, .json and .csv (or these with .zst or .gz): name the --format"
            );
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        }
    };
    Ok(Coding { format, compression })
}

/// The first part of a file's name, which names the collection unless another one is given.
pub fn name_without_extension(name: &str) -> &str {
    name.split('.').find(|part| !part.is_empty()).unwrap_or(name)
}

/// The records of a file.
pub fn records(input: Box<dyn Read + Send>, coding: Coding, shared: &Arc<Shared>) -> Result<Box<dyn Records + Send>> {
    let counted = Counted { input, shared: Arc::clone(shared) };
    let bytes: Box<dyn BufRead + Send> = match coding.compression {
        Compression::None => Box::new(BufReader::with_capacity(BUFFER_BYTES, counted)),
        Compression::Zstd => buffered(zstd::Decoder::new(counted)?),
        Compression::Gzip => buffered(flate2::read::MultiGzDecoder::new(counted)),
    };
    Ok(match coding.format {
        Format::Ndjson => Box::new(Lines::new(bytes)),
        Format::Json => Box::new(Elements::new(bytes)),
        Format::Csv => Box::new(Rows::new(bytes)),
    })
}

fn buffered(input: impl Read + Send + 'static) -> Box<dyn BufRead + Send> {
    Box::new(BufReader::with_capacity(BUFFER_BYTES, input))
}

fn split_compression(name: &str) -> (&str, Compression) {
    match extension(name) {
        "zst" => (without_extension(name), Compression::Zstd),
        "gz" => (without_extension(name), Compression::Gzip),
        _ => (name, Compression::None),
    }
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn without_extension(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Tells how many bytes of the file were read.
struct Counted {
    input: Box<dyn Read + Send>,
    shared: Arc<Shared>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.shared.count_bytes(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_format_compression_and_collection() {
        let coding = |name| of(name, None).unwrap();
        assert_eq!(coding("a.ndjson.zst"), Coding { format: Format::Ndjson, compression: Compression::Zstd });
        assert_eq!(coding("a.b.csv.gz"), Coding { format: Format::Csv, compression: Compression::Gzip });
        assert_eq!(coding("a.json"), Coding { format: Format::Json, compression: Compression::None });
        assert_eq!(coding("stdin").format, Format::Ndjson);
        assert_eq!(of("a.txt", None).unwrap_err().code(), ErrorCode::InvalidArgument);
        assert_eq!(of("a.txt.gz", Some(Format::Csv)).unwrap().compression, Compression::Gzip);
        assert_eq!(name_without_extension("debian-trixie.ndjson.zst"), "debian-trixie");
        assert_eq!(name_without_extension(".hidden.csv"), "hidden");
    }
}
