//! JSON lines, field by field in a fixed order.

use std::fmt::{Display, Write};

/// One JSON object under construction.
pub struct JsonObject {
    text: String,
}

impl JsonObject {
    /// Begins an empty object.
    pub fn new() -> Self {
        Self { text: String::from("{") }
    }

    /// Adds a string.
    pub fn text(self, name: &str, value: &str) -> Self {
        let value = quoted(value);
        self.raw(name, &value)
    }

    /// Adds a number: anything whose text is a JSON number.
    pub fn number(self, name: &str, value: impl Display) -> Self {
        self.raw(name, &value.to_string())
    }

    /// Adds a number or null.
    pub fn maybe_number(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// Adds true or false.
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.number(name, value)
    }

    /// Adds a value that is JSON text already.
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(&quoted(name));
        self.text.push(':');
        self.text.push_str(json);
        self
    }

    /// Adds an array of values that are JSON text already.
    pub fn list(self, name: &str, items: impl Iterator<Item = String>) -> Self {
        let items: Vec<String> = items.collect();
        self.raw(name, &format!("[{}]", items.join(",")))
    }

    /// Ends the object.
    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// A string in JSON.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _always_ok = write!(out, "\\u{:04x}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_reads_back_as_it_was() {
        for text in ["", "plain", "\"\\\n\r\t\u{1}\u{1f}", "ünïcødé 🦀"] {
            assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
        }
    }

    #[test]
    fn fields_keep_their_order() {
        let json =
            JsonObject::new().text("b", "x").number("a", -1).maybe_number("c", None::<u64>).flag("d", true).finish();
        assert_eq!(json, r#"{"b":"x","a":-1,"c":null,"d":true}"#);
    }
}
