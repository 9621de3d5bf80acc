//! `/metrics`: well-formed, counting what happens, bounded, and only for those who may see all databases.

use std::collections::{BTreeMap, BTreeSet};

use super::client::Http;
use super::daemon::Daemon;

/// The samples of a page by name and labels, as they are written, after checking the text format as `promtool check metrics` does.
fn samples(page: &str) -> BTreeMap<String, String> {
    let (mut kinds, mut samples) = (BTreeMap::new(), BTreeMap::new());
    let mut helped = BTreeSet::new();
    assert!(page.ends_with('\n'), "the last line ends");
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            assert!(helped.insert(name.to_owned()) && help.ends_with('.'), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a kind");
            assert!(helped.contains(name) && ["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let name = series.split('{').next().unwrap();
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let is_histogram = base.is_some_and(|base| kinds.get(base).is_some_and(|kind| kind == "histogram"));
            assert!(is_histogram || kinds.contains_key(name), "without a type: {line}");
            assert_eq!(series.contains('{'), series.ends_with('}'), "{line}");
            assert!(value.parse::<f64>().is_ok(), "no number: {line}");
            assert!(samples.insert(series.to_owned(), value.to_owned()).is_none(), "twice: {line}");
        }
    }
    samples
}

fn value(http: &mut Http, series: &str) -> String {
    let answer = http.get("/metrics");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.headers.contains("content-type: text/plain; version=0.0.4"), "{}", answer.headers);
    samples(&answer.body).remove(series).unwrap_or_default()
}

#[test]
fn figures_follow_what_happens() {
    let daemon = Daemon::start(&["--requests-max", "7"]);
    let (mut http, mut resp) = (daemon.http(), daemon.resp());
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    for _ in 0..3 {
        assert_eq!(http.post("/v1/databases/shop/put", r#"{"coll":"c","id":"1","doc":{}}"#).status, 200);
    }
    assert_eq!(http.get("/v1/databases/shop/rows/c/none").status, 404);
    assert_eq!(http.get("/nowhere").status, 404);
    resp.run("SELECT shop");
    resp.run("SET a 1");
    resp.run("HGET a b");
    resp.run("EVALSHA 0000000000000000000000000000000000000000 0");
    resp.run("SCRIPT LOAD \"return 1\"");
    for _ in 0..2 {
        resp.run("EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0");
    }
    let put = "method=\"POST\",route=\"/v1/databases/{db}/put\"";
    let rows = "method=\"GET\",route=\"/v1/databases/{db}/rows/{coll}/{id}\"";
    for (series, wanted) in [
        (format!("nedbd_http_requests_total{{{put},status=\"2xx\"}}"), "3"),
        (format!("nedbd_http_request_seconds_count{{{put}}}"), "3"),
        (format!("nedbd_http_request_seconds_bucket{{{put},le=\"+Inf\"}}"), "3"),
        (format!("nedbd_http_requests_total{{{rows},status=\"4xx\"}}"), "1"),
        ("nedbd_http_requests_total{method=\"ANY\",route=\"unknown\",status=\"4xx\"}".to_owned(), "1"),
        ("nedbd_redis_call_seconds_count{family=\"Strings\"}".to_owned(), "1"),
        ("nedbd_redis_errors_total{family=\"Hashes\"}".to_owned(), "1"),
        ("nedbd_redis_round_calls_count".to_owned(), "5"),
        ("nedbd_connections{protocol=\"redis\"}".to_owned(), "1"),
        ("nedbd_requests_under_way".to_owned(), "0"),
        ("nedbd_requests_max".to_owned(), "7"),
        // The second one is that of administrative acts.
        ("nedbd_databases_open".to_owned(), "2"),
        ("nedbd_database_operations{database=\"shop\"}".to_owned(), "4"),
        ("nedbd_database_commit_group_requests_count{database=\"shop\"}".to_owned(), "4"),
        ("nedbd_database_commit_group_requests_sum{database=\"shop\"}".to_owned(), "4"),
        ("nedbd_database_commit_group_requests_bucket{database=\"shop\",le=\"1\"}".to_owned(), "4"),
        ("nedbd_database_feeds{database=\"shop\"}".to_owned(), "0"),
        // Two clients wrote, one of them three times.
        ("nedbd_cache_misses_total{database=\"shop\",cache=\"clients\"}".to_owned(), "2"),
        ("nedbd_cache_hits_total{database=\"shop\",cache=\"clients\"}".to_owned(), "2"),
        ("nedbd_cache_hits_total{database=\"shop\",cache=\"index_nodes\"}".to_owned(), "0"),
        ("nedbd_cache_misses_total{database=\"shop\",cache=\"scripts\"}".to_owned(), "1"),
        ("nedbd_cache_hits_total{database=\"shop\",cache=\"scripts\"}".to_owned(), "2"),
    ] {
        assert_eq!(value(&mut http, &series), wanted, "{series}");
    }
    let syncs = value(&mut http, "nedbd_database_sync_seconds_count{database=\"shop\"}");
    assert!(syncs.parse::<u64>().unwrap() >= 4, "{syncs}");
    let all = value(&mut http, "nedbd_database_sync_seconds_bucket{database=\"shop\",le=\"+Inf\"}");
    assert!(all.parse::<u64>().unwrap() >= syncs.parse().unwrap(), "{all}");
    assert!(value(&mut http, "nedbd_database_sync_seconds_sum{database=\"shop\"}").parse::<f64>().unwrap() > 0.0);
    assert!(value(&mut http, "process_start_time_seconds").parse::<u64>().unwrap() > 0);
}

#[test]
fn figures_are_for_those_who_may_verify_every_database() {
    let daemon = Daemon::start(&["--token", "a long secret"]);
    assert_eq!(daemon.http().get("/metrics").status, 401);
    assert_eq!(daemon.http().with_token("a wrong secret").get("/metrics").status, 401);
    let mut http = daemon.http().with_token("a long secret");
    assert_eq!(value(&mut http, "nedbd_refused_total{limit=\"login\"}"), "1");
}
