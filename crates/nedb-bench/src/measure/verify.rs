//! How fast the whole history is checked.

use nedb::Result;
use nedb_log::{VerifyOptions, verify_log};

use super::stage::{Stage, Title};
use crate::{Mode, Row, Series, Unit, meter::Stopwatch};

const ONE: Title = Title {
    operation: "verify, one thread",
    target: ">= 2M operations/s/core",
    unit: Unit::PerSecond,
    note: "every checksum, commitment, leaf, root and chain, from the files",
};
const TWO: Title = Title { operation: "verify, two threads", target: "", ..ONE };

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let dir = stage.fresh("verify")?;
    let Some(candidate) = stage.candidates.first() else { return Ok(()) };
    let store = candidate.open(&dir, Mode::Load)?;
    for items in stage.document_batches(0) {
        store.write(items?)?;
    }
    store.flush()?;
    drop(store);
    for (title, threads) in [(ONE, 1), (TWO, 2)] {
        let mut samples = Vec::new();
        for _ in 0..stage.options.rounds {
            let options = VerifyOptions { threads, ..VerifyOptions::default() };
            let mut watch = Stopwatch::new(&stage.io);
            let verdict = watch.time(|| verify_log(&stage.io, &dir.join("nedb"), options))?;
            assert!(verdict.is_sound(), "a history that was just written is sound: {:?}", verdict.damage);
            samples.push(watch.total().per_second(usize::try_from(verdict.size).unwrap_or(0)));
        }
        out(title.row(vec![Series::new("NEDB", samples)], None));
    }
    Ok(stage.io.disk.remove_dir_all(&dir)?)
}
