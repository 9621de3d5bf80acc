//! Reads: documents, relations, questions.

use nedb::{
    AsOf, CollectionInfo, Direction, ErrorCode, Neighbor, NodeRef, Object, Params, Result, ScanRange, Seq, Timestamp,
    Value,
};
use nedb_types::Collection;

use super::Database;
use crate::encode::{self, id_text, moment, with_parameters};
use crate::fields::id_of;
use crate::pin::Read;
use crate::retry::Again;
use crate::rows::Rows;
use crate::transport::Call;

impl Database {
    /// The document, or `None` when it does not exist.
    pub fn get(&self, collection: &str, id: impl AsRef<[u8]>) -> Result<Option<Object>> {
        self.get_at(collection, id, AsOf::Head)
    }

    /// The document at a moment.
    pub fn get_at(&self, collection: &str, id: impl AsRef<[u8]>, as_of: impl Into<AsOf>) -> Result<Option<Object>> {
        Ok(self.version_at(collection, id, as_of)?.map(|(_, document)| document))
    }

    /// The document at a moment, with the seq of its version, which [`Op::if_seq`](nedb::Op::if_seq) takes.
    pub fn version_at(
        &self,
        collection: &str,
        id: impl AsRef<[u8]>,
        as_of: impl Into<AsOf>,
    ) -> Result<Option<(Seq, Object)>> {
        let (collection, id) = (Collection::new(collection)?, id_text(id)?);
        let (path, as_of) = (self.path(&["rows", collection.as_str(), &id]), as_of.into());
        let begun_at = Timestamp::from_micros(self.io().clock.wall_us());
        let mut answer = match self.get_object(with_parameters(path, [("as_of", moment(as_of))])) {
            Ok(answer) => answer,
            Err(error) if error.code() == ErrorCode::NotFound => {
                // It is the document that is missing when the database is not.
                return self.head().map(|_there| None);
            }
            Err(error) => return Err(error),
        };
        let seq = Seq::new(answer.number("seq")?);
        let document = match &self.pin {
            Some(pin) => pin.document(self, (&collection, &id), seq, Read { as_of, begun_at })?,
            None => answer.object("doc")?.0,
        };
        Ok(Some((seq, document)))
    }

    /// The documents of a collection in the byte order of their ids.
    pub fn scan(&self, collection: &str, range: &ScanRange) -> Result<Rows> {
        self.scan_at(collection, range, AsOf::Head)
    }

    /// The documents of a collection at a moment.
    pub fn scan_at(&self, collection: &str, range: &ScanRange, as_of: impl Into<AsOf>) -> Result<Rows> {
        let mut parameters: Vec<_> =
            range.to_parameters()?.into_iter().map(|(name, text)| (name, Some(text))).collect();
        if parameters.iter().all(|(name, _)| *name != "limit") {
            parameters.push(("limit", Some(i64::MAX.to_string())));
        }
        parameters.push(("as_of", moment(as_of.into())));
        let path = self.path(&["rows", Collection::new(collection)?.as_str()]);
        self.get_rows(with_parameters(path, parameters))
    }

    /// The nodes that edges of this relation lead to, or come from, in the order in which the edges were made.
    pub fn neighbors(&self, node: &str, relation: &str, direction: Direction) -> Result<Vec<Neighbor>> {
        self.neighbors_at(node, relation, direction, AsOf::Head)
    }

    /// The same at a moment.
    pub fn neighbors_at(
        &self,
        node: &str,
        relation: &str,
        direction: Direction,
        as_of: impl Into<AsOf>,
    ) -> Result<Vec<Neighbor>> {
        let mut body = Object::new();
        body.insert("node", node);
        body.insert("rel", relation);
        body.insert("inbound", direction == Direction::Inbound);
        insert_moment(&mut body, as_of.into());
        let call = Call::post(self.path(&["neighbors"]), encode::body(body)?, Again::Always);
        self.transport.rows(&call)?.read_all(|row| {
            let id = id_of(row.0.get("id").unwrap_or(&Value::Null))?;
            Ok(Neighbor { node: NodeRef::new(row.parsed("coll")?, id), seq: Seq::new(row.number("seq")?) })
        })
    }

    /// The collections that have at least one visible document at a moment, by name, with their numbers of documents.
    pub fn collections(&self, as_of: impl Into<AsOf>) -> Result<Vec<CollectionInfo>> {
        let path = with_parameters(self.path(&[]), [("as_of", moment(as_of.into()))]);
        let collections = self.get_object(path)?.object("database")?.object("collections")?;
        let named = collections
            .0
            .keys()
            .map(|name| Ok(CollectionInfo { name: Collection::new(name)?, documents: collections.number(name)? }));
        named.collect()
    }

    /// The names under which any document was ever written, in order; collections without a visible document are among them.
    pub fn collection_names(&self) -> Result<Vec<Collection>> {
        let path = with_parameters(self.path(&[]), [("names", Some("1".to_owned()))]);
        let names = self.get_object(path)?.object("database")?.list("names")?;
        names.iter().map(|name| Collection::new(name.as_str().unwrap_or_default())).collect()
    }

    /// Answers a question in NQL, with the values of its parameters.
    pub fn query(&self, nql: &str, params: &Params) -> Result<Rows> {
        self.query_at(nql, params, AsOf::Head)
    }

    /// Answers a question in NQL as it would have been answered at a moment; a later one that it names itself is that one.
    pub fn query_at(&self, nql: &str, params: &Params, as_of: impl Into<AsOf>) -> Result<Rows> {
        let (mut body, mut values) = (Object::new(), Object::new());
        for (name, value) in params.iter() {
            values.insert(name, value.clone());
        }
        body.insert("nql", nql);
        body.insert("params", Value::Object(values));
        insert_moment(&mut body, as_of.into());
        self.transport.rows(&Call::post(self.path(&["query"]), encode::body(body)?, Again::Always))
    }
}

fn insert_moment(body: &mut Object, as_of: AsOf) {
    if let Some(moment) = moment(as_of) {
        body.insert("as_of", moment);
    }
}
