//! The gate that every call passes: it counts, traces, and decides whether the call proceeds.
//!
//! It knows neither files nor names; carrying out the verdict is left to `state`.

use std::{error::Error, fmt, io, path::Path};

use super::faults::{Call, Failure, Injection, Times};

/// How often a simulated disk has been called since it was created, rebooted or restarted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that change something, syncs included; the number that `cut_at_operation` means.
    pub mutations: u64,
    /// Calls that read a file.
    pub reads: u64,
    /// Syncs of files, whether they succeeded or not.
    pub file_syncs: u64,
    /// Syncs of directories, whether they succeeded or not.
    pub dir_syncs: u64,
    /// Bytes handed to writes.
    pub bytes_written: u64,
}

/// What the gate says to a call.
pub(super) enum Verdict {
    Proceed,
    /// The call fails with this.
    Fail(Failure),
    /// The power goes off in the middle of the call.
    Cut,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    pub(super) counts: Counts,
    pub(super) trace: Option<Vec<String>>,
    pub(super) injections: Vec<Injection>,
    pub(super) cut_at: Option<u64>,
    pub(super) is_cut: bool,
}

impl Gate {
    /// Lets a call in, or refuses it because the machine is off. `detail` is traced: an offset, a second path.
    pub(super) fn admit(&mut self, call: Call, path: &Path, detail: fmt::Arguments<'_>) -> io::Result<Verdict> {
        if self.is_cut {
            return Err(power_cut());
        }
        self.count(call);
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{call:?} {}{detail}", path.display()));
        }
        if call.is_mutation() && self.cut_at.is_some_and(|at| self.counts.mutations >= at) {
            self.is_cut = true;
            return Ok(Verdict::Cut);
        }
        Ok(self.due(call, path).map_or(Verdict::Proceed, Verdict::Fail))
    }

    fn count(&mut self, call: Call) {
        self.counts.mutations += u64::from(call.is_mutation());
        match call {
            Call::Read => self.counts.reads += 1,
            Call::SyncFile => self.counts.file_syncs += 1,
            Call::SyncDir => self.counts.dir_syncs += 1,
            _ => {}
        }
    }

    fn due(&mut self, call: Call, path: &Path) -> Option<Failure> {
        let mut due = None;
        self.injections.retain_mut(|injection| {
            let failure = injection.due(call, path);
            due = due.or(failure);
            failure.is_none() || injection.times() == Times::Forever
        });
        due.filter(|failure| *failure != Failure::Interrupted || call == Call::Read)
    }
}

#[derive(Debug)]
struct PowerCut;

impl fmt::Display for PowerCut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the simulated machine is off")
    }
}

impl Error for PowerCut {}

pub(super) fn power_cut() -> io::Error {
    io::Error::other(PowerCut)
}

/// Returns whether an error means that the simulated machine is off.
pub fn is_power_cut(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<PowerCut>)
}
