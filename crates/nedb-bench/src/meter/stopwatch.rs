//! Wall time, CPU time and disk flushes of a piece of work.

use nedb::Result;
use nedb_io::Io;
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::proc_file::proc_text;
use crate::{Sample, number::float};

/// Field of a line of `/proc/diskstats` that counts completed flush requests, counted from 0.
const FLUSHES_FIELD: usize = 18;

/// Adds up laps, so that the preparation between them does not count.
pub(crate) struct Stopwatch<'a> {
    io: &'a Io,
    started: Instant,
    total: Lap,
}

#[derive(Clone, Copy, Debug, Default)]
struct Instant {
    wall_us: u64,
    cpu_ns: u64,
    flushes: u64,
}

/// What was used between start and stop.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lap {
    pub(crate) wall_us: u64,
    pub(crate) cpu_ns: u64,
    pub(crate) flushes: u64,
}

impl<'a> Stopwatch<'a> {
    pub(crate) fn new(io: &'a Io) -> Self {
        Self { io, started: Instant::default(), total: Lap::default() }
    }

    /// Runs the work and adds what it used.
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.started = self.now()?;
        let result = work();
        let (start, end) = (self.started, self.now()?);
        self.total.wall_us += end.wall_us.saturating_sub(start.wall_us);
        self.total.cpu_ns += end.cpu_ns.saturating_sub(start.cpu_ns);
        self.total.flushes += end.flushes.saturating_sub(start.flushes);
        result
    }

    pub(crate) fn total(&self) -> Lap {
        self.total
    }

    fn now(&self) -> Result<Instant> {
        let flushes = flushes(self.io)?;
        Ok(Instant { wall_us: self.io.clock.monotonic_us(), cpu_ns: cpu_ns(), flushes })
    }
}

impl Lap {
    /// The time of one of `ops` operations.
    pub(crate) fn per_op(self, ops: usize) -> Sample {
        let ops = float(ops.max(1) as u64);
        Sample {
            value: float(self.wall_us) * 1000.0 / ops,
            cpu_ns: Some(float(self.cpu_ns) / ops),
            flushes: Some(float(self.flushes) / ops),
        }
    }

    /// The rate of `ops` operations.
    pub(crate) fn per_second(self, ops: usize) -> Sample {
        let seconds = float(self.wall_us.max(1)) / 1e6;
        Sample { value: float(ops as u64) / seconds, ..self.per_op(ops) }
    }
}

/// The value in the middle; zero without any.
pub(crate) fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

fn cpu_ns() -> u64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(tv_nsec).unwrap_or(0)
}

fn flushes(io: &Io) -> Result<u64> {
    let text = proc_text(io, "/proc/diskstats")?;
    let of_line = |line: &str| line.split_whitespace().nth(FLUSHES_FIELD)?.parse::<u64>().ok();
    Ok(text.lines().filter_map(of_line).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_many_is_the_one_in_the_middle() {
        assert_eq!(median(&mut [5, 1, 9]), 5);
        assert_eq!(median(&mut []), 0);
    }
}
