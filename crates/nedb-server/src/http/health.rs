//! What the daemon says of itself: that it lives, and whether it is ready.
//!
//! Promises: names of databases are for those who have a right on them. Leaves to others: what makes it unready (`crate::health`).

use axum::http::StatusCode;
use nedb::{Object, Result, Value};

use super::answer::Answer;
use super::body::Request;
use crate::rights::Right;

/// `/`: that the daemon lives, whatever else there is to say.
pub(super) fn alive(request: &mut Request) -> Result<Answer> {
    Answer::object(told(request)?.1)
}

/// `/health`: whether the daemon is ready, and what is wrong.
pub(super) fn health(request: &mut Request) -> Result<Answer> {
    let (is_ready, answer) = told(request)?;
    Answer::with_status(if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, answer)
}

/// How the daemon is, and whether it is ready.
fn told(request: &Request) -> Result<(bool, Object)> {
    let mut names = request.shared.databases.names()?;
    let health = request.shared.health(&names);
    let may_know = |name: &str| request.identity.may(Right::Verify, Some(name));
    let mut answer = Object::new();
    answer.insert("ok", true);
    answer.insert("service", "nedbd");
    answer.insert("version", env!("CARGO_PKG_VERSION"));
    answer.insert("encrypted", false);
    answer.insert("ready", health.is_ready());
    answer.insert("reasons", Value::Array(health.reasons()));
    answer.insert("degraded", Value::Array(health.degraded(may_know)));
    names.retain(|name| may_know(name));
    if !names.is_empty() {
        answer.insert("databases", Value::Array(names.into_iter().map(Value::String).collect()));
    }
    Ok((health.is_ready(), answer))
}
