//! Random databases, as lines of a script: small sets of names, so that things meet, and values of every kind.

use crate::support::dice::Dice;

/// What a script says in one breath: a line, or a batch with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub lines: Vec<String>,
    /// Whether it changes only how answers are found, never what they are.
    pub is_about_paths: bool,
}

pub const COLLECTIONS: [&str; 3] = ["c", "c", "größe"];
pub const RELATIONS: [&str; 2] = ["r", "likes"];

/// Fields that documents often have, and paths that lead into them or nowhere.
pub const PATHS: [&str; 12] = ["a", "a", "b", "b", "n", "n", "t", "o.p", "o.q[0]", "l", "l[1]", "none"];

/// Values of a field of any type, with neighbours in every order: equal numbers of different kinds, beginnings of texts.
pub const VALUES: [&str; 34] = [
    "null",
    "true",
    "false",
    "0",
    "1",
    "1.0",
    "2",
    "-1",
    "2.5",
    "0.1",
    r#"{"$decimal":"1.00"}"#,
    r#"{"$decimal":"2.5"}"#,
    r#"{"$decimal":"-0.05"}"#,
    "9007199254740993",
    "9007199254740992.0",
    "18446744073709551616",
    r#""""#,
    r#""a""#,
    r#""A""#,
    r#""ab""#,
    r#""a%""#,
    r#""b_\\""#,
    r#""é""#,
    r#""1""#,
    "[]",
    "[1]",
    "[1.0,2]",
    r#"["a"]"#,
    "[null]",
    "{}",
    r#"{"p":1}"#,
    r#"{"$datetime":"2025-06-01T00:00:00Z"}"#,
    r#"{"$bytes":"AQI="}"#,
    r#"{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}"#,
];

const WORDS: [&str; 8] = ["tree", "Tree", "trees", "root", "leaf", "été", "b-tree", "42"];

/// Seconds since the beginning of the script, as times of the world of documents.
pub const DATES: [&str; 5] = ["2019-12-31", "2020-01-01", "2020-06-01T12:00:00Z", "2021-01-01", "2022-01-01"];

/// How many documents a database has at the beginning when it has so many that indexes pay.
const MANY: u64 = 300;

/// The steps of a database; some have few documents, which makes small counterexamples, some have many.
pub fn steps(dice: &mut Dice) -> Vec<Step> {
    let has_rule = dice.one_in(3);
    let mut filler = Filler { ids: dice.pick(&[4, 12, MANY]), puts: 0, has_rule };
    let mut steps = Vec::new();
    if has_rule {
        let rule = dice.pick(&["t search", "t search:english", "* search:english"]);
        steps.push(line(format!("create_index c {rule}")));
        steps.push(path(format!("wait_index c {rule}")));
    }
    if filler.ids == MANY {
        // A batch must fit into the small log files of these tests.
        steps.extend((0..MANY / 50).map(|_| batch((0..50).map(|_| filler.put(dice)).collect())));
        steps.push(path("create_index c n ordered wait"));
        steps.extend((0..3).map(|_| filler.create_index(dice)));
    }
    let count = 6 + dice.below(50);
    for _ in 0..count {
        steps.push(filler.step(dice));
    }
    steps
}

fn line(text: impl Into<String>) -> Step {
    Step { lines: vec![text.into()], is_about_paths: false }
}

fn path(text: impl Into<String>) -> Step {
    Step { lines: vec![text.into()], is_about_paths: true }
}

fn batch(lines: Vec<String>) -> Step {
    let lines = std::iter::once("batch".to_owned()).chain(lines.into_iter().map(|line| format!("  {line}")));
    Step { lines: lines.collect(), is_about_paths: false }
}

struct Filler {
    ids: u64,
    /// How many operations there are at least.
    puts: u64,
    /// Whether it was said at the beginning what SEARCH means, and stays so.
    has_rule: bool,
}

impl Filler {
    fn step(&mut self, dice: &mut Dice) -> Step {
        let key = self.key(dice);
        match dice.below(40) {
            0..=15 => line(self.put(dice)),
            16 => batch((0..2 + dice.below(6)).map(|_| self.put(dice)).collect()),
            17..=19 => line(format!("delete {key}")),
            20 | 21 => line(format!("expire {key} {}", lifetime(dice)).trim_end()),
            22 | 23 => line(format!("restore {key} {}", dice.below(self.puts.max(1)))),
            24..=28 => line(format!("link {} {} {}", self.node(dice), dice.pick(&RELATIONS), self.node(dice))),
            29 => line(format!("unlink {} {} {}", self.node(dice), dice.pick(&RELATIONS), self.node(dice))),
            30 | 31 => line(format!("advance {}", dice.pick(&["1us", "1s", "20s"]))),
            32 => line(if dice.one_in(4) { "drop größe" } else { "sweep" }),
            33..=35 => self.create_index(dice),
            36 if !self.has_rule && dice.one_in(4) => path(format!("drop_index {} *", dice.pick(&COLLECTIONS))),
            36 => path(format!("drop_index {} {} eq", dice.pick(&COLLECTIONS), index_path(dice))),
            37 => path("checkpoint"),
            38 => path(dice.pick(&["reopen", "reopen manual"])),
            _ => path("remove_index"),
        }
    }

    fn create_index(&self, dice: &mut Dice) -> Step {
        let (collection, field) = (dice.pick(&COLLECTIONS), index_path(dice));
        if !self.has_rule && dice.one_in(4) {
            return path(format!("create_index {collection} * search wait"));
        }
        path(format!("create_index {collection} {field} {} wait", dice.pick(&["eq", "ordered"])))
    }

    /// A collection and an id, as a script writes them.
    fn key(&self, dice: &mut Dice) -> String {
        format!("{} {}", dice.pick(&COLLECTIONS), self.id(dice))
    }

    fn id(&self, dice: &mut Dice) -> String {
        match dice.below(12) {
            0 => dice.pick(&["k", "é", "K1", "k1x"]).to_owned(),
            _ => format!("k{}", dice.below(self.ids)),
        }
    }

    fn node(&self, dice: &mut Dice) -> String {
        format!("{}:{}", dice.pick(&COLLECTIONS), self.id(dice))
    }

    fn put(&mut self, dice: &mut Dice) -> String {
        let mut words = vec![format!("put {} {}", self.key(dice), document(dice))];
        if dice.one_in(6) {
            words.push(lifetime(dice));
        }
        if self.puts > 0 && dice.one_in(3) {
            words.push(format!("cause={}", dice.below(self.puts)));
        }
        if dice.one_in(8) {
            words.push(format!("evidence={}", dice.pick(&["inference", "correction"])));
        }
        if dice.one_in(8) {
            words.push(format!("confidence={}", dice.pick(&["0.5", "1", "0.25"])));
        }
        if dice.one_in(5) {
            let from = dice.below(3);
            let at = |index: u64| DATES[usize::try_from(index).expect("small")];
            words.push(format!("from={}", at(from)));
            if dice.one_in(2) {
                words.push(format!("to={}", at(from + 1 + dice.below(2))));
            }
        }
        self.puts += 1;
        words.retain(|word| !word.is_empty());
        words.join(" ")
    }
}

fn lifetime(dice: &mut Dice) -> String {
    dice.pick(&["", "ttl=1us", "ttl=1s", "ttl=30s", "until=2026-01-01T00:00:20Z", "until=2030-01-01"]).to_owned()
}

fn index_path(dice: &mut Dice) -> &'static str {
    dice.pick(&["a", "a", "b", "n", "n", "t", "o.p", "o.q[0]", "l", "_seq", "_evidence"])
}

fn document(dice: &mut Dice) -> String {
    let mut fields = Vec::new();
    let mut field = |name: &str, json: String| fields.push(format!("\"{name}\":{json}"));
    if !dice.one_in(4) {
        field("a", dice.pick(&VALUES).to_owned());
    }
    if !dice.one_in(5) {
        field("b", dice.below(4).to_string());
    }
    if !dice.one_in(5) {
        field("n", dice.below(100).to_string());
    }
    if dice.one_in(2) {
        field("t", format!("\"{}\"", text(dice)));
    }
    if dice.one_in(2) {
        let (p, q) = (dice.pick(&VALUES), dice.pick(&VALUES));
        field("o", format!("{{\"p\":{p},\"q\":[{q}]}}"));
    }
    if dice.one_in(3) {
        field("l", format!("[{},{}]", dice.pick(&VALUES), dice.below(3)));
    }
    format!("{{{}}}", fields.join(","))
}

fn text(dice: &mut Dice) -> String {
    let count = dice.below(5);
    (0..count).map(|_| dice.pick(&WORDS)).collect::<Vec<_>>().join(" ")
}
