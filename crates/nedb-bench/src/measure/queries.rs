//! Questions over blocks: by index and without, now, as of the past, and straight after a restart.

use nedb::Result;

use super::{
    stage::{Stage, Title},
    tables::Tables,
};
use crate::{
    Cell, Question, Row, Series, TableKind, Unit,
    meter::Stopwatch,
    number::float,
    workload::{Sequence, TXS, block_row, block_row_again, miner},
};

/// Answers of one sample, where one takes microseconds.
const ASKED: usize = 1000;

/// One row in so many is written again behind the load, so that indexes have a past.
const REWRITTEN: u64 = 10;

const NOTE: &str = "prepared; every row is read whole; 10 % of the rows were written twice";

/// A question that indexes answer in three situations.
struct Quick {
    question: Question,
    now: &'static str,
    past: &'static str,
    restarted: &'static str,
    value: fn(&mut Sequence, usize) -> Cell,
}

const QUICK: [Quick; 3] = [
    Quick {
        question: Question::ByMiner,
        now: "equality index, 1 % of the rows, LIMIT 10",
        past: "equality index, LIMIT 10, AS OF half of the history",
        restarted: "equality index, LIMIT 10, first answer after a restart",
        value: |random, _| Cell::Text(miner(random.next())),
    },
    Quick {
        question: Question::LeastFees,
        now: "ORDER BY an indexed field LIMIT 10",
        past: "ORDER BY an indexed field LIMIT 10, AS OF half of the history",
        restarted: "ORDER BY an indexed field LIMIT 10, first answer after a restart",
        value: |_, _| 0.into(),
    },
    Quick {
        question: Question::TenHeights,
        now: "range of 10 by an indexed field",
        past: "range of 10 by an indexed field, AS OF half of the history",
        restarted: "range of 10 by an indexed field, first answer after a restart",
        value: |random, rows| (random.below(rows / 2) as u64).into(),
    },
];

/// A question about every row in three situations.
struct Whole {
    question: Question,
    target: &'static str,
    now: &'static str,
    past: &'static str,
    restarted: &'static str,
    per: Per,
}

const WHOLE: [Whole; 3] = [
    Whole {
        question: Question::ByTxs,
        target: "<= 100 ns",
        now: "full scan with a filter, each row",
        past: "full scan with a filter, AS OF half of the history, each row",
        restarted: "full scan with a filter, first answer after a restart, each row",
        per: Per::Row,
    },
    Whole {
        question: Question::Miners,
        target: "<= 0.5 s at 1M",
        now: "GROUP BY, 100 groups, COUNT and SUM",
        past: "GROUP BY, 100 groups, COUNT and SUM, AS OF half of the history",
        restarted: "GROUP BY, 100 groups, COUNT and SUM, first answer after a restart",
        per: Per::Answer,
    },
    Whole {
        question: Question::FirstHashes,
        target: "< 1 s at 1M",
        now: "ORDER BY a field without an index, LIMIT 10",
        past: "ORDER BY a field without an index, LIMIT 10, AS OF half of the history",
        restarted: "ORDER BY a field without an index, LIMIT 10, first answer after a restart",
        per: Per::Answer,
    },
];

/// For what a time counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Per {
    Answer,
    Row,
}

const fn title(operation: &'static str, target: &'static str) -> Title {
    Title { operation, target, unit: Unit::Nanoseconds, note: NOTE }
}

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let count = stage.options.scale.documents();
    let rows = count as u64;
    let mut tables = Tables::open(stage, TableKind::Blocks)?;
    let (mut early, mut half) = (Vec::new(), Vec::new());
    tables.each(|one| {
        let mut watch = Stopwatch::new(&stage.io);
        one.load(&mut watch, 0..rows / 100, block_row)?;
        early.push(one.table()?.moment());
        one.load(&mut watch, rows / 100..rows / 2, block_row)?;
        half.push(one.table()?.moment());
        one.load(&mut watch, rows / 2..rows, block_row)?;
        one.load(&mut watch, 0..rows / REWRITTEN, |number| block_row_again(number * REWRITTEN))?;
        for field in ["height", "miner", "fee"] {
            one.table()?.create_index(field)?;
        }
        one.table()?.flush()?;
        one.table()?.settle()?;
        one.reopen()
    })?;
    for quick in &QUICK {
        let values = |round| {
            let mut random = Sequence::new(41 + round);
            (0..ASKED).map(|_| (quick.value)(&mut random, count)).collect::<Vec<_>>()
        };
        out(title(quick.now, "<= 20 us").row(tables.ask(quick.question, &[], values)?, None));
        out(title(quick.past, "<= 20 us").row(tables.ask(quick.question, &half, values)?, None));
        out(title(quick.restarted, "<= 20 us").row(tables.ask_restarted(quick.question, values)?, None));
    }
    let highest = tables.ask(Question::Highest, &early, |_| vec![0.into(); ASKED])?;
    out(title("ORDER BY height DESC LIMIT 10, AS OF 1 % of the history", "microseconds").row(highest, None));
    for whole in &WHOLE {
        let value = |round| vec![Cell::from(17 * round % TXS)];
        let mut tell = |operation, mut series: Vec<Series>| {
            let each = if whole.per == Per::Row { float(rows) } else { 1.0 };
            for sample in series.iter_mut().flat_map(|series| &mut series.samples) {
                sample.value /= each;
                sample.cpu_ns = sample.cpu_ns.map(|ns| ns / each);
            }
            out(title(operation, whole.target).row(series, None));
        };
        tell(whole.now, tables.ask(whole.question, &[], value)?);
        // A scan of the past visits every document as well, and leaves out those that were not there.
        tell(whole.past, tables.ask(whole.question, &half, value)?);
        tell(whole.restarted, tables.ask_restarted(whole.question, value)?);
    }
    tables.clear()
}
