//! Chapter three: two steps along the edges, as of both releases.

use std::collections::BTreeSet;

use nedb::{Direction, Snapshot};
use nedb_types::Result;

use super::{DEPENDS, PACKAGES, Releases, stage::Stage};
use crate::output::{Align, JsonObject, Table, count};

/// Names that are shown of those in one release only.
const SHOWN_NAMES_MAX: usize = 5;

/// Walks from a package and shows how many packages it needs.
pub fn walk(snapshots: &[Snapshot; 2], releases: &Releases, package: &str, stage: &mut Stage<'_>) -> Result<()> {
    let start = format!("{PACKAGES}:{package}");
    let reaches = [reach(&snapshots[0], &start)?, reach(&snapshots[1], &start)?];
    stage.chapter("What it depends on, two steps along the edges, as of both releases")?;
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Left]);
    let [older, newer] = &reaches;
    let mut facts = Vec::new();
    for (release, (own, other)) in releases.names.iter().zip([(older, newer), (newer, older)]) {
        let only: Vec<&str> = own.all.difference(&other.all).map(|node| name(node)).collect();
        let shown: Vec<&str> = only.iter().take(SHOWN_NAMES_MAX).copied().collect();
        let more = if shown.len() < only.len() { " .." } else { "" };
        table.row([
            (*release).to_owned(),
            format!("{} directly", count(own.direct.len() as u64)),
            format!("{} in two steps", count(own.all.len() as u64)),
            format!("only here {}: {}{more}", count(only.len() as u64), shown.join(" ")),
        ]);
        let fact = JsonObject::new().text("release", release).number("direct", own.direct.len());
        facts.push(fact.number("two_steps", own.all.len()).number("only_here", only.len()).finish());
    }
    stage.table(&table)?;
    stage.fact("depends", &format!("[{}]", facts.join(",")));
    Ok(())
}

/// The nodes that are reached from a start.
struct Reach {
    direct: BTreeSet<String>,
    all: BTreeSet<String>,
}

fn reach(snapshot: &Snapshot, start: &str) -> Result<Reach> {
    let direct = neighbors(snapshot, start)?;
    let mut all = direct.clone();
    for node in &direct {
        all.extend(neighbors(snapshot, node)?);
    }
    all.remove(start);
    Ok(Reach { direct, all })
}

fn neighbors(snapshot: &Snapshot, node: &str) -> Result<BTreeSet<String>> {
    let neighbors = snapshot.neighbors(node, DEPENDS, Direction::Outbound)?;
    Ok(neighbors.into_iter().map(|neighbor| neighbor.node.to_string()).collect())
}

/// The id of a node that is written `collection:id`.
fn name(node: &str) -> &str {
    node.split_once(':').map_or(node, |(_, id)| id)
}
