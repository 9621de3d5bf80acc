//! Cursors of the SCAN family: numbers that stand for places.
//!
//! A client gives back a number and gets what comes after the place; an id does not fit into one. Promises: what is there
//! from the beginning of a full iteration to its end is given at least once, and whoever forgets a cursor costs nothing: the
//! oldest go first. Leaves to others: what the places are in.

use std::collections::BTreeMap;

use nedb::Result;
use nedb_io::Mutex;

use super::{number, refusal};

/// How many iterations may be under way; the oldest is forgotten beyond it, and its cursor is refused.
const CURSORS_MAX: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Cursors {
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    last: u64,
    by_cursor: BTreeMap<u64, Vec<u8>>,
}

impl Cursors {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The place of a cursor; `None` for 0, the beginning.
    pub(super) fn place(&self, cursor: &[u8]) -> Result<Option<Vec<u8>>> {
        let invalid = || refusal::refused("ERR invalid cursor");
        let cursor = number::integer(cursor).and_then(|cursor| u64::try_from(cursor).ok()).ok_or_else(invalid)?;
        if cursor == 0 {
            return Ok(None);
        }
        self.places.lock().by_cursor.get(&cursor).cloned().map(Some).ok_or_else(invalid)
    }

    /// A cursor for a place, or 0 for the end.
    pub(super) fn cursor(&self, place: Option<Vec<u8>>) -> u64 {
        let Some(place) = place else { return 0 };
        let mut places = self.places.lock();
        places.last += 1;
        let cursor = places.last;
        places.by_cursor.insert(cursor, place);
        while places.by_cursor.len() > CURSORS_MAX {
            places.by_cursor.pop_first();
        }
        cursor
    }
}
