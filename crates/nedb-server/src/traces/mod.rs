//! Spans of requests for OpenTelemetry, in a build with the feature `otlp`.
//!
//! ```text
//! HTTP request (traceparent) ──┐
//!                              ├──> span ──> bounded queue ──> a thread of its own ──> OTLP over HTTP ──> collector
//! round of the Redis protocol ─┘             (full: dropped)
//! ```
//!
//! Promises: no request waits for the collector, whatever that does; what waits for it is bounded; a span says which route or how many
//! commands, which database and what came of it, never what was read or written. Leaves to others: what is measured in any build
//! (`metrics/`), and TLS to a collector.

#[cfg(feature = "otlp")]
mod otlp;
#[cfg(not(feature = "otlp"))]
#[path = "without_otlp.rs"]
mod otlp;

use axum::http::HeaderMap;
use nedb::{Error, ErrorCode, Result};

use otlp::{Begun, Sending};

/// The variables that OpenTelemetry names, beside those of the settings.
const STANDARD_VARIABLES: [(&str, &str); 2] =
    [("otlp-endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"), ("otlp-service", "OTEL_SERVICE_NAME")];

/// Where spans go, and under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The address of the collector, without a slash at its end.
    pub(crate) endpoint: String,
    /// What the daemon is called.
    pub(crate) service: String,
}

impl Target {
    /// What stands for a collector and a name in the table of settings.
    pub(crate) const SETTINGS: [&str; 2] = ["otlp-endpoint", "otlp-service"];

    /// Checks what was set.
    ///
    /// Errors: `unsupported` for other addresses than those of plain HTTP.
    pub(crate) fn read(endpoint: &str, service: String) -> Result<Self> {
        if endpoint.strip_prefix("http://").is_none_or(str::is_empty) {
            let message = format!(
                "setting otlp-endpoint = {endpoint:?}: spans are sent to http://HOST:PORT only, a collector nearby"
            );
            return Err(Error::new(ErrorCode::Unsupported, message));
        }
        Ok(Self { endpoint: endpoint.trim_end_matches('/').to_owned(), service })
    }
}

/// Makes spans, where somebody takes them.
#[derive(Debug)]
pub(crate) struct Traces(Option<Sending>);

/// A span that ends when it goes; none where nobody takes any.
pub(crate) struct Span(Option<Begun>);

impl Traces {
    /// Begins to send spans, if there is a collector.
    pub(crate) fn begin(target: Option<&Target>) -> Result<Self> {
        target.map(Sending::begin).transpose().map(Self)
    }

    /// Begins the span of an HTTP request, by its method and route; what its `traceparent` names is its parent.
    pub(crate) fn request(&self, name: (&str, &str), database: Option<&str>, headers: &HeaderMap) -> Span {
        Span(self.0.as_ref().map(|sending| sending.request(name, database, headers)))
    }

    /// Begins the span of a round of so many calls of the Redis protocol; they come from many clients, so it has no parent.
    pub(crate) fn round(&self, database: &str, calls: usize) -> Span {
        Span(self.0.as_ref().map(|sending| sending.round(database, calls)))
    }

    /// Sends what waits, in bounded time, and nothing from then on.
    pub(crate) fn end(&self) {
        if let Some(sending) = &self.0 {
            sending.end();
        }
    }
}

impl Span {
    /// Ends the span of an HTTP request with the status of its answer.
    pub(crate) fn answered(self, status: u16) {
        if let Some(begun) = self.0 {
            begun.answered(status);
        }
    }

    /// Ends the span.
    pub(crate) fn end(self) {
        if let Some(begun) = self.0 {
            begun.end();
        }
    }
}

/// What a variable of OpenTelemetry says of a setting, in a build that sends spans.
pub(crate) fn standard_value(name: &str) -> Option<String> {
    let variable = STANDARD_VARIABLES.iter().find(|(setting, _)| cfg!(feature = "otlp") && *setting == name);
    std::env::var(variable?.1).ok()
}
