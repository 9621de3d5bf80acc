//! Two words over many short texts, the ten best, with an index of the words and without: texts that are made up, and the tags of
//! real packages.

use nedb::{Error, ErrorCode, Result};

use super::{
    stage::{Stage, Title},
    tables::Tables,
};
use crate::{
    Cell, Question, Row, Sample, Series, TableKind, TableRow, Unit,
    meter::Stopwatch,
    workload::{Sequence, packages, tag_rows, text, two_tag_words, two_words},
};

const ASKED: usize = 200;

/// Texts and what is asked of them.
struct Corpus<'a> {
    rows: usize,
    row: &'a dyn Fn(u64) -> Result<TableRow>,
    two_words: fn(&mut Sequence) -> Cell,
    scan: Situations,
    index: Situations,
    build: Title,
}

/// The rows of one question now, as of the past and after a restart.
struct Situations {
    now: Title,
    past: Title,
    restarted: Title,
}

const TITLE: Title = Title {
    operation: "",
    target: "",
    unit: Unit::Nanoseconds,
    note: "20 to 60 words each; the words occur in about 1 % of the texts",
};
const SCAN: Situations = Situations {
    now: Title { operation: "SEARCH two words, top 10, without an index", ..TITLE },
    past: Title { operation: "SEARCH two words, top 10, without an index, AS OF half of the history", ..TITLE },
    restarted: Title { operation: "SEARCH two words, top 10, without an index, first answer after a restart", ..TITLE },
};
const MILLISECOND: Title = Title { target: "<= 1 ms at 1M", ..TITLE };
const INDEX: Situations = Situations {
    now: Title { operation: "SEARCH two words, top 10, with an index", ..MILLISECOND },
    past: Title { operation: "SEARCH two words, top 10, with an index, AS OF half of the history", ..MILLISECOND },
    restarted: Title {
        operation: "SEARCH two words, top 10, with an index, first answer after a restart",
        ..MILLISECOND
    },
};
const BUILD: Title = Title {
    operation: "search index, built, texts",
    target: "",
    unit: Unit::PerSecond,
    note: "until it answers; with a checkpoint",
};

const TAGS: Title = Title { note: "the tags of the packages of two releases", ..TITLE };
const TAGS_SCAN: Situations = Situations {
    now: Title { operation: "packages: SEARCH two words of tags, top 10, without an index", ..TAGS },
    past: Title {
        operation: "packages: SEARCH two words of tags, top 10, without an index, AS OF half of the history",
        ..TAGS
    },
    restarted: Title {
        operation: "packages: SEARCH two words of tags, top 10, without an index, first answer after a restart",
        ..TAGS
    },
};
const TAGS_INDEX: Situations = Situations {
    now: Title { operation: "packages: SEARCH two words of tags, top 10, with an index", ..TAGS },
    past: Title {
        operation: "packages: SEARCH two words of tags, top 10, with an index, AS OF half of the history",
        ..TAGS
    },
    restarted: Title {
        operation: "packages: SEARCH two words of tags, top 10, with an index, first answer after a restart",
        ..TAGS
    },
};
const TAGS_BUILD: Title = Title { operation: "packages: search index of tags, built, texts", ..BUILD };

pub(crate) fn measure(stage: &Stage<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let rows = stage.options.scale.documents();
    ask(stage, &Corpus { rows, row: &text, two_words, scan: SCAN, index: INDEX, build: BUILD }, out)?;
    let Some(releases) = packages(&stage.io, stage.options.data.as_deref())? else { return Ok(()) };
    let tags = tag_rows(&releases)?;
    let rows = tags.len();
    let row = |number: u64| {
        let row = usize::try_from(number).ok().and_then(|number| tags.get(number)).cloned();
        row.ok_or_else(|| Error::new(ErrorCode::InvalidArgument, format!("there is no text {number}")))
    };
    let corpus =
        Corpus { rows, row: &row, two_words: two_tag_words, scan: TAGS_SCAN, index: TAGS_INDEX, build: TAGS_BUILD };
    ask(stage, &corpus, out)
}

fn ask(stage: &Stage<'_>, corpus: &Corpus<'_>, out: &mut dyn FnMut(Row)) -> Result<()> {
    let rows = corpus.rows;
    let (mut tables, mut half) = (Tables::open(stage, TableKind::Texts)?, Vec::new());
    tables.each(|one| {
        let (mut watch, end) = (Stopwatch::new(&stage.io), rows as u64);
        one.load(&mut watch, 0..end / 2, corpus.row)?;
        half.push(one.table()?.moment());
        one.load(&mut watch, end / 2..end, corpus.row)?;
        one.table()?.flush()?;
        one.table()?.settle()
    })?;
    let values = |round| {
        let mut random = Sequence::new(43 + round);
        (0..ASKED).map(|_| (corpus.two_words)(&mut random)).collect::<Vec<_>>()
    };
    let one_value = |round| values(round).into_iter().take(1).collect::<Vec<_>>();
    out(corpus.scan.now.row(tables.ask(Question::Words, &[], one_value)?, None));
    out(corpus.scan.past.row(tables.ask(Question::Words, &half, one_value)?, None));
    out(corpus.scan.restarted.row(tables.ask_restarted(Question::Words, one_value)?, None));
    let (mut refused, mut built) = (None, Vec::new());
    tables.each(|one| {
        let mut watch = Stopwatch::new(&stage.io);
        let table = one.table()?;
        refused = watch.time(|| table.create_search())?.or(refused.take());
        watch.time(|| table.settle())?;
        built.push(Series::new(one.name(), vec![watch.total().per_second(rows)]));
        one.reopen()
    })?;
    if let Some(reason) = refused {
        let index = &corpus.index;
        for title in [index.now, index.past, index.restarted, corpus.build] {
            out(left_out(title, &reason));
        }
    } else {
        out(corpus.build.row(built, None));
        out(corpus.index.now.row(tables.ask(Question::Words, &[], values)?, None));
        out(corpus.index.past.row(tables.ask(Question::Words, &half, values)?, None));
        out(corpus.index.restarted.row(tables.ask_restarted(Question::Words, values)?, None));
    }
    tables.clear()
}

/// The row of what could not be measured.
fn left_out(title: Title, reason: &str) -> Row {
    let nothing = Series::new("NEDB", Vec::<Sample>::new());
    Row { note: reason.to_owned(), ..title.row(vec![nothing], None) }
}
