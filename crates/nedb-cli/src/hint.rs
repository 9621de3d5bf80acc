//! What may have been meant by the name of a collection that nobody ever wrote to.
//!
//! To ask such a collection is no error: it has no documents. A person is told all the same, because a slip of the fingers is
//! the likeliest reason. Nothing is looked up unless an answer came out empty.

use nedb_nql::{Statement, nearest_word};
use nedb_types::{Collection, Result};

use crate::{output::Output, subject::Opened};

/// Says that there is no such collection, and which one has a name like it; `None` when there is one.
pub fn unknown_collection(db: &Opened, name: &str) -> Result<Option<String>> {
    let known = db.collection_names()?;
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if known.contains(&name) {
        return Ok(None);
    }
    let near = nearest_word(name, &known).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
    Ok(Some(format!("there is no collection {name:?}{near}")))
}

/// Tells people the same about an answer that came out empty.
pub fn note_if_unknown(db: &Opened, name: &str, out: &Output) -> Result<()> {
    if !out.is_json()
        && let Some(message) = unknown_collection(db, name)?
    {
        out.note(message);
    }
    Ok(())
}

/// The collection that a statement asks.
pub fn collection_of(statement: &Statement) -> Collection {
    match statement {
        Statement::Query(query) | Statement::Explain(query) => query.collection.clone(),
        Statement::History { collection, .. } | Statement::Diff { collection, .. } => collection.clone(),
    }
}
