//! Figures as lines of at most 80 columns, and as JSON.

use nedb_types::{Object, Result, Value, document::value_to_json};

use super::figures::{DatabaseFigures, Figures, Work};
use crate::output::{Align, Table, bytes, count};

/// The columns that a page takes.
const WIDTH: usize = 80;
/// Routes and families that are shown; the busiest come first.
const WORKS_SHOWN: usize = 8;
/// Databases that are shown.
const DATABASES_SHOWN: usize = 10;
/// The longest name in its column.
const NAME_MAX: usize = 34;
const DATABASE_NAME_MAX: usize = 12;

/// The page.
pub fn lines(figures: &Figures, url: &str) -> Vec<String> {
    let state = if figures.is_ready { "ready" } else { "not ready" };
    let mut lines = vec![
        format!("nedbd {} at {url}, {state}, up {}", figures.version, time(figures.up_s)),
        format!(
            "{} of memory, {} of {} files; connections: {}",
            bytes(whole(figures.memory_bytes)),
            count(whole(figures.files)),
            count(whole(figures.files_max)),
            listed(&figures.connections)
        ),
        format!(
            "refused: {}",
            if figures.refused.is_empty() { "nothing".to_owned() } else { listed(&figures.refused) }
        ),
    ];
    add_works(&mut lines, "HTTP", &figures.requests);
    add_works(&mut lines, "Redis", &figures.commands);
    if let Some(round) = figures.round {
        lines.push(format!("{round:.1} commands were committed together on average"));
    }
    add_databases(&mut lines, &figures.databases);
    lines.into_iter().map(|line| cut(&line, WIDTH)).collect()
}

fn add_works(lines: &mut Vec<String>, title: &str, works: &[Work]) {
    if works.is_empty() {
        return;
    }
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right]);
    table.row([title, "per s", "half in", "99% in", "in all"].map(str::to_owned));
    for work in works.iter().take(WORKS_SHOWN) {
        let name = cut(&work.name.replace("/v1/databases/{db}", "N"), NAME_MAX);
        let total = count(whole(work.total));
        table.row([name, format!("{:.1}", work.per_s), maybe_time(work.half_s), maybe_time(work.most_s), total]);
    }
    lines.push(String::new());
    lines.extend(table.lines(""));
    add_more(lines, works.len(), WORKS_SHOWN);
}

fn add_databases(lines: &mut Vec<String>, databases: &[DatabaseFigures]) {
    if databases.is_empty() {
        return;
    }
    let right = Align::Right;
    let mut table = Table::new(&[Align::Left, right, right, right, right, right, right, right]);
    table.row(["database", "documents", "ops", "per s", "group", "sync", "log", "index"].map(str::to_owned));
    for one in databases.iter().take(DATABASES_SHOWN) {
        table.row([
            cut(&one.name, DATABASE_NAME_MAX),
            count(whole(one.documents)),
            count(whole(one.operations)),
            format!("{:.1}", one.operations_per_s),
            one.group.map_or_else(|| "-".to_owned(), |group| format!("{group:.1}")),
            maybe_time(one.sync_s),
            bytes(whole(one.log_bytes)),
            bytes(whole(one.index_bytes)),
        ]);
    }
    lines.push(String::new());
    lines.extend(table.lines(""));
    add_more(lines, databases.len(), DATABASES_SHOWN);
    let waiting: f64 = databases.iter().map(|one| one.waiting_bytes).sum();
    let lag: f64 = databases.iter().map(|one| one.feed_lag).fold(0.0, f64::max);
    let (waiting, lag) = (bytes(whole(waiting)), count(whole(lag)));
    lines.push(format!("{waiting} of Redis commands wait; the slowest feed is {lag} operations behind"));
}

fn add_more(lines: &mut Vec<String>, there_are: usize, shown: usize) {
    if there_are > shown {
        lines.push(format!("and {} more", there_are - shown));
    }
}

fn listed(named: &[(String, f64)]) -> String {
    let words = named.iter().map(|(name, number)| format!("{name} {}", count(whole(*number))));
    words.collect::<Vec<_>>().join(", ")
}

fn maybe_time(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), time)
}

/// A time in the unit that leaves a few digits.
fn time(seconds: f64) -> String {
    match seconds {
        _ if seconds.is_infinite() => "> 10 s".to_owned(),
        _ if seconds < 1e-3 => format!("{:.0} µs", seconds * 1e6),
        _ if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 120.0 => format!("{seconds:.1} s"),
        _ if seconds < 7_200.0 => format!("{:.0} min", seconds / 60.0),
        _ if seconds < 172_800.0 => format!("{:.1} h", seconds / 3_600.0),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}

/// A figure that counts something.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts that a daemon told, none negative")]
fn whole(figure: f64) -> u64 {
    figure.max(0.0) as u64
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

/// The figures as one JSON object; times in seconds, null where nothing was done.
pub fn json(figures: &Figures) -> Result<String> {
    let mut object = Object::new();
    object.insert("version", figures.version.as_str());
    object.insert("ready", figures.is_ready);
    object.insert("up_s", Value::float(figures.up_s)?);
    object.insert("memory_bytes", whole(figures.memory_bytes));
    object.insert("files", whole(figures.files));
    object.insert("files_max", whole(figures.files_max));
    for (name, named) in [("connections", &figures.connections), ("refused", &figures.refused)] {
        let mut counts = Object::new();
        for (label, number) in named {
            counts.insert(label.as_str(), whole(*number));
        }
        object.insert(name, Value::Object(counts));
    }
    for (name, works) in [("http", &figures.requests), ("redis", &figures.commands)] {
        object.insert(name, Value::Array(works.iter().map(work).collect::<Result<_>>()?));
    }
    object.insert("redis_round", maybe(figures.round)?);
    object.insert("databases", Value::Array(figures.databases.iter().map(database).collect::<Result<_>>()?));
    value_to_json(&Value::Object(object))
}

fn work(work: &Work) -> Result<Value> {
    let mut object = Object::new();
    object.insert("name", work.name.as_str());
    object.insert("per_s", Value::float(work.per_s)?);
    object.insert("half_s", maybe(work.half_s)?);
    object.insert("most_s", maybe(work.most_s)?);
    object.insert("total", whole(work.total));
    Ok(Value::Object(object))
}

fn database(one: &DatabaseFigures) -> Result<Value> {
    let mut object = Object::new();
    object.insert("name", one.name.as_str());
    object.insert("documents", whole(one.documents));
    object.insert("operations", whole(one.operations));
    object.insert("per_s", Value::float(one.operations_per_s)?);
    object.insert("group", maybe(one.group)?);
    object.insert("sync_s", maybe(one.sync_s)?);
    object.insert("log_bytes", whole(one.log_bytes));
    object.insert("index_bytes", whole(one.index_bytes));
    object.insert("waiting_bytes", whole(one.waiting_bytes));
    object.insert("feed_lag", whole(one.feed_lag));
    Ok(Value::Object(object))
}

/// A number, or null for none and for one that is beyond every bound.
fn maybe(number: Option<f64>) -> Result<Value> {
    number.filter(|number| number.is_finite()).map_or(Ok(Value::Null), Value::float)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::top::Look;

    #[test]
    fn no_line_is_wider_than_the_page() {
        let mut page = String::from("process_start_time_seconds 1\n");
        for number in 0..30 {
            let labels = format!("method=\"DELETE\",route=\"/v1/databases/{{db}}/{}{number}\"", "x".repeat(60));
            writeln!(page, "nedbd_http_request_seconds_bucket{{{labels},le=\"+Inf\"}} 99999999999").unwrap();
            let name = format!("database=\"{}{number}\"", "ü".repeat(40));
            for figure in ["operations", "documents", "log_bytes", "index_bytes"] {
                writeln!(page, "nedbd_database_{figure}{{{name}}} 99999999999").unwrap();
            }
        }
        let figures = Figures::between(None, &Look::new(&page, &Object::new(), 0, 9_000_000));
        let shown = lines(&figures, &format!("http://{}", "h".repeat(100)));
        assert!(shown.iter().all(|line| line.chars().count() <= WIDTH), "{shown:#?}");
        assert!(shown.iter().any(|line| line == "and 22 more") && shown.len() < 40);
        assert!(json(&figures).is_ok());
    }

    #[test]
    fn times_keep_a_few_digits() {
        let shown = [0.0, 0.000_05, 0.0123, 1.5, 600.0, 10_000.0, 1e6, f64::INFINITY].map(time);
        assert_eq!(shown, ["0 µs", "50 µs", "12.3 ms", "1.5 s", "10 min", "2.8 h", "11.6 d", "> 10 s"]);
    }
}
