//! Every relative link in a Markdown file leads somewhere.
//!
//! Promises to read inline links and link definitions outside code, and to check the file and,
//! where the link names one, the heading in it. Leaves addresses of other sites alone.

use std::collections::BTreeSet;

use super::Report;
use crate::tree::Tree;

pub fn check(tree: &Tree) -> Report {
    let mut breaches = Vec::new();
    let known = places(tree);
    for file in tree.texts.iter().filter(|file| file.has_extension(&["md"])) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, target) in targets(&file.text) {
            let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
            if is_elsewhere {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let full = if path.is_empty() { Some(file.path.clone()) } else { resolve(folder, path) };
            let Some(full) = full.filter(|full| known.contains(full)) else {
                breaches.push(format!("{}:{line}: {target} leads nowhere", file.path));
                continue;
            };
            let text = tree.texts.iter().find(|other| other.path == full && other.has_extension(&["md"]));
            if !heading.is_empty() && text.is_some_and(|other| !headings(&other.text).contains(heading)) {
                breaches.push(format!("{}:{line}: {target}: no such heading", file.path));
            }
        }
    }
    Report::breaches(breaches)
}

/// Returns every file and every folder above one.
fn places(tree: &Tree) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = tree.paths.iter().cloned().collect();
    for path in &tree.paths {
        let mut rest = path.as_str();
        while let Some((folder, _)) = rest.rsplit_once('/') {
            known.insert(folder.to_owned());
            rest = folder;
        }
    }
    known
}

/// Returns the path from the root, or nothing when it leaves the repository.
fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Returns the lines outside fenced code with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
            return None;
        }
        (!is_code).then_some((number + 1, line))
    })
}

fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        // Every second part between backquotes is code.
        for part in line.split('`').step_by(2) {
            for after in part.split("](").skip(1) {
                found.extend(target(after, ')').map(|target| (number, target)));
            }
        }
        if let Some((_, definition)) = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            found.extend(target(definition, '\n').map(|target| (number, target)));
        }
    }
    found
}

/// Returns the address before its title and before the sign that ends the link.
fn target(text: &str, end: char) -> Option<&str> {
    let inside = text.split(end).next()?;
    inside.split_whitespace().next().map(|address| address.trim_matches(['<', '>']))
}

/// Returns the anchors of a file's headings, as the common renderers name them.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = prose(text).filter(|(_, line)| line.starts_with('#'));
    titles.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'));
    kept.map(|sign| if sign == ' ' { '-' } else { sign }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tree::Tree;

    fn breaches(text: &str) -> Vec<String> {
        let other = "# A title: with `code`\n";
        check(&Tree::planted(&[("docs/a.md", text), ("docs/b.md", other), ("src/c.rs", "//! c\n")])).breaches
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        assert_eq!(breaches("see [x](nowhere.md)\n"), ["docs/a.md:1: nowhere.md leads nowhere"]);
        assert_eq!(breaches("[x](../../outside.md)\n").len(), 1);
        assert_eq!(breaches("[x]: nowhere.md\n").len(), 1);
        assert_eq!(breaches("[x](b.md#another-title)\n").len(), 1);
        assert_eq!(breaches("[x](#nothing-here)\n").len(), 1);
    }

    #[test]
    fn links_that_resolve_and_code_are_fine() {
        let text = "# Here\n[x](b.md) [y](../src/c.rs \"title\") [z](../src) [w](#here)\n[v](b.md#a-title-with-code)\n";
        assert_eq!(breaches(text), [""; 0]);
        assert_eq!(breaches("`[x](no.md)` https://x.y [x](https://x.y)\n```\n[x](no.md)\n```\n"), [""; 0]);
    }
}
