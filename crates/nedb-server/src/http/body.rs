//! What a request says: parts of the path, parameters, and the fields of a JSON body, checked against the route's table.
//!
//! Promises: a field that the route does not know is refused by name, and so is one that is missing or of another type; a handler
//! meets only what the table allows. Leaves to others: what the values mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use nedb::{AsOf, Error, ErrorCode, Object, QueryOptions, Result, Seq, Value};
use nedb_types::document::json_to_value;

use super::openapi::path_names;
use super::route::Route;
use crate::audit::{Act, Begun};
use crate::databases::Served;
use crate::rights::{Identity, Right};
use crate::server::Shared;

/// What a field may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A text that is not empty.
    Word,
    /// A whole number.
    Integer,
    /// One that is not negative.
    Count,
    Number,
    Flag,
    Object,
    List,
    /// A list of operations that are written together.
    Operations,
    /// What names a document: a text or a whole number.
    Id,
    /// A moment of the history: a text or a whole number.
    Moment,
    /// Values for placeholders: a list or an object.
    Params,
    /// Whatever the handler says.
    Any,
}

impl Kind {
    /// The type in an `OpenAPI` schema; empty for any.
    pub(super) const fn schema(self) -> &'static str {
        match self {
            Self::Text | Self::Word => "string",
            Self::Integer | Self::Count => "integer",
            Self::Number => "number",
            Self::Flag => "boolean",
            Self::Object => "object",
            Self::List | Self::Operations => "array",
            Self::Id | Self::Moment | Self::Params | Self::Any => "",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            // What of it makes no sense, the handler says.
            Self::Id | Self::Moment | Self::Params | Self::Any => true,
            Self::Text | Self::Word => matches!(value, Value::String(_)),
            Self::Integer | Self::Count => matches!(value, Value::I64(_)),
            Self::Number => matches!(value, Value::I64(_) | Value::F64(_)),
            Self::Flag => matches!(value, Value::Bool(_)),
            Self::Object => matches!(value, Value::Object(_)),
            Self::List | Self::Operations => matches!(value, Value::Array(_)),
        }
    }

    /// A parameter of the address, which is text there.
    fn of_text(self, text: &str) -> Option<Value> {
        match self {
            Self::Integer | Self::Count => text.parse::<i64>().ok().map(Value::I64),
            Self::Number => text.parse::<f64>().ok().and_then(|number| Value::float(number).ok()),
            Self::Flag => match text {
                "1" | "true" | "" => Some(Value::Bool(true)),
                "0" | "false" => Some(Value::Bool(false)),
                _ => None,
            },
            Self::Text | Self::Word | Self::Id | Self::Moment | Self::Any => Some(Value::String(text.to_owned())),
            Self::Object | Self::List | Self::Operations | Self::Params => None,
        }
    }
}

/// A field of a body, or a parameter of an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) help: &'static str,
}

/// A field that must be there.
pub(super) const fn required(name: &'static str, kind: Kind, help: &'static str) -> Field {
    Field { name, kind, is_required: true, help }
}

/// A field that may be there.
pub(super) const fn optional(name: &'static str, kind: Kind, help: &'static str) -> Field {
    Field { name, kind, is_required: false, help }
}

/// What the caller wants rows to come as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON object.
    Json,
    /// A line of JSON for each row, as they are found.
    Lines,
    /// These, and a last line with what the one object has beside its rows: so that a reader knows that he has all of them, and an
    /// error from a row that looks like one.
    LinesToEnd,
}

impl Form {
    /// The one that `Accept` asks for.
    pub(super) fn accepted(accept: &str) -> Self {
        let mut parts =
            accept.split(',').find(|kind| kind.contains("ndjson")).into_iter().flat_map(|kind| kind.split(';'));
        match (parts.next(), parts.any(|parameter| parameter.trim() == "end=1")) {
            (None, _) => Self::Json,
            (Some(_), false) => Self::Lines,
            (Some(_), true) => Self::LinesToEnd,
        }
    }

    /// Whether rows are lines.
    pub(super) const fn is_lines(self) -> bool {
        !matches!(self, Self::Json)
    }
}

/// What a request says is written down with an act up to this length.
const ACT_TEXT_BYTES_MAX: usize = 256;

/// A request as it came.
pub(super) struct Sent {
    /// Parts of the path by their names, decoded.
    pub(super) parts: BTreeMap<String, String>,
    /// The pairs behind `?`, decoded.
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// One request, past the guard.
pub(super) struct Request {
    pub(super) shared: Arc<Shared>,
    pub(super) identity: Arc<Identity>,
    /// Parts of the path by their names, decoded.
    pub(super) parts: BTreeMap<String, String>,
    pub(super) form: Form,
    /// `Last-Event-ID`, with which a browser takes up a feed where it ended.
    pub(super) last_event_id: Option<String>,
    /// The database of the path, where it was open when the request came.
    pub(super) open: Option<Arc<Served>>,
    fields: BTreeMap<&'static str, Value>,
}

impl Request {
    /// Checks parameters and body against the route.
    pub(super) fn new(shared: Arc<Shared>, identity: Arc<Identity>, route: &Route, sent: Sent) -> Result<Self> {
        let Sent { parts, query, body } = sent;
        let mut fields = BTreeMap::new();
        for (name, text) in &query {
            let field = known(route.parameters, name, "parameter", route)?;
            let value = field.kind.of_text(text).ok_or_else(|| wrong_type(field, "parameter", text))?;
            if fields.insert(field.name, value).is_some() {
                return Err(invalid(format!("parameter {name} is given twice")));
            }
        }
        if let Some(known_fields) = route.body {
            for (name, value) in body_object(&body)? {
                let field = known(known_fields, &name, "field", route)?;
                insert_fitting(&mut fields, field, value)?;
            }
        } else if !body.is_empty() {
            return Err(invalid(format!("{} {} takes no body", route.verb.as_str(), route.path)));
        }
        check_required(route, &fields)?;
        Ok(Self { shared, identity, parts, form: Form::Json, last_event_id: None, open: None, fields })
    }

    /// Checks fields of a message, which says what over HTTP stands in the body, behind `?`, and in the parts of the path behind the
    /// database; an id that is a whole number is its text.
    pub(super) fn of_message(
        shared: Arc<Shared>,
        identity: Arc<Identity>,
        route: &Route,
        db: &str,
        said: Object,
    ) -> Result<Self> {
        let mut parts = BTreeMap::from([("db".to_owned(), db.to_owned())]);
        let mut fields = BTreeMap::new();
        for (name, value) in said {
            if name != "db" && path_names(route.path).any(|part| part == name) {
                let text = match value {
                    Value::String(text) => text,
                    Value::I64(number) => number.to_string(),
                    _ => return Err(invalid(format!("field {name:?} is not a text"))),
                };
                parts.insert(name, text);
                continue;
            }
            let known_fields = if route.body.is_some() { route.body.unwrap_or_default() } else { route.parameters };
            let field = known(known_fields, &name, "field", route)?;
            insert_fitting(&mut fields, field, value)?;
        }
        if let Some(missing) = path_names(route.path).find(|part| !parts.contains_key(*part)) {
            return Err(invalid(format!("{missing:?} is missing: it is a part of {}", route.path)));
        }
        check_required(route, &fields)?;
        Ok(Self { shared, identity, parts, form: Form::Json, last_event_id: None, open: None, fields })
    }

    /// The database of the path.
    pub(super) fn served(&self) -> Result<Arc<Served>> {
        match &self.open {
            Some(open) if !open.is_dropped() => Ok(Arc::clone(open)),
            _ => self.shared.databases.get(self.part("db")),
        }
    }

    /// A part of the path; the route has it.
    pub(super) fn part(&self, name: &str) -> &str {
        self.parts.get(name).map_or("", String::as_str)
    }

    /// Writes down that the caller is about to do something that takes the right to administrate, with the parts of the path.
    pub(super) fn begin_act<'v>(
        &self,
        what: String,
        said: impl IntoIterator<Item = (&'v str, &'v Value)>,
    ) -> Result<Begun> {
        let is_short = |value: &Value| match value {
            Value::String(text) => text.len() <= ACT_TEXT_BYTES_MAX,
            value => matches!(value, Value::I64(_) | Value::F64(_) | Value::Bool(_)),
        };
        let mut short = Object::new();
        for (name, value) in said.into_iter().filter(|(_, value)| is_short(value)) {
            short.insert(name, value.clone());
        }
        for (name, value) in &self.parts {
            short.insert(name.as_str(), value.as_str());
        }
        self.shared.begin_act(&Act { by: self.identity.name.clone(), what, said: short })
    }

    /// What the request says, by name.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields.iter().map(|(name, value)| (*name, value))
    }

    /// Refuses a caller without a right on the database of the path.
    pub(super) fn demand(&self, right: Right) -> Result<()> {
        super::guard::demand(&self.identity, right, Some(self.part("db")))
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name)
    }

    pub(super) fn text(&mut self, name: &str) -> String {
        self.maybe_text(name).unwrap_or_default()
    }

    pub(super) fn maybe_text(&mut self, name: &str) -> Option<String> {
        match self.take(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        matches!(self.take(name), Some(Value::Bool(true)))
    }

    pub(super) fn maybe_object(&mut self, name: &str) -> Option<Object> {
        match self.take(name) {
            Some(Value::Object(object)) => Some(object),
            _ => None,
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            Some(Value::Array(values)) => values,
            _ => Vec::new(),
        }
    }

    /// A number that is not negative.
    pub(super) fn maybe_count(&mut self, name: &str) -> Result<Option<u64>> {
        match self.take(name) {
            Some(Value::I64(number)) => {
                let count = u64::try_from(number);
                count.map(Some).map_err(|error| invalid(format!("{name} {number} is negative")).with_source(error))
            }
            _ => Ok(None),
        }
    }

    /// The moment that `as_of` names: a seq, -1 for before the first operation, or an ISO 8601 time; else the present.
    pub(super) fn as_of(&mut self) -> Result<AsOf> {
        let name = "as_of";
        match self.take(name) {
            None => Ok(AsOf::Head),
            Some(value) => moment(name, &value),
        }
    }

    /// The limits within which a question is answered.
    pub(super) fn bounds(&self) -> QueryOptions {
        self.shared.config.query_bounds()
    }
}

/// Reads a moment: a seq from -1 on, as a number or text, or an ISO 8601 time.
pub(super) fn moment(name: &str, value: &Value) -> Result<AsOf> {
    let moment = match value {
        Value::I64(seq) => seq.to_string().parse(),
        Value::String(text) => text.parse(),
        _ => Err(invalid("neither a number nor text")),
    };
    moment.map_err(|error: Error| error.context(name))
}

/// Reads a seq.
pub(super) fn seq(name: &str, text: &str) -> Result<Seq> {
    let seq = text.parse::<u64>();
    seq.map(Seq::new)
        .map_err(|error| invalid(format!("{name} {text:?} is no seq: they count from 0")).with_source(error))
}

fn known<'f>(fields: &'f [Field], name: &str, what: &str, route: &Route) -> Result<&'f Field> {
    fields.iter().find(|field| field.name == name).ok_or_else(|| {
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        invalid(format!("{} {} has no {what} {name:?}; there are: {names}", route.verb.as_str(), route.path))
    })
}

/// Keeps the value of a field that fits; null is none.
fn insert_fitting(fields: &mut BTreeMap<&'static str, Value>, field: &Field, value: Value) -> Result<()> {
    if matches!(value, Value::Null) {
        return Ok(());
    }
    if !field.kind.fits(&value) {
        return Err(wrong_type(field, "field", &nedb_types::document::value_to_json(&value)?));
    }
    fields.insert(field.name, value);
    Ok(())
}

fn check_required(route: &Route, fields: &BTreeMap<&'static str, Value>) -> Result<()> {
    let mut wanted = route.parameters.iter().chain(route.body.unwrap_or_default()).filter(|field| field.is_required);
    match wanted.find(|field| !fields.contains_key(field.name)) {
        None => Ok(()),
        Some(field) => Err(invalid(format!("{:?} is missing: {}", field.name, field.help))),
    }
}

fn wrong_type(field: &Field, what: &str, given: &str) -> Error {
    let given: String = given.chars().take(40).collect();
    let article = if field.kind.schema().starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    invalid(format!("{what} {:?} is {given}, not {article} {}", field.name, field.kind.schema()))
}

/// The body as an object; none at all is an empty one.
fn body_object(body: &[u8]) -> Result<Object> {
    if body.trim_ascii().is_empty() {
        return Ok(Object::new());
    }
    match json_to_value(body)? {
        Value::Object(object) => Ok(object),
        _ => Err(Error::new(ErrorCode::InvalidJson, "the body is JSON, but not an object")),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidArgument, message)
}
