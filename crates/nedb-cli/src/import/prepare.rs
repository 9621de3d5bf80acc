//! From a record to a document that is ready to be put: its collection, its id, its edges.

use std::fmt::Write;

use nedb_types::{
    Collection, DocId, DocumentBuf, DocumentRef, Error, ErrorCode, NodeRef, Result, ValueRef,
    document::{DocumentBuilder, json_to_document_with},
};

use super::{
    links::LinkRule,
    record::{Content, Position, Record, Refusal},
};

/// The field in which an export of all collections says where a document belongs.
pub const COLLECTION_FIELD: &str = "_collection";

/// Fields that give the id unless another one is named, the first that is there.
const ID_FIELDS: [&str; 2] = ["_id", "id"];

/// Where records go, and under which ids.
#[derive(Clone, Debug)]
pub struct Target {
    /// The collection; `None` takes it from each record's `_collection`, and `fallback` where there is none.
    pub collection: Option<Collection>,
    /// The collection of records that name none.
    pub fallback: Option<Collection>,
    /// The field with the id; `None` for `_id`, else `id`.
    pub id_field: Option<String>,
    /// Which fields make edges.
    pub links: Vec<LinkRule>,
}

impl Target {
    /// Everything about the target that changes what a record becomes, as one text.
    pub fn description(&self) -> String {
        let name = |collection: &Option<Collection>| collection.as_ref().map(|name| name.as_str().to_owned());
        let mut text = format!("{:?} {:?} {:?}", name(&self.collection), name(&self.fallback), self.id_field);
        for LinkRule { field, relation, target } in &self.links {
            // Writing to a string cannot fail.
            let _always_ok = write!(text, " {field:?} {:?} {:?}", relation.as_str(), name(target));
        }
        text
    }
}

/// A document that is ready to be put.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Where it stands in the file.
    pub position: Position,
    /// Collection and id.
    pub node: NodeRef,
    /// The document.
    pub document: DocumentBuf,
    /// For each rule of the target, the nodes that edges lead to.
    pub edges: Vec<Vec<NodeRef>>,
}

/// Makes documents of records, one after the other.
pub struct Preparer<'t> {
    target: &'t Target,
    builder: DocumentBuilder,
}

impl<'t> Preparer<'t> {
    /// Begins with empty buffers.
    pub fn new(target: &'t Target) -> Self {
        Self { target, builder: DocumentBuilder::new() }
    }

    /// Makes the document of a record.
    pub fn prepare(&mut self, record: Record) -> Result<Prepared, Refusal> {
        let Record { position, content } = record;
        self.document(content)
            .and_then(|document| self.place(position, document))
            .map_err(|error| Refusal::new(position, error))
    }

    fn document(&mut self, content: Content) -> Result<DocumentBuf> {
        match content {
            Content::Document(document) => Ok(document),
            Content::Json(text) => match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(b'{') | None => json_to_document_with(&text, &mut self.builder),
                Some(_) => Err(Error::new(ErrorCode::InvalidJson, "expected an object")),
            },
        }
    }

    fn place(&self, position: Position, document: DocumentBuf) -> Result<Prepared> {
        let id = self.id(&document.as_document())?;
        let (collection, stripped) = self.collection(&document.as_document())?;
        let document = stripped.unwrap_or(document);
        let mut edges = Vec::with_capacity(self.target.links.len());
        for rule in &self.target.links {
            edges.push(rule.targets(&collection, &document.as_document())?);
        }
        Ok(Prepared { position, node: NodeRef::new(collection, id), document, edges })
    }

    fn id(&self, document: &DocumentRef<'_>) -> Result<DocId> {
        let candidates = match &self.target.id_field {
            Some(field) => vec![field.as_str()],
            None => ID_FIELDS.to_vec(),
        };
        for name in &candidates {
            if let Some(value) = document.get(name)? {
                return id_of(name, &value);
            }
        }
        let fields = candidates.join(" or ");
        Err(Error::new(ErrorCode::InvalidId, format!("expected an id in the field {fields}, but there is none")))
    }

    /// The record's collection, and the document without the field that named it.
    fn collection(&self, document: &DocumentRef<'_>) -> Result<(Collection, Option<DocumentBuf>)> {
        if let Some(collection) = &self.target.collection {
            return Ok((collection.clone(), None));
        }
        match (document.get(COLLECTION_FIELD)?, &self.target.fallback) {
            (Some(ValueRef::String(name)), _) => {
                Ok((Collection::new(name)?, document.without_fields(|name| name == COLLECTION_FIELD.as_bytes())?))
            }
            (_, Some(fallback)) => Ok((fallback.clone(), None)),
            (_, None) => {
                let message = format!("expected a collection in the field {COLLECTION_FIELD}, or --collection");
                Err(Error::new(ErrorCode::InvalidName, message))
            }
        }
    }
}

/// The id that a value stands for.
fn id_of(field: &str, value: &ValueRef<'_>) -> Result<DocId> {
    match value {
        ValueRef::String(text) => DocId::new(text),
        ValueRef::I64(number) => DocId::new(number.to_string()),
        ValueRef::Bytes(bytes) => DocId::new(bytes),
        _ => {
            let message = format!("expected a string or an integer in the field {field}, which is the id");
            Err(Error::new(ErrorCode::InvalidId, message))
        }
    }
}

/// Whether an import finds this id in a document's own fields.
pub fn is_id_inside(document: &DocumentRef<'_>, id: &[u8]) -> Result<bool> {
    match document.get("id")? {
        Some(value) => Ok(id_of("id", &value).is_ok_and(|inside| inside.as_bytes() == id)),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(target: &Target, json: &str) -> Result<Prepared, Refusal> {
        let position = Position { number: 3, line: 3, column: 1 };
        Preparer::new(target).prepare(Record { position, content: Content::Json(json.into()) })
    }

    fn into(collection: &str) -> Target {
        Target { collection: Some(Collection::new(collection).unwrap()), fallback: None, id_field: None, links: vec![] }
    }

    #[test]
    fn the_id_comes_from_the_named_field_or_the_usual_ones_and_stays_in_the_document() {
        let usual = prepare(&into("c"), r#"{"id": 7, "x": 1}"#).unwrap();
        assert_eq!(usual.node.to_string(), "c:7");
        assert_eq!(usual.document.as_document().to_json().unwrap(), r#"{"id":7,"x":1}"#);
        assert_eq!(prepare(&into("c"), r#"{"id": 7, "_id": "ä"}"#).unwrap().node.to_string(), "c:ä");
        let named = Target { id_field: Some("sku".into()), ..into("c") };
        assert_eq!(prepare(&named, r#"{"id": 7, "sku": "a:b"}"#).unwrap().node.to_string(), "c:a:b");
        for wrong in [r#"{"x": 1}"#, r#"{"id": 1.5}"#, r#"{"id": ""}"#, r#"{"id": null}"#] {
            assert_eq!(prepare(&into("c"), wrong).unwrap_err().error.code(), ErrorCode::InvalidId, "{wrong}");
        }
    }

    #[test]
    fn a_record_may_name_its_collection_unless_one_is_given() {
        let json = r#"{"_collection":"b","id":1}"#;
        let open = Target { collection: None, fallback: Some(Collection::new("a").unwrap()), ..into("c") };
        let named = prepare(&open, json).unwrap();
        assert_eq!(named.node.to_string(), "b:1");
        assert_eq!(named.document.as_document().to_json().unwrap(), r#"{"id":1}"#);
        assert_eq!(prepare(&open, r#"{"id":1}"#).unwrap().node.to_string(), "a:1");
        assert_eq!(prepare(&into("c"), json).unwrap().document.as_document().to_json().unwrap(), json);
    }

    #[test]
    fn what_is_no_object_is_refused_as_such() {
        for wrong in ["5", "[]", "\"x\"", "null"] {
            let refusal = prepare(&into("c"), wrong).unwrap_err();
            assert_eq!(refusal.words(), "line 3 column 1: expected an object");
        }
    }

    #[test]
    fn targets_that_make_different_documents_have_different_descriptions() {
        let links = vec!["a:b".parse().unwrap()];
        let all = [
            into("c"),
            into("d"),
            Target { id_field: Some("sku".into()), ..into("c") },
            Target { links, ..into("c") },
            Target { collection: None, fallback: into("c").collection, ..into("c") },
        ];
        for (index, one) in all.iter().enumerate() {
            for other in all.iter().skip(index + 1) {
                assert_ne!(one.description(), other.description());
            }
        }
    }
}
