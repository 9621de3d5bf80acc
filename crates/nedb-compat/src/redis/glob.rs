//! The patterns of KEYS and the SCAN family: `*`, `?`, `[a-z]`, `[^a]` and `\` before a byte that stands for itself.

/// Whether all of a byte string matches a pattern. The time is bounded by the product of the two lengths.
///
/// ```
/// use nedb_compat::redis::is_match;
/// assert!(is_match(b"h[ae]llo*", b"hallo there") && !is_match(b"h?llo", b"hllo"));
/// ```
pub fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern_at, mut text_at) = (0, 0);
    // Where to go on when what follows the last star does not match: the star takes one byte more.
    let mut resume: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(text_at) {
        let rest = pattern.get(pattern_at..).unwrap_or_default();
        if rest.first() == Some(&b'*') {
            resume = Some((pattern_at + 1, text_at));
            pattern_at += 1;
            continue;
        }
        match step(rest, *byte) {
            Some(taken) => {
                pattern_at += taken;
                text_at += 1;
            }
            None => match &mut resume {
                Some((after_star, from)) => {
                    *from += 1;
                    (pattern_at, text_at) = (*after_star, *from);
                }
                None => return false,
            },
        }
    }
    pattern.get(pattern_at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// How many bytes of the pattern stand for this byte; `None` when they do not.
fn step(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'\\', literal, ..] => (*literal == byte).then_some(2),
        [b'[', class @ ..] => in_class(class, byte).map(|taken| taken + 1),
        [literal, ..] => (*literal == byte).then_some(1),
    }
}

/// The length of a class with its bracket when the byte belongs to it; a class without an end goes to the end.
fn in_class(class: &[u8], byte: u8) -> Option<usize> {
    let (is_negated, mut at) = if class.first() == Some(&b'^') { (true, 1) } else { (false, 0) };
    let mut is_in = false;
    loop {
        match class.get(at..).unwrap_or_default() {
            [] => break,
            [b']', ..] => {
                at += 1;
                break;
            }
            [b'\\', literal, ..] => {
                is_in |= *literal == byte;
                at += 2;
            }
            [from, b'-', to, ..] => {
                is_in |= (*from.min(to)..=*from.max(to)).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                is_in |= *literal == byte;
                at += 1;
            }
        }
    }
    (is_in != is_negated).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::is_match;

    #[test]
    fn patterns_match_as_redis_matches_them() {
        let yes = [
            ("*", ""),
            ("h?llo", "hello"),
            ("h*llo", "heeeello"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hbllo"),
            ("h[a-b]llo", "hbllo"),
            ("a\\*c", "a*c"),
            ("**a**", "xay"),
            ("a*b*c", "a1b2b3c"),
            ("[\\]]", "]"),
            ("[b-a]", "a"),
        ];
        let no = [
            ("", "a"),
            ("h?llo", "hllo"),
            ("h[^e]llo", "hello"),
            ("a\\*c", "abc"),
            ("a*b", "ac"),
            ("[a", "b"),
            ("?", ""),
        ];
        for (pattern, text) in yes {
            assert!(is_match(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        for (pattern, text) in no {
            assert!(!is_match(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        let (stars, long) = ("a*".repeat(64), "a".repeat(4096));
        assert!(!is_match(format!("{stars}b").as_bytes(), long.as_bytes()));
    }
}
