//! The tiles of the log over HTTP: somebody who shares no code with the engine reads them and finds the root of the checkpoint.

use std::process::Command;

use super::daemon::Daemon;
use super::temp_dir::TempDir;

#[test]
fn an_independent_reader_finds_the_root_of_the_checkpoint_in_the_tiles() {
    let daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let put = |id: u32| format!(r#"{{"op":"put","coll":"c","id":"{id}","doc":{{}}}}"#);
    let ops: Vec<String> = (0..600).map(put).collect();
    assert_eq!(http.post("/v1/databases/shop/tx", &format!(r#"{{"ops":[{}]}}"#, ops.join(","))).status, 200);
    let checkpoint = http.get("/v1/databases/shop/checkpoint").body;
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    assert_eq!(size, 600);
    let dir = TempDir::new("daemon");
    std::fs::write(dir.join("checkpoint"), &checkpoint).unwrap();
    for tile in nedb_crypto::tiles::tiles_of_tree(size) {
        let path = tile.to_string();
        let answer = http.get(&format!("/v1/databases/shop/{path}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_eq!(answer.headers.contains("immutable"), tile.width() == 256, "{path}");
        let file = dir.join(&path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &answer.bytes).unwrap();
    }
    let head = http.get("/v1/databases/shop").json()["database"]["head"].as_str().unwrap().to_owned();
    let checker = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/nedb_check.py");
    let checked = Command::new("python3")
        .args([checker, "tiles", dir.path().to_str().unwrap(), "--size", "600", "--root", &head])
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn what_is_no_tile_is_refused_and_what_is_not_there_yet_is_missing() {
    let daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    assert_eq!(http.post("/v1/databases/shop/put", r#"{"coll":"c","id":"1","doc":{}}"#).status, 200);
    assert_eq!(http.get("/v1/databases/shop/tile/0/000.p/1").bytes.len(), 32);
    for (path, status) in
        [("0/000", 404), ("0/000.p/2", 404), ("0/0", 400), ("8/000", 400), ("entries", 400), ("0/../../put", 400)]
    {
        assert_eq!(http.get(&format!("/v1/databases/shop/tile/{path}")).status, status, "{path}");
    }
}
