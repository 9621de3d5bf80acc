//! Relations between documents.

use nedb::{Direction, Neighbor, Object, Op, Result, Value, WriteBatch};
use nedb_types::document::value_to_json;

use super::answer::{Answer, with_head};
use super::body::{Field, Kind, Request, optional, required};
use super::documents::{all, done, listed};
use super::fields::{AS_OF_ANY, CAUSED_BY, CLIENT, CONFIDENCE, EVIDENCE, IDEM, NONCE};
use super::operation::Fields;
use super::writing::Pending;

pub(super) const LINK: &[Field] = &[
    required("frm", Kind::Word, "the document where it starts, as coll:id"),
    required("rel", Kind::Word, "its name"),
    required("to", Kind::Word, "the document where it ends, as coll:id"),
    CLIENT,
    NONCE,
    IDEM,
    CAUSED_BY,
    EVIDENCE,
    CONFIDENCE,
];

pub(super) const NEIGHBORS: &[Field] = &[
    required("node", Kind::Word, "the document, as coll:id"),
    required("rel", Kind::Word, "the relation"),
    optional("inbound", Kind::Flag, "whether relations that end there are meant"),
    AS_OF_ANY,
];

pub(super) fn link(request: &mut Request) -> Result<Pending> {
    change(request, Op::link)
}

pub(super) fn unlink(request: &mut Request) -> Result<Pending> {
    change(request, Op::unlink)
}

fn change(request: &mut Request, change: fn(String, String, String) -> Op) -> Result<Pending> {
    let served = request.served()?;
    let mut fields = Fields::new("", all(request, LINK));
    let op = fields.edge(change)?;
    let batch = fields.of_whole(WriteBatch::new().op(op))?;
    Ok(Pending::new(served, batch, |_db, receipt| {
        Ok(done(receipt, receipt.seq(), vec![("changed", Value::Bool(receipt.changed()))]))
    }))
}

pub(super) fn neighbors(request: &mut Request) -> Result<Answer> {
    let as_of = request.as_of()?;
    let direction = if request.flag("inbound") { Direction::Inbound } else { Direction::Outbound };
    let (node, relation) = (request.text("node"), request.text("rel"));
    let served = request.served()?;
    let snapshot = served.db.snapshot_at(as_of)?;
    let neighbors = snapshot.neighbors(&node, &relation, direction)?;
    if request.form.is_lines() {
        let lines = neighbors.into_iter().map(|neighbor| line(&neighbor));
        return listed(request, lines, snapshot.seq(), &served);
    }
    let nodes: Vec<Value> = neighbors.iter().map(|neighbor| Value::String(neighbor.node.to_string())).collect();
    let mut answer = Object::new();
    answer.insert("count", nodes.len() as u64);
    answer.insert("neighbors", Value::Array(nodes));
    with_head(&mut answer, snapshot.seq(), &served.db.head());
    Answer::object(answer)
}

/// A node as a row, with the operation that made the relation.
fn line(neighbor: &Neighbor) -> Result<String> {
    let mut row = Object::new();
    row.insert("node", neighbor.node.to_string());
    row.insert("coll", neighbor.node.collection().as_str());
    row.insert("id", neighbor.node.id().to_value());
    row.insert("seq", neighbor.seq.get());
    value_to_json(&Value::Object(row))
}
