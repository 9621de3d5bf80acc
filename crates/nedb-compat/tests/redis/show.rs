//! Answers as lines of text, in the form that Redis' command line prints: what is nested is numbered and indented.

use nedb_compat::redis::{Reply, double_text};

/// The lines of an answer.
pub fn lines(reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Nil => vec!["(nil)".to_owned()],
        Reply::NilArray => vec!["(nil array)".to_owned()],
        Reply::Simple(word) => vec![word.to_string()],
        Reply::Int(number) => vec![format!("(integer) {number}")],
        Reply::Bool(is_true) => vec![format!("({is_true})")],
        Reply::Double(number) => vec![format!("(double) {}", double_text(*number))],
        Reply::Bulk(bytes) => vec![quoted(bytes)],
        Reply::Array(replies) => list(replies, ')', "(empty array)"),
        Reply::Set(replies) => list(replies, '~', "(empty set)"),
        Reply::Map(pairs) if pairs.is_empty() => vec!["(empty map)".to_owned()],
        Reply::Map(pairs) => pairs.iter().flat_map(|(key, value)| joined(key, "=>", value)).collect(),
        Reply::Pairs(pairs) | Reply::PairMap(pairs) if pairs.is_empty() => vec!["(empty array)".to_owned()],
        Reply::PairMap(pairs) => {
            let pair = |(key, value): &(Reply, Reply)| Reply::Array(vec![key.clone(), value.clone()]);
            list(&pairs.iter().map(pair).collect::<Vec<_>>(), '%', "(empty map)")
        }
        Reply::Pairs(pairs) => pairs.iter().flat_map(|(key, value)| joined(key, "", value)).collect(),
        // The text that shows no arguments of an unknown command ends with a space, which no file of ours does.
        Reply::Error(_) => vec![format!("(error) {}", reply.error_text().unwrap_or_default().trim_end())],
    }
}

fn list(replies: &[Reply], mark: char, empty: &str) -> Vec<String> {
    if replies.is_empty() {
        return vec![empty.to_owned()];
    }
    let numbered = replies.iter().enumerate().flat_map(|(place, reply)| {
        let number = format!("{}{mark} ", place + 1);
        let lines = lines(reply).into_iter().enumerate();
        let indent = " ".repeat(number.len());
        lines
            .map(move |(line, text)| if line == 0 { format!("{number}{text}") } else { format!("{indent}{text}") })
            .collect::<Vec<_>>()
    });
    numbered.collect()
}

fn joined(key: &Reply, sign: &str, value: &Reply) -> Vec<String> {
    let text = |reply: &Reply| lines(reply).join(" ");
    let words = [text(key), sign.to_owned(), text(value)];
    vec![words.iter().filter(|word| !word.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")]
}

fn quoted(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(|letter: char| letter.is_control() || letter == '"' || letter == '\\') => {
            format!("\"{text}\"")
        }
        _ => format!("\"{}\"", bytes.escape_ascii()),
    }
}
