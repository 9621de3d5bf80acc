//! The measurements, in groups that can be run alone.

mod durable;
mod footprint;
mod indexes;
mod load;
mod opening;
mod packages;
mod past;
mod queries;
mod reads;
mod reopen;
mod search;
mod stage;
mod tables;
mod verify;

use nedb::{Error, ErrorCode, Result};

pub(crate) use self::reopen::reopen;
use self::stage::Stage;
use crate::{BenchOptions, Candidate, Row};

type Group = (&'static str, fn(&Stage<'_>, &mut dyn FnMut(Row)) -> Result<()>);

/// The groups in the order in which they run.
const TABLE: [Group; 11] = [
    ("footprint", footprint::measure),
    ("load", load::measure),
    ("reads", reads::measure),
    ("past", past::measure),
    ("queries", queries::measure),
    ("search", search::measure),
    ("indexes", indexes::measure),
    ("durable", durable::measure),
    ("opening", opening::measure),
    ("verify", verify::measure),
    ("packages", packages::measure),
];

/// The names of the groups of measurements.
pub const GROUPS: [&str; 11] =
    ["footprint", "load", "reads", "past", "queries", "search", "indexes", "durable", "opening", "verify", "packages"];

/// Measures NEDB alone and hands over each row as soon as it is known.
///
/// Errors: `invalid_argument` for an unknown group; whatever the engine reports.
pub fn run(options: &BenchOptions, out: &mut dyn FnMut(Row)) -> Result<()> {
    run_beside(options, &[], out)
}

/// Measures NEDB and other candidates, interleaved.
///
/// Errors: as [`run`].
pub fn run_beside(options: &BenchOptions, peers: &[&dyn Candidate], out: &mut dyn FnMut(Row)) -> Result<()> {
    run_in_steps(options, peers, &mut |step| {
        if let Step::Row(row) = step {
            out(row);
        }
    })
}

/// What a run tells while it goes on.
///
/// ```
/// use nedb_bench::{Step, text_row};
/// fn told(step: Step) -> String {
///     match step {
///         Step::Group(name) => format!("measuring {name}"),
///         Step::Row(row) => text_row(&row),
///     }
/// }
/// assert_eq!(told(Step::Group("reads")), "measuring reads");
/// ```
#[derive(Clone, Debug)]
pub enum Step {
    /// A group of measurements begins.
    Group(&'static str),
    /// A row is known.
    Row(Row),
}

/// Measures as [`run_beside`] does, and says when each group begins.
pub(crate) fn run_in_steps(options: &BenchOptions, peers: &[&dyn Candidate], tell: &mut dyn FnMut(Step)) -> Result<()> {
    if let Some(unknown) = options.only.iter().find(|name| !GROUPS.contains(&name.as_str())) {
        let message = format!("there is no group of measurements {unknown:?}: there are {}", GROUPS.join(", "));
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    let stage = Stage::set(options, peers)?;
    let measured = TABLE.iter().filter(|(name, _)| options.wants(name)).try_for_each(|(name, measure)| {
        tell(Step::Group(name));
        measure(&stage, &mut |row| tell(Step::Row(row)))
    });
    // What a run wrote goes with it, also where it failed.
    let cleared = stage.clear();
    measured.and(cleared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_names_are_those_of_the_groups() {
        assert!(TABLE.iter().map(|(name, _)| *name).eq(GROUPS));
    }
}
