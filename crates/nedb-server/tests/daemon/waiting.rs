//! Commands that wait: who came first is served first, and nothing is given to who has gone.

use nedb_compat::redis::Reply;

use super::client::Resp;
use super::daemon::Daemon;

fn begin(daemon: &Daemon, line: &str) -> Resp {
    let mut resp = daemon.resp();
    // Its number tells that the connection is being served, so the next one comes later.
    assert!(matches!(resp.run("CLIENT ID"), Reply::Int(_)));
    resp.send(&super::words::words(line)).unwrap();
    resp
}

/// Returns once so many clients wait.
fn wait_for(resp: &mut Resp, clients: usize) {
    let wanted = format!("blocked_clients:{clients}\r\n");
    while !String::from_utf8_lossy(&bulk(resp.run("INFO clients"))).contains(&wanted) {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

fn bulk(reply: Reply) -> Vec<u8> {
    match reply {
        Reply::Bulk(bytes) => bytes,
        other => panic!("{other:?} is no text"),
    }
}

fn pair(key: &str, value: &str) -> Reply {
    Reply::Array(vec![Reply::bulk(key), Reply::bulk(value)])
}

#[test]
fn each_who_waits_gets_one_and_nothing_is_lost() {
    let daemon = Daemon::start(&[]);
    let mut waiting: Vec<Resp> = (0..5).map(|_| begin(&daemon, "BLPOP a b 0")).collect();
    let mut giver = daemon.resp();
    assert_eq!(giver.run("RPUSH a 1 2"), Reply::Int(2));
    assert_eq!(giver.run("RPUSH b 3 4 5"), Reply::Int(3));
    let mut got: Vec<String> = waiting.iter_mut().map(|resp| format!("{:?}", resp.receive().unwrap())).collect();
    let mut wanted: Vec<String> = [("a", "1"), ("a", "2"), ("b", "3"), ("b", "4"), ("b", "5")]
        .iter()
        .map(|(key, value)| format!("{:?}", pair(key, value)))
        .collect();
    got.sort();
    wanted.sort();
    assert_eq!(got, wanted);
    assert_eq!(giver.run("EXISTS a b"), Reply::Int(0));
}

#[test]
fn a_wait_ends_with_its_time_and_its_pipeline_goes_on() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    resp.send_together(&["SET n 1", "BLPOP none 0.05", "INCR n", "MULTI", "BLPOP none 0", "EXEC"]).unwrap();
    let replies: Vec<Reply> = (0..6).map(|_| resp.receive().unwrap()).collect();
    assert_eq!(replies[..3], [Reply::ok(), Reply::NilArray, Reply::Int(2)]);
    assert!(
        matches!(&replies[5], Reply::Array(answers) if matches!(answers[..], [Reply::NilArray])),
        "{:?}",
        replies[5]
    );
}

#[test]
fn a_client_that_has_gone_takes_nothing() {
    let daemon = Daemon::start(&[]);
    drop(begin(&daemon, "BLPOP jobs 0"));
    let mut stays = begin(&daemon, "BLPOP jobs 0");
    let mut giver = daemon.resp();
    wait_for(&mut giver, 1);
    assert_eq!(giver.run("RPUSH jobs 1"), Reply::Int(1));
    assert_eq!(stays.receive().unwrap(), pair("jobs", "1"));
}

#[test]
fn who_cannot_use_what_comes_holds_up_nobody() {
    let daemon = Daemon::start(&[]);
    let mut sorted = begin(&daemon, "BZPOPMIN k 0");
    let mut list = begin(&daemon, "BLPOP k 0");
    let mut late = begin(&daemon, "XREAD BLOCK 0 STREAMS s 99-0");
    let mut next = begin(&daemon, "XREAD BLOCK 0 STREAMS s $");
    let mut giver = daemon.resp();
    wait_for(&mut giver, 4);
    assert_eq!(giver.run("RPUSH k 1"), Reply::Int(1));
    assert_eq!(list.receive().unwrap(), pair("k", "1"));
    assert_eq!(giver.run("ZADD k 5 m"), Reply::Int(1));
    assert!(matches!(sorted.receive().unwrap(), Reply::Array(_)));
    assert_eq!(giver.run("XADD s 5-1 a 1"), Reply::bulk("5-1"));
    assert!(format!("{:?}", next.receive().unwrap()).contains("[53, 45, 49]"), "the entry 5-1");
    assert_eq!(giver.run("XADD s 100-0 a 2"), Reply::bulk("100-0"));
    assert!(matches!(late.receive().unwrap(), Reply::Array(_)));
}

#[test]
fn what_comes_when_a_time_is_over_is_not_lost() {
    const TAKERS: usize = 8;
    const CALLS: usize = 200;
    let daemon = Daemon::start(&["--durability", "sync"]);
    let mut giver = daemon.resp();
    let (mut given, mut taken) = (0, 0);
    std::thread::scope(|threads| {
        // So many wait so shortly that some times are over while something is taken for them.
        let take = |mut taker: Resp| (0..CALLS).filter(|_| taker.run("BLPOP jobs 0.002") != Reply::NilArray).count();
        let takers: Vec<_> =
            (0..TAKERS).map(|_| daemon.resp()).map(|taker| threads.spawn(move || take(taker))).collect();
        while takers.iter().any(|taker| !taker.is_finished()) {
            giver.run("RPUSH jobs x");
            given += 1;
        }
        taken = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
    });
    assert_eq!(
        giver.run("LLEN jobs"),
        Reply::Int(i64::try_from(given - taken).unwrap()),
        "{taken} of {given} were taken"
    );
}
