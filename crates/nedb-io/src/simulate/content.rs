//! The bytes of a simulated file, in pages that copies share until one of them changes.
//!
//! A page is absent (a hole, no space used), the one page of zeros (space used, no memory), or its own. Cloning a file
//! costs one counter per page.

use std::sync::{Arc, LazyLock};

use crate::chunked;

/// The size of a block: what the medium damages, and in what space is counted.
pub const BLOCK_BYTES: usize = 4096;
pub(super) const BLOCK_LEN: u64 = BLOCK_BYTES as u64;

pub(super) type Page = Arc<[u8; BLOCK_BYTES]>;

static ZERO_PAGE: LazyLock<Page> = LazyLock::new(|| Arc::new([0; BLOCK_BYTES]));

#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    len_bytes: u64,
    pages: Vec<Option<Page>>,
    pages_used: u64,
}

impl Content {
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut content = Self::default();
        content.write(0, bytes);
        content
    }

    pub(super) fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// Pages that take space on the medium.
    pub(super) fn pages_used(&self) -> u64 {
        self.pages_used
    }

    /// Copies what lies at the offset and returns how many bytes that were.
    pub(super) fn read(&self, buf: &mut [u8], offset: u64) -> usize {
        let page = |index| self.page(index).map(|page| page.as_slice());
        chunked::read::<BLOCK_BYTES>(buf, offset, self.len_bytes, page)
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(self.len_bytes).unwrap_or(0)];
        self.read(&mut bytes, 0);
        bytes
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        for (index, start, piece) in chunked::pieces::<BLOCK_BYTES>(bytes, offset) {
            self.write_page(index, start, piece);
        }
        self.len_bytes = self.len_bytes.max(offset.saturating_add(bytes.len() as u64));
    }

    /// Writes zeros, which take space but no memory where whole pages are covered.
    pub(super) fn write_zeros(&mut self, offset: u64, len_bytes: u64) {
        let end = offset.saturating_add(len_bytes);
        let mut position = offset;
        while position < end {
            let (index, start) = place(position);
            let count = (end - position).min(BLOCK_LEN - start as u64);
            let part = ZERO_PAGE.get(..usize::try_from(count).unwrap_or(BLOCK_BYTES)).unwrap_or_default();
            self.write_page(index, start, part);
            position += count;
        }
        self.len_bytes = self.len_bytes.max(position);
    }

    pub(super) fn set_len(&mut self, len_bytes: u64) {
        if len_bytes < self.len_bytes {
            let (index, start) = place(len_bytes);
            let kept = if start == 0 { index } else { index + 1 };
            if kept < self.pages.len() {
                let cut = self.pages.split_off(kept);
                self.pages_used -= cut.iter().flatten().count() as u64;
            }
            // What is cut off must not come back when the file grows again.
            if start > 0
                && let Some(Some(page)) = self.pages.get_mut(index)
            {
                Arc::make_mut(page).iter_mut().skip(start).for_each(|byte| *byte = 0);
            }
        }
        self.len_bytes = len_bytes;
    }

    /// Returns how many pages a write here would newly use.
    pub(super) fn pages_needed(&self, offset: u64, len_bytes: u64) -> u64 {
        let Some(last) = len_bytes.checked_sub(1) else {
            return 0;
        };
        let (first, last) = (place(offset).0, place(offset.saturating_add(last)).0);
        let present = self.pages.iter().take(last + 1).skip(first).flatten().count();
        (last - first + 1 - present) as u64
    }

    pub(super) fn page(&self, index: usize) -> Option<&Page> {
        self.pages.get(index)?.as_ref()
    }

    /// The page, or the page of zeros where there is a hole.
    pub(super) fn page_or_zeros(&self, index: usize) -> Page {
        Arc::clone(self.page(index).unwrap_or(&ZERO_PAGE))
    }

    /// Replaces a whole page; `None` makes it a hole. The length stays.
    pub(super) fn set_page(&mut self, index: usize, page: Option<Page>) {
        if self.pages.len() <= index {
            self.pages.resize(index + 1, None);
        }
        if let Some(slot) = self.pages.get_mut(index) {
            self.pages_used += u64::from(page.is_some());
            self.pages_used -= u64::from(slot.is_some());
            *slot = page;
        }
    }

    /// Changes one byte; false when it lies beyond the end.
    pub(super) fn change_byte(&mut self, offset: u64, change: impl FnOnce(u8) -> u8) -> bool {
        let mut byte = [0];
        if self.read(&mut byte, offset) == 0 {
            return false;
        }
        let [old] = byte;
        self.write(offset, &[change(old)]);
        true
    }

    fn write_page(&mut self, index: usize, start: usize, part: &[u8]) {
        if self.pages.len() <= index {
            self.pages.resize(index + 1, None);
        }
        let Some(slot) = self.pages.get_mut(index) else {
            return;
        };
        self.pages_used += u64::from(slot.is_none());
        if let Ok(whole) = <&[u8; BLOCK_BYTES]>::try_from(part) {
            *slot = Some(if *whole == **ZERO_PAGE { Arc::clone(&ZERO_PAGE) } else { Arc::new(*whole) });
            return;
        }
        let page = slot.get_or_insert_with(|| Arc::clone(&ZERO_PAGE));
        let is_change = page.get(start..start + part.len()) != Some(part);
        if is_change && let Some(target) = Arc::make_mut(page).get_mut(start..start + part.len()) {
            target.copy_from_slice(part);
        }
    }
}

/// Equal when the same bytes would be read: holes and zeros are the same.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        let pages = self.pages.len().max(other.pages.len());
        let zero = &*ZERO_PAGE;
        self.len_bytes == other.len_bytes
            && (0..pages).all(|index| {
                let (ours, theirs) = (self.page(index).unwrap_or(zero), other.page(index).unwrap_or(zero));
                Arc::ptr_eq(ours, theirs) || ours == theirs
            })
    }
}

impl Eq for Content {}

pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(BLOCK_BYTES).all(|block| ZERO_PAGE.get(..block.len()) == Some(block))
}

/// The page that holds a position, and the place inside it.
pub(super) fn place(position: u64) -> (usize, usize) {
    chunked::place::<BLOCK_BYTES>(position)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Write(u64, Vec<u8>),
        Zeros(u64, u64),
        SetLen(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0u64..20_000, prop::collection::vec(any::<u8>(), 0..9000)).prop_map(|(at, bytes)| Step::Write(at, bytes)),
            (0u64..20_000, 0u64..9000).prop_map(|(at, len)| Step::Zeros(at, len)),
            (0u64..30_000).prop_map(Step::SetLen),
        ]
    }

    fn write_naively(model: &mut Vec<u8>, at: u64, bytes: &[u8]) {
        let start = usize::try_from(at).unwrap();
        if !bytes.is_empty() {
            model.resize(model.len().max(start + bytes.len()), 0);
            model[start..start + bytes.len()].copy_from_slice(bytes);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_holds_what_a_plain_vector_holds(steps in prop::collection::vec(step(), 1..20)) {
            let (mut content, mut model) = (Content::default(), Vec::new());
            for step in steps {
                match step {
                    Step::Write(at, bytes) if !bytes.is_empty() => {
                        content.write(at, &bytes);
                        write_naively(&mut model, at, &bytes);
                    }
                    Step::Zeros(at, len) if len > 0 => {
                        content.write_zeros(at, len);
                        write_naively(&mut model, at, &vec![0; usize::try_from(len).unwrap()]);
                    }
                    Step::SetLen(len) => {
                        content.set_len(len);
                        model.resize(usize::try_from(len).unwrap(), 0);
                    }
                    Step::Write(..) | Step::Zeros(..) => {}
                }
                prop_assert_eq!(content.to_vec(), model.clone());
                prop_assert_eq!(content.pages_used(), content.pages.iter().flatten().count() as u64);
                prop_assert!(content == Content::from_bytes(&model));
            }
        }
    }

    #[test]
    fn a_clone_does_not_see_later_writes() {
        let mut first = Content::from_bytes(b"before");
        let second = first.clone();
        first.write(0, b"after!");
        assert_eq!(second.to_vec(), b"before");
    }

    #[test]
    fn needed_pages_are_those_that_are_absent() {
        let mut content = Content::default();
        content.write(BLOCK_LEN, b"x");
        assert_eq!(content.pages_needed(0, 3 * BLOCK_LEN), 2);
        assert_eq!(content.pages_needed(BLOCK_LEN, BLOCK_LEN), 0);
        assert_eq!(content.pages_needed(0, 0), 0);
    }
}
