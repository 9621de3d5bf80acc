//! The candidates that can be asked by fields, each with a table of its own.

use std::path::PathBuf;

use nedb::{Error, ErrorCode, Result};

use super::stage::{LOAD_BATCH, Stage};
use crate::{
    Candidate, Cell, Question, Sample, Series, Table, TableKind, TableRow,
    meter::{Stopwatch, disk_bytes},
    number::float,
};

/// Restarts of one sample at most.
const RESTARTS_MAX: usize = 5;

/// A candidate with its open table.
pub(crate) struct Contestant<'a> {
    candidate: &'a dyn Candidate,
    dir: PathBuf,
    kind: TableKind,
    table: Option<Box<dyn Table>>,
}

/// All of them, NEDB first.
pub(crate) struct Tables<'a> {
    stage: &'a Stage<'a>,
    all: Vec<Contestant<'a>>,
}

impl<'a> Tables<'a> {
    /// Opens empty tables; a candidate that has none is left out.
    pub(crate) fn open(stage: &'a Stage<'a>, kind: TableKind) -> Result<Self> {
        let mut all = Vec::new();
        for candidate in &stage.candidates {
            let dir = stage.fresh(&format!("table-{}", candidate.name()))?;
            match candidate.open_table(&dir, kind)? {
                Some(table) => all.push(Contestant { candidate: *candidate, dir, kind, table: Some(table) }),
                None => stage.io.disk.remove_dir_all(&dir)?,
            }
        }
        Ok(Self { stage, all })
    }

    /// Does the same with every table.
    pub(crate) fn each(&mut self, mut work: impl FnMut(&mut Contestant<'a>) -> Result<()>) -> Result<()> {
        self.all.iter_mut().try_for_each(&mut work)
    }

    /// Lets every table, in every round, take one sample; one that cannot is left out.
    pub(crate) fn rounds(
        &mut self,
        mut sample: impl FnMut(&mut Contestant<'a>, u64) -> Result<Option<Sample>>,
    ) -> Result<Vec<Series>> {
        let mut all: Vec<Series> = self.all.iter().map(|one| Series::new(one.candidate.name(), Vec::new())).collect();
        for round in 0..self.stage.options.rounds as u64 {
            for (contestant, series) in self.all.iter_mut().zip(&mut all) {
                series.samples.extend(sample(contestant, round)?);
            }
        }
        all.retain(|series| !series.samples.is_empty());
        Ok(all)
    }

    /// Asks a question often and gives the time of one answer.
    pub(crate) fn ask(
        &mut self,
        question: Question,
        moments: &[Option<u64>],
        values: impl Fn(u64) -> Vec<Cell>,
    ) -> Result<Vec<Series>> {
        let stage = self.stage;
        let is_past = !moments.is_empty();
        let mut moments = moments.iter().cycle();
        self.rounds(|contestant, round| {
            let moment = if is_past { moments.next().copied().flatten() } else { None };
            if is_past && moment.is_none() {
                return Ok(None);
            }
            contestant.ask(stage, question, moment, &values(round))
        })
    }

    /// Asks a question once after each of some restarts and gives the time of the first answer; files stay in the page cache.
    pub(crate) fn ask_restarted(
        &mut self,
        question: Question,
        values: impl Fn(u64) -> Vec<Cell>,
    ) -> Result<Vec<Series>> {
        let stage = self.stage;
        self.rounds(|contestant, round| {
            let values: Vec<Cell> = values(round).into_iter().take(RESTARTS_MAX).collect();
            let (mut sum, mut cpu_ns, restarts) = (Sample::default(), 0.0, float(values.len() as u64));
            for value in values {
                contestant.reopen()?;
                let Some(sample) = contestant.ask(stage, question, None, &[value])? else { return Ok(None) };
                sum.value += sample.value / restarts;
                cpu_ns += sample.cpu_ns.unwrap_or(0.0) / restarts;
            }
            Ok(Some(Sample { cpu_ns: Some(cpu_ns), ..sum }))
        })
    }

    /// Closes the tables and removes their files.
    pub(crate) fn clear(self) -> Result<()> {
        for contestant in self.all {
            drop(contestant.table);
            self.stage.io.disk.remove_dir_all(&contestant.dir)?;
        }
        Ok(())
    }
}

impl Contestant<'_> {
    pub(crate) fn name(&self) -> &'static str {
        self.candidate.name()
    }

    pub(crate) fn table(&self) -> Result<&dyn Table> {
        let missing = || Error::new(ErrorCode::Closed, format!("the table of {} is closed", self.candidate.name()));
        self.table.as_deref().ok_or_else(missing)
    }

    /// Writes rows in transactions of the usual size; only writing counts for the watch.
    pub(crate) fn load(
        &self,
        watch: &mut Stopwatch<'_>,
        numbers: std::ops::Range<u64>,
        row: impl Fn(u64) -> Result<TableRow>,
    ) -> Result<()> {
        let table = self.table()?;
        for first in numbers.clone().step_by(LOAD_BATCH) {
            let rows: Result<Vec<_>> = (first..(first + LOAD_BATCH as u64).min(numbers.end)).map(&row).collect();
            let rows = rows?;
            watch.time(|| table.write(rows))?;
        }
        Ok(())
    }

    /// Closes the table and opens it again.
    pub(crate) fn reopen(&mut self) -> Result<()> {
        self.table = None;
        self.table = self.candidate.open_table(&self.dir, self.kind)?;
        Ok(())
    }

    /// Begins anew without rows.
    pub(crate) fn empty(&mut self, stage: &Stage<'_>) -> Result<()> {
        self.table = None;
        stage.io.disk.remove_dir_all(&self.dir)?;
        stage.io.disk.create_dir(&self.dir)?;
        self.reopen()
    }

    pub(crate) fn disk_bytes(&self, stage: &Stage<'_>) -> Result<u64> {
        disk_bytes(&stage.io, &self.dir)
    }

    pub(crate) fn ask(
        &self,
        stage: &Stage<'_>,
        question: Question,
        moment: Option<u64>,
        values: &[Cell],
    ) -> Result<Option<Sample>> {
        let Some(mut prepared) = self.table()?.prepare(question, moment)? else { return Ok(None) };
        let (mut watch, mut found) = (Stopwatch::new(&stage.io), 0);
        watch.time(|| {
            for value in values {
                found += prepared.ask(value)?;
            }
            Ok(())
        })?;
        assert!(found > 0, "{question:?} finds rows in {}", self.candidate.name());
        Ok(Some(Sample { flushes: None, ..watch.total().per_op(values.len()) }))
    }
}
