//! Chapter two: one package as it was and as it is, and its history.

use nedb::{Row, Snapshot};
use nedb_types::{Error, ErrorCode, Result, Seq, ValueRef};

use super::{PACKAGES, Releases, stage::Stage};
use crate::{
    output::{Align, JsonObject, Table, count},
    show,
};

/// Longest text of a value that is shown.
const SHOWN_CHARACTERS_MAX: usize = 44;

/// Names of a list that are shown.
const SHOWN_NAMES_MAX: usize = 3;

/// Shows what changed in a package; returns the seq of its newest version.
pub fn before_and_after(
    snapshots: &[Snapshot; 2],
    releases: &Releases,
    package: &str,
    stage: &mut Stage<'_>,
) -> Result<Seq> {
    let [then, now] = snapshots;
    let (before, after) = (row(then, package)?, row(now, package)?);
    stage.chapter(&format!("The package {package}, before and after"))?;
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Left]);
    let [older, newer] = releases.names;
    let boundary = count(releases.boundary.get());
    table.row([String::new(), format!("{older}, as of seq {boundary}"), format!("{newer}, now")]);
    for (name, value) in before.document()?.iter().collect::<Result<Vec<_>>>()? {
        let (old, new) = (Some(value), after.field(name)?);
        if old != new {
            let [old, new] = cells(old.as_ref(), new.as_ref())?;
            table.row([name.to_owned(), old, new]);
        }
    }
    stage.table(&table)?;
    history(now, package, stage)?;
    let json = JsonObject::new().raw("before", &show::row_json(&before)?).raw("after", &show::row_json(&after)?);
    stage.fact("package", &json.finish());
    Ok(after.seq())
}

fn row(snapshot: &Snapshot, package: &str) -> Result<Row> {
    snapshot.get(PACKAGES, package)?.ok_or_else(|| {
        let seq = Seq::number_of(snapshot.seq());
        let message = format!("there is no package {package:?} as of seq {seq}: name another --package");
        Error::new(ErrorCode::NotFound, message)
    })
}

/// The two values of a field; of lists only what differs.
fn cells(old: Option<&ValueRef<'_>>, new: Option<&ValueRef<'_>>) -> Result<[String; 2]> {
    let (Some(ValueRef::Array(gone)), Some(ValueRef::Array(come))) = (old, new) else {
        return Ok([scalar(old)?, scalar(new)?]);
    };
    let names = |array: &nedb_types::document::ArrayRef<'_>| -> Result<Vec<String>> {
        array.iter().map(|value| scalar(Some(&value?))).collect()
    };
    let (gone, come) = (names(gone)?, names(come)?);
    Ok([only_in(&gone, &come), only_in(&come, &gone)])
}

fn only_in(these: &[String], others: &[String]) -> String {
    let only: Vec<&str> = these.iter().filter(|name| !others.contains(name)).map(String::as_str).collect();
    let shown: Vec<&str> = only.iter().take(SHOWN_NAMES_MAX).copied().collect();
    let more = only.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    match shown.as_slice() {
        [] => format!("{} names", these.len()),
        shown => format!("{} names, only here {}{more}", these.len(), shown.join(" ")),
    }
}

fn scalar(value: Option<&ValueRef<'_>>) -> Result<String> {
    let text = match value {
        None => String::from("-"),
        Some(ValueRef::String(text)) => (*text).to_owned(),
        Some(other) => nedb_types::document::value_to_json(&other.to_value()?)?,
    };
    if text.chars().count() <= SHOWN_CHARACTERS_MAX {
        return Ok(text);
    }
    Ok(text.chars().take(SHOWN_CHARACTERS_MAX - 1).chain(['…']).collect())
}

fn history(snapshot: &Snapshot, package: &str, stage: &mut Stage<'_>) -> Result<()> {
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Left, Align::Left]);
    let mut label = "history";
    for version in snapshot.history(PACKAGES, package)? {
        let version = version?;
        let release = match &version.document {
            Some(document) => scalar(document.as_document().get("version")?.as_ref())?,
            None => String::new(),
        };
        let seq = format!("seq {}", count(version.seq.get()));
        table.row([
            label.to_owned(),
            seq,
            version.kind.as_str().to_owned(),
            format!("{}  {release}", version.committed_at),
        ]);
        label = "";
    }
    stage.table(&table)
}
