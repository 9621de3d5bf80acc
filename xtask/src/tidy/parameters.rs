//! A production function takes at most 5 parameters beside its receiver.

use super::Report;
use crate::tree::Tree;

/// Beyond this some of the parameters are one thing that has no name yet.
const PARAMETERS_MAX: usize = 5;

pub fn check(tree: &Tree) -> Report {
    let mut breaches = Vec::new();
    for file in &tree.rust {
        for function in file.production_functions().filter(|function| function.parameters > PARAMETERS_MAX) {
            breaches.push(format!(
                "{}:{} {}: {} parameters, at most {PARAMETERS_MAX}",
                file.path, function.line, function.name, function.parameters
            ));
        }
    }
    Report::breaches(breaches)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::planted;

    #[test]
    fn a_sixth_parameter_is_found() {
        assert_eq!(planted(check, "a.rs", "fn f(&self, a: A, b: B, c: C, d: D, e: E) {}\n").len(), 0);
        assert_eq!(planted(check, "a.rs", "fn f(&self, a: A, b: B, c: C, d: D, e: E, f: F) {}\n").len(), 1);
    }
}
