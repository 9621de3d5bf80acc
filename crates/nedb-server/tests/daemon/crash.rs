//! An acknowledged write is never lost, over either protocol: daemons that are killed while many clients write.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nedb_compat::redis::Reply;

use super::client::{Http, Resp};
use super::daemon::Process;
use super::temp_dir::TempDir;

const KILLS: u64 = 6;
const CLIENTS: u64 = 4;

/// What a client was told: how many of its writes were acknowledged, and how many were sent.
struct Told {
    acknowledged: u64,
    sent: u64,
}

fn write_over_http(address: std::net::SocketAddr, name: &str, from: u64, is_over: &AtomicBool) -> Told {
    let mut http = Http::connect(address);
    let mut told = Told { acknowledged: from, sent: from };
    while !is_over.load(Ordering::Relaxed) {
        let id = told.sent;
        told.sent += 1;
        let body = format!(r#"{{"coll":"{name}","id":"{id:06}","doc":{{"n":{id}}},"idem":"{name}-{id}"}}"#);
        match http.try_send("POST", "/v1/databases/db0/put", "", &body) {
            Ok(answer) if answer.status == 200 => told.acknowledged = told.sent,
            _ => break,
        }
    }
    told
}

fn write_over_resp(address: std::net::SocketAddr, name: &str, from: u64, is_over: &AtomicBool) -> Told {
    let mut resp = Resp::connect(address);
    let mut told = Told { acknowledged: from, sent: from };
    while !is_over.load(Ordering::Relaxed) {
        told.sent += 1;
        let sent = resp.send(&[b"INCR".to_vec(), name.as_bytes().to_vec()]);
        match sent.and_then(|()| resp.receive()) {
            Ok(Reply::Int(number)) => told.acknowledged = number.unsigned_abs(),
            _ => break,
        }
    }
    told
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let dir = TempDir::new("daemon");
    let (mut documents, mut counts) =
        (vec![0; usize::try_from(CLIENTS).unwrap()], vec![0; usize::try_from(CLIENTS).unwrap()]);
    let mut writes = 0;
    for kill in 0..KILLS {
        let process = Process::start(dir.path(), &[]);
        assert_eq!(Resp::connect(process.resp).run("PING"), Reply::Simple("PONG".into()));
        check(&process, &mut documents, &mut counts);
        let is_over = AtomicBool::new(false);
        let (http, resp) = (process.http, process.resp);
        std::thread::scope(|threads| {
            let mut clients = Vec::new();
            for (client, (documents, count)) in documents.iter().copied().zip(counts.iter().copied()).enumerate() {
                let is_over = &is_over;
                let over_http = threads.spawn(move || write_over_http(http, &format!("c{client}"), documents, is_over));
                let over_resp = threads.spawn(move || write_over_resp(resp, &format!("n{client}"), count, is_over));
                clients.push((over_http, over_resp));
            }
            std::thread::sleep(Duration::from_millis(150 + 70 * kill));
            process.kill();
            is_over.store(true, Ordering::Relaxed);
            for (at, (over_http, over_resp)) in clients.into_iter().enumerate() {
                let (told_http, told_resp) = (over_http.join().unwrap(), over_resp.join().unwrap());
                writes += told_http.acknowledged - documents[at] + told_resp.acknowledged - counts[at];
                (documents[at], counts[at]) = (told_http.acknowledged, told_resp.acknowledged);
            }
        });
    }
    let process = Process::start(dir.path(), &[]);
    // The last one may have been asked before its database was opened again.
    check(&process, &mut documents, &mut counts);
    assert!(process.end(), "SIGTERM ends it with 0");
    println!("kills of the daemon: {KILLS}, acknowledged writes: {writes}");
    assert!(writes > 50, "only {writes} writes were acknowledged");
}

/// Everything acknowledged is there, nothing was done twice, and a repetition with its key gives the first answer.
fn check(process: &Process, documents: &mut [u64], counts: &mut [u64]) {
    let (mut http, mut resp) = (Http::connect(process.http), Resp::connect(process.resp));
    for (client, acknowledged) in documents.iter_mut().enumerate() {
        let count = http.post("/v1/databases/db0/query", &format!(r#"{{"nql":"FROM c{client} COUNT"}}"#)).json();
        let found = count["rows"][0]["count"].as_u64().unwrap();
        assert!(found == *acknowledged || found == *acknowledged + 1, "{found} of {acknowledged} documents");
        if let Some(last) = acknowledged.checked_sub(1) {
            let body =
                format!(r#"{{"coll":"c{client}","id":"{last:06}","doc":{{"n":{last}}},"idem":"c{client}-{last}"}}"#);
            let again = http.post("/v1/databases/db0/put", &body);
            assert_eq!(again.json()["replayed"], true, "{}", again.body);
        }
        *acknowledged = found;
    }
    for (client, acknowledged) in counts.iter_mut().enumerate() {
        let found = match resp.run(&format!("GET n{client}")) {
            Reply::Bulk(number) => String::from_utf8(number).unwrap().parse::<u64>().unwrap(),
            _ => 0,
        };
        assert!(found == *acknowledged || found == *acknowledged + 1, "{found} for a counter at {acknowledged}");
        *acknowledged = found;
    }
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
    let is_over = AtomicBool::new(false);
    let (process, (acknowledged, replayed)) = std::thread::scope(|threads| {
        let (is_over, shop) = (&is_over, &shop);
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
                replayed += u64::from(receipt.replayed);
            }
            (acknowledged, replayed)
        });
        for kill in 0..KILLS {
            std::thread::sleep(Duration::from_millis(150 + 70 * kill));
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
    println!("kills of the daemon: {KILLS}, writes in flight: {acknowledged}, answered again: {replayed}");
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
