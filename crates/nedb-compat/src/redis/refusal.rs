//! The errors of the command language, with the texts that Redis clients match on.

use nedb::{Error, ErrorCode};

/// An error whose text is complete: a prefix in capitals, then what is wrong.
pub(super) fn refused(text: impl Into<String>) -> Error {
    Error::new(ErrorCode::RedisCommand, text)
}

/// Something that Redis does and these commands do not.
pub(super) fn unsupported(text: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::RedisUnsupported, format!("ERR {text}"))
}

pub(super) fn wrong_type() -> Error {
    refused("WRONGTYPE Operation against a key holding the wrong kind of value")
}

pub(super) fn syntax() -> Error {
    refused("ERR syntax error")
}

pub(super) fn not_an_integer() -> Error {
    refused("ERR value is not an integer or out of range")
}

pub(super) fn not_a_float() -> Error {
    refused("ERR value is not a valid float")
}

pub(super) fn no_such_key() -> Error {
    refused("ERR no such key")
}

pub(super) fn index_out_of_range() -> Error {
    refused("ERR index out of range")
}

pub(super) fn overflow() -> Error {
    refused("ERR increment or decrement would overflow")
}

pub(super) fn not_positive() -> Error {
    refused("ERR value is out of range, must be positive")
}

pub(super) fn out_of_both_ranges() -> Error {
    refused("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
}

pub(super) fn string_too_long() -> Error {
    refused("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
}

pub(super) fn invalid_expire(command: &str) -> Error {
    refused(format!("ERR invalid expire time in '{command}' command"))
}

pub(super) fn wrong_arity(command: &str) -> Error {
    refused(format!("ERR wrong number of arguments for '{}' command", command.to_ascii_lowercase()))
}

pub(super) fn no_number_of_keys(command: &str) -> Error {
    refused(format!("ERR at least 1 input key is needed for '{command}' command"))
}

/// The refusal of a word that is no command, with what followed it.
pub(super) fn unknown_command(name: &[u8], words: &[&[u8]]) -> Error {
    /// How much of a wrong call is shown: enough to find it.
    const SHOWN_BYTES_MAX: usize = 128;
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes.get(..SHOWN_BYTES_MAX).unwrap_or(bytes)).into_owned();
    let mut arguments = String::new();
    for word in words {
        if arguments.len() >= SHOWN_BYTES_MAX {
            break;
        }
        arguments.extend(["'", &shown(word), "' "]);
    }
    refused(format!("ERR unknown command '{}', with args beginning with: {arguments}", shown(name)))
}
