//! The machine's randomness, stretched in the process because a system call per salt costs more than the salt's write.
//!
//! Each thread holds a key from the operating system and stretches it with `ChaCha12`: every step yields the next key
//! first and bytes to hand out after it, and overwrites the old key, so that what was handed out cannot be computed from
//! what is still in memory. Bytes are wiped as they are handed out and never given twice. Long buffers come straight
//! from the system. A process that forks without `exec` is not supported: both sides would hold one key.

use std::cell::RefCell;

use super::chacha::{STEP_BYTES, first_step};
use crate::Random;

const KEY_BYTES: usize = 32;
/// No attack on more than seven rounds is known, and every salt pays for every round.
const ROUNDS: u32 = 12;
const STOCK_BYTES: usize = STEP_BYTES - KEY_BYTES;
/// A fresh key from the system about every 60 KiB: its cost of a microsecond is spread over some 3,800 salts.
const STEPS_PER_KEY: u32 = 128;

thread_local! {
    static STRETCH: RefCell<Stretch> = const { RefCell::new(Stretch::new()) };
}

/// Unpredictable bytes, seeded by the operating system.
///
/// ```
/// use nedb_io::{Random, RealRandom};
///
/// let (mut first, mut second) = ([0; 16], [0; 16]);
/// let random = RealRandom::new();
/// random.fill(&mut first);
/// random.fill(&mut second);
/// assert_ne!(first, second);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RealRandom;

impl RealRandom {
    /// Returns the system's randomness; its state belongs to the calling thread.
    pub fn new() -> Self {
        Self
    }
}

impl Random for RealRandom {
    fn fill(&self, buf: &mut [u8]) {
        if buf.len() > STOCK_BYTES {
            fetch(buf);
        } else {
            STRETCH.with_borrow_mut(|stretch| stretch.take(buf));
        }
    }
}

struct Stretch {
    key: [u8; KEY_BYTES],
    steps_left: u32,
    stock: [u8; STOCK_BYTES],
    used: usize,
}

impl Stretch {
    const fn new() -> Self {
        Self { key: [0; KEY_BYTES], steps_left: 0, stock: [0; STOCK_BYTES], used: STOCK_BYTES }
    }

    #[inline]
    fn take(&mut self, buf: &mut [u8]) {
        if STOCK_BYTES - self.used < buf.len() {
            self.step();
        }
        if let Some(fresh) = self.stock.get_mut(self.used..self.used + buf.len()) {
            buf.copy_from_slice(fresh);
            fresh.fill(0);
            self.used += buf.len();
        }
    }

    fn step(&mut self) {
        if self.steps_left == 0 {
            fetch(&mut self.key);
            self.steps_left = STEPS_PER_KEY;
        }
        self.steps_left -= 1;
        let bytes = first_step::<ROUNDS>(&self.key);
        if let Some((key, stock)) = bytes.split_first_chunk() {
            self.key = *key;
            self.stock.copy_from_slice(stock);
            self.used = 0;
        }
    }
}

fn fetch(buf: &mut [u8]) {
    // Without randomness no salt, identity or key can be made: there is no safe way to go on, and no system that
    // has started far enough to run a database refuses it.
    getrandom::fill(buf).expect("the operating system provides random bytes");
}
