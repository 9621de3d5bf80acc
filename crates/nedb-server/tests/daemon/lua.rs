//! Scripts in Lua: what a real server of Redis answers is what the daemon answers, where one is installed.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use super::daemon::Daemon;
use super::temp_dir::TempDir;

/// Scripts whose answers must be the same to the byte, but for what the comparison leaves out.
const SCRIPTS: &str = include_str!("lua_scripts.txt");

/// One reply as its bytes.
fn reply(stream: &mut impl std::io::BufRead) -> Vec<u8> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).unwrap();
    assert!(!line.is_empty(), "the server went");
    let count = || String::from_utf8_lossy(&line[1..]).trim().parse::<i64>().unwrap_or(-1);
    match line[0] {
        b'$' if count() >= 0 => {
            let mut bytes = vec![0; usize::try_from(count()).unwrap() + 2];
            stream.read_exact(&mut bytes).unwrap();
            line.extend(bytes);
        }
        b'*' | b'~' | b'>' => {
            for _ in 0..count() {
                line.extend(reply(stream));
            }
        }
        b'%' => {
            for _ in 0..count() * 2 {
                line.extend(reply(stream));
            }
        }
        _ => {}
    }
    line
}

fn call(words: &[&str]) -> Vec<u8> {
    let head = format!("*{}\r\n", words.len());
    let words: Vec<String> = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    (head + &words.concat()).into_bytes()
}

/// A server of Redis on a socket in a directory.
#[cfg(unix)]
struct Real {
    child: Child,
    dir: TempDir,
}

#[cfg(unix)]
impl Real {
    fn start() -> Option<Self> {
        let dir = TempDir::new("daemon");
        let socket = dir.join("socket");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket", socket.to_str()?])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let real = Self { child, dir };
        for _ in 0..500 {
            if UnixStream::connect(&socket).is_ok() {
                return Some(real);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        None
    }

    fn connect(&self) -> BufReader<UnixStream> {
        BufReader::new(UnixStream::connect(self.dir.join("socket")).unwrap())
    }
}

#[cfg(unix)]
impl Drop for Real {
    fn drop(&mut self) {
        // It was there only for the comparison.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn scripts_are_answered_as_by_a_real_server() {
    let Some(real) = Real::start() else {
        println!("NOT compared with Redis: redis-server is not installed");
        return;
    };
    let daemon = Daemon::start(&[]);
    let mut different = Vec::new();
    for version in ["2", "3"] {
        let mut theirs = real.connect();
        let mut ours = BufReader::new(TcpStream::connect(daemon.resp_address()).unwrap());
        for words in [&["HELLO", version][..], &["FLUSHALL"]] {
            theirs.get_mut().write_all(&call(words)).unwrap();
            ours.get_mut().write_all(&call(words)).unwrap();
            reply(&mut theirs);
            reply(&mut ours);
        }
        for script in SCRIPTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let bytes = call(&["EVAL", script, "2", "k1", "k2", "a1", "a2"]);
            theirs.get_mut().write_all(&bytes).unwrap();
            ours.get_mut().write_all(&bytes).unwrap();
            let (theirs, ours) = (reply(&mut theirs), reply(&mut ours));
            if theirs != ours {
                let text = String::from_utf8_lossy;
                different.push(format!("{script}\n  Redis: {:?}\n  NEDB:  {:?}", text(&theirs), text(&ours)));
            }
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn redis_cli_and_redis_benchmark_work() {
    let daemon = Daemon::start(&[]);
    let port = daemon.resp_address().port().to_string();
    let run = |program: &str, words: &[&str]| {
        let done = Command::new(program).args(["-p", &port]).args(words).stdin(Stdio::null()).output();
        match done {
            Ok(done) => {
                Some(format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr)))
            }
            Err(_absent) => {
                println!("NOT tried: {program} is not installed");
                None
            }
        }
    };
    for (words, wanted) in [
        (&["SET", "k", "v"][..], "OK\n"),
        (&["EVAL", "return {KEYS[1], ARGV[1]}", "1", "a", "b"], "a\nb\n"),
        (&["--eval", "/dev/null"], "\n"),
        (&["-3", "HGETALL", "none"], "\n"),
    ] {
        if let Some(said) = run("redis-cli", words) {
            assert_eq!(said, wanted, "{words:?}");
        }
    }
    if let Some(said) = run("redis-benchmark", &["-q", "-n", "200", "-c", "5", "-P", "4"]) {
        assert!(!said.contains("Error") && said.contains("MSET"), "{said}");
        println!("{}", said.replace('\r', "\n").lines().filter(|line| line.contains("per second")).count());
    }
}
