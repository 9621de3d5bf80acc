//! The naive database: a list of operations, searched from end to end.

use std::collections::BTreeMap;

use nedb::{Database, Entry, EntryKind, IndexKind, Timestamp};
use nedb_types::{Object, Value};

use super::question::Asked;

/// All operations in order, with their documents decoded.
#[derive(Debug)]
pub struct History {
    pub entries: Vec<Entry>,
    pub documents: Vec<Option<Object>>,
    /// The time of a read at the head.
    pub now_us: i64,
    /// What SEARCH means in the collection `c`, unless it means every word of every text.
    rule: Option<SearchRule>,
}

/// A moment: how many operations count, and the time by which lifetimes are judged.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub size: usize,
    pub now_us: i64,
}

/// One version of a document, as a query sees it.
#[derive(Clone, Debug)]
pub struct Seen<'h> {
    pub version: &'h Entry,
    /// The operation that wrote its content: an earlier one when only the lifetime was changed.
    pub content: &'h Entry,
    pub document: &'h Object,
    pub score: Option<f64>,
}

/// A document's collection and id.
pub type Node = (String, Vec<u8>);

/// Which texts SEARCH looks at, and whether it cuts words to their English stems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRule {
    pub field: Option<String>,
    pub stems: bool,
}

impl SearchRule {
    /// The rule that was defined before anything was written, for the collection `c`.
    fn of(db: &Database) -> Option<Self> {
        db.indexes().into_iter().find_map(|info| match info.kind {
            IndexKind::Search { stemming } => {
                Some(Self { field: (info.field != "*").then_some(info.field), stems: stemming.is_some() })
            }
            _ => None,
        })
    }
}

pub fn time_us(text: &str) -> i64 {
    Timestamp::parse(text).expect("the tests write sound times").as_micros()
}

impl History {
    /// Takes what the change feed tells.
    pub fn of(db: &Database, clock_us: i64) -> Self {
        let entries: Vec<Entry> = db.since(None).map(|entry| entry.expect("the log is sound")).collect();
        let document = |entry: &Entry| match &entry.kind {
            EntryKind::Put(document) => match document.as_document().to_value().expect("a stored document") {
                Value::Object(object) => Some(object),
                other => panic!("a document is an object, not {other:?}"),
            },
            _ => None,
        };
        let documents = entries.iter().map(document).collect();
        let last_us = entries.last().map_or(clock_us, |last| last.committed_at.as_micros());
        Self { entries, documents, now_us: clock_us.max(last_us), rule: SearchRule::of(db) }
    }

    /// The moment that is asked for, the present without one.
    pub fn moment(&self, asked: Option<&Asked>) -> Moment {
        match asked {
            None => self.head(),
            Some(Asked::Seq(seq)) => self.after(*seq),
            Some(Asked::Time(time)) => self.at_time(time_us(time)),
        }
    }

    /// What SEARCH means in a collection.
    pub fn rule_of(&self, collection: &str) -> &SearchRule {
        static EVERY: SearchRule = SearchRule { field: None, stems: false };
        self.rule.as_ref().filter(|_| collection == "c").unwrap_or(&EVERY)
    }

    /// The moment of the present.
    pub fn head(&self) -> Moment {
        Moment { size: self.entries.len(), now_us: self.now_us }
    }

    /// The moment straight after a seq, judged by its own time; a seq beyond the head means the present.
    pub fn after(&self, seq: i64) -> Moment {
        match usize::try_from(seq) {
            Err(_negative) => Moment { size: 0, now_us: i64::MIN },
            Ok(seq) if seq >= self.entries.len() => self.head(),
            Ok(seq) => Moment { size: seq + 1, now_us: self.entries[seq].committed_at.as_micros() },
        }
    }

    /// The moment of a time.
    pub fn at_time(&self, time_us: i64) -> Moment {
        let size = self.entries.iter().filter(|entry| entry.committed_at.as_micros() <= time_us).count();
        Moment { size, now_us: time_us }
    }

    /// The version that an operation made, unless it made none or it has expired.
    pub fn version(&self, seq: usize, now_us: i64) -> Option<Seen<'_>> {
        let version = &self.entries[seq];
        let content_seq = match &version.kind {
            EntryKind::Put(_) => seq,
            EntryKind::Expire { content } => usize::try_from(content.get()).expect("a short history"),
            _ => return None,
        };
        let is_live = version.expires_at.is_none_or(|at| at.as_micros() > now_us);
        let document = self.documents[content_seq].as_ref().expect("content is a document");
        is_live.then_some(Seen { version, content: &self.entries[content_seq], document, score: None })
    }

    /// The visible documents of all collections.
    pub fn documents(&self, moment: Moment) -> BTreeMap<Node, Seen<'_>> {
        let mut newest = BTreeMap::new();
        for (seq, entry) in self.entries.iter().take(moment.size).enumerate() {
            if matches!(entry.kind, EntryKind::Put(_) | EntryKind::Delete | EntryKind::Expire { .. }) {
                newest.insert((entry.collection.to_string(), entry.id.as_bytes().to_vec()), seq);
            }
        }
        let seen = |(node, seq)| self.version(seq, moment.now_us).map(|seen| (node, seen));
        newest.into_iter().filter_map(seen).collect()
    }

    /// The edges of a relation.
    pub fn edges(&self, relation: &str, moment: Moment) -> Vec<(Node, Node)> {
        let mut edges = Vec::new();
        for entry in self.entries.iter().take(moment.size) {
            let (EntryKind::Link { relation: name, to } | EntryKind::Unlink { relation: name, to }) = &entry.kind
            else {
                continue;
            };
            if name.as_str() != relation {
                continue;
            }
            let from = (entry.collection.to_string(), entry.id.as_bytes().to_vec());
            let edge = (from, (to.collection().to_string(), to.id().as_bytes().to_vec()));
            edges.retain(|known| *known != edge);
            if matches!(entry.kind, EntryKind::Link { .. }) {
                edges.push(edge);
            }
        }
        edges
    }

    /// The causes of an operation: its own, and those of the content that it carries on.
    pub fn causes(&self, seq: usize) -> Vec<usize> {
        let entry = &self.entries[seq];
        let mut causes = entry.provenance.causes.clone();
        if let EntryKind::Expire { content } = &entry.kind {
            let content = usize::try_from(content.get()).expect("a short history");
            causes.extend(self.entries[content].provenance.causes.iter().copied());
        }
        causes.into_iter().map(|seq| usize::try_from(seq.get()).expect("a short history")).collect()
    }
}

impl Seen<'_> {
    pub fn node(&self) -> Node {
        (self.version.collection.to_string(), self.version.id.as_bytes().to_vec())
    }

    pub fn seq(&self) -> usize {
        usize::try_from(self.version.seq.get()).expect("a short history")
    }

    /// The value at a path, if there is one.
    pub fn field(&self, path: &str) -> Option<Value> {
        let (first, rest) = split(path);
        // A document has no field of its own that begins so.
        let value = if first.starts_with('_') { self.system_field(first)? } else { self.document.get(first)?.clone() };
        step_into(value, rest)
    }

    /// The value at a path, null when there is none.
    pub fn value(&self, path: &str) -> Value {
        self.field(path).unwrap_or(Value::Null)
    }

    /// A field that the engine makes, if this version has it.
    fn system_field(&self, name: &str) -> Option<Value> {
        let said = &self.content.provenance;
        let text = |text: &Option<String>| text.clone().map(Value::String);
        let float = |number: Option<f64>| number.map(|number| Value::float(number).expect("a finite number"));
        match name {
            "_id" => Some(id_value(self.version.id.as_bytes())),
            "_seq" => Some(Value::from(self.version.seq.get())),
            "_ts" => Some(Value::DateTime(self.version.committed_at)),
            "_client" => Some(Value::from(self.version.client.as_str())),
            "_score" => float(self.score),
            "_confidence" => float(said.confidence),
            "_evidence" => text(&said.evidence),
            "_valid_from" => text(&said.valid_from),
            "_valid_to" => text(&said.valid_to),
            "_expires_at" => self.version.expires_at.map(|at| Value::String(at.to_string())),
            "_caused_by" if !said.causes.is_empty() => {
                Some(Value::Array(said.causes.iter().map(|seq| Value::from(seq.get())).collect()))
            }
            _ => None,
        }
    }

    /// Whether the content holds at a time: from its beginning on, not at its end.
    pub fn is_valid_at(&self, at_us: i64) -> bool {
        let time = |text: &String| Timestamp::parse(text).expect("it was accepted").as_micros();
        let said = &self.content.provenance;
        said.valid_from.as_ref().is_none_or(|from| time(from) <= at_us)
            && said.valid_to.as_ref().is_none_or(|to| at_us < time(to))
    }
}

pub fn id_value(id: &[u8]) -> Value {
    std::str::from_utf8(id).map_or_else(|_not_text| Value::Bytes(id.to_vec()), Value::from)
}

/// The first name of a path, and what follows it.
fn split(path: &str) -> (&str, &str) {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    path.split_at(end)
}

fn step_into(value: Value, rest: &str) -> Option<Value> {
    if rest.is_empty() {
        return Some(value);
    }
    if let Some(after) = rest.strip_prefix('.') {
        let (name, rest) = split(after);
        let Value::Object(object) = value else { return None };
        return step_into(object.get(name)?.clone(), rest);
    }
    let (index, rest) = rest.strip_prefix('[')?.split_once(']')?;
    let Value::Array(elements) = value else { return None };
    step_into(elements.get(index.parse::<usize>().ok()?)?.clone(), rest)
}
