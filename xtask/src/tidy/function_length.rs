//! A production function has at most 70 lines; the spread of all functions is reported.

use super::{Report, spread};
use crate::tree::Tree;

/// Beyond this a function no longer fits on a screen.
const FUNCTION_LINES_MAX: usize = 70;

pub fn check(tree: &Tree) -> Report {
    let mut sizes = Vec::new();
    let mut breaches = Vec::new();
    for file in &tree.rust {
        for function in file.production_functions() {
            sizes.push(function.lines);
            if function.lines > FUNCTION_LINES_MAX {
                breaches.push(format!(
                    "{}:{} {}: {} lines, at most {FUNCTION_LINES_MAX}",
                    file.path, function.line, function.name, function.lines
                ));
            }
        }
    }
    Report { breaches, measured: Some(spread::describe(sizes, "production functions")) }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::planted;

    #[test]
    fn a_function_over_70_lines_is_found_with_place_and_name() {
        let body = "    x();\n".repeat(68);
        assert_eq!(planted(check, "a.rs", &format!("//! x\nfn short() {{\n{body}}}\n")).len(), 0);
        let found = planted(check, "a.rs", &format!("//! x\nfn long() {{\n\n{body}}}\n"));
        assert_eq!(found, ["a.rs:2 long: 71 lines, at most 70"]);
    }
}
