//! Real records: two releases one after the other, with their graph and the past in between.

use nedb::{AsOf, Body, Database, Direction, Error, ErrorCode, Op, Result, Seq, WriteBatch};

use super::stage::{Stage, Title};
use crate::{
    BenchOptions, Row, Sample, Series, Unit,
    meter::{Stopwatch, disk_bytes},
    nedb_store::open_by_hand,
    number::float,
    workload::{Package, packages},
};

const COLLECTION: &str = "packages";
const BATCH: usize = 1000;

const LOAD: Title = Title {
    operation: "packages: import two releases, operations",
    target: "",
    unit: Unit::PerSecond,
    note: "parsed JSON, history and one edge per dependency",
};
const PAST: Title =
    Title { operation: "packages: get as of the first release", unit: Unit::Nanoseconds, note: "", ..LOAD };
const WALK: Title =
    Title { operation: "packages: dependencies of one package", unit: Unit::Nanoseconds, note: "", ..LOAD };
const DISK: Title = Title { operation: "packages: disk per operation", unit: Unit::Bytes, note: "", ..LOAD };

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let Some(releases) = packages(&stage.io, stage.options.data.as_deref())? else { return missing(stage.options) };
    let [mut load, mut past, mut walk, mut disk] = [(); 4].map(|()| Vec::new());
    for _ in 0..stage.options.rounds {
        let dir = stage.fresh("packages")?;
        let database = open_by_hand(&dir)?;
        let mut watch = Stopwatch::new(&stage.io);
        let mut moment = None;
        for release in &releases {
            let seq = watch.time(|| import(&database, release))?;
            moment = moment.or(seq);
        }
        watch.time(|| database.flush())?;
        let ops = usize::try_from(database.head().size).unwrap_or(0);
        load.push(watch.total().per_second(ops));
        let [first, _] = &releases;
        past.push(read_past(stage, &database, first, moment)?);
        walk.push(read_edges(stage, &database, first)?);
        database.checkpoint()?;
        database.close()?;
        drop(database);
        let value = float(disk_bytes(&stage.io, &dir)?) / float(ops.max(1) as u64);
        disk.push(Sample { value, ..Sample::default() });
        stage.io.disk.remove_dir_all(&dir)?;
    }
    for (title, samples) in [(LOAD, load), (PAST, past), (WALK, walk), (DISK, disk)] {
        out(title.row(vec![Series::new("NEDB", samples)], None));
    }
    Ok(())
}

/// The records are not everybody's: without them the group is left out, unless somebody asked for it.
fn missing(options: &BenchOptions) -> Result<()> {
    if options.data.is_none() && options.only.is_empty() {
        return Ok(());
    }
    let message = "the group packages needs two releases, *bookworm*.ndjson.zst and *trixie*.ndjson.zst, in the directory of --data";
    Err(Error::new(ErrorCode::NotFound, message))
}

fn import(database: &Database, release: &[Package]) -> Result<Option<Seq>> {
    for packages in release.chunks(BATCH) {
        let mut batch = WriteBatch::with_capacity(BATCH);
        for package in packages {
            batch.push(Op::put(COLLECTION, &package.item.id, Body::Json(package.item.json.clone())));
            let from = format!("{COLLECTION}:{}", String::from_utf8_lossy(&package.item.id));
            for depends in &package.depends {
                batch.push(Op::link(from.as_str(), "depends", format!("{COLLECTION}:{depends}")));
            }
        }
        database.write(batch)?;
    }
    Ok(database.head().seq())
}

fn read_past(stage: &Stage<'_>, database: &Database, release: &[Package], moment: Option<Seq>) -> Result<Sample> {
    let snapshot = database.snapshot_at(moment.map_or(AsOf::Head, AsOf::Seq))?;
    let mut watch = Stopwatch::new(&stage.io);
    watch.time(|| {
        for package in release {
            let row = snapshot.get(COLLECTION, &package.item.id)?;
            assert!(row.is_some(), "a package of the first release is there as of its import");
        }
        Ok(())
    })?;
    Ok(watch.total().per_op(release.len()))
}

fn read_edges(stage: &Stage<'_>, database: &Database, release: &[Package]) -> Result<Sample> {
    let snapshot = database.snapshot();
    let nodes: Vec<String> =
        release.iter().map(|package| format!("{COLLECTION}:{}", String::from_utf8_lossy(&package.item.id))).collect();
    let mut watch = Stopwatch::new(&stage.io);
    watch.time(|| {
        for node in &nodes {
            snapshot.neighbors(node, "depends", Direction::Outbound)?;
        }
        Ok(())
    })?;
    Ok(watch.total().per_op(nodes.len()))
}
