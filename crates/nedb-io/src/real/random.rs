//! The machine's randomness, stretched in the process because a system call per salt costs more than the salt's write.
//!
//! `rand`'s thread generator: `ChaCha` with 12 rounds, keyed by the operating system and keyed anew every 64 KiB. Keys, which
//! are long, come straight from the system. A forked child has its parent's state: it draws a new key before it uses it.

use std::cell::Cell;

use rand::{Rng, rngs::ThreadRng};

use crate::{Random, forks};

/// From this length on bytes are keys rather than salts.
const KEY_BYTES: usize = 32;

thread_local! {
    /// The process, as [`forks`] numbers it, in which this thread's generator got its last key.
    static KEYED_IN: Cell<u64> = const { Cell::new(0) };
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
        if buf.len() >= KEY_BYTES {
            getrandom::fill(buf).expect("the operating system has randomness on every platform this builds for");
        } else {
            own_generator().fill_bytes(buf);
        }
    }
}

/// This thread's generator, with a key that was drawn in this process.
fn own_generator() -> ThreadRng {
    let (forks, mut generator) = (forks(), rand::rng());
    if KEYED_IN.get() != forks {
        generator.reseed().expect("the operating system has randomness on every platform this builds for");
        KEYED_IN.set(forks);
    }
    generator
}
