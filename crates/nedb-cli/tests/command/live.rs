//! `nedb live`: it prints what others write, wherever the database is.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::{
    places::Daemon,
    processes::{code, run},
    script::{Directory, nedb},
};

#[test]
fn a_live_query_shows_what_another_process_writes() {
    let directory = Directory::new();
    let dir = directory.path();
    let daemon = Daemon::start(dir, &[]);
    for db in ["db".to_owned(), format!("{}/db", daemon.url)] {
        assert_eq!(code(&run(dir, &["init", &db])), 0);
        assert_eq!(code(&run(dir, &["put", &db, "c", "a", r#"{"n": 1}"#])), 0);
        let words = ["live", &db, "FROM c WHERE n > $low ORDER BY n", "--param", "low=0", "--changes", "3"];
        let mut follower = nedb(dir).args(words).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
        let mut wanted = |wanted: &[&str]| {
            let printed: Vec<String> = lines.by_ref().take(wanted.len()).map(Result::unwrap).collect();
            assert_eq!(printed, wanted, "{db}");
        };
        wanted(&["seq 0", r#"+ {"n":1,"_id":"a"}"#]);
        assert_eq!(code(&run(dir, &["put", &db, "c", "b", r#"{"n": 2}"#])), 0);
        wanted(&["seq 1", r#"+ {"n":2,"_id":"b"}"#]);
        assert_eq!(code(&run(dir, &["put", &db, "c", "a", r#"{"n": 3}"#])), 0);
        wanted(&["seq 2", r#"- {"n":1,"_id":"a"}"#, r#"+ {"n":3,"_id":"a"}"#]);
        assert!(follower.wait().unwrap().success(), "it ends after so many changes");
    }
}
