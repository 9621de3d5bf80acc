//! What makes a client believe a document: its operation commits to it, a signed tree has the operation, and the tree goes on from the
//! last one that was seen.
//!
//! ```text
//! document ──commitment──> operation ──inclusion──> signed checkpoint ──consistency──> the pinned one
//! ```
//!
//! Promises: a server that shows one history to this pin and later another, or an older one as the present, is found out; no version is
//! believed that is later than the moment that was asked for, or whose lifetime was over then. It does not show that a version is the
//! newest one, or that a document is missing: a server may always hide what it has. Leaves to others: hashes and signatures
//! (`nedb::check_proof`).

use std::path::{Path, PathBuf};

use nedb::{
    AsOf, CheckedPayload, CheckedProof, ConsistencyProof, Digest, Error, ErrorCode, Object, Provenance, Result, Seq,
    Timestamp, VerifierKey, Version, VersionKind, check_proof,
};
use nedb_io::{Io, LockGuard, LockOutcome, Mutex};
use nedb_types::document::json_to_value;
use nedb_types::{Client, Collection};

use crate::database::Database;
use crate::encode;
use crate::fields::Fields;
use crate::retry;

/// How often, and after how long, the lock of a pin's file is asked for again: whoever has it only writes a few bytes.
const LOCK_ATTEMPTS: u32 = 1_000;
const LOCK_PAUSE_US: u64 = 5_000;

/// Keeps the last signed checkpoint that was seen of a database, and the key that signs it.
///
/// The file is that of the Python client. Without a key that was given, the one that the daemon tells at first is believed and kept.
///
/// ```no_run
/// use nedb_client::{Daemon, Options, Pin};
/// # fn main() -> nedb_client::Result<()> {
/// let shop = Daemon::at("http://127.0.0.1:7070", Options::new())?.database("shop");
/// let shop = shop.verified(Pin::in_file("shop.pin"))?;
/// let order = shop.get("orders", "17")?; // proved, or an error
/// # drop(order);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Pin {
    path: Option<PathBuf>,
    key: Option<VerifierKey>,
    /// Its lock covers the writing of the file as well: pins follow each other there as they do here.
    pinned: Mutex<Option<Pinned>>,
}

/// For which moment a document is read, and when the client began to ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) as_of: AsOf,
    pub(crate) begun_at: Timestamp,
}

/// A tree that a signed checkpoint tells of, and the key that signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pinned {
    key: VerifierKey,
    origin: String,
    size: u64,
    root: Digest,
}

impl Pin {
    /// Begins a pin that is kept for as long as the handle is.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Takes up the pin of a file, or begins one there.
    pub fn in_file(path: impl AsRef<Path>) -> Self {
        Self { path: Some(path.as_ref().to_owned()), ..Self::default() }
    }

    /// Believes this key alone.
    #[must_use]
    pub fn key(mut self, key: VerifierKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Reads what was pinned before.
    pub(crate) fn load(&self, io: &Io) -> Result<()> {
        let pinned = self.kept(io)?;
        if let (Some(key), Some(pinned)) = (&self.key, &pinned)
            && *key != pinned.key
        {
            let message = format!("the file has the pin of another key: {}", pinned.key);
            return Err(Error::new(ErrorCode::WrongDatabase, message));
        }
        *self.pinned.lock() = pinned;
        Ok(())
    }

    /// What the file has.
    fn kept(&self, io: &Io) -> Result<Option<Pinned>> {
        let Some(path) = &self.path else { return Ok(None) };
        if io.disk.kind(path)?.is_none() {
            return Ok(None);
        }
        let read =
            json_to_value(&io.disk.read_all(path)?).and_then(Fields::of).and_then(|fields| Pinned::read(&fields));
        read.map(Some).map_err(|error| {
            Error::corrupt(format!("{} is no pin of a client: {error}", path.display())).with_source(error)
        })
    }

    /// The document that an operation wrote under this key, in force at the moment of the read, checked.
    pub(crate) fn document(&self, db: &Database, key: (&Collection, &str), seq: Seq, read: Read) -> Result<Object> {
        let (version, payload) = self.shown(db, seq)?;
        let as_of = read.as_of;
        let is_later = match as_of {
            AsOf::Head => false,
            AsOf::Empty => true,
            AsOf::Seq(last) => seq > last,
            AsOf::Time(time) => version.entry.committed_at > time,
        };
        if is_later {
            let message = format!("the server proved seq {seq}, which is later than the moment that was asked for");
            return Err(Error::new(ErrorCode::BadProof, message));
        }
        if let Some(end) = version.entry.expires_at
            && end <= self.time_of(db, read)?
        {
            let message = format!("the server proved seq {seq}, whose lifetime was over at {end}, before the read");
            return Err(Error::new(ErrorCode::BadProof, message));
        }
        // An operation that gave a new lifetime goes on with the content of an earlier one.
        let earlier = match version.entry.target {
            Some(target) if version.entry.kind == "expire" => Some(self.shown(db, target)?),
            _ => None,
        };
        let (collection, id) = key;
        let is_asked = |(shown, payload): (&CheckedProof, &CheckedPayload)| {
            shown.entry.collection == collection.as_str() && payload.id.as_ref().and_then(|id| id.as_str()) == Some(id)
        };
        let content = earlier.as_ref().map_or((&version, &payload), |(shown, payload)| (shown, payload));
        let (Some(document), true) = (&content.1.document, is_asked((&version, &payload)) && is_asked(content)) else {
            let message = format!("the server proved seq {seq}, which is no version of {collection}:{id}");
            return Err(Error::new(ErrorCode::BadProof, message));
        };
        let mut object = Fields::of(document.as_document().to_value()?)?.0;
        for (name, value) in mirror(&version, content, id)? {
            object.insert(name, value);
        }
        Ok(object)
    }

    /// The time by which a read judges lifetimes: at a seq, that of its commit.
    fn time_of(&self, db: &Database, read: Read) -> Result<Timestamp> {
        match read.as_of {
            AsOf::Head | AsOf::Empty => Ok(read.begun_at),
            AsOf::Time(time) => Ok(time),
            AsOf::Seq(seq) => match self.proved(db, seq) {
                Ok(proved) => Ok(proved.entry.committed_at),
                // One that has not come yet is the present, in which nothing lives longer.
                Err(error) if error.code() == ErrorCode::UnknownProofSeq => Ok(read.begun_at),
                Err(error) => Err(error),
            },
        }
    }

    /// What a proof and the content of an operation show; the pin goes on to its checkpoint.
    fn shown(&self, db: &Database, seq: Seq) -> Result<(CheckedProof, CheckedPayload)> {
        let missing = || Error::new(ErrorCode::BadProof, format!("the server has no content of seq {seq}"));
        let payload = db.committed_payload(seq)?.ok_or_else(missing)?;
        let shown = self.proved(db, seq)?;
        let content = shown.check_payload(&payload)?;
        Ok((shown, content))
    }

    /// What a proof of an operation shows; the pin goes on to its checkpoint.
    fn proved(&self, db: &Database, seq: Seq) -> Result<CheckedProof> {
        let key = self.trusted_key(db)?;
        let proved = check_proof(&db.proof(seq)?, std::slice::from_ref(&key))?;
        if proved.entry.seq != seq {
            let message = format!("the server proved seq {} instead of {seq}", proved.entry.seq);
            return Err(Error::new(ErrorCode::BadProof, message));
        }
        self.go_on(db, &Pinned { key, origin: proved.origin.clone(), size: proved.size, root: proved.root })?;
        Ok(proved)
    }

    fn trusted_key(&self, db: &Database) -> Result<VerifierKey> {
        let pinned = self.pinned.lock().as_ref().map(|pinned| pinned.key.clone());
        match pinned.or_else(|| self.key.clone()) {
            Some(key) => Ok(key),
            // Whoever is asked first is believed this once; a key that was given is better.
            None => db.verifier_key(),
        }
    }

    /// Makes a checkpoint the pinned one when it continues that, or shows that it is an earlier one of the same history.
    fn go_on(&self, db: &Database, head: &Pinned) -> Result<()> {
        loop {
            let before = self.pinned.lock().clone();
            if let Some(pinned) = &before {
                if pinned == head {
                    return Ok(());
                }
                check_continued(db, pinned, head)?;
                if head.size <= pinned.size {
                    return Ok(());
                }
            }
            if self.replace(db.io(), before.as_ref(), head)? {
                return Ok(());
            }
            // Another thread or process went on meanwhile: what was shown is compared with its pin.
        }
    }

    /// Pins a checkpoint if the pin still is the one that it was compared with; else the pin is what somebody else made of it.
    fn replace(&self, io: &Io, before: Option<&Pinned>, head: &Pinned) -> Result<bool> {
        let _alone = self.lock_file(io)?;
        let mut pinned = self.pinned.lock();
        let kept = self.kept(io)?.filter(|kept| before.is_none_or(|before| kept.size >= before.size));
        if let Some(kept) = kept.filter(|kept| Some(kept) != before) {
            *pinned = Some(kept);
        }
        let is_same = pinned.as_ref() == before;
        if is_same {
            self.write(io, head)?;
            *pinned = Some(head.clone());
        }
        Ok(is_same)
    }

    /// Keeps other processes from writing the pin. The lock is on a file beside it, because the pin's own is replaced.
    fn lock_file(&self, io: &Io) -> Result<Option<Box<dyn LockGuard>>> {
        let Some(path) = &self.path else { return Ok(None) };
        let mut beside = path.clone().into_os_string();
        beside.push(".lock");
        for _ in 0..LOCK_ATTEMPTS {
            if let LockOutcome::Held(guard) = io.disk.lock(Path::new(&beside))? {
                return Ok(Some(guard));
            }
            retry::wait(io, LOCK_PAUSE_US);
        }
        Err(Error::new(ErrorCode::Busy, format!("another process holds the pin {} for too long", path.display())))
    }

    /// Keeps a checkpoint in the file; a crash leaves this one or the one before.
    fn write(&self, io: &Io, head: &Pinned) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut beside = path.clone().into_os_string();
        beside.push(format!(".{}.new", std::process::id()));
        let beside = PathBuf::from(beside);
        if io.disk.kind(&beside)?.is_some() {
            io.disk.remove(&beside)?;
        }
        let file = io.disk.create_new(&beside)?;
        file.write_all_at(head.text()?.as_bytes(), 0)?;
        file.sync_all()?;
        io.disk.rename(&beside, path)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        Ok(io.disk.sync_dir(parent.unwrap_or(Path::new(".")))?)
    }
}

impl Pinned {
    fn read(fields: &Fields) -> Result<Self> {
        let (key, size) = (fields.parsed("key")?, fields.number("size")?);
        if size == 0 {
            return Err(Error::new(ErrorCode::InvalidArgument, "its tree has no operation"));
        }
        Ok(Self { key, origin: fields.text("origin")?.to_owned(), size, root: fields.parsed("root")? })
    }

    fn text(&self) -> Result<String> {
        let mut object = Object::new();
        object.insert("key", self.key.to_string());
        object.insert("origin", self.origin.as_str());
        object.insert("size", self.size);
        object.insert("root", self.root.to_string());
        encode::body(object)
    }
}

/// Whether two signed heads are of one history.
fn check_continued(db: &Database, pinned: &Pinned, head: &Pinned) -> Result<()> {
    if head.origin != pinned.origin || head.key != pinned.key {
        let message = format!("the server showed {}, and {} is pinned", head.origin, pinned.origin);
        return Err(Error::new(ErrorCode::WrongDatabase, message));
    }
    let (earlier, later) = if pinned.size <= head.size { (pinned, head) } else { (head, pinned) };
    let proof = db.consistency_proof(earlier.size, later.size)?;
    // What is shown is between the two that were signed, whatever roots the server told beside the hashes.
    let proof = ConsistencyProof {
        from_size: earlier.size,
        from_root: earlier.root,
        to_size: later.size,
        to_root: later.root,
        hashes: proof.hashes,
    };
    proof.verify().map_err(|error| {
        let (shown, kept) = (head.size, pinned.size);
        let message = format!(
            "the history of size {shown} that the server shows does not go on from the pinned one of size {kept}"
        );
        Error::new(ErrorCode::HeadMismatch, message).with_source(error)
    })
}

/// The fields that reads add. The origin of a content stays with it; a lifetime is that of the last operation.
fn mirror(
    version: &CheckedProof,
    content: (&CheckedProof, &CheckedPayload),
    id: &str,
) -> Result<Vec<(&'static str, nedb::Value)>> {
    let origin = &content.0.entry;
    let provenance = Provenance {
        causes: origin.causes.clone(),
        evidence: content.1.evidence.clone(),
        confidence: origin.confidence,
        valid_from: origin.valid_from.map(|at| at.to_string()),
        valid_to: origin.valid_to.map(|at| at.to_string()),
    };
    let version = Version {
        seq: version.entry.seq,
        kind: VersionKind::Put,
        committed_at: version.entry.committed_at,
        client: Client::new(&origin.client)?,
        nonce: origin.nonce,
        document: None,
        expires_at: version.entry.expires_at,
        provenance,
    };
    version.mirror(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(key: &VerifierKey, size: u64) -> Pinned {
        let digit = char::from_digit(u32::try_from(size % 10).unwrap(), 10).unwrap();
        let root = digit.to_string().repeat(64).parse().unwrap();
        Pinned { key: key.clone(), origin: "nedb/shop".to_owned(), size, root }
    }

    #[test]
    fn another_process_that_went_on_is_not_set_back() {
        let dir = std::env::temp_dir().join(format!("nedb-pin-{}", std::process::id()));
        let (io, path) = (Io::real(), dir.join("pin"));
        io.disk.create_dir(&dir).unwrap();
        let key = nedb::Database::open(dir.join("db"), nedb::Options::new()).unwrap().verifier_key().unwrap();
        let key: VerifierKey = key.parse().unwrap();
        let (ours, theirs) = (Pin::in_file(&path), Pin::in_file(&path));
        assert!(ours.replace(&io, None, &head(&key, 3)).unwrap());
        theirs.load(&io).unwrap();
        assert!(theirs.replace(&io, Some(&head(&key, 3)), &head(&key, 23)).unwrap());
        // What we compared with the tree of 3 operations is to be compared with theirs.
        assert!(!ours.replace(&io, Some(&head(&key, 3)), &head(&key, 13)).unwrap());
        assert_eq!(*ours.pinned.lock(), Some(head(&key, 23)));
        assert_eq!(theirs.kept(&io).unwrap(), Some(head(&key, 23)));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
