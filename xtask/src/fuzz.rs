//! `cargo xtask fuzz`: fuzzing on the pinned toolchain, without cargo-fuzz.
//!
//! Promises coverage-guided runs wherever a C++ compiler exists, by giving the compiler the same
//! instrumentation flags that cargo-fuzz gives it, the address sanitizer apart: that one needs a
//! nightly toolchain and watches over unsafe code, of which the decoders have none.

use std::path::Path;
use std::time::Duration;

use crate::Failure;
use crate::process::{self, Ended, Watched};

/// Counters at every edge and the operands of comparisons, which is what libFuzzer steers by.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";
/// A hang on one input counts as a failure after this long.
const INPUT_SECONDS_MAX: u32 = 10;
/// Building the instrumented crates comes before the fuzzing.
const BUILD_LIMIT: Duration = Duration::from_mins(15);

/// Returns the targets, as the manifest of the fuzz workspace names them.
pub fn targets(root: &Path) -> Result<Vec<String>, Failure> {
    let folder = root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        names.extend(stem.map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Fuzzes every target for so many seconds, one after the other.
pub fn run_all(root: &Path, seconds: &str) -> Result<(), Failure> {
    for target in targets(root)? {
        run(root, &target, seconds)?;
    }
    Ok(())
}

/// Fuzzes one target for so many seconds.
pub fn run(root: &Path, target: &str, seconds: &str) -> Result<(), Failure> {
    let seconds: u32 = seconds.parse().map_err(|error| format!("fuzz: {seconds} seconds: {error}"))?;
    let [corpus, seeds, artifacts] = ["corpus", "seeds", "artifacts"].map(|kind| format!("fuzz/{kind}/{target}/"));
    for folder in [&corpus, &seeds, &artifacts] {
        std::fs::create_dir_all(root.join(folder))?;
    }
    let host = host(root)?;
    let total = format!("-max_total_time={seconds}");
    let each = format!("-timeout={INPUT_SECONDS_MAX}");
    let failures = format!("-artifact_prefix={artifacts}");
    // With a named target the flags stay away from build scripts and procedural macros.
    // Its lock is one of its own, which nothing else would miss.
    let build =
        ["cargo", "run", "--locked", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host];
    let fuzz =
        ["--bin", target, "--", &corpus, &seeds, &total, &each, &failures, "-print_final_stats=1", "-verbosity=0"];
    let words: Vec<&str> = build.into_iter().chain(fuzz).collect();
    println!("fuzz: {target} for {seconds} s");
    let variables = [("RUSTFLAGS", INSTRUMENTATION.to_owned())];
    let limit = BUILD_LIMIT + Duration::from_secs(2 * u64::from(seconds));
    let watched = Watched { words: &words, variables: &variables, limit };
    let mut executed = None;
    let ended = process::watch(root, &watched, &mut |line| {
        executed = executions(line).or(executed);
    })?;
    match (ended, executed) {
        (Ended::Well, Some(count)) if count > 0 => {
            println!("fuzz: {target}: {count} inputs, no failure");
            Ok(())
        }
        (Ended::Well, _) => Err(format!("fuzz: {target}: no input was executed").into()),
        (Ended::Badly(status), _) => Err(format!("fuzz: {target}: {status}; the input is in {artifacts}").into()),
        (Ended::OverTime, _) => Err(format!("fuzz: {target}: not done within {limit:?}").into()),
    }
}

/// Reads the count of inputs from the final statistics of libFuzzer.
fn executions(line: &str) -> Option<u64> {
    line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok()
}

fn host(root: &Path) -> Result<String, Failure> {
    let said = process::output(root, &["rustc", "--version", "--verbose"])?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc names no host")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seeds are read again at the start of every run; finds belong into the local corpus.
    const SEEDS_MAX: usize = 50;
    const SEED_BYTES_MAX: u64 = 4096;

    #[test]
    fn every_target_has_its_program_in_the_manifest() {
        let root = crate::tree::root().unwrap();
        let manifest = std::fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
        let targets = targets(&root).unwrap();
        assert!(!targets.is_empty());
        for target in targets {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
        }
    }

    #[test]
    fn seeds_are_few_and_small() {
        let root = crate::tree::root().unwrap();
        for target in targets(&root).unwrap() {
            let seeds = std::fs::read_dir(root.join("fuzz/seeds").join(&target)).unwrap();
            let sizes: Vec<u64> = seeds.map(|seed| seed.unwrap().metadata().unwrap().len()).collect();
            assert!((1..=SEEDS_MAX).contains(&sizes.len()), "{target}: {} seeds", sizes.len());
            assert!(sizes.iter().all(|size| *size <= SEED_BYTES_MAX), "{target}: {sizes:?}");
        }
    }

    #[test]
    fn the_count_of_inputs_is_read() {
        assert_eq!(executions("stat::number_of_executed_units: 4096"), Some(4096));
        assert_eq!(executions("#4096 pulse"), None);
    }
}
