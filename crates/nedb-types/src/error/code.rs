//! The one table of error codes.
//!
//! Each row gives a code its stable text, its kind, how every face of the database reports it, what it means,
//! and what to do about it. The documentation and the bindings are generated from this table; a code is never renamed.

use super::ErrorKind;
use std::fmt;
use std::str::FromStr;

/// One row of the table, as every face needs it.
struct Row {
    text: &'static str,
    kind: ErrorKind,
    http_status: u16,
    resp_prefix: &'static str,
    python_class: &'static str,
    node_class: &'static str,
    meaning: &'static str,
    remedy: &'static str,
}

/// Turns the table below into the enum, its list, and the look-up of a row.
macro_rules! error_table {
    ($($variant:ident $text:literal $kind:ident $http:literal $resp:literal $python:literal $node:literal
        $meaning:literal $remedy:literal;)+) => {
        /// Names the cause of an error; its text is a contract that programs may match on.
        ///
        /// # Examples
        ///
        /// ```
        /// use nedb_types::ErrorCode;
        ///
        /// assert_eq!(ErrorCode::StaleNonce.as_str(), "stale_nonce");
        /// assert_eq!("stale_nonce".parse(), Ok(ErrorCode::StaleNonce));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)+
        }

        impl ErrorCode {
            /// Lists every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            const fn row(self) -> &'static Row {
                match self {
                    $(Self::$variant => &Row {
                        text: $text,
                        kind: ErrorKind::$kind,
                        http_status: $http,
                        resp_prefix: $resp,
                        python_class: $python,
                        node_class: $node,
                        meaning: $meaning,
                        remedy: $remedy,
                    },)+
                }
            }
        }
    };
}

error_table! {
    InvalidName "invalid_name" Invalid 400 "ERR" "ValueError" "NedbError"
        "A collection, client, relation or database name is not allowed."
        "use a non-empty UTF-8 name without control characters; a collection name also has no `:`";
    InvalidId "invalid_id" Invalid 400 "ERR" "ValueError" "NedbError"
        "A document id is empty, or not text where text is needed."
        "give an id of at least one byte; text interfaces need UTF-8";
    InvalidValue "invalid_value" Invalid 400 "ERR" "ValueError" "NedbError"
        "A value cannot be stored, for example NaN; the path names it."
        "replace the value at the named path by one that NEDB stores";
    InvalidJson "invalid_json" Invalid 400 "ERR" "ValueError" "NedbError"
        "A text is not the JSON of one document."
        "correct the JSON at the named line and column";
    InvalidArgument "invalid_argument" Invalid 400 "ERR" "ValueError" "NedbError"
        "An argument is outside what the call accepts."
        "correct the argument that the message names";
    InvalidNode "invalid_node" Invalid 400 "ERR" "ValueError" "NedbError"
        "A relation end is not of the form `collection:id`."
        "write the node as the collection, a colon, and the document id";
    InvalidConfidence "invalid_confidence" Invalid 400 "ERR" "ValueError" "NedbError"
        "A confidence is not a number from 0.0 to 1.0."
        "give a confidence from 0.0 to 1.0, or none";
    InvalidValidTime "invalid_valid_time" Invalid 400 "ERR" "ValueError" "NedbError"
        "A valid-time bound is not ISO 8601, or the interval ends before it begins."
        "write the times as ISO 8601, the start before the end";
    DuplicateField "duplicate_field" Invalid 400 "ERR" "ValueError" "NedbError"
        "An object names the same field twice."
        "keep one of the fields of that name";
    ReservedField "reserved_field" Invalid 400 "ERR" "ValueError" "NedbError"
        "A field name that the database makes itself was given where it is not allowed."
        "leave the field out, or pass its value as an argument of the call";
    IdMismatch "id_mismatch" Invalid 400 "ERR" "ValueError" "NedbError"
        "The `_id` inside a document differs from the id of the call."
        "leave `_id` out of the document or make the two equal";
    EmptyBatch "empty_batch" Invalid 400 "ERR" "ValueError" "NedbError"
        "A transaction has no operations."
        "send at least one operation";
    UnknownCause "unknown_cause" Invalid 400 "ERR" "ValueError" "NedbError"
        "A cause names an operation that is not in the log before this one."
        "name only seqs that were already written, or earlier positions of the same batch";
    FutureTimestamp "future_timestamp" Invalid 400 "ERR" "ValueError" "NedbError"
        "A query asks for the state at a moment that has not come yet."
        "ask for a moment in the past, or leave the time out for the present";
    QuerySyntax "query_syntax" Invalid 400 "ERR" "SyntaxError" "QueryError"
        "A text is not NQL, or its clauses contradict each other."
        "correct the query at the named line and column";
    QueryParameter "query_parameter" Invalid 400 "ERR" "ValueError" "QueryError"
        "A parameter of a query is missing, unknown, or of the wrong type."
        "give exactly the parameters that the query names";
    RedisCommand "redis_command" Invalid 400 "ERR" "RedisError" "NedbError"
        "A Redis command is unknown, has wrong arguments, or meets a value of another type; the text is that of Redis."
        "correct the command; docs/redis.md lists all of them";
    SqlSyntax "sql_syntax" Invalid 400 "ERR" "SQLError" "QueryError"
        "A text is not one SQL statement, or its parts contradict each other."
        "correct the statement where the message says";
    SqlParameter "sql_parameter" Invalid 400 "ERR" "SQLError" "QueryError"
        "A placeholder of an SQL statement has no value, or a value has no placeholder, or its type does not fit."
        "give exactly one value for each placeholder";
    ImportLine "import_line" Invalid 400 "ERR" "ValueError" "NedbError"
        "A line of an imported file cannot be stored."
        "correct the named line, or skip bad lines with `--on-error skip`";

    MongoRefused "mongo_refused" Invalid 400 "ERR" "MongoError" "MongoError"
        "A call of the Mongo interface is not well-formed, or cannot be done to the values that it meets."
        "correct what the message names";

    NestingTooDeep "nesting_too_deep" Limit 413 "ERR" "ValueError" "LimitError"
        "A document or path is nested deeper than the limit."
        "flatten the document, or split it into several";
    NameTooLong "name_too_long" Limit 413 "ERR" "ValueError" "LimitError"
        "A collection or relation name is longer than the limit."
        "use a shorter name";
    IdTooLong "id_too_long" Limit 413 "ERR" "ValueError" "LimitError"
        "A document id is longer than the limit."
        "use a shorter id, for example a digest of the long one";
    ClientTooLong "client_too_long" Limit 413 "ERR" "ValueError" "LimitError"
        "A client name is longer than the limit."
        "use a shorter client name";
    IdempotencyKeyTooLong "idempotency_key_too_long" Limit 413 "ERR" "ValueError" "LimitError"
        "An idempotency key is longer than the limit."
        "use a shorter key, for example a digest of the long one";
    EntryTooLarge "entry_too_large" Limit 413 "ERR" "ValueError" "LimitError"
        "The log entry of an operation exceeds the limit."
        "name fewer causes or use shorter names";
    DocumentTooLarge "document_too_large" Limit 413 "ERR" "ValueError" "LimitError"
        "A document exceeds the size limit."
        "split the document, or store the large part as a file";
    EvidenceTooLong "evidence_too_long" Limit 413 "ERR" "ValueError" "LimitError"
        "An evidence text is longer than the limit."
        "store the evidence as a document and name it as a cause";
    TooManyCauses "too_many_causes" Limit 413 "ERR" "ValueError" "LimitError"
        "An operation names more causes than the limit."
        "name the direct causes only; a trace follows the others";
    BatchTooLarge "batch_too_large" Limit 413 "ERR" "ValueError" "LimitError"
        "A transaction has too many operations or bytes for one commit."
        "split the transaction";
    QueryTimeout "query_timeout" Limit 408 "ERR" "TimeoutError" "LimitError"
        "A query was not finished at its deadline."
        "raise the deadline, ask for less, or create an index that `EXPLAIN` proposes";
    QueryMemoryExceeded "query_memory_exceeded" Limit 413 "OOM" "MemoryError" "LimitError"
        "A query would have to keep more in memory than it may."
        "raise the memory limit of the query, add a LIMIT, or filter more";
    QueryTooLarge "query_too_large" Limit 413 "ERR" "ValueError" "LimitError"
        "A query is longer, deeper or wider than the limit that the message names."
        "split the query, or pass long lists as a parameter";
    TooManyIndexes "too_many_indexes" Limit 413 "ERR" "ValueError" "LimitError"
        "A collection or database has as many indexes as it may have."
        "drop an index that no query needs";
    Full "full" Limit 507 "OOM" "MemoryError" "LimitError"
        "The in-memory database has reached its configured size, or the machine has no memory left."
        "raise the memory limit or use a database on disk";

    StaleNonce "stale_nonce" Conflict 409 "CONFLICT" "ReplayError" "ReplayError"
        "The nonce is not above the last one of this client."
        "send a nonce above the last one, which the error names";
    IdempotencyConflict "idempotency_conflict" Conflict 409 "CONFLICT" "ConflictError" "ConflictError"
        "An idempotency key was used before for a different request."
        "use a new key for a new request";
    PreconditionFailed "precondition_failed" Conflict 409 "CONFLICT" "PreconditionFailed" "PreconditionFailed"
        "A document is not at the version that the request expects."
        "read the document again, decide anew, and retry with its present seq";
    SqlDuplicateKey "sql_duplicate_key" Conflict 409 "CONFLICT" "SQLError" "ConflictError"
        "An INSERT names an id that the table has already."
        "choose another id, or write INSERT OR REPLACE";
    AlreadyExists "already_exists" Conflict 409 "CONFLICT" "FileExistsError" "ConflictError"
        "What should be created exists already."
        "open what exists, or choose another name";
    MongoDuplicateKey "mongo_duplicate_key" Conflict 409 "CONFLICT" "DuplicateKeyError" "MongoError"
        "An insert of the Mongo interface has an `_id` that is taken."
        "choose another `_id`, or update the document that has it";
    Locked "locked" Conflict 409 "CONFLICT" "BlockingIOError" "ConflictError"
        "Another handle or process has the database open for writing."
        "close the other handle, or open this one read-only";

    NotFound "not_found" NotFound 404 "ERR" "KeyError" "NotFoundError"
        "What the request names does not exist."
        "check the name";
    UnknownVersion "unknown_version" NotFound 404 "ERR" "KeyError" "NotFoundError"
        "The document has no version with that seq."
        "choose a seq from the document's history";
    UnknownProofSeq "unknown_proof_seq" NotFound 404 "ERR" "KeyError" "NotFoundError"
        "A proof was asked for a seq or tree size beyond the log."
        "choose a seq below the size of the log";
    NotADatabase "not_a_database" NotFound 404 "ERR" "FileNotFoundError" "NotFoundError"
        "The directory is not a NEDB database."
        "check the path, or create a database there with `nedb init`";
    Erased "erased" NotFound 410 "ERR" "ErasedError" "ErasedError"
        "The version was erased on request; a receipt in the log says so."
        "nothing brings the content back; the log still proves that it was there";

    Corrupt "corrupt" Integrity 500 "INTEGRITY" "IntegrityError" "IntegrityError"
        "Stored bytes do not check at the named place."
        "run `nedb verify` and restore the damaged file from a backup";
    Rollback "rollback" Integrity 500 "INTEGRITY" "IntegrityError" "IntegrityError"
        "The log is shorter than what was once durable."
        "restore the missing log files; do not write to this copy";
    HeadMismatch "head_mismatch" Integrity 409 "INTEGRITY" "IntegrityError" "IntegrityError"
        "The head differs from the one that was expected."
        "compare with the holder of the expected head: one of the two histories was altered";
    BadProof "bad_proof" Integrity 422 "INTEGRITY" "IntegrityError" "IntegrityError"
        "A proof does not lead to the given root."
        "ask for the proof again; if it fails again, do not trust its source";
    BadSignature "bad_signature" Integrity 422 "INTEGRITY" "IntegrityError" "IntegrityError"
        "A signature does not match the text and the key."
        "check that the verifier key is the right one; if it is, do not trust the text";
    WrongDatabase "wrong_database" Integrity 409 "INTEGRITY" "IntegrityError" "IntegrityError"
        "A file belongs to another database."
        "put the database's own files back; never mix the files of two databases";

    Closed "closed" Unavailable 503 "ERR" "ClosedError" "ClosedError"
        "The handle was closed."
        "open the database again";
    Poisoned "poisoned" Unavailable 503 "MISCONF" "UnavailableError" "UnavailableError"
        "A write to disk failed, so this handle takes no more writes."
        "check the disk, then close and reopen the database";
    NoSpace "no_space" Unavailable 507 "OOM" "NoSpaceError" "NoSpaceError"
        "The disk or quota is full; nothing of the request was written."
        "free some space and retry; reads go on meanwhile";
    Busy "busy" Busy 429 "BUSY" "BusyError" "BusyError"
        "Too many requests are waiting."
        "retry after a short pause, or send fewer at a time";
    Cancelled "cancelled" Busy 503 "ERR" "CancelledError" "CancelledError"
        "The request was cancelled before it had an effect."
        "retry if the result is still wanted";

    Io "io" Io 500 "ERR" "OSError" "NedbError"
        "The operating system reported an error."
        "look at the system error in the message";

    OldFormat "old_format" Unsupported 409 "ERR" "UnsupportedError" "UnsupportedError"
        "The directory was written by an earlier product generation."
        "export it with the version that wrote it, and import the export";
    NewerFormat "newer_format" Unsupported 409 "ERR" "UnsupportedError" "UnsupportedError"
        "The database was written by a newer version."
        "use that version or a later one";
    UnknownFeature "unknown_feature" Unsupported 409 "ERR" "UnsupportedError" "UnsupportedError"
        "The database uses a format feature that this version does not know."
        "use a version that knows the feature";
    Unsupported "unsupported" Unsupported 501 "ERR" "UnsupportedError" "UnsupportedError"
        "The request asks for something that this version does not do."
        "leave it out, or see the documentation for what is supported";
    MongoUnsupported "mongo_unsupported" Unsupported 501 "ERR" "MongoUnsupportedError" "UnsupportedError"
        "An operator, stage, option or call of MongoDB is not there."
        "leave it out, or see docs/mongo.md for what is there";
    RedisUnsupported "redis_unsupported" Unsupported 501 "ERR" "RedisUnsupportedError" "UnsupportedError"
        "A command of Redis, or a form of one, is not supported."
        "use a supported command; docs/redis.md lists all of them";
    SqlUnsupported "sql_unsupported" Unsupported 501 "ERR" "SQLUnsupportedError" "UnsupportedError"
        "An SQL statement uses something outside the subset that docs/sql.md describes."
        "write it with the parts of the subset, or with the call that the message names";

    ReadOnly "read_only" Denied 403 "READONLY" "PermissionError" "ReadOnlyError"
        "A write was sent to a read-only handle."
        "open the database for writing";
    Unauthenticated "unauthenticated" Denied 401 "NOAUTH" "PermissionError" "AuthError"
        "The request carries no valid credentials."
        "send the token that the server was started with";
    Denied "denied" Denied 403 "NOPERM" "PermissionError" "AuthError"
        "The caller may not do this."
        "ask for the right that the message names";
}

impl ErrorCode {
    /// Returns the stable text of the code.
    pub const fn as_str(self) -> &'static str {
        self.row().text
    }

    /// Returns the kind, which decides the exit code.
    pub const fn kind(self) -> ErrorKind {
        self.row().kind
    }

    /// Returns the status of an HTTP answer.
    pub const fn http_status(self) -> u16 {
        self.row().http_status
    }

    /// Returns the first word of a RESP error reply.
    pub const fn resp_prefix(self) -> &'static str {
        self.row().resp_prefix
    }

    /// Returns the name of the Python exception class.
    pub const fn python_class(self) -> &'static str {
        self.row().python_class
    }

    /// Returns the name of the Node error class.
    pub const fn node_class(self) -> &'static str {
        self.row().node_class
    }

    /// Returns one sentence on what the code means.
    pub const fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// Returns one line on what to do about it.
    pub const fn remedy(self) -> &'static str {
        self.row().remedy
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says that a text is not the text of any error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownErrorCode;

impl fmt::Display for UnknownErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an error code")
    }
}

impl std::error::Error for UnknownErrorCode {}

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(text: &str) -> Result<Self, UnknownErrorCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownErrorCode)
    }
}
