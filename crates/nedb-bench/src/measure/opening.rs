//! Cold start: from nothing in memory and nothing in the page cache to the first answer.

use nedb::{Body, Database, Op, Result, WriteBatch};

use super::stage::{LOAD_BATCH, Stage, Title};
use crate::{
    Row, Sample, Scale, Series, Unit,
    meter::{Stopwatch, forget_cached},
    nedb_store::{COLLECTION, open_by_hand},
    workload,
};

/// What lies on the disk when it is opened.
struct Shape {
    title: Title,
    checkpointed: u64,
    tail: u64,
}

const NOTE: &str = "open and one get; the page cache of its files was dropped before";

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let documents = stage.options.scale.documents() as u64;
    let title = |operation, target| Title { operation, target, unit: Unit::Nanoseconds, note: NOTE };
    let mut shapes = vec![
        Shape { title: title("cold start, checkpoint only", "< 50 ms at 1M"), checkpointed: documents, tail: 0 },
        Shape {
            title: title("cold start, half as many behind the checkpoint", "< 0.7 s at 1M + 500k"),
            checkpointed: documents,
            tail: documents / 2,
        },
    ];
    if stage.options.scale == Scale::Long {
        shapes.push(Shape { title: title("cold start, 10M rows", "< 1 s"), checkpointed: 10_000_000, tail: 0 });
    }
    for shape in shapes {
        let row = one_shape(stage, &shape)?;
        out(row);
    }
    Ok(())
}

fn one_shape(stage: &Stage<'_>, shape: &Shape) -> Result<Row> {
    let dir = stage.fresh("opening")?;
    let database = open_by_hand(&dir)?;
    append(&database, 0, shape.checkpointed)?;
    database.checkpoint()?;
    append(&database, shape.checkpointed, shape.tail)?;
    database.close()?;
    drop(database);
    let mut samples = Vec::new();
    for _ in 0..stage.options.rounds {
        forget_cached(&stage.io, &dir)?;
        let mut watch = Stopwatch::new(&stage.io);
        let database = watch.time(|| {
            let database = open_by_hand(&dir)?;
            let found = database.get(COLLECTION, workload::id_of(0))?;
            assert!(found.is_some(), "the first document is found after opening");
            Ok(database)
        })?;
        drop(database);
        samples.push(Sample { flushes: None, ..watch.total().per_op(1) });
    }
    stage.io.disk.remove_dir_all(&dir)?;
    Ok(shape.title.row(vec![Series::new("NEDB", samples)], None))
}

fn append(database: &Database, first: u64, count: u64) -> Result<()> {
    let mut next = first;
    while next < first + count {
        let end = (next + LOAD_BATCH as u64).min(first + count);
        let mut batch = WriteBatch::with_capacity(LOAD_BATCH);
        for number in next..end {
            let item = workload::document(number, 0)?;
            batch.push(Op::put(COLLECTION, item.id, Body::Document(item.document)));
        }
        database.write(batch)?;
        next = end;
    }
    Ok(())
}
