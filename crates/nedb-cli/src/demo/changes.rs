//! Chapter four: how many packages changed between the releases, and how.

use nedb::{AsOf, Database};
use nedb_types::Result;

use super::{PACKAGES, Releases, stage::Stage};
use crate::output::{JsonObject, count as digits, duration};

/// Counts the changes.
pub fn count(db: &Database, releases: &Releases, stage: &mut Stage<'_>) -> Result<()> {
    let clock = nedb_io::Io::real().clock;
    let started_us = clock.monotonic_us();
    let (mut added, mut changed, mut removed, mut upgraded) = (0u64, 0u64, 0u64, 0u64);
    for change in db.diff(AsOf::Seq(releases.boundary), AsOf::Head, Some(PACKAGES))? {
        let change = change?;
        match (&change.before, &change.after) {
            (Some(before), Some(after)) => {
                changed += 1;
                upgraded += u64::from(before.field("version")? != after.field("version")?);
            }
            (None, _) => added += 1,
            (_, None) => removed += 1,
        }
    }
    let elapsed_us = clock.monotonic_us().saturating_sub(started_us);
    let [older, newer] = releases.names;
    stage.chapter(&format!("What changed from {older} to {newer}"))?;
    stage.line(format_args!(
        "{} added, {} removed, {} written again, of which {} with another version  ({})",
        digits(added),
        digits(removed),
        digits(changed),
        digits(upgraded),
        duration(elapsed_us),
    ))?;
    let json = JsonObject::new().number("added", added).number("removed", removed).number("changed", changed);
    stage.fact("diff", &json.number("other_version", upgraded).number("elapsed_us", elapsed_us).finish());
    Ok(())
}
