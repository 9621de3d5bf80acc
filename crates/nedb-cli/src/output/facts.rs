//! A report for people: its JSON as aligned lines, one for each value.

use nedb_types::{Result, Value, document::json_to_value, document::value_to_json};

use super::{Align, Table};

/// The lines of a report that is JSON text; fields of objects inside are written `outer.inner`.
pub fn facts(json: &str) -> Result<Vec<String>> {
    let mut table = Table::new(&[Align::Left, Align::Left]);
    add(&mut table, String::new(), &json_to_value(json.as_bytes())?)?;
    Ok(table.lines(""))
}

fn add(table: &mut Table, name: String, value: &Value) -> Result<()> {
    let dot = if name.is_empty() { "" } else { "." };
    match value {
        Value::Object(object) => {
            object.iter().try_for_each(|(field, value)| add(table, format!("{name}{dot}{field}"), value))
        }
        Value::Array(items) if items.iter().any(|item| item.as_object().is_some()) => {
            items.iter().enumerate().try_for_each(|(position, item)| add(table, format!("{name}[{position}]"), item))
        }
        Value::Null => Ok(()),
        Value::String(text) => {
            table.row([name, text.clone()]);
            Ok(())
        }
        other => {
            table.row([name, value_to_json(other)?]);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_of_a_report_is_a_line() {
        let lines = facts(r#"{"a":"x","none":null,"log":{"bytes":5,"list":[1,2]},"found":[{"at":7}]}"#).unwrap();
        assert_eq!(lines, ["a            x", "log.bytes    5", "log.list     [1,2]", "found[0].at  7"]);
    }
}
