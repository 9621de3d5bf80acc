//! Disk for each row with everything included, and how much of it is mapped by reading.
//!
//! Heap for each key is not measured here: an allocator keeps what the load freed, so the growth of the process says nothing.

use nedb::Result;

use super::stage::{LOAD_BATCH, Stage, Title};
use crate::{
    Candidate, Item, Mode, Row, Sample, Unit,
    meter::{disk_bytes, mapped_bytes},
    number::float,
    workload,
};

const DISK: Title = Title {
    operation: "disk per row (blocks)",
    target: "<= 320 B",
    unit: Unit::Bytes,
    note: "all files after a clean close, as du counts them; NEDB's hold the history and the hashes",
};
const MAPPED: Title = Title {
    operation: "mapped memory per key, after opening and reading every row",
    target: "",
    note: "growth of RssFile: pages of the files themselves, which the system may take back",
    ..DISK
};

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let mut found = Vec::new();
    for candidate in &stage.candidates {
        found.push(one(stage, *candidate)?);
    }
    let rows = float(stage.options.scale.documents() as u64);
    let parts: [(Title, Part); 2] =
        [(DISK, |footprint| footprint.disk_bytes), (MAPPED, |footprint| footprint.mapped_bytes)];
    for (title, part) in parts {
        let mut series = Vec::new();
        for (footprint, candidate) in found.iter().zip(&stage.candidates) {
            let value = float(part(footprint)) / rows;
            series.push(crate::Series::new(candidate.name(), vec![Sample { value, ..Sample::default() }]));
        }
        out(title.row(series, None));
    }
    Ok(())
}

type Part = fn(&Footprint) -> u64;

struct Footprint {
    disk_bytes: u64,
    mapped_bytes: u64,
}

fn one(stage: &Stage<'_>, candidate: &dyn Candidate) -> Result<Footprint> {
    let dir = stage.fresh("footprint")?;
    let store = candidate.open(&dir, Mode::Load)?;
    let rows = stage.options.scale.documents() as u64;
    for first in (0..rows).step_by(LOAD_BATCH) {
        let items: Result<Vec<Item>> = (first..(first + LOAD_BATCH as u64).min(rows)).map(workload::block).collect();
        store.write(items?)?;
    }
    store.flush()?;
    store.settle()?;
    drop(store);
    let disk_bytes = disk_bytes(&stage.io, &dir)?;
    let mapped_bytes = mapped_by_reading(stage, candidate, &dir)?;
    stage.io.disk.remove_dir_all(&dir)?;
    Ok(Footprint { disk_bytes, mapped_bytes })
}

fn mapped_by_reading(stage: &Stage<'_>, candidate: &dyn Candidate, dir: &std::path::Path) -> Result<u64> {
    let before = mapped_bytes(&stage.io)?;
    let store = candidate.open(dir, Mode::Load)?;
    let mut reader = store.reader()?;
    for height in 0..stage.options.scale.documents() as u64 {
        let found = reader.get(&workload::block(height)?.id)?;
        assert_eq!(found, 1, "every block that was written is found");
    }
    Ok(mapped_bytes(&stage.io)?.saturating_sub(before))
}
