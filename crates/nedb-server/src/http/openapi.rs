//! The routes as an `OpenAPI` 3.1 document and as a table for people, both made from the one table.

use std::fmt::Write as _;

use axum::http::StatusCode;
use nedb::{Object, Result, Value};
use nedb_types::document::value_to_json;

use super::answer::Answer;
use super::body::{Field, Request};
use super::route::{Handler, ROUTES, Route};

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
        ("components", Value::Object(object([("securitySchemes", Value::Object(schemes))]))),
    ])
}

fn operation(route: &Route) -> Object {
    let mut operation = object([("summary", text(route.summary))]);
    let names = path_names(route.path);
    let in_path = names.map(|name| {
        let schema = object([("type", text("string"))]);
        let fields = [
            ("name", text(name)),
            ("in", text("path")),
            ("required", Value::Bool(true)),
            ("schema", Value::Object(schema)),
        ];
        Value::Object(object(fields))
    });
    let in_query = route.parameters.iter().map(|field| {
        let required = Value::Bool(field.is_required);
        let fields =
            [("name", text(field.name)), ("in", text("query")), ("required", required), ("schema", schema(field))];
        Value::Object(object(fields))
    });
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    if !parameters.is_empty() {
        operation.insert("parameters", Value::Array(parameters));
    }
    if let Some(fields) = route.body.filter(|fields| !fields.is_empty()) {
        let mut properties = Object::new();
        for field in fields {
            properties.insert(field.name, schema(field));
        }
        let required = fields.iter().filter(|field| field.is_required).map(|field| text(field.name)).collect();
        let schema = object([
            ("type", text("object")),
            ("properties", Value::Object(properties)),
            ("required", Value::Array(required)),
            ("additionalProperties", Value::Bool(false)),
        ]);
        let json = object([("schema", Value::Object(schema))]);
        let content = object([("application/json", Value::Object(json))]);
        operation.insert("requestBody", object([("content", Value::Object(content))]));
    }
    let described = |what: &str| Value::Object(object([("description", text(what))]));
    let done = match route.handler {
        Handler::Sockets(_) => ("101", described("The connection is a WebSocket from here on.")),
        Handler::Answers(_) | Handler::Writes(_) => ("2XX", described("Done.")),
    };
    let responses = object([
        done,
        ("4XX", described("Refused: {error, code, kind, at?}.")),
        ("5XX", described("Failed: {error, code, kind, at?}.")),
    ]);
    operation.insert("responses", responses);
    if let Some(right) = route.right {
        operation.insert("security", Value::Array(vec![Value::Object(object([("token", Value::Array(Vec::new()))]))]));
        operation.insert("x-right", right.as_str());
    }
    operation
}

fn schema(field: &Field) -> Value {
    let mut schema = object([("description", text(field.help))]);
    if !field.kind.schema().is_empty() {
        schema.insert("type", field.kind.schema());
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
