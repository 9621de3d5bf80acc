//! The engine's dependencies are few; their number is reported and bounded.

use std::collections::BTreeSet;

use super::Report;
use crate::Failure;
use crate::process;
use crate::tree::Tree;

/// About what the engine needs; more is a decision to take, not a slip to overlook.
const PACKAGES_MAX: usize = 80;

pub fn check(tree: &Tree) -> Result<Report, Failure> {
    let words = ["cargo", "tree", "-p", "nedb", "-e", "normal", "--prefix", "none"];
    Ok(judge(&process::output(&tree.root, &words)?))
}

fn judge(listed: &str) -> Report {
    let names = listed.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    let count = names.collect::<BTreeSet<_>>().len();
    let measured = format!("{count} packages in the tree of the engine, itself included");
    let over = (count > PACKAGES_MAX).then(|| format!("nedb: {count} packages, at most {PACKAGES_MAX}"));
    Report { breaches: over.into_iter().collect(), measured: Some(measured) }
}

#[cfg(test)]
mod tests {
    use super::{PACKAGES_MAX, judge};

    #[test]
    fn too_many_packages_are_found_and_repeated_ones_count_once() {
        let listed = (0..PACKAGES_MAX).fold(String::new(), |listed, number| {
            listed
                + &format!(
                    "p{number} v1.0.0
p{number} v1.0.0 (*)
"
                )
        });
        assert_eq!(judge(&listed).breaches.len(), 0);
        assert_eq!(judge(&format!("{listed}one_more v1.0.0\n")).breaches.len(), 1);
    }
}
