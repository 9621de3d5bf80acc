//! The tree and its entries as files that any web server can serve (C2SP tlog-tiles).
//!
//! A tile is a row of up to 256 consecutive hashes, an entry bundle a row of up to 256 entries:
//!
//! ```text
//!   tile/1/000.p/1       1 hash:     the root over the full tile below it
//!   tile/0/000           256 hashes: leaves 0..256         tile/entries/000        the same entries
//!   tile/0/001.p/44      44 hashes:  leaves 256..300       tile/entries/001.p/44
//! ```
//!
//! Promises: the names and bytes that other tile clients expect. Leaves to others: writing the files, and that
//! entries hold nothing that must not be published.

mod bundle;
mod path;
mod tree;

pub use bundle::{decode_bundle, encode_bundle};
pub use path::{TILE_WIDTH, Tile, TileContent};
pub use tree::{tile_bytes, tiles_of_tree};
