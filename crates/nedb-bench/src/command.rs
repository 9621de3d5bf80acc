//! The command line that `nedb bench`, `nedb-bench` and `bench-peers` share.

use nedb::{Error, ErrorCode, Result};

use crate::{
    BenchOptions, Candidate, GROUPS, Row, Scale, Step, json, markdown,
    measure::{reopen, run_in_steps},
};

/// A parsed command line.
///
/// ```
/// use nedb_bench::Command;
/// let command = Command::parse(["quick", "reads", "--rounds", "5"].map(str::to_owned))?;
/// # drop(command);
/// # Ok::<(), nedb::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Command {
    options: BenchOptions,
    as_json: bool,
    /// The candidate whose store is opened once more, in a process that did nothing else.
    reopened: Option<String>,
}

impl Command {
    /// Reads `[quick|standard|long] [GROUP...] [--rounds N] [--dir DIR] [--data DIR] [--json]`.
    ///
    /// A run starts its own program with `reopen NAME` for what a fresh process must tell. Without `--dir` it works below the system's directory for temporary files. Errors: `invalid_argument`.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut options = BenchOptions::new(std::env::temp_dir());
        let (mut groups, mut as_json, mut reopened) = (Vec::new(), false, None);
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| bad(&format!("{word} needs a value")));
            match word.as_str() {
                "quick" => options = options.scale(Scale::Quick),
                "standard" => options = options.scale(Scale::Standard),
                "long" => options = options.scale(Scale::Long),
                "--json" => as_json = true,
                "--rounds" => {
                    let text = value()?;
                    options = options.rounds(text.parse().map_err(|error| bad(&format!("--rounds {text}: {error}")))?);
                }
                "--dir" => options.dir = value()?.into(),
                "reopen" => reopened = Some(value()?),
                "--data" => options = options.data(value()?),
                group if GROUPS.contains(&group) => groups.push(word),
                _ => {
                    return Err(bad(&format!(
                        "{word:?} is neither a scale, an option nor one of {}",
                        GROUPS.join(", ")
                    )));
                }
            }
        }
        // A directory that somebody named may hold more than ours.
        if reopened.is_none() {
            options.dir.push(format!("nedb-bench-{}", std::process::id()));
        }
        Ok(Self { options: options.only(groups), as_json, reopened })
    }

    /// Says with which words after the program's name this command line begins, so that it can be given again.
    #[must_use]
    pub fn after<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.options = self.options.program(words);
        self
    }

    /// Measures, tells about each group and row as it comes, and returns the table or the JSON text.
    pub fn run(&self, peers: &[&dyn Candidate], tell: &mut dyn FnMut(&Step)) -> Result<String> {
        if let Some(name) = &self.reopened {
            return reopen(&self.options, peers, name);
        }
        let mut rows: Vec<Row> = Vec::new();
        run_in_steps(&self.options, peers, &mut |step| {
            tell(&step);
            if let Step::Row(row) = step {
                rows.push(row);
            }
        })?;
        if self.as_json { json(&rows) } else { Ok(markdown(&rows)) }
    }
}

fn bad(message: &str) -> Error {
    Error::new(ErrorCode::InvalidArgument, message)
}
