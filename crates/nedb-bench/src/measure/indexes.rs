//! What indexes cost: building one, keeping two while rows are loaded, disk and memory.

use nedb::Result;

use super::{
    stage::{Stage, Title},
    tables::{Contestant, Tables},
};
use crate::{
    Question, Row, Sample, Series, TableKind, Unit,
    meter::Stopwatch,
    number::float,
    workload::{block_row, miner},
};

/// The fields of the two indexes that are kept during a load: one with equal values, one that ascends.
const KEPT: [&str; 2] = ["miner", "height"];

const LOAD: Title = Title {
    operation: "bulk load of blocks, two secondary indexes",
    target: ">= 300k rows/s",
    unit: Unit::PerSecond,
    note: "transactions of 10,000, a flush, and an answer by an index at the end",
};
const PLAIN: Title =
    Title { operation: "bulk load of blocks, no secondary index", target: "", note: "the same rows", ..LOAD };
const PUT: Title = Title {
    operation: "index maintenance, two indexes, each put",
    target: "",
    unit: Unit::Nanoseconds,
    note: "the difference of the two loads",
};
const BUILD: Title = Title {
    operation: "index build over all blocks, rows",
    target: "",
    unit: Unit::PerSecond,
    note: "random numbers; until it answers, with a checkpoint",
};
const DISK: Title = Title {
    operation: "disk of one index, each row",
    target: "",
    unit: Unit::Bytes,
    note: "growth of all files; values up to a million under ids of 10 bytes",
};
const MEMORY: Title = Title {
    operation: "memory of one index, each row, before a checkpoint",
    target: "",
    unit: Unit::Bytes,
    note: "as NEDB tells it; a checkpoint moves it to the disk",
};

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let mut tables = Tables::open(stage, TableKind::Blocks)?;
    let kept = tables.rounds(|one, _| load(stage, one, &KEPT).map(Some))?;
    let plain = tables.rounds(|one, _| load(stage, one, &[]).map(Some))?;
    let per_put = kept.iter().zip(&plain).map(|(kept, plain)| difference(kept, plain)).collect();
    out(LOAD.row(kept, None));
    out(PLAIN.row(plain, None));
    out(PUT.row(per_put, None));
    let (mut built, mut disk, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    tables.each(|one| {
        let costs = build(stage, one)?;
        let of_one = |sample| Series::new(one.name(), vec![sample]);
        built.push(of_one(costs.built));
        disk.push(of_one(costs.disk_bytes));
        memory.extend(costs.memory_bytes.map(of_one));
        Ok(())
    })?;
    for (title, series) in [(BUILD, built), (DISK, disk), (MEMORY, memory)] {
        out(title.row(series, None));
    }
    tables.clear()
}

/// Loads all blocks into an empty table that has these indexes.
fn load(stage: &Stage<'_>, one: &mut Contestant<'_>, fields: &[&'static str]) -> Result<Sample> {
    let rows = stage.options.scale.documents();
    one.empty(stage)?;
    fields.iter().try_for_each(|field| one.table()?.create_index(field))?;
    let mut watch = Stopwatch::new(&stage.io);
    one.load(&mut watch, 0..rows as u64, block_row)?;
    let table = one.table()?;
    watch.time(|| {
        table.flush()?;
        if !fields.is_empty() {
            // Indexes may follow behind the rows; an answer needs them at the end.
            let question = table.prepare(Question::ByMiner, None)?;
            question.map(|mut question| question.ask(&crate::Cell::Text(miner(0)))).transpose()?;
        }
        Ok(())
    })?;
    Ok(watch.total().per_second(rows))
}

/// The time that one row takes longer.
fn difference(kept: &Series, plain: &Series) -> Series {
    let time = |rate: f64| 1e9 / rate;
    let cpu_ns = kept.cpu_ns().zip(plain.cpu_ns()).map(|(kept, plain)| kept - plain);
    let value = time(kept.median()) - time(plain.median());
    Series::new(kept.name, vec![Sample { value, cpu_ns, flushes: None }])
}

/// What one more index cost.
struct Costs {
    built: Sample,
    disk_bytes: Sample,
    memory_bytes: Option<Sample>,
}

/// Indexes the blocks of a table that has no index.
fn build(stage: &Stage<'_>, one: &Contestant<'_>) -> Result<Costs> {
    let rows = stage.options.scale.documents();
    let bytes = |bytes: u64| Sample { value: float(bytes) / float(rows as u64), ..Sample::default() };
    let (table, mut watch) = (one.table()?, Stopwatch::new(&stage.io));
    table.settle()?;
    let before = one.disk_bytes(stage)?;
    watch.time(|| table.create_index("fee"))?;
    let memory_bytes = table.index_memory_bytes().map(bytes);
    watch.time(|| table.settle())?;
    let grown = one.disk_bytes(stage)?.saturating_sub(before);
    Ok(Costs { built: watch.total().per_second(rows), disk_bytes: bytes(grown), memory_bytes })
}
