//! What to measure, where and how long.

use std::path::{Path, PathBuf};

/// How much data a run works on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// 100,000 documents: a minute, to see that everything works.
    Quick,
    /// 1,000,000 documents: the scale of the published table.
    #[default]
    Standard,
    /// As `Standard`, and the cold start of 10,000,000 documents.
    Long,
}

impl Scale {
    /// Number of documents of the main workloads.
    pub const fn documents(self) -> usize {
        match self {
            Self::Quick => 100_000,
            Self::Standard | Self::Long => 1_000_000,
        }
    }
}

/// Says what to measure.
///
/// ```
/// use nedb_bench::{BenchOptions, Scale};
/// let options = BenchOptions::new("/tmp/bench").scale(Scale::Quick).rounds(3).only(["reads", "verify"]);
/// # drop(options);
/// ```
#[derive(Clone, Debug)]
pub struct BenchOptions {
    pub(crate) dir: PathBuf,
    pub(crate) scale: Scale,
    pub(crate) rounds: usize,
    pub(crate) only: Vec<String>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) program: Option<Vec<String>>,
}

impl BenchOptions {
    /// Measures in this directory, which must not be there: it is created, used for files of the run only, and deleted at the end.
    pub fn new(dir: impl AsRef<Path>) -> Self {
        Self {
            dir: dir.as_ref().to_owned(),
            scale: Scale::default(),
            rounds: 3,
            only: Vec::new(),
            data: None,
            program: None,
        }
    }

    /// How much data.
    #[must_use]
    pub fn scale(mut self, scale: Scale) -> Self {
        self.scale = scale;
        self
    }

    /// How often every candidate does the same work (3 unless said otherwise, at least 1).
    #[must_use]
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds.max(1);
        self
    }

    /// Only these groups of measurements; all when none is named. See [`GROUPS`](crate::GROUPS).
    #[must_use]
    pub fn only<T: Into<String>>(mut self, groups: impl IntoIterator<Item = T>) -> Self {
        self.only = groups.into_iter().map(Into::into).collect();
        self
    }

    /// A directory with two releases of package records as `.ndjson.zst`, for the group `packages`.
    #[must_use]
    pub fn data(mut self, dir: impl AsRef<Path>) -> Self {
        self.data = Some(dir.as_ref().to_owned());
        self
    }

    /// The words that lead to [`Command::parse`](crate::Command::parse) when this program is started again, for what must be
    /// measured in a process of its own; without them such rows are left out.
    #[must_use]
    pub fn program<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.program = Some(words.into_iter().map(Into::into).collect());
        self
    }

    pub(crate) fn wants(&self, group: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == group)
    }
}
