//! The file form of a script.

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
