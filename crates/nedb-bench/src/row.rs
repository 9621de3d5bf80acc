//! One line of the result: an operation, what every candidate reached, and the limit beside it.

/// In what a row is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Time of one operation in nanoseconds.
    Nanoseconds,
    /// Operations in a second.
    PerSecond,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// Whether more or less of it is better.
    pub const fn better(self) -> Better {
        match self {
            Self::Nanoseconds | Self::Bytes => Better::Less,
            Self::PerSecond => Better::More,
        }
    }
}

/// In which direction a number is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The smaller, the better.
    Less,
    /// The greater, the better.
    More,
}

/// What one candidate reached in one round.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// The measured value in the row's unit.
    pub value: f64,
    /// CPU time of the process for one operation, in nanoseconds.
    pub cpu_ns: Option<f64>,
    /// Flushes that the machine's disks were asked for, for one operation; includes those of other programs.
    pub flushes: Option<f64>,
}

/// The rounds of one candidate.
///
/// ```
/// use nedb_bench::{Sample, Series};
/// let samples = [3.0, 9.0, 4.0].map(|value| Sample { value, ..Sample::default() });
/// let series = Series::new("a", samples.to_vec());
/// assert_eq!((series.median(), series.range()), (4.0, (3.0, 9.0)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The candidate's name.
    pub name: &'static str,
    /// One sample per round.
    pub samples: Vec<Sample>,
}

impl Series {
    /// Makes the series of a candidate.
    pub fn new(name: &'static str, samples: Vec<Sample>) -> Self {
        Self { name, samples }
    }

    /// The median of the values; zero without any.
    pub fn median(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.value)).unwrap_or(0.0)
    }

    /// The least and the greatest value.
    pub fn range(&self) -> (f64, f64) {
        let values = || self.samples.iter().map(|sample| sample.value);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    }

    /// The median CPU time of one operation.
    pub fn cpu_ns(&self) -> Option<f64> {
        median(self.samples.iter().filter_map(|sample| sample.cpu_ns))
    }

    /// The median number of flushes of one operation.
    pub fn flushes(&self) -> Option<f64> {
        median(self.samples.iter().filter_map(|sample| sample.flushes))
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// One operation and what was measured of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The operation.
    pub operation: &'static str,
    /// What NEDB is meant to reach; empty where nothing was promised.
    pub target: &'static str,
    /// In what the values are.
    pub unit: Unit,
    /// NEDB.
    pub nedb: Series,
    /// The other candidates.
    pub peers: Vec<Series>,
    /// What the machine itself reaches, and what that is.
    pub limit: Option<Series>,
    /// What a reader should know to judge the numbers.
    pub note: String,
}

impl Row {
    /// The peer with the best median.
    pub fn best_peer(&self) -> Option<&Series> {
        let by_median = |a: &&Series, b: &&Series| a.median().total_cmp(&b.median());
        match self.unit.better() {
            Better::Less => self.peers.iter().min_by(by_median),
            Better::More => self.peers.iter().max_by(by_median),
        }
    }

    /// How many times better NEDB is than the best peer; below one it is worse.
    pub fn ratio_to_best_peer(&self) -> Option<f64> {
        self.best_peer().map(|peer| self.advantage_over(peer))
    }

    /// How near NEDB comes to the machine's limit: one is the limit.
    pub fn ratio_to_limit(&self) -> Option<f64> {
        self.limit.as_ref().map(|limit| self.advantage_over(limit))
    }

    fn advantage_over(&self, other: &Series) -> f64 {
        match self.unit.better() {
            Better::Less => other.median() / self.nedb.median(),
            Better::More => self.nedb.median() / other.median(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &'static str, value: f64) -> Series {
        Series::new(name, vec![Sample { value, ..Sample::default() }])
    }

    fn row(unit: Unit) -> Row {
        let (nedb, peers) = (series("NEDB", 10.0), vec![series("a", 20.0), series("b", 5.0)]);
        Row { operation: "x", target: "", unit, nedb, peers, limit: Some(series("disk", 8.0)), note: String::new() }
    }

    #[test]
    fn the_best_peer_is_the_fastest_and_a_ratio_above_one_means_that_nedb_is_better() {
        let times = row(Unit::Nanoseconds);
        assert_eq!(times.best_peer().unwrap().name, "b");
        assert_eq!(times.ratio_to_best_peer(), Some(0.5));
        let rates = row(Unit::PerSecond);
        assert_eq!(rates.best_peer().unwrap().name, "a");
        assert_eq!(rates.ratio_to_best_peer(), Some(0.5));
    }
}
