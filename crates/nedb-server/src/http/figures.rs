//! Figures of the daemon for those who watch over it.

use nedb::Result;

use super::answer::Answer;
use super::body::Request;
use super::route::ROUTES;
use crate::metrics::CONTENT_TYPE;

#[allow(clippy::unnecessary_wraps, reason = "the table wants functions of one form")]
pub(super) fn metrics(request: &mut Request) -> Result<Answer> {
    let routes: Vec<(&str, &str)> = ROUTES.iter().map(|route| (route.verb.as_str(), route.path)).collect();
    let page = request.shared.metrics.page(&request.shared, &routes);
    Ok(Answer::Page(CONTENT_TYPE, page))
}
