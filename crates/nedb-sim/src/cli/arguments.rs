//! What the user asked for.

const SUITES: [&str; 7] = ["power-cut", "every-operation", "damage", "model", "determinism", "planted", "all"];

/// The words of the command line, understood.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// What to run.
    pub suite: String,
    /// How many seeds.
    pub seeds: Option<u64>,
    /// The first seed.
    pub from: u64,
    /// The time box.
    pub minutes: Option<u64>,
    /// How many random scripts.
    pub scripts: u64,
    /// How many threads.
    pub threads: usize,
    /// Whether nothing is left out.
    pub is_long: bool,
    /// Which database is damaged; without it both are.
    pub base: Option<String>,
}

/// The databases that are damaged.
pub const BASES: [&str; 2] = ["closed", "crashed"];

impl Arguments {
    /// Understands the words; the error says what was wrong.
    pub fn parse(words: Vec<String>) -> Result<Self, String> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut arguments = Self { scripts: 1, threads, ..Self::default() };
        let mut words = words.into_iter();
        arguments.suite = words.next().unwrap_or_else(|| "all".to_owned());
        if !SUITES.contains(&arguments.suite.as_str()) {
            return Err(format!("there is no suite {:?}", arguments.suite));
        }
        while let Some(word) = words.next() {
            if word == "--base" {
                let base = words.next().filter(|base| BASES.contains(&base.as_str()));
                arguments.base = Some(base.ok_or_else(|| format!("--base needs one of {}", BASES.join(", ")))?);
                continue;
            }
            let mut number = || {
                let text = words.next().ok_or_else(|| format!("{word} needs a number"))?;
                text.parse::<u64>().map_err(|wrong| format!("{word} {text}: {wrong}"))
            };
            match word.as_str() {
                "--seeds" => arguments.seeds = Some(number()?),
                "--from" => arguments.from = number()?,
                "--minutes" => arguments.minutes = Some(number()?),
                "--scripts" => arguments.scripts = number()?,
                "--threads" => arguments.threads = usize::try_from(number()?.max(1)).unwrap_or(1),
                "--long" => arguments.is_long = true,
                "--short" => arguments.is_long = false,
                other => return Err(format!("there is no option {other}")),
            }
        }
        Ok(arguments)
    }

    /// The seed in the environment, which replays one life.
    pub fn replayed_seed() -> Option<u64> {
        std::env::var("NEDB_SEED").ok()?.parse().ok()
    }
}
