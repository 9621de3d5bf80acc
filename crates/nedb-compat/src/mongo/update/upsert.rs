//! The document that an upsert begins with: what the filter says that fields are equal to.

use nedb_types::{Object, Result, Value};

use super::{
    check_number,
    place::{Edit, Filling, Missing, edit},
};
use crate::mongo::{
    fault::{Refusal, refused},
    filter::{Condition, Filter},
    path::Path,
};

/// Makes an object of the equalities that must all hold.
pub(in crate::mongo) fn equalities(filter: &Filter) -> Result<Object> {
    let mut found = Vec::new();
    collect(filter, &mut found);
    check_number(found.len())?;
    let (mut document, filling) = (Object::new(), Filling::new());
    for (position, (path, value)) in found.iter().enumerate() {
        let mut earlier = found.iter().take(position);
        if earlier.any(|(other, _)| other.starts_with(path) || path.starts_with(other)) {
            let message = format!("the filter says twice what {path} is, so an upsert cannot tell");
            return Err(refused(Refusal::NotSingleValue, message));
        }
        edit(&mut document, path.parts(), Missing::Create(&filling), &mut |_missing| Ok(Edit::Keep((*value).clone())))?;
    }
    Ok(document)
}

fn collect<'f>(filter: &'f Filter, found: &mut Vec<(&'f Path, &'f Value)>) {
    match filter {
        Filter::All(parts) => parts.iter().for_each(|part| collect(part, found)),
        Filter::Any(parts) => {
            if let [only] = parts.as_slice() {
                collect(only, found);
            }
        }
        Filter::None(_) => {}
        Filter::Field(path, condition) => found.extend(only_value(condition).map(|value| (path, value))),
    }
}

/// The one value that satisfies a condition, when the condition names it.
fn only_value(condition: &Condition) -> Option<&Value> {
    match condition {
        Condition::Equals(value) => Some(value),
        Condition::In(members) => match members.as_slice() {
            [only] => Some(only),
            _ => None,
        },
        Condition::Every(parts) => match parts.as_slice() {
            [only] => only_value(only),
            _ => None,
        },
        _ => None,
    }
}
