//! The head, verification and proofs.

use nedb::{ConsistencyProof, Digest, Error, ErrorCode, ExpectedHead, Result, Seq, Value, VerifierKey, VerifyReport};

use super::Database;
use crate::encode::with_parameters;
use crate::fields::{Fields, strange};
use crate::report;

/// The tree over the whole history: how many operations it has, and its root.
///
/// ```
/// use nedb_client::{Digest, Seq, Tree};
/// let tree = Tree { size: 3, root: Digest::ZERO };
/// assert_eq!(tree.seq(), Some(Seq::new(2)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The number of operations.
    pub size: u64,
    /// The root; zeros for a history without operations.
    pub root: Digest,
}

impl Tree {
    /// The seq of the last operation.
    pub fn seq(&self) -> Option<Seq> {
        self.size.checked_sub(1).map(Seq::new)
    }

    pub(super) fn of(answer: &Fields) -> Result<Self> {
        let size = answer.maybe_number("seq").map_or(0, |seq| seq.saturating_add(1));
        Ok(Self { size, root: answer.parsed("head")? })
    }
}

impl Database {
    /// The head: the seq of the last operation and the root over all of them.
    pub fn head(&self) -> Result<Tree> {
        let path = with_parameters(self.path(&["log"]), [("limit", Some("0".to_owned()))]);
        match self.get_object(path) {
            // Heads are also for those who may see no content; this route counts documents, which takes longer.
            Err(error) if error.code() == ErrorCode::Denied => {
                Tree::of(&self.get_object(self.path(&[]))?.object("database")?)
            }
            answer => Tree::of(&answer?),
        }
    }

    /// Verifies the database on the server: whether every byte and hash checks, and with `deep` what follows from the log as well.
    ///
    /// The head that the caller kept must be in the history. That something is wrong is the report's to say, and no error.
    pub fn verify(&self, deep: bool, expected: Option<&ExpectedHead>) -> Result<VerifyReport> {
        let expected = expected.map(|head| {
            let seq = head.size.checked_sub(1).map(Seq::new);
            let root = if head.size == 0 { Digest::ZERO } else { head.root };
            format!("{}:{root}", Seq::number_of(seq))
        });
        let parameters = [("deep", deep.then(|| "1".to_owned())), ("expect_head", expected)];
        report::read(self.get_object(with_parameters(self.path(&["verify"]), parameters))?)
    }

    /// A proof that an operation is in the history, which [`nedb::check_proof`] checks.
    pub fn proof(&self, seq: Seq) -> Result<String> {
        self.get_text(self.path(&["proof", &seq.to_string()]))
    }

    /// The bytes that an operation commits to; `None` when it has none.
    pub fn committed_payload(&self, seq: Seq) -> Result<Option<Vec<u8>>> {
        match self.get_object(self.path(&["content", &seq.to_string()]))?.take("payload") {
            None => Ok(None),
            Some(Value::Bytes(payload)) => Ok(Some(payload)),
            Some(_) => Err(strange("a payload that is no bytes")),
        }
    }

    /// A proof that the tree of one size continues that of another; its [`verify`](ConsistencyProof::verify) checks it.
    pub fn consistency_proof(&self, from_size: u64, to_size: u64) -> Result<ConsistencyProof> {
        let parameters = [("from", Some(from_size.to_string())), ("to", Some(to_size.to_string()))];
        let mut answer = self.get_object(with_parameters(self.path(&["consistency"]), parameters))?;
        let hashes = answer.list("hashes")?.into_iter().map(|hash| match hash.as_str() {
            Some(text) => text.parse(),
            None => Err(strange("a hash that is no text")),
        });
        Ok(ConsistencyProof {
            hashes: hashes.collect::<Result<_>>()?,
            from_size: answer.number("from_size")?,
            from_root: answer.parsed("from_root")?,
            to_size: answer.number("to_size")?,
            to_root: answer.parsed("to_root")?,
        })
    }

    /// A signed checkpoint of the history, as a C2SP note.
    pub fn signed_checkpoint(&self) -> Result<String> {
        self.get_text(self.path(&["checkpoint"]))
    }

    /// The key that checks the signatures of the database, as the daemon tells it.
    pub fn verifier_key(&self) -> Result<VerifierKey> {
        self.get_text(self.path(&["verifier-key"]))?.trim().parse().map_err(|error: Error| strange(error))
    }
}
