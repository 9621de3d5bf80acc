//! Crates depend downwards only, and nothing below the server knows an async runtime.
//!
//! Promises to judge the edges that cargo itself reports. Development dependencies are exempt: a
//! test may stand on anything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Report;
use crate::Failure;
use crate::process;
use crate::tree::Tree;

/// Each crate with its layer; the tools stand on top of everything.
const LAYERS: &[(&str, u8)] = &[
    ("nedb-types", 0),
    ("nedb-io", 0),
    ("nedb-crypto", 0),
    ("nedb-nql", 1),
    ("nedb-log", 1),
    ("nedb-index", 1),
    ("nedb-blob", 1),
    ("nedb", 2),
    ("nedb-compat", 3),
    ("nedb-wire", 3),
    ("nedb-client", 3),
    ("nedb-bench", 3),
    ("nedb-server", 4),
    ("nedb-cli", 4),
    // A package brings the command and the daemon along.
    ("nedb-python", 5),
    ("nedb-sim", 5),
    ("xtask", 5),
];

/// Edges that stay inside a layer.
const EDGES_INSIDE: &[(&str, &str)] = &[
    // Values and errors are the words that the other two speak in.
    ("nedb-io", "nedb-types"),
    ("nedb-crypto", "nedb-types"),
    // Runs and chunks are addressed by places in the log.
    ("nedb-index", "nedb-log"),
    ("nedb-blob", "nedb-log"),
    // Both sides of a protocol have one codec.
    ("nedb-client", "nedb-wire"),
];

/// The layers that are plain threads and channels.
const LAYER_WITHOUT_ASYNC_MAX: u8 = 2;
const ASYNC_RUNTIME: &str = "tokio";

pub fn check(tree: &Tree) -> Result<Report, Failure> {
    let text = process::output(&tree.root, &["cargo", "metadata", "--format-version", "1"])?;
    let metadata = serde_json::from_str(&text)?;
    let mut breaches = edges(&metadata);
    breaches.extend(runtimes(&metadata));
    Ok(Report::breaches(breaches))
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn word<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let ids: BTreeSet<&str> = list(metadata, "workspace_members").iter().filter_map(Value::as_str).collect();
    list(metadata, "packages").iter().filter(move |package| ids.contains(word(package, "id")))
}

/// Judges the edges between the crates of the workspace.
fn edges(metadata: &Value) -> Vec<String> {
    let names: BTreeSet<&str> = members(metadata).map(|package| word(package, "name")).collect();
    let mut breaches = Vec::new();
    for package in members(metadata) {
        let from = word(package, "name");
        let Some(above) = layer(from) else {
            breaches.push(format!("{from}: has no layer; name one in xtask/src/tidy/layers.rs"));
            continue;
        };
        for dependency in list(package, "dependencies").iter().filter(|edge| word(edge, "kind") != "dev") {
            let to = word(dependency, "name");
            let Some(below) = layer(to).filter(|_| names.contains(to)) else {
                continue;
            };
            if below >= above && !EDGES_INSIDE.contains(&(from, to)) {
                breaches.push(format!("{from} (layer {above}) depends on {to} (layer {below})"));
            }
        }
    }
    breaches
}

/// Looks for the async runtime in the resolved trees of the lower layers.
fn runtimes(metadata: &Value) -> Vec<String> {
    let nodes = metadata.get("resolve").map(|resolve| list(resolve, "nodes")).unwrap_or_default();
    let by_id: BTreeMap<&str, &Value> = nodes.iter().map(|node| (word(node, "id"), node)).collect();
    let packages = list(metadata, "packages").iter();
    let names: BTreeMap<&str, &str> = packages.map(|package| (word(package, "id"), word(package, "name"))).collect();
    let low = |package: &&Value| layer(word(package, "name")).is_some_and(|layer| layer <= LAYER_WITHOUT_ASYNC_MAX);
    let mut breaches = Vec::new();
    for package in members(metadata).filter(low) {
        let reached = reached_from(word(package, "id"), &by_id);
        if reached.iter().any(|id| names.get(id) == Some(&ASYNC_RUNTIME)) {
            breaches.push(format!("{}: {ASYNC_RUNTIME} is in its tree", word(package, "name")));
        }
    }
    breaches
}

fn reached_from<'a>(start: &'a str, nodes: &BTreeMap<&str, &'a Value>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        if !reached.insert(id) {
            continue;
        }
        let Some(node) = nodes.get(id) else { continue };
        let is_used = |edge: &&Value| list(edge, "dep_kinds").iter().any(|kind| word(kind, "kind") != "dev");
        open.extend(list(node, "deps").iter().filter(is_used).map(|edge| word(edge, "pkg")));
    }
    reached
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{edges, runtimes};

    fn metadata(from: &str, to: &str, kind: &Value) -> Value {
        json!({
            "workspace_members": [from, to],
            "packages": [
                { "id": from, "name": from, "dependencies": [{ "name": to, "kind": kind }] },
                { "id": to, "name": to, "dependencies": [] },
            ],
            "resolve": { "nodes": [
                { "id": from, "deps": [{ "pkg": to, "dep_kinds": [{ "kind": kind }] }] },
                { "id": to, "deps": [] },
            ] },
        })
    }

    #[test]
    fn an_edge_that_points_up_or_sideways_is_found() {
        assert_eq!(edges(&metadata("nedb-log", "nedb", &Value::Null)).len(), 1);
        assert_eq!(edges(&metadata("nedb-log", "nedb-index", &Value::Null)).len(), 1);
        assert_eq!(edges(&metadata("nedb-log", "nedb-sim", &json!("build"))).len(), 1);
        assert_eq!(edges(&metadata("nedb", "nedb-new", &Value::Null)).len(), 1);
    }

    #[test]
    fn edges_downwards_named_edges_and_tests_are_free() {
        assert_eq!(edges(&metadata("nedb", "nedb-log", &Value::Null)).len(), 0);
        assert_eq!(edges(&metadata("nedb-index", "nedb-log", &Value::Null)).len(), 0);
        assert_eq!(edges(&metadata("nedb-log", "nedb-sim", &json!("dev"))).len(), 0);
    }

    #[test]
    fn an_async_runtime_below_the_server_is_found() {
        let mut planted = metadata("nedb", "tokio", &Value::Null);
        planted["workspace_members"] = json!(["nedb"]);
        assert_eq!(runtimes(&planted).len(), 1);
        let mut tested_with = metadata("nedb", "tokio", &json!("dev"));
        tested_with["workspace_members"] = json!(["nedb"]);
        assert_eq!(runtimes(&tested_with).len(), 0);
    }
}
