//! Connections of HTTP, and what every request passes through.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{RawPathParams, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::routing::{MethodRouter, on};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use nedb::{AsOf, Error, ErrorCode, IndexKind, MemoryShare, Object, Op, Result, Seq, Value, WriteBatch};
use nedb_types::document::json_to_value;
use tokio::net::TcpListener;

use super::answer::Answer;
use super::body::{Field, Form, Kind, Request, Sent, invalid, optional, required};
use super::encoding::Coding;
use super::fields::AS_OF;
use super::patience::{HEAD_TIMEOUT, Patient};
use super::route::{Handler, ROUTE_COUNT, ROUTES, Route};
use super::seat::Seat;
use super::socket::Upgrade;
use super::timing::{Come, Whose};
use super::writing::SHORT_BYTES;
use super::{failure, guard, socket, writing};
use crate::databases::{Served, check_name};
use crate::doorman::on_thread;
use crate::metrics::{Protocol, Refusal};
use crate::rights::{Identity, Right};
use crate::server::{DRAIN, Shared};
use crate::tls::secure;

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_mins(1);

/// How much of a refused body is taken off the wire, and for how long: a client that still sends when the connection is closed on it
/// never sees why.
const DISCARDED_BYTES_MAX: usize = 16 << 20;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// How many bytes the head of a request has at most.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// How many requests are under way on one h2 connection at most.
const STREAMS_MAX: u32 = 128;

/// Serves connections until the daemon ends, then lets what is under way come to its end.
pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    serve_routes(shared, listener, ROUTES).await;
}

/// Serves connections that may ask for these routes.
pub(super) async fn serve_routes(shared: Arc<Shared>, listener: TcpListener, routes: &'static [Route]) {
    let router = router(&shared, routes);
    let graceful = GracefulShutdown::new();
    let mut ending = shared.ending();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ending = ending.changed() => break,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors, most likely: others will be closed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // A connection without a place is closed at once, which tells a client more than waiting does.
        let Some(place) = shared.doorman.connection() else { continue };
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).max_buf_size(HEAD_BYTES_MAX);
        // It counts from the answer before on; how long a head takes by itself is `Patient`'s.
        builder.http1().header_read_timeout(shared.config.keep_alive);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX).keep_alive_interval(HEAD_TIMEOUT);
        let inner = TowerToHyperService::new(router.clone());
        let shared = Arc::clone(&shared);
        let (watcher, watched, tls) = (graceful.watcher(), graceful.watcher(), shared.tls().map(|tls| tls.http));
        tokio::spawn(async move {
            let stream = match secure(tls, stream).await {
                Ok(stream) => stream,
                Err(error) => {
                    shared.metrics.refused(Refusal::Handshake);
                    return tracing::debug!("a TLS handshake failed: {error}");
                }
            };
            let seat = Seat::new(peer.ip(), place, shared.metrics.connection(Protocol::Http), watched);
            let stream = TokioIo::new(Patient::new(stream, seat.under_way()));
            let connection = builder.serve_connection_with_upgrades(stream, Counting { inner, seat }).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!("an HTTP connection ended: {error}");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off: they took longer than {DRAIN:?} to end");
    }
}

/// Lets the connection know what is under way.
struct Counting {
    inner: TowerToHyperService<Router>,
    seat: Arc<Seat>,
}

impl Service<HttpRequest<Incoming>> for Counting {
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, mut request: HttpRequest<Incoming>) -> Self::Future {
        let turn = self.seat.begin();
        request.extensions_mut().insert(Arc::clone(&self.seat));
        let answered = self.inner.call(request);
        Box::pin(async move { answered.await.map(|response| turn.end_with(response)) })
    }
}

fn router(shared: &Arc<Shared>, routes: &'static [Route]) -> Router {
    let mut paths: Vec<(&str, MethodRouter<Arc<Shared>>)> = Vec::new();
    for (number, route) in routes.iter().enumerate() {
        let handler = move |State(shared): State<Arc<Shared>>, parts: RawPathParams, request: HttpRequest| async move {
            answer(shared, (number, route), &parts, request).await
        };
        let filter = route.verb.filter();
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, methods)) => *methods = std::mem::take(methods).on(filter, handler),
            None => paths.push((route.path, on(filter, handler))),
        }
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        router = router.route(path, methods.fallback(wrong_method));
    }
    router.fallback(unknown_path).with_state(Arc::clone(shared))
}

async fn unknown_path(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let identified = guard::identify(&shared, request.headers(), address(&request));
    drop(request);
    let error = Error::new(ErrorCode::NotFound, format!("there is no route {path}: see /openapi.json"));
    refused(&shared, identified, &error).await
}

async fn wrong_method(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return preflight(&shared, request.headers());
    }
    let (method, path) = (request.method(), request.uri().path());
    let error = invalid(format!("{path} does not take {method}: see /openapi.json"));
    let identified = guard::identify(&shared, request.headers(), address(&request));
    drop(request);
    let mut response = refused(&shared, identified, &error).await;
    if response.status() == StatusCode::BAD_REQUEST {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    }
    response
}

/// Tells a browser whether a page may call.
fn preflight(shared: &Shared, headers: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    guard::add_cors(shared, headers.get(header::ORIGIN), &mut response);
    response
}

/// An error for whoever has passed the guard; the guard's for others.
async fn refused(shared: &Shared, identified: Result<Option<Identity>>, error: &Error) -> Response<Body> {
    let response = match identified {
        Ok(_) => failure::into_response(error),
        Err(denied) => {
            shared.wrong_tokens.slow_down(&denied).await;
            failure::into_response(&denied)
        }
    };
    shared.metrics.request(ROUTE_COUNT, response.status().as_u16(), 0);
    response
}

async fn answer(
    shared: Arc<Shared>,
    (number, route): (usize, &'static Route),
    parts: &RawPathParams,
    mut request: HttpRequest,
) -> Response<Body> {
    // In h2 the host stands in the address.
    let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let parts: BTreeMap<String, String> =
        parts.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let database = parts.get("db").filter(|name| check_name(name).is_ok()).map(String::as_str);
    let span = shared.traces.request((request.method().as_str(), route.path), database, request.headers());
    let start_us = shared.config.io.clock.monotonic_us();
    let mut come = None;
    let mut response =
        handle(&shared, route, parts, request, &mut come).await.unwrap_or_else(|error| failure::into_response(&error));
    let now_us = shared.config.io.clock.monotonic_us();
    shared.metrics.request(number, response.status().as_u16(), now_us.saturating_sub(start_us));
    if let Some(come) = come {
        come.answered(&shared, route, now_us);
    }
    span.answered(response.status().as_u16());
    guard::add_cors(&shared, origin.as_ref(), &mut response);
    response
}

async fn handle(
    shared: &Arc<Shared>,
    route: &'static Route,
    parts: BTreeMap<String, String>,
    mut request: HttpRequest,
    come: &mut Option<Come>,
) -> Result<Response<Body>> {
    let (identity, upgrade) = match admit(shared, route, &parts, &mut request) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            shared.wrong_tokens.slow_down(&refusal).await;
            discard(request.into_body()).await;
            return Err(refusal);
        }
    };
    let (head, body) = request.into_parts();
    let query = query_pairs(head.uri.query().unwrap_or_default())?;
    let (sent_as, accepted) = (Coding::of_body(&head.headers)?, Coding::accepted(&head.headers));
    let (body, mut account) = read_body(shared, body).await?;
    let accept = head.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let form = Form::accepted(accept.unwrap_or_default());
    let last_event_id = head.headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let shared = Arc::clone(shared);
    let identity = Arc::new(identity.unwrap_or_else(Identity::nobody));
    let open = parts.get("db").and_then(|name| shared.databases.get_open(name));
    let database = Whose::of(open.as_ref(), parts.get("db"));
    *come = Some(Come { identity: Arc::clone(&identity), database, since_us: shared.config.io.clock.monotonic_us() });
    let is_short = open.is_some() && sent_as.is_none() && body.len() <= SHORT_BYTES;
    let read = {
        let shared = Arc::clone(&shared);
        move || {
            let body = match sent_as {
                None => body,
                Some(coding) => coding
                    .decode(&body, shared.config.body_bytes_max, &mut account)
                    .inspect_err(|error| shared.note_memory(error))?,
            };
            let unfolded = body.len();
            let mut request = Request::new(shared, identity, route, Sent { parts, query, body })?;
            request.form = form;
            request.last_event_id = last_event_id;
            request.open = open;
            Ok((request, account, unfolded))
        }
    };
    match route.handler {
        Handler::Writes(make) => writing::carry_out(&shared, writing::Terms { is_short, accepted }, read, make).await,
        Handler::Answers(answer) => {
            let work = move || {
                let (mut request, _account, _unfolded) = read()?;
                let act = route.is_act().then(|| request.begin_act(route.name(), request.fields())).transpose()?;
                let answered = answer(&mut request);
                if let Some(act) = act {
                    act.end(answered.as_ref().err());
                }
                answered.map(|answer| answer.counted(&request.shared).into_response(accepted))
            };
            if route.is_prompt { on_thread(work).await } else { shared.doorman.work(work).await }
        }
        Handler::Sockets(begin) => {
            let upgrade = upgrade.ok_or_else(|| invalid("a WebSocket begins with an upgrade"))?;
            let work = move || begin(&mut read()?.0);
            let talk = shared.doorman.work(work).await?;
            Ok(upgrade.into_response(&shared, talk))
        }
    }
}

/// Where a request comes from: every connection has a seat.
fn address(request: &HttpRequest) -> IpAddr {
    let seat = request.extensions().get::<Arc<Seat>>();
    seat.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |seat| seat.address)
}

/// Who calls, if he may; and what a socket is upgraded with.
fn admit(
    shared: &Shared,
    route: &Route,
    parts: &BTreeMap<String, String>,
    request: &mut HttpRequest,
) -> Result<(Option<Identity>, Option<Upgrade>)> {
    if let Handler::Sockets(_) = route.handler {
        socket::take_token(request.headers_mut())?;
    }
    let identity = guard::identify(shared, request.headers(), address(request))?;
    if let Some(right) = route.right {
        let identity = identity.as_ref().ok_or_else(no_token)?;
        guard::demand(identity, right, parts.get("db").map(String::as_str))?;
    }
    let upgrade = match route.handler {
        Handler::Sockets(_) => Some(Upgrade::of(request, route.protocol)?),
        Handler::Answers(_) | Handler::Writes(_) => None,
    };
    Ok((identity, upgrade))
}

pub(super) fn no_token() -> Error {
    Error::new(ErrorCode::Unauthenticated, "this daemon asks for a token: send Authorization: Bearer TOKEN")
}

/// Reads a body as it comes, and keeps account of it.
async fn read_body(shared: &Shared, mut body: Body) -> Result<(Bytes, MemoryShare)> {
    let (bytes_max, mut account) = (shared.config.body_bytes_max, shared.doorman.account());
    let too_large = || {
        let message = format!("the body has more than {bytes_max} bytes (--body-mb-max)");
        Error::new(ErrorCode::BatchTooLarge, message)
    };
    let read = async {
        let (mut first, mut all) = (Bytes::new(), Vec::new());
        if body.size_hint().lower() > bytes_max as u64 {
            discard(body).await;
            return Err(too_large());
        }
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let frame = frame.map_err(|error| {
                Error::new(ErrorCode::BatchTooLarge, "the body did not come whole").with_source(error)
            })?;
            // Trailers say nothing here.
            let Ok(data) = frame.into_data() else { continue };
            let bytes = first.len() + all.len() + data.len();
            if bytes > bytes_max {
                discard(body).await;
                return Err(too_large());
            }
            account.set(bytes).inspect_err(|error| shared.note_memory(error))?;
            if first.is_empty() && all.is_empty() {
                // A body of one piece is not copied.
                first = data;
            } else {
                all.extend_from_slice(&std::mem::take(&mut first));
                all.extend_from_slice(&data);
            }
        }
        Ok(if all.is_empty() { first } else { all.into() })
    };
    match tokio::time::timeout(BODY_TIMEOUT, read).await {
        Ok(read) => read.map(|bytes| (bytes, account)),
        Err(_elapsed) => Err(Error::new(ErrorCode::Cancelled, "the body did not come in time")),
    }
}

/// Takes a body off the wire that nobody wants.
async fn discard(mut body: Body) {
    let read = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > DISCARDED_BYTES_MAX {
                break;
            }
        }
    };
    // Whoever sends more, or more slowly, has the connection closed on him.
    drop(tokio::time::timeout(DISCARD_TIMEOUT, read).await);
}

/// The pairs behind `?`, decoded.
fn query_pairs(query: &str) -> Result<Vec<(String, String)>> {
    let decode = |text: &str| -> Result<String> {
        let bytes = percent_decoded(&text.replace('+', " "));
        String::from_utf8(bytes).map_err(|error| invalid(format!("parameter {text:?} is not UTF-8")).with_source(error))
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    while let Some(byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
            at += 3;
        } else {
            decoded.push(*byte);
            at += 1;
        }
    }
    decoded
}

fn visible_names(request: &Request) -> Result<Vec<String>> {
    let mut names = request.shared.databases.names()?;
    names.retain(|name| request.identity.may(Right::Verify, Some(name)));
    Ok(names)
}

pub(super) fn databases(request: &mut Request) -> Result<Answer> {
    if request.identity.is_nobody() {
        return Err(no_token());
    }
    let row = |name: &String| match request.shared.databases.get(name).and_then(|served| summary(&served, AsOf::Head)) {
        Ok(row) => Some(row),
        // It was dropped meanwhile.
        Err(error) if error.code() == ErrorCode::NotFound => None,
        // One that cannot be opened hides no other.
        Err(error) => {
            tracing::warn!(database = name.as_str(), code = error.code().as_str(), "{error}");
            let mut row = Object::new();
            row.insert("name", name.as_str());
            Some(Value::Object(failure::beside(row, &error)))
        }
    };
    let rows = visible_names(request)?.iter().filter_map(row).collect();
    let mut answer = Object::new();
    answer.insert("databases", Value::Array(rows));
    Answer::object(answer)
}

pub(super) const CREATE: &[Field] = &[
    required("name", Kind::Word, "its name: letters, digits, _ . and -"),
    optional(
        "init",
        Kind::Object,
        "what it begins with: {indexes: [[coll, field, kind?]], seed: {coll: [docs]}, links: [[frm, rel, to]]}",
    ),
];

pub(super) fn create(request: &mut Request) -> Result<Answer> {
    let name = request.text("name");
    check_name(&name)?;
    let init = Init::read(request.maybe_object("init").unwrap_or_default())?;
    let served = request.shared.databases.create(&name)?;
    if let Err(error) = init.apply(&served) {
        // What was asked for is a database with these contents; half of it is not left behind.
        request.shared.databases.remove(&name)?;
        return Err(error);
    }
    let mut answer = Object::new();
    answer.insert("database", summary(&served, AsOf::Head)?);
    Answer::with_status(StatusCode::CREATED, answer)
}

/// What a new database begins with.
struct Init {
    indexes: Vec<(String, String, IndexKind)>,
    batch: WriteBatch,
    documents: Vec<(String, Object)>,
}

impl Init {
    fn read(mut init: Object) -> Result<Self> {
        let mut read = Self { indexes: Vec::new(), batch: WriteBatch::new(), documents: Vec::new() };
        for index in list(&mut init, "indexes")? {
            let words = words("indexes", &index, 2..=3)?;
            let mut words = words.into_iter();
            let (collection, field) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let kind = words.next().map_or(Ok(IndexKind::Eq), |kind| kind.parse())?;
            read.indexes.push((collection, field, kind));
        }
        if let Some(seed) = init.remove("seed") {
            let Value::Object(seed) = seed else { return Err(invalid("init.seed is not an object of lists")) };
            for (collection, documents) in seed.iter() {
                for document in documents.as_array().ok_or_else(|| invalid("init.seed is not an object of lists"))? {
                    let Value::Object(document) = document else {
                        return Err(invalid("a document of init.seed is not an object"));
                    };
                    read.documents.push((collection.to_owned(), document.clone()));
                }
            }
        }
        for link in list(&mut init, "links")? {
            if let [from, relation, to] = words("links", &link, 3..=3)?.as_slice() {
                read.batch.push(Op::link(from, relation, to));
            }
        }
        match init.keys().next() {
            None => Ok(read),
            Some(other) => Err(invalid(format!("init has {other:?}; there are indexes, seed and links"))),
        }
    }

    fn apply(self, served: &Served) -> Result<()> {
        for (collection, field, kind) in &self.indexes {
            served.db.create_index(collection, field, *kind)?;
        }
        let mut batch = WriteBatch::new();
        for (collection, document) in self.documents {
            let id = match document.get("_id").or_else(|| document.get("id")) {
                Some(Value::String(id)) => id.clone(),
                Some(Value::I64(id)) => id.to_string(),
                Some(_) => {
                    return Err(invalid("the id of a document of init.seed is neither a text nor a whole number"));
                }
                None => nedb_types::hex::encode(&served.db.new_object_id()),
            };
            batch.push(Op::put(collection, id, nedb::Body::from(document)));
        }
        for writes in [batch, self.batch] {
            if !writes.is_empty() {
                served.db.write(writes)?;
            }
        }
        Ok(())
    }
}

fn list(init: &mut Object, name: &str) -> Result<Vec<Value>> {
    match init.remove(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => Ok(values),
        Some(_) => Err(invalid(format!("init.{name} is not a list"))),
    }
}

fn words(name: &str, value: &Value, count: std::ops::RangeInclusive<usize>) -> Result<Vec<String>> {
    let words: Option<Vec<String>> =
        value.as_array().map(|words| words.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let words = words.filter(|words| count.contains(&words.len()));
    words.ok_or_else(|| {
        invalid(format!("an entry of init.{name} is not a list of {} to {} texts", count.start(), count.end()))
    })
}

pub(super) const DATABASE: &[Field] =
    &[AS_OF, optional("names", Kind::Flag, "also lists the collections that were ever written to")];

pub(super) fn database(request: &mut Request) -> Result<Answer> {
    let (as_of, has_names) = (request.as_of()?, request.flag("names"));
    let served = request.served()?;
    let mut answer = Object::new();
    let Value::Object(mut database) = summary(&served, as_of)? else { return Answer::object(answer) };
    let indexes: Result<Vec<Value>> =
        served.db.indexes().iter().map(|index| json_to_value(index.to_json()?.as_bytes())).collect();
    database.insert("indexes", Value::Array(indexes?));
    if has_names {
        let names = served.db.snapshot().collection_names()?;
        let names = names.iter().map(|name| Value::String(name.as_str().to_owned()));
        database.insert("names", Value::Array(names.collect()));
    }
    answer.insert("database", database);
    Answer::object(answer)
}

pub(super) fn drop_database(request: &mut Request) -> Result<Answer> {
    let name = request.part("db").to_owned();
    request.shared.databases.remove(&name)?;
    tracing::warn!(database = name, by = request.identity.name, "dropped");
    let mut answer = Object::new();
    answer.insert("dropped", name);
    Answer::object(answer)
}

/// `{name, seq, head, rows, collections}`, the last two as of a moment.
fn summary(served: &Served, as_of: AsOf) -> Result<Value> {
    let snapshot = served.db.snapshot_at(as_of)?;
    let head = served.db.head();
    let (mut rows, mut collections) = (0, Object::new());
    for info in snapshot.collections()? {
        rows += info.documents;
        collections.insert(info.name.as_str(), info.documents);
    }
    let mut summary = Object::new();
    summary.insert("name", served.name.as_str());
    summary.insert("seq", Seq::number_of(head.seq()));
    summary.insert("head", head.hex());
    summary.insert("rows", rows);
    summary.insert("collections", collections);
    Ok(Value::Object(summary))
}
