//! Requests and their answers, on connections that are kept.
//!
//! Promises: threads may share it; a request that may not come twice is sent twice only where the first one surely did nothing.

use std::fmt;
use std::time::Duration;

use nedb::{Error, ErrorCode, ErrorKind, Object, Result, Value};
use nedb_types::document::json_to_value;
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::address::check_daemon;
use crate::failure::{self, Reach};
use crate::fields::{Fields, strange};
use crate::options::Options;
use crate::retry::{self, Again};
use crate::rows::Rows;
use crate::tls;

/// How long a connection may take to be made.
pub(crate) const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long a connection is kept without a request: the daemon keeps it longer.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// Connections that are kept for the next requests.
const IDLE_CONNECTIONS_MAX: usize = 16;
/// The largest answer that is taken as a whole; rows have no such bound.
const ANSWER_BYTES_MAX: u64 = 1 << 30;
/// What asks for rows as lines, and for the line that ends them.
const LINES: &str = "application/x-ndjson; end=1";
/// Who asks.
pub(crate) const USER_AGENT: &str = concat!("nedb-client/", env!("CARGO_PKG_VERSION"));
/// Statuses of somebody, the daemon or a proxy before it, who did not take a request.
pub(crate) const REFUSALS: [u16; 4] = [429, 502, 503, 504];

/// What is done to a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
    pub(crate) again: Again,
    /// A status beside those of success that comes with an answer.
    pub(crate) also: Option<u16>,
}

impl Call {
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::Get, path, body: None, again: Again::Always, also: None }
    }

    pub(crate) fn post(path: String, body: String, again: Again) -> Self {
        Self { method: Method::Post, path, body: Some(body), again, also: None }
    }

    pub(crate) fn delete(path: String) -> Self {
        Self { method: Method::Delete, path, body: None, again: Again::Undone, also: None }
    }
}

/// What came back to one attempt.
enum Attempt<T> {
    Done(T),
    Failed { error: Error, may_again: bool, retry_after: Option<String> },
}

/// Sends requests to one daemon.
pub(crate) struct Transport {
    pub(crate) url: String,
    pub(crate) options: Options,
    agent: Agent,
}

impl Transport {
    pub(crate) fn new(url: &str, options: Options) -> Result<Self> {
        check_daemon(url)?;
        let silence = Some(options.silence_max);
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // A variable that is meant for browsers must not send a token elsewhere.
            .proxy(None)
            .user_agent(USER_AGENT)
            .timeout_resolve(Some(options.silence_max.min(CONNECT_MAX)))
            .timeout_connect(Some(options.silence_max.min(CONNECT_MAX)))
            .timeout_per_read(silence)
            .timeout_per_write(silence)
            .max_idle_age(IDLE_MAX)
            .max_idle_connections(IDLE_CONNECTIONS_MAX)
            .max_idle_connections_per_host(IDLE_CONNECTIONS_MAX);
        if url.starts_with("https:") {
            config = config.tls_config(tls::config(options.ca_pem.as_deref())?);
        }
        Ok(Self { url: url.trim_end_matches('/').to_owned(), options, agent: config.build().new_agent() })
    }

    /// The text of an answer.
    pub(crate) fn text(&self, call: &Call) -> Result<String> {
        self.send(call, None, whole)
    }

    /// The object of an answer.
    pub(crate) fn object(&self, call: &Call) -> Result<Fields> {
        let text = self.text(call)?;
        let value = json_to_value(text.as_bytes()).map_err(|error| strange(&error).with_source(error))?;
        Fields::of(value)
    }

    /// The rows of an answer, read while they come, or its object where it has none.
    pub(crate) fn rows_or_object(&self, call: &Call) -> Result<std::result::Result<Rows, Object>> {
        let answered = self.send(call, Some(LINES), |response| {
            let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
            if kind.is_some_and(|kind| kind.contains("ndjson")) {
                return Ok(Ok(response.into_body()));
            }
            whole(response).map(Err)
        })?;
        match answered {
            Ok(body) => Ok(Ok(Rows::new(body.into_with_config().limit(u64::MAX).reader(), self.url.clone()))),
            Err(text) => match json_to_value(text.as_bytes())? {
                Value::Object(object) => Ok(Err(object)),
                _ => Err(strange("no rows")),
            },
        }
    }

    /// The rows of an answer that has some.
    pub(crate) fn rows(&self, call: &Call) -> Result<Rows> {
        self.rows_or_object(call)?.map_err(|_object| strange("an object where rows should stand"))
    }

    /// Sends a request until it is answered or another attempt is not allowed.
    fn send<T>(
        &self,
        call: &Call,
        accept: Option<&str>,
        read: impl Fn(Response<Body>) -> std::result::Result<T, ureq::Error>,
    ) -> Result<T> {
        let mut attempt = 0;
        loop {
            match self.attempt(call, accept, &read) {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Failed { error, may_again, .. } if !may_again || attempt >= self.options.retries => {
                    return Err(error);
                }
                Attempt::Failed { retry_after, .. } => {
                    let io = &self.options.io;
                    retry::wait(io, retry::pause_us(io, attempt, retry_after.as_deref()));
                }
            }
            attempt += 1;
        }
    }

    fn attempt<T>(
        &self,
        call: &Call,
        accept: Option<&str>,
        read: &impl Fn(Response<Body>) -> std::result::Result<T, ureq::Error>,
    ) -> Attempt<T> {
        let failed = |error: ureq::Error| {
            let (error, reach) = failure::of_network(&self.url, error);
            let may_again = match reach {
                Reach::Unsent => true,
                Reach::Unknown => call.again == Again::Always,
                Reach::Hopeless => false,
            };
            Attempt::Failed { error, may_again, retry_after: None }
        };
        let response = match self.exchange(call, accept) {
            Ok(response) => response,
            Err(error) => return failed(error),
        };
        let status = response.status().as_u16();
        if (200..300).contains(&status) || call.also == Some(status) {
            return read(response).map_or_else(failed, Attempt::Done);
        }
        let retry_after = response.headers().get("retry-after").and_then(|text| text.to_str().ok()).map(str::to_owned);
        let error = match whole(response) {
            Ok(text) => failure::of_answer(status, &text),
            Err(error) => return failed(error),
        };
        // A proxy before the daemon has no code: it may have passed the request on.
        let is_refused = REFUSALS.contains(&status);
        let is_undone = error.kind() == ErrorKind::Busy && error.code() != ErrorCode::Cancelled;
        let is_proxy = error.code() == ErrorCode::Io && call.again == Again::Always;
        Attempt::Failed { error, may_again: is_refused && (is_undone || is_proxy), retry_after }
    }

    fn exchange(&self, call: &Call, accept: Option<&str>) -> std::result::Result<Response<Body>, ureq::Error> {
        let url = format!("{}{}", self.url, call.path);
        let token = self.options.token.as_ref().map(|token| format!("Bearer {token}"));
        let headers = [("authorization", token.as_deref()), ("accept", accept)];
        let named = || headers.iter().filter_map(|(name, text)| Some((*name, (*text)?)));
        match call.method {
            Method::Get => named().fold(self.agent.get(url), |request, (name, text)| request.header(name, text)).call(),
            Method::Delete => {
                named().fold(self.agent.delete(url), |request, (name, text)| request.header(name, text)).call()
            }
            Method::Post => {
                let request = named().fold(self.agent.post(url), |request, (name, text)| request.header(name, text));
                request.header("content-type", "application/json").send(call.body.as_deref().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Transport")
            .field("url", &self.url)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

fn whole(response: Response<Body>) -> std::result::Result<String, ureq::Error> {
    response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_string()
}
