//! Golden scripts: `tests/redis/*.txt`, and with Lua `tests/redis-lua/*.txt`.
//!
//! A script is a list of blocks: command lines, a line `---`, the answers, an empty line. A line that begins with `#` is a comment,
//! `@session NAME` goes on in another session, `@advance MS` moves the clock by milliseconds, and `@head` shows the last
//! seq.

use super::{corpus, show, world::World};

/// The corpus must not shrink without notice.
const SCRIPTS_MIN: usize = 20;

#[test]
fn every_redis_script_gives_its_expected_answers() {
    check("redis", SCRIPTS_MIN);
}

#[cfg(feature = "lua")]
#[test]
fn every_lua_script_gives_its_expected_answers() {
    check("redis-lua", 5);
}

fn check(folder: &str, scripts_min: usize) {
    corpus::run_all(folder, ".txt", scripts_min, |blocks| {
        let mut world = World::new(1);
        let mut answers = |lines: &[String]| lines.iter().flat_map(|line| answer(&mut world, line)).collect();
        blocks.iter().map(|block| block.with_output(answers(&block.input))).collect()
    });
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
        return vec![format!("seq {}", nedb::Seq::number_of(world.db.head().seq()))];
    }
    show::lines(&world.run(line))
}
