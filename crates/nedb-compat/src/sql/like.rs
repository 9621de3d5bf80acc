//! The patterns of LIKE, whose escape character a statement may choose.

use nedb_types::Result;

use super::refusal::wrong;

/// Writes a pattern with another escape character, or without any, as one with `\`, the escape of the query language.
pub(super) fn with_backslash(pattern: &str, escape: &str) -> Result<String> {
    let mut characters = escape.chars();
    let (escape, None) = (characters.next(), characters.next()) else {
        return Err(wrong("ESCAPE takes one character"));
    };
    let (mut written, mut rest) = (String::with_capacity(pattern.len()), pattern.chars());
    while let Some(character) = rest.next() {
        if Some(character) == escape {
            let escaped = rest.next().ok_or_else(|| wrong("a pattern ends with its escape character"))?;
            written.extend(['\\', escaped]);
        } else if character == '\\' {
            written.push_str("\\\\");
        } else {
            written.push(character);
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::with_backslash;

    #[test]
    fn the_chosen_escape_takes_the_place_of_the_backslash() {
        for (pattern, escape, written) in
            [("50!%_!!", "!", r"50\%_\!"), (r"a\%", "!", r"a\\%"), (r"a\%", "", r"a\\%"), (r"a\%", r"\", r"a\%")]
        {
            assert_eq!(with_backslash(pattern, escape).unwrap(), written);
        }
        assert!(with_backslash("a!", "!").is_err());
        assert!(with_backslash("a", "!!").is_err());
    }
}
