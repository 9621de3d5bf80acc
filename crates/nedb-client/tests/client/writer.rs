//! A writer: what it says is done once and in order, whatever the network does, and errors reach somebody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nedb_io::{Clock, Io, RealClock};
use nedb_wire::stream::{Credit, Reply, SUBPROTOCOL, Terms};
use tungstenite::Message;
use tungstenite::handshake::server::{Request, Response};
use tungstenite::http::HeaderValue;

use nedb_client::{Body, Daemon, Database, ErrorCode, Expected, Op, Options, ScanRange, Seq, Value, WriteBatch};

use super::daemon::Served;
use super::network::{Hurried, Prepared, TearingProxy, answer};

fn number(n: u64) -> Body {
    Body::json(format!(r#"{{"n":{n}}}"#))
}

fn count(shop: &Database) -> usize {
    shop.scan("c", &ScanRange::all()).unwrap().map(Result::unwrap).count()
}

#[test]
fn far_more_writes_than_the_credit_are_done_in_order() {
    const WRITES: u64 = 10_000;
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let writer = shop.writer().unwrap();
    let pending: Vec<_> = (0..WRITES).map(|n| writer.put("c", (n % 7).to_string(), number(n)).unwrap()).collect();
    for (n, pending) in (0..).zip(pending) {
        assert_eq!(pending.wait().unwrap().seq(), Some(Seq::new(n)));
    }
    writer.close().unwrap();
    assert_eq!(shop.head().unwrap().size, WRITES);
    let last = shop.get("c", ((WRITES - 1) % 7).to_string()).unwrap().unwrap();
    assert_eq!(last.get("n"), Some(&Value::from(WRITES - 1)));
}

#[test]
fn a_receipt_is_that_of_a_write_over_http() {
    let served = Served::start(&[]);
    let (streamed, asked) = (served.database("streamed"), served.database("asked"));
    let writer = streamed.writer().unwrap();
    let batches = || {
        let typed =
            Body::json(r#"{"big":123456789012345678901234567890,"b":{"$bytes":"AAE="},"d":{"$decimal":"1.10"}}"#);
        [
            WriteBatch::new().client("till").idempotency_key("k").put("c", "a", typed).op(Op::link("c:a", "r", "c:b")),
            WriteBatch::new().client("till").idempotency_key("k2").op(Op::delete("c", "none")),
            WriteBatch::new().op(Op::restore("c", "a", Seq::new(0))),
            WriteBatch::new().op(Op::unlink("c:a", "r", "c:b")),
        ]
    };
    for (batch, its) in batches().into_iter().zip(batches()) {
        let (mine, its) = (writer.write(batch).unwrap().wait().unwrap(), asked.write(its).unwrap());
        assert_eq!(
            (&mine.outcomes, mine.last_seq, mine.size, mine.replayed),
            (&its.outcomes, its.last_seq, its.size, its.replayed)
        );
    }
    assert!(writer.write(batches()[0].clone()).unwrap().wait().unwrap().replayed);
    let document = |shop: &Database| shop.get("c", "a").unwrap().unwrap();
    assert_eq!(document(&streamed), document(&asked));
}

#[test]
fn an_error_reaches_who_waits_and_otherwise_the_flush() {
    let served = Served::start(&[]);
    let writer = served.database("shop").writer().unwrap();
    let code = |op: Op| writer.write(op).unwrap().wait().unwrap_err().code();
    assert_eq!(code(Op::put("c", "a", number(1)).if_seq(Expected::Seq(Seq::new(9)))), ErrorCode::PreconditionFailed);
    assert_eq!(code(Op::put("a:b", "a", number(1))), ErrorCode::InvalidName);
    let with = |json: &str| WriteBatch::new().idempotency_key("k").put("c", "a", Body::json(json));
    writer.write(with("{}")).unwrap().wait().unwrap();
    assert_eq!(writer.write(with(r#"{"n":1}"#)).unwrap().wait().unwrap_err().code(), ErrorCode::IdempotencyConflict);
    let nonce = || WriteBatch::new().client("till").op(Op::put("c", "n", number(1)).nonce(5));
    writer.write(nonce()).unwrap().wait().unwrap();
    assert_eq!(writer.write(nonce()).unwrap().wait().unwrap_err().code(), ErrorCode::StaleNonce);
    writer.flush().unwrap();
    drop(writer.put("a:b", "a", number(1)).unwrap());
    let told = writer.put("a:b", "a", number(1)).unwrap();
    while !told.wait_for(Duration::from_secs(30)) {}
    assert!(told.is_done());
    drop(told);
    assert_eq!(writer.flush().unwrap_err().code(), ErrorCode::InvalidName);
    writer.flush().unwrap();
    // What cannot be said at all is refused where it is said.
    assert_eq!(writer.put("c", "a", Body::json("[")).unwrap_err().code(), ErrorCode::InvalidJson);
    writer.close().unwrap();
}

#[test]
fn a_write_that_cannot_be_said_is_refused_at_once() {
    let served = Served::start(&["--body-mb-max", "1"]);
    let writer = served.database("shop").writer().unwrap();
    let long = Body::json(format!(r#"{{"t":"{}"}}"#, "x".repeat(1 << 20)));
    assert_eq!(writer.put("c", "a", long).unwrap_err().code(), ErrorCode::BatchTooLarge);
    writer.put("c", "a", number(1)).unwrap().wait().unwrap();
}

#[test]
fn who_may_not_write_is_told_when_he_asks_for_a_writer() {
    let served = Served::start(&["--token", "the-right-one"]);
    let code = |options: Options, name: &str| {
        let daemon = Daemon::at(&served.url(), options.retries(0)).unwrap();
        daemon.database(name).writer().unwrap_err().code()
    };
    assert_eq!(code(Options::new(), "shop"), ErrorCode::Unauthenticated);
    assert_eq!(code(Options::new().token("wrong"), "shop"), ErrorCode::Unauthenticated);
    assert_eq!(code(Options::new().token("the-right-one"), "none"), ErrorCode::NotFound);
    assert_eq!(code(Options::new().token("the-right-one"), "nedbd.audit"), ErrorCode::Denied);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hurried = Arc::new(Hurried::default());
    let daemon = Daemon::at(&format!("http://{nobody}"), Options::new().io(hurried.io())).unwrap();
    assert_eq!(daemon.database("shop").writer().unwrap_err().code(), ErrorCode::Io);
    assert_eq!(hurried.pauses_us().len(), 4, "it was tried again");
}

#[test]
fn a_busy_daemon_is_asked_again_and_another_server_is_not() {
    let busy = answer("429 Too Many Requests", "retry-after: 1\r\n", r#"{"error":"too much","code":"busy"}"#);
    for (answers, code, attempts) in [
        (vec![busy.clone(), busy.clone(), busy], ErrorCode::Busy, 3),
        (vec![answer("200 OK", "", "<html>")], ErrorCode::Io, 1),
        (vec![answer("404 Not Found", "", r#"{"error":"no route","code":"not_found"}"#)], ErrorCode::NotFound, 1),
    ] {
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        let server = Prepared::with(&answers);
        let options = Options::new().retries(2).io(Arc::new(Hurried::default()).io());
        let error = Daemon::at(&server.url(), options).unwrap().database("shop").writer().unwrap_err();
        assert_eq!((error.code(), server.requests().len()), (code, attempts), "{error}");
    }
}

#[test]
fn what_a_broken_connection_left_unknown_is_done_once() {
    const WRITES: u64 = 2_000;
    let served = Served::start(&[]);
    let direct = served.database("shop");
    let proxy = TearingProxy::before(served.address(), 20_000);
    let options = Options::new().io(Arc::new(Hurried::default()).io());
    let shop = Daemon::at(&proxy.url(), options).unwrap().database("shop");
    let writer = shop.writer().unwrap();
    let pending: Vec<_> = (0..WRITES).map(|n| writer.put("c", n.to_string(), number(n)).unwrap()).collect();
    let mut replayed = 0;
    for (n, pending) in (0..).zip(pending) {
        let receipt = pending.wait().unwrap();
        assert_eq!(receipt.seq(), Some(Seq::new(n)), "in order");
        replayed += u64::from(receipt.replayed);
    }
    writer.close().unwrap();
    assert_eq!((direct.head().unwrap().size, count(&direct)), (WRITES, usize::try_from(WRITES).unwrap()));
    assert!(proxy.torn() > 5 && replayed > 0, "{} connections, {replayed} writes answered again", proxy.torn());
}

#[test]
fn a_writer_whose_daemon_stays_away_says_so_in_every_call() {
    let served = Served::start(&[]);
    served.database("shop");
    let options = Options::new().retries(2).io(Arc::new(Hurried::default()).io());
    let writer = Daemon::at(&served.url(), options).unwrap().database("shop").writer().unwrap();
    writer.put("c", "a", number(1)).unwrap().wait().unwrap();
    drop(served);
    let error = loop {
        match writer.put("c", "b", number(2)) {
            Ok(pending) => drop(pending.wait()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), ErrorCode::Io);
    assert_eq!(writer.flush().unwrap_err().code(), ErrorCode::Io);
    assert_eq!(writer.close().unwrap_err().code(), ErrorCode::Io);
}

#[test]
fn a_writer_that_rests_while_its_daemon_goes_away_looks_for_it_only_when_it_is_needed() {
    let hurried = Arc::new(Hurried::default());
    let served = Served::start(&[]);
    served.database("shop");
    let writer = || {
        let daemon = Daemon::at(&served.url(), Options::new().retries(3).io(hurried.io())).unwrap();
        let writer = daemon.database("shop").writer().unwrap();
        writer.put("c", "a", number(1)).unwrap().wait().unwrap();
        writer
    };
    let (closed, needed) = (writer(), writer());
    drop(served);
    closed.close().unwrap();
    assert_eq!(hurried.pauses_us().len(), 0);
    assert_eq!(needed.put("c", "b", number(2)).unwrap().wait().unwrap_err().code(), ErrorCode::Io);
    assert!(!hurried.pauses_us().is_empty());
}

#[test]
fn a_daemon_that_is_silent_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let options = Options::new().silence_max(Duration::from_millis(100)).retries(0);
    let shop = Daemon::at(&format!("http://{}", silent.local_addr().unwrap()), options).unwrap().database("shop");
    assert_eq!(shop.writer().unwrap_err().code(), ErrorCode::Io);
}

#[test]
fn what_was_handed_over_is_sent_also_when_the_writer_is_dropped() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let writer = shop.writer().unwrap();
    let mut pending: Vec<_> = (0..500).map(|n| writer.put("c", n.to_string(), number(n)).unwrap()).collect();
    drop(writer);
    pending.pop().unwrap().wait().unwrap();
    assert_eq!(count(&shop), 500);
}

#[test]
fn threads_share_a_writer() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let writer = shop.writer().unwrap();
    std::thread::scope(|threads| {
        for name in 0..8 {
            let writer = &writer;
            threads.spawn(move || {
                for n in 0..200 {
                    let pending = writer.put("c", format!("{name}-{n}"), number(n)).unwrap();
                    if n % 20 == 0 {
                        pending.wait().unwrap();
                    }
                }
            });
        }
    });
    writer.flush().unwrap();
    assert_eq!(count(&shop), 1_600);
    assert!(format!("{writer:?}").contains("Writer"));
}

/// A clock that has a defect on the threads of one name.
#[derive(Debug)]
struct Defective {
    clock: RealClock,
    thread: &'static str,
    is_broken: AtomicBool,
}

impl Clock for Defective {
    fn wall_us(&self) -> i64 {
        self.clock.wall_us()
    }

    fn monotonic_us(&self) -> u64 {
        let is_here = std::thread::current().name() == Some(self.thread);
        assert!(!is_here || !self.is_broken.load(Ordering::Relaxed), "a defect, as it was wanted");
        self.clock.monotonic_us()
    }
}

#[test]
fn a_defect_in_a_thread_of_the_writer_is_told_to_its_caller() {
    let served = Served::start(&[]);
    served.database("shop");
    for thread in ["nedb-writer", "nedb-writer-listens"] {
        let clock = Arc::new(Defective { clock: RealClock::new(), thread, is_broken: AtomicBool::new(false) });
        let options = Options::new().io(Io { clock: Arc::clone(&clock) as _, ..Io::real() });
        let writer = Daemon::at(&served.url(), options).unwrap().database("shop").writer().unwrap();
        writer.put("c", "a", number(1)).unwrap().wait().unwrap();
        clock.is_broken.store(true, Ordering::Relaxed);
        let error = writer.put("c", "a", number(2)).unwrap().wait().unwrap_err();
        assert_eq!(error.code(), ErrorCode::Io, "{thread}");
        assert!(error.message().contains("a defect of the client"), "{thread}: {error}");
        assert_eq!(writer.flush().unwrap_err().code(), ErrorCode::Io, "{thread}");
    }
}

#[test]
fn a_daemon_that_pings_and_acknowledges_nothing_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pings = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        #[expect(clippy::result_large_err, reason = "it is the type of the callback")]
        let accept = |_request: &Request, mut response: Response| {
            response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
            Ok(response)
        };
        let mut socket = tungstenite::accept_hdr(stream, accept).unwrap();
        let credit = Credit { operations_max: 8, bytes_max: 1 << 20, message_bytes_max: 1 << 20 };
        let terms = Terms { server: "silent".to_owned(), database: "shop".to_owned(), credit };
        let greeting = Reply::Greeting(terms).encode().unwrap();
        socket.send(Message::Binary(greeting.into())).unwrap();
        let mut sent = 0;
        while socket.send(Message::Ping(Vec::new().into())).is_ok() {
            sent += 1;
            std::thread::sleep(Duration::from_millis(20));
        }
        sent
    });
    let options = Options::new().silence_max(Duration::from_millis(300)).retries(0);
    let writer = Daemon::at(&format!("http://{address}"), options).unwrap().database("shop").writer().unwrap();
    let error = writer.put("c", "a", number(1)).unwrap().wait().unwrap_err();
    assert_eq!(error.code(), ErrorCode::Io);
    assert!(error.message().contains("acknowledges nothing"), "{error}");
    drop(writer);
    assert!(pings.join().unwrap() > 5, "it was never silent");
}
