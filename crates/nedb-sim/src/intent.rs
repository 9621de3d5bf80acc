//! What a simulated client asks for: a request in a form that the oracle understands and the engine accepts.
//!
//! Two intents that ask the same can be told from two that only share a key.

use nedb::{Body, Cause, DocumentBuf, Expected, Op, Seq, Timestamp, WriteBatch};

/// A document's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocKey {
    /// Its collection.
    pub collection: &'static str,
    /// Its id.
    pub id: &'static [u8],
}

impl DocKey {
    /// The node that edges name; ids of nodes are text.
    pub fn node(&self) -> String {
        format!("{}:{}", self.collection, String::from_utf8_lossy(self.id))
    }
}

/// An edge's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeKey {
    /// Where it starts.
    pub from: DocKey,
    /// Its name.
    pub relation: &'static str,
    /// Where it leads.
    pub to: DocKey,
}

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A document.
    Document(DocKey),
    /// An edge.
    Edge(EdgeKey),
}

/// What one step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Writes a document.
    Put(DocKey, DocumentBuf),
    /// Writes an earlier version's content again.
    Restore(DocKey, Seq),
    /// Deletes a document.
    Delete(DocKey),
    /// Changes a document's lifetime.
    Expire(DocKey),
    /// Adds an edge.
    Link(EdgeKey),
    /// Removes an edge.
    Unlink(EdgeKey),
}

/// How long the written version lives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Life {
    /// Until it is replaced.
    Unlimited,
    /// So many microseconds.
    Micros(u64),
    /// Until an instant.
    Until(i64),
}

/// One operation of an intent.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it does.
    pub act: Act,
    /// Under which condition.
    pub expected: Option<Expected>,
    /// Its number for the client.
    pub nonce: Option<u64>,
    /// How long what it writes lives.
    pub life: Life,
    /// What caused it.
    pub causes: Vec<Cause>,
    /// What it rests on.
    pub evidence: Option<&'static str>,
    /// How certain it is.
    pub confidence: Option<f64>,
    /// From when on it holds.
    pub valid_from: Option<&'static str>,
}

impl Step {
    /// A step with nothing but its act.
    pub fn new(act: Act) -> Self {
        Self {
            act,
            expected: None,
            nonce: None,
            life: Life::Unlimited,
            causes: Vec::new(),
            evidence: None,
            confidence: None,
            valid_from: None,
        }
    }

    /// What it is about.
    pub fn subject(&self) -> Subject {
        match &self.act {
            Act::Put(doc, _) | Act::Restore(doc, _) | Act::Delete(doc) | Act::Expire(doc) => Subject::Document(*doc),
            Act::Link(edge) | Act::Unlink(edge) => Subject::Edge(*edge),
        }
    }

    fn to_op(&self) -> Op {
        let mut op = match &self.act {
            Act::Put(doc, body) => Op::put(doc.collection, doc.id, Body::Document(body.clone())),
            Act::Restore(doc, version) => Op::restore(doc.collection, doc.id, *version),
            Act::Delete(doc) => Op::delete(doc.collection, doc.id),
            Act::Expire(doc) => Op::expire(doc.collection, doc.id),
            Act::Link(edge) => Op::link(edge.from.node(), edge.relation, edge.to.node()),
            Act::Unlink(edge) => Op::unlink(edge.from.node(), edge.relation, edge.to.node()),
        };
        if let Some(expected) = self.expected {
            op = op.if_seq(expected);
        }
        if let Some(nonce) = self.nonce {
            op = op.nonce(nonce);
        }
        op = match self.life {
            Life::Unlimited => op,
            Life::Micros(ttl_us) => op.ttl_us(ttl_us),
            Life::Until(at_us) => op.expires_at(Timestamp::from_micros(at_us)),
        };
        op = self.causes.iter().fold(op, |op, cause| op.caused_by(*cause));
        if let Some(evidence) = self.evidence {
            op = op.evidence(evidence);
        }
        if let Some(confidence) = self.confidence {
            op = op.confidence(confidence);
        }
        match self.valid_from {
            Some(text) => op.valid_from(text),
            None => op,
        }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// Who asks.
    pub client: &'static str,
    /// The key that makes it safe to retry.
    pub key: Option<String>,
    /// What it asks for, as a whole.
    pub steps: Vec<Step>,
}

impl Intent {
    /// A request of one step.
    pub fn single(client: &'static str, act: Act) -> Self {
        Self { client, key: None, steps: vec![Step::new(act)] }
    }

    /// Whether both ask for the same, so that one may be a retry of the other; a retry may be numbered anew.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let unnumbered = |step: &Step| Step { nonce: None, ..step.clone() };
        self.client == other.client
            && self.key == other.key
            && self.steps.iter().map(unnumbered).eq(other.steps.iter().map(unnumbered))
    }

    /// The request as the engine takes it.
    pub fn to_batch(&self) -> WriteBatch {
        let mut batch = WriteBatch::with_capacity(self.steps.len()).client(self.client);
        if let Some(key) = &self.key {
            batch = batch.idempotency_key(key.as_str());
        }
        for step in &self.steps {
            batch.push(step.to_op());
        }
        batch
    }
}
