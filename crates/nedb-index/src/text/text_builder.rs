//! Gathering the past of a full-text index that is created late.
//!
//! Promises: versions come in any order; memory is that of a temporal builder and 24 bytes for each change of a text.
//! Leaves to others: reading the past from the log.

use nedb_types::{Result, Seq};

use super::posting::postings;
use super::totals::{SPACE_BASE, TextTotals, key};
use crate::{IndexDirectory, TemporalBase, TemporalBuilder};

/// Gathers the texts of the past, in any order.
///
/// # Examples
///
/// ```
/// use std::path::Path;
/// use nedb_index::{IndexDirectory, KeyHasher, TextBuilder, TextIndex};
/// use nedb_types::{DatabaseId, Seq};
///
/// let io = nedb_io::Io::memory(16 << 20);
/// io.disk.create_dir(Path::new("/index"))?;
/// let hasher = KeyHasher::new([1; 16]);
/// let directory = IndexDirectory::new(&io, Path::new("/index"), DatabaseId::from_bytes([2; 16]), hasher);
/// let mut builder = TextBuilder::new(&directory);
/// builder.add(b"1", Seq::new(0), Some(Seq::new(3)), &["red".to_owned(), "tea".to_owned()])?;
/// let index = TextIndex::new();
/// index.temporal().install_base(builder.finish()?);
/// assert_eq!(index.snapshot(Seq::new(2)).totals()?.tokens, 2);
/// assert_eq!(index.snapshot(Seq::new(3)).totals()?.tokens, 0);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug)]
pub struct TextBuilder<'a> {
    builder: TemporalBuilder<'a>,
    /// Seq, texts more or less, tokens of the text.
    changes: Vec<(u64, i64, i64)>,
}

impl<'a> TextBuilder<'a> {
    /// Begins with nothing; files go to this directory.
    pub fn new(directory: &'a IndexDirectory) -> Self {
        Self { builder: TemporalBuilder::new(directory), changes: Vec::new() }
    }

    /// Adds a text, with its end if that was before the changes that the index takes itself.
    pub fn add(&mut self, id: &[u8], added: Seq, removed: Option<Seq>, tokens: &[String]) -> Result<()> {
        for (key, payload) in postings(tokens) {
            self.builder.add(&key, id, added, removed, &payload)?;
        }
        let length = tokens.len().try_into().unwrap_or(i64::MAX);
        self.changes.push((added.get(), 1, length));
        self.changes.extend(removed.map(|removed| (removed.get(), -1, length)));
        Ok(())
    }

    /// Returns what was gathered, to be installed under the temporal index of a text index.
    pub fn finish(mut self) -> Result<TemporalBase> {
        self.changes.sort_unstable();
        let mut totals = TextTotals::default();
        for group in self.changes.chunk_by(|a, b| a.0 == b.0) {
            for (_, texts, tokens) in group {
                totals.change(*texts, *tokens);
            }
            if let Some((seq, ..)) = group.first() {
                let seq = Seq::new(*seq);
                self.builder.add(&key(SPACE_BASE, seq), &[], seq, None, &totals.payload())?;
            }
        }
        self.builder.finish()
    }
}
