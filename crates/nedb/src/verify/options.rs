//! How a database is verified: how deep, against what, on how many threads.

use std::{fmt, str::FromStr, sync::Arc};

use nedb_crypto::{VerifierKey, sha256};
use nedb_io::Io;
use nedb_types::{Digest, Error, ErrorCode, Result, Seq};

/// A head that somebody wrote down earlier: the history must contain it.
///
/// ```
/// use nedb::{Body, Database, ExpectedHead};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json("{}"))?;
/// let head = db.head();
/// let pinned: ExpectedHead = format!("{}:{}", head.size - 1, head.root).parse()?;
/// assert_eq!(pinned, ExpectedHead::at_size(head.size, head.root));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedHead {
    /// The number of operations.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
}

impl ExpectedHead {
    /// The head of the first `size` operations; all zeros stand for the root of an empty tree.
    pub fn at_size(size: u64, root: Digest) -> Self {
        let root = if size == 0 && root == Digest::ZERO { sha256(&[]) } else { root };
        Self { size, root }
    }

    /// The head after the operation with this seq.
    pub fn after(seq: Seq, root: Digest) -> Self {
        Self::at_size(seq.get().saturating_add(1), root)
    }
}

impl FromStr for ExpectedHead {
    type Err = Error;

    /// Reads `SEQ:HEX`, the seq of the last operation and the head in hex; seq -1 stands for an empty database.
    fn from_str(text: &str) -> Result<Self> {
        let malformed = || {
            let message = format!("{text:?} is not the seq of an operation, a colon and 64 hexadecimal digits");
            Error::new(ErrorCode::InvalidArgument, message)
        };
        let (seq, root) = text.split_once(':').ok_or_else(malformed)?;
        let root: Digest = root.parse()?;
        if seq == "-1" {
            return Ok(Self::at_size(0, root));
        }
        let is_plain = seq.bytes().all(|byte| byte.is_ascii_digit());
        let seq: u64 = seq.parse().ok().filter(|_| is_plain).ok_or_else(malformed)?;
        Ok(Self::after(Seq::new(seq), root))
    }
}

impl fmt::Display for ExpectedHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size.checked_sub(1) {
            Some(seq) => write!(formatter, "{seq}:{}", self.root),
            None => write!(formatter, "-1:{}", self.root),
        }
    }
}

/// How far a verification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyProgress {
    /// Segments of the log, each with every check and hash in it.
    Log {
        /// How many were read.
        segments_done: u64,
        /// How many there are.
        segments: u64,
    },
    /// The derived state is being rebuilt from the log.
    Rebuilding,
    /// The rebuilt state is compared, key by key.
    Comparing {
        /// How many keys were compared.
        keys_done: u64,
    },
}

/// Who is told how far it is.
pub(crate) type ProgressFn = Arc<dyn Fn(VerifyProgress) + Send + Sync>;

/// How to verify a database. The defaults check the whole log on all processors.
///
/// ```
/// use nedb::{Body, Database, VerifyOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json("{}"))?;
/// let report = db.verify_with(&VerifyOptions::new().threads(2).deep(true))?;
/// assert!(report.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct VerifyOptions {
    pub(crate) io: Io,
    pub(crate) threads: usize,
    pub(crate) is_deep: bool,
    pub(crate) expected_head: Option<ExpectedHead>,
    pub(crate) checkpoint: Option<String>,
    pub(crate) keys: Vec<VerifierKey>,
    pub(crate) witnesses: Vec<VerifierKey>,
    pub(crate) progress: Option<ProgressFn>,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            io: Io::real(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            is_deep: false,
            expected_head: None,
            checkpoint: None,
            keys: Vec::new(),
            witnesses: Vec::new(),
            progress: None,
        }
    }
}

impl fmt::Debug for VerifyOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VerifyOptions")
            .field("threads", &self.threads)
            .field("is_deep", &self.is_deep)
            .field("expected_head", &self.expected_head)
            .field("checkpoint", &self.checkpoint)
            .field("keys", &self.keys)
            .field("witnesses", &self.witnesses)
            .finish_non_exhaustive()
    }
}

impl VerifyOptions {
    /// The defaults: the whole log, on all processors.
    pub fn new() -> Self {
        Self::default()
    }

    /// On how many threads; each holds one segment of at most 64 MiB in memory.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Whether the derived state is rebuilt from the log too, and compared with what is there.
    ///
    /// The rebuilt key index is held in memory: about a hundred bytes per key.
    #[must_use]
    pub fn deep(mut self, is_deep: bool) -> Self {
        self.is_deep = is_deep;
        self
    }

    /// Demands that the history contains a head that was written down earlier, which anchors it.
    #[must_use]
    pub fn expect_head(mut self, head: ExpectedHead) -> Self {
        self.expected_head = Some(head);
        self
    }

    /// Demands that the history contains the head of a signed checkpoint that was kept earlier, given as its text.
    ///
    /// It must be signed in the name of its origin by one of these keys. Without keys the one that the log names is
    /// taken, which somebody who rewrote the whole log could have changed too.
    #[must_use]
    pub fn signed_checkpoint(mut self, text: impl Into<String>, keys: &[VerifierKey]) -> Self {
        self.checkpoint = Some(text.into());
        self.keys = keys.to_vec();
        self
    }

    /// Counts who of these witnesses cosigned the signed checkpoint (C2SP tlog-cosignature).
    ///
    /// It needs [`signed_checkpoint`](Self::signed_checkpoint). Errors of the verification: `invalid_argument` without one
    /// or for a key that is not that of a witness, `bad_signature` when none cosigned or a cosignature does not hold.
    #[must_use]
    pub fn witnesses(mut self, keys: &[VerifierKey]) -> Self {
        self.witnesses = keys.to_vec();
        self
    }

    /// Names a function that is told how far it is, from any thread.
    #[must_use]
    pub fn progress(mut self, progress: impl Fn(VerifyProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Replaces the files, clock, randomness and threads underneath: for simulation and tests.
    #[must_use]
    pub fn io(mut self, io: Io) -> Self {
        self.io = io;
        self
    }

    pub(crate) fn tell(&self, progress: VerifyProgress) {
        if let Some(tell) = &self.progress {
            tell(progress);
        }
    }
}
