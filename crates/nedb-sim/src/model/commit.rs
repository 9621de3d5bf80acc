//! An abstract machine with a log of a few frames, a page cache, HEAD and one client who repeats what was not answered.
//!
//! Every reachable state is visited. In each: what was acknowledged is in the log once it is served, nothing is there
//! twice, and the log can be opened. Leaving out any one rule of LOG and recovery must break one of these.

use std::collections::BTreeSet;

use super::recovery::{Opened, recover};
use crate::violation::{Verdict, Violation};

/// Frames that the log can hold, and operations that the client wants; each frame holds one.
pub(super) const FRAMES: usize = 3;
const OPS: u8 = 3;
/// What may go wrong in one history.
const CUTS: u8 = 2;
const KILLS: u8 = 1;
const SYNC_FAILURES: u8 = 1;
/// States after which an exploration is out of hand.
const STATES_MAX: usize = 5_000_000;

/// A frame: the operations up to it as a chain of digits, and the durable end that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Frame {
    pub(super) chain: u16,
    pub(super) watermark: u8,
}

impl Frame {
    /// The operation in the frame.
    pub(super) fn op(self) -> u8 {
        (self.chain % 8) as u8
    }

    /// What the frame before must be.
    pub(super) fn before(self) -> u16 {
        self.chain / 8
    }
}

/// What HEAD names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Head {
    pub(super) end: u8,
    pub(super) chain: u16,
}

/// How far a process has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Off: the next thing is to open.
    Closed,
    /// Recovered and written again, not yet synced.
    Rewritten,
    /// Synced; HEAD not yet.
    Synced,
    /// HEAD written, not yet synced.
    HeadWritten,
    /// Serving.
    Serving,
    /// Serving reads after a failed sync.
    Poisoned,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    cache: [Option<Frame>; FRAMES],
    disk: [Option<Frame>; FRAMES],
    /// Frames that the page cache still has to write.
    dirty: u8,
    head_cache: Head,
    head_disk: Head,
    is_head_dirty: bool,
    phase: Phase,
    written: u8,
    durable: u8,
    acknowledged: u8,
    /// Operations that the last recovery did not find and nobody asked for again.
    absent: u8,
    cuts: u8,
    kills: u8,
    sync_failures: u8,
}

/// The rules, each of which can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// All rules hold.
    Nothing,
    /// Opening does not write the tail again.
    Rewriting,
    /// Opening does not zero what follows the end.
    Zeroing,
    /// After a failed sync the next one is believed.
    Poison,
    /// Writes are acknowledged before the sync.
    SyncBeforeAck,
    /// HEAD names what is written, durable or not.
    SyncBeforeHead,
    /// The watermark names what is written, durable or not.
    DurableWatermark,
    /// The disk says that it synced, and did not.
    HonestSync,
}

const RULES: [Without; 7] = [
    Without::Rewriting,
    Without::Zeroing,
    Without::Poison,
    Without::SyncBeforeAck,
    Without::SyncBeforeHead,
    Without::DurableWatermark,
    Without::HonestSync,
];

/// Visits every state with all rules.
pub(super) fn explore() -> Verdict<String> {
    visit(Without::Nothing).map(|states| format!("{states} states"))
}

/// Leaves out one rule after the other; each must be missed.
pub(super) fn explore_without_each_rule() -> Verdict<String> {
    for without in RULES {
        if let Ok(states) = visit(without) {
            return Err(Violation::new(format!("without {without:?} nothing goes wrong in {states} states")));
        }
    }
    Ok(format!("{} rules", RULES.len()))
}

fn visit(without: Without) -> Verdict<usize> {
    let start = State {
        cache: [None; FRAMES],
        disk: [None; FRAMES],
        dirty: 0,
        head_cache: Head::default(),
        head_disk: Head::default(),
        is_head_dirty: false,
        phase: Phase::Closed,
        written: 0,
        durable: 0,
        acknowledged: 0,
        absent: 0,
        cuts: CUTS,
        kills: KILLS,
        sync_failures: SYNC_FAILURES,
    };
    let mut seen = BTreeSet::from([start.clone()]);
    let mut waiting = vec![start];
    while let Some(state) = waiting.pop() {
        state.check()?;
        for next in state.steps(without)? {
            if seen.insert(next.clone()) {
                waiting.push(next);
            }
        }
        if seen.len() > STATES_MAX {
            return Err(Violation::new("the model has more states than can be visited"));
        }
    }
    Ok(seen.len())
}

impl State {
    fn is_serving(&self) -> bool {
        matches!(self.phase, Phase::Serving | Phase::Poisoned)
    }

    /// What is acknowledged is served, nothing is there twice, and what was gone does not come back by itself.
    fn check(&self) -> Verdict {
        if !self.is_serving() && self.phase != Phase::HeadWritten {
            return Ok(());
        }
        let mut found = 0;
        for frame in self.log() {
            let bit = 1 << frame.op();
            if found & bit != 0 {
                return Err(Violation::new(format!("operation {} is there twice: {self:?}", frame.op())));
            }
            found |= bit;
        }
        if found & self.absent != 0 {
            return Err(Violation::new(format!("what recovery did not find came back: {self:?}")));
        }
        let lost = self.acknowledged & !found;
        if lost == 0 { Ok(()) } else { Err(Violation::new(format!("acknowledged and lost: {lost:#b} in {self:?}"))) }
    }

    fn log(&self) -> impl Iterator<Item = Frame> {
        self.cache.iter().take(self.written.into()).flatten().copied()
    }

    fn steps(&self, without: Without) -> Verdict<Vec<Self>> {
        let mut steps = Vec::new();
        match self.phase {
            Phase::Closed => steps.push(self.open(without)?),
            Phase::Rewritten => self.sync(without, Phase::Synced, &mut steps),
            Phase::Synced => steps.push(self.write_head(without, Phase::HeadWritten)),
            Phase::HeadWritten => self.sync_head(Phase::Serving, &mut steps),
            Phase::Serving => self.serve(without, &mut steps),
            Phase::Poisoned => {}
        }
        if self.cuts > 0 {
            self.cut(&mut steps);
        }
        if self.kills > 0 && self.phase != Phase::Closed {
            steps.push(Self { phase: Phase::Closed, kills: self.kills - 1, ..self.clone() });
        }
        Ok(steps)
    }

    fn open(&self, without: Without) -> Verdict<Self> {
        let Opened { end, known_durable } = recover(&self.cache, self.head_cache)
            .map_err(|why| Violation::new(format!("the log cannot be opened: {why}: {self:?}")))?;
        let mut next = self.clone();
        for (place, frame) in next.cache.iter_mut().enumerate() {
            // What reads as zeros may not be on the disk: after a failed sync only another write brings it there.
            if place >= end && without != Without::Zeroing {
                *frame = None;
                next.dirty |= 1 << place;
            }
            if (known_durable..end).contains(&place) && without != Without::Rewriting {
                next.dirty |= 1 << place;
            }
        }
        (next.written, next.durable) = (small(end), small(end));
        next.phase = Phase::Rewritten;
        Ok(next)
    }

    fn serve(&self, without: Without, steps: &mut Vec<Self>) {
        for op in 1..=OPS {
            match self.log().any(|frame| frame.op() == op) {
                // A retry of what is durable is answered from the log.
                true if self.written == self.durable => {
                    steps.push(Self { acknowledged: self.acknowledged | 1 << op, ..self.clone() });
                }
                true => {}
                false => steps.extend(self.append(op, without)),
            }
        }
        if self.written > self.durable {
            self.sync(without, Phase::Serving, steps);
        }
        let named = if without == Without::SyncBeforeHead { self.written } else { self.durable };
        if named > self.head_cache.end {
            steps.push(self.write_head(without, Phase::Serving));
        }
        if self.is_head_dirty {
            self.sync_head(Phase::Serving, steps);
        }
    }

    fn append(&self, op: u8, without: Without) -> Option<Self> {
        let mut next = self.clone();
        let before = self.log().last().map_or(0, |frame| frame.chain);
        let watermark = if without == Without::DurableWatermark { self.written } else { self.durable };
        *next.cache.get_mut(usize::from(self.written))? = Some(Frame { chain: before * 8 + u16::from(op), watermark });
        next.dirty |= 1 << self.written;
        next.absent &= !(1 << op);
        next.written += 1;
        if without == Without::SyncBeforeAck {
            next.acknowledged |= 1 << op;
        }
        Some(next)
    }

    fn sync(&self, without: Without, after: Phase, steps: &mut Vec<Self>) {
        let mut synced = self.clone();
        if without != Without::HonestSync {
            for place in 0..FRAMES {
                synced.write_back(place, self.dirty & 1 << place != 0);
            }
            synced.dirty = 0;
        }
        synced.durable = synced.written;
        synced.acknowledged |= synced.log().fold(0, |ops, frame| ops | 1 << frame.op());
        synced.phase = after;
        if after != Phase::Serving {
            synced.acknowledged = self.acknowledged;
        }
        steps.push(synced);
        if self.sync_failures > 0 {
            // The dirty bytes are gone and still read back.
            let failed = Self { dirty: 0, sync_failures: self.sync_failures - 1, ..self.clone() };
            let phase = match self.phase {
                _ if without == Without::Poison => self.phase,
                Phase::Serving => Phase::Poisoned,
                _ => Phase::Closed,
            };
            steps.push(Self { phase, ..failed });
        }
    }

    fn write_back(&mut self, place: usize, is_kept: bool) {
        if let (true, Some(disk), Some(cache)) = (is_kept, self.disk.get_mut(place), self.cache.get(place)) {
            *disk = *cache;
        }
    }

    fn write_head(&self, without: Without, after: Phase) -> Self {
        let named = if without == Without::SyncBeforeHead { self.written } else { self.durable };
        let last = usize::from(named).checked_sub(1).and_then(|last| self.cache.get(last).copied().flatten());
        let head_cache = Head { end: named, chain: last.map_or(0, |frame| frame.chain) };
        Self { head_cache, is_head_dirty: true, phase: after, ..self.clone() }
    }

    fn sync_head(&self, after: Phase, steps: &mut Vec<Self>) {
        let found = self.log().fold(0, |ops, frame| ops | 1 << frame.op());
        let absent = if self.phase == Phase::HeadWritten { !found } else { self.absent };
        steps.push(Self { head_disk: self.head_cache, is_head_dirty: false, phase: after, absent, ..self.clone() });
        if self.sync_failures > 0 {
            let phase = if self.phase == Phase::Serving { Phase::Poisoned } else { Phase::Closed };
            let sync_failures = self.sync_failures - 1;
            steps.push(Self { is_head_dirty: false, sync_failures, phase, ..self.clone() });
        }
    }

    /// Every subset of what was not synced survives. HEAD has two slots, so a torn one leaves the old.
    fn cut(&self, steps: &mut Vec<Self>) {
        for kept in 0..1_u8 << FRAMES {
            if kept & !self.dirty != 0 {
                continue;
            }
            for is_head_kept in [false, true] {
                if is_head_kept && !self.is_head_dirty {
                    continue;
                }
                let mut next = Self { dirty: 0, is_head_dirty: false, cuts: self.cuts - 1, ..self.clone() };
                for place in 0..FRAMES {
                    next.write_back(place, kept & 1 << place != 0);
                }
                if is_head_kept {
                    next.head_disk = self.head_cache;
                }
                (next.cache, next.head_cache, next.phase) = (next.disk, next.head_disk, Phase::Closed);
                (next.written, next.durable) = (0, 0);
                steps.push(next);
            }
        }
    }
}

fn small(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
