//! Replaces what differs from run to run, so that the rest can be compared word for word.

/// Fields whose numbers are measured.
const MEASURED: [&str; 14] = [
    "\"time_us\":",
    "\"elapsed_us\":",
    "\"documents_per_s\":",
    "\"duration_us\":",
    "\"bytes\":",
    "\"log_bytes\":",
    "\"log_bytes_on_disk\":",
    "\"index_bytes_on_disk\":",
    "\"index_entries\":",
    "\"delta_bytes\":",
    "\"index_memory_bytes\":",
    "\"memory_bytes\":",
    "\"checkpoint_age_us\":",
    "\"epoch\":",
];

/// The line with hashes, ids, keys, times and measured numbers replaced by their names.
pub fn mask(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|sign| !is_word(sign)).unwrap_or(rest.len());
        if length == 0 {
            text.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, behind) = rest.split_at(length);
        text.push_str(&mask_word(word));
        rest = behind;
    }
    mask_rate(mask_units(&mask_fields(even_times(&text))))
}

/// Times lose the zeros at their end, which changes how far the next column is away.
fn even_times(text: &str) -> String {
    let mut parts = text.split("<time>");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |even, part| {
        let is_column = part.starts_with("  ");
        even + "<time>" + if is_column { "  " } else { "" } + if is_column { part.trim_start() } else { part }
    })
}

fn is_word(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "+/=._-:".contains(sign)
}

fn mask_word(word: &str) -> String {
    if let Some((before, _)) = word.rsplit_once(':').filter(|(_, hash)| is_hex(hash, 64)) {
        return format!("{before}:<hash>");
    }
    if is_hex(word, 32) {
        return "<id>".to_owned();
    }
    if is_hex(word, 64) {
        return "<hash>".to_owned();
    }
    if is_time(word) {
        return "<time>".to_owned();
    }
    let parts: Vec<&str> = word.splitn(3, '+').collect();
    if let [name, hash, _key] = parts.as_slice()
        && is_hex(hash, 8)
    {
        return format!("{}+<key>", mask_name(name));
    }
    if word.len() >= 40 && word.chars().all(|sign| sign.is_ascii_alphanumeric() || "+/=".contains(sign)) {
        return "<base64>".to_owned();
    }
    mask_name(word)
}

/// The name of a database's key: its origin, which ends in its id unless it was given.
fn mask_name(word: &str) -> String {
    match word.split_once("nedb/") {
        Some((before, id)) if is_hex(id, 32) => format!("{before}nedb/<id>"),
        _ => word.to_owned(),
    }
}

fn is_hex(word: &str, length: usize) -> bool {
    word.len() == length && word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether a word is a time to the second or finer, as the clock gives it.
fn is_time(word: &str) -> bool {
    let shape: String = word.chars().map(|sign| if sign.is_ascii_digit() { '0' } else { sign }).collect();
    shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z')
}

fn mask_fields(mut text: String) -> String {
    for field in MEASURED {
        let mut from = 0;
        while let Some(found) = text[from..].find(field) {
            let start = from + found + field.len();
            let length = text[start..].find(|sign: char| !sign.is_ascii_digit()).unwrap_or(text.len() - start);
            if length > 0 {
                text.replace_range(start..start + length, "<n>");
            }
            from = start;
        }
    }
    text
}

/// Amounts with a unit, such as `5.3 KiB` and `216 µs`; and the text form of the measured fields.
fn mask_units(text: &str) -> String {
    let is_amount =
        |word: &str| !word.is_empty() && word.chars().all(|sign| sign.is_ascii_digit() || ",.".contains(sign));
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for position in 1..words.len() {
        let unit = unit_of(&words[position]);
        let is_unit = ["B", "KiB", "MiB", "µs", "ms", "s"].contains(&unit);
        let is_field = MEASURED.iter().any(|field| field.trim_matches(['"', ':']) == words[0]);
        if is_unit && is_amount(words[position - 1].trim_start_matches('(')) {
            let open = if words[position - 1].starts_with('(') { "(" } else { "" };
            words[position - 1] = format!("{open}<n>");
            words[position] = words[position].replace(&unit_of(&words[position]).to_owned(), "<unit>");
        } else if is_field && is_amount(&words[position]) {
            "<n>".clone_into(&mut words[position]);
        }
    }
    words.join(" ")
}

fn unit_of(word: &str) -> &str {
    word.trim_end_matches([',', ')', ';'])
}

/// `in 12 ms, 1,234 documents/s`.
fn mask_rate(text: String) -> String {
    match text.rsplit_once(" in ") {
        Some((before, rate)) if rate.ends_with(" documents/s") => format!("{before} in <duration>, <n> documents/s"),
        _ => text,
    }
}
