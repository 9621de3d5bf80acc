//! The table of the documentation, and a line for somebody who watches.

use super::amount::amount;
use crate::{Row, Series, Unit};

const HEADER: &str = "| operation | target | NEDB | best peer | ratio | machine limit |\n|---|---|---|---|---|---|\n";

/// The whole table, and below it what was left out.
pub fn markdown(rows: &[Row]) -> String {
    let (measured, left_out): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| is_measured(row));
    let lines: Vec<String> = measured.into_iter().map(markdown_row).collect();
    let reasons: Vec<String> =
        left_out.into_iter().map(|row| format!("\nLeft out: {}: {}.\n", row.operation, row.note)).collect();
    format!("{HEADER}{}\n{}", lines.join("\n"), reasons.concat())
}

/// A row without samples is one that could not be measured; its note says why.
fn is_measured(row: &Row) -> bool {
    !row.nedb.samples.is_empty()
}

/// One line of the table: median, range, and CPU time of one operation in brackets.
pub fn markdown_row(row: &Row) -> String {
    let peer =
        row.best_peer().map_or_else(|| "–".to_owned(), |peer| format!("{} {}", peer.name, shown(peer, row.unit)));
    let ratio = row.ratio_to_best_peer().map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}x"));
    let limit = row.limit.as_ref().map_or_else(
        || "–".to_owned(),
        |limit| format!("{} {}, {:.2}x of it", limit.name, shown(limit, row.unit), row.ratio_to_limit().unwrap_or(0.0)),
    );
    let target = if row.target.is_empty() { "–" } else { row.target };
    format!("| {} | {target} | {} | {peer} | {ratio} | {limit} |", row.operation, shown(&row.nedb, row.unit))
}

/// One line with every candidate.
pub fn text_row(row: &Row) -> String {
    if !is_measured(row) {
        return format!("{}: left out: {}", row.operation, row.note);
    }
    let all = std::iter::once(&row.nedb).chain(&row.peers).chain(&row.limit);
    let parts: Vec<String> = all.map(|series| format!("{} {}", series.name, detailed(series, row.unit))).collect();
    format!("{}: {}", row.operation, parts.join("; "))
}

fn shown(series: &Series, unit: Unit) -> String {
    let (median, (least, most)) = (series.median(), series.range());
    if series.samples.len() < 2 {
        return amount(median, unit);
    }
    format!("{} ({} – {})", amount(median, unit), amount(least, unit), amount(most, unit))
}

fn detailed(series: &Series, unit: Unit) -> String {
    let cpu = series.cpu_ns().map_or_else(String::new, |ns| format!(", CPU {}", amount(ns, Unit::Nanoseconds)));
    let flushes = series.flushes().filter(|flushes| *flushes > 0.0005);
    let flushes = flushes.map_or_else(String::new, |flushes| format!(", {flushes:.3} flushes"));
    format!("{}{cpu}{flushes}", shown(series, unit))
}
