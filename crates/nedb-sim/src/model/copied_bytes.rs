//! The torn-tail rule against payloads that hold copied bytes of the log itself.
//!
//! A document may contain a whole earlier frame, byte for byte, at any alignment. Recovery must not take it for a frame of
//! the log: neither as a continuation, nor as the witness that turns a torn tail into corruption.

use std::path::Path;

use nedb::{Body, Database, Object, Options, Value};
use nedb_io::simulate::{Faults, SimDisk};

use crate::{
    machine::{DATABASE, Machine},
    violation::{Verdict, Violation, expect_equal},
};

const SEGMENT: &str = "log/0000000000000000.seg";
/// Frames begin at multiples of this.
const ALIGN: usize = 64;

/// Copies the log so far into a document, at each alignment, and tears the frame that holds it at every place.
pub(super) fn explore() -> Verdict<String> {
    let mut torn = 0;
    for shift in 0..ALIGN {
        torn += explore_shift(shift).map_err(|wrong| wrong.during(format!("copied with a shift of {shift}")))?;
    }
    Ok(format!("{torn} torn tails"))
}

fn explore_shift(shift: usize) -> Verdict<u64> {
    let machine = Machine::with_disk(SimDisk::new(5, Faults::default()), 5);
    let options = |machine: &Machine| Options::new().io(machine.io()).sweep_interval_us(0);
    let db = Database::open(machine.database(), options(&machine))?;
    for number in 0..3 {
        db.put("notes", format!("n{number}"), Body::json(format!(r#"{{"v": {number}}}"#)))?;
    }
    let path = Path::new(DATABASE).join(SEGMENT);
    let before = used(&machine.disk.read_file(&path)?);
    let mut copy = vec![0xAA; shift];
    copy.extend_from_slice(machine.disk.read_file(&path)?.get(4096..before).unwrap_or_default());
    let object = Object::from_fields(vec![("copy".to_owned(), Value::Bytes(copy))])?;
    db.put("notes", "copy", Body::Value(Value::Object(object)))?;
    let whole = machine.disk.read_file(&path)?;
    let (start, end) = (before.next_multiple_of(ALIGN), used(&whole));
    machine.disk.cut();
    let image = machine.disk.snapshot();
    drop(db);
    // Each sector of the torn frame lost by itself, and everything from each place on.
    let places: Vec<(usize, usize)> =
        (start..end).step_by(ALIGN).flat_map(|from| [(from, (from + ALIGN).min(end)), (from, end)]).collect();
    for (from, to) in &places {
        let disk = SimDisk::from_image(6, Faults::default(), &image);
        for offset in *from..*to {
            disk.set_byte(&path, offset as u64, 0)?;
        }
        let machine = Machine::with_disk(disk, 6);
        let opened = Database::open(machine.database(), options(&machine).create(false));
        let db = opened.map_err(|error| Violation::new(format!("zeroed {from}..{to}: {error}")))?;
        let is_touched = whole.get(*from..*to).is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0));
        expect_equal(format!("operations with {from}..{to} zeroed"), &db.head().size, &(4 - u64::from(is_touched)))?;
        expect_equal("documents that were not torn", &db.get("notes", "n2")?.is_some(), &true)?;
    }
    Ok(places.len() as u64)
}

/// The end of the used part of a file.
fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}
