//! The routes as an `OpenAPI` 3.1 document and as a table for people, both made from the one table.

use std::fmt::Write as _;

use axum::http::StatusCode;
use nedb::{ErrorCode, Object, Result, Value};
use nedb_types::document::value_to_json;

use super::answer::Answer;
use super::body::{Field, Kind, Request};
use super::operation::{OF_WHOLE, OPERATIONS};
use super::route::{ROUTES, Route};
use super::shape::{Content, Members, Shape};

pub(super) fn document(_request: &mut Request) -> Result<Answer> {
    value_to_json(&Value::Object(openapi())).map(|json| Answer::Json(StatusCode::OK, json))
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Object {
    let mut object = Object::new();
    for (name, value) in fields {
        object.insert(name, value);
    }
    object
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn openapi() -> Object {
    let mut paths = Object::new();
    for route in ROUTES {
        let method = route.verb.as_str().to_ascii_lowercase();
        // OpenAPI has no sign for a part that may have slashes.
        let path = route.path.replace("{*", "{");
        if let Some(Value::Object(methods)) = paths.get_mut(&path) {
            methods.insert(method, operation(route));
        } else {
            let mut methods = Object::new();
            methods.insert(method, operation(route));
            paths.insert(path, methods);
        }
    }
    let info = object([("title", text("NEDB")), ("version", text(env!("CARGO_PKG_VERSION")))]);
    let bearer = object([("type", text("http")), ("scheme", text("bearer"))]);
    let schemes = object([("token", Value::Object(bearer))]);
    object([
        ("openapi", text("3.1.0")),
        ("info", Value::Object(info)),
        ("paths", Value::Object(paths)),
        ("components", Value::Object(object([("schemas", schemas()), ("securitySchemes", Value::Object(schemes))]))),
    ])
}

fn operation(route: &Route) -> Object {
    let mut operation = object([("summary", text(route.summary))]);
    let names = path_names(route.path);
    let in_path = names.map(|name| {
        let fields =
            [("name", text(name)), ("in", text("path")), ("required", Value::Bool(true)), ("schema", part(name))];
        Value::Object(object(fields))
    });
    let in_query = route.parameters.iter().map(|field| {
        let required = Value::Bool(field.is_required);
        let fields = [
            ("name", text(field.name)),
            ("in", text("query")),
            ("required", required),
            ("schema", Value::Object(schema(field))),
        ];
        Value::Object(object(fields))
    });
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    if !parameters.is_empty() {
        operation.insert("parameters", Value::Array(parameters));
    }
    if let Some(fields) = route.body.filter(|fields| !fields.is_empty()) {
        let is_required = fields.iter().any(|field| field.is_required);
        let schema = object_of(fields.iter());
        let json = object([("schema", Value::Object(schema))]);
        let content = object([("application/json", Value::Object(json))]);
        let body = object([("required", Value::Bool(is_required)), ("content", Value::Object(content))]);
        operation.insert("requestBody", body);
    }
    let mut responses = Object::new();
    for status in route.shape.statuses {
        responses.insert(*status, done(&route.shape));
    }
    for (statuses, what) in [("4XX", "Refused."), ("5XX", "Failed, or not supported.")] {
        let error = object([("schema", Value::Object(object([("$ref", text("#/components/schemas/Error"))])))]);
        responses.insert(statuses, described(what, object([("application/json", Value::Object(error))])));
    }
    operation.insert("responses", responses);
    if let Some(right) = route.right {
        operation.insert("security", Value::Array(vec![Value::Object(object([("token", Value::Array(Vec::new()))]))]));
        operation.insert("x-right", right.as_str());
    }
    operation
}

fn described(what: &str, content: Object) -> Value {
    let mut response = object([("description", text(what))]);
    if !content.is_empty() {
        response.insert("content", content);
    }
    Value::Object(response)
}

/// The answer of a route that did what it was asked for.
fn done(shape: &Shape) -> Value {
    let any = || Value::Object(Object::new());
    let json = |sets: &[Members]| {
        let sets: Vec<Value> = sets.iter().map(|members| answer(members)).collect();
        let schema = object([("schema", Value::Object(object([("anyOf", Value::Array(sets))])))]);
        object([("application/json", Value::Object(schema))])
    };
    match shape.content {
        Content::Json(sets) => described("Done.", json(sets)),
        Content::JsonOrLines(sets) => {
            let mut content = json(sets);
            content.insert("application/x-ndjson", any());
            described("Done; with `Accept: application/x-ndjson` each row is a line.", content)
        }
        Content::Media("") => described("The connection is a WebSocket from here on.", Object::new()),
        Content::Media(media) => described("Done.", object([(media, any())])),
    }
}

/// An object that has at least these fields.
fn answer(fields: Members) -> Value {
    let mut properties = Object::new();
    for (name, kind) in fields {
        properties.insert(*name, Value::Object(of_kind(*kind)));
    }
    let required = fields.iter().map(|(name, _)| text(name)).collect();
    let fields =
        [("type", text("object")), ("properties", Value::Object(properties)), ("required", Value::Array(required))];
    Value::Object(object(fields))
}

/// What the parts of the document name.
fn schemas() -> Value {
    let one_of = |words: &mut dyn Iterator<Item = &'static str>| {
        Value::Object(object([("type", text("string")), ("enum", Value::Array(words.map(text).collect()))]))
    };
    let kinds: std::collections::BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.kind().as_str()).collect();
    let properties = object([
        ("error", Value::Object(of_kind(Kind::Text))),
        ("code", one_of(&mut ErrorCode::ALL.iter().map(|code| code.as_str()))),
        ("kind", one_of(&mut kinds.into_iter())),
        ("remedy", Value::Object(of_kind(Kind::Text))),
        ("at", Value::Object(of_kind(Kind::Object))),
    ]);
    let error = object([
        ("type", text("object")),
        ("properties", Value::Object(properties)),
        ("required", Value::Array(["error", "code", "kind", "remedy"].map(text).to_vec())),
    ]);
    Value::Object(object([("Error", Value::Object(error))]))
}

fn of_kind(kind: Kind) -> Object {
    let mut schema = Object::new();
    if !kind.schema().is_empty() {
        schema.insert("type", kind.schema());
    }
    let types = |types: [&str; 2]| Value::Array(types.map(text).to_vec());
    match kind {
        Kind::Word => drop(schema.insert("minLength", 1_u64)),
        Kind::Integer | Kind::Count => {
            schema.insert("format", "int64");
            schema.insert("minimum", if kind == Kind::Count { 0 } else { i64::MIN });
            schema.insert("maximum", i64::MAX);
        }
        Kind::Operations => {
            let one_of = OPERATIONS.iter().map(|(names, fields)| one_operation(names, fields));
            schema.insert("items", object([("anyOf", Value::Array(one_of.collect()))]));
            schema.insert("minItems", 1_u64);
        }
        Kind::Id | Kind::Moment => drop(schema.insert("type", types(["string", "integer"]))),
        Kind::Params => drop(schema.insert("type", types(["array", "object"]))),
        Kind::Text | Kind::Number | Kind::Flag | Kind::Object | Kind::List | Kind::Any => {}
    }
    schema
}

fn schema(field: &Field) -> Object {
    let mut schema = of_kind(field.kind);
    schema.insert("description", field.help);
    schema
}

/// An object that has these fields and no others.
fn object_of<'f>(fields: impl Iterator<Item = &'f Field> + Clone) -> Object {
    let mut properties = Object::new();
    for field in fields.clone() {
        properties.insert(field.name, if field.is_required { schema(field) } else { nullable(schema(field)) });
    }
    let required = fields.filter(|field| field.is_required).map(|field| text(field.name)).collect();
    object([
        ("type", text("object")),
        ("properties", Value::Object(properties)),
        ("required", Value::Array(required)),
        ("additionalProperties", Value::Bool(false)),
    ])
}

/// An operation of one of these names.
fn one_operation(names: &[&str], fields: &[Field]) -> Value {
    let mut schema = object_of(fields.iter().filter(|field| !OF_WHOLE.contains(&field.name)));
    let names = names.iter().map(|name| text(name)).collect();
    let op = Value::Object(object([("type", text("string")), ("enum", Value::Array(names))]));
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("op", op);
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.push(text("op"));
    }
    Value::Object(schema)
}

/// A field that may be there may also be null.
fn nullable(mut schema: Object) -> Object {
    let mut types = match schema.remove("type") {
        None => return schema,
        Some(Value::Array(types)) => types,
        Some(one) => vec![one],
    };
    types.push(text("null"));
    schema.insert("type", Value::Array(types));
    schema
}

/// A part of a path.
fn part(name: &str) -> Value {
    let pattern = match name {
        "db" => "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        "seq" => "^[0-9]+$",
        _ => "",
    };
    let mut schema = object([("type", text("string"))]);
    if pattern.is_empty() {
        schema.insert("minLength", 1_u64);
    } else {
        schema.insert("pattern", pattern);
    }
    Value::Object(schema)
}

/// The names of the parts of a path that vary.
pub(super) fn path_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| Some(part.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*')))
}

/// The table of routes for the documentation.
///
/// ```
/// assert!(nedb_server::routes_markdown().contains("| POST | `/v1/databases/{db}/put` | write |"));
/// ```
pub fn routes_markdown() -> String {
    let mut page = String::from("| method | path | right | does | body or parameters |\n|---|---|---|---|---|\n");
    for route in ROUTES {
        let fields = route.parameters.iter().chain(route.body.unwrap_or_default());
        let fields: Vec<String> =
            fields.map(|field| format!("`{}{}`", field.name, if field.is_required { "" } else { "?" })).collect();
        let right = route.right.map_or("–", crate::rights::Right::as_str);
        // Writing to a String cannot fail; the result says so only to satisfy the trait.
        let written = writeln!(
            page,
            "| {} | `{}` | {right} | {} | {} |",
            route.verb.as_str(),
            route.path,
            route.summary,
            fields.join(" ")
        );
        debug_assert!(written.is_ok(), "a String takes every line");
    }
    page
}
