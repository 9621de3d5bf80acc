//! Spans: a collector gets those of requests and rounds, with their parents; one that is away holds up nobody.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use nedb_types::hex;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;

use super::daemon::{Daemon, Process};
use super::temp_dir::TempDir;

/// How long a span may take to come: the daemon sends what waits once a second.
const COMING_MAX: Duration = Duration::from_secs(30);

/// What a test looks at.
#[derive(Debug)]
struct Got {
    service: String,
    name: String,
    trace: String,
    parent: String,
    is_server: bool,
    is_error: bool,
    attributes: BTreeMap<String, String>,
    time_ns: u64,
}

/// A collector of OpenTelemetry: takes OTLP over HTTP, and hands over every span.
struct Collector {
    address: SocketAddr,
    spans: Receiver<Got>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, spans) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                std::thread::spawn(move || while take(&mut BufReader::new(stream.as_ref().unwrap()), &sender) {});
            }
        });
        Self { address, spans }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Spans until one has the name; it is the last.
    fn until(&self, name: &str) -> Vec<Got> {
        let mut spans = Vec::new();
        while spans.last().is_none_or(|span: &Got| span.name != name) {
            spans.push(self.spans.recv_timeout(COMING_MAX).expect("a span"));
        }
        spans
    }
}

/// Takes one request and answers it; false when the connection is over.
fn take(stream: &mut BufReader<&TcpStream>, spans: &Sender<Got>) -> bool {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = bytes.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        head += &line.to_ascii_lowercase();
    }
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf\r\n"), "{head}");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    for span in spans_of(&ExportTraceServiceRequest::decode(body.as_slice()).expect("what the specification says")) {
        // A test that has seen enough listens no more.
        let _heard = spans.send(span);
    }
    stream
        .get_mut()
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")
        .is_ok()
}

fn spans_of(request: &ExportTraceServiceRequest) -> Vec<Got> {
    let mut spans = Vec::new();
    for resource in &request.resource_spans {
        let service = attributes(&resource.resource.as_ref().unwrap().attributes).remove("service.name").unwrap();
        for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
            spans.push(Got {
                service: service.clone(),
                name: span.name.clone(),
                trace: hex::encode(&span.trace_id),
                parent: hex::encode(&span.parent_span_id),
                is_server: span.kind() == SpanKind::Server,
                is_error: span.status.as_ref().is_some_and(|status| status.code != 0),
                attributes: attributes(&span.attributes),
                time_ns: span.end_time_unix_nano - span.start_time_unix_nano,
            });
        }
    }
    spans
}

fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("an attribute {other:?}"),
    };
    pairs.iter().map(|pair| (pair.key.clone(), text(&pair.value))).collect()
}

#[test]
fn a_collector_gets_the_spans_of_requests_and_rounds_with_their_parents() {
    let collector = Collector::start();
    let daemon = Daemon::start(&["--otlp-endpoint", &collector.url(), "--otlp-service", "shop's database"]);
    let (mut http, mut resp) = (daemon.http(), daemon.resp());
    let parent = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let unsampled = "traceparent: 00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203332-00\r\n";
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let put = r#"{"coll":"c","id":"a secret","doc":{"of":"somebody"}}"#;
    assert_eq!(http.send("POST", "/v1/databases/shop/put", parent, put).status, 200);
    assert_eq!(http.send("POST", "/v1/databases/shop/put", unsampled, put).status, 200);
    assert_eq!(http.send("GET", "/v1/databases/shop/rows/c/none", "traceparent: nonsense\r\n", "").status, 404);
    resp.run("SELECT shop");
    resp.run("SET k v");

    let spans = collector.until("redis round");
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let rows = "GET /v1/databases/{db}/rows/{coll}/{id}";
    assert_eq!(names, ["POST /v1/databases", "POST /v1/databases/{db}/put", rows, "redis round"]);
    assert!(
        spans.iter().all(|span| span.service == "shop's database" && span.is_server && !span.is_error),
        "{spans:?}"
    );
    assert!(spans.iter().all(|span| span.time_ns > 0 && span.time_ns < 60_000_000_000), "{spans:?}");
    let [_, put, missing, round] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((put.trace.as_str(), put.parent.as_str()), ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"));
    assert_eq!((missing.trace.len(), missing.parent.as_str()), (32, ""), "what names no parent begins a trace");
    assert_eq!(
        (put.attributes["http.response.status_code"].as_str(), put.attributes["db.namespace"].as_str()),
        ("200", "shop")
    );
    assert_eq!(missing.attributes["http.response.status_code"], "404");
    assert_eq!(
        (round.attributes["db.namespace"].as_str(), round.attributes["db.operation.batch.size"].as_str()),
        ("shop", "1")
    );
    let told = format!("{spans:?}");
    assert!(!told.contains("secret") && !told.contains("somebody") && !told.contains("none"), "{told}");
}

#[test]
fn a_daemon_that_is_told_to_end_sends_what_waits() {
    let collector = Collector::start();
    let dir = TempDir::new("traces");
    let daemon = Process::start(dir.path(), &["--otlp-endpoint", &collector.url()]);
    let mut http = super::client::Http::connect(daemon.http);
    assert_eq!(http.get("/health").status, 200);
    assert!(daemon.end());
    let span = collector.spans.try_recv().expect("it came before the process ended");
    assert_eq!((span.name.as_str(), span.service.as_str()), ("GET /health", "nedbd"));
}

#[test]
fn a_collector_that_is_away_holds_up_nobody_and_fills_no_memory() {
    // One takes connections and never answers; nobody listens where the other was.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [silent.local_addr().unwrap(), gone] {
        let dir = TempDir::new("traces");
        let daemon = Process::start(dir.path(), &["--otlp-endpoint", &format!("http://{address}")]);
        let mut http = super::client::Http::connect(daemon.http);
        let ask = |http: &mut super::client::Http, times: u32| {
            let start = Instant::now();
            (0..times).for_each(|_| assert_eq!(http.get("/health").status, 200));
            start.elapsed() / times
        };
        ask(&mut http, 6_000);
        let before = daemon.resident_bytes();
        let each = ask(&mut http, 10_000);
        let grown = daemon.resident_bytes().saturating_sub(before);
        assert!(each < Duration::from_millis(20), "a request took {each:?}");
        assert!(grown < 8 << 20, "{grown} bytes after the queue was full");
        let start = Instant::now();
        assert!(daemon.end());
        assert!(start.elapsed() < Duration::from_secs(20), "it ended after {:?}", start.elapsed());
    }
}
