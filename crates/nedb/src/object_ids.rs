//! Object ids, as documents have them that are inserted without an id of their own.
//!
//! ```text
//! seconds since 1970, 4 bytes | random bytes of the handle, 5 | number, 3        all big-endian, so that ids sort as they were made
//! ```

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use nedb_io::Io;

const SECOND_US: i64 = 1_000_000;

/// What the ids of one handle have in common, drawn when the first one is made.
#[derive(Debug, Default)]
pub(crate) struct ObjectIds {
    handle: OnceLock<[u8; 5]>,
    next: AtomicU32,
}

impl ObjectIds {
    pub(crate) fn make(&self, io: &Io) -> [u8; 12] {
        let handle = self.handle.get_or_init(|| {
            let mut random = [0; 5];
            io.random.fill(&mut random);
            random
        });
        // The seconds of the format end in the year 2106, and the numbers begin again after 16 million.
        let seconds = u32::try_from(io.clock.wall_us().div_euclid(SECOND_US)).unwrap_or_default();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut id = [0; 12];
        let bytes = seconds.to_be_bytes().into_iter().chain(*handle).chain(number.to_be_bytes().into_iter().skip(1));
        for (place, byte) in id.iter_mut().zip(bytes) {
            *place = byte;
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use crate::Database;

    #[test]
    fn ids_differ_and_ascend() {
        let db = Database::in_memory().unwrap();
        let ids: Vec<[u8; 12]> = (0..1000).map(|_| db.new_object_id()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert_ne!(ids[0][4..9], Database::in_memory().unwrap().new_object_id()[4..9]);
    }
}
