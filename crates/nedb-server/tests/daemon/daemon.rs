//! A daemon for a test: in this process or as a process of its own, on ports that the system chose, in a directory that goes with it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nedb_io::Io;
use nedb_server::{Config, Server, command};

use super::client::{Http, Resp};
use super::temp_dir::TempDir;

/// A daemon in this process.
pub struct Daemon {
    server: Option<Server>,
    pub dir: TempDir,
}

impl Daemon {
    pub fn start(settings: &[&str]) -> Self {
        Self::start_in(Io::real(), settings)
    }

    pub fn start_in(io: Io, settings: &[&str]) -> Self {
        let dir = TempDir::new("daemon");
        let server = server(dir.path(), io, settings);
        Self { server: Some(server), dir }
    }

    pub fn http(&self) -> Http {
        Http::connect(self.http_address())
    }

    pub fn http_address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().http_address()
    }

    pub fn resp(&self) -> Resp {
        Resp::connect(self.resp_address())
    }

    pub fn resp_address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().resp_address().unwrap()
    }

    /// What SIGHUP does.
    pub fn reload(&self) {
        self.server.as_ref().unwrap().reload();
    }

    /// Ends it in order; says what kept it from that.
    pub fn stop(&mut self) -> nedb::Result<()> {
        self.server.take().unwrap().stop()
    }

    /// Begins anew in the same directory.
    pub fn start_again(&mut self, io: Io, settings: &[&str]) {
        self.server = Some(server(self.dir.path(), io, settings));
    }

    /// Ends it in order and begins anew.
    pub fn restart(&mut self, settings: &[&str]) {
        self.restart_after(settings, || ());
    }

    /// The same, and something is done while it is away.
    pub fn restart_after(&mut self, settings: &[&str], meanwhile: impl FnOnce()) {
        self.stop().unwrap();
        meanwhile();
        self.start_again(Io::real(), settings);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let stopped = server.stop();
            assert!(stopped.is_ok() || std::thread::panicking(), "{stopped:?}");
        }
    }
}

fn server(dir: &Path, io: Io, settings: &[&str]) -> Server {
    let dir = dir.to_str().unwrap();
    let mut words = vec!["nedbd", "--port", "0", "--resp2-port", "0", "--data", dir];
    words.extend_from_slice(settings);
    let config = Config::read(&command().get_matches_from(words)).unwrap();
    Server::start(config.with_io(io)).unwrap()
}

/// Where a daemon listens for HTTP and for the Redis protocol, by the line of its log that says so.
pub fn addresses(line: &str) -> (SocketAddr, SocketAddr) {
    let address = |name: &str| {
        let (_, rest) = line.split_once(&format!("{name}=")).expect("an address");
        rest.split(' ').next().unwrap().parse().expect("an address")
    };
    (address("http"), address("resp"))
}

/// A daemon that can be killed.
pub struct Process {
    child: Child,
    pub http: SocketAddr,
    pub resp: SocketAddr,
}

impl Process {
    pub fn start(dir: &Path, settings: &[&str]) -> Self {
        Self::start_with(Command::new(env!("CARGO_BIN_EXE_nedbd")), dir, settings)
    }

    /// As [`start`](Self::start), by a shell that first runs a script, whose last command gets the daemon and its settings as `"$@"`.
    pub fn start_under(script: &str, dir: &Path, settings: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh", env!("CARGO_BIN_EXE_nedbd")]);
        Self::start_with(shell, dir, settings)
    }

    fn start_with(mut command: Command, dir: &Path, settings: &[&str]) -> Self {
        let mut child = command
            .args(["--port", "0", "--resp2-port", "0", "--data", dir.to_str().unwrap()])
            .args(settings)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let line =
            log.by_ref().map(Result::unwrap).find(|line| line.contains("listening")).expect("it says where it listens");
        // It must be able to go on logging, and a test that fails shows what it said.
        std::thread::spawn(move || log.map_while(Result::ok).for_each(|line| println!("nedbd: {line}")));
        let (http, resp) = addresses(&line);
        Self { child, http, resp }
    }

    /// Bytes of memory that it occupies.
    #[cfg(target_os = "linux")]
    pub fn resident_bytes(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    }

    /// Bytes of memory that it occupies and that no file has: what the system cannot take back when others need it.
    #[cfg(target_os = "linux")]
    pub fn anonymous_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let kibibytes = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        kibibytes.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// How many threads it has.
    #[cfg(target_os = "linux")]
    pub fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().count()
    }

    /// As a power cut would, but for what the system still has in memory.
    pub fn kill(self) {
        drop(self);
    }

    /// SIGTERM; returns whether it exited with 0.
    #[cfg(unix)]
    pub fn end(mut self) -> bool {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        told.success() && self.child.wait().unwrap().success()
    }
}

impl Drop for Process {
    /// A test that fails leaves no daemon behind.
    fn drop(&mut self) {
        let _may_have_ended = (self.child.kill(), self.child.wait());
    }
}
