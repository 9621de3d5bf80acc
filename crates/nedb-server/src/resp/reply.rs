//! Replies of commands as bytes.

use nedb_compat::redis::{Reply, double_text};
use nedb_wire::resp::{Version, Writer};

use crate::outward;

/// Writes a reply.
pub(super) fn write(writer: &mut Writer<'_>, reply: &Reply) {
    match reply {
        Reply::Nil => writer.null(),
        Reply::NilArray => writer.null_array(),
        Reply::Simple(text) => writer.simple(text),
        Reply::Int(number) => writer.int(*number),
        Reply::Bool(is_true) => writer.boolean(*is_true),
        Reply::Double(number) => writer.double(*number, &double_text(*number)),
        Reply::Bulk(bytes) => writer.bulk(bytes),
        Reply::Array(replies) => {
            writer.array(replies.len());
            for reply in replies {
                write(writer, reply);
            }
        }
        Reply::Set(replies) => {
            writer.set(replies.len());
            for reply in replies {
                write(writer, reply);
            }
        }
        Reply::PairMap(pairs) if writer.version() == Version::Two => {
            writer.array(pairs.len());
            for pair in pairs {
                writer.array(2);
                both(writer, pair);
            }
        }
        Reply::Map(pairs) | Reply::PairMap(pairs) => {
            writer.map(pairs.len());
            for pair in pairs {
                both(writer, pair);
            }
        }
        Reply::Pairs(pairs) => {
            let is_flat = writer.version() == Version::Two;
            writer.array(if is_flat { pairs.len() * 2 } else { pairs.len() });
            for pair in pairs {
                if !is_flat {
                    writer.array(2);
                }
                both(writer, pair);
            }
        }
        Reply::Error(error) if outward::is_kept_back(error) => {
            tracing::warn!(code = error.code().as_str(), "{error}");
            writer.error(&format!("{} {}", error.code().resp_prefix(), outward::message(error)));
        }
        Reply::Error(_) => writer.error(&reply.error_text().unwrap_or_default()),
    }
}

fn both(writer: &mut Writer<'_>, (key, value): &(Reply, Reply)) {
    write(writer, key);
    write(writer, value);
}
