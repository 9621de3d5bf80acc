//! The daemon as a whole: it binds, opens, serves, and ends in order.
//!
//! ```text
//! start ──> bind ──> (open all) ──> ready ──> signal ──> no new connections ──> requests end ──> checkpoints ──> exit 0
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use nedb::{Error, ErrorCode, Object, Result};
use nedb_io::Mutex;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::audit::Act;
use crate::databases::Databases;
use crate::doorman::{Doorman, on_thread};
use crate::health::Opening;
use crate::metrics::{Metrics, Refusal};
use crate::settings;
use crate::settings::Config;
use crate::tls::Tls;
use crate::tokens::Tokens;
use crate::traces::Traces;
use crate::wrong_tokens::WrongTokens;
use crate::{http, resp};

/// How many threads of a protocol wait for the engine at most: requests, feeds, and the writers of each database's Redis commands.
const WAITING_THREADS_MAX: usize = 1024;

/// How long calls that are under way may take when the daemon ends.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) databases: Databases,
    pub(crate) doorman: Doorman,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) traces: Arc<Traces>,
    pub(crate) connected: Arc<resp::Connected>,
    pub(crate) wrong_tokens: WrongTokens,
    tokens: Mutex<Arc<Tokens>>,
    tls: Mutex<Option<Tls>>,
    pub(crate) opening: Opening,
    ending: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let metrics = Arc::new(Metrics::new(http::ROUTE_COUNT + 1, config.io.clock.wall_us()));
        let traces = Arc::new(Traces::begin(config.traces.as_ref())?);
        Ok(Self {
            databases: Databases::new(&config, &metrics, &traces)?,
            doorman: Doorman::new(&config, &metrics),
            wrong_tokens: WrongTokens::new(Arc::clone(&config.io.clock), &metrics),
            metrics,
            traces,
            connected: Arc::default(),
            tokens: Mutex::new(Arc::new(config.tokens.clone())),
            tls: Mutex::new(config.tls.clone()),
            opening: Opening::default(),
            ending: watch::Sender::new(false),
            config,
        })
    }

    /// Counts a request that found no memory.
    pub(crate) fn note_memory(&self, error: &Error) {
        if error.code() == ErrorCode::Busy {
            self.metrics.refused(Refusal::Memory);
        }
    }

    /// The tokens as they are now.
    pub(crate) fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens.lock())
    }

    /// The certificate and key as they are now; none on a daemon that speaks plainly.
    pub(crate) fn tls(&self) -> Option<Tls> {
        self.tls.lock().clone()
    }

    /// Reads again what SIGHUP is for.
    pub(crate) fn reload(&self) {
        let act = |what: &str| Act { by: "SIGHUP".to_owned(), what: what.to_owned(), said: Object::new() };
        if self.config.has_tokens_file() {
            let act = self.note_act(&act("reload tokens"));
            act.end(self.reload_tokens().err().as_ref());
        }
        if self.tls().is_some() {
            let act = self.note_act(&act("reload certificate"));
            act.end(self.reload_tls().err().as_ref());
        }
    }

    /// Reads the certificate again; the one before stays when that fails.
    fn reload_tls(&self) -> Result<()> {
        let tls =
            self.config.read_tls().inspect_err(|error| tracing::error!("the certificate before stays: {error}"))?;
        *self.tls.lock() = tls;
        tracing::info!("the certificate was read again");
        Ok(())
    }

    /// Reads the tokens again; those before stay when that fails.
    fn reload_tokens(&self) -> Result<()> {
        let tokens = self.config.read_tokens().and_then(|tokens| {
            if tokens.is_empty() && !self.tokens().is_empty() {
                let message = "the token file has no token any more: without one everybody could come in";
                return Err(Error::new(ErrorCode::InvalidArgument, message));
            }
            Ok(tokens)
        });
        let tokens = tokens.inspect_err(|error| tracing::error!("the tokens before stay: {error}"))?;
        *self.tokens.lock() = Arc::new(tokens);
        tracing::info!("the tokens were read again");
        Ok(())
    }

    /// Whether the daemon was told to end.
    pub(crate) fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    /// Tells the daemon to end.
    pub(crate) fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Changes when the daemon is told to end, at once when it was already.
    pub(crate) fn ending(&self) -> watch::Receiver<bool> {
        let mut ending = self.ending.subscribe();
        if self.is_ending() {
            ending.mark_changed();
        }
        ending
    }
}

/// A daemon that listens.
///
/// ```
/// use nedb_server::{Config, Server, command};
/// # fn main() -> nedb::Result<()> {
/// # let dir = std::env::temp_dir().join(format!("nedbd-doc-{}", std::process::id()));
/// # let dir = dir.display().to_string();
/// let words = ["nedbd", "--port", "0", "--resp2-port", "off", "--data", dir.as_str()];
/// let server = Server::start(Config::read(&command().get_matches_from(words))?)?;
/// assert!(server.http_address().ip().is_loopback());
/// server.stop()?;
/// # drop(std::fs::remove_dir_all(&dir));
/// # Ok(())
/// # }
/// ```
pub struct Server {
    /// Serves HTTP, hears signals, and ends the daemon.
    runtime: Runtime,
    /// Serves the Redis protocol, whose short rounds wait for the disk where connections are served: who asks over HTTP how the daemon is, or
    /// sends a signal, does not wait with them.
    resp_runtime: Option<Runtime>,
    shared: Arc<Shared>,
    serving: JoinSet<()>,
    http_address: SocketAddr,
    resp_address: Option<SocketAddr>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { http_address, resp_address, .. } = self;
        formatter.debug_struct("Server").field("http", http_address).field("resp", resp_address).finish_non_exhaustive()
    }
}

/// Where connections of one protocol are served.
fn runtime(name: &str) -> Result<Runtime> {
    Ok(Builder::new_multi_thread()
        .worker_threads(connection_threads())
        .enable_all()
        .thread_name(name)
        .max_blocking_threads(WAITING_THREADS_MAX)
        .build()?)
}

/// How many threads serve connections of a protocol: half as many as there are cores, because queries, long commands and large writes run on others.
/// With a thread for each core they take turns with those, and everybody waits longer.
fn connection_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))
}

impl Server {
    /// Binds and begins to serve.
    ///
    /// Errors: `io` when a port is in use or the data directory cannot be used, each with its name.
    pub fn start(config: Config) -> Result<Self> {
        let server = Self::begin(config)?;
        server.announce();
        Ok(server)
    }

    /// Serves as the configuration says until a signal; whoever reads that it listens may send one.
    pub(crate) fn serve_until_signal(config: Config) -> Result<()> {
        let server = Self::begin(config)?;
        server.runtime.block_on(wait_for_end(&server.shared, || server.announce()))?;
        server.stop()
    }

    /// Says in the log where it listens.
    fn announce(&self) {
        let (http, resp) = (self.http_address, self.resp_address.map(tracing::field::display));
        let is_tls = self.shared.config.tls.is_some();
        tracing::info!(http = %http, resp, tls = is_tls, "listening");
        if self.shared.tokens().is_empty() {
            tracing::warn!("no token is set: whoever reaches the ports may do everything (set --token or --tokens)");
        }
    }

    fn begin(config: Config) -> Result<Self> {
        let runtime = runtime("nedbd-http")?;
        let shared = Arc::new(Shared::new(config)?);
        let mut serving = JoinSet::new();
        let host = shared.config.host;
        let http = runtime.block_on(bind("port", SocketAddr::new(host, shared.config.http_port)))?;
        let http_address = http.local_addr()?;
        serving.spawn_on(http::serve(Arc::clone(&shared), http), runtime.handle());
        let (mut resp_runtime, mut resp_address) = (None, None);
        if let Some(port) = shared.config.resp_port {
            let runtime = resp_runtime.insert(self::runtime("nedbd-resp")?);
            let resp = runtime.block_on(bind("resp2-port", SocketAddr::new(host, port)))?;
            resp_address = Some(resp.local_addr()?);
            serving.spawn_on(resp::serve(Arc::clone(&shared), resp), runtime.handle());
        }
        runtime.spawn(open_all(Arc::clone(&shared)));
        Ok(Self { runtime, resp_runtime, shared, serving, http_address, resp_address })
    }

    /// Where HTTP is served.
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// Where the Redis protocol is served, unless it is off.
    pub fn resp_address(&self) -> Option<SocketAddr> {
        self.resp_address
    }

    /// Reads the tokens and the certificate again, as SIGHUP does; what cannot be read is logged, and the one before stays.
    pub fn reload(&self) {
        self.shared.reload();
    }

    /// Serves until SIGTERM or SIGINT, and then ends in order; SIGHUP reads the tokens and the certificate again. A second signal ends at once.
    pub fn run_until_signal(self) -> Result<()> {
        self.runtime.block_on(wait_for_end(&self.shared, || ()))?;
        self.stop()
    }

    /// Takes no new connections, lets requests come to their end, writes checkpoints and closes all databases.
    pub fn stop(mut self) -> Result<()> {
        self.shared.end();
        let shared = Arc::clone(&self.shared);
        let closed = self.runtime.block_on(async {
            while self.serving.join_next().await.is_some() {}
            on_thread(move || shared.databases.close()).await
        });
        self.shared.traces.end();
        // Threads that still wait have nothing to write any more: the databases are closed.
        for runtime in [Some(self.runtime), self.resp_runtime].into_iter().flatten() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
        closed
    }
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!("cannot listen on {address}: {error}; another --{setting} may be free");
        Error::new(ErrorCode::Io, message).with_source(error)
    })
}

/// Opens what is to be open before the daemon is ready.
async fn open_all(shared: Arc<Shared>) {
    if shared.config.opening == settings::Opening::Eager {
        let names = on_thread({
            let shared = Arc::clone(&shared);
            move || shared.databases.names()
        })
        .await
        .unwrap_or_default();
        shared.opening.begin(names.len());
        for name in names {
            let shared = Arc::clone(&shared);
            let progress = Arc::clone(&shared);
            let opened = on_thread(move || {
                let opened = shared.databases.get(&name);
                opened.map(drop).map_err(|error| error.context(format!("database {name}")))
            });
            if let Err(error) = opened.await {
                // Others are served all the same; who asks for this one is told why.
                tracing::error!(code = error.code().as_str(), "{error}");
            }
            progress.opening.tried();
        }
    }
    shared.opening.end();
}

#[cfg(unix)]
async fn wait_for_end(shared: &Arc<Shared>, is_listening: impl FnOnce()) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hung_up = signal(SignalKind::hangup())?;
    is_listening();
    let reloading = Arc::clone(shared);
    tokio::spawn(async move {
        // It writes down what it does, and who waits for the disk there hears no other signal.
        while hung_up.recv().await.is_some() && !reloading.is_ending() {
            let shared = Arc::clone(&reloading);
            let reloaded = on_thread(move || {
                shared.reload();
                Ok(())
            });
            // What failed is in the log.
            let _logged = reloaded.await;
        }
    });
    let name = tokio::select! {
        _ = terminated.recv() => "SIGTERM",
        _ = interrupted.recv() => "SIGINT",
    };
    tracing::info!(signal = name, "ending: what is under way comes to its end first");
    tokio::spawn(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        tracing::warn!("ended at once, as the second signal asks; nothing that was acknowledged is lost");
        std::process::exit(1);
    });
    Ok(())
}

#[cfg(not(unix))]
async fn wait_for_end(_shared: &Arc<Shared>, is_listening: impl FnOnce()) -> Result<()> {
    is_listening();
    tokio::signal::ctrl_c().await?;
    tracing::info!("ending: what is under way comes to its end first");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What serves may be polled for the first time after the end was told.
    #[test]
    fn an_end_that_was_told_before_serving_began_is_heard() -> Result<()> {
        let data = std::env::temp_dir().join(format!("nedbd-told-early-{}", std::process::id()));
        let words: [std::ffi::OsString; 3] = ["nedbd".into(), "--data".into(), data.clone().into()];
        let shared = Arc::new(Shared::new(Config::read(&crate::command().get_matches_from(words))?)?);
        shared.end();
        Builder::new_current_thread().enable_all().build()?.block_on(async {
            let any_port = SocketAddr::new(shared.config.host, 0);
            http::serve(Arc::clone(&shared), bind("port", any_port).await?).await;
            resp::serve(Arc::clone(&shared), bind("resp2-port", any_port).await?).await;
            Ok::<(), Error>(())
        })?;
        shared.databases.close()?;
        drop(std::fs::remove_dir_all(data));
        Ok(())
    }
}
