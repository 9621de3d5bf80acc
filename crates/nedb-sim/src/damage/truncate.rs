//! Files cut off at every byte.

use std::path::Path;

use nedb_io::simulate::{Faults, SimDisk};

use super::{Base, Counts};
use crate::{
    machine::DATABASE,
    violation::{Verdict, Violation},
};

/// Cuts every file off: within the frames of the log at every byte, elsewhere at every so-manyth byte and at each of the
/// last 64.
pub fn truncate_files(base: &Base, every: u64, threads: usize) -> Verdict<Counts> {
    let mut cuts: Vec<(String, u64)> = Vec::new();
    for (path, bytes) in base.image.files() {
        let Some(name) = path.strip_prefix(DATABASE).ok().and_then(Path::to_str) else { continue };
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
        let is_chosen =
            |len: &u64| name.starts_with("log/") && *len >= 4096 || len.is_multiple_of(every) || *len + 64 > used;
        cuts.extend(
            (0..bytes.len() as u64).filter(|len| *len <= used).filter(is_chosen).map(|len| (name.to_owned(), len)),
        );
    }
    let jobs = threads.max(1) * 16;
    let parts = nedb_io::scoped(threads, jobs, |job| {
        let mut counts = Counts::default();
        for (name, len) in cuts.iter().skip(job).step_by(jobs) {
            let disk = SimDisk::from_image(1, Faults::default(), &base.image);
            disk.truncate_file(&Path::new(DATABASE).join(name), *len)?;
            let context = |wrong: Violation| wrong.during(format!("{name} cut off at {len}"));
            counts.note(base.examine(&disk, base.head_size).map_err(context)?);
        }
        Ok::<Counts, Violation>(counts)
    });
    let mut counts = Counts::default();
    for part in parts {
        counts.add(part?);
    }
    Ok(counts)
}
