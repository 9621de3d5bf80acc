//! Golden scripts: `tests/http/*.txt`.
//!
//! A script is a list of blocks: requests, a line `---`, the answers, an empty line. A request is `METHOD /path body` in one line; a
//! line that begins with `+` gives the next request a further header. Hashes and times in answers are shown as `<hash>` and `<time>`.

use super::client::Http;
use super::corpus;
use super::daemon::Daemon;

/// The corpus must not shrink without notice.
const SCRIPTS_MIN: usize = 8;

#[test]
fn every_http_script_gives_its_expected_answers() {
    corpus::run_all("http", ".txt", SCRIPTS_MIN, |blocks| {
        let daemon = Daemon::start(&["--body-mb-max", "1"]);
        let (mut http, mut headers) = (daemon.http(), String::new());
        let mut answers =
            |lines: &[String]| lines.iter().flat_map(|line| answer(&mut http, &mut headers, line)).collect();
        blocks.iter().map(|block| block.with_output(answers(&block.input))).collect()
    });
}

fn answer(http: &mut Http, headers: &mut String, line: &str) -> Vec<String> {
    if line.is_empty() || line.starts_with('#') {
        return Vec::new();
    }
    if let Some(header) = line.strip_prefix('+') {
        headers.push_str(header.trim());
        headers.push_str("\r\n");
        return Vec::new();
    }
    let mut words = line.splitn(3, ' ');
    let (method, path, body) = (words.next().unwrap(), words.next().expect("a path"), words.next().unwrap_or_default());
    let answer = http.send(method, path, &std::mem::take(headers), body);
    let mut lines = vec![answer.status.to_string()];
    lines.extend(answer.body.lines().filter(|line| !line.is_empty()).map(masked));
    lines
}

/// Leaves out what is another in every run.
fn masked(line: &str) -> String {
    // How far an index is when it was just made depends on the machine.
    if let Some((before, (_, after))) =
        line.split_once("\"state\":").and_then(|(before, state)| Some((before, state.split_once("\"position\":")?)))
    {
        return format!("{before}<state>,\"position\":{}", masked(after));
    }
    let mut masked = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let hex = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let is_word_start = !masked.ends_with(|sign: char| sign.is_ascii_alphanumeric());
        let (shown, length) = if hex >= 24 && is_word_start {
            ("<hash>".to_owned(), hex)
        } else if is_time(rest) {
            ("<time>".to_owned(), rest.find('Z').map_or(rest.len(), |end| end + 1))
        } else {
            (first.to_string(), first.len_utf8())
        };
        masked.push_str(&shown);
        rest = rest.split_at(length).1;
    }
    masked
}

fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 20 && bytes.starts_with(b"20") && bytes[4] == b'-' && bytes[7] == b'-' && bytes[10] == b'T'
}
