//! Clients that mean no good, of many kinds at once, on a machine with 256 MiB for the daemon: honest clients are served all the while, and
//! find everything afterwards.

use std::io::{Read as _, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use flate2::write::GzEncoder;
use nedb_compat::redis::Reply;

use super::client::{Http, Resp, Wire, socket};
use super::daemon::Process;
use super::temp_dir::TempDir;

/// `NEDB_CASES` asks for more.
const SECONDS: u64 = 8;
const SECONDS_MAX: u64 = 60;
/// What the daemon may occupy.
const LIMIT_BYTES: u64 = 256 << 20;
/// What it may ask for, which the system holds it to: the stacks of its threads are asked for and hardly occupied.
const DATA_LIMIT_BYTES: u64 = 512 << 20;
/// What docs/nedbd.md recommends for such a machine, as the next one.
const ALLOCATOR: &str = "MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144";
const SETTINGS: &[&str] = &["--memory-mb", "32", "--query-memory-mb", "32", "--script-timeout-ms", "100"];
/// How many calls an honest client has to get done; on a busy machine the test goes on until it has, for a minute.
const HONEST_CALLS_MIN: u64 = 5;
/// How long an honest client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the daemon is, and whether its test goes on.
#[derive(Clone, Copy)]
struct Target<'a> {
    http: SocketAddr,
    resp: SocketAddr,
    is_over: &'a AtomicBool,
}

/// Ends the evil with the test, also when it fails: its threads are waited for.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Target<'_> {
    fn goes_on(self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    fn rest(self, ms: u64) {
        for _ in 0..ms.div_ceil(50) {
            if self.goes_on() {
                std::thread::sleep(Duration::from_millis(ms.min(50)));
            }
        }
    }
}

/// Bytes that are sent on fresh connections and never followed by a look at what comes back.
fn send_and_look_away(target: Target<'_>, address: SocketAddr, clients: usize, bytes: &[u8]) {
    while target.goes_on() {
        let mut open = Vec::new();
        for _ in 0..clients {
            let stream = socket(address);
            // Whoever takes no more has had enough.
            stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
            let mut wire: Box<dyn Wire> = Box::new(stream);
            drop(wire.write_all(bytes));
            open.push(wire);
        }
        target.rest(1_000);
    }
}

fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn idle(target: Target<'_>) {
    let open: Vec<_> = (0..150).flat_map(|_| [socket(target.http), socket(target.resp)]).collect();
    while target.goes_on() {
        target.rest(200);
    }
    drop(open);
}

fn byte_by_byte(target: Target<'_>) {
    let head =
        b"POST /v1/databases/db0/put HTTP/1.1\r\nhost: localhost\r\nx-slow: ".iter().chain(std::iter::repeat(&b'x'));
    let mut open: Vec<_> = (0..30).flat_map(|_| [socket(target.http), socket(target.resp)]).collect();
    for byte in head {
        if !target.goes_on() {
            return;
        }
        for stream in &mut open {
            // The daemon may have ended it.
            drop(stream.write_all(&[*byte]));
        }
        target.rest(50);
    }
}

fn declared_lengths(target: Target<'_>) {
    let megabyte = vec![b'x'; 1 << 20];
    let call = [b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500000000\r\n".as_slice(), &megabyte].concat();
    let body =
        [b"POST /v1/databases/db0/put HTTP/1.1\r\nhost: a\r\ncontent-length: 60000000\r\n\r\n".as_slice(), &megabyte]
            .concat();
    std::thread::scope(|threads| {
        threads.spawn(|| send_and_look_away(target, target.resp, 20, &call));
        threads.spawn(|| send_and_look_away(target, target.resp, 20, b"*1000000\r\n$536870912\r\nx"));
        threads.spawn(|| send_and_look_away(target, target.http, 20, &body));
    });
}

fn never_reading(target: Target<'_>) {
    let values = "GET big\r\n".repeat(2_000);
    let rows =
        request("POST", "/v1/databases/db0/query", "accept: application/x-ndjson\r\n", br#"{"nql":"FROM rows"}"#);
    let listed = request("POST", "/v1/databases/db0/query", "", br#"{"nql":"FROM rows"}"#);
    let events = request("GET", "/v1/databases/db0/events?from_seq=0", "", b"");
    let heard = format!("SUBSCRIBE news\r\n{}", "PING\r\n".repeat(5_000));
    let told = format!("PUBLISH news {}\r\n", "x".repeat(60_000)).repeat(100);
    std::thread::scope(|threads| {
        threads.spawn(|| send_and_look_away(target, target.resp, 10, values.as_bytes()));
        threads.spawn(|| send_and_look_away(target, target.resp, 10, heard.as_bytes()));
        threads.spawn(|| send_and_look_away(target, target.resp, 2, told.as_bytes()));
        threads.spawn(|| send_and_look_away(target, target.http, 10, &rows));
        threads.spawn(|| send_and_look_away(target, target.http, 5, &listed));
        threads.spawn(|| send_and_look_away(target, target.http, 10, &events));
    });
}

/// Takes a little now and then, so that no connection ever rests.
fn reading_slowly(target: Target<'_>) {
    let listed = request("POST", "/v1/databases/db0/query", "", br#"{"nql":"FROM rows"}"#);
    let mut piece = vec![0; 4 << 10];
    while target.goes_on() {
        let mut open: Vec<_> = (0..8).flat_map(|_| [socket(target.http), socket(target.resp)]).collect();
        for (at, stream) in open.iter_mut().enumerate() {
            drop(stream.write_all(if at % 2 == 0 { &listed } else { b"GET big\r\nGET big\r\nGET big\r\nGET big\r\n" }));
        }
        for _ in 0..100 {
            target.rest(50);
            for stream in &mut open {
                // Who was cut off gets nothing more.
                stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
                let _taken = stream.read(&mut piece);
            }
        }
    }
}

fn bombs(target: Target<'_>) {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; 60 << 20]).unwrap();
    let folded = request("POST", "/v1/databases/db0/put", "content-encoding: gzip\r\n", &encoder.finish().unwrap());
    let deep = request("POST", "/v1/databases/db0/put", "", "[".repeat(2 << 20).as_bytes());
    let nested = "*1\r\n".repeat(100_000);
    std::thread::scope(|threads| {
        threads.spawn(|| send_and_look_away(target, target.http, 5, &folded));
        threads.spawn(|| send_and_look_away(target, target.http, 5, &deep));
        threads.spawn(|| send_and_look_away(target, target.resp, 5, nested.as_bytes()));
    });
}

fn greedy_questions(target: Target<'_>) {
    let ask = |nql: &str| request("POST", "/v1/databases/db0/query", "", format!(r#"{{"nql":"{nql}"}}"#).as_bytes());
    let sorted = ask("FROM rows ORDER BY text DESC");
    let grouped = ask("FROM rows GROUP BY text COUNT");
    let calls = [
        "SETRANGE far 536870911 x\r\n",
        "SETBIT bits 4294967295 1\r\n",
        "EVAL \"return string.rep('x', 1000000000)\" 0\r\n",
        "EVAL \"local t = {} for i = 1, 1e9 do t[i] = i .. 'x' end\" 0\r\n",
        "LPUSH wide a b\r\nLPOS wide a COUNT 0\r\nSORT wide BY nosort GET # GET # GET #\r\nKEYS *\r\n",
    ];
    let queued = format!("MULTI\r\n{}", "GET big\r\n".repeat(20_000));
    std::thread::scope(|threads| {
        threads.spawn(|| send_and_look_away(target, target.http, 8, &sorted));
        threads.spawn(|| send_and_look_away(target, target.http, 8, &grouped));
        threads.spawn(|| send_and_look_away(target, target.resp, 3, queued.as_bytes()));
        for call in calls {
            threads.spawn(|| send_and_look_away(target, target.resp, 2, call.as_bytes()));
        }
    });
}

/// Whether a refusal asks to come again: the daemon has too much to do, and did nothing.
fn is_busy(answer: &Reply) -> bool {
    answer.error_text().is_some_and(|text| text.starts_with("BUSY") || text.starts_with("OOM"))
}

/// Writes and reads what it wrote; counts how often, and returns the longest wait for an answer.
fn honest_over_resp(target: Target<'_>, calls: &AtomicU64) -> Duration {
    let (mut resp, mut done, mut longest) = (Resp::connect(target.resp), 0, Duration::ZERO);
    while target.goes_on() {
        for (line, wanted) in [
            (format!("SET honest{done} {done}"), Reply::ok()),
            (format!("GET honest{done}"), Reply::bulk(done.to_string())),
        ] {
            let begun = Instant::now();
            loop {
                let answer = resp.run(&line);
                assert!(begun.elapsed() < PATIENCE, "{line}: {answer:?}");
                if !is_busy(&answer) {
                    assert_eq!(answer, wanted, "{line}");
                    break;
                }
                target.rest(10);
            }
            longest = longest.max(begun.elapsed());
        }
        done += 1;
        calls.store(done, Ordering::Relaxed);
    }
    longest
}

fn honest_over_http(target: Target<'_>, calls: &AtomicU64) -> Duration {
    let (mut http, mut done, mut longest) = (Http::connect(target.http), 0, Duration::ZERO);
    while target.goes_on() {
        let begun = Instant::now();
        let body = format!(r#"{{"coll":"honest","id":"{done}","doc":{{"n":{done}}},"idem":"honest-{done}"}}"#);
        loop {
            let answer = http.post("/v1/databases/db0/put", &body);
            assert!(begun.elapsed() < PATIENCE, "{} {}", answer.status, answer.body);
            if ![429, 503].contains(&answer.status) {
                assert_eq!(answer.status, 200, "{}", answer.body);
                break;
            }
            // Who is told to come again may have lost the connection.
            http = Http::connect(target.http);
            target.rest(10);
        }
        longest = longest.max(begun.elapsed());
        done += 1;
        calls.store(done, Ordering::Relaxed);
    }
    longest
}

#[cfg(target_os = "linux")]
#[test]
fn many_kinds_of_evil_at_once_in_256_mebibytes_leave_honest_clients_alone() {
    let wanted = std::env::var("NEDB_CASES").map_or(SECONDS, |cases| cases.parse().unwrap());
    let dir = TempDir::new("daemon");
    let script = format!("ulimit -d {} && {ALLOCATOR} exec \"$@\"", DATA_LIMIT_BYTES >> 10);
    let daemon = Process::start_under(&script, dir.path(), SETTINGS);
    let mut seed = Resp::connect(daemon.resp);
    let value = vec![b'x'; 1 << 20];
    seed.send(&[b"SET".to_vec(), b"big".to_vec(), value]).unwrap();
    assert_eq!(seed.receive().unwrap(), Reply::ok());
    let mut http = Http::connect(daemon.http);
    for piece in 0..20 {
        let ops = (0..500).map(|n| {
            let text = format!("{n} {}", "y".repeat(2_000));
            format!(r#"{{"op":"put","coll":"rows","id":"{piece}-{n}","doc":{{"text":"{text}"}}}}"#)
        });
        let body = format!(r#"{{"ops":[{}]}}"#, ops.collect::<Vec<_>>().join(","));
        assert_eq!(http.post("/v1/databases/db0/tx", &body).status, 200);
    }
    let (is_over, mut peak) = (AtomicBool::new(false), 0);
    let target = Target { http: daemon.http, resp: daemon.resp, is_over: &is_over };
    let calls = [AtomicU64::new(0), AtomicU64::new(0)];
    let [over_resp, over_http] = &calls;
    let done = || calls.each_ref().map(|calls| calls.load(Ordering::Relaxed));
    let longest = std::thread::scope(|threads| {
        for evil in [idle, byte_by_byte, declared_lengths, never_reading, reading_slowly, bombs, greedy_questions] {
            threads.spawn(move || evil(target));
        }
        let resp = threads.spawn(move || honest_over_resp(target, over_resp));
        let http = threads.spawn(move || honest_over_http(target, over_http));
        let over = Over(&is_over);
        let begun = Instant::now();
        let is_enough = |seconds| {
            seconds >= SECONDS_MAX.max(wanted)
                || seconds >= wanted && done().iter().all(|done| *done >= HONEST_CALLS_MIN)
        };
        while !is_enough(begun.elapsed().as_secs()) {
            peak = peak.max(daemon.anonymous_bytes());
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(over);
        (resp.join().unwrap(), http.join().unwrap())
    });
    let [over_resp, over_http] = done();
    println!(
        "{wanted} s of evil: {} honest calls over the Redis protocol (longest {:?}), {over_http} over HTTP (longest {:?}), at most {peak} bytes",
        over_resp * 2,
        longest.0,
        longest.1
    );
    assert!(over_resp >= HONEST_CALLS_MIN && over_http >= HONEST_CALLS_MIN, "{over_resp} {over_http} {longest:?}");
    assert!(peak < LIMIT_BYTES, "{peak}");
    let mut http = Http::connect(daemon.http);
    let count = http.post("/v1/databases/db0/query", r#"{"nql":"FROM honest COUNT"}"#);
    assert_eq!(count.json()["rows"][0]["count"], over_http, "{}", count.body);
    assert_eq!(
        Resp::connect(daemon.resp).run(&format!("GET honest{}", over_resp - 1)),
        Reply::bulk((over_resp - 1).to_string())
    );
    assert_eq!(http.get("/v1/databases/db0/verify").json()["ok"], true);
    assert!(daemon.end(), "it ends with 0");
}
