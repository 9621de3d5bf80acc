//! Spans, and the thread that sends them.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::HeaderMap;
use nedb::{Error, ErrorCode, Result};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider, Span as SdkSpan};
use ureq::Agent;

use super::Target;

/// How many spans wait for the collector at most; further ones are dropped. Each keeps the `tracestate` of its caller, which heads bound.
const WAITING_MAX: usize = 4096;

/// How many are sent at once.
const BATCH_MAX: usize = 512;

/// How long a span waits for others to be sent with.
const DELAY: Duration = Duration::from_secs(1);

/// How long the collector may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// How long the daemon waits at its end for the last spans to be sent.
const LAST_MAX: Duration = Duration::from_secs(5);

/// How much of an answer is read: it says at most which spans were refused.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Where a collector takes spans, below its address.
const PATH: &str = "/v1/traces";

/// What makes spans, and hands them to the thread.
#[derive(Debug)]
pub(super) struct Sending {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    parents: TraceContextPropagator,
}

/// A span that was begun; it ends when it goes.
pub(super) struct Begun(SdkSpan);

impl Sending {
    pub(super) fn begin(Target { endpoint, service }: &Target) -> Result<Self> {
        let wrong = |error: opentelemetry_otlp::ExporterBuildError| {
            let message = format!("setting otlp-endpoint = {endpoint:?}: {error}");
            Error::new(ErrorCode::InvalidArgument, message).with_source(error)
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(endpoint))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(ANSWER_MAX)
            .with_endpoint(format!("{endpoint}{PATH}"))
            .build()
            .map_err(wrong)?;
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING_MAX)
            .with_max_export_batch_size(BATCH_MAX)
            .with_scheduled_delay(DELAY)
            .build();
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name(service.clone()).with_attribute(version).build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(config).build())
            .with_resource(resource)
            .build();
        tracing::info!(endpoint, service, "spans are sent");
        let tracer = provider.tracer("nedbd");
        Ok(Self { provider, tracer, parents: TraceContextPropagator::new() })
    }

    pub(super) fn request(&self, (method, route): (&str, &str), database: Option<&str>, headers: &HeaderMap) -> Begun {
        let mut attributes = vec![
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("http.route", route.to_owned()),
        ];
        attributes.extend(database.map(of_database));
        let parent = self.parents.extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let span = self.tracer.span_builder(format!("{method} {route}"));
        let span = span.with_kind(SpanKind::Server).with_attributes(attributes);
        Begun(span.start_with_context(&self.tracer, &parent))
    }

    pub(super) fn round(&self, database: &str, calls: usize) -> Begun {
        let calls = i64::try_from(calls).unwrap_or(i64::MAX);
        let attributes = [of_database(database), KeyValue::new("db.operation.batch.size", calls)];
        let span = self.tracer.span_builder("redis round").with_kind(SpanKind::Server).with_attributes(attributes);
        Begun(span.start_with_context(&self.tracer, &Context::new()))
    }

    pub(super) fn end(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_MAX) {
            tracing::warn!("the last spans were not sent: {error}");
        }
    }
}

/// The attribute that names a database.
fn of_database(name: &str) -> KeyValue {
    KeyValue::new("db.namespace", name.to_owned())
}

impl Begun {
    pub(super) fn answered(self, status: u16) {
        let Self(mut span) = self;
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end();
    }

    pub(super) fn end(self) {
        let Self(mut span) = self;
        span.end();
    }
}

/// The collector, as the thread that sends sees it: it may wait.
#[derive(Debug)]
struct Collector {
    agent: Agent,
    endpoint: String,
    /// Whether it did not take what was sent last, which is told once.
    is_away: AtomicBool,
}

impl Collector {
    fn new(endpoint: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("nedbd/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(ANSWER_MAX));
        let (agent, endpoint) = (config.build().new_agent(), endpoint.to_owned());
        Self { agent, endpoint, is_away: AtomicBool::new(false) }
    }

    fn send(&self, request: Request<Bytes>) -> std::result::Result<Response<Bytes>, ureq::Error> {
        let (head, mut body) = self.agent.run(request.map(Vec::from))?.into_parts();
        let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(head, bytes.into()))
    }

    /// Says in the log when the collector goes and when it comes back, and nothing in between.
    fn tell(&self, failure: Option<String>) {
        let was_away = self.is_away.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(failure) if !was_away => {
                tracing::warn!("{} takes no spans, they are dropped: {failure}", self.endpoint);
            }
            None if was_away => tracing::info!("{} takes spans again", self.endpoint),
            _ => {}
        }
    }
}

type Answered<'a> = Pin<Box<dyn Future<Output = std::result::Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Collector {
    fn send_bytes<'a, 'b>(&'a self, request: Request<Bytes>) -> Answered<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        let answered = self.send(request);
        self.tell(match &answered {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answered {}", answer.status())),
            Err(error) => Some(error.to_string()),
        });
        Box::pin(std::future::ready(answered.map_err(HttpError::from)))
    }
}
