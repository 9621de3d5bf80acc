//! From JSON text straight to the stored form, without a tree of values in between.
//!
//! Integers of any size up to the limit stay exact; a number with a point or an exponent is a float. The typed objects of
//! [`typed`](super::typed) become their values. Errors carry the line and the column.

use super::typed::TypedKey;
use crate::document::{DocumentBuf, DocumentBuilder};
use crate::value::parse_integer;
use crate::{Detail, Error, ErrorCode, Float, Result};
use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, NumberAny, NumberInt, Peek};

/// Reads one JSON text into a builder.
pub(super) struct JsonReader<'j, 'b> {
    text: &'j [u8],
    jiter: Jiter<'j>,
    /// Where in the text the part begins that `jiter` reads.
    base: usize,
    builder: &'b mut DocumentBuilder,
}

impl<'j, 'b> JsonReader<'j, 'b> {
    pub(super) fn new(text: &'j [u8], builder: &'b mut DocumentBuilder) -> Self {
        Self { text, jiter: Jiter::new(text), base: 0, builder }
    }

    /// Reads the whole text as one value.
    pub(super) fn read(&mut self) -> Result<()> {
        self.next_value()?;
        match self.jiter.finish() {
            Ok(()) => Ok(()),
            Err(error) => Err(self.syntax(&error)),
        }
    }

    /// Reads the whole text as one document; any other value is refused at the place where it begins.
    pub(super) fn read_document(mut self) -> Result<DocumentBuf> {
        let start = self.text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.read()?;
        let bytes = self.builder.finish_value()?;
        DocumentBuf::from_root(bytes).map_err(|error| {
            let refused = Error::new(ErrorCode::InvalidJson, error.message()).with_source(error);
            self.locate(refused, start)
        })
    }

    fn next_value(&mut self) -> Result<()> {
        match self.jiter.peek() {
            Ok(peek) => self.value(peek),
            Err(error) => Err(self.syntax(&error)),
        }
    }

    fn value(&mut self, peek: Peek) -> Result<()> {
        let written = match peek {
            Peek::String => match self.jiter.known_str() {
                Ok(text) => self.builder.string(text),
                Err(error) => return Err(self.syntax(&error)),
            },
            Peek::Object => return self.object(),
            Peek::Array => return self.array(),
            Peek::True | Peek::False => match self.jiter.known_bool(peek) {
                Ok(value) => self.builder.bool(value),
                Err(error) => return Err(self.syntax(&error)),
            },
            Peek::Null => match self.jiter.known_null() {
                Ok(()) => self.builder.null(),
                Err(error) => return Err(self.syntax(&error)),
            },
            number => return self.number(number),
        };
        written.map_err(|error| self.located(error))
    }

    fn number(&mut self, peek: Peek) -> Result<()> {
        let written = match self.jiter.known_number(peek) {
            Ok(NumberAny::Int(NumberInt::Int(integer))) => self.builder.i64(integer),
            Ok(NumberAny::Float(float)) => Float::new(float).and_then(|float| self.builder.float(float)),
            Err(error) if is_out_of_range(&error) => return self.long_integer(),
            Err(error) => return Err(self.syntax(&error)),
        };
        written.map_err(|error| self.located(error))
    }

    /// Reads an integer beyond 64 bits, which the scanner does not take, and lets it go on behind the digits.
    fn long_integer(&mut self) -> Result<()> {
        let start = self.base + self.jiter.current_index();
        let rest = self.text.get(start..).unwrap_or_default();
        let signed = usize::from(rest.first() == Some(&b'-'));
        let digits = rest.iter().skip(signed).take_while(|byte| byte.is_ascii_digit()).count();
        let (number, behind) = rest.split_at_checked(signed + digits).unwrap_or((rest, &[]));
        if matches!(behind.first(), Some(b'.' | b'e' | b'E')) {
            let error = Error::new(ErrorCode::InvalidValue, format!("a float has {digits} digits before the point"));
            return Err(self.located(error));
        }
        let written = parse_integer(number).and_then(|integer| self.builder.integer(integer));
        written.map_err(|error| self.located(error))?;
        self.base = start + number.len();
        self.jiter = Jiter::new(behind);
        Ok(())
    }

    fn array(&mut self) -> Result<()> {
        self.builder.begin_array().map_err(|error| self.located(error))?;
        let mut next = self.jiter.known_array();
        loop {
            match next {
                Ok(Some(peek)) => self.value(peek)?,
                Ok(None) => return self.end(),
                Err(error) => return Err(self.syntax(&error)),
            }
            next = self.jiter.array_step();
        }
    }

    /// Reads an object, which may stand for a typed value.
    fn object(&mut self) -> Result<()> {
        let key = match self.jiter.known_object() {
            Ok(key) => key,
            Err(error) => return Err(self.syntax(&error)),
        };
        if let Some(typed) = key.and_then(TypedKey::parse) {
            return self.typed(typed);
        }
        let begun = self.builder.begin_object();
        let begun = match key {
            Some(key) => begun.and_then(|()| self.builder.key(key)),
            None => begun.and_then(|()| self.builder.end()),
        };
        let is_empty = key.is_none();
        begun.map_err(|error| self.located(error))?;
        if is_empty {
            return Ok(());
        }
        self.next_value()?;
        self.other_fields()
    }

    /// Reads the fields behind the first, and the end.
    fn other_fields(&mut self) -> Result<()> {
        while self.next_key()? {
            self.next_value()?;
        }
        self.end()
    }

    /// Writes the next key, or returns false at the end of the object.
    fn next_key(&mut self) -> Result<bool> {
        let written = match self.jiter.next_key() {
            Ok(Some(key)) => self.builder.key(key),
            Ok(None) => return Ok(false),
            Err(error) => return Err(self.syntax(&error)),
        };
        written.map_err(|error| self.located(error))?;
        Ok(true)
    }

    /// Reads an object whose first key, already read, may make it a typed value: it does if it is the only one.
    fn typed(&mut self, typed: TypedKey) -> Result<()> {
        let peek = match self.jiter.peek() {
            Ok(peek) => peek,
            Err(error) => return Err(self.syntax(&error)),
        };
        if typed != TypedKey::Literal && peek == Peek::String {
            return self.typed_text(typed);
        }
        if typed == TypedKey::Literal && peek == Peek::Object && self.is_last_field() {
            return self.literal();
        }
        self.begin_with(typed)?;
        self.value(peek)?;
        if !self.next_key()? {
            return Err(self.located(typed.malformed()));
        }
        self.next_value()?;
        self.other_fields()
    }

    fn typed_text(&mut self, typed: TypedKey) -> Result<()> {
        let text = match self.jiter.known_str() {
            Ok(text) => text.to_owned(),
            Err(error) => return Err(self.syntax(&error)),
        };
        let written = match self.jiter.next_key() {
            Ok(None) => {
                return typed.write(&text, self.builder).map_err(|error| self.located(error));
            }
            Ok(Some(key)) => {
                let begun = self.builder.begin_object().and_then(|()| self.builder.key(typed.name()));
                begun.and_then(|()| self.builder.string(&text)).and_then(|()| self.builder.key(key))
            }
            Err(error) => return Err(self.syntax(&error)),
        };
        written.map_err(|error| self.located(error))?;
        self.next_value()?;
        self.other_fields()
    }

    /// Reads the object inside `$literal` as it stands, then the end of the outer one.
    fn literal(&mut self) -> Result<()> {
        self.builder.begin_object().map_err(|error| self.located(error))?;
        let first = match self.jiter.next_object() {
            Ok(Some(key)) => Some(self.builder.key(key)),
            Ok(None) => None,
            Err(error) => return Err(self.syntax(&error)),
        };
        match first {
            Some(written) => {
                written.map_err(|error| self.located(error))?;
                self.next_value()?;
                self.other_fields()?;
            }
            None => self.end()?,
        }
        match self.jiter.next_key() {
            Ok(_always_none) => Ok(()),
            Err(error) => Err(self.syntax(&error)),
        }
    }

    /// Looks ahead whether the object ends behind the value that comes next.
    fn is_last_field(&self) -> bool {
        let mut ahead = self.jiter.clone();
        ahead.next_skip().is_ok() && matches!(ahead.next_key(), Ok(None))
    }

    fn begin_with(&mut self, typed: TypedKey) -> Result<()> {
        let begun = self.builder.begin_object().and_then(|()| self.builder.key(typed.name()));
        begun.map_err(|error| self.located(error))
    }

    fn end(&mut self) -> Result<()> {
        self.builder.end().map_err(|error| self.located(error))
    }

    #[cold]
    fn syntax(&self, error: &JiterError) -> Error {
        let what = error.error_type.to_string();
        self.locate(Error::new(ErrorCode::InvalidJson, what), self.base + error.index)
    }

    /// Adds the present line and column to an error that says what is wrong with a value.
    #[cold]
    fn located(&self, error: Error) -> Error {
        self.locate(error, self.base + self.jiter.current_index())
    }

    fn locate(&self, error: Error, index: usize) -> Error {
        let before = self.text.get(..index).unwrap_or(self.text);
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = before.split(|byte| *byte == b'\n').count() as u64;
        let column = (before.len() - line_start) as u64 + 1;
        let detail = match error.detail() {
            Detail::Limit { .. } => error.detail().clone(),
            _ => Detail::Line { line, column },
        };
        error.context(format_args!("JSON line {line} column {column}")).with_detail(detail)
    }
}

fn is_out_of_range(error: &JiterError) -> bool {
    matches!(error.error_type, JiterErrorType::JsonError(JsonErrorType::NumberOutOfRange))
}
