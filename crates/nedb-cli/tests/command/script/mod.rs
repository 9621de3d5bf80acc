//! Running a script: its files, its commands, and what they print.

pub mod mask;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// A directory that ends with the test.
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Makes an empty one.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("nedb-cli-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.path);
    }
}

/// The command under test, in a directory.
pub fn nedb(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nedb"));
    command.current_dir(dir).env("LC_ALL", "C.UTF-8").env("COLUMNS", "100").stdin(Stdio::null());
    command
}

/// Runs a script in a directory; returns it with what was printed, and how many commands it has.
pub fn run(script: &str, dir: &Path) -> (String, u32) {
    run_as(script, dir, &|words| words)
}

/// Does the same with other words than those that stand in the script.
pub fn run_as(script: &str, dir: &Path, said: &dyn Fn(Vec<String>) -> Vec<String>) -> (String, u32) {
    let (mut out, mut commands) = (String::new(), 0);
    let mut lines = script.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if let Some(name) = line.strip_prefix("<<< ") {
            let mut content = String::new();
            for line in lines.by_ref() {
                out.push_str(line);
                out.push('\n');
                if line == ">>>" {
                    break;
                }
                content.push_str(line);
                content.push('\n');
            }
            fs::write(dir.join(name), content).unwrap();
        } else if let Some(command) = line.strip_prefix("$ nedb ") {
            while lines.next_if(|line| line.starts_with(['|', '!', '?'])).is_some() {}
            out.push_str(&printed(&execute(said(words(command)), dir), dir));
            commands += 1;
        }
    }
    (out, commands)
}

fn execute(words: Vec<String>, dir: &Path) -> Output {
    let (mut arguments, mut redirects) = (Vec::new(), Vec::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "<" | ">" => redirects.push((word, dir.join(words.next().unwrap()))),
            _ => arguments.push(with_content(&word, dir)),
        }
    }
    let mut command = nedb(dir);
    command.args(arguments);
    for (direction, path) in &redirects {
        match direction.as_str() {
            "<" => command.stdin(File::open(path).unwrap()),
            _ => command.stdout(File::create(path).unwrap()),
        };
    }
    command.output().unwrap()
}

/// A word with `$(<FILE)` replaced by what stands in that file, or `$(<FILE begin of a line)` by the rest of that line.
fn with_content(word: &str, dir: &Path) -> String {
    let Some(name) = word.strip_prefix("$(<").and_then(|rest| rest.strip_suffix(')')) else { return word.to_owned() };
    let (file, begin) = name.split_once(' ').unwrap_or((name, ""));
    let content = fs::read_to_string(dir.join(file)).unwrap();
    let rest = content.lines().find_map(|line| line.strip_prefix(begin));
    rest.unwrap_or_else(|| panic!("no line of {file} begins with {begin:?}")).trim().to_owned()
}

fn printed(output: &Output, dir: &Path) -> String {
    let mut text = String::new();
    for (sign, bytes) in [("|", &output.stdout), ("!", &output.stderr)] {
        for line in String::from_utf8_lossy(bytes).lines() {
            let line = line.replace(dir.to_str().unwrap(), "<dir>");
            text.push_str(format!("{sign} {}", mask::mask(&line)).trim_end());
            text.push('\n');
        }
    }
    match output.status.code() {
        Some(0) => {}
        Some(code) => text.extend(["? ", &code.to_string(), "\n"]),
        None => text.push_str("? killed\n"),
    }
    text
}

/// Splits a command line at spaces; quotes keep words together.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for sign in line.chars() {
        match (quote, sign) {
            (Some(open), _) if sign == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(sign),
        }
    }
    words.extend(word);
    words
}
