//! Golden scripts: `tests/redis/*.txt`.
//!
//! A script is a list of blocks: command lines, a line `---`, the answers, an empty line. A line that begins with `#` is a comment,
//! `@session NAME` goes on in another session, `@advance MS` moves the clock by milliseconds, and `@head` shows the last
//! seq. `UPDATE_SCRIPTS=1` writes what the commands answer into the scripts; read every changed line.

use std::path::Path;

use super::{corpus, files, show, world::World};

/// The corpus must not shrink without notice.
const SCRIPTS_MIN: usize = 20;

#[test]
fn every_redis_script_gives_its_expected_answers() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/redis");
    let scripts = files::names_ending(&dir, ".txt").expect("the corpus is part of the repository");
    let is_update = std::env::var_os("UPDATE_SCRIPTS").is_some();
    let failures: Vec<String> = scripts.iter().filter_map(|path| run(path, is_update)).collect();
    println!("redis scripts: {}", scripts.len());
    assert!(scripts.len() >= SCRIPTS_MIN, "only {} scripts", scripts.len());
    assert!(failures.is_empty(), "{} of {} scripts fail:\n{}", failures.len(), scripts.len(), failures.join("\n"));
}

fn run(path: &Path, is_update: bool) -> Option<String> {
    let blocks = corpus::parse(&files::read_text(path).expect("a script is UTF-8 text"));
    let mut world = World::new(1);
    let answered = |block: &corpus::Block| {
        block.with_output(block.input.iter().flat_map(|line| answer(&mut world, line)).collect())
    };
    let actual: Vec<corpus::Block> = blocks.iter().map(answered).collect();
    if actual == blocks {
        return None;
    }
    if is_update {
        files::write_text(path, &corpus::print(&actual)).expect("the repository can be written");
        return None;
    }
    let (expected, actual) = blocks.iter().zip(&actual).find(|(expected, actual)| expected != actual)?;
    let (input, expected, actual) = (actual.input.join("\n"), expected.output.join("\n"), actual.output.join("\n"));
    Some(format!("{}:\n{input}\n--- expected\n{expected}\n--- actual\n{actual}\n", path.display()))
}

fn answer(world: &mut World, line: &str) -> Vec<String> {
    if line.is_empty() || line.starts_with('#') {
        return Vec::new();
    }
    if let Some(name) = line.strip_prefix("@session ") {
        world.turn_to(name);
        return Vec::new();
    }
    if let Some(ms) = line.strip_prefix("@advance ") {
        world.clock.advance_us(ms.parse::<u64>().expect("milliseconds") * 1_000);
        return Vec::new();
    }
    if line == "@head" {
        return vec![format!(
            "seq {}",
            world.db.head().seq().map_or(-1, |seq| i64::try_from(seq.get()).unwrap_or(i64::MAX))
        )];
    }
    show::lines(&world.run(line))
}
