//! Operators that need every document before they give a row, on one thread or on several.
//!
//! A collector takes documents in any order and joins another one of its kind, so a scan may be split: each thread fills a
//! collector of its own, and they are joined at the end.

use nedb_io::Mutex;
use nedb_types::Result;

use super::{Source, drain};
use crate::query::{guard::Guard, view::DocumentView};

/// Takes documents in any order.
pub(crate) trait Collector: Sized + Send {
    /// Takes one document.
    fn add(&mut self, view: &DocumentView<'_>, guard: &Guard) -> Result<()>;

    /// Takes what another one has taken.
    fn join(&mut self, other: Self, guard: &Guard) -> Result<()>;
}

/// How many threads a long scan may use.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Gives all documents of a source to a collector.
pub(crate) fn collect<C: Collector>(source: &mut dyn Source, guard: &Guard, begin: impl Fn() -> C) -> Result<C> {
    let threads = threads();
    let collectors: Vec<Mutex<C>> = (0..threads).map(|_| Mutex::new(begin())).collect();
    // Each lock is taken by one thread only; it lets the collectors be shared and costs next to nothing.
    let is_split = threads > 1
        && source.split(guard, threads, &|thread, view| match collectors.get(thread) {
            Some(collector) => collector.lock().add(view, guard),
            None => Ok(()),
        })?;
    let mut collectors = collectors.into_iter().map(Mutex::into_inner);
    let mut first = collectors.next().unwrap_or_else(&begin);
    if is_split {
        for other in collectors {
            first.join(other, guard)?;
        }
    } else {
        drain(source, guard, &mut |view| first.add(view, guard))?;
    }
    Ok(first)
}
