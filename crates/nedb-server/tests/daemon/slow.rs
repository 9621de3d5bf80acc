//! Questions that took long are kept with who asked and how they were answered, and without the values of their parameters.

use nedb_compat::redis::Reply;

use super::daemon::Daemon;

#[test]
fn a_slow_question_is_kept_without_the_values_of_its_parameters() {
    // So many rows take longer than a millisecond on any machine.
    let daemon = Daemon::start(&["--slow-ms", "1", "--durability", "none"]);
    let (mut http, mut resp) = (daemon.http(), daemon.resp());
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let ops: Vec<String> =
        (0..20_000).map(|id| format!(r#"{{"op":"put","coll":"c","id":"{id}","doc":{{"n":{id}}}}}"#)).collect();
    assert_eq!(http.post("/v1/databases/shop/tx", &format!(r#"{{"ops":[{}]}}"#, ops.join(","))).status, 200);
    let question = r#"{"nql":"FROM c WHERE n > $least ORDER BY n DESC LIMIT 3","params":{"least":-4711}}"#;
    assert_eq!(http.post("/v1/databases/shop/query", question).json()["count"], 3);
    let kept = http.get("/v1/databases/shop/slow");
    assert!(!kept.body.contains("-4711"), "{}", kept.body);
    let row = &kept.json()["rows"][0];
    assert_eq!(row["text"], "FROM c WHERE n > $least ORDER BY n DESC LIMIT 3");
    assert_eq!(
        (&row["by"], &row["params"][0], &row["rows"], &row["way"]),
        (&"anybody".into(), &"least".into(), &3.into(), &"scan".into())
    );
    assert_eq!(row["scanned"], 20_000);
    assert_eq!(row["kind"], "nql");
    let steps = |row: &serde_json::Value| -> Vec<String> {
        let steps = row["steps"].as_array().unwrap().iter();
        steps.map(|step| step["step"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(steps(row), ["scan", "filter", "sort"]);
    assert_eq!(row["steps"][2]["rows"], 3, "{row}");
    assert!(row["steps"][2]["ms"].as_u64().is_some_and(|ms| ms <= row["ms"].as_u64().unwrap()), "{row}");
    let statement = r#"{"sql":"SELECT * FROM c WHERE n > ? ORDER BY n","params":[-4711]}"#;
    assert_eq!(http.post("/v1/databases/shop/sql", statement).json()["count"], 20_000);
    let kept = http.get("/v1/databases/shop/slow?limit=1");
    assert!(!kept.body.contains("-4711"), "{}", kept.body);
    assert_eq!((&kept.json()["rows"][0]["kind"], steps(&kept.json()["rows"][0]).len()), (&"sql".into(), 3));
    let call = r#"{"collection":"c","op":"count","filter":{"n":{"$gt":-4711}}}"#;
    assert_eq!(http.post("/v1/databases/shop/mongo", call).json()["count"], 20_000);
    let kept = http.get("/v1/databases/shop/slow?limit=1");
    assert!(!kept.body.contains("4711"), "{}", kept.body);
    assert_eq!(
        (&kept.json()["rows"][0]["kind"], &kept.json()["rows"][0]["text"]),
        (&"mongo".into(), &"c.count".into())
    );
    resp.run("SELECT shop");
    resp.run("EVAL \"FROM c ORDER BY n\" 0");
    assert_eq!(resp.run("SLOWLOG LEN"), Reply::Int(4));
    let Reply::Array(entries) = resp.run("SLOWLOG GET 1") else { panic!("no list") };
    let Some(Reply::Array(entry)) = entries.first() else { panic!("no entry") };
    assert_eq!(entry[3], Reply::Array(vec![Reply::bulk(*b"FROM c ORDER BY n")]));
    assert_eq!(http.send("DELETE", "/v1/databases/shop/slow", "", "").status, 200);
    assert_eq!(resp.run("SLOWLOG LEN"), Reply::Int(0));
}

#[test]
fn nothing_is_kept_when_that_is_off() {
    let daemon = Daemon::start(&["--slow-ms", "0"]);
    let mut resp = daemon.resp();
    resp.run("SET a 1");
    resp.run("EVAL \"FROM a\" 0");
    assert_eq!(resp.run("SLOWLOG LEN"), Reply::Int(0));
}
