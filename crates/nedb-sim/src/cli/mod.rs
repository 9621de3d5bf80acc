//! Arguments, time boxes and the lines that are printed. What is simulated is left to the library.

mod arguments;
mod report;
mod suites;

use std::process::ExitCode;

use self::{arguments::Arguments, report::Report};

const USAGE: &str = "\
nedb-sim SUITE [options]

suites
  power-cut        random lives: --seeds N, --from S, --minutes M; NEDB_SEED=S lives one seed
  every-operation  a cut and an error at every call of a script: --scripts N random scripts
                   besides; --long for every read as well
  damage           every bit, byte, block and file damaged: --long for every bit of every file,
                   --base closed or crashed for one of the two databases
  model            exhaustive small models of commit, recovery, index merge and the torn tail
  determinism      the same seed twice: --seeds N
  planted          planted bugs, each of which must be caught: --seeds N
  all              everything: --short for CI, within NEDB_STEP_MINUTES

options
  --threads T      as many as there are cores unless said";

/// Runs the suite that the arguments name.
pub fn run(words: Vec<String>) -> ExitCode {
    let arguments = match Arguments::parse(words) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            Report::line(&format!("{wrong}\n\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    let mut report = Report::new();
    match arguments.suite.as_str() {
        "power-cut" => suites::power_cut(&arguments, &mut report),
        "every-operation" => suites::every_operation(&arguments, &mut report),
        "damage" => suites::damage(&arguments, &mut report),
        "model" => suites::model(&mut report),
        "determinism" => suites::determinism(&arguments, &mut report),
        "planted" => suites::planted(&arguments, &mut report),
        _ => suites::all(&arguments, &mut report),
    }
    report.finish()
}
