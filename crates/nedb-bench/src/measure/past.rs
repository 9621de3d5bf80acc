//! Reads of earlier states: AS OF among one and among a thousand versions.

use nedb::Result;

use super::stage::{LOAD_BATCH, Stage, Title};
use crate::{
    Item, Mode, Row, Sample, Store, Unit,
    meter::Stopwatch,
    workload::{self, Sequence},
};

const READS: usize = 200_000;

/// How the history of one measurement is shaped.
struct Shape {
    title: Title,
    documents: usize,
    versions: u64,
}

const NOTE: &str =
    "a fresh moment for every read, moments and keys in random order; peers keep versions under key + number";

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let title = |operation, target| Title { operation, target, unit: Unit::Nanoseconds, note: NOTE };
    let documents = stage.options.scale.documents();
    let shapes = [
        Shape { title: title("AS OF among 1 version", "<= 1.5x the current get"), documents, versions: 1 },
        Shape { title: title("AS OF among 1000 versions", "<= 2.5 us"), documents: documents / 1000, versions: 1000 },
    ];
    for shape in shapes {
        let row = one_shape(stage, &shape)?;
        out(row);
    }
    Ok(())
}

fn one_shape(stage: &Stage<'_>, shape: &Shape) -> Result<Row> {
    let mut stores = Vec::new();
    for candidate in &stage.candidates {
        let dir = stage.fresh(&format!("past-{}", candidate.name()))?;
        let store = candidate.open(&dir, Mode::Load)?;
        let moments = write_history(store.as_ref(), shape)?;
        store.flush()?;
        store.settle()?;
        drop(store);
        stores.push((candidate.open(&dir, Mode::Load)?, dir, moments));
    }
    let series = stage.rounds(|position, round| match stores.get(position) {
        Some((store, _, moments)) => read(stage, store.as_ref(), moments, shape.documents, round),
        None => Ok(Sample::default()),
    })?;
    for (store, dir, _) in stores {
        drop(store);
        stage.io.disk.remove_dir_all(&dir)?;
    }
    Ok(shape.title.row(series, None))
}

/// Writes all versions and returns the moment after each.
fn write_history(store: &dyn Store, shape: &Shape) -> Result<Vec<u64>> {
    let mut moments = Vec::new();
    for version in 0..shape.versions {
        let mut moment = 0;
        for batch in (0..shape.documents as u64).collect::<Vec<_>>().chunks(LOAD_BATCH) {
            let items: Result<Vec<Item>> = batch.iter().map(|number| workload::document(*number, version)).collect();
            moment = store.write_version(items?, version)?;
        }
        moments.push(moment);
    }
    Ok(moments)
}

fn read(stage: &Stage<'_>, store: &dyn Store, moments: &[u64], documents: usize, round: usize) -> Result<Sample> {
    let mut random = Sequence::new(31 + round as u64);
    let mut questions = Vec::with_capacity(READS);
    for _ in 0..READS {
        let moment = moments.get(random.below(moments.len())).copied().unwrap_or(0);
        questions.push((workload::id_of(random.below(documents) as u64), moment));
    }
    let mut reader = store.reader()?;
    let mut watch = Stopwatch::new(&stage.io);
    let mut found = 0;
    watch.time(|| {
        for (id, moment) in &questions {
            found += reader.get_as_of(id, *moment)?;
        }
        Ok(())
    })?;
    assert_eq!(found, questions.len(), "every version that was written is found");
    Ok(watch.total().per_op(questions.len()))
}
