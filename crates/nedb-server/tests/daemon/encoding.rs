//! Compression of answers and bodies over the socket.

use std::io::{Read, Write};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::daemon::Daemon;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn large_answers_are_compressed_as_the_caller_accepts() {
    let daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    let plain = http.get("/openapi.json");
    assert!(!plain.headers.contains("content-encoding") && plain.headers.contains("vary: accept-encoding"));
    let answer = http.send("GET", "/openapi.json", "accept-encoding: gzip\r\n", "");
    assert!(answer.headers.contains("content-encoding: gzip"), "{}", answer.headers);
    let mut text = String::new();
    GzDecoder::new(answer.bytes.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.body);
    let answer = http.send("GET", "/openapi.json", "accept-encoding: gzip, zstd\r\n", "");
    assert!(answer.headers.contains("content-encoding: zstd"), "{}", answer.headers);
    assert_eq!(zstd::decode_all(answer.bytes.as_slice()).unwrap(), plain.bytes);
    let small = http.send("GET", "/health", "accept-encoding: gzip\r\n", "");
    assert!(!small.headers.contains("content-encoding"));
}

#[test]
fn streamed_lines_are_compressed_on_their_way() {
    let daemon = Daemon::start(&["--durability", "none"]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let ops: Vec<String> =
        (0..5_000).map(|id| format!(r#"{{"op":"put","coll":"c","id":"{id}","doc":{{"n":{id}}}}}"#)).collect();
    let body = format!(r#"{{"ops":[{}]}}"#, ops.join(","));
    let sent = gzip(body.as_bytes());
    assert_eq!(http.send_bytes("/v1/databases/shop/tx", "content-encoding: gzip\r\n", &sent).status, 200);
    let headers = "accept: application/x-ndjson\r\naccept-encoding: zstd\r\n";
    let answer = http.send("POST", "/v1/databases/shop/query", headers, r#"{"nql":"FROM c"}"#);
    let lines = zstd::decode_all(answer.bytes.as_slice()).unwrap();
    assert_eq!(lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(), 5_000);
    assert!(answer.bytes.len() < lines.len() / 2);
}

#[test]
fn a_body_that_unfolds_too_far_is_refused_and_the_connection_goes_on() {
    let daemon = Daemon::start(&["--body-mb-max", "4"]);
    let mut http = daemon.http();
    let bomb = gzip(&vec![b' '; 64 << 20]);
    for _ in 0..3 {
        let answer = http.send_bytes("/v1/databases", "content-encoding: gzip\r\n", &bomb);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("batch_too_large")), "{}", answer.body);
    }
    for (name, body, code) in [("gzip", &b"no gzip"[..], "invalid_argument"), ("br", b"{}", "unsupported")] {
        let answer = http.send_bytes("/v1/databases", &format!("content-encoding: {name}\r\n"), body);
        assert_eq!(answer.json()["code"], code);
    }
    assert_eq!(http.get("/health").status, 200);
}
