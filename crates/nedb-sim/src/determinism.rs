//! The same seed, twice: the same calls, the same bytes, the same history.

use crate::{
    power_cut,
    violation::{Verdict, Violation, expect_equal},
};

/// Lives a seed twice and compares every call and every byte; returns how many calls that were.
pub fn compare_twice(seed: u64) -> Verdict<u64> {
    let context = |wrong: Violation| wrong.during(format!("seed {seed}"));
    let (first, second) = (power_cut::record(seed).map_err(context)?, power_cut::record(seed).map_err(context)?);
    expect_equal("machines", &second.len(), &first.len()).map_err(context)?;
    let mut calls = 0;
    for (number, (one, other)) in first.iter().zip(&second).enumerate() {
        let mut pairs = one.calls.iter().zip(&other.calls).enumerate();
        if let Some((at, (one, other))) = pairs.find(|(_, (one, other))| one != other) {
            let text = format!("machine {number}, call {at}: first {one:?}, then {other:?}");
            return Err(context(Violation::new(text)));
        }
        expect_equal(format!("calls of machine {number}"), &other.calls.len(), &one.calls.len()).map_err(context)?;
        expect_equal(format!("operations on machine {number}"), &other.size, &one.size).map_err(context)?;
        if one.files != other.files {
            return Err(context(Violation::new(format!("the files of machine {number} differ"))));
        }
        calls += one.calls.len() as u64;
    }
    Ok(calls)
}
