//! A commit's subject reads "area: what changes for whom" and fits into a log line.

use super::Report;
use crate::Failure;
use crate::process;
use crate::tree::Tree;

/// What `git log --oneline` shows whole in a terminal of 80 columns.
const SUBJECT_CHARACTERS_MAX: usize = 72;
/// How far back the rule looks: about what one review reads.
const COMMITS: &str = "-50";

pub fn check(tree: &Tree) -> Result<Report, Failure> {
    // A repository before its first commit has no subjects to judge.
    if !process::is_working(&tree.root, &["git", "rev-parse", "--verify", "--quiet", "HEAD"]) {
        return Ok(Report::default());
    }
    let log = process::output(&tree.root, &["git", "log", "--no-merges", COMMITS, "--format=%h\t%s"])?;
    Ok(Report::breaches(judge(&log)))
}

fn judge(log: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    for (id, subject) in log.lines().filter_map(|line| line.split_once('\t')) {
        let length = subject.chars().count();
        if length > SUBJECT_CHARACTERS_MAX {
            breaches.push(format!("{id}: {length} characters, at most {SUBJECT_CHARACTERS_MAX}: {subject}"));
        }
        if !subject.contains(": ") {
            breaches.push(format!("{id}: no `area: ` before what changes: {subject}"));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_subject_without_an_area_or_too_long_is_found() {
        assert_eq!(judge("a1\tlog: a torn tail is cut and reported\n").len(), 0);
        assert_eq!(judge("a1\tmore work\n").len(), 1);
        assert_eq!(judge(&format!("a1\tlog: {}\n", "x".repeat(68))).len(), 1);
        assert_eq!(judge(&format!("a1\tlog: {}\n", "é".repeat(67))).len(), 0);
    }
}
