//! The power switch: cutting it at a chosen call, and coming back with what the medium kept.
//!
//! A reboot loses what was not durable; a restart is the end of the process alone, which the page cache survives.

use std::collections::BTreeMap;

use super::{disk::SimDisk, gate::Gate, names::NodeId, state::State};
use crate::random::Sequence;

/// What a power cut leaves of the effects that no sync confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// All of them, as if the system had written everything back in time.
    Everything,
    /// None of them.
    Nothing,
    /// Each whole, torn or not at all, as the seed says.
    Random,
}

impl SimDisk {
    /// Switches the machine off: from now on every call fails with an error for which
    /// [`is_power_cut`](super::is_power_cut) is true.
    pub fn cut(&self) {
        self.state.lock().gate.is_cut = true;
    }

    /// Arranges that the power goes off in the middle of the `nth` changing call since the disk was created, rebooted
    /// or restarted ([`Counts::mutations`](super::Counts::mutations)); at the next one when that has passed.
    ///
    /// That call fails and may still take effect.
    pub fn cut_at_operation(&self, nth: u64) {
        self.state.lock().gate.cut_at = Some(nth);
    }

    /// Returns whether the machine is off.
    pub fn is_cut(&self) -> bool {
        self.state.lock().gate.is_cut
    }

    /// Returns the disk after a power cut at this moment, with what the seed lets survive.
    ///
    /// This disk is left as it is; called twice without calls in between, it returns the same.
    pub fn reboot(&self) -> Self {
        let seed = self.state.lock().random.clone().next_u64();
        self.reboot_with(seed, Survival::Random)
    }

    /// Returns the disk after a power cut at this moment: many outcomes of one moment can be tried.
    pub fn reboot_with(&self, seed: u64, survival: Survival) -> Self {
        let state = self.state.lock();
        let mut random = Sequence::new(seed);
        let names = state.names.after_cut(survival, &mut random);
        let mut files = BTreeMap::new();
        for node in names.reachable() {
            if let Some(file) = state.files.get(&node) {
                files.insert(node, file.after_cut(survival, &state.faults, &mut random));
            }
        }
        let pages_used = files.values().map(|file| file.seen.pages_used()).sum();
        let State { faults, nodes_made, .. } = &*state;
        let mut after = State::new(0, faults.clone());
        (after.names, after.files, after.random) = (names, files, random);
        (after.nodes_made, after.pages_used) = (*nodes_made, pages_used);
        Self::from_state(after)
    }

    /// Returns the disk as the next process finds it after this one was killed: everything written is seen, and what
    /// was not synced is still at the mercy of a later power cut.
    pub fn restart(&self) -> Self {
        let mut after = self.state.lock().clone();
        after.gate = Gate::default();
        after.locked.clear();
        let open: Vec<NodeId> =
            after.files.iter().filter(|(_, file)| file.handles > 0).map(|(node, _)| *node).collect();
        for node in open {
            after.close_all(node);
        }
        Self::from_state(after)
    }
}
