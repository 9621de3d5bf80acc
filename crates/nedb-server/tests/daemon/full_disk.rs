//! A disk that is full: the daemon says so over both protocols, reads on, writes on when there is room, and has lost nothing at the next
//! start. On a simulated disk everywhere; on a real file system where the machine lets somebody mount one.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;

use nedb::ErrorCode;
use nedb_compat::redis::Reply;
use nedb_io::Io;
use nedb_io::simulate::{Faults, SimDisk};

use super::client::{Http, Resp};
use super::daemon::{Daemon, addresses};
use super::temp_dir::TempDir;

const DISK_BYTES: u64 = 16 << 20;
/// What somebody removes to make room.
const BALLAST_BYTES: u64 = 4 << 20;

/// How many documents, and how many keys, were acknowledged.
#[derive(Default)]
struct Written {
    documents: u64,
    keys: u64,
}

impl Written {
    /// Writes over both protocols until both are refused.
    fn fill(&mut self, http: &mut Http, resp: &mut Resp) {
        let filler = "x".repeat(8_000);
        loop {
            let body = format!(r#"{{"coll":"c","id":"{:05}","doc":{{"x":"{filler}"}}}}"#, self.documents);
            let put = http.post("/v1/databases/shop/put", &body);
            let set = resp.run(&format!("SET k{} {filler}", self.keys));
            self.documents += u64::from(put.status == 200);
            self.keys += u64::from(set == Reply::ok());
            if put.status != 200 {
                assert_eq!((put.status, &put.json()["code"]), (507, &"no_space".into()), "{}", put.body);
                assert!(!put.body.contains(".seg"), "where its files are is nobody's business: {}", put.body);
            }
            if let Some(error) = set.error_text() {
                assert!(error.contains("disk is full") && !error.contains(".seg"), "{error}");
            }
            if put.status != 200 && set != Reply::ok() {
                return;
            }
        }
    }

    /// Everything acknowledged is there, and no more.
    fn check(&self, http: &mut Http, resp: &mut Resp) {
        let count = http.post("/v1/databases/shop/query", r#"{"nql":"FROM c COUNT"}"#);
        assert_eq!(count.json()["rows"][0]["count"], self.documents, "{}", count.body);
        // To Redis documents are hashes.
        assert_eq!(resp.run("DBSIZE"), Reply::Int(i64::try_from(self.documents + self.keys).unwrap()));
        assert!(matches!(resp.run(&format!("GET k{}", self.keys - 1)), Reply::Bulk(_)));
        let verified = http.get("/v1/databases/shop/verify?deep=1");
        assert_eq!(verified.json()["ok"], true, "{}", verified.body);
        assert_eq!(http.get("/health").status, 200);
    }
}

/// Connections to a daemon whose database `shop` is made by the first of them.
fn connected((http, resp): (SocketAddr, SocketAddr)) -> (Http, Resp) {
    let (mut http, mut resp) = (Http::connect(http), Resp::connect(resp));
    if http.get("/v1/databases/shop").status == 404 {
        assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    }
    assert_eq!(resp.run("SELECT shop"), Reply::ok());
    (http, resp)
}

#[test]
fn a_simulated_disk_that_is_full_refuses_writes_and_loses_nothing() {
    let with_room = |bytes| Faults { space_bytes_max: Some(bytes), ..Faults::default() };
    let disk = SimDisk::new(1, with_room(DISK_BYTES - BALLAST_BYTES));
    let io = || Io { disk: Arc::new(disk.clone()), ..Io::real() };
    let mut written = Written::default();
    let mut daemon = Daemon::start_in(io(), &[]);
    let (mut http, mut resp) = connected((daemon.http_address(), daemon.resp_address()));
    written.fill(&mut http, &mut resp);
    written.check(&mut http, &mut resp);
    let before = written.documents;
    disk.set_faults(with_room(DISK_BYTES));
    written.fill(&mut http, &mut resp);
    assert!(written.documents > before + 100, "there was room again: {before} and then {}", written.documents);
    // The checkpoint at the end finds no room, which is told; the log has everything.
    let ended = daemon.stop();
    assert!(ended.as_ref().is_err_and(|error| error.code() == ErrorCode::NoSpace), "{ended:?}");
    daemon.start_again(io(), &[]);
    let (mut http, mut resp) = connected((daemon.http_address(), daemon.resp_address()));
    written.check(&mut http, &mut resp);
    let ended = daemon.stop();
    assert!(ended.is_err(), "it is full still: {ended:?}");
}

/// A shell that mounts a small file system and starts the daemon on it, again and again: the file system goes with the shell.
struct Machine {
    shell: Child,
    log: Lines<BufReader<ChildStderr>>,
    root: PathBuf,
    /// The daemon that runs.
    process: String,
}

impl Machine {
    fn start(flags: &str, root: &Path) -> Self {
        let script = format!(
            "mount -t tmpfs -o size={DISK_BYTES} none \"$1\" && head -c {BALLAST_BYTES} /dev/zero > \"$1/ballast\" || exit 77
             while true; do
                 \"$2\" --port 0 --resp2-port 0 --log-level 1 --data \"$1/data\" & echo \"pid=$! \" >&2
                 wait $!; echo \"ended=$? \" >&2
             done"
        );
        let mut shell = Command::new("unshare")
            .args([flags, "sh", "-c", &script, "sh"])
            .args([root.as_os_str(), env!("CARGO_BIN_EXE_nedbd").as_ref()])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(shell.stderr.take().unwrap()).lines();
        Self { shell, log, root: root.to_owned(), process: String::new() }
    }

    /// Reads its log up to a word; returns what stands behind it.
    fn until(&mut self, word: &str) -> String {
        let line = self.log.by_ref().map(Result::unwrap).find(|line| line.contains(word)).expect("the shell goes on");
        let (_, rest) = line.split_once(word).unwrap();
        rest.trim().to_owned()
    }

    /// The next start of the daemon.
    fn next(&mut self) -> (Http, Resp) {
        self.process = self.until("pid=");
        let line = self.until("listening");
        connected(addresses(&line))
    }

    fn signal(&self, signal: &str) -> bool {
        Command::new("kill").args([signal, &self.process]).status().is_ok_and(|status| status.success())
    }

    /// Ends the daemon with a signal; returns its exit status.
    fn end(&mut self, signal: &str) -> String {
        assert!(self.signal(signal));
        self.until("ended=")
    }

    fn remove_ballast(&self) {
        let seen_by_it = Path::new("/proc").join(&self.process).join("root");
        let ballast = self.root.join("ballast");
        std::fs::remove_file(seen_by_it.join(ballast.strip_prefix("/").unwrap())).unwrap();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The shell first, which would start another one.
        let _ended = (self.shell.kill(), self.shell.wait(), self.signal("-KILL"));
    }
}

#[test]
fn a_file_system_that_is_full_refuses_writes_and_loses_nothing() {
    let dir = TempDir::new("full");
    std::fs::create_dir_all(dir.path()).unwrap();
    let may_mount = |flags: &&str| {
        let tried = Command::new("unshare")
            .args([flags, "mount", "-t", "tmpfs", "none", "/tmp"])
            .stderr(Stdio::null())
            .status();
        tried.is_ok_and(|status| status.success())
    };
    let Some(flags) = ["-m", "-rm"].into_iter().find(may_mount) else {
        println!("NOT RUN: this machine lets nobody mount a file system; the simulated disk stands for it");
        return;
    };
    let mut machine = Machine::start(flags, dir.path());
    let mut written = Written::default();
    let (mut http, mut resp) = machine.next();
    written.fill(&mut http, &mut resp);
    written.check(&mut http, &mut resp);
    let before = written.documents;
    machine.remove_ballast();
    written.fill(&mut http, &mut resp);
    assert!(written.documents > before + 100, "there was room again: {before} and then {}", written.documents);
    machine.end("-KILL");
    let (mut http, mut resp) = machine.next();
    written.check(&mut http, &mut resp);
    // The checkpoint at the end finds no room, which is told; the log has everything.
    assert_eq!(machine.end("-TERM"), "69", "unavailable, by the table of errors");
    let (mut http, mut resp) = machine.next();
    written.check(&mut http, &mut resp);
    println!("a full file system: {} documents and {} keys acknowledged", written.documents, written.keys);
}
