//! Figures: what a daemon counted between two looks, or since it began.

use std::collections::BTreeMap;

use nedb_types::{Object, Value};

use super::samples::{Sample, Samples};

/// Microseconds in a second.
const SECOND_US: f64 = 1e6;

/// The page and the health of a daemon at one time.
#[derive(Clone, Debug)]
pub struct Look {
    samples: Samples,
    pub version: String,
    pub is_ready: bool,
    /// When it was taken: by the clock that only goes on, and by that on the wall.
    at_us: u64,
    wall_us: i64,
}

impl Look {
    /// Reads a page and what `/health` told.
    pub fn new(page: &str, health: &Object, at_us: u64, wall_us: i64) -> Self {
        let version = health.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_ready = matches!(health.get("ready"), Some(Value::Bool(true)));
        Self { samples: Samples::read(page), version, is_ready, at_us, wall_us }
    }

    fn started_us(&self) -> f64 {
        self.samples.sum("process_start_time_seconds", None) * SECOND_US
    }
}

/// How often something was done, and how long it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    pub name: String,
    pub per_s: f64,
    /// The times within which half and 99 of 100 were done, in seconds; none when nothing was. Infinity is beyond the last bound.
    pub half_s: Option<f64>,
    pub most_s: Option<f64>,
    /// Since the daemon began.
    pub total: f64,
}

/// What a database does.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseFigures {
    pub name: String,
    pub documents: f64,
    pub operations: f64,
    pub operations_per_s: f64,
    /// Requests that were committed together on average, and how long a sync took; none when there was none.
    pub group: Option<f64>,
    pub sync_s: Option<f64>,
    pub log_bytes: f64,
    pub index_bytes: f64,
    pub waiting_bytes: f64,
    pub feed_lag: f64,
}

/// Everything that is shown.
#[derive(Clone, Debug)]
pub struct Figures {
    pub version: String,
    pub is_ready: bool,
    pub up_s: f64,
    pub memory_bytes: f64,
    pub files: f64,
    pub files_max: f64,
    /// By protocol.
    pub connections: Vec<(String, f64)>,
    /// By limit or reason, since the daemon began; those that occurred.
    pub refused: Vec<(String, f64)>,
    pub requests: Vec<Work>,
    pub commands: Vec<Work>,
    /// Redis commands that were committed together on average.
    pub round: Option<f64>,
    pub databases: Vec<DatabaseFigures>,
}

impl Figures {
    /// What happened between two looks; with one, since the daemon began.
    pub fn between(before: Option<&Look>, now: &Look) -> Self {
        // A daemon that began anew counts from nothing.
        let before = before.filter(|before| before.started_us().total_cmp(&now.started_us()).is_eq());
        let none = Samples::default();
        let up_s = ((wide(now.wall_us) - now.started_us()) / SECOND_US).max(0.0);
        let elapsed_s = before.map_or(up_s, |before| count(now.at_us.saturating_sub(before.at_us)) / SECOND_US);
        let span = Span { before: before.map_or(&none, |before| &before.samples), now: &now.samples, elapsed_s };
        let one = |name: &str| now.samples.sum(name, None);
        let labelled = |name: &str, label: &str| -> Vec<(String, f64)> {
            let samples = now.samples.of(name).iter();
            samples.filter_map(|sample| Some((sample.labels.get(label)?.clone(), sample.value))).collect()
        };
        let mut refused = labelled("nedbd_refused_total", "limit");
        refused.retain(|(_, times)| *times > 0.0);
        Self {
            version: now.version.clone(),
            is_ready: now.is_ready,
            up_s,
            memory_bytes: one("process_resident_memory_bytes"),
            files: one("process_open_fds"),
            files_max: one("process_max_fds"),
            connections: labelled("nedbd_connections", "protocol"),
            refused,
            requests: span.work("nedbd_http_request_seconds", &["method", "route"]),
            commands: span.work("nedbd_redis_call_seconds", &["family"]),
            round: span.mean("nedbd_redis_round_calls_sum", "nedbd_redis_round_calls_count", None),
            databases: span.databases(),
        }
    }
}

/// Two pages and the time between them.
struct Span<'s> {
    before: &'s Samples,
    now: &'s Samples,
    elapsed_s: f64,
}

impl Span<'_> {
    fn grown(&self, name: &str, label: Option<(&str, &str)>) -> f64 {
        (self.now.sum(name, label) - self.before.sum(name, label)).max(0.0)
    }

    fn per_s(&self, grown: f64) -> f64 {
        if self.elapsed_s > 0.0 { grown / self.elapsed_s } else { 0.0 }
    }

    fn mean(&self, sum: &str, times: &str, label: Option<(&str, &str)>) -> Option<f64> {
        let times = self.grown(times, label);
        (times > 0.0).then(|| self.grown(sum, label) / times)
    }

    /// The work that a histogram counts, what was done most first.
    fn work(&self, histogram: &str, labels: &[&str]) -> Vec<Work> {
        let name_of = |sample: &Sample| {
            let words = labels.iter().filter_map(|label| sample.labels.get(*label));
            words.map(String::as_str).collect::<Vec<_>>().join(" ")
        };
        let bucket = format!("{histogram}_bucket");
        let mut counted: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        let mut totals: BTreeMap<String, f64> = BTreeMap::new();
        for sample in self.now.of(&bucket) {
            let Some(bound) = sample.labels.get("le").and_then(|bound| bound.parse().ok()) else { continue };
            let before = self.before.of(&bucket).iter().find(|before| before.labels == sample.labels);
            let grown = sample.value - before.map_or(0.0, |before| before.value);
            counted.entry(name_of(sample)).or_default().push((bound, grown));
            totals.insert(name_of(sample), sample.value);
        }
        let works = counted.into_iter().map(|(name, buckets)| {
            let times = buckets.last().map_or(0.0, |(_, times)| *times);
            let total = totals.get(&name).copied().unwrap_or_default();
            let (half_s, most_s) = (quantile(&buckets, 0.5), quantile(&buckets, 0.99));
            Work { name, per_s: self.per_s(times), half_s, most_s, total }
        });
        let mut works: Vec<Work> = works.collect();
        works.sort_by(|left, right| right.per_s.total_cmp(&left.per_s).then(right.total.total_cmp(&left.total)));
        works
    }

    fn databases(&self) -> Vec<DatabaseFigures> {
        let names = self.now.of("nedbd_database_operations").iter().filter_map(|sample| sample.labels.get("database"));
        let figures = names.map(|name| {
            let label = Some(("database", name.as_str()));
            let one = |figure: &str| self.now.sum(&format!("nedbd_database_{figure}"), label);
            let mean = |sum: &str, times: &str| {
                self.mean(&format!("nedbd_database_{sum}"), &format!("nedbd_database_{times}"), label)
            };
            // A database that was opened in between did not do all of its operations in this time.
            let is_known = self
                .before
                .of("nedbd_database_operations")
                .iter()
                .any(|before| before.labels.get("database") == Some(name));
            let grown = if is_known { self.grown("nedbd_database_operations", label) } else { 0.0 };
            DatabaseFigures {
                name: name.clone(),
                documents: one("documents"),
                operations: one("operations"),
                operations_per_s: self.per_s(grown),
                group: mean("commit_group_requests_sum", "commit_group_requests_count"),
                sync_s: mean("sync_seconds_sum", "sync_seconds_count"),
                log_bytes: one("log_bytes"),
                index_bytes: one("index_bytes"),
                waiting_bytes: one("round_waiting_bytes"),
                feed_lag: one("feed_lag_operations"),
            }
        });
        figures.collect()
    }
}

/// The value below which this share lies, in proportion within its bucket; bounds rise and each bucket counts all below its bound.
fn quantile(buckets: &[(f64, f64)], share: f64) -> Option<f64> {
    let (_, all) = buckets.last().filter(|(_, all)| *all > 0.0)?;
    let wanted = all * share;
    let (mut below_bound, mut below) = (0.0, 0.0);
    for (bound, counted) in buckets {
        if *counted >= wanted {
            if bound.is_infinite() {
                return Some(f64::INFINITY);
            }
            let within = if *counted > below { (wanted - below) / (counted - below) } else { 1.0 };
            return Some(below_bound + (bound - below_bound) * within);
        }
        (below_bound, below) = (*bound, *counted);
    }
    None
}

#[allow(clippy::cast_precision_loss, reason = "times between two looks, whose last digits nobody reads")]
fn count(number: u64) -> f64 {
    number as f64
}

#[allow(clippy::cast_precision_loss, reason = "a time of today is far below 2^53 microseconds")]
fn wide(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(page: &str, at_us: u64) -> Look {
        Look::new(page, &Object::new(), at_us, 100_000_000)
    }

    fn page(requests: u64, operations: u64) -> String {
        let slow = requests / 2;
        format!(
            "process_start_time_seconds 90\n\
             nedbd_http_request_seconds_bucket{{method=\"GET\",route=\"/\",le=\"0.001\"}} {slow}\n\
             nedbd_http_request_seconds_bucket{{method=\"GET\",route=\"/\",le=\"0.01\"}} {requests}\n\
             nedbd_http_request_seconds_bucket{{method=\"GET\",route=\"/\",le=\"+Inf\"}} {requests}\n\
             nedbd_database_operations{{database=\"a\"}} {operations}\n\
             nedbd_database_sync_seconds_count{{database=\"a\"}} {operations}\n\
             nedbd_database_sync_seconds_sum{{database=\"a\"}} 2\n"
        )
    }

    #[test]
    fn what_lies_between_two_looks_is_counted() {
        let (before, now) = (look(&page(100, 10), 0), look(&page(140, 30), 2_000_000));
        let figures = Figures::between(Some(&before), &now);
        let work = &figures.requests[0];
        assert_eq!((work.name.as_str(), work.per_s, work.total), ("GET /", 20.0, 140.0));
        assert_eq!(work.half_s, Some(0.001));
        let database = &figures.databases[0];
        assert_eq!((database.operations_per_s, database.sync_s), (10.0, Some(0.0)));
        // With one look it is since the daemon began, ten seconds ago.
        let figures = Figures::between(None, &now);
        assert_eq!((figures.up_s, figures.requests[0].per_s), (10.0, 14.0));
    }

    #[test]
    fn a_daemon_that_began_anew_counts_from_nothing() {
        let (before, now) = (look(&page(100, 10), 0), page(20, 1).replace("seconds 90", "seconds 98"));
        let figures = Figures::between(Some(&before), &look(&now, 1_000_000));
        assert_eq!(format!("{:.1}", figures.requests[0].per_s), "10.0");
    }

    #[test]
    fn a_share_lies_in_its_bucket_in_proportion() {
        let buckets = [(1.0, 10.0), (2.0, 20.0), (f64::INFINITY, 40.0)];
        assert_eq!(quantile(&buckets, 0.25), Some(1.0));
        assert_eq!(quantile(&buckets, 0.375), Some(1.5));
        assert_eq!(quantile(&buckets, 0.99), Some(f64::INFINITY));
        assert_eq!(quantile(&[(1.0, 0.0)], 0.5), None);
    }
}
