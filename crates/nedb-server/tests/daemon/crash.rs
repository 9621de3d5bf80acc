//! An acknowledged write is never lost, over either protocol: daemons that are killed while many clients write.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nedb_compat::redis::Reply;

use super::budget::Budget;
use super::client::{Http, Resp};
use super::daemon::Process;
use super::temp_dir::TempDir;

/// Without `NEDB_CASES`, which asks for more.
const KILLS: u64 = 12;
const CLIENTS: usize = 4;

/// The Redis way to do something once: what was done leaves a token, and a repetition finds it.
const COUNT_ONCE: &str = "if redis.call('SET', KEYS[2], '1', 'NX', 'EX', 3600) then return redis.call('INCR', KEYS[1]) end \
     return tonumber(redis.call('GET', KEYS[1]))";

/// What a client knows of its writes: all before `sent` were sent, and all before `acknowledged` are done.
#[derive(Clone, Copy, Default)]
struct Told {
    acknowledged: u64,
    sent: u64,
}

impl Told {
    /// Sends one write after the other until one is not answered.
    fn write(mut self, is_over: &AtomicBool, mut send: impl FnMut(u64) -> bool) -> Self {
        while !is_over.load(Ordering::Relaxed) {
            self.sent = self.acknowledged + 1;
            if !send(self.acknowledged) {
                break;
            }
            self.acknowledged = self.sent;
        }
        self
    }
}

/// Writes a document that has not been there; says what was told of it.
fn put(http: &mut Http, name: &str, id: u64) -> Option<serde_json::Value> {
    let body = format!(r#"{{"coll":"{name}","id":"{id:06}","doc":{{"n":{id}}},"idem":"{name}-{id}"}}"#);
    let answer = http.try_send("POST", "/v1/databases/db0/put", "", &body).ok()?;
    (answer.status == 200).then(|| answer.json())
}

/// Counts a counter up by one, for the `id`th time; says where it stands.
fn count(resp: &mut Resp, name: &str, id: u64) -> Option<u64> {
    let words = ["EVAL", COUNT_ONCE, "2", name, &format!("{name}-{id}")].map(|word| word.as_bytes().to_vec());
    match resp.send(&words).and_then(|()| resp.receive()) {
        Ok(Reply::Int(number)) => u64::try_from(number).ok(),
        _ => None,
    }
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_after_it_and_repetitions_do_nothing_twice() {
    let dir = TempDir::new("daemon");
    let mut clients = [(Told::default(), Told::default()); CLIENTS];
    let (mut writes, mut unknown) = (0, 0);
    let mut kills = Budget::cases("kills of the daemon under writes of both protocols", KILLS);
    for kill in 0.. {
        let process = Process::start(dir.path(), &[]);
        unknown += check(&process, &mut clients);
        if !kills.has_next() {
            assert!(process.end(), "SIGTERM ends it with 0");
            break;
        }
        let is_over = AtomicBool::new(false);
        let (http, resp) = (process.http, process.resp);
        std::thread::scope(|threads| {
            let is_over = &is_over;
            let writers = clients.iter().enumerate().map(|(at, &(over_http, over_resp))| {
                let over_http = threads.spawn(move || {
                    let mut http = Http::connect(http);
                    over_http.write(is_over, |id| put(&mut http, &format!("c{at}"), id).is_some())
                });
                let over_resp = threads.spawn(move || {
                    let mut resp = Resp::connect(resp);
                    over_resp.write(is_over, |id| count(&mut resp, &format!("n{at}"), id).is_some())
                });
                (over_http, over_resp)
            });
            let writers: Vec<_> = writers.collect();
            std::thread::sleep(Duration::from_millis(100 + 70 * kill % 500));
            process.kill();
            is_over.store(true, Ordering::Relaxed);
            for (client, (over_http, over_resp)) in clients.iter_mut().zip(writers) {
                let told = (over_http.join().unwrap(), over_resp.join().unwrap());
                writes += told.0.acknowledged - client.0.acknowledged + told.1.acknowledged - client.1.acknowledged;
                *client = told;
            }
        });
    }
    println!("acknowledged writes: {writes}; done without an answer, and found so by a repetition: {unknown}");
    assert!(writes > 50, "only {writes} writes were acknowledged");
}

/// Everything acknowledged is there, once; what is unknown is repeated, and is then there once. Returns how much of that was there already.
fn check(process: &Process, clients: &mut [(Told, Told)]) -> u64 {
    let (mut http, mut resp) = (Http::connect(process.http), Resp::connect(process.resp));
    assert_eq!(resp.run("PING"), Reply::Simple("PONG".into()), "which makes the database of a connection");
    let mut was_done = 0;
    for (at, (documents, counted)) in clients.iter_mut().enumerate() {
        let (collection, counter) = (format!("c{at}"), format!("n{at}"));
        let nql = format!(r#"{{"nql":"FROM {collection} COUNT"}}"#);
        let found = http.post("/v1/databases/db0/query", &nql).json()["rows"][0]["count"].as_u64().unwrap();
        assert!(
            (documents.acknowledged..=documents.sent).contains(&found),
            "{found} documents of {} to {}",
            documents.acknowledged,
            documents.sent
        );
        // The last one that was answered, and the one whose answer never came.
        for id in documents.acknowledged.saturating_sub(1)..documents.sent {
            let again = put(&mut http, &collection, id).expect("a repetition is answered");
            assert_eq!(again["replayed"] == true, id < found, "{again}");
            let versions = http.get(&format!("/v1/databases/db0/history/{collection}/{id:06}")).json()["count"].clone();
            assert_eq!(versions, 1, "{collection} {id}");
        }
        let before = match resp.run(&format!("GET {counter}")) {
            Reply::Bulk(number) => String::from_utf8(number).unwrap().parse::<u64>().unwrap(),
            _ => 0,
        };
        assert!(
            (counted.acknowledged..=counted.sent).contains(&before),
            "{before} for a counter of {} to {}",
            counted.acknowledged,
            counted.sent
        );
        for id in counted.acknowledged.saturating_sub(1)..counted.sent {
            assert_eq!(count(&mut resp, &counter, id), Some(before.max(id + 1)), "{counter} {id}");
        }
        was_done += found - documents.acknowledged + before - counted.acknowledged;
        (documents.acknowledged, counted.acknowledged) = (documents.sent, counted.sent);
    }
    was_done
}

/// Hands connections on to wherever the daemon is now, since each one has a port of its own.
fn relay(now_at: &Arc<Mutex<SocketAddr>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let now_at = Arc::clone(now_at);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // Without a daemon the connection ends at once.
            let Ok(server) = TcpStream::connect(*now_at.lock().unwrap()) else { continue };
            for (mut from, mut to) in [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))]
                .map(|(from, to)| (from.unwrap(), to.unwrap()))
            {
                std::thread::spawn(move || {
                    // Either side may be gone by then, which ends both.
                    let _copied = std::io::copy(&mut from, &mut to);
                    let _closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
                });
            }
        }
    });
    address
}

#[test]
fn writes_in_flight_are_done_once_and_in_order_however_often_the_daemon_is_killed() {
    let dir = TempDir::new("daemon");
    let mut process = Process::start(dir.path(), &[]);
    assert_eq!(Http::connect(process.http).post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let now_at = Arc::new(Mutex::new(process.http));
    let url = format!("http://{}", relay(&now_at));
    let shop = nedb_client::Daemon::at(&url, nedb_client::Options::new().retries(20)).unwrap().database("shop");
    let (is_over, progress) = (AtomicBool::new(false), AtomicU64::new(0));
    let (process, (acknowledged, replayed)) = std::thread::scope(|threads| {
        let (is_over, progress, shop) = (&is_over, &progress, &shop);
        let (sender, receiver) = std::sync::mpsc::channel::<nedb_client::Pending>();
        threads.spawn(move || {
            let writer = shop.writer().unwrap();
            for n in 0_u64.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let body = nedb_client::Body::json(format!(r#"{{"n":{n}}}"#));
                sender.send(writer.put("c", (n % 100).to_string(), body).unwrap()).unwrap();
            }
            writer.close().unwrap();
        });
        let waiting = threads.spawn(move || {
            let (mut acknowledged, mut replayed) = (0_u64, 0_u64);
            for pending in receiver {
                let receipt = pending.wait().unwrap();
                // One that was lost or done twice would move all behind it.
                assert_eq!(receipt.seq().map(nedb::Seq::get), Some(acknowledged));
                acknowledged += 1;
                progress.store(acknowledged, Ordering::Relaxed);
                replayed += u64::from(receipt.replayed);
            }
            (acknowledged, replayed)
        });
        let mut kills = Budget::cases("kills of the daemon under writes in flight", KILLS);
        for kill in (0..).take_while(|_| kills.has_next()) {
            // A daemon that is killed before its database is open gets nowhere, however often.
            let before = progress.load(Ordering::Relaxed);
            let begun = Instant::now();
            while progress.load(Ordering::Relaxed) == before {
                assert!(begun.elapsed() < Duration::from_mins(1), "nothing is acknowledged any more");
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(20 + 70 * kill % 500));
            process.kill();
            process = Process::start(dir.path(), &[]);
            *now_at.lock().unwrap() = process.http;
        }
        std::thread::sleep(Duration::from_millis(150));
        is_over.store(true, Ordering::Relaxed);
        (process, waiting.join().unwrap())
    });
    let rows = Http::connect(process.http).get("/v1/databases/shop/rows/c").json();
    let rows = rows["rows"].as_array().unwrap();
    assert_eq!(rows.len() as u64, acknowledged.min(100));
    for row in rows {
        let id: u64 = row["_id"].as_str().unwrap().parse().unwrap();
        let last = (acknowledged - 1 - id) / 100 * 100 + id;
        assert_eq!(row["n"].as_u64(), Some(last), "the last write of {id}");
    }
    assert_eq!(shop.head().unwrap().size, acknowledged);
    println!("writes in flight: {acknowledged}, answered again: {replayed}");
    assert!(replayed > 0, "no write was under way at a kill");
    process.kill();
}

#[test]
fn a_daemon_that_is_told_to_end_has_checkpoints_and_answers_after_it() {
    let dir = TempDir::new("daemon");
    let process = Process::start(dir.path(), &["--open", "eager"]);
    assert_eq!(Resp::connect(process.resp).run("SET a 1"), Reply::ok());
    assert!(process.end());
    assert!(std::fs::read_dir(dir.join("db0/index")).unwrap().next().is_some(), "a checkpoint was written");
    let process = Process::start(dir.path(), &["--open", "eager"]);
    assert_eq!(Resp::connect(process.resp).run("GET a"), Reply::bulk("1"));
    process.kill();
}
