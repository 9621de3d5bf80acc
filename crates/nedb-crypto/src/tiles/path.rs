//! Names of tiles: which part of the tree one holds, and its path.
//!
//! Promises: one path for each tile and one tile for each path. Leaves to others: what is in the file.

use crate::note::parse_decimal;
use core::fmt;
use core::str::FromStr;
use nedb_types::{Error, ErrorCode, Result};

/// The number of hashes or entries in a full tile: eight levels of the tree.
pub const TILE_WIDTH: u16 = 256;

/// The highest row of tiles that a tree of at most 2^64 leaves can have.
const TILE_LEVEL_MAX: u8 = 7;

/// Tells what the rows of a tile are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileContent {
    /// Hashes of tree level `8 * level`.
    Hashes {
        /// The row of tiles, from 0 for leaves to 7.
        level: u8,
    },
    /// Log entries.
    Entries,
}

/// Names one tile; its text form is the path under the log's prefix.
///
/// ```
/// use nedb_crypto::tiles::{Tile, TileContent};
///
/// let tile = Tile::new(TileContent::Hashes { level: 0 }, 1_234_067, 256)?;
/// assert_eq!(tile.to_string(), "tile/0/x001/x234/067");
/// let tile: Tile = "tile/entries/273.p/112".parse()?;
/// assert_eq!((tile.index(), tile.width()), (273, 112));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    content: TileContent,
    index: u64,
    width: u16,
}

impl Tile {
    /// Names the tile at `index` of its row with the first `width` of its 256 places.
    ///
    /// A width outside 1 to 256, a level above 7 or an index beyond 2^64 leaves is `invalid_argument`.
    pub fn new(content: TileContent, index: u64, width: u16) -> Result<Self> {
        let level = match content {
            TileContent::Hashes { level } => level,
            TileContent::Entries => 0,
        };
        // Each row of tiles is 256 times shorter than the one below.
        let index_max = u64::MAX.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
        let is_inside = level <= TILE_LEVEL_MAX && index <= index_max;
        if is_inside && (1..=TILE_WIDTH).contains(&width) {
            return Ok(Self { content, index, width });
        }
        let message = format!("there is no tile {index} of width {width} in {content:?}");
        Err(Error::new(ErrorCode::InvalidArgument, message))
    }

    /// Returns what the tile holds.
    pub fn content(&self) -> TileContent {
        self.content
    }

    /// Returns the tile's place in its row.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Returns how many hashes or entries it holds.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Returns the index of the first hash of its tree level, or of the first entry.
    pub fn start(&self) -> u64 {
        self.index * u64::from(TILE_WIDTH)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            TileContent::Hashes { level } => write!(out, "tile/{level}/")?,
            TileContent::Entries => write!(out, "tile/entries/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups.iter().skip(1).rev() {
            write!(out, "x{group:03}/")?;
        }
        write!(out, "{:03}", self.index % 1000)?;
        if self.width < TILE_WIDTH { write!(out, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for Tile {
    type Err = Error;

    fn from_str(path: &str) -> Result<Self> {
        // Every leniency below is caught by printing the tile again.
        let tile = read(path).filter(|tile| tile.to_string() == path);
        tile.ok_or_else(|| Error::new(ErrorCode::InvalidArgument, format!("{path:?} is not the path of a tile")))
    }
}

fn read(path: &str) -> Option<Tile> {
    let (content, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let content = match content {
        "entries" => TileContent::Entries,
        level => TileContent::Hashes { level: level.parse().ok()? },
    };
    let (index, width) = match place.split_once(".p/") {
        Some((index, width)) => (index, u16::try_from(parse_decimal(width)?).ok()?),
        None => (place, TILE_WIDTH),
    };
    let index = index.split('/').try_fold(0_u64, |index, group| {
        let group: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
        index.checked_mul(1000)?.checked_add(group)
    });
    Tile::new(content, index?, width).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_has_its_path_and_comes_back_from_it() {
        let hashes = |level| TileContent::Hashes { level };
        let cases = [
            (hashes(0), 0, 256, "tile/0/000"),
            (hashes(0), 999, 255, "tile/0/999.p/255"),
            (hashes(1), 1000, 256, "tile/1/x001/000"),
            (hashes(2), 1_234_067, 1, "tile/2/x001/x234/067.p/1"),
            (hashes(7), 0, 256, "tile/7/000"),
            (TileContent::Entries, 273, 112, "tile/entries/273.p/112"),
            (TileContent::Entries, u64::MAX >> 8, 256, "tile/entries/x072/x057/x594/x037/x927/935"),
        ];
        for (content, index, width, path) in cases {
            let tile = Tile::new(content, index, width).unwrap();
            assert_eq!(tile.to_string(), path);
            assert_eq!(path.parse::<Tile>().unwrap(), tile);
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let bad = [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/00a",
            "tile/00/000",
            "tile/+0/000",
            "tile/8/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/entries/x000/000",
            "tile/0/x001",
            "tile/0/001/000",
            "tile/0/x01/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/",
            "tile/0/000.p/01",
            "tile/0/000.p/300",
            "tile/0/000.p/1.p/1",
            "tile/0/../000",
            "tile/0/000/",
            "tile/7/001",
            "tile/0/x072/x057/x594/x037/x927/936",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ];
        for path in bad {
            assert_eq!(path.parse::<Tile>().unwrap_err().code(), ErrorCode::InvalidArgument, "{path:?}");
        }
    }

    #[test]
    fn impossible_tiles_are_refused() {
        for (level, index, width) in [(8, 0, 1), (255, 0, 1), (0, u64::MAX, 1), (7, 1, 1), (0, 0, 0), (0, 0, 257)] {
            let tile = Tile::new(TileContent::Hashes { level }, index, width);
            assert_eq!(tile.unwrap_err().code(), ErrorCode::InvalidArgument);
        }
    }
}
