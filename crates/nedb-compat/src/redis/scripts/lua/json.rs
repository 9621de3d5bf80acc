//! The library `cjson`: values as JSON, with the texts of its errors.
//!
//! A table whose keys are positive whole numbers is an array with `null` in its gaps, every other one an object, and so is the
//! empty one. Numbers have 14 digits.

use mlua::{Lua, Table, Value};

use super::digits::{OF_TEXT, general};
use super::watch::VALUE_STEPS;
use super::{Answer, Arguments, Wrong, values};
use crate::redis::number::nearest_float;

/// How deep arrays and objects may be within each other.
const DEPTH_MAX: usize = 1000;

/// An array up to so many elements may have any gaps; a longer one at most so many times as many as it has elements.
const SPARSE_SAFE: f64 = 10.0;
const SPARSE_RATIO: f64 = 2.0;

/// How many bytes of a string are gone through between two looks at what is left of time and memory.
const WINDOW: usize = 1024;

pub(super) fn encode(lua: &Lua, arguments: &Arguments) -> Answer {
    let [value] = arguments.values.as_slice() else { return Err(arguments.wrong(0, "expected 1 argument")) };
    let mut encoder = Encoder { out: Vec::new(), arguments };
    encoder.value(value, 0)?;
    Ok(vec![Value::String(lua.create_string(encoder.out)?)])
}

struct Encoder<'a> {
    out: Vec<u8>,
    arguments: &'a Arguments,
}

/// What a table becomes.
enum Form {
    Array(usize),
    Object,
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Wrong> {
        self.arguments.bound(&self.out)?;
        self.arguments.spend(VALUE_STEPS)?;
        match value {
            Value::String(text) => return self.string(&text.as_bytes()),
            Value::Integer(_) | Value::Number(_) => return self.number(values::number(value).unwrap_or_default()),
            Value::Boolean(is_true) => self.out.extend_from_slice(if *is_true { b"true" } else { b"false" }),
            Value::Table(table) => return self.table(table, depth + 1),
            Value::Nil => self.out.extend_from_slice(b"null"),
            value if value.is_null() => self.out.extend_from_slice(b"null"),
            other => return Err(format!("Cannot serialise {}: type not supported", other.type_name()).into()),
        }
        Ok(())
    }

    fn number(&mut self, number: f64) -> Result<(), Wrong> {
        if !number.is_finite() {
            return Err("Cannot serialise number: must not be NaN or Inf".into());
        }
        self.out.extend_from_slice(general(number, OF_TEXT).as_bytes());
        Ok(())
    }

    fn string(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        self.out.push(b'"');
        for window in bytes.chunks(WINDOW) {
            self.arguments.bound(&self.out)?;
            self.arguments.spend(window.len())?;
            self.escape(window);
        }
        self.out.push(b'"');
        Ok(())
    }

    fn escape(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let short = match byte {
                b'"' | b'\\' | b'/' => *byte,
                8 => b'b',
                12 => b'f',
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                0..32 | 127 => {
                    self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    continue;
                }
                _ => {
                    self.out.push(*byte);
                    continue;
                }
            };
            self.out.extend_from_slice(&[b'\\', short]);
        }
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<(), Wrong> {
        if depth > DEPTH_MAX {
            return Err(format!("Cannot serialise, excessive nesting ({depth})").into());
        }
        match form(table, self.arguments)? {
            Form::Array(len) => {
                for place in 1..=len {
                    self.out.push(if place == 1 { b'[' } else { b',' });
                    self.value(&table.raw_get(place)?, depth)?;
                }
                self.out.push(b']');
            }
            Form::Object => {
                self.out.push(b'{');
                let mut is_first = true;
                for pair in table.pairs::<Value, Value>() {
                    let (key, value) = pair?;
                    if !std::mem::take(&mut is_first) {
                        self.out.push(b',');
                    }
                    let name = values::bytes(&key);
                    self.string(&name.ok_or("Cannot serialise table: table key must be a number or string")?)?;
                    self.out.push(b':');
                    self.value(&value, depth)?;
                }
                self.out.push(b'}');
            }
        }
        Ok(())
    }
}

fn form(table: &Table, arguments: &Arguments) -> Result<Form, Wrong> {
    let (mut count, mut greatest) = (0.0, 0.0_f64);
    for pair in table.pairs::<Value, Value>() {
        let (key, _) = pair?;
        arguments.spend(VALUE_STEPS)?;
        let (Value::Integer(_) | Value::Number(_)) = key else { return Ok(Form::Object) };
        let key = values::number(&key).unwrap_or_default();
        if key < 1.0 || key.fract() != 0.0 {
            return Ok(Form::Object);
        }
        count += 1.0;
        greatest = greatest.max(key);
    }
    if greatest > SPARSE_SAFE && greatest > count * SPARSE_RATIO {
        return Err("Cannot serialise table: excessively sparse array".into());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most twice the size of a table")]
    let len = greatest as usize;
    Ok(if len == 0 { Form::Object } else { Form::Array(len) })
}

pub(super) fn decode(lua: &Lua, arguments: &Arguments) -> Answer {
    if arguments.values.len() != 1 {
        return Err(arguments.wrong(0, "expected 1 argument"));
    }
    let text = arguments.bytes(0)?;
    let mut decoder = Decoder { lua, arguments, text: &text, at: 0, depth: 0 };
    let first = decoder.token()?;
    let value = decoder.value(first)?;
    match decoder.token()? {
        Token { kind: Kind::End, .. } => Ok(vec![value]),
        other => Err(expected("the end", &other)),
    }
}

/// A piece of JSON, and where it begins, counted from 0.
struct Token {
    kind: Kind,
    at: usize,
}

enum Kind {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Text(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    /// It is none, and why.
    Wrong(&'static str),
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::ObjectBegin => "T_OBJ_BEGIN",
            Self::ObjectEnd => "T_OBJ_END",
            Self::ArrayBegin => "T_ARR_BEGIN",
            Self::ArrayEnd => "T_ARR_END",
            Self::Text(_) => "T_STRING",
            Self::Number(_) => "T_NUMBER",
            Self::Boolean(_) => "T_BOOLEAN",
            Self::Null => "T_NULL",
            Self::Colon => "T_COLON",
            Self::Comma => "T_COMMA",
            Self::End => "T_END",
            Self::Wrong(why) => why,
        }
    }
}

fn expected(what: &str, found: &Token) -> Wrong {
    format!("Expected {what} but found {} at character {}", found.kind.name(), found.at + 1).into()
}

struct Decoder<'t> {
    lua: &'t Lua,
    arguments: &'t Arguments,
    text: &'t [u8],
    at: usize,
    depth: usize,
}

impl Decoder<'_> {
    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self) -> Result<Token, Wrong> {
        self.arguments.spend(VALUE_STEPS)?;
        let blank = self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.arguments.spend(blank)?;
        self.at += blank;
        let at = self.at;
        let rest = self.rest();
        let (kind, len) = match rest {
            [] => (Kind::End, 0),
            [b'{', ..] => (Kind::ObjectBegin, 1),
            [b'}', ..] => (Kind::ObjectEnd, 1),
            [b'[', ..] => (Kind::ArrayBegin, 1),
            [b']', ..] => (Kind::ArrayEnd, 1),
            [b':', ..] => (Kind::Colon, 1),
            [b',', ..] => (Kind::Comma, 1),
            [b'"', ..] => return self.string(),
            _ if rest.starts_with(b"true") => (Kind::Boolean(true), 4),
            _ if rest.starts_with(b"false") => (Kind::Boolean(false), 5),
            _ if rest.starts_with(b"null") => (Kind::Null, 4),
            [b'-' | b'0'..=b'9', ..] => number(rest),
            [b'i' | b'I' | b'n' | b'N', ..] => match number(rest) {
                (Kind::Wrong(_), _) => (Kind::Wrong("invalid token"), 0),
                found => found,
            },
            _ => (Kind::Wrong("invalid token"), 0),
        };
        self.arguments.spend(len)?;
        self.at += len;
        Ok(Token { kind, at })
    }

    /// A string, from its first quotation mark on.
    fn string(&mut self) -> Result<Token, Wrong> {
        let (start, mut bytes) = (self.at, Vec::new());
        self.at += 1;
        loop {
            let before = self.at;
            match self.rest() {
                [] => return Ok(Token { kind: Kind::Wrong("unexpected end of string"), at: self.at }),
                [b'"', ..] => {
                    self.at += 1;
                    return Ok(Token { kind: Kind::Text(bytes), at: start });
                }
                [b'\\', b'u', ..] => {
                    let Some((letter, len)) = escaped(self.rest()) else {
                        return Ok(Token { kind: Kind::Wrong("invalid unicode escape code"), at: self.at });
                    };
                    bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                    self.at += len;
                }
                [b'\\', letter, ..] => {
                    bytes.push(match letter {
                        b'"' | b'\\' | b'/' => *letter,
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        _ => return Ok(Token { kind: Kind::Wrong("invalid escape code"), at: self.at }),
                    });
                    self.at += 2;
                }
                rest => {
                    let plain = rest.iter().take(WINDOW).take_while(|byte| !matches!(byte, b'"' | b'\\')).count();
                    bytes.extend_from_slice(rest.get(..plain).unwrap_or_default());
                    self.at += plain;
                }
            }
            self.arguments.spend(self.at - before)?;
        }
    }

    fn value(&mut self, token: Token) -> Result<Value, Wrong> {
        Ok(match token.kind {
            Kind::Text(bytes) => Value::String(self.lua.create_string(bytes)?),
            Kind::Number(number) => Value::Number(number),
            Kind::Boolean(is_true) => Value::Boolean(is_true),
            Kind::Null => Value::NULL,
            Kind::ObjectBegin => return self.nested(Self::object),
            Kind::ArrayBegin => return self.nested(Self::array),
            _ => return Err(expected("value", &token)),
        })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Wrong>) -> Result<Value, Wrong> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(
                format!("Found too many nested data structures ({}) at character {}", self.depth, self.at).into()
            );
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, Wrong> {
        let table = self.lua.create_table()?;
        let mut token = self.token()?;
        if matches!(token.kind, Kind::ObjectEnd) {
            return Ok(Value::Table(table));
        }
        loop {
            let Kind::Text(name) = token.kind else { return Err(expected("object key string", &token)) };
            let colon = self.token()?;
            if !matches!(colon.kind, Kind::Colon) {
                return Err(expected("colon", &colon));
            }
            let first = self.token()?;
            let value = self.value(first)?;
            table.raw_set(self.lua.create_string(name)?, value)?;
            let end = self.token()?;
            match end.kind {
                Kind::ObjectEnd => return Ok(Value::Table(table)),
                Kind::Comma => token = self.token()?,
                _ => return Err(expected("comma or object end", &end)),
            }
        }
    }

    fn array(&mut self) -> Result<Value, Wrong> {
        let table = self.lua.create_table()?;
        let mut token = self.token()?;
        if matches!(token.kind, Kind::ArrayEnd) {
            return Ok(Value::Table(table));
        }
        for place in 1_usize.. {
            let value = self.value(token)?;
            table.raw_set(place, value)?;
            let end = self.token()?;
            match end.kind {
                Kind::ArrayEnd => break,
                Kind::Comma => token = self.token()?,
                _ => return Err(expected("comma or array end", &end)),
            }
        }
        Ok(Value::Table(table))
    }
}

/// A number as C reads it, and its length: hexadecimal ones, `inf` and `nan` are some.
fn number(text: &[u8]) -> (Kind, usize) {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_word = |word: &[u8]| digits.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let sign = if digits.len() < text.len() { -1.0 } else { 1.0 };
    let before = text.len() - digits.len();
    for (word, value) in [(&b"infinity"[..], f64::INFINITY), (b"inf", f64::INFINITY), (b"nan", f64::NAN)] {
        if is_word(word) {
            return (Kind::Number(sign * value), before + word.len());
        }
    }
    let read = |len: usize| Some((digits.get(..len).and_then(nearest_float)?, len));
    let hexadecimal = if is_word(b"0x") { read(number_len(digits, 2, u8::is_ascii_hexdigit, b'p')) } else { None };
    // What only begins as a hexadecimal number is the 0 in front of the x.
    match hexadecimal.or_else(|| read(number_len(digits, 0, u8::is_ascii_digit, b'e'))) {
        Some((number, len)) => (Kind::Number(sign * number), before + len),
        None => (Kind::Wrong("invalid number"), 0),
    }
}

/// How long a number is whose digits begin at a place: digits with at most one point, and an exponent when it has digits.
fn number_len(text: &[u8], start: usize, is_digit: fn(&u8) -> bool, exponent: u8) -> usize {
    let run = |at: usize, is_digit: fn(&u8) -> bool| {
        at + text.get(at..).unwrap_or_default().iter().take_while(|byte| is_digit(byte)).count()
    };
    let mut end = run(start, is_digit);
    if text.get(end) == Some(&b'.') {
        end = run(end + 1, is_digit);
    }
    if text.get(end).is_some_and(|byte| byte.eq_ignore_ascii_case(&exponent)) {
        let digits = end + 1 + usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent_end = run(digits, u8::is_ascii_digit);
        if exponent_end > digits {
            return exponent_end;
        }
    }
    end
}

/// The letter of `\uXXXX`, or of two of them that are one letter, and the length of what was read.
fn escaped(text: &[u8]) -> Option<(char, usize)> {
    let code = |text: &[u8]| {
        let digits = text.strip_prefix(b"\\u")?.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = code(text)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    let second = code(text.get(6..)?).filter(|second| (0xDC00..0xE000).contains(second))?;
    Some((char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))?, 12))
}
