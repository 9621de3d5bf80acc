//! Figures of the daemon for Prometheus: what was asked, how long it took, what was refused, how large things are.
//!
//! Promises: counting takes no lock; labels come from tables (routes, families of commands, limits) and, for a bounded number of them,
//! from names of databases, never from what a caller sends. Leaves to others: who may read the page.

mod histogram;
mod page;
mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nedb::{CacheFigures, CommitFigures, Stats};
use nedb_compat::redis::{FAMILIES, Family};

pub(crate) use histogram::Histogram;
use histogram::as_float;
pub(crate) use page::{CONTENT_TYPE, Page};

use crate::databases::Served;
use crate::server::Shared;

/// The bounds of times in microseconds: 100 µs to 10 s.
const TIME_BOUNDS_US: [u64; 12] =
    [100, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 250_000, 1_000_000, 2_500_000, 10_000_000];

/// The bounds of numbers of calls in a round.
const ROUND_BOUNDS: [u64; 8] = [1, 2, 5, 10, 20, 50, 100, 1_000];

/// How many databases have figures of their own at most: each costs as much as looking at its files.
const DATABASES_MAX: usize = 200;

/// Microseconds in a second.
const SECOND_US: f64 = 1e6;

type Times = Histogram<{ TIME_BOUNDS_US.len() }>;

/// Requests of one route.
#[derive(Debug)]
pub(crate) struct RouteFigures {
    times: Times,
    /// By the first digit of the status, from 1 to 5.
    statuses: [AtomicU64; 5],
}

/// Calls of one family of commands.
#[derive(Debug)]
struct FamilyFigures {
    name: &'static str,
    family: Family,
    times: Times,
    errors: AtomicU64,
}

/// Why something was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `--connections-max`.
    Connections,
    /// `--requests-max`.
    Requests,
    /// `--memory-mb`.
    Memory,
    /// A token that is not known.
    Login,
    /// One of too many from its address.
    WrongTokens,
    /// A handshake that failed.
    Handshake,
}

impl Refusal {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Connections, "connections"),
        (Self::Requests, "requests"),
        (Self::Memory, "memory"),
        (Self::Login, "login"),
        (Self::WrongTokens, "wrong_tokens"),
        (Self::Handshake, "handshake"),
    ];
}

/// A protocol that connections speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Redis,
}

impl Protocol {
    const ALL: [(Self, &'static str); 2] = [(Self::Http, "http"), (Self::Redis, "redis")];
}

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    routes: Vec<RouteFigures>,
    families: Vec<FamilyFigures>,
    /// Commands that connections carry out themselves, which take no time that is worth measuring.
    own_calls: AtomicU64,
    /// What the section Stats of INFO no longer counts.
    forgotten: [AtomicU64; 3],
    rounds: Histogram<{ ROUND_BOUNDS.len() }>,
    refused: [AtomicU64; Refusal::ALL.len()],
    begun: [AtomicU64; Protocol::ALL.len()],
    ended: [AtomicU64; Protocol::ALL.len()],
    started_s: i64,
}

/// A connection that is counted until this goes.
#[derive(Debug)]
pub(crate) struct Counted {
    metrics: Arc<Metrics>,
    protocol: Protocol,
}

impl Drop for Counted {
    fn drop(&mut self) {
        count_of(&self.metrics.ended, self.protocol);
    }
}

/// Counts one more of a protocol.
fn count_of(counts: &[AtomicU64; Protocol::ALL.len()], protocol: Protocol) {
    let place = Protocol::ALL.iter().position(|(known, _)| *known == protocol);
    if let Some(count) = place.and_then(|place| counts.get(place)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Begins with so many routes, at this time of the wall clock.
    pub(crate) fn new(routes: usize, now_us: i64) -> Self {
        let mut families: Vec<FamilyFigures> = Vec::new();
        for (family, _) in FAMILIES {
            if families.iter().all(|known| known.family != *family) {
                families.push(FamilyFigures {
                    name: family.title(),
                    family: *family,
                    times: Histogram::new(&TIME_BOUNDS_US),
                    errors: AtomicU64::new(0),
                });
            }
        }
        let route = || RouteFigures { times: Histogram::new(&TIME_BOUNDS_US), statuses: Default::default() };
        Self {
            routes: std::iter::repeat_with(route).take(routes).collect(),
            families,
            own_calls: AtomicU64::new(0),
            forgotten: Default::default(),
            rounds: Histogram::new(&ROUND_BOUNDS),
            refused: Default::default(),
            begun: Default::default(),
            ended: Default::default(),
            started_s: now_us.div_euclid(1_000_000),
        }
    }

    /// Counts a request of the route with this number.
    pub(crate) fn request(&self, route: usize, status: u16, time_us: u64) {
        let Some(figures) = self.routes.get(route) else { return };
        figures.times.count(time_us, 1);
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(count) = figures.statuses.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a call of a family, as long as its client waited for it.
    pub(crate) fn call(&self, family: Family, is_error: bool, time_us: u64) {
        if let Some(figures) = self.families.iter().find(|figures| figures.family == family) {
            figures.times.count(time_us, 1);
            figures.errors.fetch_add(u64::from(is_error), Ordering::Relaxed);
        }
    }

    /// Counts a command that a connection of the Redis protocol carries out itself.
    pub(crate) fn own_call(&self) {
        self.own_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Seconds since the daemon began, at this time of the wall clock.
    pub(crate) fn age_s(&self, now_us: i64) -> i64 {
        (now_us.div_euclid(1_000_000) - self.started_s).max(0)
    }

    /// Connections of the Redis protocol, its commands, and connections beyond the limit, since the daemon began.
    fn redis_counts(&self) -> [u64; 3] {
        let of = |counts: &[AtomicU64], place: Option<usize>| {
            place.and_then(|place| counts.get(place)).map_or(0, |count| count.load(Ordering::Relaxed))
        };
        let calls: u64 = self.families.iter().map(|figures| figures.times.total()).sum();
        [
            of(&self.begun, Protocol::ALL.iter().position(|(known, _)| *known == Protocol::Redis)),
            calls + self.own_calls.load(Ordering::Relaxed),
            of(&self.refused, Refusal::ALL.iter().position(|(known, _)| *known == Refusal::Connections)),
        ]
    }

    /// The section Stats of INFO: these counts since `CONFIG RESETSTAT`.
    pub(crate) fn redis_lines(&self) -> String {
        let names = ["total_connections_received", "total_commands_processed", "rejected_connections"];
        let counts = self.redis_counts();
        let lines = names.iter().zip(counts).zip(&self.forgotten).map(|((name, count), forgotten)| {
            format!("{name}:{}", count.saturating_sub(forgotten.load(Ordering::Relaxed)))
        });
        lines.collect::<Vec<_>>().join("\r\n")
    }

    /// Begins the section Stats of INFO from zero; those who read /metrics notice nothing.
    pub(crate) fn forget_redis(&self) {
        for (forgotten, count) in self.forgotten.iter().zip(self.redis_counts()) {
            forgotten.store(count, Ordering::Relaxed);
        }
    }

    /// Counts a round of so many calls.
    pub(crate) fn round(&self, calls: usize) {
        self.rounds.count(calls as u64, 1);
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        let place = Refusal::ALL.iter().position(|(known, _)| *known == refusal);
        if let Some(count) = place.and_then(|place| self.refused.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a connection for as long as the answer lives.
    pub(crate) fn connection(self: &Arc<Self>, protocol: Protocol) -> Counted {
        count_of(&self.begun, protocol);
        Counted { metrics: Arc::clone(self), protocol }
    }

    /// The page, with the names of the routes in their order: method and path.
    pub(crate) fn page(&self, shared: &Shared, routes: &[(&str, &str)]) -> String {
        let mut page = Page::default();
        page.family("nedbd_build_info", "gauge", "The version that runs.");
        page.sample("nedbd_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        let started = "When the daemon began, in seconds of Unix time.";
        page.single("process_start_time_seconds", "gauge", started, self.started_s);
        process::write(&mut page);
        self.write_routes(&mut page, routes);
        self.write_families(&mut page);
        self.write_connections(&mut page);
        shared.doorman.write_figures(&mut page);
        write_databases(&mut page, &shared.databases.opened());
        page.finish()
    }

    fn write_routes(&self, page: &mut Page, routes: &[(&str, &str)]) {
        let used = || {
            let named = routes.iter().copied().chain([("ANY", "unknown")]).zip(&self.routes);
            named.filter(|(_, figures)| !figures.times.is_empty())
        };
        let name = "nedbd_http_request_seconds";
        page.family(name, "histogram", "How long requests took until their answer began, by route.");
        for ((method, path), figures) in used() {
            figures.times.write(page, name, &[("method", method), ("route", path)], SECOND_US);
        }
        let name = "nedbd_http_requests_total";
        page.family(name, "counter", "Requests by route and class of status.");
        for ((method, path), figures) in used() {
            for (class, count) in ["1xx", "2xx", "3xx", "4xx", "5xx"].iter().zip(&figures.statuses) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    page.sample(name, &[("method", method), ("route", path), ("status", class)], count);
                }
            }
        }
    }

    fn write_families(&self, page: &mut Page) {
        let used = || self.families.iter().filter(|figures| !figures.times.is_empty());
        let name = "nedbd_redis_call_seconds";
        page.family(name, "histogram", "How long Redis commands took with those of their round, by family.");
        used().for_each(|figures| figures.times.write(page, name, &[("family", figures.name)], SECOND_US));
        let name = "nedbd_redis_errors_total";
        page.family(name, "counter", "Redis commands that were answered with an error, by family.");
        used().for_each(|figures| {
            page.sample(name, &[("family", figures.name)], figures.errors.load(Ordering::Relaxed));
        });
        let name = "nedbd_redis_round_calls";
        page.family(name, "histogram", "Redis commands that were committed together.");
        self.rounds.write(page, name, &[], 1.0);
    }

    fn write_connections(&self, page: &mut Page) {
        let name = "nedbd_connections_total";
        page.family(name, "counter", "Connections that were taken, by protocol.");
        for ((_, protocol), begun) in Protocol::ALL.iter().zip(&self.begun) {
            page.sample(name, &[("protocol", protocol)], begun.load(Ordering::Relaxed));
        }
        let name = "nedbd_connections";
        page.family(name, "gauge", "Connections that are open, by protocol.");
        for ((_, protocol), (begun, ended)) in Protocol::ALL.iter().zip(self.begun.iter().zip(&self.ended)) {
            let ended = ended.load(Ordering::Relaxed);
            page.sample(name, &[("protocol", protocol)], begun.load(Ordering::Relaxed).saturating_sub(ended));
        }
        let name = "nedbd_refused_total";
        page.family(name, "counter", "What was refused, by the limit or reason.");
        for ((_, limit), count) in Refusal::ALL.iter().zip(&self.refused) {
            page.sample(name, &[("limit", limit)], count.load(Ordering::Relaxed));
        }
    }
}

/// One figure of a database: its name, kind, sentence, and where it stands.
type DatabaseFigure = (&'static str, &'static str, &'static str, fn(&Stats, &Served) -> f64);

#[rustfmt::skip]
const DATABASE_FIGURES: &[DatabaseFigure] = &[
    ("nedbd_database_operations", "gauge", "Operations in the history.", |stats, _| as_float(stats.head.size)),
    ("nedbd_database_durable_operations", "gauge", "Operations that are known to be on the disk.", |stats, _| as_float(stats.durable_size)),
    ("nedbd_database_checkpoint_operations", "gauge", "Operations that the newest checkpoint covers.", |stats, _| as_float(stats.checkpoint_size)),
    ("nedbd_database_log_bytes", "gauge", "Bytes of the log's files.", |stats, _| as_float(stats.log_bytes_on_disk)),
    ("nedbd_database_log_segments", "gauge", "Files of the log.", |stats, _| as_float(stats.log_segments)),
    ("nedbd_database_index_bytes", "gauge", "Bytes of the index files.", |stats, _| as_float(stats.index_bytes_on_disk)),
    ("nedbd_database_index_memory_bytes", "gauge", "Bytes in memory for the key index.", |stats, _| as_float(stats.index_memory_bytes)),
    ("nedbd_database_index_lag_operations", "gauge", "Operations that the secondary indexes do not cover yet.", |stats, _| as_float(stats.index_lag)),
    ("nedbd_database_documents", "gauge", "Documents of all collections.", |stats, _| as_float(stats.collections.iter().map(|(_, count)| count).sum())),
    ("nedbd_database_round_waiting_bytes", "gauge", "Bytes of Redis commands that wait for their round.", |_, served| as_float(served.rounds.waiting_bytes() as u64)),
    ("nedbd_database_write_waiting_bytes", "gauge", "Bytes of HTTP requests that wait to be committed.", |_, served| as_float(served.writes.waiting_bytes() as u64)),
    ("nedbd_database_blocked_clients", "gauge", "Redis clients that wait for a key.", |_, served| as_float(served.waiting.len() as u64)),
    ("nedbd_database_feeds", "gauge", "Readers of the change feed.", |_, served| as_float(served.feeds.count())),
    ("nedbd_database_live_queries", "gauge", "Live queries that are followed.", |_, served| as_float(served.lives.count())),
    ("nedbd_database_live_answers_total", "counter", "How often live queries were answered.", |_, served| as_float(served.lives.answers())),
    ("nedbd_database_feed_lag_operations", "gauge", "How far the slowest reader is behind.", |stats, served| as_float(served.feeds.lag(stats.durable_size))),
];

fn write_databases(page: &mut Page, opened: &[Arc<Served>]) {
    let open = "Databases that are open; the first of them by name have figures of their own.";
    page.single("nedbd_databases_open", "gauge", open, opened.len());
    let measured: Vec<(&Served, Stats)> = opened
        .iter()
        .take(DATABASES_MAX)
        .filter_map(|served| {
            // A database that was closed meanwhile has no figures any more.
            let stats = served.db.stats().ok()?;
            if let Some(failure) = &stats.background_failure {
                tracing::warn!(database = served.name, "work in the background failed: {failure}");
            }
            Some((&**served, stats))
        })
        .collect();
    for (name, kind, help, figure) in DATABASE_FIGURES {
        page.family(name, kind, help);
        for (served, stats) in &measured {
            page.sample(name, &[("database", &served.name)], figure(stats, served));
        }
    }
    write_commits(page, &measured);
    write_caches(page, &measured);
}

/// How many requests were committed together, and how long the disk took for it.
fn write_commits(page: &mut Page, measured: &[(&Served, Stats)]) {
    let name = "nedbd_database_commit_group_requests";
    page.family(name, "histogram", "Requests that were committed together.");
    for (served, Stats { commits, .. }) in measured {
        let (counts, sum) = (commits.group_counts.into_iter(), commits.requests);
        let counted = histogram::Counted { bounds: &CommitFigures::GROUP_BOUNDS, counts, sum, scale: 1.0 };
        counted.write(page, name, &[("database", &served.name)]);
    }
    let name = "nedbd_database_sync_seconds";
    page.family(name, "histogram", "How long it took to make the log durable.");
    for (served, Stats { commits, .. }) in measured {
        let (counts, sum) = (commits.sync_counts.into_iter(), commits.sync_us);
        let counted = histogram::Counted { bounds: &CommitFigures::SYNC_BOUNDS_US, counts, sum, scale: SECOND_US };
        counted.write(page, name, &[("database", &served.name)]);
    }
}

/// The two figures of each cache: name, sentence, and where it stands.
type CacheFigure = (&'static str, &'static str, fn(&CacheFigures) -> u64);

const CACHE_FIGURES: [CacheFigure; 2] = [
    ("nedbd_cache_hits_total", "What was found in caches of a database, by cache.", |figures| figures.hits),
    ("nedbd_cache_misses_total", "What had to be read or sent again, by cache.", |figures| figures.misses),
];

fn write_caches(page: &mut Page, measured: &[(&Served, Stats)]) {
    for (name, help, figure) in CACHE_FIGURES {
        page.family(name, "counter", help);
        for (served, stats) in measured {
            for (cache, figures) in stats.caches.iter().chain([&("scripts", served.rounds.script_figures())]) {
                page.sample(name, &[("database", &served.name), ("cache", cache)], figure(figures));
            }
        }
    }
}
