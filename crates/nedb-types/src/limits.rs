//! Every limit of the database, each with its reason.
//!
//! A limit that is exceeded has its own error code; nothing is cut short in silence.

/// Largest log entry in bytes: entries are published in tiles whose bundles use 16-bit lengths.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024;

/// Longest collection name in bytes: the name is part of every entry and index key.
pub const COLLECTION_BYTES_MAX: usize = 128;

/// Longest relation name in bytes: the name is part of every edge key.
pub const RELATION_BYTES_MAX: usize = 128;

/// Longest document id in bytes: ids are compared in full on every look-up and must stay within one page.
pub const ID_BYTES_MAX: usize = 1024;

/// Longest client name in bytes: the name is part of every entry.
pub const CLIENT_BYTES_MAX: usize = 128;

/// Longest idempotency key in bytes: enough for a digest or several UUIDs; only its digest is kept.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 256;

/// Most causes of one operation: they lie in the entry, which has 16 KiB.
pub const CAUSES_MAX: usize = 1024;

/// Longest evidence text in bytes: evidence is a short note; longer material belongs in a document.
pub const EVIDENCE_BYTES_MAX: usize = 4 * 1024;

/// Largest document that the engine accepts, in bytes of its stored form: four of them still fit one frame.
pub const DOCUMENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Largest document that any reader accepts, in bytes: room to raise the limit above without a new format.
pub const DOCUMENT_BYTES_HARD_MAX: usize = 16 * 1024 * 1024;

/// Deepest nesting of arrays and objects, the root included: readers may recurse this deep on a small stack.
pub const NESTING_MAX: usize = 128;

/// Largest magnitude of a big integer in bytes (19,728 decimal digits): its decimal text takes quadratic time.
pub const INTEGER_BYTES_MAX: usize = 8 * 1024;

/// Most operations of one transaction: it must be checked against an overlay held in memory.
pub const TRANSACTION_OPS_MAX: usize = 65_536;

/// Most bytes of one frame, and so of one transaction: a frame is built in memory and never spans two segments.
pub const FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Frames begin at multiples of this many bytes, so that recovery tries few positions.
pub const FRAME_ALIGN_BYTES: usize = 64;

/// Logical size of a log segment in bytes: small enough to back up and pack one by one.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Most indexes of one collection: each write of a document is followed by every one of them.
pub const INDEXES_PER_COLLECTION_MAX: usize = 64;

/// Most indexes of one database: each has runs in every checkpoint and entries in memory.
pub const INDEXES_MAX: usize = 1024;

/// Most paths of one index for search: the definition lies in the header of a frame.
pub const INDEX_PATHS_MAX: usize = 64;

/// Longest text of an indexed path in bytes, for the same reason.
pub const INDEX_PATH_BYTES_MAX: usize = 1024;

/// Most databases that one daemon keeps open: each holds descriptors, maps and index deltas.
pub const OPEN_DATABASES_MAX: usize = 512;

/// Size of the pieces in which an in-memory database grows, in bytes: an empty one stays small.
pub const MEMORY_CHUNK_BYTES: usize = 1024 * 1024;

/// Longest text of a query in bytes: room for a million listed values, and still read in a moment.
pub const QUERY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Most conditions and listed values of one query: each of them is kept in memory.
pub const QUERY_TERMS_MAX: usize = 2 * 1024 * 1024;

/// Deepest nesting of conditions in a query: parser, printer and planner recurse this deep on a small stack.
pub const QUERY_NESTING_MAX: usize = 64;

/// Most keys in one list of fields of a query: rows carry all of them.
pub const QUERY_FIELDS_MAX: usize = 256;

/// Most inputs of one join: a row of it is taken through one step for each, on the stack.
pub const JOIN_INPUTS_MAX: usize = 64;

/// Most words and phrases of one search: each opens a list of postings.
pub const SEARCH_TERMS_MAX: usize = 256;

/// Most hops of a traversal: beyond it a graph is explored, not asked.
pub const TRAVERSE_HOPS_MAX: u32 = 128;
