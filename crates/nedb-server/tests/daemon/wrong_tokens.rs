//! Who guesses tokens waits for his answers, and who has one does not, from the same address.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nedb_compat::redis::Reply;

use super::daemon::Daemon;

const TOKEN: &str = "the root of all";

/// How many guess at once, and how often each.
const GUESSERS: usize = 200;
const GUESSES: usize = 5;

fn figure(page: &str, limit: &str) -> u64 {
    let line = format!("nedbd_refused_total{{limit=\"{limit}\"}} ");
    page.lines().find_map(|found| found.strip_prefix(line.as_str())).unwrap().parse().unwrap()
}

#[test]
fn a_thousand_wrong_tokens_are_slowed_down_and_the_right_one_is_not() {
    let daemon = Daemon::start(&["--token", TOKEN]);
    let (mut honest, is_over) = (daemon.http().with_token(TOKEN), AtomicBool::new(false));
    assert_eq!(honest.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let began = Instant::now();
    let (statuses, slowest) = std::thread::scope(|threads| {
        let guess = || -> Vec<u16> {
            let mut http = daemon.http().with_token("a wrong token");
            let paths = ["/v1/databases", "/no/such/route", "/health"];
            paths.iter().cycle().take(GUESSES).map(|path| http.get(path).status).collect()
        };
        let guessers: Vec<_> = (0..GUESSERS).map(|_| threads.spawn(guess)).collect();
        let honest = threads.spawn(|| {
            let (mut slowest, mut resp) = (Duration::ZERO, daemon.resp());
            assert_eq!(resp.run(&format!("AUTH {TOKEN:?}")), Reply::ok());
            while !is_over.load(Ordering::Relaxed) {
                let asked = Instant::now();
                assert_eq!(honest.get("/v1/databases/shop").status, 200);
                let mut anew = daemon.resp();
                assert_eq!(anew.run(&format!("AUTH {TOKEN:?}")), Reply::ok());
                assert_eq!(resp.run("PING"), Reply::Simple("PONG".into()));
                slowest = slowest.max(asked.elapsed());
            }
            slowest
        });
        let statuses: Vec<u16> = guessers.into_iter().flat_map(|guesser| guesser.join().unwrap()).collect();
        is_over.store(true, Ordering::Relaxed);
        (statuses, honest.join().unwrap())
    });
    let took = began.elapsed();
    assert!(statuses.iter().all(|status| *status == 401), "{statuses:?}");
    // Each guesser waits a second for each answer but for the first few.
    assert!(took > Duration::from_secs(3), "{took:?}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    let page = daemon.http().with_token(TOKEN).get("/metrics").body;
    let guesses = (GUESSERS * GUESSES) as u64;
    assert_eq!((figure(&page, "login"), figure(&page, "wrong_tokens")), (20, guesses - 20));
    let answer = daemon.http().with_token("a wrong token").get("/v1/databases");
    assert_eq!(
        (answer.status, answer.json()["code"].as_str(), answer.json()["at"]["limit"].as_str()),
        (401, Some("unauthenticated"), Some("wrong_tokens"))
    );
}

#[test]
fn a_redis_connection_ends_after_some_wrong_tokens_and_sooner_where_many_came() {
    let daemon = Daemon::start(&["--token", TOKEN]);
    for _ in 0..4 {
        let mut resp = daemon.resp();
        for word in ["AUTH x", "HELLO 3 AUTH default x", "AUTH default x", "AUTH x", "AUTH x"] {
            assert!(resp.run(word).error_text().unwrap().starts_with("WRONGPASS"), "{word}");
        }
        assert!(resp.receive().is_err(), "it ended with the fifth");
    }
    let began = Instant::now();
    let mut resp = daemon.resp();
    assert!(resp.run("AUTH x").error_text().unwrap().starts_with("WRONGPASS"));
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert!(resp.receive().is_err(), "it ended with the first");
    let began = Instant::now();
    assert_eq!(daemon.http().with_token("x").get("/health").status, 401);
    assert!(began.elapsed() >= Duration::from_secs(1), "both protocols count together");
    let mut right = daemon.resp();
    assert_eq!(right.run(&format!("AUTH {TOKEN:?}")), Reply::ok());
}
