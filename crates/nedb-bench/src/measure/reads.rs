//! Reads of the newest state, everything in memory.

use nedb::Result;

use super::stage::{Stage, Title};
use crate::{
    Mode, Reader, Row, Sample, Store, Unit,
    meter::Stopwatch,
    workload::{self, Sequence},
};

const WIDTH: usize = 16;
const RANGE_ROWS: usize = 100;

const GET: Title = Title {
    operation: "hot point get",
    target: "<= 450 ns",
    unit: Unit::Nanoseconds,
    note: "random keys, one open snapshot or read transaction; NEDB copies the row out, zero-copy peers only touch it",
};
const GET_FRESH: Title =
    Title { operation: "hot point get, before any checkpoint", target: "", note: "straight after the load", ..GET };
const MULTI_GET: Title = Title { operation: "multi_get of 16, each", target: "<= 120 ns", note: "", ..GET };
const RANGE: Title = Title { operation: "range of 100 rows", target: "<= 5 us", note: "", ..GET };

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let mut stores = Vec::new();
    for candidate in &stage.candidates {
        let dir = stage.fresh(&format!("reads-{}", candidate.name()))?;
        let store = candidate.open(&dir, Mode::Load)?;
        for items in stage.document_batches(0) {
            store.write(items?)?;
        }
        store.flush()?;
        stores.push((store, dir));
    }
    out(rows(stage, &stores, GET_FRESH, get)?);
    let mut settled = Vec::new();
    for ((store, dir), candidate) in stores.into_iter().zip(&stage.candidates) {
        store.settle()?;
        drop(store);
        settled.push((candidate.open(&dir, Mode::Load)?, dir));
    }
    out(rows(stage, &settled, GET, get)?);
    out(rows(stage, &settled, MULTI_GET, multi_get)?);
    out(rows(stage, &settled, RANGE, range)?);
    for (store, dir) in settled {
        drop(store);
        stage.io.disk.remove_dir_all(&dir)?;
    }
    Ok(())
}

type Stores = [(Box<dyn Store>, std::path::PathBuf)];
type Work = fn(&Stage<'_>, &mut dyn Reader, &[Vec<u8>]) -> Result<Sample>;

fn rows(stage: &Stage<'_>, stores: &Stores, title: Title, work: Work) -> Result<Row> {
    let documents = stage.options.scale.documents();
    let ids: Vec<Vec<u8>> =
        Sequence::new(23).shuffled(documents).into_iter().map(|number| workload::id_of(u64::from(number))).collect();
    let series = stage.rounds(|position, _| match stores.get(position) {
        Some((store, _)) => work(stage, store.reader()?.as_mut(), &ids),
        None => Ok(Sample::default()),
    })?;
    Ok(title.row(series, None))
}

fn get(stage: &Stage<'_>, reader: &mut dyn Reader, ids: &[Vec<u8>]) -> Result<Sample> {
    let mut watch = Stopwatch::new(&stage.io);
    let mut found = 0;
    watch.time(|| {
        for id in ids {
            found += reader.get(id)?;
        }
        Ok(())
    })?;
    assert_eq!(found, ids.len(), "every document that was loaded is found");
    Ok(watch.total().per_op(ids.len()))
}

fn multi_get(stage: &Stage<'_>, reader: &mut dyn Reader, ids: &[Vec<u8>]) -> Result<Sample> {
    let mut watch = Stopwatch::new(&stage.io);
    let mut found = 0;
    let mut batch: Vec<&[u8]> = Vec::with_capacity(WIDTH);
    watch.time(|| {
        for ids in ids.chunks(WIDTH) {
            batch.clear();
            batch.extend(ids.iter().map(Vec::as_slice));
            found += reader.multi_get(&batch)?;
        }
        Ok(())
    })?;
    assert_eq!(found, ids.len(), "every document that was loaded is found");
    Ok(watch.total().per_op(ids.len()))
}

fn range(stage: &Stage<'_>, reader: &mut dyn Reader, ids: &[Vec<u8>]) -> Result<Sample> {
    let starts = ids.len() / RANGE_ROWS;
    let mut watch = Stopwatch::new(&stage.io);
    let mut found = 0;
    watch.time(|| {
        for id in ids.iter().take(starts) {
            found += reader.range(id, RANGE_ROWS)?;
        }
        Ok(())
    })?;
    assert!(found > starts * RANGE_ROWS * 9 / 10, "only ranges near the end are short");
    Ok(watch.total().per_op(starts))
}
