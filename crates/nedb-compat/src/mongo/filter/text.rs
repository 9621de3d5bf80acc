//! `$regex` with `$options`.
//!
//! The expressions are PCRE's as far as the crate `regex` can match them, in time linear in the text (`pcre`); `$` stands for the very end,
//! not also for the place before a last line break.

use nedb_types::{Object, Result, Value};
use regex::{Regex, RegexBuilder};

use super::{condition::Condition, parse::has_operators, pcre};
use crate::mongo::fault::{Refusal, refused};

/// A regular expression, and what it says about the beginning of its matches.
#[derive(Clone, Debug)]
pub(in crate::mongo) struct Pattern {
    regex: Regex,
    prefix: Option<String>,
}

impl Pattern {
    fn new(pattern: &str, options: &str) -> Result<Self> {
        let translated = pcre::translated(pattern, options.contains('x'))?;
        let mut builder = RegexBuilder::new(&translated);
        for option in options.chars() {
            match option {
                'i' => builder.case_insensitive(true),
                'm' => builder.multi_line(true),
                's' => builder.dot_matches_new_line(true),
                // The translation has left out what `x` does; `u` is how expressions are in any case.
                'x' | 'u' => builder.unicode(true),
                other => return Err(refused(Refusal::BadValue, format!("{other:?} is no option of $regex"))),
            };
        }
        let regex = builder.build().map_err(|error| refusal(pattern, error))?;
        let has_plain_meaning = !options.contains(['i', 'm', 'x']);
        Ok(Self { regex, prefix: if has_plain_meaning { literal_prefix(pattern) } else { None } })
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The text with which every match begins at the beginning of the value, when the expression says so.
    pub(in crate::mongo) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }
}

fn refusal(pattern: &str, error: regex::Error) -> nedb_types::Error {
    let said = error.to_string();
    let reason = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let message = format!("{pattern:?} is no regular expression: {reason}");
    refused(Refusal::InvalidRegex, message).with_source(error)
}

/// The text behind a leading `^` up to the first sign with a meaning.
fn literal_prefix(pattern: &str) -> Option<String> {
    let rest = pattern.strip_prefix('^')?;
    if rest.contains('|') {
        return None;
    }
    let mut prefix = String::new();
    let mut ended_by = None;
    for character in rest.chars() {
        if matches!(character, '\\' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$') {
            ended_by = Some(character);
            break;
        }
        prefix.push(character);
    }
    if matches!(ended_by, Some('*' | '?' | '{')) {
        prefix.pop();
    }
    (!prefix.is_empty()).then_some(prefix)
}

/// Reads `$regex` together with the `$options` beside it; `None` for another operator.
pub(super) fn condition(name: &str, operand: &Value, beside: &Object) -> Option<Result<Condition>> {
    Some(match name {
        "$regex" => pattern(operand, beside.get("$options")).map(Condition::Matches),
        "$options" if beside.get("$regex").is_none() => {
            Err(refused(Refusal::BadValue, "$options needs a $regex beside it"))
        }
        _ => return None,
    })
}

/// The regular expression that an object stands for among the values of `$in` and `$all`; `None` for another object.
pub(super) fn pattern_of(object: &Object) -> Option<Result<Pattern>> {
    let is_pattern = has_operators(object) && object.keys().all(|name| matches!(name, "$regex" | "$options"));
    let operand = object.get("$regex").filter(|_| is_pattern)?;
    Some(pattern(operand, object.get("$options")))
}

fn pattern(operand: &Value, options: Option<&Value>) -> Result<Pattern> {
    let text = |value: &Value, name: &str| match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(refused(Refusal::BadValue, format!("{name} must be a string"))),
    };
    let options = options.map(|options| text(options, "$options")).transpose()?;
    Pattern::new(&text(operand, "$regex")?, &options.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nedb_types::ErrorCode;

    #[test]
    fn a_prefix_is_the_literal_text_behind_the_beginning() {
        let prefix = |pattern| Pattern::new(pattern, "").unwrap().prefix().map(str::to_owned);
        assert_eq!(prefix("^abc").as_deref(), Some("abc"));
        assert_eq!(prefix("^ab.c").as_deref(), Some("ab"));
        assert_eq!(prefix("^abc*").as_deref(), Some("ab"));
        assert_eq!(prefix("^abc+").as_deref(), Some("abc"));
        for none in ["abc", "^a|b", "^", "^a?", "^(abc)"] {
            assert_eq!(prefix(none), None, "{none}");
        }
        assert_eq!(Pattern::new("^abc", "i").unwrap().prefix(), None);
    }

    #[test]
    fn nonsense_is_refused_as_such() {
        assert_eq!(Pattern::new("(a", "").unwrap_err().code(), ErrorCode::MongoRefused);
        assert_eq!(Pattern::new("a", "q").unwrap_err().code(), ErrorCode::MongoRefused);
    }
}
