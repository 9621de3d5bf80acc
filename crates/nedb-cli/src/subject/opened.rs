//! What verbs ask of a database, wherever it is.

use nedb::{
    AsOf, CancelToken, CollectionInfo, Database, Direction, Head, IndexInfo, IndexKind, Neighbor, Params, QueryOptions,
    QueryRow, Receipt, RowFields, ScanRange, WriteBatch,
};
use nedb_client::{Database as Remote, Tree};
use nedb_compat::sql::{self, SqlAnswer, SqlParams, SqlWritten};
use nedb_types::{Digest, DocumentBuf, Object, Result, Seq, Value, document::value_to_json};

use super::{Record, interruptible::interruptible};

/// Operations that one answer of a daemon lists.
const PAGE_ENTRIES: u64 = 10_000;

/// Objects that are read while they are printed.
pub type Objects = Box<dyn Iterator<Item = Result<Object>>>;

/// Rows that are read while they are printed.
pub type Documents = Box<dyn Iterator<Item = Result<DocumentBuf>>>;

/// A database that was opened, or that a daemon has open.
#[derive(Clone, Debug)]
pub enum Opened {
    /// In a directory.
    Directory(Database),
    /// At a daemon.
    Server(Remote),
}

/// How a question is asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The values of its parameters.
    pub params: Params,
    /// The moment at which it is asked.
    pub as_of: AsOf,
    /// What ends it.
    pub cancel: Option<CancelToken>,
    /// After how many milliseconds it ends; a daemon has a limit of its own.
    pub timeout_ms: Option<u64>,
    /// Whether rows have `_seq` and `_ts`; a daemon's have not.
    pub has_system_fields: bool,
}

/// What a statement in SQL gave.
pub enum Stated {
    /// Its rows.
    Rows(Documents),
    /// What it wrote.
    Written(SqlWritten),
}

impl Opened {
    /// A document at a moment.
    pub fn get(&self, collection: &str, id: &str, as_of: AsOf) -> Result<Option<Record>> {
        match self {
            Self::Directory(db) => Ok(db.get_at(collection, id, as_of)?.map(Record::Row)),
            Self::Server(db) => Ok(db.get_at(collection, id, as_of)?.map(Record::Told)),
        }
    }

    /// The documents of a collection at a moment, in the order of their ids.
    pub fn scan(
        &self,
        collection: &str,
        range: &ScanRange,
        as_of: AsOf,
    ) -> Result<Box<dyn Iterator<Item = Result<Record>>>> {
        Ok(match self {
            Self::Directory(db) => {
                Box::new(db.snapshot_at(as_of)?.scan(collection, range)?.map(|row| row.map(Record::Row)))
            }
            Self::Server(db) => Box::new(db.scan_at(collection, range, as_of)?.map(|row| row.map(Record::Told))),
        })
    }

    /// The versions of a document up to a moment, newest first.
    pub fn history(&self, collection: &str, id: &str, as_of: AsOf) -> Result<Objects> {
        Ok(match self {
            Self::Directory(db) => {
                Box::new(db.snapshot_at(as_of)?.history(collection, id)?.map(|version| version?.to_object()))
            }
            Self::Server(db) => Box::new(db.history(collection, id, as_of)?),
        })
    }

    /// The documents that differ between two moments.
    pub fn diff(&self, from: AsOf, to: AsOf, collection: Option<&str>) -> Result<Objects> {
        Ok(match self {
            Self::Directory(db) => Box::new(db.diff(from, to, collection)?.map(|change| change?.to_object())),
            Self::Server(db) => Box::new(db.diff(from, to, collection)?),
        })
    }

    /// So many operations behind a seq at most, in order.
    pub fn since(&self, after: Option<Seq>, limit: u64) -> Objects {
        match self {
            Self::Directory(db) => {
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                Box::new(db.since(after).map(|entry| entry?.to_object()).take(limit))
            }
            Self::Server(db) => Box::new(pages(db.clone(), after, limit)),
        }
    }

    /// Answers a question in NQL.
    pub fn query(&self, nql: &str, asked: &Asked) -> Result<Documents> {
        match self {
            Self::Directory(db) => {
                let mut options = QueryOptions::new().params(asked.params.clone());
                if let Some(timeout_ms) = asked.timeout_ms {
                    options = options.deadline_us(timeout_ms.saturating_mul(1_000));
                }
                if asked.has_system_fields {
                    options = options.row_fields(RowFields::System);
                }
                if let Some(cancel) = &asked.cancel {
                    options = options.cancel(cancel.clone());
                }
                let rows = match asked.as_of {
                    AsOf::Head => db.query_with(nql, &options)?,
                    moment => db.snapshot_at(moment)?.query(nql, &options)?,
                };
                Ok(Box::new(rows.map(|row| row.map(QueryRow::into_document))))
            }
            Self::Server(db) => {
                let rows: Objects = match &asked.cancel {
                    None => Box::new(db.query_at(nql, &asked.params, asked.as_of)?),
                    Some(cancel) => {
                        let (db, nql, asked) = (db.clone(), nql.to_owned(), asked.clone());
                        let ask = move || db.query_at(&nql, &asked.params, asked.as_of);
                        Box::new(interruptible(ask, cancel.clone()))
                    }
                };
                Ok(documents(rows))
            }
        }
    }

    /// Runs a statement in SQL.
    pub fn sql(&self, statement: &str, params: SqlParams, timeout_ms: Option<u64>) -> Result<Stated> {
        match self {
            Self::Directory(db) => {
                let mut options = QueryOptions::new();
                if let Some(timeout_ms) = timeout_ms {
                    options = options.deadline_us(timeout_ms.saturating_mul(1_000));
                }
                Ok(match sql::exec_with(db, statement, &params, &options)? {
                    SqlAnswer::Rows(rows) => Stated::Rows(Box::new(rows)),
                    SqlAnswer::Written(written) => Stated::Written(written),
                })
            }
            Self::Server(db) => {
                let params = match params {
                    SqlParams::None => Value::Null,
                    SqlParams::List(values) => Value::Array(values),
                    SqlParams::Named(values) => Value::Object(Object::from_fields(values.into_iter().collect())?),
                };
                Ok(match db.sql(statement, params)? {
                    nedb_client::SqlAnswer::Rows(rows) => Stated::Rows(documents(Box::new(rows))),
                    nedb_client::SqlAnswer::Written(written) => {
                        let nedb_client::SqlWritten { rowcount, seq, ids } = written;
                        Stated::Written(SqlWritten { rowcount, seq, ids })
                    }
                })
            }
        }
    }

    /// The nodes at the other ends of a node's edges.
    pub fn neighbors(&self, node: &str, relation: &str, direction: Direction, as_of: AsOf) -> Result<Vec<Neighbor>> {
        match self {
            Self::Directory(db) => db.snapshot_at(as_of)?.neighbors(node, relation, direction),
            Self::Server(db) => db.neighbors_at(node, relation, direction, as_of),
        }
    }

    /// The collections of a moment with their numbers of documents.
    pub fn collections(&self, as_of: AsOf) -> Result<Vec<CollectionInfo>> {
        match self {
            Self::Directory(db) => db.snapshot_at(as_of)?.collections(),
            Self::Server(db) => db.collections(as_of),
        }
    }

    /// The names under which documents were ever written.
    pub fn collection_names(&self) -> Result<Vec<String>> {
        let names = match self {
            Self::Directory(db) => db.snapshot().collection_names()?,
            Self::Server(db) => db.collection_names()?,
        };
        Ok(names.iter().map(|name| name.as_str().to_owned()).collect())
    }

    /// The collections with their numbers of documents, as the figures have them: cheap, and of the present.
    pub fn counted_collections(&self) -> Result<Vec<(String, u64)>> {
        match self {
            Self::Directory(db) => Ok(db.stats()?.collections),
            Self::Server(db) => Ok(counted_collections(&db.stats()?)),
        }
    }

    /// How large everything is, as JSON.
    pub fn stats_json(&self) -> Result<String> {
        match self {
            Self::Directory(db) => db.stats()?.to_json(),
            Self::Server(db) => value_to_json(&Value::Object(db.stats()?)),
        }
    }

    /// The head.
    pub fn tree(&self) -> Result<Tree> {
        match self {
            Self::Directory(db) => Ok(tree_of(&db.head())),
            Self::Server(db) => db.head(),
        }
    }

    /// Writes as it was given: what changes nothing leaves no trace.
    pub fn write(&self, batch: WriteBatch) -> Result<Receipt> {
        match self {
            Self::Directory(db) => db.write(batch),
            Self::Server(db) => db.write_as_given(batch),
        }
    }

    /// Writes what always changes something; at a daemon it may be sent again and is done once.
    pub fn write_once(&self, batch: WriteBatch) -> Result<Receipt> {
        match self {
            Self::Directory(db) => db.write(batch),
            Self::Server(db) => db.write(batch),
        }
    }

    /// Writes a checkpoint of the indexes.
    pub fn checkpoint(&self) -> Result<Tree> {
        match self {
            Self::Directory(db) => db.checkpoint().map(|head| tree_of(&head)),
            Self::Server(db) => db.checkpoint(),
        }
    }

    /// The head as a signed note, and the key that signed it.
    pub fn signed_checkpoint(&self) -> Result<(String, String)> {
        match self {
            Self::Directory(db) => Ok((db.signed_checkpoint()?, db.verifier_key()?)),
            Self::Server(db) => Ok((db.signed_checkpoint()?, db.verifier_key()?.to_string())),
        }
    }

    /// A proof of an operation, and the key that checks it.
    pub fn proof(&self, seq: Seq) -> Result<(String, String)> {
        match self {
            Self::Directory(db) => Ok((db.proof(seq)?, db.verifier_key()?)),
            Self::Server(db) => Ok((db.proof(seq)?, db.verifier_key()?.to_string())),
        }
    }

    /// The bytes that an operation commits to.
    pub fn committed_payload(&self, seq: Seq) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Directory(db) => db.committed_payload(seq),
            Self::Server(db) => db.committed_payload(seq),
        }
    }

    /// The indexes and how they stand.
    pub fn indexes(&self) -> Result<Vec<IndexInfo>> {
        match self {
            Self::Directory(db) => Ok(db.indexes()),
            Self::Server(db) => db.indexes(),
        }
    }

    /// Makes an index and waits until it is built.
    pub fn build_index(
        &self,
        collection: &str,
        field: &str,
        kind: IndexKind,
        told: &mut dyn FnMut(&IndexInfo),
    ) -> Result<IndexInfo> {
        match self {
            Self::Directory(db) => {
                db.create_index(collection, field, kind)?;
                db.wait_for_index(collection, field, kind, told)
            }
            Self::Server(db) => db.wait_for_index(&db.create_index(collection, field, kind)?, told),
        }
    }

    /// Drops the indexes on a field, or only the one of a kind.
    pub fn drop_index(&self, collection: &str, field: &str, kind: Option<IndexKind>) -> Result<bool> {
        match self {
            Self::Directory(db) => db.drop_index(collection, field, kind),
            Self::Server(db) => db.drop_index(collection, field, kind),
        }
    }

    /// Deletes what has expired.
    pub fn sweep(&self) -> Result<u64> {
        match self {
            Self::Directory(db) => db.sweep(),
            Self::Server(db) => db.sweep(),
        }
    }

    /// Refuses a moment that cannot be asked about.
    pub fn check_moment(&self, as_of: AsOf) -> Result<()> {
        match self {
            Self::Directory(db) => db.snapshot_at(as_of).map(drop),
            Self::Server(db) => db.scan_at("nothing", &ScanRange::all().limit(0), as_of).map(drop),
        }
    }

    /// How long opening took, in microseconds.
    pub fn opening_us(&self) -> u64 {
        match self {
            Self::Directory(db) => db.open_report().duration_us,
            Self::Server(_) => 0,
        }
    }

    /// Ends the work on it.
    pub fn close(&self) -> Result<()> {
        match self {
            Self::Directory(db) => db.close(),
            Self::Server(_) => Ok(()),
        }
    }
}

/// The size and root of a head.
pub fn tree_of(head: &Head) -> Tree {
    Tree { size: head.size, root: if head.size == 0 { Digest::ZERO } else { head.root } }
}

fn documents(rows: Objects) -> Documents {
    Box::new(rows.map(|row| row.and_then(|row| DocumentBuf::from_object(&row))))
}

/// The collections that the figures of a daemon name.
fn counted_collections(stats: &Object) -> Vec<(String, u64)> {
    let listed = stats.get("collections").and_then(Value::as_array).unwrap_or_default();
    let counted = listed.iter().filter_map(|info| {
        let info = info.as_object()?;
        let documents = info.get("documents").and_then(Value::as_i64)?;
        Some((info.get("name")?.as_str()?.to_owned(), u64::try_from(documents).ok()?))
    });
    counted.collect()
}

/// Operations of a daemon, answer by answer.
fn pages(db: Remote, mut after: Option<Seq>, mut remaining: u64) -> impl Iterator<Item = Result<Object>> {
    let mut page = None;
    std::iter::from_fn(move || {
        while remaining > 0 {
            if page.is_none() {
                let wanted = remaining.min(PAGE_ENTRIES);
                match db.since(after, wanted) {
                    Ok(rows) => page = Some((rows, wanted)),
                    Err(error) => {
                        remaining = 0;
                        return Some(Err(error));
                    }
                }
            }
            let Some((rows, asked)) = &mut page else { continue };
            match rows.next() {
                Some(Ok(entry)) => {
                    let seq = entry.get("seq").and_then(Value::as_i64).and_then(|seq| u64::try_from(seq).ok());
                    (after, remaining) = (seq.map(Seq::new), remaining - 1);
                    return Some(Ok(entry));
                }
                Some(Err(error)) => {
                    remaining = 0;
                    return Some(Err(error));
                }
                // A page that is not full was the last one.
                None if rows.end().is_none_or(|end| end.count < *asked) => remaining = 0,
                None => page = None,
            }
        }
        None
    })
}
