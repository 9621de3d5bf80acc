//! Every crate takes the lints of the workspace.

use super::Report;
use crate::tree::Tree;

/// It holds the one `unsafe` module, and `forbid` cannot be lifted for a module; the copy of the
/// lints in its manifest says `deny` there and nothing else differs.
const OWN_COPY: &str = "crates/nedb-io/Cargo.toml";

pub fn check(tree: &Tree) -> Report {
    let manifests = tree.texts.iter().filter(|file| {
        let parts: Vec<&str> = file.path.split('/').collect();
        matches!(parts.as_slice(), ["crates" | "bindings", _, "Cargo.toml"] | ["xtask", "Cargo.toml"])
    });
    let mut breaches = Vec::new();
    let workspace = tree.texts.iter().find(|file| file.path == "Cargo.toml").map(|file| file.text.as_str());
    for manifest in manifests {
        if is_inherited(&manifest.text) {
            continue;
        }
        if manifest.path == OWN_COPY {
            let differing = differing(workspace.unwrap_or_default(), &manifest.text);
            breaches.extend(differing.iter().map(|line| format!("{OWN_COPY}: its copy of the lints lacks `{line}`")));
        } else {
            breaches.push(format!("{}: lacks `[lints]` with `workspace = true`", manifest.path));
        }
    }
    Report::breaches(breaches)
}

fn is_inherited(manifest: &str) -> bool {
    section(manifest, "[lints]").contains(&"workspace = true")
}

/// Returns the lints of the workspace that a crate's own copy lacks.
fn differing(workspace: &str, manifest: &str) -> Vec<String> {
    let mut lacking = Vec::new();
    for tool in ["rust", "clippy"] {
        let own = section(manifest, &format!("[lints.{tool}]"));
        for line in section(workspace, &format!("[workspace.lints.{tool}]")) {
            if !own.contains(&line) && line != "unsafe_code = \"forbid\"" {
                lacking.push(line.to_owned());
            }
        }
    }
    lacking
}

fn section<'a>(manifest: &'a str, title: &str) -> Vec<&'a str> {
    let lines = manifest.lines().map(str::trim).skip_while(|line| *line != title).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[cfg(test)]
mod tests {
    use super::{OWN_COPY, check};
    use crate::tidy::planted;
    use crate::tree::Tree;

    const WORKSPACE: &str = "[workspace.lints.rust]\nmissing_docs = \"warn\"\nunsafe_code = \"forbid\"\n";

    #[test]
    fn a_crate_without_the_lints_is_found() {
        let manifest = "crates/nedb/Cargo.toml";
        assert_eq!(planted(check, manifest, "[package]\n").len(), 1);
        assert_eq!(planted(check, "bindings/python/Cargo.toml", "[package]\n").len(), 1);
        assert_eq!(planted(check, manifest, "[lints]\n[dependencies]\nworkspace = true\n").len(), 1);
        assert_eq!(planted(check, manifest, "[lints]\nworkspace = true\n").len(), 0);
    }

    #[test]
    fn the_one_copy_may_differ_in_unsafe_code_only() {
        let copy = "[lints.rust]\nmissing_docs = \"warn\"\nunsafe_code = \"deny\"\n";
        let breaches = |text| check(&Tree::planted(&[("Cargo.toml", WORKSPACE), (OWN_COPY, text)])).breaches;
        assert_eq!(breaches(copy).len(), 0);
        assert_eq!(breaches("[lints.rust]\nunsafe_code = \"deny\"\n").len(), 1);
    }
}
