//! The digest of what a keyed request asked for, by which a retry is told from a different request under the same key.
//!
//! It covers the request as the caller gave it: a relative lifetime counts as such, so that a retry a second later is still
//! the same request. Salts, times, seqs and nonces are not part of it.

use nedb_crypto::sha256;
use nedb_types::{Client, Digest, DocumentBuf, IdempotencyKey, Result, codec::Writer, document};

use crate::request::{Action, Body, Cause, Expected, Lifetime, Op, WriteBatch};

/// Domain of the digest of an idempotency key.
const IDEMPOTENCY: u8 = 0x05;
/// Domain of the digest of a request.
const REQUEST: u8 = 0x06;

/// The digest under which a client's idempotency key is logged.
pub(crate) fn of_key(client: &Client, key: &IdempotencyKey) -> Digest {
    let client = client.as_bytes();
    let length = u8::try_from(client.len()).expect("a client's name has at most 128 bytes");
    sha256(&[&[IDEMPOTENCY, length], client, key.as_bytes()])
}

/// The digest of a batch.
pub(crate) fn of(batch: &WriteBatch) -> Result<Digest> {
    let mut writer = Writer::new();
    writer.varint(batch.ops.len() as u64);
    for op in &batch.ops {
        write_op(&mut writer, op)?;
    }
    Ok(sha256(&[&[REQUEST], writer.as_bytes()]))
}

fn write_op(writer: &mut Writer, op: &Op) -> Result<()> {
    write_action(writer, &op.action)?;
    match op.expected {
        None => writer.u8(0),
        Some(Expected::Missing) => writer.u8(1),
        Some(Expected::Seq(seq)) => {
            writer.u8(2);
            writer.u64(seq.get());
        }
    }
    match op.lifetime {
        Lifetime::Unlimited => writer.u8(0),
        Lifetime::Micros(ttl_us) => {
            writer.u8(1);
            writer.u64(ttl_us);
        }
        Lifetime::Until(at) => {
            writer.u8(2);
            writer.i64(at.as_micros());
        }
    }
    write_causes(writer, &op.causes);
    for text in [&op.evidence, &op.valid_from, &op.valid_to] {
        write_bytes(writer, text.as_deref().map(str::as_bytes));
    }
    write_bytes(writer, op.confidence.map(f64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice));
    Ok(())
}

fn write_action(writer: &mut Writer, action: &Action) -> Result<()> {
    match action {
        Action::Put { collection, id, body } => {
            write_names(writer, 1, &[collection.as_bytes(), id]);
            write_bytes(writer, Some(canonical(body)?.as_bytes()));
        }
        Action::Restore { collection, id, version } => {
            write_names(writer, 2, &[collection.as_bytes(), id]);
            writer.u64(version.get());
        }
        Action::Delete { collection, id } => write_names(writer, 3, &[collection.as_bytes(), id]),
        Action::Sweep { collection, id, version } => {
            write_names(writer, 7, &[collection.as_bytes(), id]);
            writer.u64(version.get());
        }
        Action::Expire { collection, id } => write_names(writer, 4, &[collection.as_bytes(), id]),
        Action::Check { collection, id } => write_names(writer, 8, &[collection.as_bytes(), id]),
        Action::Link { from, relation, to } => {
            write_names(writer, 5, &[from.as_bytes(), relation.as_bytes(), to.as_bytes()]);
        }
        Action::Unlink { from, relation, to } => {
            write_names(writer, 6, &[from.as_bytes(), relation.as_bytes(), to.as_bytes()]);
        }
    }
    Ok(())
}

fn canonical(body: &Body) -> Result<DocumentBuf> {
    match body {
        Body::Document(document) => Ok(document.clone()),
        Body::Value(value) => document::encode(value),
        Body::Json(text) => document::json_to_document(text),
    }
}

fn write_names(writer: &mut Writer, kind: u8, names: &[&[u8]]) {
    writer.u8(kind);
    for name in names {
        write_bytes(writer, Some(name));
    }
}

fn write_bytes(writer: &mut Writer, bytes: Option<&[u8]>) {
    match bytes {
        None => writer.u8(0),
        Some(bytes) => {
            writer.u8(1);
            writer.varint(bytes.len() as u64);
            writer.bytes(bytes);
        }
    }
}

fn write_causes(writer: &mut Writer, causes: &[Cause]) {
    writer.varint(causes.len() as u64);
    for cause in causes {
        match cause {
            Cause::Seq(seq) => {
                writer.u8(0);
                writer.u64(seq.get());
            }
            Cause::Position(position) => {
                writer.u8(1);
                writer.u64(*position as u64);
            }
        }
    }
}
