//! Chapter one: both releases go into one collection, one after the other.

use nedb::Database;
use nedb_types::{Collection, Relation, Result, Seq};

use super::{DEPENDS, PACKAGES, Releases, stage::Stage, unstopped};
use crate::{
    import::{Import, LinkRule, OnError, Report, Source, Target},
    output::{Align, Table, count, duration, rate},
    subject::Opened,
};

/// Packages in one transaction.
const BATCH_RECORDS: usize = 1000;

/// Imports the releases.
pub fn load(db: &Database, sources: &[(&'static str, Source); 2], stage: &mut Stage<'_>) -> Result<Releases> {
    let mut reports = Vec::with_capacity(sources.len());
    stage.chapter("Import, each package with its dependencies as edges")?;
    for (release, source) in sources {
        reports.push((*release, import(db, source, stage)?));
    }
    let [(older, _), (newer, _)] = sources;
    let boundary = match reports.first() {
        Some((_, report)) if report.known == 0 => report.head.seq(),
        Some((_, report)) => last_of(db, &report.client)?,
        None => None,
    };
    show(&reports, stage)?;
    Ok(Releases { names: [older, newer], boundary: boundary.unwrap_or(Seq::FIRST) })
}

fn import(db: &Database, source: &Source, stage: &Stage<'_>) -> Result<Report> {
    let rule = LinkRule { field: DEPENDS.to_owned(), relation: Relation::new(DEPENDS)?, target: None };
    let target =
        Target { collection: Some(Collection::new(PACKAGES)?), fallback: None, id_field: None, links: vec![rule] };
    let import =
        Import { source: source.clone(), format: None, target, batch_records: BATCH_RECORDS, on_error: OnError::Stop };
    import.run(&Opened::Directory(db.clone()), &unstopped(), stage.output())
}

/// The last operation of an import that an earlier run finished.
fn last_of(db: &Database, client: &str) -> Result<Option<Seq>> {
    let mut last = None;
    for entry in db.since(None) {
        let entry = entry?;
        if entry.client.as_str() == client {
            last = Some(entry.seq);
        }
    }
    Ok(last)
}

fn show(reports: &[(&'static str, Report)], stage: &mut Stage<'_>) -> Result<()> {
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right]);
    for (release, report) in reports {
        let edges = report.operations - report.imported;
        if report.imported == 0 {
            stage.line(format_args!(
                "{release}: nothing to do, {} packages were imported before",
                count(report.known)
            ))?;
        } else {
            table.row([
                (*release).to_owned(),
                format!("{} packages", count(report.imported)),
                format!("{} edges begun or ended", count(edges)),
                duration(report.elapsed_us),
                format!("{} packages/s", count(report.documents_per_s())),
                format!("{} operations/s", count(rate(report.operations, report.elapsed_us))),
            ]);
        }
    }
    stage.table(&table)?;
    let list: Vec<String> = reports.iter().map(|(_, report)| report.json()).collect();
    stage.fact("imports", &format!("[{}]", list.join(",")));
    Ok(())
}
