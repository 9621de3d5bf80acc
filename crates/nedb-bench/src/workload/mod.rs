//! Deterministic data: the same numbers give the same bytes on every machine.
//!
//! | workload | rows |
//! |---|---|
//! | documents | 143 bytes of JSON under 16-byte ids, in random order |
//! | blocks | {height, hash, miner, fee, txs}, each miner with 1 % of the rows |
//! | texts | 20 to 60 words, the n-th most common of which is about n times as rare as the first |
//! | packages | real records of two Debian releases, one after the other |

mod blocks;
mod documents;
mod packages;
mod sequence;
mod texts;

pub(crate) use blocks::{TXS, block, block_row, block_row_again, miner};
pub(crate) use documents::{document, id_of};
pub(crate) use packages::{Package, packages, tag_rows, two_tag_words};
pub(crate) use sequence::Sequence;
pub(crate) use texts::{text, text_row, two_words};

use nedb_types::DocumentBuf;

/// One document to write, in both forms, so that no candidate pays for making the other's.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its id.
    pub id: Vec<u8>,
    /// The document as JSON text.
    pub json: Vec<u8>,
    /// The same in NEDB's stored form.
    pub document: DocumentBuf,
}
