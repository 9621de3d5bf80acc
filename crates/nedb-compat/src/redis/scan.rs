//! The options that the SCAN family shares, and the walk over the elements of one value.

use nedb::Result;

use super::args::Options;
use super::glob;
use super::keyspace::Header;
use super::layout::CONTAINER_BYTES;
use super::number;
use super::refusal::{not_an_integer, refused, syntax};
use super::reply::Reply;
use super::tx::{Record, Span, Tx};

/// How many things a piece has unless COUNT says otherwise.
const COUNT: usize = 10;

/// What a scan lists: TYPE is for keys alone, NOVALUES for fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    Keys,
    Fields,
    Members,
}

/// MATCH, COUNT, TYPE and NOVALUES.
#[derive(Debug)]
pub(super) struct ScanOptions {
    pattern: Option<Vec<u8>>,
    pub(super) count: usize,
    pub(super) kind: Option<Vec<u8>>,
    pub(super) has_values: bool,
}

impl ScanOptions {
    pub(super) fn read(mut options: Options<'_>, scanned: Scanned) -> Result<Self> {
        let mut read = Self { pattern: None, count: COUNT, kind: None, has_values: true };
        while let Some(word) = options.next_word() {
            match word.as_slice() {
                b"MATCH" => read.pattern = Some(options.value()?.to_vec()),
                b"TYPE" if scanned == Scanned::Keys => read.kind = Some(options.value()?.to_ascii_lowercase()),
                b"NOVALUES" if scanned == Scanned::Fields => read.has_values = false,
                b"COUNT" => {
                    let count = number::integer(options.value()?).ok_or_else(not_an_integer)?;
                    read.count = usize::try_from(count).ok().filter(|count| *count > 0).ok_or_else(syntax)?;
                }
                _ => return Err(syntax()),
            }
        }
        Ok(read)
    }

    pub(super) fn admits(&self, name: &[u8]) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| glob::is_match(pattern, name))
    }
}

/// Refuses a cursor that is no number: before anything is asked about the key, as Redis does.
pub(super) fn check_cursor(cursor: &[u8]) -> Result<()> {
    number::integer(cursor).map(drop).ok_or_else(|| refused("ERR invalid cursor"))
}

/// One call of a scan over the elements of a value.
pub(super) struct ElementScan<'a> {
    pub(super) header: &'a Header,
    pub(super) cursor: &'a [u8],
    pub(super) options: &'a ScanOptions,
}

impl ElementScan<'_> {
    /// The elements behind the cursor, as many as were asked for, each as `shown` makes it.
    pub(super) fn run(&self, tx: &Tx<'_>, shown: impl Fn(&[u8], &Record) -> Result<Vec<Reply>>) -> Result<Reply> {
        let Self { header, cursor, options } = self;
        let behind = tx.cursors().place(cursor)?;
        let from = behind.map(|place| [header.container.as_slice(), &place, &[0]].concat());
        let collection = header.kind.collections().first().copied().unwrap_or_default();
        let span = Span { from: from.as_deref(), ..Span::prefix(collection, &header.container) };
        let (mut found, mut last) = (Vec::new(), None);
        for (visited, element) in tx.walk(&span)?.enumerate() {
            if visited == options.count {
                return Ok(piece(tx.cursors().cursor(last), found));
            }
            let (id, record) = element?;
            let name = id.get(CONTAINER_BYTES..).unwrap_or_default();
            if options.admits(name) {
                tx.keep(id.len() + record.document.as_bytes().len())?;
                found.extend(shown(name, &record)?);
            }
            last = Some(name.to_vec());
        }
        Ok(piece(0, found))
    }
}

/// The answer of a scan.
pub(super) fn piece(cursor: u64, found: Vec<Reply>) -> Reply {
    Reply::Array(vec![Reply::bulk(cursor.to_string()), Reply::Array(found)])
}
