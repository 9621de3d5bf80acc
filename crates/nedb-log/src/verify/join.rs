//! Joining the frames of all segments in order: links, times, catalogue, tree, HEAD, end.

use super::segment::{FramePart, SegmentPart};
use super::{Damage, DamageKind, LogVerdict};
use crate::head::Head;
use crate::recovery::look_behind;
use crate::segment::locate;
use crate::{Address, LogPosition, LogReader};
use nedb_crypto::Frontier;
use nedb_types::{Digest, Error, Place, Result};

pub(super) struct Join<'r> {
    reader: &'r LogReader,
    head: Head,
    expect: Option<(u64, Digest)>,
    frontier: Frontier,
    position: LogPosition,
    is_sealed: bool,
    is_head_met: bool,
    is_expectation_met: bool,
    sealed_catalogue: u64,
    /// Why the log ends where it ends, and whether nothing was ever written there.
    end: Option<(Error, bool)>,
    verdict: LogVerdict,
}

impl<'r> Join<'r> {
    pub(super) fn new(reader: &'r LogReader, head: Head, is_slot_damaged: bool, expect: Option<(u64, Digest)>) -> Self {
        let position = LogPosition::start();
        let mut verdict = LogVerdict::damaged(Damage::new(DamageKind::Corrupt, "", Place::default()));
        (verdict.damage, verdict.head_slot_damaged) = (None, is_slot_damaged);
        let mut join = Self {
            reader,
            head,
            expect,
            frontier: Frontier::new(),
            position,
            is_sealed: true,
            is_head_met: false,
            is_expectation_met: expect.is_none(),
            sealed_catalogue: 0,
            end: None,
            verdict,
        };
        join.meet_head();
        join.meet_expectation(0, position.root);
        join
    }

    /// Adds the next segment; returns whether the log may go on behind it.
    pub(super) fn add(&mut self, part: SegmentPart) -> bool {
        if !self.is_sealed {
            return false;
        }
        self.is_sealed = false;
        for frame in &part.frames {
            if let Some(damage) = self.check(frame) {
                self.verdict.damage = Some(damage);
                return false;
            }
            self.is_sealed = frame.header.is_seal;
        }
        if let Some(why) = part.why {
            self.end = Some((why, part.is_blank));
        }
        debug_assert!(part.end >= self.position.end || part.frames.is_empty(), "frames end where the segment's do");
        self.is_sealed
    }

    /// Checks a frame against the log so far and takes it in.
    fn check(&mut self, frame: &FramePart) -> Option<Damage> {
        let header = &frame.header;
        let wrong =
            |text: &str| Some(self.damage(DamageKind::Inconsistent, text, header.address, header.first_seq.get()));
        if let Some(damage) = &frame.damage {
            return Some(damage.clone());
        }
        if header.first_seq.get() != self.position.size || header.previous_hash != self.position.frame_hash {
            return wrong("the frame does not continue the one before it");
        }
        if header.commit_time < self.position.commit_time {
            return wrong("the frame's commit time is earlier than that of the frame before it");
        }
        let mut catalogue = self.position.catalogue;
        for record in &frame.catalogue {
            catalogue = match catalogue.after(record) {
                Ok(state) => state,
                Err(error) => return wrong(error.message()),
            };
        }
        if let Some(sealed) = frame.sealed_catalogue {
            if sealed != (catalogue.number, catalogue.digest) {
                return wrong("an entry names another catalogue than the log holds");
            }
            self.sealed_catalogue = catalogue.number;
        }
        let leaves = self.extend_to_expectation(frame);
        self.frontier.extend(leaves);
        let root = self.frontier.root();
        if root != header.root {
            return Some(self.damage(
                DamageKind::Inconsistent,
                "the tree after the frame has another root",
                header.address,
                header.first_seq.get(),
            ));
        }
        self.position = LogPosition {
            end: header.end(),
            frame: header.address,
            frame_hash: frame.hash,
            size: header.size_after(),
            root,
            commit_time: header.commit_time,
            catalogue,
        };
        self.verdict.frames += 1;
        self.verdict.payloads += frame.payloads;
        self.meet_expectation(self.position.size, root);
        self.meet_head()
    }

    /// Takes the leaves up to an expected size inside the frame; returns those that are left.
    fn extend_to_expectation<'f>(&mut self, frame: &'f FramePart) -> &'f [Digest] {
        let inside = self.expect.and_then(|(size, _)| size.checked_sub(self.position.size));
        let split = inside.and_then(|count| frame.leaves.split_at_checked(usize::try_from(count).ok()?));
        let Some((before, after)) = split else { return &frame.leaves };
        self.frontier.extend(before);
        self.meet_expectation(self.frontier.size(), self.frontier.root());
        after
    }

    fn meet_expectation(&mut self, size: u64, root: Digest) {
        if self.expect == Some((size, root)) {
            self.is_expectation_met = true;
        }
    }

    /// Compares the position with HEAD when it stands at the head's end.
    fn meet_head(&mut self) -> Option<Damage> {
        if self.position.end != self.head.end {
            return None;
        }
        self.is_head_met = true;
        if self.head.agrees_with(&self.position) {
            return None;
        }
        let text = "HEAD names another history than the log has";
        Some(self.damage(DamageKind::Rollback, text, self.position.frame, self.position.size))
    }

    /// Judges the end of the log and returns the verdict.
    pub(super) fn finish(mut self) -> Result<LogVerdict> {
        if self.verdict.damage.is_none() {
            self.verdict.damage = self.judge_end()?;
        }
        if self.verdict.damage.is_none() && !self.is_expectation_met {
            let (size, root) = self.expect.unwrap_or_default();
            let text = format!("the log does not have root {root} at size {size}");
            self.verdict.damage = Some(Damage::new(DamageKind::Unexpected, text, Place::default()));
        }
        self.verdict.size = self.position.size;
        self.verdict.root = self.position.root;
        self.verdict.catalogue = self.position.catalogue;
        self.verdict.unsealed_catalogue = self.position.catalogue.number.saturating_sub(self.sealed_catalogue);
        Ok(self.verdict)
    }

    fn judge_end(&mut self) -> Result<Option<Damage>> {
        let end = self.position.end;
        let remains = look_behind(self.reader, end)?;
        let (why, is_blank) = match &self.end {
            Some((why, is_blank)) => (why.message().to_owned(), *is_blank),
            None => (String::from("the log ends with a sealed segment"), true),
        };
        if !self.is_head_met {
            let is_rollback = is_blank && remains.witness.is_none() && self.head.end > end;
            let kind = if is_rollback { DamageKind::Rollback } else { DamageKind::Corrupt };
            let text = format!("the log ends at {end}, HEAD names {} as durable: {why}", self.head.end);
            return Ok(Some(self.damage(kind, &text, end, self.position.size)));
        }
        if let Some(witness) = remains.witness {
            let text = format!("{why}, but the frame at {witness} proves that the log went on");
            return Ok(Some(self.damage(DamageKind::Corrupt, &text, end, self.position.size)));
        }
        self.verdict.torn_bytes = remains.used_end.map_or(0, |used| used.bytes_after(end));
        Ok(None)
    }

    fn damage(&self, kind: DamageKind, text: &str, at: Address, seq: u64) -> Damage {
        let error = Error::corrupt(text).at(Place::at_offset(at.get()).seq(seq));
        Damage { kind, ..Damage::from_error(&locate(error, self.reader.segment_bytes())) }
    }
}
