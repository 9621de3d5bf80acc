//! The scripts that are kept for EVALSHA, by their digests, and what bounds all scripts.
//!
//! Promises: what is kept is bounded; beyond it the scripts that were longest not used go, and who asks for one of them is told to
//! send it again, as after a restart. Clients do that by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use nedb::{CacheFigures, Result};
use nedb_io::{CacheCounts, Clock, Mutex, RealClock};

use super::lua::Machines;
use super::sha1;
use crate::redis::refusal::refused;

/// How many bytes of scripts are kept.
const KEPT_BYTES_MAX: usize = 32 << 20;

/// How many scripts are kept; a client that writes its values into its scripts makes them without end.
const KEPT_MAX: usize = 4096;

/// How long a script may be.
const SCRIPT_BYTES_MAX: usize = 1 << 20;

/// How long scripts may run, and how much they may keep in memory.
///
/// ```
/// use nedb_compat::redis::ScriptBounds;
/// assert_eq!(ScriptBounds::default().timeout_us, 5_000_000);
/// ```
#[derive(Clone, Debug)]
pub struct ScriptBounds {
    /// After so many microseconds a script is ended and undone.
    pub timeout_us: u64,
    /// More bytes than these are refused to what a script keeps, writes, and answers: to each of them.
    pub memory_bytes_max: usize,
    /// By which the time is measured.
    pub clock: Arc<dyn Clock>,
    /// Takes what `redis.log` is given: a level from 0 to 3, the most important, and a text.
    pub log: fn(i64, &str),
}

impl Default for ScriptBounds {
    /// Five seconds and 256 MiB by the clock of the machine; nothing is logged.
    fn default() -> Self {
        Self {
            timeout_us: 5_000_000,
            memory_bytes_max: 256 << 20,
            clock: Arc::new(RealClock::new()),
            log: |_level, _text| {},
        }
    }
}

/// The scripts of one database.
#[derive(Debug)]
pub(in crate::redis) struct Scripts {
    #[cfg_attr(not(feature = "lua"), expect(dead_code, reason = "only the machine asks for it"))]
    pub(super) bounds: ScriptBounds,
    pub(super) machines: Machines,
    kept: Mutex<Kept>,
    /// Scripts that were called by their digests: kept, and not kept.
    called: CacheCounts,
}

#[derive(Debug, Default)]
struct Kept {
    by_sha1: BTreeMap<String, Script>,
    bytes: usize,
    /// Counts uses.
    now: u64,
}

#[derive(Debug)]
struct Script {
    text: Arc<[u8]>,
    used: u64,
}

impl Scripts {
    pub(in crate::redis) fn new(bounds: ScriptBounds) -> Self {
        Self { bounds, machines: Machines::default(), kept: Mutex::default(), called: CacheCounts::default() }
    }

    /// Keeps a script, and returns its digest with it.
    pub(super) fn keep(&self, text: &[u8]) -> Result<(String, Arc<[u8]>)> {
        if text.len() > SCRIPT_BYTES_MAX {
            return Err(refused(format!("ERR a script has at most {SCRIPT_BYTES_MAX} bytes, not {}", text.len())));
        }
        let sha1 = sha1::hex(text);
        if let Some(known) = self.find(&sha1) {
            return Ok((sha1, known));
        }
        let text: Arc<[u8]> = text.into();
        let mut kept = self.kept.lock();
        kept.now += 1;
        kept.bytes += text.len();
        let script = Script { text: Arc::clone(&text), used: kept.now };
        if let Some(before) = kept.by_sha1.insert(sha1.clone(), script) {
            kept.bytes -= before.text.len();
        }
        while kept.bytes > KEPT_BYTES_MAX || kept.by_sha1.len() > KEPT_MAX {
            let oldest = kept.by_sha1.iter().min_by_key(|(_, script)| script.used).map(|(sha1, _)| sha1.clone());
            let Some(gone) = oldest.and_then(|oldest| kept.by_sha1.remove(&oldest)) else { break };
            kept.bytes -= gone.text.len();
        }
        Ok((sha1, text))
    }

    /// The script of a digest in small letters.
    pub(super) fn find(&self, sha1: &str) -> Option<Arc<[u8]>> {
        let mut kept = self.kept.lock();
        kept.now += 1;
        let now = kept.now;
        let script = kept.by_sha1.get_mut(sha1)?;
        script.used = now;
        Some(Arc::clone(&script.text))
    }

    /// The script of a digest that is called, which is counted.
    pub(super) fn find_called(&self, sha1: &str) -> Option<Arc<[u8]>> {
        let found = self.find(sha1);
        match &found {
            Some(_) => self.called.hit(),
            None => self.called.miss(),
        }
        found
    }

    /// How often a script that was called by its digest was kept.
    pub(in crate::redis) fn figures(&self) -> CacheFigures {
        self.called.figures()
    }

    pub(super) fn forget_all(&self) {
        *self.kept.lock() = Kept::default();
        self.machines.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_are_used_stay_and_others_go_at_the_bound() {
        let scripts = Scripts::new(ScriptBounds::default());
        let first = scripts.keep(b"return 0").unwrap().0;
        for number in 1..=KEPT_MAX {
            assert!(scripts.find(&first).is_some());
            scripts.keep(format!("return {number}").as_bytes()).unwrap();
        }
        assert!(scripts.find(&first).is_some());
        assert!(scripts.find(&sha1::hex(b"return 1")).is_none());
        assert!(scripts.keep(&vec![b' '; SCRIPT_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn calls_by_digest_are_counted_and_nothing_else_is() {
        let scripts = Scripts::new(ScriptBounds::default());
        let sha1 = scripts.keep(b"return 0").unwrap().0;
        assert!(scripts.find(&sha1).is_some());
        assert!(scripts.find_called(&sha1).is_some() && scripts.find_called(&sha1).is_some());
        scripts.forget_all();
        assert!(scripts.find_called(&sha1).is_none());
        assert_eq!(scripts.figures(), CacheFigures { hits: 2, misses: 1 });
    }
}
