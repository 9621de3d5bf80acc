//! Comparing derived state with what follows from the log alone.
//!
//! A second engine is opened as if the checkpoints had been deleted, so it replays the whole log; then everything that
//! answers come from is compared with the state that is there: loaded from a checkpoint, or held by an open handle.
//!
//! Promises: a difference is a finding with the operation concerned; damage in derived files is a finding too. Beside a
//! busy writer it compares the state as of the older of both moments and says what it could not compare. Leaves to others:
//! repair, which is to delete `index/`.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use nedb_io::Io;
use nedb_log::{Address, LogStore, Record};
use nedb_types::{Client, Collection, Error, ErrorCode, ErrorKind, Result, Seq};

use super::{
    no_checkpoints::WithoutCheckpoints,
    open_reading,
    options::{VerifyOptions, VerifyProgress},
    report::{DeepCounts, Finding, Verdict, VerifyReport},
};
use crate::{
    engine::Engine,
    open::INDEX_DIR,
    options::Access,
    state::{SAMPLE_EVERY, STORED_LEVEL_MIN},
};

/// Findings that are listed; further ones are mostly consequences of the same cause and are only counted.
const FINDINGS_MAX: usize = 100;

/// Compares the derived state and adds what it finds to the report.
pub(super) fn compare(
    dir: &Path,
    options: &VerifyOptions,
    present: Option<&Arc<Engine>>,
    report: &mut VerifyReport,
) -> Result<()> {
    match compared(dir, options, present, report) {
        Err(error) if error.kind() == ErrorKind::Integrity => report.add(Finding::of(&error)),
        other => other?,
    }
    Ok(())
}

fn compared(
    dir: &Path,
    options: &VerifyOptions,
    present: Option<&Arc<Engine>>,
    report: &mut VerifyReport,
) -> Result<()> {
    let present = if let Some(engine) = present {
        bring_up_to_date(engine)?;
        Arc::clone(engine)
    } else {
        let (engine, opened) = open_reading(dir, &options.io)?;
        let rejected = opened.rejected_checkpoints.iter();
        report.notes.extend(rejected.map(|one| format!("checkpoint {} is not used: {}", one.file, one.reason)));
        let rejected = opened.rejected_indexes.iter();
        report.notes.extend(rejected.map(|one| format!("the {} is not used: {}", one.index, one.reason)));
        engine
    };
    options.tell(VerifyProgress::Rebuilding);
    let disk = WithoutCheckpoints::new(Arc::clone(&options.io.disk), dir.join(INDEX_DIR));
    let (rebuilt, _) = open_reading(dir, &Io { disk: Arc::new(disk), ..options.io.clone() })?;
    let mut comparison = Comparison::new(&rebuilt, &present);
    let done = comparison.run(options);
    report.deep = Some(comparison.counts);
    report.findings_suppressed += comparison.suppressed;
    for finding in comparison.findings {
        report.add(finding);
    }
    if comparison.has_moved {
        let note =
            "the database was written to meanwhile: expiries, numbers of documents and exact nonces were not compared";
        report.notes.push(note.to_owned());
    }
    done
}

/// Makes what an open handle has written visible to a reader beside it, who sees only what is known durable.
fn bring_up_to_date(engine: &Engine) -> Result<()> {
    let can_write = engine.access == Access::Write && engine.check_open().is_ok() && engine.log.poison().is_none();
    if can_write {
        engine.sync_log()?;
        engine.log.write_head()?;
    }
    Ok(())
}

impl VerifyReport {
    /// Lists a finding; the first one decides the verdict.
    fn add(&mut self, finding: Finding) {
        if self.is_ok() {
            self.verdict = match finding.code {
                ErrorCode::Rollback | ErrorCode::HeadMismatch => {
                    Verdict::Inconsistent { seq: finding.place.seq.map(Seq::new) }
                }
                _ => Verdict::Corrupt { place: finding.place.clone() },
            };
        }
        self.findings.push(finding);
    }
}

impl Finding {
    /// What an integrity error says.
    pub(super) fn of(error: &Error) -> Self {
        let place = error.place().cloned().unwrap_or_default();
        Self { code: error.code(), message: error.message().to_owned(), place }
    }
}

/// Two states of one database side by side.
pub(super) struct Comparison<'e> {
    pub(super) rebuilt: &'e Engine,
    pub(super) present: &'e Engine,
    /// The operations that both have seen.
    pub(super) size: u64,
    /// Whether the two do not show the same moment, or did not all the time.
    pub(super) has_moved: bool,
    pub(super) counts: DeepCounts,
    findings: Vec<Finding>,
    suppressed: u64,
}

impl<'e> Comparison<'e> {
    fn new(rebuilt: &'e Engine, present: &'e Engine) -> Self {
        let size = rebuilt.published.size().min(present.published.size());
        let counts = DeepCounts::default();
        let mut comparison =
            Self { rebuilt, present, size, has_moved: false, counts, findings: Vec::new(), suppressed: 0 };
        comparison.look_for_writes();
        comparison
    }

    fn run(&mut self, options: &VerifyOptions) -> Result<()> {
        self.compare_head();
        self.compare_tree();
        self.compare_samples();
        self.compare_keys(&mut |keys_done| options.tell(VerifyProgress::Comparing { keys_done }))?;
        self.compare_requests()?;
        self.compare_indexes()?;
        self.compare_collections();
        Ok(())
    }

    /// Notes a difference.
    pub(super) fn differs(&mut self, message: impl Into<String>, seq: Option<Seq>) {
        self.push(Finding::derived(message, seq));
    }

    pub(super) fn push(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.suppressed += 1;
        }
    }

    /// Notes whether the present state has gone on.
    ///
    /// A frame is in the log before it is published, so that the log may be level with the rebuilt state although the
    /// operations that both have seen are fewer.
    pub(super) fn look_for_writes(&mut self) {
        let rebuilt = self.rebuilt.published.size();
        self.has_moved |= self.size != rebuilt || self.present.log.position().size != rebuilt;
    }

    fn compare_head(&mut self) {
        let (rebuilt, present) = (self.rebuilt.published.head(), self.present.published.head());
        if rebuilt.size == present.size && rebuilt != present {
            let message = format!("the head is {} in memory, {} in the log", present.root, rebuilt.root);
            self.differs(message, present.seq());
        }
    }

    fn compare_tree(&mut self) {
        let (rebuilt, present) = (self.rebuilt.tree.read(), self.present.tree.read());
        let mut wrong = Vec::new();
        for (level, nodes) in (STORED_LEVEL_MIN..).zip(rebuilt.levels()) {
            let count = usize::try_from(self.size >> level).unwrap_or(usize::MAX);
            let stored = present.levels().get(usize::from(level - STORED_LEVEL_MIN)).map_or(&[][..], Vec::as_slice);
            self.counts.tree_nodes += count.min(nodes.len()) as u64;
            for (index, node) in nodes.iter().enumerate().take(count) {
                if stored.get(index) != Some(node) {
                    let first = (index as u64).saturating_mul(1 << level);
                    wrong.push((format!("tree node {index} of level {level} is wrong or missing"), Seq::new(first)));
                }
            }
        }
        drop((rebuilt, present));
        for (message, seq) in wrong {
            self.differs(message, Some(seq));
        }
    }

    fn compare_samples(&mut self) {
        let (rebuilt, present) = (self.rebuilt.seqs.read(), self.present.seqs.read());
        let count = usize::try_from(self.size.div_ceil(SAMPLE_EVERY)).unwrap_or(usize::MAX);
        let mut wrong = Vec::new();
        for (index, address) in rebuilt.addresses().iter().enumerate().take(count) {
            if present.addresses().get(index) != Some(address) {
                wrong.push(Seq::new((index as u64).saturating_mul(SAMPLE_EVERY)));
            }
        }
        self.counts.seq_samples += count.min(rebuilt.addresses().len()) as u64;
        drop((rebuilt, present));
        for seq in wrong {
            self.differs(format!("the stored address of seq {seq} is wrong or missing"), Some(seq));
        }
    }

    /// Walks the log for what clients and idempotency keys must be remembered.
    fn compare_requests(&mut self) -> Result<()> {
        let mut clients: BTreeMap<String, (u64, Address)> = BTreeMap::new();
        let mut frames = self.rebuilt.log.tail(Address::ZERO)?;
        while let Some(frame) = frames.next()? {
            if frame.header().first_seq.get() >= self.size {
                break;
            }
            for record in frame.records() {
                let record = record?;
                let newest = (record.entry.nonce(), record.address);
                match clients.get_mut(record.entry.client()) {
                    Some(known) => *known = newest,
                    None => {
                        clients.insert(record.entry.client().to_owned(), newest);
                    }
                }
                self.compare_idempotency(&record)?;
            }
        }
        clients.into_iter().try_for_each(|(client, newest)| self.compare_client(&client, newest))
    }

    fn compare_idempotency(&mut self, record: &Record<'_>) -> Result<()> {
        let Some(digest) = record.entry.idempotency() else { return Ok(()) };
        self.counts.idempotency_keys += 1;
        let hash = self.present.keys.hash(digest.as_bytes());
        if self.present.idempotency.find(hash, |address| Ok(address == record.address))?.is_none() {
            let message = format!("the idempotency key of seq {} is not remembered", record.seq);
            self.differs(message, Some(record.seq));
        }
        Ok(())
    }

    fn compare_client(&mut self, client: &str, (nonce, address): (u64, Address)) -> Result<()> {
        self.counts.clients += 1;
        let present = self.present.last_of_client(&Client::new(client)?)?;
        self.look_for_writes();
        let is_right = match present {
            Some(found) if self.has_moved => found >= (nonce, address),
            Some(found) => found == (nonce, address),
            None => false,
        };
        if !is_right {
            let seq = self.seq_at(address)?;
            let remembered = present.map_or_else(|| "nothing".to_owned(), |(nonce, _)| format!("nonce {nonce}"));
            let message = format!("of client {client:?} {remembered} is remembered, its last nonce is {nonce}");
            self.differs(message, Some(seq));
        }
        Ok(())
    }

    fn compare_collections(&mut self) {
        let (rebuilt, present) = (self.rebuilt.collections.read(), self.present.collections.read());
        let mut counts: BTreeMap<&Collection, (i64, i64)> = BTreeMap::new();
        rebuilt.iter().for_each(|(name, live)| counts.entry(name).or_default().0 = live);
        present.iter().for_each(|(name, live)| counts.entry(name).or_default().1 = live);
        let wrong = counts.iter().filter(|(_, (right, found))| right != found);
        let wrong: Vec<String> = wrong
            .map(|(name, (right, found))| format!("collection {name:?} counts {found} documents, it has {right}"))
            .collect();
        let compared = counts.len() as u64;
        drop((rebuilt, present));
        // Asked last: numbers that were taken while a write went on say nothing.
        self.look_for_writes();
        if self.has_moved {
            return;
        }
        self.counts.collections += compared;
        for message in wrong {
            self.differs(message, None);
        }
    }
}
