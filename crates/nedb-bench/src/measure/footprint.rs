//! Disk for each row with everything included, and the memory of a process that opens the store and reads every row.

use nedb::Result;

use super::{
    reopen::reopen_apart,
    stage::{LOAD_BATCH, Stage, Title},
};
use crate::{
    Candidate, Item, Mode, Row, Sample, Unit,
    meter::{Resident, disk_bytes},
    number::float,
    workload,
};

const DISK: Title = Title {
    operation: "disk per row (blocks)",
    target: "<= 320 B",
    unit: Unit::Bytes,
    note: "all files after a clean close, as du counts them; NEDB's hold the history and the hashes",
};
const ANONYMOUS: Title = Title {
    operation: "allocated memory per key, after opening and reading every row",
    target: "<= 20 B",
    unit: Unit::Bytes,
    note: "growth of RssAnon in a process of its own; a store's own cache is part of it",
};
const MAPPED: Title = Title {
    operation: "mapped memory per key, after opening and reading every row",
    target: "",
    unit: Unit::Bytes,
    note: "growth of RssFile in a process of its own: pages of the files themselves, which the system may take back",
};

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let mut found = Vec::new();
    for candidate in &stage.candidates {
        found.push(one(stage, *candidate)?);
    }
    let parts: [(Title, Part); 3] = [
        (DISK, |footprint| Some(footprint.disk_bytes)),
        (ANONYMOUS, |footprint| footprint.memory.map(|memory| memory.anonymous)),
        (MAPPED, |footprint| footprint.memory.map(|memory| memory.mapped)),
    ];
    let rows = float(stage.options.scale.documents() as u64);
    for (title, part) in parts {
        let values: Option<Vec<u64>> = found.iter().map(part).collect();
        let Some(values) = values else { continue };
        let series = values.into_iter().zip(&stage.candidates).map(|(bytes, candidate)| {
            let sample = Sample { value: float(bytes) / rows, ..Sample::default() };
            crate::Series::new(candidate.name(), vec![sample])
        });
        out(title.row(series.collect(), None));
    }
    Ok(())
}

type Part = fn(&Footprint) -> Option<u64>;

struct Footprint {
    disk_bytes: u64,
    memory: Option<Resident>,
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
    let memory = reopen_apart(stage.options, candidate, &dir)?;
    stage.io.disk.remove_dir_all(&dir)?;
    Ok(Footprint { disk_bytes, memory })
}
