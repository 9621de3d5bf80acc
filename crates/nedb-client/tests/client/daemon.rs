//! A daemon for a test: in this process, on a port that the system chose, in a directory that goes with it.

use std::net::SocketAddr;
use std::path::Path;

use nedb_client::{Daemon, Database, Options};
use nedb_server::{Config, Server, command};

use super::temp_dir::TempDir;

/// A daemon in this process.
pub struct Served {
    server: Option<Server>,
    pub dir: TempDir,
}

impl Served {
    pub fn start(settings: &[&str]) -> Self {
        let dir = TempDir::new("client");
        Self { server: Some(server(&dir.join("data"), 0, settings)), dir }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().http_address()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    pub fn client(&self) -> Daemon {
        Daemon::at(&self.url(), Options::new()).unwrap()
    }

    /// A new database.
    pub fn database(&self, name: &str) -> Database {
        self.client().create_database(name).unwrap()
    }

    /// Ends it in order.
    pub fn stop(&mut self) {
        self.server.take().unwrap().stop().unwrap();
    }

    /// Begins anew in the same directory.
    pub fn begin_anew(&mut self) {
        self.begin_anew_at(0);
    }

    /// Begins anew at a port.
    pub fn begin_anew_at(&mut self, port: u16) {
        self.server = Some(server(&self.dir.join("data"), port, &[]));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let stopped = server.stop();
            assert!(stopped.is_ok() || std::thread::panicking(), "{stopped:?}");
        }
    }
}

fn server(data: &Path, port: u16, settings: &[&str]) -> Server {
    let port = port.to_string();
    let mut words = vec!["nedbd", "--port", &port, "--resp2-port", "off", "--data", data.to_str().unwrap()];
    words.extend_from_slice(settings);
    Server::start(Config::read(&command().get_matches_from(words)).unwrap()).unwrap()
}
