//! Small documents under random ids: what a session store or a profile table holds.

use std::fmt::Write;

use nedb::Result;
use nedb_types::document::json_to_document;

use super::{Item, sequence::mix};

/// Length of every document as JSON.
const JSON_BYTES: usize = 143;

/// The id of the document with this number: 16 hexadecimal digits in no order.
pub(crate) fn id_of(number: u64) -> Vec<u8> {
    format!("{:016x}", mix(number + 1)).into_bytes()
}

/// The document with this number; `generation` makes its content a fresh one.
pub(crate) fn document(number: u64, generation: u64) -> Result<Item> {
    let id = id_of(number);
    let random = mix(number ^ mix(generation + 1));
    let (city, age) = (random % 997, 10 + random % 83);
    let mut json = String::with_capacity(JSON_BYTES);
    let fields = format_args!(
        r#"{{"name":"user {number:08}","city":"city {city:03}","age":{age},"score":0.{:06},"#,
        1 + random % 999_999
    );
    append(&mut json, fields);
    append(&mut json, format_args!(r#""token":"{random:016x}","note":""#));
    while json.len() < JSON_BYTES - 2 {
        let letter = b'a' + u8::try_from(json.len() % 26).unwrap_or(0);
        json.push(char::from(letter));
    }
    json.push_str("\"}");
    let document = json_to_document(json.as_bytes())?;
    Ok(Item { id, json: json.into_bytes(), document })
}

fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _infallible = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_has_the_same_length_and_fresh_content_in_each_generation() {
        for number in [0, 1, 999_999] {
            let (first, second) = (document(number, 0).unwrap(), document(number, 1).unwrap());
            assert_eq!((first.id.len(), first.json.len(), second.json.len()), (16, JSON_BYTES, JSON_BYTES));
            assert_eq!(first.id, second.id);
            assert_ne!(first.json, second.json);
        }
    }

    #[test]
    fn the_numbers_give_the_same_bytes_on_every_machine() {
        let item = document(3, 0).unwrap();
        assert_eq!(item.id, id_of(3));
        assert_eq!(item.document.as_document().to_json().unwrap().as_bytes(), item.json);
    }
}
