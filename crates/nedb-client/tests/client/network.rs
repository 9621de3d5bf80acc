//! Networks and servers that misbehave on purpose.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use nedb_io::{Io, Scheduler};

/// What comes back in one piece: the answers of these tests are small.
const PIECE_BYTES: usize = 64 << 10;

/// A proxy that hands every request on and cuts the connection instead of every other answer.
pub struct CuttingProxy {
    pub address: SocketAddr,
    answers: Arc<AtomicUsize>,
}

impl CuttingProxy {
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&answers);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || relay(client, server, &counted));
            }
        });
        Self { address, answers }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many answers the server gave, those that were cut off included.
    pub fn answers(&self) -> usize {
        self.answers.load(Ordering::SeqCst)
    }
}

/// A proxy that tears each connection after so many bytes of the server's, wherever that is.
pub struct TearingProxy {
    address: SocketAddr,
    torn: Arc<AtomicUsize>,
}

impl TearingProxy {
    pub fn before(server: SocketAddr, bytes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let torn = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&torn);
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let upstream = TcpStream::connect(server).unwrap();
                let (mut asked, mut forwarded) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
                // Either side may be gone by then, which ends both.
                std::thread::spawn(move || std::io::copy(&mut asked, &mut forwarded));
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || {
                    let copied = std::io::copy(&mut (&upstream).take(bytes), &mut client);
                    counted.fetch_add(usize::from(copied.is_ok_and(|copied| copied == bytes)), Ordering::SeqCst);
                    let _closed = (client.shutdown(Shutdown::Both), upstream.shutdown(Shutdown::Both));
                });
            }
        });
        Self { address, torn }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were torn.
    pub fn torn(&self) -> usize {
        self.torn.load(Ordering::SeqCst)
    }
}

/// A proxy that asks the server for another moment than the client does.
pub struct MovingProxy(SocketAddr);

impl MovingProxy {
    pub fn before(server: SocketAddr, asked: &str, instead: &str) -> Self {
        assert_eq!(asked.len(), instead.len(), "lengths stay as they are told");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, instead) = (asked.to_owned(), instead.to_owned());
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut upstream = TcpStream::connect(server).unwrap();
                let (mut asks, mut answers) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
                let (asked, instead) = (asked.clone(), instead.clone());
                std::thread::spawn(move || {
                    let mut piece = vec![0; PIECE_BYTES];
                    while let Ok(bytes @ 1..) = asks.read(&mut piece) {
                        let text = String::from_utf8_lossy(&piece[..bytes]).replace(&asked, &instead);
                        if upstream.write_all(text.as_bytes()).is_err() {
                            break;
                        }
                    }
                    let _closed = upstream.shutdown(Shutdown::Both);
                });
                // Either side may be gone by then.
                std::thread::spawn(move || std::io::copy(&mut answers, &mut client));
            }
        });
        Self(address)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0)
    }
}

fn relay(mut client: TcpStream, server: SocketAddr, answers: &AtomicUsize) {
    let mut upstream = TcpStream::connect(server).unwrap();
    let (mut asked, mut forwarded) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
    std::thread::spawn(move || {
        // Either side may be gone by then, which ends both.
        let _copied = std::io::copy(&mut asked, &mut forwarded);
        let _closed = forwarded.shutdown(Shutdown::Both);
    });
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(bytes) = upstream.read(&mut piece) {
        let is_cut = bytes > 0 && answers.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        if bytes == 0 || is_cut || client.write_all(&piece[..bytes]).is_err() {
            break;
        }
    }
    let _closed = (client.shutdown(Shutdown::Both), upstream.shutdown(Shutdown::Both));
}

/// A server that gives prepared answers, one for each request, and says nothing when there is none left.
pub struct Prepared {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Prepared {
    pub fn with(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let mut answers: VecDeque<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for mut client in listener.incoming().flatten() {
                kept.lock().unwrap().push(request(&mut client));
                match answers.pop_front() {
                    // Each answer has a connection of its own.
                    Some(answer) => client.write_all(answer.as_bytes()).unwrap(),
                    None => silent.push(client),
                }
            }
        });
        Self { address, requests }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// The head of a request and so much of its body as it says.
fn request(client: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with("\r\n\r\n") && client.read(&mut byte).is_ok_and(|bytes| bytes == 1) {
        text.push(char::from(byte[0]));
    }
    let length = text.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).unwrap();
    text + &String::from_utf8(body).unwrap()
}

/// An answer as it goes over the wire, behind which the connection ends.
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Ends every pause at once and remembers how long it was to be.
#[derive(Debug, Default)]
pub struct Hurried {
    pauses_us: Mutex<Vec<u64>>,
}

impl Hurried {
    pub fn io(self: &Arc<Self>) -> Io {
        Io { scheduler: Arc::clone(self) as Arc<dyn Scheduler>, ..Io::real() }
    }

    pub fn pauses_us(&self) -> Vec<u64> {
        self.pauses_us.lock().unwrap().clone()
    }
}

impl Scheduler for Hurried {
    fn run(&self, _name: &'static str, task: nedb_io::Task) {
        task();
    }

    fn after(&self, delay_us: u64, _name: &'static str, task: nedb_io::Task) {
        self.pauses_us.lock().unwrap().push(delay_us);
        task();
    }
}
