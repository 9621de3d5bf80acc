//! What the commands of one transaction keep in memory for their answers.
//!
//! Promises: an answer that would be larger than a question may be, or than the memory that all share has room for, is refused while it is made:
//! a call may name one large value many times. Small answers are always made. Leaves to others: what is kept, and answers on their way
//! to a client.

use std::cell::{Cell, OnceCell, RefCell};

use nedb::{Error, ErrorCode, MemoryShare, QueryBounds, QueryOptions, Result, Snapshot};

/// So many bytes of each answer are not counted.
const FREE_BYTES: usize = 64 << 10;

/// The bytes that are kept, of one answer and of all.
pub(super) struct Kept<'c> {
    options: &'c QueryOptions,
    limits: OnceCell<Limits>,
    answer_bytes: Cell<usize>,
    /// Of answers that are more than small.
    all_bytes: Cell<usize>,
}

struct Limits {
    answer_bytes_max: u64,
    share: Option<RefCell<MemoryShare>>,
}

impl<'c> Kept<'c> {
    pub(super) fn new(options: &'c QueryOptions) -> Self {
        Self { options, limits: OnceCell::new(), answer_bytes: Cell::new(0), all_bytes: Cell::new(0) }
    }

    /// Begins the answer of the next command; those before it are still kept.
    pub(super) fn begin_answer(&self) {
        self.answer_bytes.set(0);
    }

    /// The answer under way is kept no longer.
    pub(super) fn drop_answer(&self) {
        if self.answer_bytes.get() > FREE_BYTES {
            let left = self.all_bytes.get().saturating_sub(self.answer_bytes.get());
            self.all_bytes.set(left);
            if let Some(share) = self.limits.get().and_then(|limits| limits.share.as_ref()) {
                // Less than it holds: this cannot fail.
                let _less = share.borrow_mut().set(left);
            }
        }
        self.answer_bytes.set(0);
    }

    /// Keeps so many bytes more.
    ///
    /// Errors: `query_memory_exceeded` for an answer that is too large, `busy` when others leave no room for it.
    pub(super) fn keep(&self, snapshot: &Snapshot, bytes: usize) -> Result<()> {
        let answer_bytes = self.answer_bytes.get().saturating_add(bytes);
        let before = self.answer_bytes.replace(answer_bytes);
        if answer_bytes <= FREE_BYTES {
            return Ok(());
        }
        let more = if before > FREE_BYTES { bytes } else { answer_bytes };
        self.all_bytes.set(self.all_bytes.get().saturating_add(more));
        let limits = self.limits.get_or_init(|| {
            let bounds = QueryBounds::begin(snapshot, self.options);
            Limits { answer_bytes_max: bounds.memory_bytes_max(), share: bounds.memory_share().map(RefCell::new) }
        });
        let (max, given) = (limits.answer_bytes_max, answer_bytes as u64);
        if given > max {
            let code = ErrorCode::QueryMemoryExceeded;
            return Err(Error::over_limit(code, "memory of the answer", "memory_bytes_max", max, given));
        }
        limits.share.as_ref().map_or(Ok(()), |share| share.borrow_mut().set(self.all_bytes.get()))
    }

    /// Keeps a reply that was made, of which a part may be counted already.
    pub(super) fn keep_whole(&self, snapshot: &Snapshot, bytes: usize) -> Result<()> {
        self.keep(snapshot, bytes.saturating_sub(self.answer_bytes.get()))
    }
}
