//! The part of a filter that the engine's planner can use.
//!
//! A filter becomes a condition of NQL that holds at least for every document that the filter keeps, so that indexes and the look-up of
//! ids serve it; each document that comes is judged by the filter itself. An index on a field has whole arrays as values, so a condition
//! on a field asks for the arrays as well:
//!
//! | filter | condition |
//! |---|---|
//! | `{a: 5}`, `$eq` | `a = 5 OR a >= []` (every array) |
//! | `{a: null}` | `a IS NULL OR a >= []` |
//! | `{a: {$in: [..]}}` | `a IN (..) OR a >= []` |
//! | `$gt $gte $lt $lte` of a number, text, boolean, datetime or object id | `a > 5 OR a >= []` |
//! | `{a: /^text/}` without options that change it | `a LIKE 'text%' OR a >= []` |
//! | `$in` with regular expressions | one of those of its members, when each has one |
//! | `{a: [..]}`, `$size`, `$elemMatch` | `a >= []` |
//! | `$all` | all of its values |
//! | `{"a.b": 5}` | as above, and `OR (a.b IS NULL AND a >= [])`: the path may lead through an array |
//! | `{_id: ..}`, `$in`, and ranges and beginnings of text | the engine's ids |
//! | several fields, `$and`; `$or` when every part has a condition | `AND`, `OR` |
//!
//! Everything else (`$ne $nin $not $nor $exists $type $mod`, other regular expressions, paths with positions) asks for all documents.

use nedb::RESERVED_FIELDS;
use nedb_nql::{Arg, CaseRule, CompareOp, Expr, InList};
use nedb_types::{FieldPath, PathStep, Value};

use super::{
    filter::{Condition, Filter, OrderTest, Side},
    id,
    order::Class,
    path::Path,
};

/// Text from here on lies behind every id that stands for another type, so its order is that of the ids.
const PLAIN_IDS: &str = "%";

/// A condition that holds for every document that the filter keeps; `None` when none says less than everything.
pub(super) fn narrow(filter: &Filter) -> Option<Expr> {
    match filter {
        Filter::All(parts) => {
            let parts: Vec<Expr> = parts.iter().filter_map(narrow).collect();
            if parts.is_empty() { None } else { Some(Expr::all(parts)) }
        }
        Filter::Any(parts) => parts.iter().map(narrow).collect::<Option<_>>().map(Expr::any),
        Filter::None(_) => None,
        Filter::Field(path, condition) => field(path, condition),
    }
}

fn field(path: &Path, condition: &Condition) -> Option<Expr> {
    if let Condition::Every(parts) = condition {
        let parts: Vec<Expr> = parts.iter().filter_map(|part| field(path, part)).collect();
        return if parts.is_empty() { None } else { Some(Expr::all(parts)) };
    }
    if let Condition::OneOf(parts) = condition {
        return parts.iter().map(|part| field(path, part)).collect::<Option<_>>().map(Expr::any);
    }
    if path.root() == "_id" {
        return if path.parts().len() == 1 { on_id(condition) } else { None };
    }
    let whole = field_path(path)?;
    let scalars = match scalars(&whole, condition)? {
        Scalars::Never => return Some(never(whole)),
        Scalars::Asked(expr) => Some(expr),
        Scalars::ArraysOnly => None,
    };
    let mut parts: Vec<Expr> = scalars.into_iter().chain([is_array(whole.clone())]).collect();
    for outer in outer_paths(&whole) {
        parts.push(Expr::all(vec![Expr::IsNull { path: whole.clone() }, is_array(outer)]));
    }
    Some(Expr::any(parts))
}

/// The engine's path to a stored field; `None` for a field that is made, and where a part may be a position.
pub(super) fn field_path(path: &Path) -> Option<FieldPath> {
    let is_stored = !RESERVED_FIELDS.contains(&path.root()) && path.root() != id::KEPT_FIELD;
    if !is_stored || path.parts().iter().any(|part| part.index.is_some()) {
        return None;
    }
    let steps = path.parts().iter().map(|part| PathStep::Field(part.name.clone()));
    FieldPath::from_steps(steps.collect()).ok()
}

/// The paths on the way to a path.
pub(super) fn outer_paths(path: &FieldPath) -> impl Iterator<Item = FieldPath> {
    let steps = path.steps();
    let outer = (1..steps.len()).filter_map(|length| steps.get(..length));
    outer.filter_map(|steps| FieldPath::from_steps(steps.to_vec()).ok())
}

/// The condition for documents in which the path leads to no array and through none.
pub(super) fn narrow_scalars(filter: &Filter, path: &Path, whole: &FieldPath) -> Option<Expr> {
    match filter {
        Filter::All(parts) => {
            let parts: Vec<Expr> = parts.iter().filter_map(|part| narrow_scalars(part, path, whole)).collect();
            if parts.is_empty() { None } else { Some(Expr::all(parts)) }
        }
        Filter::Field(other, condition) if other == path => match scalars(whole, condition) {
            Some(Scalars::Asked(expr)) => Some(expr),
            Some(Scalars::Never | Scalars::ArraysOnly) => Some(never(whole.clone())),
            None => None,
        },
        other => narrow(other),
    }
}

/// What a condition asks of values that are no arrays.
enum Scalars {
    /// Nothing can satisfy it.
    Never,
    /// Only arrays can satisfy it.
    ArraysOnly,
    /// This.
    Asked(Expr),
}

/// The condition for values that are no arrays; `None` when it has no form.
fn scalars(path: &FieldPath, condition: &Condition) -> Option<Scalars> {
    let path = path.clone();
    Some(match condition {
        Condition::Equals(Value::Array(_)) | Condition::Size(_) | Condition::Elements(_) => Scalars::ArraysOnly,
        Condition::Equals(value) => Scalars::Asked(compared(path, CompareOp::Equal, value)),
        Condition::In(members) if members.as_slice().is_empty() => Scalars::Never,
        Condition::In(members) => Scalars::Asked(one_of(path, members.as_slice().iter().cloned())),
        Condition::Order(test) => {
            let class = Class::of(&test.bound);
            let agrees =
                matches!(class, Class::Number | Class::Text | Class::Boolean | Class::DateTime | Class::ObjectId);
            if !agrees {
                return None;
            }
            Scalars::Asked(compared(path, operator(test.side), &test.bound))
        }
        Condition::Matches(pattern) => Scalars::Asked(begins_with(path, pattern.prefix()?)),
        Condition::Never => Scalars::Never,
        _ => return None,
    })
}

/// A condition on `_id`, which is never an array.
fn on_id(condition: &Condition) -> Option<Expr> {
    let path = FieldPath::field("_id");
    match condition {
        Condition::Equals(value) => Some(one_of(path, keys(std::slice::from_ref(value)))),
        Condition::In(members) => Some(one_of(path, keys(members.as_slice()))),
        Condition::Order(OrderTest { side, bound: Value::String(text) }) if text.as_str() >= PLAIN_IDS => {
            Some(compared(path, operator(*side), &Value::from(text.as_str())))
        }
        Condition::Matches(pattern) => {
            let prefix = pattern.prefix().filter(|prefix| *prefix >= PLAIN_IDS)?;
            Some(begins_with(path, prefix))
        }
        _ => None,
    }
}

/// The engine's ids of some values, as fields show them; a value that can be no id has none.
///
/// Another face may have written a text as it is that has another id here.
fn keys(values: &[Value]) -> impl Iterator<Item = Value> {
    let own = values.iter().filter_map(|value| id::key_of(value).ok()).map(|key| match String::from_utf8(key) {
        Ok(text) => Value::String(text),
        Err(error) => Value::Bytes(error.into_bytes()),
    });
    let is_written_otherwise = |value: &&Value| match (value.as_str(), id::key_of(value)) {
        (Some(text), Ok(key)) => key != text.as_bytes(),
        _ => false,
    };
    own.chain(values.iter().filter(is_written_otherwise).cloned())
}

const fn operator(side: Side) -> CompareOp {
    match side {
        Side::Above => CompareOp::Greater,
        Side::AtOrAbove => CompareOp::GreaterOrEqual,
        Side::Below => CompareOp::Less,
        Side::AtOrBelow => CompareOp::LessOrEqual,
    }
}

fn compared(path: FieldPath, op: CompareOp, value: &Value) -> Expr {
    match value {
        Value::Null => Expr::IsNull { path },
        value => Expr::Compare { path, op, value: Arg::Given(value.clone()) },
    }
}

fn one_of(path: FieldPath, values: impl Iterator<Item = Value>) -> Expr {
    Expr::In { path, list: InList::Items(values.map(Arg::Given).collect()) }
}

fn never(path: FieldPath) -> Expr {
    one_of(path, std::iter::empty())
}

/// Arrays are the values that are not below the empty one.
fn is_array(path: FieldPath) -> Expr {
    Expr::Compare { path, op: CompareOp::GreaterOrEqual, value: Arg::Given(Value::Array(Vec::new())) }
}

fn begins_with(path: FieldPath, prefix: &str) -> Expr {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for character in prefix.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    Expr::Like { path, pattern: Arg::Given(pattern), case: CaseRule::Exact }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nedb_nql::{Query, parse};
    use nedb_types::{Collection, document::json_to_value};

    /// The condition of a filter as NQL, which must also read back.
    fn narrowed(json: &str) -> String {
        let filter = Filter::new(json_to_value(json.as_bytes()).unwrap().as_object().unwrap()).unwrap();
        let mut query = Query::all_of(Collection::new("c").unwrap());
        query.filter = narrow(&filter);
        let text = query.to_string();
        assert!(parse(&text).is_ok(), "{text}");
        text.trim_start_matches("FROM c").trim_start_matches(" WHERE ").to_owned()
    }

    #[test]
    fn a_filter_on_one_field_asks_for_its_values_and_for_arrays() {
        assert_eq!(narrowed(r#"{"a": 5}"#), "a = 5 OR a >= []");
        assert_eq!(narrowed(r#"{"a": null}"#), "a IS NULL OR a >= []");
        assert_eq!(narrowed(r#"{"a": {"$in": [2, 1, 1]}}"#), "a IN (1, 2) OR a >= []");
        assert_eq!(narrowed(r#"{"a": {"$gt": 5}}"#), "a > 5 OR a >= []");
        assert_eq!(narrowed(r#"{"a": {"$regex": "^x_y"}}"#), r#"a LIKE "x\\_y%" OR a >= []"#);
        assert_eq!(narrowed(r#"{"a": [1]}"#), "a >= []");
        assert_eq!(narrowed(r#"{"a": {"$size": 2}}"#), "a >= []");
        assert_eq!(narrowed(r#"{"a": {"$all": [1, 2]}}"#), "(a = 1 OR a >= []) AND (a = 2 OR a >= [])");
    }

    #[test]
    fn a_path_may_lead_through_arrays() {
        assert_eq!(narrowed(r#"{"a.b": 5}"#), "a.b = 5 OR a.b >= [] OR a.b IS NULL AND a >= []");
        assert_eq!(narrowed(r#"{"a.0": 5}"#), "");
    }

    #[test]
    fn parts_are_joined_and_what_has_no_form_asks_for_everything() {
        assert_eq!(narrowed(r#"{"a": 1, "b": {"$ne": 2}}"#), "a = 1 OR a >= []");
        assert_eq!(narrowed(r#"{"$or": [{"a": 1}, {"b": 2}]}"#), "a = 1 OR a >= [] OR b = 2 OR b >= []");
        for everything in [
            "{}",
            r#"{"$or": [{"a": 1}, {"b": {"$ne": 2}}]}"#,
            r#"{"$nor": [{"a": 1}]}"#,
            r#"{"a": {"$exists": true}}"#,
            r#"{"a": {"$gt": {"$bytes": "AA=="}}}"#,
            r#"{"_ts": 1}"#,
        ] {
            assert_eq!(narrowed(everything), "", "{everything}");
        }
    }

    #[test]
    fn the_planner_serves_conditions_by_index_and_by_id() {
        let db = nedb::Database::in_memory().unwrap();
        let mut batch = nedb::WriteBatch::new();
        for n in 0..2_000 {
            let body = format!(r#"{{"a":{n},"text":"t{n}","tags":["x{n}","y"]}}"#);
            batch.push(nedb::Op::put("c", format!("{n:04}"), nedb::Body::json(body)));
        }
        db.write(batch).unwrap();
        for field in ["a", "text", "tags"] {
            db.create_index("c", field, nedb::IndexKind::Eq).unwrap();
            db.wait_for_index("c", field, nedb::IndexKind::Eq, &mut |_| ()).unwrap();
        }
        for (filter, rows) in [
            (r#"{"a": 5}"#, 1),
            (r#"{"a": {"$in": [2, 1]}}"#, 2),
            (r#"{"a": {"$gte": 1990}}"#, 10),
            (r#"{"text": {"$regex": "^t199"}}"#, 11),
            (r#"{"a": 5, "text": "t5"}"#, 1),
            (r#"{"$or": [{"a": 1}, {"text": "t7"}]}"#, 2),
            (r#"{"_id": "0007"}"#, 1),
            (r#"{"_id": {"$in": ["0007", "0009"]}}"#, 2),
        ] {
            let how = db.explain(&format!("FROM c WHERE {}", narrowed(filter)), &nedb::QueryOptions::new()).unwrap();
            let first = &how.steps[0];
            assert_ne!(first.operator, "scan", "{filter}");
            assert_eq!(how.steps.last().unwrap().rows, rows, "{filter}");
        }
    }

    #[test]
    fn ids_are_those_of_the_engine() {
        assert_eq!(narrowed(r#"{"_id": "ada"}"#), r#"_id IN ("ada")"#);
        assert_eq!(narrowed(r#"{"_id": {"$in": [5, [1]]}}"#), r#"_id IN ("$id:5")"#);
        assert_eq!(narrowed(r#"{"_id": {"$gte": "b"}}"#), r#"_id >= "b""#);
        assert_eq!(narrowed(r#"{"_id": {"$gte": "!"}}"#), "");
    }
}
