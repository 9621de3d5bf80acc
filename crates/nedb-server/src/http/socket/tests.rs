//! Sockets over a port: a route that says again what it is told.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::super::body::Request;
use super::super::route::{Handler, Route};
use super::super::service::serve_routes;
use super::*;
use crate::rights::Right;
use crate::{Config, command};

const ROUTES: &[Route] = &[Route::get("/echo/{db}", Right::Read, "Says again what it is told", Handler::Sockets(echo))];

/// What makes the route wait until the daemon ends before it answers.
const LATE: &str = "late";

#[allow(clippy::unnecessary_wraps, reason = "it is a handler")]
fn echo(_request: &mut Request) -> nedb::Result<Talk> {
    Ok(talk(|mut socket| async move {
        while let Some(received) = socket.next().await {
            if received.message == Message::Text(LATE.into()) {
                assert!(socket.next().await.is_none(), "nothing is taken once the daemon ends");
            }
            if socket.sender().send(received.message).await.is_err() {
                break;
            }
        }
        socket
    }))
}

type Client = WebSocketStream<TcpStream>;

/// A daemon with that one route.
struct Daemon {
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
    address: SocketAddr,
    data: std::path::PathBuf,
}

impl Daemon {
    async fn start(name: &str, settings: &[&str]) -> Self {
        let data = std::env::temp_dir().join(format!("nedbd-socket-{name}-{}", std::process::id()));
        let words = ["nedbd", "--data", data.to_str().unwrap()].into_iter().chain(settings.iter().copied());
        let config = Config::read(&command().get_matches_from(words)).unwrap();
        let shared = Arc::new(Shared::new(config).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve_routes(Arc::clone(&shared), listener, ROUTES));
        Self { shared, serving, address, data }
    }

    /// Asks for a socket with further headers.
    async fn ask(&self, headers: &[(&'static str, &str)]) -> tungstenite::Result<Client> {
        let mut request = format!("ws://localhost:{}/echo/shop", self.address.port()).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let stream = TcpStream::connect(self.address).await?;
        client_async(request, stream).await.map(|(client, _response)| client)
    }

    async fn socket(&self) -> Client {
        self.ask(&[]).await.unwrap()
    }

    /// The status and the body with which a request for a socket is refused.
    async fn refusal(&self, headers: &[(&'static str, &str)]) -> (u16, String) {
        match self.ask(headers).await.unwrap_err() {
            tungstenite::Error::Http(response) => {
                let body = response.body().as_deref().unwrap_or_default();
                (response.status().as_u16(), String::from_utf8_lossy(body).into_owned())
            }
            error => panic!("{error}"),
        }
    }

    async fn end(self) {
        self.shared.end();
        self.serving.await.unwrap();
        self.shared.databases.close().unwrap();
        drop(std::fs::remove_dir_all(self.data));
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(test);
}

/// The code and the reason of the close frame that comes next.
async fn closed(client: &mut Client) -> (u16, String) {
    loop {
        match client.next().await.expect("a close frame").unwrap() {
            Frame::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
            Frame::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn messages_go_both_ways_in_order_whatever_their_size() {
    run(async {
        let daemon = Daemon::start("both", &[]).await;
        let mut client = daemon.socket().await;
        let said =
            [Frame::text("a"), Frame::text("ä".repeat(1 << 20)), Frame::binary(vec![7; 3 << 20]), Frame::text("")];
        for frame in &said {
            client.feed(frame.clone()).await.unwrap();
            client.flush().await.unwrap();
            assert_eq!(&client.next().await.unwrap().unwrap(), frame);
        }
        client.send(Frame::Close(None)).await.unwrap();
        assert!(matches!(client.next().await, Some(Ok(Frame::Close(_)))));
        assert!(client.next().await.is_none());
        daemon.end().await;
    });
}

#[test]
fn who_may_not_come_in_is_refused_before_the_upgrade() {
    run(async {
        let daemon = Daemon::start("rights", &["--token", "the root of all"]).await;
        let encoded = "dGhlIHJvb3Qgb2YgYWxs";
        let (status, body) = daemon.refusal(&[]).await;
        assert!(status == 401 && body.contains("\"unauthenticated\""), "{body}");
        for (headers, wanted) in [
            (&[("authorization", "Bearer wrong token")][..], 401),
            (&[("sec-websocket-protocol", "nedb.v1, nedb.bearer.d3Jvbmc")], 401),
            (&[("sec-websocket-protocol", "nedb.v1, nedb.bearer.!")], 401),
            (&[("authorization", "Bearer the root of all"), ("origin", "https://evil.example")], 403),
            (&[("authorization", "Bearer the root of all"), ("sec-websocket-protocol", "mqtt")], 400),
            (&[("authorization", "Bearer x"), ("sec-websocket-protocol", "nedb.v1, nedb.bearer.eA")], 400),
        ] {
            let (status, body) = daemon.refusal(headers).await;
            assert_eq!(status, wanted, "{headers:?}: {body}");
        }
        daemon.ask(&[("authorization", "Bearer the root of all")]).await.unwrap();
        // A page gives its token so; the client checks that the answer names one of its subprotocols.
        let mut page =
            daemon.ask(&[("sec-websocket-protocol", &format!("nedb.v1, nedb.bearer.{encoded}"))]).await.unwrap();
        page.send(Frame::text("in")).await.unwrap();
        assert_eq!(page.next().await.unwrap().unwrap(), Frame::text("in"));
        daemon.end().await;
    });
}

#[test]
fn a_request_that_is_no_upgrade_is_told_what_is_missing() {
    run(async {
        let daemon = Daemon::start("plain", &[]).await;
        let mut plain = TcpStream::connect(daemon.address).await.unwrap();
        plain.write_all(b"GET /echo/shop HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        plain.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("\"invalid_argument\""), "{answer}");
        daemon.end().await;
    });
}

#[test]
fn a_message_beyond_the_limit_is_refused_by_its_code() {
    run(async {
        let daemon = Daemon::start("large", &["--body-mb-max", "1"]).await;
        let mut client = daemon.socket().await;
        let (mut sink, mut frames) = (&mut client).split();
        // It may be closed in the middle of it.
        let _sent = sink.send(Frame::binary(vec![0; (1 << 20) + 1])).await;
        match frames.next().await {
            Some(Ok(Frame::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 1009),
            other => panic!("{other:?}"),
        }
        daemon.end().await;
    });
}

#[test]
fn messages_that_never_end_share_the_memory_of_requests() {
    run(async {
        let daemon = Daemon::start("memory", &["--memory-mb", "1"]).await;
        let mut client = daemon.socket().await;
        let _sent = client.send(Frame::binary(vec![0; 8 << 20])).await;
        assert_eq!(closed(&mut client).await.0, 1013);
        let mut other = daemon.socket().await;
        other.send(Frame::text("still there")).await.unwrap();
        assert_eq!(other.next().await.unwrap().unwrap(), Frame::text("still there"));
        daemon.end().await;
    });
}

#[test]
fn the_end_of_the_daemon_is_told_after_what_the_route_still_says() {
    run(async {
        let daemon = Daemon::start("end", &[]).await;
        let (mut idle, mut late) = (daemon.socket().await, daemon.socket().await);
        late.send(Frame::text("first")).await.unwrap();
        late.send(Frame::text(LATE)).await.unwrap();
        assert_eq!(late.next().await.unwrap().unwrap(), Frame::text("first"));
        let ended = tokio::spawn(daemon.end());
        let told = (1001, "the daemon is ending".to_owned());
        assert_eq!(closed(&mut idle).await, told);
        assert!(idle.next().await.is_none());
        assert_eq!(late.next().await.unwrap().unwrap(), Frame::text(LATE));
        assert_eq!(closed(&mut late).await, told);
        assert!(late.next().await.is_none());
        ended.await.unwrap();
    });
}

#[test]
fn a_socket_has_its_place_until_it_ends() {
    run(async {
        let daemon = Daemon::start("place", &["--connections-max", "1"]).await;
        let mut client = daemon.socket().await;
        assert!(daemon.ask(&[]).await.is_err(), "all places are taken");
        client.send(Frame::Close(None)).await.unwrap();
        while client.next().await.is_some() {}
        // The place is free a moment after the client knows that it is closed.
        while daemon.ask(&[]).await.is_err() {
            tokio::task::yield_now().await;
        }
        daemon.end().await;
    });
}

#[test]
fn who_is_silent_also_to_pings_is_cut_off_and_who_answers_them_stays() {
    run(async {
        let daemon = Daemon::start("silent", &["--keep-alive-s", "1"]).await;
        let mut there = daemon.socket().await;
        let mut pings = 0;
        // It answers them as it reads them; nothing else is said for twice the time.
        while pings < 6 {
            match there.next().await.unwrap().unwrap() {
                Frame::Ping(_) => pings += 1,
                other => panic!("{other:?}"),
            }
        }
        there.send(Frame::text("here")).await.unwrap();
        while there.next().await.unwrap().unwrap() != Frame::text("here") {}
        let mut silent = daemon.socket().await.into_inner();
        let mut unread = Vec::new();
        silent.read_to_end(&mut unread).await.unwrap();
        assert!(!unread.is_empty(), "it was pinged before");
        daemon.end().await;
    });
}
