//! A disk that hangs: whoever does not write is served as before, the end is heard, and what waited is written when the disk goes on.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nedb_compat::redis::Reply;
use nedb_io::{Access, Condvar, Disk, DiskLayer, File, Io, Map, MapAdvice, Mutex, RealDisk};

use super::client::{Http, Resp};
use super::daemon::Daemon;

/// How often it is tried: a machine that is busy may make the round before slow, and what hangs then is a thread of its own.
const DAEMONS: usize = 3;
/// How quick rounds were before the disk hangs.
const QUICK: Duration = Duration::from_millis(1);
const QUICK_ROUNDS_MAX: usize = 200;

/// The machine's disk, on which no sync ends while it hangs.
#[derive(Clone, Debug, Default)]
struct HangingDisk {
    below: RealDisk,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    hangs: bool,
    waiting: usize,
}

impl Gate {
    fn set(&self, hangs: bool) {
        self.state.lock().hangs = hangs;
        self.changed.notify_all();
    }

    /// Returns once a sync hangs.
    fn wait_for_sync(&self) {
        let mut state = self.state.lock();
        while state.waiting == 0 {
            state = self.changed.wait(state);
        }
    }

    fn pass(&self) {
        let mut state = self.state.lock();
        state.waiting += 1;
        self.changed.notify_all();
        while state.hangs {
            state = self.changed.wait(state);
        }
        state.waiting -= 1;
    }
}

impl HangingDisk {
    fn gated(&self, file: Arc<dyn File>) -> Arc<dyn File> {
        Arc::new(HangingFile { below: file, gate: Arc::clone(&self.gate) })
    }
}

impl DiskLayer for HangingDisk {
    fn below(&self) -> &dyn Disk {
        &self.below
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        Disk::open(&self.below, path, access).map(|file| self.gated(file))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Disk::create_new(&self.below, path).map(|file| self.gated(file))
    }
}

#[derive(Debug)]
struct HangingFile {
    below: Arc<dyn File>,
    gate: Arc<Gate>,
}

impl File for HangingFile {
    fn len_bytes(&self) -> io::Result<u64> {
        self.below.len_bytes()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.below.read_at(buf, offset)
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.below.write_all_at(buf, offset)
    }

    fn set_len_bytes(&self, len: u64) -> io::Result<()> {
        self.below.set_len_bytes(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.gate.pass();
        self.below.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.gate.pass();
        self.below.sync_all()
    }

    fn map(&self, len_bytes: u64, advice: MapAdvice) -> io::Result<Option<Map>> {
        self.below.map(len_bytes, advice)
    }
}

/// Lets the disk go on when a test ends, also one that fails: its daemon waits for it.
struct Hanging<'g>(&'g Gate);

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Writes until a round was quick, so that the next one is done where connections are served.
fn write_until_quick(resp: &mut Resp) {
    let mut before = Duration::MAX;
    for _ in 0..QUICK_ROUNDS_MAX {
        let begun = Instant::now();
        assert_eq!(resp.run("SET key before"), Reply::ok());
        if before.max(begun.elapsed()) < QUICK {
            return;
        }
        before = begun.elapsed();
    }
}

/// Whoever asks is answered, on connections of before and on new ones.
fn check_served(http: &mut Http, resp: &mut Resp, addresses: (SocketAddr, SocketAddr)) {
    let (mut new_http, mut new_resp) = (Http::connect(addresses.0), Resp::connect(addresses.1));
    for http in [http, &mut new_http] {
        for path in ["/health", "/", "/metrics", "/v1/databases/db0"] {
            assert_eq!(http.get(path).status, 200, "{path}");
        }
    }
    for resp in [resp, &mut new_resp] {
        assert_eq!(resp.run("GET key"), Reply::bulk("before"));
    }
}

#[test]
fn while_the_disk_hangs_who_does_not_write_is_served_and_the_end_is_heard() {
    for _ in 0..DAEMONS {
        let disk = HangingDisk::default();
        let mut daemon = Daemon::start_in(Io { disk: Arc::new(disk.clone()), ..Io::real() }, &[]);
        let hanging = Hanging(&disk.gate);
        let addresses = (daemon.http_address(), daemon.resp_address());
        let (mut http, mut writer, mut reader) = (daemon.http(), daemon.resp(), daemon.resp());
        write_until_quick(&mut writer);
        disk.gate.set(true);
        writer.send_together(&["SET key after"]).unwrap();
        disk.gate.wait_for_sync();
        check_served(&mut http, &mut reader, addresses);
        std::thread::scope(|threads| {
            let ended = threads.spawn(|| daemon.stop());
            // It takes nobody any more.
            while TcpStream::connect(addresses.0).is_ok() {}
            drop(hanging);
            assert_eq!(writer.receive().unwrap(), Reply::ok());
            drop((http, writer, reader));
            ended.join().unwrap().unwrap();
        });
    }
}
