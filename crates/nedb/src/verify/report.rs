//! What a verification found: the verdict, what was counted, and every finding with its place.

use std::fmt;

use nedb_log::{Damage, DamageKind, LogVerdict};
use nedb_types::{DatabaseId, Digest, Error, ErrorCode, Place, Result, Seq, Value};

use crate::proof::JsonFields;

/// How far a database can be trusted, from nothing to most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Stored bytes do not check: they were damaged.
    Corrupt {
        /// Where.
        place: Place,
    },
    /// The bytes check, but they are not the history that hashes, HEAD or an expected head demand: it was made wrong,
    /// altered, or rolled back.
    Inconsistent {
        /// The operation from which on it is wrong, where it is known.
        seq: Option<Seq>,
    },
    /// Everything fits together. Whoever owns the files could have made all of it so.
    Consistent,
    /// Everything fits together and contains the head that the database's key signed at this size.
    Signed {
        /// The number of operations that the signature covers; later ones are consistent with them.
        size: u64,
    },
    /// Everything fits together and contains the head that the caller kept where the writer of the files could not change
    /// it.
    Anchored {
        /// The number of operations of that head; later ones are consistent with them.
        size: u64,
    },
    /// Everything fits together and contains a signed head that witnesses cosigned.
    Witnessed {
        /// How many of the given witnesses did, and how many were given.
        by: Witnessed,
        /// The number of operations that the cosignatures cover; later ones are consistent with them.
        size: u64,
    },
}

impl Verdict {
    /// The name that outputs use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Corrupt { .. } => "corrupt",
            Self::Inconsistent { .. } => "inconsistent",
            Self::Consistent => "consistent",
            Self::Signed { .. } => "signed",
            Self::Anchored { .. } => "anchored",
            Self::Witnessed { .. } => "witnessed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt { place } => write!(formatter, "corrupt ({place})"),
            Self::Inconsistent { seq: Some(seq) } => write!(formatter, "inconsistent (seq {seq})"),
            Self::Inconsistent { seq: None } | Self::Consistent => formatter.write_str(self.as_str()),
            Self::Signed { size } | Self::Anchored { size } => write!(formatter, "{} (size {size})", self.as_str()),
            Self::Witnessed { by, size } => write!(formatter, "witnessed ({} of {}, size {size})", by.cosigned, by.of),
        }
    }
}

/// How many witnesses cosigned a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// Those whose cosignature holds.
    pub cosigned: u64,
    /// Those whose keys were given.
    pub of: u64,
}

/// Who vouches for a history that is consistent in itself, and how far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vouched {
    /// The size of the signed checkpoint.
    pub signed_size: Option<u64>,
    /// The key whose signature under it was checked.
    pub signed_by: Option<String>,
    /// The witnesses who cosigned it.
    pub witnessed: Option<Witnessed>,
    /// The size of the head that the caller kept.
    pub anchored_size: Option<u64>,
}

impl Vouched {
    /// The highest level that was reached.
    pub(super) fn verdict(&self) -> Verdict {
        match (self.signed_size, self.witnessed, self.anchored_size) {
            (Some(size), Some(by), _) => Verdict::Witnessed { by, size },
            (_, _, Some(size)) => Verdict::Anchored { size },
            (Some(size), None, None) => Verdict::Signed { size },
            (None, _, None) => Verdict::Consistent,
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of error it is: `corrupt`, `rollback` or `head_mismatch`.
    pub code: ErrorCode,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl Finding {
    /// Derived state that is not what follows from the log.
    pub(super) fn derived(message: impl Into<String>, seq: Option<Seq>) -> Self {
        let place = Place { seq: seq.map(Seq::get), ..Place::in_file("index") };
        Self { code: ErrorCode::Corrupt, message: message.into(), place }
    }

    fn to_value(&self) -> Value {
        JsonFields::new()
            .text("code", self.code.as_str())
            .text("message", &self.message)
            .maybe_text("file", self.place.file.as_ref())
            .maybe_number("offset", self.place.offset)
            .maybe_number("seq", self.place.seq)
            .into_value()
    }
}

/// What the comparison with rebuilt state looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeepCounts {
    /// Keys whose newest versions were compared.
    pub keys: u64,
    /// Collections whose numbers of documents were compared.
    pub collections: u64,
    /// Clients whose last nonces were compared.
    pub clients: u64,
    /// Idempotency keys that were looked up.
    pub idempotency_keys: u64,
    /// Stored tree nodes that were compared.
    pub tree_nodes: u64,
    /// Stored addresses of operations that were compared.
    pub seq_samples: u64,
    /// Entries of secondary indexes that were compared, each as of several moments.
    pub index_entries: u64,
}

/// What a verification found.
///
/// [`verify`](crate::verify()) and [`Database::verify`](crate::Database::verify) return one.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyReport {
    /// How far the database can be trusted.
    pub verdict: Verdict,
    /// What is wrong; empty when nothing is. After damage in the log only the first is known.
    pub findings: Vec<Finding>,
    /// Further differences in derived state that are not listed.
    pub findings_suppressed: u64,
    /// What is allowed but worth knowing.
    pub notes: Vec<String>,
    /// The database; `None` when HEAD cannot be read.
    pub database: Option<DatabaseId>,
    /// The number of operations in the sound part of the log.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// Frames that were checked.
    pub frames: u64,
    /// Payloads that were checked against their commitments.
    pub payloads: u64,
    /// Payloads that were erased on request.
    pub erased: u64,
    /// Payloads that were dropped by policy.
    pub pruned: u64,
    /// Catalogue records that were checked.
    pub catalogue_records: u64,
    /// Catalogue records that no entry commits to yet.
    pub unsealed_catalogue: u64,
    /// Bytes of log files that were read.
    pub bytes: u64,
    /// How long it took.
    pub duration_us: u64,
    /// Who vouches for it; nobody when something is wrong.
    pub vouched: Vouched,
    /// What was compared with rebuilt state; `None` unless asked for and the log was sound.
    pub deep: Option<DeepCounts>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        !matches!(self.verdict, Verdict::Corrupt { .. } | Verdict::Inconsistent { .. })
    }

    /// The first finding as an error, for callers that go on only with a sound database.
    pub fn to_error(&self) -> Option<Error> {
        let finding = self.findings.first()?;
        Some(Error::new(finding.code, finding.message.clone()).at(finding.place.clone()))
    }

    /// The report as one JSON object; digests in hex.
    pub fn to_json(&self) -> Result<String> {
        let findings: Vec<Value> = self.findings.iter().map(Finding::to_value).collect();
        let Vouched { signed_size, signed_by, witnessed, anchored_size } = &self.vouched;
        let deep = self.deep.map_or(Value::Null, |deep| {
            JsonFields::new()
                .number("keys", deep.keys)
                .number("collections", deep.collections)
                .number("clients", deep.clients)
                .number("idempotency_keys", deep.idempotency_keys)
                .number("tree_nodes", deep.tree_nodes)
                .number("seq_samples", deep.seq_samples)
                .number("index_entries", deep.index_entries)
                .into_value()
        });
        JsonFields::new()
            .text("verdict", self.verdict.as_str())
            .value("ok", self.is_ok())
            .number("size", self.size)
            .text("head", self.root)
            .maybe_text("database", self.database)
            .maybe_number("signed_size", *signed_size)
            .maybe_text("signed_by", signed_by.as_ref())
            .maybe_number("anchored_size", *anchored_size)
            .maybe_number("witnesses_cosigned", witnessed.map(|by| by.cosigned))
            .maybe_number("witnesses_given", witnessed.map(|by| by.of))
            .value("findings", findings)
            .number("findings_suppressed", self.findings_suppressed)
            .texts("notes", &self.notes)
            .number("operations", self.size)
            .number("frames", self.frames)
            .number("payloads", self.payloads)
            .number("erased", self.erased)
            .number("pruned", self.pruned)
            .number("catalogue_records", self.catalogue_records)
            .number("unsealed_catalogue", self.unsealed_catalogue)
            .number("bytes", self.bytes)
            .number("duration_us", self.duration_us)
            .value("deep", deep)
            .finish()
    }
}

impl VerifyReport {
    /// What the verification of the log found; `expected` is the first head that was demanded.
    pub(super) fn of_log(log: &LogVerdict, expected: Option<(u64, Digest)>) -> Self {
        let (verdict, findings) = match &log.damage {
            None => (Verdict::Consistent, Vec::new()),
            Some(damage) => {
                let (verdict, finding) = judge(damage, expected.map(|(size, _)| size));
                (verdict, vec![finding])
            }
        };
        Self {
            verdict,
            findings,
            findings_suppressed: 0,
            notes: notes(log),
            database: None,
            size: log.size,
            root: log.root,
            frames: log.frames,
            payloads: log.payloads,
            erased: 0,
            pruned: 0,
            catalogue_records: log.catalogue.number,
            unsealed_catalogue: log.unsealed_catalogue,
            bytes: 0,
            duration_us: 0,
            vouched: Vouched::default(),
            deep: None,
        }
    }
}

/// What is allowed but worth knowing.
fn notes(log: &LogVerdict) -> Vec<String> {
    let mut notes = Vec::new();
    if log.torn_bytes > 0 {
        let text = "behind the end of the log lie {} bytes of a frame that was never completed; nobody was told that it was written";
        notes.push(text.replace("{}", &log.torn_bytes.to_string()));
    }
    if log.head_slot_damaged {
        notes.push("one of the two slots of HEAD is damaged; the other one is in force".to_owned());
    }
    if log.unsealed_catalogue > 0 {
        notes.push(format!("unsealed catalogue: {}", log.unsealed_catalogue));
    }
    notes
}

/// Verdict and finding for damage of the log; `expected_size` is that of the head that was demanded.
fn judge(damage: &Damage, expected_size: Option<u64>) -> (Verdict, Finding) {
    let mut place = damage.place.clone();
    let (code, verdict) = match damage.kind {
        DamageKind::Corrupt => (ErrorCode::Corrupt, Verdict::Corrupt { place: place.clone() }),
        DamageKind::Inconsistent => (ErrorCode::Corrupt, Verdict::Inconsistent { seq: damage.seq() }),
        DamageKind::Rollback => (ErrorCode::Rollback, Verdict::Inconsistent { seq: damage.seq() }),
        DamageKind::Unexpected => {
            let seq = expected_size.and_then(|size| size.checked_sub(1));
            place.seq = seq;
            (ErrorCode::HeadMismatch, Verdict::Inconsistent { seq: seq.map(Seq::new) })
        }
    };
    (verdict, Finding { code, message: damage.message.clone(), place })
}
