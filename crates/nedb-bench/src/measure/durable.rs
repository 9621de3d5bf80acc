//! Writes that are on the disk when they return, beside the disk's own limit in the same directory.

use nedb::Result;
use nedb_io::{Clock, scoped};

use super::stage::{Stage, Title};
use crate::{
    Item, Mode, Row, Sample, Series, Store, Unit,
    meter::{RawAppend, Stopwatch, median},
    number::float,
    workload,
};

const WRITERS: usize = 64;
const BATCH: usize = 1000;
const PUTS_IN_TURN: u64 = 10;

const PUT: Title = Title {
    operation: "durable put, one writer, p50",
    target: "<= 1.1x append + fdatasync",
    unit: Unit::Nanoseconds,
    note: "the limit is an append of 512 bytes to a zeroed file and fdatasync",
};
const MANY: Title = Title {
    operation: "durable puts, 64 writers",
    target: ">= 60k/s",
    unit: Unit::PerSecond,
    note: "one put per call; peers without group commit sync once per put",
};
const BATCHES: Title = Title {
    operation: "durable batches of 1000, rows",
    target: ">= 600k rows/s",
    unit: Unit::PerSecond,
    note: "one sync per batch",
};

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let mut stores = Vec::new();
    for candidate in &stage.candidates {
        let dir = stage.fresh(&format!("durable-{}", candidate.name()))?;
        stores.push((candidate.open(&dir, Mode::Durable)?, dir));
    }
    let mut numbers = Numbers { next: 0 };
    out(single(stage, &stores, &mut numbers)?);
    for (title, work) in [(MANY, many as Work), (BATCHES, batches as Work)] {
        let series = stage.rounds(|position, _| match stores.get(position) {
            Some((store, _)) => work(stage, store.as_ref(), &mut numbers),
            None => Ok(Sample::default()),
        })?;
        out(title.row(series, None));
    }
    for (store, dir) in stores {
        drop(store);
        stage.io.disk.remove_dir_all(&dir)?;
    }
    Ok(())
}

type Stores = [(Box<dyn Store>, std::path::PathBuf)];
type Work = fn(&Stage<'_>, &dyn Store, &mut Numbers) -> Result<Sample>;

/// Gives every write a document that was never written before.
struct Numbers {
    next: u64,
}

impl Numbers {
    fn items(&mut self, count: u64) -> Result<Vec<Item>> {
        let first = self.next;
        self.next += count;
        (first..self.next).map(|number| workload::document(number, 0)).collect()
    }
}

/// Takes turns every few puts: a disk that is throttled for a while slows all of them alike.
fn single(stage: &Stage<'_>, stores: &Stores, numbers: &mut Numbers) -> Result<Row> {
    let turns = if stage.options.scale == crate::Scale::Quick { 30 } else { 200 };
    let path = stage.options.dir.join("raw-append");
    let mut raw = RawAppend::create(&stage.io, &path)?;
    let mut limit = Series::new("append + fdatasync", Vec::new());
    let mut all: Vec<Series> = stage.candidates.iter().map(|one| Series::new(one.name(), Vec::new())).collect();
    for _ in 0..stage.options.rounds {
        let mut raw_times = Turns::new(stage);
        let mut times: Vec<Turns<'_>> = stores.iter().map(|_| Turns::new(stage)).collect();
        for turn in 0..turns {
            raw_times.turn(0..PUTS_IN_TURN, |number| raw.append((turn + number).to_le_bytes()))?;
            for ((store, _), times) in stores.iter().zip(&mut times) {
                times.turn(numbers.items(PUTS_IN_TURN)?.into_iter(), |item| store.put(item))?;
            }
        }
        limit.samples.push(raw_times.p50());
        for (series, times) in all.iter_mut().zip(times) {
            series.samples.push(times.p50());
        }
    }
    stage.io.disk.remove(&path)?;
    Ok(PUT.row(all, Some(limit)))
}

/// The times of single calls.
struct Turns<'a> {
    clock: &'a dyn Clock,
    watch: Stopwatch<'a>,
    times_us: Vec<u64>,
}

impl<'a> Turns<'a> {
    fn new(stage: &'a Stage<'_>) -> Self {
        Self { clock: stage.io.clock.as_ref(), watch: Stopwatch::new(&stage.io), times_us: Vec::new() }
    }

    fn turn<T>(&mut self, work: impl Iterator<Item = T>, mut each: impl FnMut(T) -> Result<()>) -> Result<()> {
        let Self { clock, watch, times_us } = self;
        watch.time(|| {
            for one in work {
                let start = clock.monotonic_us();
                each(one)?;
                times_us.push(clock.monotonic_us() - start);
            }
            Ok(())
        })
    }

    fn p50(mut self) -> Sample {
        let value = float(median(&mut self.times_us)) * 1000.0;
        Sample { value, ..self.watch.total().per_op(self.times_us.len()) }
    }
}

fn many(stage: &Stage<'_>, store: &dyn Store, numbers: &mut Numbers) -> Result<Sample> {
    let each = if stage.options.scale == crate::Scale::Quick { 200 } else { 500 };
    let work: Result<Vec<Vec<Item>>> = (0..WRITERS).map(|_| numbers.items(each as u64)).collect();
    let work: Vec<_> = work?.into_iter().map(Share::new).collect();
    let mut watch = Stopwatch::new(&stage.io);
    watch.time(|| {
        let results = scoped(WRITERS, WRITERS, |writer| {
            let items = work.get(writer).map(take).unwrap_or_default();
            items.into_iter().try_for_each(|item| store.put(item))
        });
        results.into_iter().collect::<Result<()>>()
    })?;
    Ok(watch.total().per_second(WRITERS * each))
}

type Share = std::sync::Mutex<Vec<Item>>;

/// Takes a writer's share of the work; each is taken once.
fn take(share: &Share) -> Vec<Item> {
    share.lock().map(|mut items| std::mem::take(&mut *items)).unwrap_or_default()
}

fn batches(stage: &Stage<'_>, store: &dyn Store, numbers: &mut Numbers) -> Result<Sample> {
    let count = if stage.options.scale == crate::Scale::Quick { 20 } else { 200 };
    let mut watch = Stopwatch::new(&stage.io);
    for _ in 0..count {
        let items = numbers.items(BATCH as u64)?;
        watch.time(|| store.write(items))?;
    }
    Ok(watch.total().per_second(count * BATCH))
}
