//! Bulk load: a million documents in random order, durable at the end.

use nedb::Result;

use super::stage::{Stage, Title};
use crate::{Candidate, Mode, Row, Sample, Series, Unit, meter::Stopwatch, nedb_store::Nedb};

const STORED: Title = Title {
    operation: "bulk load",
    target: ">= 800k rows/s",
    unit: Unit::PerSecond,
    note: "transactions of 10,000, one flush at the end; NEDB hashes every row into its tree, peers store opaque bytes",
};

const JSON: Title = Title { operation: "bulk load from JSON", target: "", note: "peers do not parse", ..STORED };

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let series = stage.rounds(|position, round| match stage.candidates.get(position) {
        Some(candidate) => load(stage, *candidate, round),
        None => Ok(Sample::default()),
    })?;
    out(STORED.row(series, None));
    let samples: Result<Vec<_>> = (0..stage.options.rounds).map(|round| load(stage, &Nedb::JSON, round)).collect();
    out(JSON.row(vec![Series::new("NEDB", samples?)], None));
    Ok(())
}

fn load(stage: &Stage<'_>, candidate: &dyn Candidate, round: usize) -> Result<Sample> {
    let dir = stage.fresh("load")?;
    let store = candidate.open(&dir, Mode::Load)?;
    let mut watch = Stopwatch::new(&stage.io);
    for items in stage.document_batches(round as u64) {
        let items = items?;
        watch.time(|| store.write(items))?;
    }
    watch.time(|| store.flush())?;
    drop(store);
    stage.io.disk.remove_dir_all(&dir)?;
    Ok(watch.total().per_second(stage.options.scale.documents()))
}
