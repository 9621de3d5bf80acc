//! Two words over many short texts, the ten best, with an index of the words and without.

use nedb::Result;

use super::{
    stage::{Stage, Title},
    tables::Tables,
};
use crate::{
    Question, Row, Sample, Series, TableKind, Unit,
    meter::Stopwatch,
    workload::{Sequence, text, two_words},
};

const ASKED: usize = 200;

const SCAN: Title = Title {
    operation: "SEARCH two words, top 10, without an index",
    target: "",
    unit: Unit::Nanoseconds,
    note: "20 to 60 words each; the words occur in about 1 % of the texts",
};
const INDEX: Title = Title { operation: "SEARCH two words, top 10, with an index", target: "<= 1 ms at 1M", ..SCAN };
const BUILD: Title = Title {
    operation: "search index, built, texts",
    target: "",
    unit: Unit::PerSecond,
    note: "until it answers; with a checkpoint",
};

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let rows = stage.options.scale.documents();
    let mut tables = Tables::open(stage, TableKind::Texts)?;
    tables.each(|one| {
        one.load(&mut Stopwatch::new(&stage.io), 0..rows as u64, text)?;
        one.table()?.flush()?;
        one.table()?.settle()
    })?;
    let values = |round| {
        let mut random = Sequence::new(43 + round);
        (0..ASKED).map(|_| two_words(&mut random)).collect::<Vec<_>>()
    };
    out(SCAN.row(tables.ask(Question::Words, &[], |round| values(round).into_iter().take(1).collect())?, None));
    let (mut refused, mut built) = (None, Vec::new());
    tables.each(|one| {
        let mut watch = Stopwatch::new(&stage.io);
        let table = one.table()?;
        refused = watch.time(|| table.create_search("text"))?.or(refused.take());
        watch.time(|| table.settle())?;
        built.push(Series::new(one.name(), vec![watch.total().per_second(rows)]));
        one.reopen()
    })?;
    if let Some(reason) = refused {
        for title in [INDEX, BUILD] {
            out(left_out(title, &reason));
        }
    } else {
        out(BUILD.row(built, None));
        out(INDEX.row(tables.ask(Question::Words, &[], values)?, None));
    }
    tables.clear()
}

/// The row of what could not be measured.
fn left_out(title: Title, reason: &str) -> Row {
    let nothing = Series::new("NEDB", Vec::<Sample>::new());
    Row { note: reason.to_owned(), ..title.row(vec![nothing], None) }
}
