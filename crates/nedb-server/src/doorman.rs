//! How much the daemon works on at once.
//!
//! Promises: what is above a limit is told to come back later, with the code `busy`; nothing waits in a queue without end. Leaves to
//! others: what the work is.

use std::sync::Arc;

use nedb::{Error, ErrorCode, MemoryPool, MemoryShare, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics::{Metrics, Page, Refusal};
use crate::settings::Config;

/// Places for connections and for requests, and the memory that these and their answers share.
#[derive(Debug)]
pub(crate) struct Doorman {
    connections: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    requests_max: usize,
    live_answers: Arc<Semaphore>,
    /// Looks at all databases.
    surveys: Arc<Semaphore>,
    memory: MemoryPool,
    metrics: Arc<Metrics>,
}

/// A place that is taken until this goes.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Doorman {
    pub(crate) fn new(config: &Config, metrics: &Arc<Metrics>) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Self {
            connections: places(config.connections_max),
            requests: places(config.requests_max),
            requests_max: config.requests_max,
            live_answers: places(live_answers_max()),
            surveys: places(1),
            memory: config.memory.clone(),
            metrics: Arc::clone(metrics),
        }
    }

    /// A place for a connection; `None` when all are taken.
    pub(crate) fn connection(&self) -> Option<Place> {
        let place = take(&self.connections);
        if place.is_none() {
            self.metrics.refused(Refusal::Connections);
        }
        place
    }

    /// A place for a request.
    ///
    /// Errors: `busy` when as many as allowed are under way.
    pub(crate) fn request(&self) -> Result<Place> {
        take(&self.requests).ok_or_else(|| {
            self.metrics.refused(Refusal::Requests);
            Error::new(ErrorCode::Busy, "as many requests as allowed (--requests-max) are under way")
        })
    }

    /// A place to answer a live query again; there is one sooner or later.
    pub(crate) async fn live_answer(&self) -> Option<Place> {
        Arc::clone(&self.live_answers).acquire_owned().await.ok().map(|permit| Place { _permit: permit })
    }

    /// Carries out, on a thread that may wait, what looks at all databases to tell how the daemon is: one after the other, so that those who ask
    /// hold one thread, also when as many requests as allowed are under way.
    ///
    /// Errors: those of the work.
    pub(crate) async fn survey<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        // Nobody closes it; held until the work is over, whether its client waits or not.
        let permit = Arc::clone(&self.surveys).acquire_owned().await;
        on_thread(move || {
            let _permit = permit;
            work()
        })
        .await
    }

    /// A share for the bytes that a request, an answer or a connection keeps.
    pub(crate) fn account(&self) -> MemoryShare {
        self.memory.share()
    }

    /// The memory that such shares are taken from.
    pub(crate) fn memory(&self) -> MemoryPool {
        self.memory.clone()
    }

    /// Tells how much is taken.
    pub(crate) fn write_figures(&self, page: &mut Page) {
        let under_way = self.requests_max.saturating_sub(self.requests.available_permits());
        page.single("nedbd_requests_under_way", "gauge", "HTTP requests that are worked on.", under_way);
        page.single("nedbd_requests_max", "gauge", "How many there may be.", self.requests_max);
        page.single(
            "nedbd_request_memory_bytes",
            "gauge",
            "Bytes that requests, questions and answers hold.",
            self.memory.held_bytes(),
        );
        page.single("nedbd_request_memory_max_bytes", "gauge", "How many there may be.", self.memory.bytes_max());
    }

    /// Carries out work of the engine on a thread that may wait.
    ///
    /// Errors: `busy` when as many requests as allowed are under way, and those of the work.
    pub(crate) async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let place = self.request()?;
        on_thread(move || {
            let _place = place;
            work()
        })
        .await
    }
}

/// How many live queries are answered at once: as many as there are cores, and two, so that a long one does not hold up all others.
fn live_answers_max() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2))
}

fn take(places: &Arc<Semaphore>) -> Option<Place> {
    Arc::clone(places).try_acquire_owned().ok().map(|permit| Place { _permit: permit })
}

/// Carries out work on a thread that may wait; a defect in it ends this request alone.
pub(crate) async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|failed| {
        tracing::error!(error = %failed, "a request ended in a defect");
        Err(Error::new(ErrorCode::Io, "a defect of the daemon ended this request: its log says more")
            .with_source(failed))
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    #[test]
    fn looks_at_all_databases_come_one_after_the_other_also_when_every_place_is_taken() {
        let words: [OsString; 3] = ["nedbd".into(), "--requests-max".into(), "1".into()];
        let config = Config::read(&crate::command().get_matches_from(words)).unwrap();
        let doorman = Arc::new(Doorman::new(&config, &Arc::new(Metrics::new(1, 0))));
        let _taken = doorman.request().unwrap();
        assert!(doorman.request().is_err());
        let at_once = Arc::new(AtomicUsize::new(0));
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let mut surveys = tokio::task::JoinSet::new();
            for _ in 0..4 {
                let (doorman, at_once) = (Arc::clone(&doorman), Arc::clone(&at_once));
                surveys.spawn(async move {
                    let survey = move || {
                        let others = at_once.fetch_add(1, Ordering::SeqCst);
                        let begun = Instant::now();
                        while begun.elapsed() < Duration::from_millis(2) {}
                        at_once.fetch_sub(1, Ordering::SeqCst);
                        Ok(others)
                    };
                    doorman.survey(survey).await
                });
            }
            let others: Vec<usize> = surveys.join_all().await.into_iter().map(Result::unwrap).collect();
            assert_eq!(others, [0; 4]);
        });
    }
}
