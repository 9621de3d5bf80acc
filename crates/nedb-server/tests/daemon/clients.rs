//! CLIENT: connections see each other, end each other, and let each other wait, as those of Redis do.

use nedb_compat::redis::Reply;

use super::client::Resp;
use super::daemon::Daemon;
use super::temp_dir::TempDir;

fn text(reply: Reply) -> String {
    match reply {
        Reply::Bulk(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?} is no text"),
    }
}

fn id(resp: &mut Resp) -> i64 {
    match resp.run("CLIENT ID") {
        Reply::Int(id) => id,
        other => panic!("{other:?} is no number"),
    }
}

/// One field of each line of CLIENT LIST.
fn fields(resp: &mut Resp, line: &str, name: &str) -> Vec<String> {
    let page = text(resp.run(line));
    let field = |line: &str| {
        let mut fields = line.split(' ').filter_map(|field| field.split_once('='));
        fields.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
    };
    page.lines().map(|line| field(line).unwrap_or_else(|| panic!("no {name} in {line}"))).collect()
}

/// Asks until the answer is as wanted: others come and go in their own time.
fn wait_for(resp: &mut Resp, line: &str, name: &str, wanted: &[&str]) {
    while fields(resp, line, name) != wanted {}
}

fn error(resp: &mut Resp, line: &str) -> String {
    let reply = resp.run(line);
    reply.error_text().unwrap_or_else(|| panic!("{line}: {reply:?} is no error"))
}

#[test]
fn each_connection_is_listed_with_what_it_is_and_does() {
    let daemon = Daemon::start(&[]);
    let (mut first, mut second) = (daemon.resp(), daemon.resp());
    let (one, two) = (id(&mut first), id(&mut second));
    for line in ["CLIENT SETNAME ada", "CLIENT SETINFO LIB-NAME test", "CLIENT SETINFO lib-ver 1.0", "SELECT 5"] {
        assert_eq!(second.run(line), Reply::ok(), "{line}");
    }
    assert_eq!(second.run("MULTI"), Reply::ok());
    second.run("SET secret value");
    let line = text(first.run(&format!("CLIENT LIST ID {two}")));
    let address = daemon.resp_address();
    assert!(line.starts_with(&format!("id={two} addr=127.0.0.1:")), "{line}");
    let rest = format!(
        " laddr={address} name=ada age=0 idle=0 flags=x db=5 sub=0 psub=0 ssub=0 multi=1 cmd=set user=anybody redir=-1 resp=2 lib-name=test lib-ver=1.0\n"
    );
    assert!(line.ends_with(&rest), "{line}");
    assert_eq!(fields(&mut first, "CLIENT LIST", "id"), [one.to_string(), two.to_string()]);
    assert_eq!(fields(&mut first, "CLIENT INFO", "cmd"), ["client|info"]);
    second.run("DISCARD");
    second.run("HELLO 3");
    second.run("SUBSCRIBE a b");
    second.run("PSUBSCRIBE c*");
    for (name, wanted) in [("flags", "P"), ("sub", "2"), ("psub", "1"), ("resp", "3"), ("multi", "-1")] {
        wait_for(&mut first, "CLIENT LIST TYPE pubsub", name, &[wanted]);
    }
    assert_eq!(fields(&mut first, "CLIENT LIST TYPE normal", "id"), [one.to_string()]);
    assert_eq!(text(first.run("CLIENT LIST TYPE replica")), "");
    drop(second);
    wait_for(&mut first, "CLIENT LIST", "id", &[one.to_string().as_str()]);
    assert!(text(first.run("INFO clients")).contains("connected_clients:1\r\n"));
}

#[test]
fn words_of_others_put_no_fields_into_the_list() {
    let daemon = Daemon::start(&[]);
    let (mut resp, mut other) = (daemon.resp(), daemon.resp());
    let own = id(&mut other);
    other.run("CLIENT \"x user=root\nid=1\"");
    other.run("\"GET\nid=2\" a");
    assert_eq!(fields(&mut resp, &format!("CLIENT LIST ID {own}"), "cmd"), ["NULL"]);
    assert!(error(&mut resp, "CLIENT SETNAME \"a b\"").starts_with("ERR Client names cannot contain spaces"));
}

#[test]
fn a_killed_connection_ends_at_once_whatever_it_waits_for() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    let (mut blocked, mut listening, mut resting) = (daemon.resp(), daemon.resp(), daemon.resp());
    let (one, three) = (id(&mut blocked), id(&mut resting));
    blocked.send(&super::words::words("BLPOP none 0")).unwrap();
    wait_for(&mut resp, &format!("CLIENT LIST ID {one}"), "flags", &["b"]);
    assert_eq!(fields(&mut resp, &format!("CLIENT LIST ID {one}"), "cmd"), ["blpop"]);
    assert_eq!(resp.run(&format!("CLIENT KILL ID {one}")), Reply::Int(1));
    assert!(blocked.receive().is_err());
    listening.run("SUBSCRIBE a");
    assert_eq!(resp.run("CLIENT KILL TYPE pubsub"), Reply::Int(1));
    assert!(listening.receive().is_err());
    let address = fields(&mut resp, &format!("CLIENT LIST ID {three}"), "addr").remove(0);
    assert_eq!(resp.run(&format!("CLIENT KILL {address}")), Reply::ok());
    assert!(resting.receive().is_err());
    // It takes nothing from who comes later.
    resp.run("RPUSH none x");
    assert_eq!(resp.run("LLEN none"), Reply::Int(1));
    let mut others: Vec<Resp> = (0..3).map(|_| daemon.resp()).collect();
    for other in &mut others {
        assert!(id(other) > three);
    }
    let local = daemon.resp_address();
    wait_for(&mut resp, "CLIENT LIST TYPE normal", "resp", &["2"; 4]);
    assert_eq!(resp.run("CLIENT KILL MAXAGE 1000"), Reply::Int(0));
    assert_eq!(resp.run(&format!("CLIENT KILL LADDR {local} SKIPME yes")), Reply::Int(3));
    assert_eq!(resp.run("CLIENT KILL USER anybody SKIPME no"), Reply::Int(1));
    assert!(resp.receive().is_err());
}

#[test]
fn a_pause_holds_up_what_it_names_and_ends_when_it_is_told_to_or_over() {
    let daemon = Daemon::start(&[]);
    let (mut resp, mut writer, mut reader) = (daemon.resp(), daemon.resp(), daemon.resp());
    let written = id(&mut writer);
    assert_eq!(resp.run("CLIENT PAUSE 600000 WRITE"), Reply::ok());
    writer.write(b"SET a 1\r\nGET a\r\n").unwrap();
    wait_for(&mut resp, &format!("CLIENT LIST ID {written}"), "cmd", &["get"]);
    assert_eq!(reader.run("GET a"), Reply::Nil);
    // A longer pause stays, and so does one that holds up more.
    assert_eq!(resp.run("CLIENT PAUSE 1 ALL"), Reply::ok());
    reader.write(b"GET a\r\n").unwrap();
    assert_eq!(resp.run("CLIENT UNPAUSE"), Reply::ok());
    assert_eq!((writer.receive().unwrap(), writer.receive().unwrap()), (Reply::ok(), Reply::bulk("1")));
    assert!(matches!(reader.receive().unwrap(), Reply::Nil | Reply::Bulk(_)));
    assert_eq!(resp.run("CLIENT PAUSE 20"), Reply::ok());
    assert_eq!(writer.run("SET a 2"), Reply::ok());
    // The end of the daemon waits for no pause.
    assert_eq!(resp.run("CLIENT PAUSE 600000"), Reply::ok());
    writer.write(b"SET a 3\r\n").unwrap();
    wait_for(&mut resp, &format!("CLIENT LIST ID {written}"), "cmd", &["set"]);
}

#[test]
fn replies_that_nobody_wants_are_not_written() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    resp.write(b"CLIENT REPLY SKIP\r\nSET a 1\r\nGET a\r\n").unwrap();
    assert_eq!(resp.receive().unwrap(), Reply::bulk("1"));
    resp.write(b"CLIENT REPLY OFF\r\nINCR a\r\nNONE\r\nPING\r\nCLIENT REPLY SKIP\r\nINCR a\r\nCLIENT REPLY ON\r\n")
        .unwrap();
    assert_eq!(resp.receive().unwrap(), Reply::ok());
    assert_eq!(resp.run("GET a"), Reply::bulk("3"));
    resp.write(b"CLIENT REPLY OFF\r\nRESET\r\n").unwrap();
    assert_eq!(resp.receive().unwrap(), Reply::Simple("RESET".into()));
}

#[test]
fn only_who_administers_all_databases_sees_and_ends_the_connections_of_others() {
    let dir = TempDir::new("daemon");
    let file = dir.join("tokens.toml");
    let tokens = [("root", "\"*\" = \"admin\""), ("shop", "shop = \"admin\"")].map(|(name, databases)| {
        let digest = nedb_crypto::sha256(&[format!("token-{name}").as_bytes()]);
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digest}\"\ndatabases = {{ {databases} }}\n")
    });
    std::fs::write(&file, tokens.concat()).unwrap();
    let daemon = Daemon::start(&["--tokens", file.to_str().unwrap()]);
    let (mut root, mut shop) = (daemon.resp(), daemon.resp());
    assert_eq!(error(&mut shop, "CLIENT ID"), "NOAUTH Authentication required.");
    assert_eq!(root.run("AUTH root token-root"), Reply::ok());
    assert_eq!(shop.run("AUTH shop token-shop"), Reply::ok());
    for line in ["LIST", "KILL ID 1", "KILL 127.0.0.1:1", "PAUSE 1", "UNPAUSE", "UNBLOCK 1"] {
        let wanted = "NOPERM this user lacks the right admin on all databases";
        assert_eq!(error(&mut shop, &format!("CLIENT {line}")), wanted);
    }
    for line in ["CLIENT ID", "CLIENT INFO", "CLIENT SETNAME x", "CLIENT GETNAME", "CLIENT REPLY ON"] {
        assert_eq!(shop.run(line).error_text(), None, "{line}");
    }
    assert_eq!(fields(&mut root, "CLIENT LIST", "user"), ["root", "shop"]);
    assert_eq!(root.run("CLIENT KILL USER shop"), Reply::Int(1));
    assert!(shop.receive().is_err());
}

#[test]
fn wrong_calls_are_refused_in_the_words_of_redis() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    for (line, wanted) in [
        ("CLIENT", "ERR wrong number of arguments for 'client' command"),
        ("CLIENT FOO", "ERR unknown subcommand 'FOO'. Try CLIENT HELP."),
        ("CLIENT ID x", "ERR wrong number of arguments for 'client|id' command"),
        ("CLIENT LIST TYPE foo", "ERR Unknown client type 'foo'"),
        ("CLIENT LIST TYPE", "ERR syntax error"),
        ("CLIENT LIST ID", "ERR syntax error"),
        ("CLIENT LIST ID x", "ERR Invalid client ID"),
        ("CLIENT LIST foo", "ERR syntax error"),
        ("CLIENT KILL", "ERR wrong number of arguments for 'client|kill' command"),
        ("CLIENT KILL 1.2.3.4:5", "ERR No such client"),
        ("CLIENT KILL ID 0", "ERR client-id should be greater than 0"),
        ("CLIENT KILL TYPE foo", "ERR Unknown client type 'foo'"),
        ("CLIENT KILL ID 999 SKIPME foo", "ERR syntax error"),
        ("CLIENT KILL ID 999 SKIPME", "ERR syntax error"),
        ("CLIENT KILL FOO bar", "ERR syntax error"),
        ("CLIENT PAUSE", "ERR wrong number of arguments for 'client|pause' command"),
        ("CLIENT PAUSE x", "ERR timeout is not an integer or out of range"),
        ("CLIENT PAUSE -1", "ERR timeout is negative"),
        ("CLIENT PAUSE 0 FOO", "ERR CLIENT PAUSE mode must be WRITE or ALL"),
        ("CLIENT UNPAUSE x", "ERR wrong number of arguments for 'client|unpause' command"),
        ("CLIENT REPLY FOO", "ERR syntax error"),
        ("CLIENT NO-EVICT foo", "ERR syntax error"),
    ] {
        assert_eq!(error(&mut resp, line), wanted, "{line}");
    }
    assert_eq!(resp.run("CLIENT GETNAME"), Reply::Nil);
    assert_eq!(text(resp.run("CLIENT LIST ID 0 999")), "");
    assert_eq!(resp.run("CLIENT KILL ID 999"), Reply::Int(0));
}
