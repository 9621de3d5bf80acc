//! Verifying a database: the whole log from its bytes, and on request everything that was derived from it.
//!
//! | level | what it means |
//! |---|---|
//! | corrupt | stored bytes do not check |
//! | inconsistent | bytes check, but a hash, a root, HEAD or an expected head says that this is not the history |
//! | consistent | every check, hash, commitment, chain and root follows from the entries, and HEAD agrees |
//! | signed | consistent, and it contains a head that the database's key signed and somebody kept |
//! | anchored | consistent, and it contains a head that the caller kept elsewhere ([`ExpectedHead`]) |
//! | witnessed | signed, and k of the n given witnesses cosigned that head ([`VerifyOptions::witnesses`]) |
//!
//! What a chain cannot show: whoever owns the files can write all of them anew, with other content and right hashes, or
//! put back an older copy of the whole directory; both are *consistent*. Only something kept elsewhere tells: a head that
//! was written down ([`ExpectedHead`]) or a signed checkpoint with a key that was pinned
//! ([`VerifyOptions::signed_checkpoint`]). The highest level that was reached is the verdict; each level keeps its own
//! size in the report. Nobody is asked over a network: what witnesses said stands in the checkpoint. Damage to the very last acknowledged frame, before HEAD was brought up to date,
//! looks like a torn tail, which is a note and no damage.
//!
//! Promises: nothing is written; what is wrong is returned as data with its place, and an error means that the database
//! could not be read. Leaves to others: repair, and the checks of the log itself, which are those of `nedb_log`.

mod deep;
mod indexes;
mod keys;
mod no_checkpoints;
mod options;
mod report;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use nedb_crypto::{Note, TreeHead, VerifierKey, note::SignatureKind};
use nedb_io::Io;
use nedb_log::{Damage, DamageKind, LogStore, LogVerdict, Progress, Scratch, verify_log};
use nedb_types::{Digest, Error, ErrorCode, ErrorKind, Place, Result, Seq};

pub use self::{
    options::{ExpectedHead, VerifyOptions, VerifyProgress},
    report::{DeepCounts, Finding, Verdict, VerifyReport, Vouched, Witnessed},
};
use crate::{
    database::Database,
    engine::Engine,
    open,
    options::Options,
    proof::check_origin,
    stats::{LOG_DIR, files_in},
};

/// How often a log that changes under the verification is read again before that is given up.
const ATTEMPTS_MAX: usize = 4;

/// Verifies the database in a directory, closed or beside its writer, and changes nothing.
///
/// Damage is a report, not an error. Errors: `not_a_database`, `newer_format`, `invalid_argument` and `bad_signature` for a
/// signed checkpoint that is no checkpoint or not signed, `busy` when a writer is faster than the reading, `io`.
///
/// ```
/// use nedb::{Body, Database, ExpectedHead, Options, Verdict, VerifyOptions, verify};
/// # fn main() -> nedb::Result<()> {
/// # let dir = std::env::temp_dir().join(format!("nedb-doc-verify-{}", std::process::id()));
/// # let path = dir.join("shop");
/// let db = Database::open(&path, Options::new())?;
/// db.put("orders", "17", Body::json("{}"))?;
/// let pinned = ExpectedHead::at_size(db.head().size, db.head().root);
/// db.put("orders", "18", Body::json("{}"))?;
/// db.close()?;
///
/// let report = verify(&path, &VerifyOptions::new().expect_head(pinned))?;
/// assert_eq!((report.verdict, report.size), (Verdict::Anchored { size: 1 }, 2));
/// # drop(db);
/// # let _cleaned = std::process::Command::new("rm").arg("-r").arg(&dir).status();
/// # Ok(())
/// # }
/// ```
pub fn verify(path: impl AsRef<Path>, options: &VerifyOptions) -> Result<VerifyReport> {
    run(path.as_ref(), options, None)
}

impl Database {
    /// Verifies the log of this database while it is open; see [`verify`](crate::verify()).
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// assert!(db.verify()?.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify(&self) -> Result<VerifyReport> {
        self.verify_with(&VerifyOptions::new())
    }

    /// Verifies this database while it is open; a deep verification compares the state that this handle has, after making
    /// what it wrote durable. Other than [`verify`](crate::verify()) of the files, it also knows where the log must not end: a
    /// last frame that no longer checks is damage, and no torn write.
    ///
    /// The files are those of the handle, whatever the options name.
    ///
    /// ```
    /// use nedb::{Body, Database, ExpectedHead, VerifyOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let pinned = ExpectedHead::at_size(db.head().size, db.head().root);
    /// let report = db.verify_with(&VerifyOptions::new().expect_head(pinned).deep(true))?;
    /// assert!(report.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify_with(&self, options: &VerifyOptions) -> Result<VerifyReport> {
        let options = options.clone().io(self.engine().io.clone());
        run(self.path(), &options, Some(self.engine()))
    }
}

fn run(dir: &Path, options: &VerifyOptions, present: Option<&Arc<Engine>>) -> Result<VerifyReport> {
    let started_us = options.io.clock.monotonic_us();
    let signed = Kept::of(options)?;
    let expected = expectations(options, signed.as_ref());
    let acknowledged = present.map(|engine| engine.log.durable().size).unwrap_or_default();
    let mut log = read_log(dir, options, &expected, present)?;
    if log.is_sound() && log.size < acknowledged {
        log.damage = Some(cut_below(&log, acknowledged));
    }
    let mut report = VerifyReport::of_log(&log, expected.first().copied());
    report.database = nedb_log::database_id(&options.io, dir).ok();
    report.bytes = bytes_of_log(&options.io, dir)?;
    if report.is_ok() {
        if let Some(signed) = signed {
            report.vouched = signed.judge(dir, options, present, &mut report.notes)?;
        }
        report.vouched.anchored_size = options.expected_head.map(|head| head.size);
        report.verdict = report.vouched.verdict();
    }
    if report.is_ok() && options.is_deep {
        deep::compare(dir, options, present, &mut report)?;
    }
    report.duration_us = options.io.clock.monotonic_us().saturating_sub(started_us);
    Ok(report)
}

/// The damage of a log that ends below what this process knows to be on the disk: its last frame no longer checks.
fn cut_below(log: &LogVerdict, acknowledged: u64) -> Damage {
    let message = format!("the log ends at {} operations, but {acknowledged} were acknowledged as durable", log.size);
    Damage { kind: DamageKind::Corrupt, message, place: Place { seq: Some(log.size), ..Place::default() } }
}

/// The heads that the history must contain.
fn expectations(options: &VerifyOptions, signed: Option<&Kept>) -> Vec<(u64, Digest)> {
    let mut expected: Vec<_> = options.expected_head.map(|head| (head.size, head.root)).into_iter().collect();
    expected.extend(signed.map(|signed| (signed.head.size(), *signed.head.root())));
    expected.dedup();
    expected
}

/// Verifies the log against every expected head; it stops at the first that is not met.
fn read_log(
    dir: &Path,
    options: &VerifyOptions,
    expected: &[(u64, Digest)],
    present: Option<&Arc<Engine>>,
) -> Result<LogVerdict> {
    let mut verdict = read_steady_log(dir, options, expected.first().copied(), present)?;
    // One reading takes one expected head; a second one is rare enough for a second reading.
    for head in expected.iter().skip(1) {
        if !verdict.is_sound() {
            break;
        }
        verdict = read_steady_log(dir, options, Some(*head), present)?;
    }
    Ok(verdict)
}

/// Verifies the log, again when it was written to meanwhile: a frame that appears behind the end that was read looks like
/// the proof of a hole. Damage stays where it is, so what is found twice is there.
fn read_steady_log(
    dir: &Path,
    options: &VerifyOptions,
    expect: Option<(u64, Digest)>,
    present: Option<&Arc<Engine>>,
) -> Result<LogVerdict> {
    let tell = |progress: Progress| {
        options.tell(VerifyProgress::Log { segments_done: progress.segments_done, segments: progress.segments });
    };
    let read = || {
        let settings = nedb_log::VerifyOptions { threads: options.threads, expect, progress: Some(&tell) };
        verify_log(&options.io, dir, settings)
    };
    let mut verdict = read()?;
    for _ in 1..ATTEMPTS_MAX {
        if verdict.damage.as_ref().is_none_or(|damage| damage.kind != DamageKind::Corrupt) {
            return Ok(verdict);
        }
        // With an expected head the judgement on it is not known yet, so the log must be read again.
        if expect.is_none() && went_on(dir, options, present, &verdict) {
            return Ok(LogVerdict { damage: None, ..verdict });
        }
        let again = read()?;
        if again.damage == verdict.damage {
            return Ok(again);
        }
        verdict = again;
    }
    if verdict.is_sound() {
        return Ok(verdict);
    }
    let message = "the log was written to faster than it could be verified; try again when there is less to do";
    Err(Error::new(ErrorCode::Busy, message))
}

/// Whether a whole frame now stands where the reading found none, so that what looked like damage was the writer at work.
fn went_on(dir: &Path, options: &VerifyOptions, present: Option<&Arc<Engine>>, verdict: &LogVerdict) -> bool {
    let look = || -> Result<bool> {
        let engine = match present {
            Some(engine) => Arc::clone(engine),
            None => open_reading(dir, &options.io)?.0,
        };
        let next = Seq::new(verdict.size);
        let reader = engine.log.reader();
        if engine.log.durable().size <= verdict.size || engine.published.size() <= verdict.size {
            return Ok(false);
        }
        let Some(address) = engine.address_of(&reader, next)? else { return Ok(false) };
        let mut scratch = Scratch::new();
        let frame = reader.record_entry(address, &mut scratch)?.frame;
        let mut frames = engine.log.tail(frame)?;
        let is_next = frames.next()?.is_some_and(|frame| frame.header().first_seq == next);
        Ok(is_next && damaged_address(verdict) == Some(frame.get()))
    };
    // What cannot be read is no proof that the log is sound: then it counts as damaged.
    look().unwrap_or(false)
}

/// The address in the log where the damage was found: segments are named by the hex digits of their first address.
fn damaged_address(verdict: &LogVerdict) -> Option<u64> {
    let place = &verdict.damage.as_ref()?.place;
    let name = place.file.as_deref()?.strip_prefix(LOG_DIR)?.strip_prefix('/')?;
    let first = u64::from_str_radix(name.strip_suffix(".seg")?, 16).ok()?;
    first.checked_add(place.offset?)
}

/// The bytes of the log's files; none when a damaged database has no log.
fn bytes_of_log(io: &Io, dir: &Path) -> Result<u64> {
    let dir = dir.join(LOG_DIR);
    match io.disk.kind(&dir)? {
        Some(_) => Ok(files_in(io, &dir)?.1),
        None => Ok(0),
    }
}

/// Opens a second engine on the same files, for reading; again when a writer was at work there, as for the log itself.
fn open_reading(dir: &Path, io: &Io) -> Result<(Arc<Engine>, open::OpenReport)> {
    let mut before: Option<Error> = None;
    for _ in 0..ATTEMPTS_MAX {
        let error = match open::open(dir, Options::new().read_only().io(io.clone())) {
            Err(error) if error.kind() == ErrorKind::Integrity => error,
            other => return other,
        };
        if before.is_some_and(|before| before.place() == error.place() && before.message() == error.message()) {
            return Err(error);
        }
        before = Some(error);
    }
    Err(Error::new(ErrorCode::Busy, "the log was written to faster than it could be opened beside its writer"))
}

/// A signed checkpoint that was kept, and the head that it names.
struct Kept {
    note: Note,
    head: TreeHead,
    /// The given key that signed it; without keys the log is asked once it is known sound.
    key: Option<VerifierKey>,
    /// What the given witnesses said, when any were given.
    witnessed: Option<Witnessed>,
}

impl Kept {
    fn of(options: &VerifyOptions) -> Result<Option<Self>> {
        let Some(text) = &options.checkpoint else {
            if options.witnesses.is_empty() {
                return Ok(None);
            }
            let message = "witnesses vouch for a signed checkpoint, and none was given";
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        };
        let note: Note = text.parse()?;
        let (head, key) = if options.keys.is_empty() {
            (note.text().parse()?, None)
        } else {
            let (head, key) = check_origin(&note, &options.keys)?;
            (head, Some(key))
        };
        let witnessed = witnessed(&note, &options.witnesses)?;
        Ok(Some(Self { note, head, key, witnessed }))
    }

    /// What the signatures under it say of the size that they cover.
    fn judge(
        self,
        dir: &Path,
        options: &VerifyOptions,
        present: Option<&Arc<Engine>>,
        notes: &mut Vec<String>,
    ) -> Result<Vouched> {
        let (signed_size, witnessed) = (Some(self.head.size()), self.witnessed);
        let by = |key: VerifierKey| Vouched {
            signed_size,
            signed_by: Some(key.to_string()),
            witnessed,
            ..Vouched::default()
        };
        if let Some(key) = self.key {
            return Ok(by(key));
        }
        let named = match present {
            Some(engine) => engine.key_of_log()?,
            None => open_reading(dir, &options.io)?.0.key_of_log()?,
        };
        let (_, key) = check_origin(&self.note, &[named])?;
        notes.push(
            "the verifier key was taken from the log itself: pin it to notice a log that was written anew".to_owned(),
        );
        Ok(by(key))
    }
}

/// How many of the witnesses have cosigned the checkpoint: a wrong cosignature of one, or none at all, is `bad_signature`.
fn witnessed(note: &Note, witnesses: &[VerifierKey]) -> Result<Option<Witnessed>> {
    if let Some(other) = witnesses.iter().find(|key| key.kind() != SignatureKind::Cosignature) {
        let message = format!("{other} is the key of a log, not that of a witness");
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    if witnesses.is_empty() {
        return Ok(None);
    }
    let mut known: Vec<&VerifierKey> = Vec::new();
    for key in witnesses {
        if !known.contains(&key) {
            known.push(key);
        }
    }
    let cosigned = note.verify(witnesses)?.len() as u64;
    Ok(Some(Witnessed { cosigned, of: known.len() as u64 }))
}
