//! `nedb bench`: measures this build on this machine.

use clap::Args;
use nedb_types::{Error, ErrorCode, Result};

use crate::output::Output;

/// Measures this build on this machine
#[derive(Debug, Args)]
pub struct Bench {
    /// What to measure, and how
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    pub fn run(self, _out: &mut Output) -> Result<()> {
        let asked = self.arguments.join(" ");
        Err(Error::new(ErrorCode::Unsupported, format!("this build has no benchmarks ({asked:?} was asked for)")))
    }
}
