//! What every verb promises alike. The verbs are those that the command's own help lists, so that none is forgotten.

use std::{collections::BTreeSet, fs, path::Path, process::Output};

use serde_json::Value;

use crate::{
    demo::small_releases,
    script::{Directory, nedb, words},
};

/// Each verb at work, in this order in one directory.
const COMMANDS: &[&str] = &[
    "init db",
    r#"put db users ada '{"name": "Ada", "home": {"city": "London"}}'"#,
    "put db users bob {}",
    "put db users old {} --ttl 0.001",
    "import db people.ndjson --collection people",
    "import db wrong.ndjson --collection people --on-error skip",
    "get db users ada",
    "link db users:ada knows users:bob",
    "neighbors db users:ada knows",
    "unlink db users:ada knows users:bob",
    "delete db users bob",
    "delete db users bob",
    "restore db users bob 1",
    "scan db users",
    "query db 'FROM users'",
    "query db 'FROM nobody'",
    "query db 'EXPLAIN FROM users'",
    "live db 'FROM users' --changes 1",
    "sql db 'SELECT * FROM users'",
    "sql db 'DELETE FROM people'",
    "collections db",
    "history db users ada",
    "diff db -1 3",
    "diff db -1 3 --counts",
    "export db",
    "log db",
    "head db",
    "index create db users name",
    "index list db",
    "index drop db users name",
    "verify db --deep",
    "checkpoint db",
    "checkpoint db --signed",
    "rebuild db",
    "proof db 0",
    "proof db 0 --out 0.tlog-proof",
    "verify-proof 0.tlog-proof",
    "tiles db tiles",
    "stats db",
    "sweep db",
    "bench quick packages --rounds 1 --data data --dir .",
    "demo --data data --path demo --package 0",
    "databases .",
    "completions bash",
    "shell db -c 'FROM users'",
];

/// Each dot command of the shell at work.
const DOT_COMMANDS: &[&str] = &[
    ".asof",
    ".asof 0",
    ".asof -1",
    ".asof 2999-01-01 or not",
    ".history users ada",
    ".trace users ada",
    ".explain FROM users WHERE name = 'Ada'",
    ".tables",
    ".fields users",
    ".indexes",
    ".param set low 5",
    ".param list",
    ".mode json",
    ".rows 5",
    ".timer on",
    ".output out.ndjson",
    ".read people.nql",
    ".refresh",
    ".help",
    ".help mode",
    ".quit",
];

/// The files that the commands read.
fn write_files(dir: &Path) {
    fs::write(dir.join("people.ndjson"), "{\"id\": 1}\n{\"id\": 2}\n").unwrap();
    fs::write(dir.join("wrong.ndjson"), "{\"id\": 3}\n{\"id\": \n").unwrap();
    fs::write(dir.join("people.nql"), "FROM people;\n").unwrap();
    small_releases(dir, 3);
}

/// The names under `Commands:` of a help text.
pub fn verbs_of_help(dir: &Path, of: &[&str]) -> BTreeSet<String> {
    let output = nedb(dir).args(of).arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let commands = text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A description that goes on in the next line is indented further than a name.
    let named = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = named.filter_map(|line| line.split_whitespace().next());
    // `help` prints what `--help` does, text for people, `serve` becomes the daemon, which answers over sockets, and the others ask one.
    names.filter(|name| !["help", "serve", "drop", "slow", "top"].contains(name)).map(str::to_owned).collect()
}

/// Panics unless a text is one JSON value, or one object a line.
fn check_json(command: &str, text: &str) {
    if serde_json::from_str::<Value>(text).is_ok() {
        return;
    }
    for line in text.lines() {
        let value: Result<Value, _> = serde_json::from_str(line);
        assert!(value.is_ok_and(|value| value.is_object()), "{command} --json printed {line:?}");
    }
}

fn run_as_json(dir: &Path, command: &str) -> Output {
    nedb(dir).args(words(command)).arg("--json").output().unwrap()
}

#[test]
fn every_verb_prints_json_and_nothing_else_when_asked() {
    let directory = Directory::new();
    let dir = directory.path();
    write_files(dir);
    for command in COMMANDS {
        let output = run_as_json(dir, command);
        let (text, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{command} --json: {said}");
        assert_eq!(said, "", "{command} --json said something on stderr");
        check_json(command, &text);
    }
    let first_words = |count| COMMANDS.iter().map(move |command| words(command)[..count].join(" "));
    assert_eq!(first_words(1).collect::<BTreeSet<_>>(), verbs_of_help(dir, &[]), "a verb has no command above");
    for verb in verbs_of_help(dir, &["index"]) {
        assert!(first_words(2).any(|words| words == format!("index {verb}")), "index {verb} has no command above");
    }
}

#[test]
fn every_verb_says_as_json_what_went_wrong() {
    let directory = Directory::new();
    let dir = directory.path();
    write_files(dir);
    for command in COMMANDS.iter().filter(|command| !command.starts_with("init ")) {
        if ["bench", "demo", "databases", "completions"].iter().any(|verb| command.starts_with(verb)) {
            continue;
        }
        let output = run_as_json(dir, command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.stdout.is_empty() && !output.status.success(), "{command} --json found what is not there");
        let error: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{command}: {error} in {said}"));
        assert_eq!(error["kind"], "not_found", "{command}: {error}");
    }
}

#[test]
fn every_dot_command_prints_json_in_a_shell_that_was_asked_for_it() {
    let directory = Directory::new();
    let dir = directory.path();
    write_files(dir);
    for command in ["init db", "put db users ada '{\"name\": \"Ada\"}'", "import db people.ndjson"] {
        assert!(run_as_json(dir, command).status.success());
    }
    for command in DOT_COMMANDS {
        let script = format!(".param set who Ada\n{command}\n");
        let output = nedb(dir).args(["shell", "db", "--json", "-c", &script]).output().unwrap();
        check_json(command, &String::from_utf8(output.stdout).unwrap());
        if !output.status.success() {
            check_json(command, &String::from_utf8(output.stderr).unwrap());
        }
    }
    let help = nedb(dir).args(["shell", "db", "--json", "-c", ".help"]).output().unwrap();
    for line in String::from_utf8(help.stdout).unwrap().lines() {
        let known: Value = serde_json::from_str(line).unwrap();
        let name = known["command"].as_str().unwrap();
        assert!(DOT_COMMANDS.iter().any(|command| command.starts_with(name)), "{name} has no line above");
    }
}
