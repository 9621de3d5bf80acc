//! The same words print the same, whether the database is a directory or at a `nedbd`: the scripts of `tests/cli` once more, with
//! addresses in the place of paths, against what they print for directories.

use std::fs;
use std::path::Path;

use nedb_server::{Config, Server, command};

use crate::script::{self, Directory, nedb};

/// The scripts, and the databases that they make.
const SCRIPTS: &[(&str, &[&str])] = &[
    ("conditions", &["db"]),
    ("documents", &["shop"]),
    ("import-links", &["db"]),
    ("imports", &["db", "copy"]),
    ("indexes", &["db"]),
    ("log", &["db"]),
    ("proofs", &["db"]),
    ("queries", &["db"]),
    ("relations", &["db"]),
    ("scans", &["db"]),
    ("shell", &["db"]),
    ("shell-tables", &["db"]),
    ("sql", &["db"]),
];

/// What is another thing at a daemon, each with its reason.
const DIFFERENT: &[(&str, &str)] = &[
    ("init ", "it prints where the database is, and a daemon chooses the origin"),
    (" --system-fields", "refused: a query names the fields"),
    ("shell nothing", "there is no such directory, and no such database"),
    ("stats ", "a daemon writes, and counts what it wrote"),
    ("tiles ", "refused: a daemon serves tiles"),
    ("verify-proof b.tlog-proof --json", "a put that may be sent twice has a key"),
    ("nowhere", "there is no such directory, and no such database"),
];

/// A daemon in this process.
pub struct Daemon {
    server: Option<Server>,
    pub url: String,
}

impl Daemon {
    pub fn start(dir: &Path, settings: &[&str]) -> Self {
        let data = dir.join("daemon-data");
        let mut words = vec!["nedbd", "--port", "0", "--resp2-port", "off", "--data", data.to_str().unwrap()];
        words.extend_from_slice(settings);
        let server = Server::start(Config::read(&command().get_matches_from(words)).unwrap()).unwrap();
        let url = format!("http://{}", server.http_address());
        Self { server: Some(server), url }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let stopped = server.stop();
            assert!(stopped.is_ok() || std::thread::panicking(), "{stopped:?}");
        }
    }
}

/// The words of a command with an address for each of these names, where a database stands.
fn at_daemon(mut words: Vec<String>, names: &[&str], url: &str) -> Vec<String> {
    let is_name = |word: &&mut String| names.contains(&word.as_str());
    if let Some(word) = words.iter_mut().skip(1).take(2).find(is_name) {
        *word = format!("{url}/{word}");
    }
    if words.first().is_some_and(|verb| verb == "init") {
        words.truncate(2);
    }
    words
}

/// The commands of a script, each with what was printed below it.
fn commands(script: &str) -> Vec<&str> {
    script.split("\n$ nedb ").skip(1).collect()
}

#[test]
fn the_same_words_print_the_same_of_a_directory_and_of_a_daemon() {
    let (mut differing, mut compared) = (Vec::new(), 0);
    for (name, databases) in SCRIPTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/{name}.cli"));
        // A daemon chooses the origin by itself.
        let expected = fs::read_to_string(path).unwrap().replace("example.org/shop", "nedb/<id>");
        let directory = Directory::new();
        let daemon = Daemon::start(directory.path(), &[]);
        let (actual, _) =
            script::run_as(&expected, directory.path(), &|words| at_daemon(words, databases, &daemon.url));
        for (wanted, printed) in commands(&expected).into_iter().zip(commands(&actual)) {
            let said = wanted.lines().next().unwrap();
            if DIFFERENT.iter().any(|(words, _)| format!(" {said}").contains(words) || said.starts_with(words)) {
                continue;
            }
            compared += 1;
            if wanted != printed {
                differing.push(format!("--- {name}: expected\n{wanted}\nprinted\n{printed}"));
            }
        }
    }
    println!("{compared} commands");
    assert!(compared > 150, "there are few commands: {compared}");
    assert!(differing.is_empty(), "{} differ\n{}", differing.len(), differing.join("\n"));
}

fn said(dir: &Path, words: &[&str]) -> (i32, String, String) {
    let output = nedb(dir).args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_a_daemon_cannot_do_is_refused_by_name() {
    let directory = Directory::new();
    let daemon = Daemon::start(directory.path(), &[]);
    let db = format!("{}/db", daemon.url);
    assert_eq!(said(directory.path(), &["init", &db]).0, 0);
    fs::write(directory.path().join("kept"), "x").unwrap();
    for (words, named) in [
        (vec!["rebuild", &db], "`rebuild`"),
        (vec!["tiles", &db, "out"], "`tiles`"),
        (vec!["init", &db, "--origin", "x"], "--origin"),
        (vec!["query", &db, "FROM c", "--timeout-ms", "5"], "--timeout-ms"),
        (vec!["query", &db, "FROM c", "--system-fields"], "--system-fields"),
        (vec!["sql", &db, "SELECT * FROM c", "--timeout-ms", "5"], "--timeout-ms"),
        (vec!["verify", &db, "--checkpoint", "kept"], "--checkpoint"),
        (vec!["import", &db, "-", "--durability", "none"], "--durability"),
    ] {
        let (code, printed, error) = said(directory.path(), &words);
        assert_eq!((code, printed.as_str()), (78, ""), "{words:?}: {error}");
        assert!(error.contains(named), "{words:?}: {error}");
    }
    let (code, _, error) = said(directory.path(), &["get", "http://localhost:1", "c", "a"]);
    assert!(code == 2 && error.contains("http://HOST:PORT/NAME"), "{error}");
    let (code, _, error) = said(directory.path(), &["get", &format!("{}/none", daemon.url), "c", "a"]);
    assert_eq!(code, 66, "{error}");
}

#[test]
fn databases_of_a_daemon_are_listed_made_and_dropped_and_its_slow_questions_shown() {
    let directory = Directory::new();
    let dir = directory.path();
    let daemon = Daemon::start(dir, &["--slow-ms", "1"]);
    let (url, shop) = (daemon.url.as_str(), format!("{}/shop", daemon.url));
    assert_eq!(said(dir, &["databases", url]), (0, String::new(), String::new()));
    assert_eq!(said(dir, &["init", &shop]).0, 0);
    assert_eq!(said(dir, &["put", &shop, "c", "a", "{}"]).0, 0);
    assert_eq!(said(dir, &["databases", url]).1, "shop  1 documents  seq 0\n");
    let (_, json, _) = said(dir, &["databases", url, "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["name"], "shop");
    let data = dir.join("daemon-data");
    // In its directory there is that of administrative acts too.
    let (_, listed, _) = said(dir, &["databases", data.to_str().unwrap()]);
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["nedbd.audit", "shop"], "{listed}");
    assert_eq!(said(dir, &["databases", "nowhere"]).0, 66);

    let rows: Vec<String> = (0..20_000).map(|id| format!("{{\"id\": {id}, \"n\": {id}}}\n")).collect();
    fs::write(dir.join("rows.ndjson"), rows.concat()).unwrap();
    assert_eq!(said(dir, &["import", &shop, "rows.ndjson", "--collection", "many"]).0, 0);
    assert_eq!(said(dir, &["query", &shop, "FROM many ORDER BY n DESC LIMIT 1"]).0, 0);
    let (_, slow, _) = said(dir, &["slow", &shop]);
    assert!(slow.contains("scan") && slow.contains("FROM many ORDER BY n DESC LIMIT 1"), "{slow}");
    let (_, json, _) = said(dir, &["slow", &shop, "--limit", "1", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["by"], "anybody");
    assert_eq!(said(dir, &["slow", &shop, "--forget"]).0, 0);
    assert_eq!(said(dir, &["slow", &shop]).1, "");

    let (code, _, error) = said(dir, &["drop", &shop]);
    assert!(code == 65 && error.contains("--yes"), "{error}");
    assert_eq!(said(dir, &["drop", &shop, "--yes"]), (0, "dropped shop\n".to_owned(), String::new()));
    assert_eq!(said(dir, &["drop", &shop, "--yes"]).0, 66);
    for words in [["drop", "shop"], ["slow", "shop"]] {
        let (code, _, error) = said(dir, &words);
        assert!(code == 78 && error.contains("directory"), "{words:?}: {error}");
    }
}

#[test]
fn a_token_is_said_by_the_command_line_or_the_environment() {
    let directory = Directory::new();
    let daemon = Daemon::start(directory.path(), &["--token", "the-secret"]);
    let db = format!("{}/db", daemon.url);
    assert_eq!(said(directory.path(), &["init", &db]).0, 77);
    assert_eq!(said(directory.path(), &["init", &db, "--token", "the-secret"]).0, 0);
    let output = nedb(directory.path()).args(["head", &db]).env("NEDB_TOKEN", "the-secret").output().unwrap();
    assert!(output.status.success());
    let help = nedb(directory.path()).args(["head", "--help"]).env("NEDB_TOKEN", "the-secret").output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("the-secret"), "a token is not printed");
}

#[test]
fn a_private_authority_is_named_by_its_file() {
    let directory = Directory::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    fs::write(path("cert.pem"), made.cert.pem()).unwrap();
    fs::write(path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let tls = ["--tls-cert", &path("cert.pem"), "--tls-key", &path("key.pem")];
    let daemon = Daemon::start(directory.path(), &tls);
    let db = daemon.url.replace("http://127.0.0.1", "https://localhost") + "/db";
    let (code, _, error) = said(directory.path(), &["init", &db, "--ca", "cert.pem"]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(said(directory.path(), &["put", &db, "c", "a", "{}", "--ca", "cert.pem"]).0, 0);
    let (code, _, error) = said(directory.path(), &["head", &db, "--ca", "missing.pem"]);
    assert_eq!(code, 66, "{error}");
}

#[test]
fn a_page_of_a_daemon_has_what_it_does() {
    let directory = Directory::new();
    let daemon = Daemon::start(directory.path(), &[]);
    let db = format!("{}/db", daemon.url);
    assert_eq!(said(directory.path(), &["init", &db]).0, 0);
    assert_eq!(said(directory.path(), &["put", &db, "c", "a", "{}"]).0, 0);
    let (code, page, error) = said(directory.path(), &["top", &daemon.url, "--once"]);
    assert_eq!((code, error.as_str()), (0, ""));
    for words in ["nedbd ", ", ready, up ", "connections: http ", "refused: nothing", "POST N/tx", "\ndb "] {
        assert!(page.contains(words), "{words:?} is not in\n{page}");
    }
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let (code, figures, _) = said(directory.path(), &["top", &daemon.url, "--once", "--json"]);
    let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
    assert_eq!((code, &figures["databases"][0]["documents"]), (0, &serde_json::json!(1)));
    let (code, _, error) = said(directory.path(), &["top", &daemon.url]);
    assert!(code == 65 && error.contains("--once"), "{error}");
}
