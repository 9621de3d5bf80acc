//! Feeds of one database and of all: in order, taken up again where a connection broke, ended by errors and from other threads.

use std::sync::Arc;
use std::time::Duration;

use nedb_client::{Begin, Body, Daemon, Database, ErrorCode, Event, Feed, Options, Seq};

use super::daemon::Served;
use super::network::{Hurried, Prepared, TearingProxy, answer};
use super::temp_dir::TempDir;

const LONG: Duration = Duration::from_mins(1);

/// The database and the seq of an operation; -1 for a database that was dropped.
type Told = (String, i64);

fn told(event: &Event) -> Told {
    let seq = match event {
        Event::Operation(operation) => i64::try_from(operation.seq.get()).unwrap(),
        Event::Dropped { .. } => -1,
        other => panic!("{other:?}"),
    };
    (event.database().to_owned(), seq)
}

fn take(feed: &mut Feed, count: usize) -> Vec<Told> {
    (0..count).map(|_| told(&feed.next_within(LONG).unwrap().expect("it comes in time"))).collect()
}

fn put(database: &Database, id: i64) {
    database.put("c", id.to_string(), Body::json(format!(r#"{{"n":{id}}}"#))).unwrap();
}

fn of(all: &[Told], name: &str) -> Vec<i64> {
    all.iter().filter(|(database, _)| database == name).map(|(_, seq)| *seq).collect()
}

fn told_of(name: &str, seqs: impl IntoIterator<Item = i64>) -> Vec<Told> {
    seqs.into_iter().map(|seq| (name.to_owned(), seq)).collect()
}

#[test]
fn operations_of_one_database_come_in_order_from_where_the_reader_wants() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let mut new = shop.subscribe(shop.head().unwrap().seq()).unwrap();
    assert!(new.next_within(Duration::from_millis(1)).unwrap().is_none() && new.position().is_none());
    for n in 0..5 {
        put(&shop, n);
    }
    assert_eq!(take(&mut new, 5), told_of("shop", 0..5));
    assert_eq!(take(&mut shop.subscribe(None).unwrap(), 5), told_of("shop", 0..5));
    let mut later = shop.subscribe(Some(Seq::new(2))).unwrap();
    assert_eq!((take(&mut later, 2), later.position()), (told_of("shop", 3..5), Some("4")));
    shop.delete("c", "1").unwrap();
    let event = later.next().unwrap().unwrap();
    let operation = event.operation().unwrap();
    assert_eq!((operation.kind.as_str(), operation.collection.as_str()), ("delete", "c"));
    assert_eq!(operation.id.as_str(), Some("1"));
    let [row] = <[_; 1]>::try_from(shop.since(Some(Seq::new(4)), 1).unwrap().collect::<Vec<_>>()).unwrap();
    assert_eq!(operation.fields, row.unwrap(), "it is what a listing says");
}

#[test]
fn operations_of_all_databases_come_in_the_order_of_each() {
    let served = Served::start(&[]);
    let daemon = served.client();
    let (a, b) = (served.database("a"), served.database("b"));
    put(&a, 0);
    let mut new = daemon.subscribe(Begin::Now, &[]).unwrap();
    let stood = new.position().map(str::to_owned);
    assert!(stood.is_none(), "nothing was taken");
    for n in 1..20 {
        put(&a, n);
        put(&b, n);
    }
    let all = take(&mut new, 38);
    assert_eq!((of(&all, "a"), of(&all, "b")), ((1..20).collect(), (0..19).collect()));
    let every = take(&mut daemon.subscribe(Begin::At(Seq::new(0)), &[]).unwrap(), 39);
    assert_eq!((of(&every, "a"), of(&every, "b")), ((0..20).collect(), (0..19).collect()));
    let mut named = daemon.subscribe(Begin::At(Seq::new(18)), &["b", "later"]).unwrap();
    assert_eq!(take(&mut named, 1), told_of("b", [18]));
    put(&a, 20);
    put(&served.database("later"), 0);
    assert_eq!(
        take(&mut named, 1),
        told_of("later", [0]),
        "one that was made joins, and one that was not named does not"
    );
}

#[test]
fn a_database_that_is_dropped_is_told_also_to_who_comes_back() {
    let served = Served::start(&[]);
    let daemon = served.client();
    let (a, b) = (served.database("a"), served.database("b"));
    let mut feed = daemon.subscribe(Begin::Now, &[]).unwrap();
    put(&a, 0);
    assert_eq!(take(&mut feed, 1), told_of("a", [0]));
    let position = feed.position().unwrap().to_owned();
    daemon.drop_database("a").unwrap();
    assert_eq!(take(&mut feed, 1), told_of("a", [-1]));
    put(&served.database("a"), 0);
    assert_eq!(take(&mut feed, 1), told_of("a", [0]), "the one that is made anew is another one");
    let mut back = daemon.subscribe(Begin::Behind(position), &[]).unwrap();
    assert_eq!(take(&mut back, 2), told_of("a", [-1, 0]));

    let mut of_one = b.subscribe(None).unwrap();
    daemon.drop_database("b").unwrap();
    assert_eq!(of_one.next().unwrap().unwrap_err().code(), ErrorCode::NotFound);
    assert!(of_one.next().is_none());
}

#[test]
fn nothing_is_lost_or_comes_twice_where_a_daemon_begins_anew() {
    let mut served = Served::start(&[]);
    let port = served.address().port();
    let hurried = Arc::new(Hurried::default());
    let daemon = Daemon::at(&served.url(), Options::new().io(hurried.io())).unwrap();
    let (a, b) = (served.database("a"), served.database("b"));
    let (mut all, mut one) =
        (daemon.subscribe(Begin::Now, &[]).unwrap(), daemon.database("a").subscribe(None).unwrap());
    let (mut of_all, mut of_one) = (Vec::new(), Vec::new());
    for round in 0..3 {
        for n in 0..10 {
            put(&a, round * 10 + n);
            put(&b, round * 10 + n);
        }
        // Some are taken before it ends, and some are not.
        of_all.extend(take(&mut all, 13));
        of_one.extend(take(&mut one, 7));
        served.stop();
        served.begin_anew_at(port);
    }
    of_all.extend(take(&mut all, 21));
    of_one.extend(take(&mut one, 9));
    assert_eq!((of(&of_all, "a"), of(&of_all, "b")), ((0..30).collect(), (0..30).collect()));
    assert_eq!(of_one, told_of("a", 0..30));
    assert!(all.next_within(Duration::from_millis(50)).unwrap().is_none(), "no more than there is");
    assert!(!hurried.pauses_us().is_empty(), "it waited before it came again");
}

#[test]
fn nothing_is_lost_or_comes_twice_where_a_network_tears_connections() {
    let served = Served::start(&[]);
    let (a, b) = (served.database("a"), served.database("b"));
    for n in 0..60 {
        put(&a, n);
        put(&b, n);
    }
    for bytes in [1_500, 4_001] {
        let proxy = TearingProxy::before(served.address(), bytes);
        let hurried = Arc::new(Hurried::default());
        let daemon = Daemon::at(&proxy.url(), Options::new().io(hurried.io())).unwrap();
        let all = take(&mut daemon.subscribe(Begin::At(Seq::new(0)), &[]).unwrap(), 120);
        assert_eq!((of(&all, "a"), of(&all, "b")), ((0..60).collect(), (0..60).collect()));
        assert_eq!(take(&mut daemon.database("a").subscribe(None).unwrap(), 60), told_of("a", 0..60));
        assert!(proxy.torn() > 4, "{}", proxy.torn());
    }
}

#[test]
fn what_the_daemon_refuses_has_its_code() {
    let files = TempDir::new("client");
    let tokens = files.join("tokens.toml");
    let token = |name: &str, rights: &str| {
        let digest = nedb_types::hex::encode(nedb_crypto::sha256(&[name.as_bytes()]).as_bytes());
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digest}\"\ndatabases = {{ {rights} }}\n")
    };
    let text = token("admin", "\"*\" = \"admin\"") + &token("reader", "shop = \"read\"") + &token("nobody", "");
    std::fs::write(&tokens, text).unwrap();
    let served = Served::start(&["--tokens", tokens.to_str().unwrap()]);
    let with = |token: &str| Daemon::at(&served.url(), Options::new().token(token)).unwrap();
    let (shop, other) =
        (with("admin").create_database("shop").unwrap(), with("admin").create_database("other").unwrap());
    let refused = |token: &str, begin: Begin, names: &[&str]| with(token).subscribe(begin, names).unwrap_err().code();

    let mut reader = with("reader").subscribe(Begin::Now, &[]).unwrap();
    put(&other, 0);
    put(&shop, 0);
    assert_eq!(take(&mut reader, 1), told_of("shop", [0]), "others are not told of");
    assert_eq!(refused("nobody", Begin::Now, &[]), ErrorCode::Denied);
    assert_eq!(refused("reader", Begin::Now, &["other"]), ErrorCode::Denied);
    assert_eq!(refused("a-wrong-one", Begin::Now, &[]), ErrorCode::Unauthenticated);
    assert_eq!(with("reader").database("other").subscribe(None).unwrap_err().code(), ErrorCode::Denied);
    assert_eq!(with("admin").database("nowhere").subscribe(None).unwrap_err().code(), ErrorCode::NotFound);
    for (position, code) in [
        ("", ErrorCode::InvalidArgument),
        ("17", ErrorCode::InvalidArgument),
        ("shop:1", ErrorCode::InvalidArgument),
        ("../a:1:0", ErrorCode::InvalidName),
        ("-\r\nauthorization: Bearer admin", ErrorCode::InvalidArgument),
    ] {
        assert_eq!(refused("reader", Begin::Behind(position.to_owned()), &[]), code, "{position:?}");
    }
    assert_eq!(refused("reader\r\nx: y", Begin::Now, &[]), ErrorCode::InvalidArgument);
}

#[test]
fn another_thread_ends_a_feed_that_waits() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let mut feed = shop.subscribe(None).unwrap();
    put(&shop, 0);
    let closer = feed.closer();
    let (taken, first) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for event in &mut feed {
            taken.send(told(&event.unwrap())).unwrap();
        }
        feed
    });
    assert_eq!(first.recv().unwrap(), ("shop".to_owned(), 0));
    closer.close();
    let mut feed = reader.join().unwrap();
    assert!(feed.next().is_none() && feed.next_within(LONG).unwrap().is_none());
    assert_eq!(feed.position(), Some("0"));
}

#[test]
fn another_thread_ends_the_pause_before_another_connection() {
    let server = Prepared::with(&[&stream("id: -\n\n")]);
    // A pause has no end of its own.
    let scheduler = Arc::new(nedb_io::ManualScheduler::new());
    let io = nedb_io::Io { scheduler: Arc::clone(&scheduler) as Arc<dyn nedb_io::Scheduler>, ..nedb_io::Io::real() };
    let daemon = Daemon::at(&server.url(), Options::new().io(io)).unwrap();
    let mut feed = daemon.subscribe(Begin::Now, &[]).unwrap();
    let closer = feed.closer();
    let reader = std::thread::spawn(move || feed.next().is_none());
    while scheduler.pending() == 0 {
        std::thread::yield_now();
    }
    closer.close();
    assert!(reader.join().unwrap());
}

/// An answer with such events, behind which the connection ends.
fn stream(events: &str) -> String {
    answer("200 OK", "content-type: text/event-stream\r\n", events)
}

#[test]
fn an_event_that_is_none_ends_a_feed_with_an_error() {
    for (event, code) in [
        ("data: {bad\n\n", ErrorCode::Io),
        ("data: {}\n\n", ErrorCode::Io),
        ("data: 5\n\n", ErrorCode::Io),
        ("event: put\ndata: {\"database\":\"a\",\"seq\":\"1\"}\n\n", ErrorCode::Io),
        ("event: unavailable\ndata: {\"database\":\"a\"}\n\n", ErrorCode::Io),
        ("event: error\ndata: {}\n\n", ErrorCode::Io),
        ("event: error\ndata: {\"error\":\"a byte\",\"code\":\"corrupt\"}\n\n", ErrorCode::Corrupt),
    ] {
        let server = Prepared::with(&[&stream(&["id: -\n\n", event].concat())]);
        let mut feed = Daemon::at(&server.url(), Options::new()).unwrap().subscribe(Begin::Now, &[]).unwrap();
        assert_eq!(feed.next().unwrap().unwrap_err().code(), code, "{event}");
        assert!(feed.next().is_none() && server.requests().len() == 1);
    }
}

#[test]
fn a_daemon_that_does_not_come_back_is_an_error_of_the_network() {
    let unavailable = "event: unavailable\ndata: {\"database\":\"a\",\"error\":\"e\",\"code\":\"corrupt\"}\n\n";
    let ending = "event: error\ndata: {\"error\":\"it ends\",\"code\":\"closed\"}\n\n";
    let first = stream(&["id: a:1:x\n\n", unavailable, ending].concat());
    let busy = answer("429 Too Many Requests", "", r#"{"error":"too much","code":"busy"}"#);
    let ended = stream("");
    let server = Prepared::with(&[&first, &busy, &ended, &ended, &ended]);
    let hurried = Arc::new(Hurried::default());
    let daemon = Daemon::at(&server.url(), Options::new().io(hurried.io()).retries(1)).unwrap();
    let mut feed = daemon.subscribe(Begin::Now, &[]).unwrap();
    let Event::Unavailable { database, error } = feed.next().unwrap().unwrap() else { panic!("it is told") };
    assert_eq!((database.as_str(), error.code()), ("a", ErrorCode::Corrupt));
    let error = feed.next().unwrap().unwrap_err();
    assert_eq!((error.code(), hurried.pauses_us().len()), (ErrorCode::Io, 4), "{error}");
    let requests = server.requests();
    assert!(!requests[0].contains("last-event-id") && requests.len() == 5);
    assert!(requests[1..].iter().all(|request| request.contains("last-event-id: a:1:x\r\n")), "{requests:?}");
}

#[test]
fn a_feed_on_which_nothing_happens_outlives_many_connections() {
    let quiet = stream("id: -\n\n: nothing new\n\n");
    let told = r#"{"database":"a","seq":0,"kind":"put","ts":"2026-01-01T00:00:00.000000Z","coll":"c","id":"1"}"#;
    let last = stream(&format!("id: a:0:x\nevent: put\ndata: {told}\n\n"));
    let mut answers = vec![quiet.as_str(); 9];
    answers.push(&last);
    let server = Prepared::with(&answers);
    let hurried = Arc::new(Hurried::default());
    let daemon = Daemon::at(&server.url(), Options::new().io(hurried.io()).retries(1)).unwrap();
    let mut feed = daemon.subscribe(Begin::Now, &[]).unwrap();
    assert_eq!((take(&mut feed, 1), feed.position()), (told_of("a", [0]), Some("a:0:x")));
}
