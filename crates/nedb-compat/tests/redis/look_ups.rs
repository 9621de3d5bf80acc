//! Look-ups of one pipeline: they are made as of one moment, as many as their replies may take, and noted for whom they are.

use std::sync::{Arc, Mutex};

use nedb_compat::redis::{Commands, Noting, Reply, Setup, Touch, Trackers};

#[derive(Debug, Default)]
struct Noted(Mutex<Vec<Touch>>);

impl Trackers for Noted {
    fn is_any(&self) -> bool {
        true
    }

    fn note(&self, touches: Vec<Touch>) {
        self.0.lock().unwrap().extend(touches);
    }
}

#[test]
fn no_more_are_made_than_their_replies_may_take() {
    let session = Commands::new(&nedb::Database::in_memory().unwrap()).session();
    let large = vec![b'x'; 1000];
    session.execute(&[b"SET", b"a", &large]);
    let calls = vec![[&b"GET"[..], b"a"]; 20];
    assert_eq!(session.look_up(&calls, 0), [Reply::bulk(&*large)]);
    assert!((8..=10).contains(&session.look_up(&calls, 9_900).len()));
    assert_eq!(session.look_up(&calls, 1 << 20).len(), 20);
    assert_eq!(session.look_up(&calls[..0], 0), []);
}

#[test]
fn those_before_a_write_do_not_see_it_and_those_behind_it_do() {
    let session = Commands::new(&nedb::Database::in_memory().unwrap()).session();
    let calls: [&[&[u8]]; 5] = [&[b"GET", b"a"], &[b"SET", b"a", b"1"], &[b"GET", b"a"], &[b"GET"], &[b"STRLEN", b"a"]];
    let replies = session.look_up(&calls, 1 << 20);
    assert_eq!((&replies[..3], &replies[4]), (&[Reply::Nil, Reply::ok(), Reply::bulk("1")][..], &Reply::Int(1)));
    assert!(replies[3].error_text().is_some());
}

#[test]
fn reads_are_noted_for_the_session_as_far_as_it_wants() {
    let noted = Arc::new(Noted::default());
    let setup = Setup { trackers: Some(Arc::clone(&noted) as _), ..Setup::default() };
    let session = Commands::set_up(&nedb::Database::in_memory().unwrap(), setup).session_of(7);
    let calls: [&[&[u8]]; 3] = [&[b"GET", b"a"], &[b"GET", b"b"], &[b"TYPE", b"c"]];
    let read = |noting| {
        session.note_reads(noting);
        session.look_up(&calls, 1 << 20);
        let touches = std::mem::take(&mut *noted.0.lock().unwrap());
        let keys = touches.into_iter().map(|touch| match touch {
            Touch::Read { by: 7, key, .. } => String::from_utf8(key).unwrap(),
            other => panic!("{other:?}"),
        });
        keys.collect::<Vec<_>>()
    };
    assert_eq!(read(Noting::OnlyNext), ["a"]);
    assert_eq!(read(Noting::None), Vec::<String>::new());
    assert_eq!(read(Noting::AllButNext), ["b", "c"]);
}
