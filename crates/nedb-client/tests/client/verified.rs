//! Verified reads: what is proved is the document that the plain read gives, and a history that was changed is found out.

use std::path::Path;

use nedb_client::{Body, Daemon, Database, ErrorCode, Op, Options, Pin, Seq};

use super::daemon::Served;
use super::network::MovingProxy;
use super::temp_dir::TempDir;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn put(db: &Database, id: &str) -> Seq {
    db.put("c", id, Body::json(format!(r#"{{"n":"{id}"}}"#))).unwrap().seq().unwrap()
}

#[test]
fn a_proved_document_is_the_one_that_is_read() {
    let served = Served::start(&[]);
    let plain = served.database("shop");
    let cause = put(&plain, "cause");
    let full = Op::put("c", "full", Body::json(r#"{"a":[1,{"b":null}]}"#)).caused_by(cause).evidence("inference");
    let full = full.confidence(0.25).valid_from("2026-01-01T00:00:00Z").ttl_us(3_600_000_000);
    plain.write(full).unwrap();
    put(&plain, "later");
    plain.write(Op::expire("c", "later").ttl_us(3_600_000_000)).unwrap();
    plain.restore("c", "cause", cause).unwrap();
    let verified = plain.clone().verified(Pin::in_memory()).unwrap();
    for id in ["cause", "full", "later"] {
        assert_eq!(verified.get("c", id).unwrap(), plain.get("c", id).unwrap(), "{id}");
    }
    assert_eq!(verified.get_at("c", "cause", cause).unwrap(), plain.get_at("c", "cause", cause).unwrap());
    assert!(verified.get("c", "nobody").unwrap().is_none());
}

#[test]
fn a_proved_version_from_after_the_moment_is_not_believed() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let (first, second) = (put(&shop, "a"), put(&shop, "a"));
    let lying = MovingProxy::before(served.address(), &format!("as_of={first}"), &format!("as_of={second}"));
    let lied_to = Daemon::at(&lying.url(), Options::new()).unwrap().database("shop");
    assert!(lied_to.get_at("c", "a", first).unwrap().is_some(), "the proxy works");
    let error = lied_to.verified(Pin::in_memory()).unwrap().get_at("c", "a", first).unwrap_err();
    assert!(error.code() == ErrorCode::BadProof && error.message().contains("later"), "{error}");
}

#[test]
fn a_history_that_does_not_go_on_from_the_pinned_one_is_found_out() {
    let mut served = Served::start(&[]);
    let shop = served.database("shop");
    put(&shop, "a");
    served.stop();
    let before = TempDir::new("client");
    let data = served.dir.join("data");
    copy(&data, &before.join("data"));
    let pin = served.dir.join("shop.pin");
    served.begin_anew();
    let shop = served.client().database("shop").verified(Pin::in_file(&pin)).unwrap();
    put(&shop, "b");
    assert!(shop.get("c", "b").unwrap().is_some());
    // An older state of the files, after which something else happened.
    served.stop();
    std::fs::remove_dir_all(&data).unwrap();
    copy(&before.join("data"), &data);
    served.begin_anew();
    let shop = served.client().database("shop");
    put(&shop, "other");
    assert!(shop.get("c", "other").unwrap().is_some(), "who asks for no proof sees nothing of it");
    let shop = shop.verified(Pin::in_file(&pin)).unwrap();
    assert_eq!(shop.get("c", "other").unwrap_err().code(), ErrorCode::HeadMismatch);
}

#[test]
fn a_pin_belongs_to_one_database_and_goes_on_from_run_to_run() {
    let served = Served::start(&[]);
    let (first, second) = (served.database("first"), served.database("second"));
    put(&first, "a");
    put(&second, "a");
    let path = served.dir.join("pin");
    let pinned = |db: &Database| db.clone().verified(Pin::in_file(&path)).unwrap();
    assert!(pinned(&first).get("c", "a").unwrap().is_some());
    put(&first, "b");
    assert!(pinned(&first).get("c", "b").unwrap().is_some());
    assert!(std::fs::read_to_string(&path).unwrap().contains("\"size\":2"));
    assert_eq!(pinned(&second).get("c", "a").unwrap_err().code(), ErrorCode::BadSignature);
    let other = second.verifier_key().unwrap();
    let refused = first.clone().verified(Pin::in_file(&path).key(other.clone())).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::WrongDatabase);
    let error = first.clone().verified(Pin::in_memory().key(other)).unwrap().get("c", "a").unwrap_err();
    assert_eq!(error.code(), ErrorCode::BadSignature);
    std::fs::write(&path, "{}").unwrap();
    assert_eq!(first.verified(Pin::in_file(&path)).unwrap_err().code(), ErrorCode::Corrupt);
}

#[test]
fn threads_share_a_pin() {
    let served = Served::start(&[]);
    let plain = served.database("shop");
    let shop = plain.clone().verified(Pin::in_memory()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let shop = &shop;
            scope.spawn(move || {
                for number in 0..5 {
                    let id = format!("{thread}-{number}");
                    put(shop, &id);
                    assert!(shop.get("c", &id).unwrap().is_some());
                }
            });
        }
    });
}

#[test]
fn a_proved_version_whose_lifetime_was_over_at_the_moment_is_not_believed() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let short = shop.write(Op::put("c", "a", Body::json("{}")).ttl_us(1_000)).unwrap().seq().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(5));
    let later = put(&shop, "b");
    let lying = MovingProxy::before(served.address(), &format!("as_of={later}"), &format!("as_of={short}"));
    let lied_to = Daemon::at(&lying.url(), Options::new()).unwrap().database("shop");
    assert!(lied_to.get_at("c", "a", later).unwrap().is_some(), "the proxy works");
    let lied_to = lied_to.verified(Pin::in_memory()).unwrap();
    let error = lied_to.get_at("c", "a", later).unwrap_err();
    assert!(error.code() == ErrorCode::BadProof && error.message().contains("lifetime was over"), "{error}");
    assert!(lied_to.get_at("c", "a", short).unwrap().is_some(), "it lived then");
}
