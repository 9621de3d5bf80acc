//! The keys of an object's items, and the check that none occurs twice.

use crate::{Result, value::duplicate_field};

/// Most fields that are checked one by one; a larger object is checked at its end by sorting, so that a hostile
/// document cannot cost quadratic time.
const CHECKED_AT_ONCE_MAX: usize = 32;

/// Divides an item of an object into its key and its value; `None` if the key does not fit or its length is not in
/// the shortest form.
#[inline]
pub(super) fn split_key(item: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = item.split_first()?;
    if first < 0x80 {
        return rest.split_at_checked(usize::from(first));
    }
    let mut reader = crate::codec::Reader::new(item, "key");
    let length = reader.varint().ok()?;
    reader.rest().split_at_checked(usize::try_from(length).ok()?)
}

/// Goes over the items that a list of ends divides.
pub(super) fn items<'a>(items: &'a [u8], ends: &'a [u32]) -> impl Iterator<Item = &'a [u8]> {
    let mut start = 0;
    ends.iter().filter_map(move |end| {
        let end = usize::try_from(*end).ok()?;
        let item = items.get(start..end);
        start = end;
        item
    })
}

/// Finds repeated keys: by a mark of 8 bytes per key, compared in full only when two marks are equal.
#[derive(Debug)]
pub(super) struct DuplicateCheck {
    marks: Vec<u64>,
}

impl DuplicateCheck {
    pub(super) const fn new() -> Self {
        Self { marks: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.marks.truncate(length);
    }

    /// Adds a key of the object whose marks begin at `start`; returns whether it may have occurred before.
    #[inline]
    pub(super) fn add(&mut self, start: usize, key: &[u8]) -> bool {
        let mark = mark(key);
        let earlier = self.marks.get(start..).unwrap_or_default();
        let may_repeat = earlier.len() < CHECKED_AT_ONCE_MAX && earlier.contains(&mark);
        self.marks.push(mark);
        may_repeat
    }

    /// Checks an object that has more fields than were checked one by one.
    pub(super) fn check_many(object_items: &[u8], ends: &[u32]) -> Result<()> {
        if ends.len() <= CHECKED_AT_ONCE_MAX {
            return Ok(());
        }
        let keys = items(object_items, ends).filter_map(split_key).map(|(key, _)| key).collect();
        match first_repeated(keys) {
            Some(key) => Err(duplicate_field(&String::from_utf8_lossy(key))),
            None => Ok(()),
        }
    }
}

/// Returns a key that occurs twice, if there is one.
pub(super) fn first_repeated(mut keys: Vec<&[u8]>) -> Option<&[u8]> {
    keys.sort_unstable();
    keys.array_windows::<2>().find(|[left, right]| left == right).map(|[key, _]| *key)
}

/// Makes a mark of a key's length and its first and last bytes; equal keys have equal marks.
#[inline]
fn mark(key: &[u8]) -> u64 {
    let length = (key.len() as u64) << 56;
    match (key.first_chunk::<4>(), key.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            (u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32) ^ length
        }
        _ => key.iter().fold(length, |mark, byte| mark ^ (mark << 8) ^ u64::from(*byte)),
    }
}
