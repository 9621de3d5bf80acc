//! PCRE's regular expressions in the words of the crate `regex`.
//!
//! The two languages share most of their signs, and some of these mean different things: `\w`, `\d`, `\s` and `\b` are about ASCII in
//! PCRE, a class has neither operators nor classes inside, a brace that counts nothing is a brace. Promises: what comes out means what
//! went in; what `regex` cannot match, or this does not translate, is refused by its name. Leaves to others: everything that is no
//! expression in either language, and `$`, which here is the very end of the text.

use std::{iter::Peekable, str::Chars};

use nedb_types::{Error, Result};

use crate::mongo::fault::unsupported;

/// Signs that mean themselves only behind a backslash.
const SIGNS: &str = r"\.+*?()|[]{}^$#&-~";

/// Rewrites a pattern; `is_extended` says that it begins with the option `x`.
pub(super) fn translated(pattern: &str, is_extended: bool) -> Result<String> {
    let mut translation = Translation {
        pattern,
        rest: pattern.chars().peekable(),
        made: String::with_capacity(pattern.len()),
        is_extended: vec![is_extended],
        is_behind_quantifier: false,
    };
    translation.run()?;
    Ok(translation.made)
}

struct Translation<'p> {
    pattern: &'p str,
    rest: Peekable<Chars<'p>>,
    made: String,
    /// Whether space counts, for each group that is open; the pattern itself is the first.
    is_extended: Vec<bool>,
    is_behind_quantifier: bool,
}

/// One thing that a class has.
enum Member {
    /// A character, which may begin or end a range.
    Sign(String),
    /// Several.
    Set(&'static str),
    /// A class by its name, as it is written.
    Named(String),
}

impl Translation<'_> {
    fn run(&mut self) -> Result<()> {
        while let Some(sign) = self.rest.next() {
            let was_behind_quantifier = std::mem::take(&mut self.is_behind_quantifier);
            match sign {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => {
                    if self.is_extended.len() > 1 {
                        self.is_extended.pop();
                    }
                    self.made.push(')');
                }
                '+' if was_behind_quantifier => return Err(self.lacking("a possessive quantifier")),
                '*' | '+' | '?' => {
                    self.is_behind_quantifier = !was_behind_quantifier;
                    self.made.push(sign);
                }
                '{' => self.count(),
                '}' => self.literal('}'),
                '#' if self.is_in_extended() => {
                    self.is_behind_quantifier = was_behind_quantifier;
                    while self.rest.next().is_some_and(|sign| sign != '\n') {}
                }
                sign if sign.is_ascii_whitespace() && self.is_in_extended() => {
                    self.is_behind_quantifier = was_behind_quantifier;
                }
                '.' | '^' | '$' | '|' => self.made.push(sign),
                other => self.literal(other),
            }
        }
        Ok(())
    }

    fn is_in_extended(&self) -> bool {
        self.is_extended.last().copied().unwrap_or_default()
    }

    fn lacking(&self, what: &str) -> Error {
        unsupported(format!("{what} in the regular expression {:?}", self.pattern))
    }

    fn literal(&mut self, sign: char) {
        let text = literal(sign);
        self.made.push_str(&text);
    }

    /// What stands behind a backslash outside of classes.
    fn escape(&mut self) -> Result<()> {
        match self.rest.next() {
            // A lone backslash is refused by `regex`.
            None => self.made.push('\\'),
            Some('w') => self.made.push_str(r"(?-u:\w)"),
            Some('W') => self.made.push_str("(?-i:[^0-9A-Za-z_])"),
            Some('d') => self.made.push_str("[0-9]"),
            Some('D') => self.made.push_str("[^0-9]"),
            Some('s') => self.made.push_str(r"[\t-\r\x20]"),
            Some('S') => self.made.push_str(r"[^\t-\r\x20]"),
            Some('b') => self.made.push_str(r"(?-u:\b)"),
            Some('B') => self.made.push_str(r"(?-u:\B)"),
            Some(anchor @ ('A' | 'z')) => self.made.extend(['\\', anchor]),
            Some(other) => {
                let escaped = self.escaped(other)?;
                self.made.push_str(&escaped);
            }
        }
        Ok(())
    }

    /// An escape that is the same in classes and outside.
    fn escaped(&mut self, sign: char) -> Result<String> {
        Ok(match sign {
            'a' | 'f' | 'n' | 'r' | 't' => format!("\\{sign}"),
            'e' => r"\x1B".to_owned(),
            'x' => match self.digits_or_braces() {
                braces if braces.starts_with('{') => format!("\\x{braces}"),
                digits => format!("\\x{{0{digits}}}"),
            },
            'p' | 'P' => match self.rest.peek() {
                Some('{') => format!("\\{sign}{}", self.digits_or_braces()),
                _ => format!("\\{sign}{}", self.rest.next().map_or_else(String::new, String::from)),
            },
            '1'..='9' | 'k' | 'g' => return Err(self.lacking("backreferences")),
            other if other.is_ascii_alphanumeric() => return Err(self.lacking(&format!("\\{other}"))),
            other => literal(other),
        })
    }

    /// What `\x` and `\p` take: something in braces, or up to two digits.
    fn digits_or_braces(&mut self) -> String {
        let mut taken = String::new();
        if self.rest.peek() == Some(&'{') {
            for sign in self.rest.by_ref() {
                taken.push(sign);
                if sign == '}' {
                    break;
                }
            }
        } else {
            while let Some(digit) = self.rest.next_if(|sign| taken.len() < 2 && sign.is_ascii_hexdigit()) {
                taken.push(digit);
            }
        }
        taken
    }

    /// `{`: a count, or the sign itself.
    fn count(&mut self) {
        let mut ahead = self.rest.clone();
        let inner: String = ahead.by_ref().take_while(|sign| *sign != '}').collect();
        let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_closed = self.rest.clone().any(|sign| sign == '}');
        if is_closed && !least.is_empty() && is_number(least) && is_number(most) {
            self.made.push('{');
            self.made.push_str(&inner);
            self.made.push('}');
            self.rest = ahead;
            self.is_behind_quantifier = true;
        } else {
            self.literal('{');
        }
    }

    /// What stands behind an opening bracket: a plain group, one with a name, or flags.
    fn group(&mut self) -> Result<()> {
        let is_extended = self.is_in_extended();
        if self.rest.peek() == Some(&'*') {
            return Err(self.lacking("a verb (*..)"));
        }
        if self.rest.next_if_eq(&'?').is_none() {
            self.is_extended.push(is_extended);
            self.made.push('(');
            return Ok(());
        }
        let next = self.rest.next();
        let after = self.rest.peek().copied();
        match (next, after) {
            (Some('=' | '!'), _) | (Some('<'), Some('=' | '!')) => Err(self.lacking("look-around")),
            (Some('>'), _) => Err(self.lacking("an atomic group")),
            (Some('P'), Some('=' | '>')) => Err(self.lacking("backreferences")),
            (Some('<'), _) | (Some('P'), Some('<')) => {
                self.is_extended.push(is_extended);
                self.made.push_str("(?P<");
                let name = self.rest.by_ref().skip_while(|sign| *sign == '<').take_while(|sign| *sign != '>');
                self.made.extend(name);
                self.made.push('>');
                Ok(())
            }
            (Some(first), _) => self.flags(first, is_extended),
            (None, _) => {
                self.made.push_str("(?");
                Ok(())
            }
        }
    }

    /// `(?i)` and `(?i:`, with any of the flags that both languages have.
    fn flags(&mut self, first: char, was_extended: bool) -> Result<()> {
        let (mut sign, mut flags, mut is_extended, mut is_on) = (Some(first), String::new(), was_extended, true);
        loop {
            match sign {
                Some('i' | 'm' | 's' | 'U') => flags.extend(sign),
                Some('x') => is_extended = is_on,
                Some('-') if is_on => {
                    is_on = false;
                    flags.push('-');
                }
                Some(')') if sign != Some(first) => {
                    if let Some(current) = self.is_extended.last_mut() {
                        *current = is_extended;
                    }
                    let flags = flags.trim_end_matches('-');
                    if !flags.is_empty() {
                        self.made.extend(["(?", flags, ")"]);
                    }
                    return Ok(());
                }
                Some(':') => {
                    self.is_extended.push(is_extended);
                    self.made.extend(["(?", flags.trim_end_matches('-'), ":"]);
                    return Ok(());
                }
                other => {
                    let what = format!("(?{}{}", flags, other.map_or_else(String::new, String::from));
                    return Err(self.lacking(&what));
                }
            }
            sign = self.rest.next();
        }
    }

    /// A class, from behind its opening bracket.
    fn class(&mut self) -> Result<()> {
        self.made.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.made.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.literal(']');
        }
        loop {
            match self.rest.next() {
                // A class that is not closed is refused by `regex`.
                None => return Ok(()),
                Some(']') => break,
                Some(sign) => match self.member(sign)? {
                    Member::Set(text) => self.made.push_str(text),
                    Member::Named(text) => self.made.push_str(&text),
                    Member::Sign(text) => {
                        self.made.push_str(&text);
                        self.range()?;
                    }
                },
            }
        }
        self.made.push(']');
        Ok(())
    }

    /// The end of a range, when a hyphen and another character follow.
    fn range(&mut self) -> Result<()> {
        let mut ahead = self.rest.clone();
        let is_range = ahead.next() == Some('-') && !matches!(ahead.peek(), None | Some(']'));
        if !is_range {
            return Ok(());
        }
        self.rest = ahead;
        let Some(last) = self.rest.next() else { return Ok(()) };
        match self.member(last)? {
            Member::Sign(text) => {
                self.made.push('-');
                self.made.push_str(&text);
            }
            Member::Set(text) => {
                self.literal('-');
                self.made.push_str(text);
            }
            Member::Named(text) => {
                self.literal('-');
                self.made.push_str(&text);
            }
        }
        Ok(())
    }

    fn member(&mut self, sign: char) -> Result<Member> {
        if sign == '[' {
            return Ok(self.named_class().map_or_else(|| Member::Sign(literal('[')), Member::Named));
        }
        if sign != '\\' {
            return Ok(Member::Sign(literal(sign)));
        }
        Ok(match self.rest.next() {
            None => Member::Sign("\\".to_owned()),
            Some('w') => Member::Set("0-9A-Za-z_"),
            Some('W') => Member::Set("[^0-9A-Za-z_]"),
            Some('d') => Member::Set("0-9"),
            Some('D') => Member::Set("[^0-9]"),
            Some('s') => Member::Set(r"\t-\r\x20"),
            Some('S') => Member::Set(r"[^\t-\r\x20]"),
            Some('b') => Member::Sign(r"\x08".to_owned()),
            Some(kind @ ('p' | 'P')) => Member::Named(self.escaped(kind)?),
            Some(other) => Member::Sign(self.escaped(other)?),
        })
    }

    /// `[:alpha:]` and its kin inside a class, from behind the bracket.
    fn named_class(&mut self) -> Option<String> {
        let mut ahead = self.rest.clone();
        ahead.next_if_eq(&':')?;
        let mut name = String::from("[:");
        while let Some(sign) = ahead.next_if(|sign| sign.is_ascii_lowercase() || *sign == '^') {
            name.push(sign);
        }
        ahead.next_if_eq(&':')?;
        ahead.next_if_eq(&']')?;
        self.rest = ahead;
        name.push_str(":]");
        Some(name)
    }
}

/// A character that stands for itself, in classes and outside, with the option `x` and without.
fn literal(sign: char) -> String {
    if SIGNS.contains(sign) {
        format!("\\{sign}")
    } else if sign.is_whitespace() {
        format!("\\x{{{:X}}}", u32::from(sign))
    } else {
        sign.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nedb_types::ErrorCode;
    use regex::Regex;

    fn is_match(pattern: &str, text: &str) -> bool {
        Regex::new(&translated(pattern, false).unwrap()).unwrap().is_match(text)
    }

    #[test]
    fn classes_of_characters_are_those_of_ascii() {
        for (pattern, text) in [
            (r"^\w+$", "aZ_9"),
            (r"^\W$", "é"),
            (r"^\d$", "7"),
            (r"^\D$", "٣"),
            (r"^\s+$", "\t\n\u{b}\u{c}\r "),
            (r"^\S$", "\u{a0}"),
            (r"^[\w-]+$", "a-b"),
            (r"^[^\d\s]$", "٣"),
            (r"caf\b", "café"),
            (r"a\Bb", "ab"),
            ("(?i)É", "é"),
            (r"^\p{Greek}\pL$", "αb"),
        ] {
            assert!(is_match(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [(r"\w", "é"), (r"\d", "٣"), (r"\s", "\u{a0}"), (r"(?i)\w", "\u{17f}"), (r"[\D]", "1")]
        {
            assert!(!is_match(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_class_has_no_operators_and_a_brace_that_counts_nothing_is_one() {
        for (pattern, yes, no) in [
            ("^[x&&y]$", "&", "z"),
            ("^[x~~y]$", "~", "z"),
            ("^[[a]$", "[", "b"),
            ("^[]a]$", "]", "b"),
            ("^[^]a]$", "b", "]"),
            ("^[a-c]$", "b", "-"),
            ("^[a-]$", "-", "b"),
            (r"^[\d-z]$", "-", "a"),
            ("^[[:alpha:]_]$", "b", ":"),
            (r"^[+--]$", ",", "."),
            ("^a{2}$", "aa", "a{2}"),
            ("^a{,2}$", "a{,2}", "aa"),
            ("^{}$", "{}", ""),
            (r"^\<a\>$", "<a>", "a"),
            (r"^[\b]$", "\u{8}", "b"),
            (r"^\x41\x{42}$", "AB", "x"),
            ("(?x) ^ a [ ] \\  b # [", "a  b", "ab"),
            ("^(?:(?x) a )  b", "a  b", "ab"),
            ("^(?<n>a)(?P<m>b)$", "ab", "a"),
            ("^a+?b??$", "aab", "b"),
        ] {
            assert!(is_match(pattern, yes), "{pattern} {yes}");
            assert!(!is_match(pattern, no), "{pattern} {no}");
        }
    }

    #[test]
    fn what_cannot_be_matched_is_refused_by_name() {
        for (pattern, name) in [
            ("(?=a)", "look-around"),
            ("(?<!a)", "look-around"),
            (r"(a)\1", "backreferences"),
            (r"(?P<a>b)(?P=a)", "backreferences"),
            ("(?>a)", "an atomic group"),
            ("a++", "a possessive quantifier"),
            ("a{2}+", "a possessive quantifier"),
            (r"a\Z", r"\Z"),
            (r"\h", r"\h"),
            (r"\v", r"\v"),
            (r"\Qa.b\E", r"\Q"),
            (r"\R", r"\R"),
            (r"\X", r"\X"),
            (r"\K", r"\K"),
            (r"\G", r"\G"),
            (r"\012", r"\0"),
            (r"[\A]", r"\A"),
            ("(*UCP)a", "a verb (*..)"),
            ("(?|a)", "(?|"),
            ("(?#a)", "(?#"),
            ("(?R)", "(?R"),
            ("(?1)", "(?1"),
            ("(?(1)a)", "(?("),
            ("(?'n'a)", "(?'"),
            ("(?u)a", "(?u"),
        ] {
            let error = translated(pattern, false).unwrap_err();
            assert_eq!(error.code(), ErrorCode::MongoUnsupported, "{pattern}");
            assert!(error.message().starts_with(&format!("{name} in the regular")), "{pattern}: {error}");
        }
    }
}
