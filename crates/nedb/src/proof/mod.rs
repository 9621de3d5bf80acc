//! Showing the history to someone who does not trust this program: signed checkpoints, proofs, tiles.
//!
//! ```text
//! entry -> leaf -> inclusion proof -> root -> signed checkpoint     one record, offline: `Database::proof`, `check_proof`
//! old root -> consistency proof -> new root                         nothing was changed since: `consistency_proof`
//! all entries, all nodes -> static files                            everything, for monitors: `export_tiles`
//! ```
//!
//! Promises: nothing is signed or proved that is not durable, and HEAD names the signed size before the signature is made;
//! every proof that leaves this module was checked against the root that the log itself names. The texts are those of the
//! C2SP specifications signed-note, tlog-checkpoint, tlog-proof and tlog-tiles. Leaves to others: who trusts which key.

mod check;
mod entry;
mod json;
mod nodes;
mod signer;
mod signing;
mod tiles;
mod tree_proof;

use nedb_crypto::ProofFile;
use nedb_log::{LogStore, Scratch};
use nedb_types::{Error, ErrorCode, Result, Seq};

pub use self::{
    check::{CheckedPayload, CheckedProof, ProofSignature, check_proof},
    entry::ProvedEntry,
    tiles::TileReport,
    tree_proof::{ConsistencyProof, InclusionProof},
};
pub(crate) use self::{json::JsonFields, nodes::LogNodes, signer::Signer, signing::check_origin};
use crate::database::Database;

impl Database {
    /// Proves that the operation with this seq is in the tree of the first `size` operations (`None`: of all durable ones).
    ///
    /// Errors: `unknown_proof_seq` when the seq is outside that tree or the tree is beyond the durable end.
    ///
    /// ```
    /// use nedb::{Body, Database, Seq};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// db.put("users", "bob", Body::json("{}"))?;
    /// let proof = db.inclusion_proof(Seq::new(1), None)?;
    /// assert_eq!(proof.root, db.head().root);
    /// proof.verify()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn inclusion_proof(&self, seq: Seq, size: Option<u64>) -> Result<InclusionProof> {
        let nodes = LogNodes::at_durable_end(self.engine())?;
        nodes.inclusion(seq, size.unwrap_or(nodes.size()))
    }

    /// Proves that the tree of `to_size` operations continues that of `from_size`: nothing was changed or taken away.
    ///
    /// Errors: `unknown_proof_seq` when `to_size` is beyond the durable end, `invalid_argument` when the sizes fall.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let pinned = db.head();
    /// db.put("users", "bob", Body::json("{}"))?;
    /// let proof = db.consistency_proof(pinned.size, db.head().size)?;
    /// assert_eq!(proof.from_root, pinned.root);
    /// proof.verify()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn consistency_proof(&self, from_size: u64, to_size: u64) -> Result<ConsistencyProof> {
        LogNodes::at_durable_end(self.engine())?.consistency(from_size, to_size)
    }

    /// Signs the durable head and returns it as a C2SP tlog-checkpoint.
    ///
    /// HEAD is written first, so that a database that loses what was signed refuses to open. Errors: `read_only` on a
    /// handle that cannot write HEAD, `not_found` when the signing key is not there, `bad_signature` when it is not the
    /// one that the log names, `poisoned`, `closed`.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let note = db.signed_checkpoint()?;
    /// // The origin, the size and the root, then the signature.
    /// assert_eq!(note.lines().next(), Some(db.origin()?.as_str()));
    /// assert_eq!(note.lines().nth(1), Some("1"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn signed_checkpoint(&self) -> Result<String> {
        Ok(self.engine().sign_head()?.note.to_string())
    }

    /// The verifier key of the database's checkpoints, in the text form of C2SP signed-note.
    ///
    /// Read from the key file, or from the log's catalogue where the file is absent, as in a copy for verifiers.
    ///
    /// ```
    /// use nedb::Database;
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// assert!(db.verifier_key()?.starts_with(&db.origin()?));
    /// # Ok(())
    /// # }
    /// ```
    pub fn verifier_key(&self) -> Result<String> {
        Ok(self.engine().public_key()?.to_string())
    }

    /// The origin line of the database's checkpoints, which is also the name of its key.
    pub fn origin(&self) -> Result<String> {
        Ok(self.engine().public_key()?.name().to_owned())
    }

    /// Proves one operation in a text that stands alone: a C2SP tlog-proof with the entry in its extra line.
    ///
    /// [`check_proof`] and other programs check it without the database. It shows the entry, which commits to the content
    /// but does not hold it; [`committed_payload`](Self::committed_payload) is what to hand out with it to show the content
    /// too. Errors: those of [`inclusion_proof`](Self::inclusion_proof) and [`signed_checkpoint`](Self::signed_checkpoint).
    ///
    /// ```
    /// use nedb::{Body, Database, Seq, check_proof};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let text = db.proof(Seq::new(0))?;
    ///
    /// let checked = check_proof(&text, &[db.verifier_key()?.parse()?])?;
    /// assert_eq!(checked.entry.collection, "users");
    /// # Ok(())
    /// # }
    /// ```
    pub fn proof(&self, seq: Seq) -> Result<String> {
        let signed = self.engine().sign_head()?;
        let nodes = LogNodes::of_head(self.engine(), signed.size, signed.root)?;
        let proof = nodes.inclusion(seq, signed.size)?;
        let entry = nodes.entry(seq)?;
        Ok(ProofFile::new(seq.get(), proof.hashes, signed.note).with_extra(entry).to_string())
    }

    /// The bytes that the entry of this operation commits to: salt, content and padding; `None` when it has no payload.
    ///
    /// With them [`CheckedProof::check_payload`] shows what was written; without the salt nobody can guess the content.
    pub fn committed_payload(&self, seq: Seq) -> Result<Option<Vec<u8>>> {
        self.engine().check_open()?;
        let reader = self.engine().log.reader();
        let unknown = || Error::new(ErrorCode::UnknownProofSeq, format!("seq {seq} is not in the log"));
        if seq.get() >= self.head().size {
            return Err(unknown());
        }
        let address = self.engine().address_of(&reader, seq)?.ok_or_else(unknown)?;
        let mut scratch = Scratch::new();
        Ok(reader.record(address, &mut scratch)?.payload.map(|payload| payload.bytes().to_vec()))
    }

    /// Reads one file of the C2SP tlog-tiles layout of the durable tree, by its path: `tile/L/N`, `tile/entries/N`, or partial ones.
    ///
    /// Errors: `invalid_argument` for what is no such path, `not_found` for a tile that the tree does not fill yet.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// // One leaf, which is the root as well.
    /// assert_eq!(db.tile("tile/0/000.p/1")?, db.head().root.to_bytes());
    /// assert!(db.tile("tile/0/000").is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn tile(&self, path: &str) -> Result<Vec<u8>> {
        tiles::read(self.engine(), path)
    }

    /// Writes the durable tree and its entries as a C2SP tlog-tiles directory, with the signed checkpoint beside them.
    ///
    /// A directory that holds an earlier export of this database is extended: full tiles are kept. Every file is synced
    /// before the checkpoint that names it appears. Entries are published, payloads are not; collection and client names
    /// stand in entries. Errors: those of [`signed_checkpoint`](Self::signed_checkpoint); `wrong_database` or
    /// `head_mismatch` when the directory holds the export of another database or history; `io`, `no_space`.
    pub fn export_tiles(&self, dir: impl AsRef<std::path::Path>) -> Result<TileReport> {
        tiles::export(self.engine(), dir.as_ref())
    }
}
