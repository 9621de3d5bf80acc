//! The data directory: who serves it, and a database in it that cannot be opened.

use nedb::{Database, ErrorCode, Options};
use nedb_server::{Config, Server, command};

use super::daemon::Daemon;

#[test]
fn a_directory_is_served_by_one_daemon() {
    let mut daemon = Daemon::start(&[]);
    let dir = daemon.dir.path().to_str().unwrap().to_owned();
    let config = || {
        let words = ["nedbd", "--port", "0", "--resp2-port", "0", "--data", &dir];
        Config::read(&command().get_matches_from(words)).unwrap()
    };
    let error = Server::start(config()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Locked, "{error}");
    assert!(error.message().contains("another nedbd"), "{error}");
    daemon.restart(&[]);
    assert_eq!(daemon.http().get("/health").status, 200);
}

#[test]
fn a_database_that_cannot_be_opened_hides_no_other_and_tells_no_path() {
    let mut daemon = Daemon::start(&[]);
    for name in ["shop", "away"] {
        assert_eq!(daemon.http().post("/v1/databases", &format!(r#"{{"name":"{name}"}}"#)).status, 201);
    }
    daemon.restart(&["--open", "lazy"]);
    let elsewhere = Database::open(daemon.dir.path().join("away"), Options::new()).unwrap();
    let page = daemon.http().get("/v1/databases");
    assert_eq!(page.status, 200, "{}", page.body);
    let page: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    let rows: Vec<_> = page["databases"].as_array().unwrap().iter().map(|row| (&row["name"], &row["code"])).collect();
    assert_eq!(rows[0], (&"away".into(), &"locked".into()));
    assert!(rows.contains(&(&"shop".into(), &serde_json::Value::Null)), "{page}");
    let dir = daemon.dir.path().to_str().unwrap();
    assert!(!page.to_string().contains(dir), "{page}");
    let refused = daemon.http().get("/v1/databases/away");
    assert_eq!((refused.status, refused.body.contains(dir)), (409, false), "{}", refused.body);
    let refused = daemon.resp().run("SELECT away").error_text().unwrap_or_default();
    assert!(!refused.contains(dir), "{refused}");
    drop(elsewhere);
    assert_eq!(daemon.http().get("/v1/databases/away").status, 200);
}
