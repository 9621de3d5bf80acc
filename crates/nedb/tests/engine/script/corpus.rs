//! The file form of a script, and how a corpus of them is run.
//!
//! `UPDATE_SCRIPTS=1` writes what is answered into the scripts; read every changed line.

use std::path::Path;

use super::files;

/// Commands and the output that belongs to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub input: Vec<String>,
    pub output: Vec<String>,
}

impl Block {
    /// The same commands with other output.
    pub fn with_output(&self, output: Vec<String>) -> Self {
        Self { input: self.input.clone(), output }
    }
}

/// Splits a script into blocks.
pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut block = Block { input: Vec::new(), output: Vec::new() };
    let mut is_output = false;
    for line in text.lines() {
        match line {
            "" if is_output => {
                blocks.push(std::mem::replace(&mut block, Block { input: Vec::new(), output: Vec::new() }));
                is_output = false;
            }
            "---" if !is_output => is_output = true,
            _ if is_output => block.output.push(line.to_owned()),
            _ => block.input.push(line.to_owned()),
        }
    }
    if !block.input.is_empty() {
        blocks.push(block);
    }
    blocks
}

/// Runs all scripts of a folder of `tests`, which must not shrink without notice: `answers` gives what the blocks of one script say.
pub fn run_all(folder: &str, ending: &str, scripts_min: usize, answers: impl Fn(&[Block]) -> Vec<Block>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(folder);
    let scripts = files::names_ending(&dir, ending).expect("the corpus is part of the repository");
    let failures: Vec<String> = scripts.iter().filter_map(|path| difference(path, &answers)).collect();
    println!("{folder} scripts: {}", scripts.len());
    assert!(scripts.len() >= scripts_min, "only {} scripts in {}", scripts.len(), dir.display());
    assert!(failures.is_empty(), "{} of {} scripts fail:\n{}", failures.len(), scripts.len(), failures.join("\n"));
}

/// What one script says otherwise than it should; with `UPDATE_SCRIPTS` it is written down instead.
fn difference(path: &Path, answers: &impl Fn(&[Block]) -> Vec<Block>) -> Option<String> {
    let blocks = parse(&files::read_text(path).expect("a script is UTF-8 text"));
    let actual = answers(&blocks);
    if actual == blocks {
        return None;
    }
    if std::env::var_os("UPDATE_SCRIPTS").is_some() {
        files::write_text(path, &print(&actual)).expect("the repository can be written");
        return None;
    }
    let (expected, actual) = blocks.iter().zip(&actual).find(|(expected, actual)| expected != actual)?;
    let (input, expected, actual) = (actual.input.join("\n"), expected.output.join("\n"), actual.output.join("\n"));
    Some(format!("{}:\n{input}\n--- expected\n{expected}\n--- actual\n{actual}\n", path.display()))
}

/// Writes blocks as a script.
pub fn print(blocks: &[Block]) -> String {
    let print = |block: &Block| {
        let lines: Vec<&str> = block
            .input
            .iter()
            .map(String::as_str)
            .chain(["---"])
            .chain(block.output.iter().map(String::as_str))
            .collect();
        lines.join("\n") + "\n"
    };
    blocks.iter().map(print).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_script_prints_as_it_was_parsed() {
    let text = "# why\nput a b {}\n---\n0 put\n\n\nget a b\n---\n";
    assert_eq!(parse(text).len(), 2);
    assert_eq!(print(&parse("a\n---\nb\n\nc\n---\n")), "a\n---\nb\n\nc\n---\n");
}
