//! Random commands are answered as the model answers them: alone, in transactions, and as of any earlier seq.

use nedb_compat::redis::Reply;

use super::{
    budget::Budget,
    dice::{Dice, first_seed},
    model::Model,
    world::World,
};

const COMMANDS_PER_CASE: u64 = 150;

/// One command: its name and what its words are drawn from.
pub type Form = (&'static str, &'static [&'static [&'static str]]);

const KEYS: &[&str] = &["a", "b", "c:1", "c:2", "_kv:x", "d"];
const WORDS: &[&str] = &["x", "y", "z", "10", "-3", "w w"];
const NUMBERS: &[&str] = &["0", "1", "-1", "2", "-2", "5"];

pub const FORMS: &[Form] = &[
    ("SET", &[KEYS, WORDS]),
    ("GET", &[KEYS]),
    ("APPEND", &[KEYS, WORDS]),
    ("INCRBY", &[KEYS, NUMBERS]),
    ("STRLEN", &[KEYS]),
    ("HSET", &[KEYS, WORDS, WORDS]),
    ("HSET", &[KEYS, WORDS, WORDS]),
    ("HDEL", &[KEYS, WORDS]),
    ("HGET", &[KEYS, WORDS]),
    ("HGETALL", &[KEYS]),
    ("HINCRBY", &[KEYS, WORDS, NUMBERS]),
    ("HLEN", &[KEYS]),
    ("RPUSH", &[KEYS, WORDS, WORDS]),
    ("RPUSH", &[KEYS, WORDS]),
    ("LPUSH", &[KEYS, WORDS, WORDS]),
    ("LPOP", &[KEYS]),
    ("RPOP", &[KEYS]),
    ("LRANGE", &[KEYS, NUMBERS, NUMBERS]),
    ("LRANGE", &[KEYS, &["0"], &["-1"]]),
    ("LREM", &[KEYS, NUMBERS, WORDS]),
    ("LSET", &[KEYS, NUMBERS, WORDS]),
    ("LTRIM", &[KEYS, &["0", "1"], &["-1", "3"]]),
    ("LINSERT", &[KEYS, &["BEFORE", "AFTER"], WORDS, WORDS]),
    ("LINSERT", &[KEYS, &["BEFORE", "AFTER"], WORDS, WORDS]),
    ("LINDEX", &[KEYS, NUMBERS]),
    ("SADD", &[KEYS, WORDS, WORDS]),
    ("SREM", &[KEYS, WORDS, WORDS]),
    ("SMEMBERS", &[KEYS]),
    ("SISMEMBER", &[KEYS, WORDS]),
    ("SCARD", &[KEYS]),
    ("SINTER", &[KEYS, KEYS]),
    ("SUNION", &[KEYS, KEYS]),
    ("SDIFF", &[KEYS, KEYS]),
    ("SUNIONSTORE", &[KEYS, KEYS, KEYS]),
    ("SINTERSTORE", &[KEYS, KEYS, KEYS]),
    ("ZADD", &[KEYS, NUMBERS, WORDS]),
    ("ZADD", &[KEYS, NUMBERS, WORDS]),
    ("ZREM", &[KEYS, WORDS]),
    ("ZRANGE", &[KEYS, NUMBERS, NUMBERS]),
    ("ZREVRANGE", &[KEYS, NUMBERS, NUMBERS]),
    ("ZRANGEBYSCORE", &[KEYS, NUMBERS, NUMBERS]),
    ("ZRANK", &[KEYS, WORDS]),
    ("ZSCORE", &[KEYS, WORDS]),
    ("ZPOPMIN", &[KEYS]),
    ("DEL", &[KEYS]),
    ("EXISTS", &[KEYS]),
    ("TYPE", &[KEYS]),
    ("DBSIZE", &[]),
    ("RENAME", &[KEYS, KEYS]),
    ("COPY", &[KEYS, KEYS]),
    ("COPY", &[KEYS, KEYS, &["REPLACE"]]),
    ("PEXPIRE", &[KEYS, &["-5", "50", "500"]]),
    ("PERSIST", &[KEYS]),
    ("PTTL", &[KEYS]),
];

/// A case: a database and its model, and what reads said on the way.
struct Case {
    dice: Dice,
    world: World,
    model: Model,
    said: Vec<String>,
}

impl Case {
    fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), world: World::new(seed), model: Model::default(), said: Vec::new() }
    }

    fn words(&mut self) -> Vec<String> {
        let (name, choices) = self.dice.pick(FORMS);
        std::iter::once(name).chain(choices.iter().map(|choices| self.dice.pick(choices))).map(str::to_owned).collect()
    }

    fn execute(&mut self, words: &[String]) -> Reply {
        self.said.push(words.join(" "));
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.clone().into_bytes()).collect();
        self.world.execute(&words)
    }

    fn compare(&self, actual: &Reply, expected: &Reply, seed: u64) {
        assert_eq!(actual, expected, "seed {seed}, the last of:\n{}", self.said.join("\n"));
    }

    fn step(&mut self, seed: u64) {
        if self.dice.one_in(20) {
            let ms = self.dice.below(100);
            self.world.clock.advance_us(ms * 1_000);
            self.model.now_ms += i64::try_from(ms).expect("few");
        }
        if self.dice.one_in(10) {
            return self.transaction(seed);
        }
        let words = self.words();
        let (actual, expected) = (self.execute(&words), self.model.execute(&words));
        self.compare(&actual, &expected, seed);
    }

    fn transaction(&mut self, seed: u64) {
        self.execute(&["MULTI".to_owned()]);
        let calls: Vec<Vec<String>> = (0..self.dice.below(6)).map(|_| self.words()).collect();
        for words in &calls {
            assert_eq!(self.execute(words), Reply::Simple("QUEUED".into()));
        }
        let actual = self.execute(&["EXEC".to_owned()]);
        let expected = Reply::Array(calls.iter().map(|words| self.model.execute(words)).collect());
        self.compare(&actual, &expected, seed);
    }
}

#[test]
fn random_commands_are_answered_as_the_model_answers_them() {
    let mut budget = Budget::cases("redis commands against the model", 1_000);
    let (mut seed, is_only) = first_seed();
    while budget.has_next() {
        let mut case = Case::new(seed);
        for _ in 0..COMMANDS_PER_CASE {
            case.step(seed);
        }
        if is_only {
            break;
        }
        seed += 1;
    }
}

#[test]
fn the_past_is_read_as_it_was_answered_then() {
    let mut case = Case::new(7);
    let mut past = Vec::new();
    for _ in 0..400 {
        let words = case.words();
        case.execute(&words);
        let key = case.dice.pick(KEYS);
        let reads = [
            format!("GET {key}"),
            format!("HGETALL {key}"),
            format!("LRANGE {key} 0 -1"),
            format!("SMEMBERS {key}"),
            format!("ZRANGE {key} 0 -1 WITHSCORES"),
        ];
        if let Some(seq) = case.world.db.head().seq() {
            for read in reads {
                past.push((seq.get(), case.world.run(&read), read));
            }
        }
    }
    for (seq, answer, read) in past {
        assert_eq!(case.world.run(&format!("NEDB.ASOF {seq} {read}")), answer, "{seq} {read}");
    }
}
