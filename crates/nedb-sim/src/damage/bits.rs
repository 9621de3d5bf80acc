//! Every bit of every file, flipped by itself.

use std::path::Path;

use nedb_io::simulate::{Faults, SimDisk};

use super::{Base, Counts, Examined};
use crate::{
    machine::DATABASE,
    violation::{Verdict, Violation},
};

/// Which bits are flipped: one of so many.
#[derive(Clone, Copy, Debug)]
pub struct Every {
    /// In the used part of the log.
    pub log: u64,
    /// Everywhere else.
    pub other: u64,
}

/// Flips bits, each in a fresh copy.
pub fn flip_bits(base: &Base, every: Every, threads: usize) -> Verdict<Counts> {
    let mut flips: Vec<Flip> = Vec::new();
    for (path, bytes) in base.image.files() {
        let Some(name) = path.strip_prefix(DATABASE).ok().and_then(Path::to_str) else { continue };
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
        // Behind the used part all is alike: a page of it stands for the rest.
        let end = (bytes.len() as u64).min(used + 4096);
        let is_log = name.starts_with("log/");
        for (offset, bit) in (0..end).flat_map(|offset| (0..8).map(move |bit| (offset, bit))) {
            let is_covered = is_log && offset < used;
            let every = if is_covered { every.log } else { every.other };
            // The chosen bit wanders, so that every position within a byte gets its turn.
            if (offset * 8 + u64::from(bit)) % every == offset / 8 % every {
                flips.push(Flip { name: name.to_owned(), offset, bit, is_covered });
            }
        }
    }
    let jobs = threads.max(1) * 16;
    let parts = nedb_io::scoped(threads, jobs, |job| {
        let mut counts = Counts::default();
        for flip in flips.iter().skip(job).step_by(jobs) {
            counts.note(flip.examine(base)?);
        }
        Ok::<Counts, Violation>(counts)
    });
    let mut counts = Counts::default();
    for part in parts {
        counts.add(part?);
    }
    Ok(counts)
}

struct Flip {
    name: String,
    offset: u64,
    bit: u8,
    /// Whether it lies in the used part of the log, where even a dead bit must be noticed.
    is_covered: bool,
}

impl Flip {
    fn examine(&self, base: &Base) -> Verdict<Examined> {
        let Self { name, offset, bit, is_covered } = self;
        let disk = SimDisk::from_image(1, Faults::default(), &base.image);
        disk.flip_bit(&Path::new(DATABASE).join(name), *offset, *bit)?;
        let context = |wrong: Violation| wrong.during(format!("bit {bit} of byte {offset} of {name} flipped"));
        let examined = base.examine(&disk, base.durable_size).map_err(context)?;
        if *is_covered && examined == Examined::Dead {
            return Err(context(Violation::new("nobody noticed")));
        }
        Ok(examined)
    }
}
