//! The tiles that a tree of a given size has, and the bytes of a hash tile.
//!
//! Promises: full and partial tiles as the specification counts them. Leaves to others: where nodes come from.

use super::path::{TILE_WIDTH, Tile, TileContent};
use crate::merkle::NodeSource;
use nedb_types::{Error, ErrorCode, Result};

/// Lists every tile of a tree of `size` leaves: the rows of hashes from the leaves up, then the entry bundles.
///
/// ```
/// use nedb_crypto::tiles::tiles_of_tree;
///
/// let paths: Vec<_> = tiles_of_tree(257).map(|tile| tile.to_string()).collect();
/// assert_eq!(paths, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1"]);
/// ```
pub fn tiles_of_tree(size: u64) -> impl Iterator<Item = Tile> {
    let hashes = (0..8_u8).flat_map(move |level| row(TileContent::Hashes { level }, size >> (8 * level)));
    hashes.chain(row(TileContent::Entries, size))
}

/// The tiles over one row of `count` hashes or entries.
fn row(content: TileContent, count: u64) -> impl Iterator<Item = Tile> {
    let width = u64::from(TILE_WIDTH);
    (0..count.div_ceil(width)).filter_map(move |index| {
        let left = count - index * width;
        Tile::new(content, index, u16::try_from(left.min(width)).unwrap_or(TILE_WIDTH)).ok()
    })
}

/// Returns the bytes of a hash tile: its hashes, 32 bytes each.
///
/// A tile of entries is `invalid_argument` (see [`encode_bundle`](super::encode_bundle)); an error of the source,
/// for instance for a tile outside the tree, is passed on.
pub fn tile_bytes(source: &impl NodeSource, tile: Tile) -> Result<Vec<u8>> {
    let TileContent::Hashes { level } = tile.content() else {
        return Err(Error::new(ErrorCode::InvalidArgument, format!("{tile} holds entries, not hashes")));
    };
    let mut bytes = Vec::with_capacity(32 * usize::from(tile.width()));
    for place in 0..u64::from(tile.width()) {
        bytes.extend_from_slice(source.node(8 * level, tile.start() + place)?.as_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Leaves, leaf_hash, subtree_root};

    #[test]
    fn the_specification_s_example_sizes_have_their_tiles() {
        let tiles: Vec<_> = tiles_of_tree(70_000).collect();
        let widths = |level| -> Vec<_> {
            let is_of_level = |tile: &&Tile| tile.content() == TileContent::Hashes { level };
            tiles.iter().filter(is_of_level).map(Tile::width).collect()
        };
        assert_eq!(widths(0), [vec![256; 273], vec![112]].concat());
        assert_eq!(widths(1), [256, 17]);
        assert_eq!(widths(2), [1]);
        assert_eq!(tiles.len(), 274 + 2 + 1 + 274);

        let paths: Vec<_> = tiles_of_tree(256).map(|tile| tile.to_string()).collect();
        assert_eq!(paths, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
        assert_eq!(tiles_of_tree(0).count(), 0);
    }

    #[test]
    fn the_largest_tree_is_listed_without_overflow() {
        let first: Vec<_> = tiles_of_tree(u64::MAX).take(3).map(|tile| tile.to_string()).collect();
        assert_eq!(first, ["tile/0/000", "tile/0/001", "tile/0/002"]);
    }

    #[test]
    fn tile_bytes_are_the_roots_of_the_tiles_below() {
        let leaves: Vec<_> = (0..600_u32).map(|number| leaf_hash(&[&number.to_le_bytes()])).collect();
        for tile in tiles_of_tree(600) {
            let TileContent::Hashes { level } = tile.content() else {
                assert_eq!(tile_bytes(&Leaves(&leaves), tile).unwrap_err().code(), ErrorCode::InvalidArgument);
                continue;
            };
            let parts = leaves.chunks_exact(256_usize.pow(level.into())).map(subtree_root);
            let start = usize::try_from(tile.start()).unwrap();
            let expected: Vec<u8> =
                parts.skip(start).take(tile.width().into()).flat_map(nedb_types::Digest::to_bytes).collect();
            assert_eq!(tile_bytes(&Leaves(&leaves), tile).unwrap(), expected, "{tile}");
        }
    }
}
