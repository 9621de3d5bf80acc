//! The place where candidates perform: directories, rounds and the order of turns.

use std::path::{Path, PathBuf};

use nedb::{Error, ErrorCode, Result};
use nedb_io::Io;

use crate::{
    BenchOptions, Candidate, Item, Row, Sample, Series, Unit,
    nedb_store::Nedb,
    workload::{self, Sequence},
};

/// Documents in one transaction of a load.
pub(crate) const LOAD_BATCH: usize = 10_000;

/// A run's options, candidates and directory.
pub(crate) struct Stage<'a> {
    pub(crate) options: &'a BenchOptions,
    pub(crate) io: Io,
    /// NEDB, then the peers.
    pub(crate) candidates: Vec<&'a dyn Candidate>,
}

/// What a row is about, apart from its numbers.
#[derive(Clone, Copy)]
pub(crate) struct Title {
    pub(crate) operation: &'static str,
    pub(crate) target: &'static str,
    pub(crate) unit: Unit,
    pub(crate) note: &'static str,
}

impl<'a> Stage<'a> {
    pub(crate) fn set(options: &'a BenchOptions, peers: &[&'a dyn Candidate]) -> Result<Self> {
        let mut candidates: Vec<&dyn Candidate> = vec![&Nedb::STORED];
        candidates.extend_from_slice(peers);
        let stage = Self { options, io: Io::real(), candidates };
        if stage.io.disk.kind(&options.dir)?.is_some() {
            let message = format!(
                "{} is there already: a run deletes its directory, so it has to be a new one",
                options.dir.display()
            );
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        }
        stage.io.disk.create_dir(&options.dir)?;
        Ok(stage)
    }

    pub(crate) fn clear(&self) -> Result<()> {
        Ok(self.io.disk.remove_dir_all(&self.options.dir)?)
    }

    /// An empty directory of this name.
    pub(crate) fn fresh(&self, name: &str) -> Result<PathBuf> {
        let path = self.options.dir.join(name.replace(' ', "-"));
        self.fresh_at(&path)?;
        Ok(path)
    }

    fn fresh_at(&self, path: &Path) -> Result<()> {
        if self.io.disk.kind(path)?.is_some() {
            self.io.disk.remove_dir_all(path)?;
        }
        Ok(self.io.disk.create_dir(path)?)
    }

    /// Lets every candidate, in every round, take one sample; gives the series in the order of the candidates.
    pub(crate) fn rounds(&self, mut sample: impl FnMut(usize, usize) -> Result<Sample>) -> Result<Vec<Series>> {
        let mut all: Vec<Series> = self.candidates.iter().map(|one| Series::new(one.name(), Vec::new())).collect();
        for round in 0..self.options.rounds {
            for (position, series) in all.iter_mut().enumerate() {
                series.samples.push(sample(position, round)?);
            }
        }
        Ok(all)
    }

    /// The documents of the main workload in random order, in batches; `generation` makes their content fresh.
    pub(crate) fn document_batches(&self, generation: u64) -> impl Iterator<Item = Result<Vec<Item>>> + use<> {
        let order = Sequence::new(11).shuffled(self.options.scale.documents());
        let batches: Vec<Vec<u32>> = order.chunks(LOAD_BATCH).map(<[u32]>::to_vec).collect();
        batches.into_iter().map(move |batch| {
            batch.into_iter().map(|number| workload::document(u64::from(number), generation)).collect()
        })
    }
}

impl Title {
    /// Makes the row of series of which the first is NEDB's.
    pub(crate) fn row(self, mut series: Vec<Series>, limit: Option<Series>) -> Row {
        let nedb = if series.is_empty() { Series::new("NEDB", Vec::new()) } else { series.remove(0) };
        let Self { operation, target, unit, note } = self;
        Row { operation, target, unit, nedb, peers: series, limit, note: note.to_owned() }
    }
}
