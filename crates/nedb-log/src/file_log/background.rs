//! Growing files and preparing segments before they are needed.
//!
//! It never touches a byte below the zeroed mark, holds its lock for one piece at a time, and stops at the end of the
//! log's life. Without it everything still works; the appending thread then grows files itself.

use super::grow::write_zeros;
use super::{Inner, Tail};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

impl Inner {
    /// Hands work to the scheduler when room runs short.
    pub(super) fn request_room(self: &Arc<Self>, tail: &Tail) {
        let used = self.offset_of(self.next_address(tail));
        let zeroed = self.zeroed.load(Ordering::Acquire);
        let step = zeroed.min(u64::from(self.options.grow_step_bytes_max));
        let is_short = zeroed < self.segment_bytes() && zeroed.saturating_sub(used) < step / 2;
        let is_nearly_full = used >= self.segment_bytes() / 4 * 3;
        if !is_short && !is_nearly_full {
            return;
        }
        // Background growth holds the lock; whoever holds it is at work already.
        let Some(mut room) = self.room.try_lock() else {
            return;
        };
        let weak = Arc::downgrade(self);
        if is_short && !room.is_growth_requested {
            room.is_growth_requested = true;
            let target = self.next_len(zeroed, zeroed + 1);
            let (number, weak) = (room.number, Weak::clone(&weak));
            self.io.scheduler.run("log growth", Box::new(move || grow_ahead(&weak, number, target)));
        }
        if is_nearly_full && !room.is_successor_requested {
            room.is_successor_requested = true;
            let number = room.number + 1;
            self.io.scheduler.run("log successor", Box::new(move || prepare_segment(&weak, number)));
        }
    }

    /// Waits for background work in flight and lets none begin any more.
    pub(super) fn end_background(&self) {
        self.room.lock().is_closed = true;
    }

    /// Zeroes one more piece; returns whether more is wanted.
    fn grow_piece(&self, number: u64, target: u64) -> bool {
        let mut room = self.room.lock();
        let zeroed = self.zeroed.load(Ordering::Acquire);
        let is_current = room.number == number && !room.is_closed && self.poison.get().is_none();
        let zeroing = self.zeroing();
        let end = zeroing.piece_end(zeroed, target);
        if !is_current || zeroed >= target || write_zeros(&*room.file, zeroed, end, zeroing).is_err() {
            // A full disk is reported by the append that needs the room.
            room.is_growth_requested &= room.number != number;
            return false;
        }
        self.zeroed.store(end, Ordering::Release);
        let file = Arc::clone(&room.file);
        drop(room);
        self.sync_growth(&*file)
    }

    /// Makes the zeros durable in small portions, so that no commit has to wait for all of them.
    fn sync_growth(&self, file: &dyn nedb_io::File) -> bool {
        let _gate = self.gate.lock();
        if self.poison.get().is_some() || self.is_closed.load(Ordering::Acquire) {
            return false;
        }
        self.or_poison(file.sync_data(), "syncing the log's growth").is_ok()
    }
}

fn grow_ahead(log: &Weak<Inner>, number: u64, target: u64) {
    while let Some(log) = log.upgrade() {
        if !log.grow_piece(number, target) {
            return;
        }
    }
}

fn prepare_segment(log: &Weak<Inner>, number: u64) {
    let Some(log) = log.upgrade() else { return };
    let room = log.room.lock();
    let is_wanted = room.number + 1 == number && !room.is_closed && log.poison.get().is_none();
    if is_wanted && log.reader.segments().get(number).is_none() {
        // A failure shows again, and is reported, when the segment is needed.
        if let Ok(segment) = log.make_segment(number) {
            log.reader.segments().push(segment);
        }
    }
}
