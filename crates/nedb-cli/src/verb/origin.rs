//! The options of every write: who writes, why, under which condition, and how a retry is recognised.

use clap::Args;
use nedb::{Cause, Expected, Op, WriteBatch};
use nedb_types::{Error, ErrorCode, Result, Seq};

/// Says where a write comes from and when it may happen.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Origin and conditions")]
pub struct Origin {
    /// Who writes; nonces and idempotency keys count per client [default: local]
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// The client's number for this write; one that is not above its last is refused
    #[arg(long, value_name = "N")]
    nonce: Option<u64>,
    /// Idempotency key: the same request again is answered with the first result
    #[arg(long, value_name = "KEY")]
    idem: Option<String>,
    /// The operations that caused this one, such as 12,15
    #[arg(long, value_name = "SEQ,..", value_delimiter = ',')]
    caused_by: Vec<u64>,
    /// What the write rests on: `user_message`, `inference`, `tool_result`, `correction`, `external` or other words
    #[arg(long, value_name = "TEXT")]
    evidence: Option<String>,
    /// How certain the writer is, from 0.0 to 1.0
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    confidence: Option<f64>,
    /// From when on it holds in the world (ISO 8601, inclusive)
    #[arg(long, value_name = "TIME")]
    valid_from: Option<String>,
    /// Until when it holds in the world (ISO 8601, exclusive)
    #[arg(long, value_name = "TIME")]
    valid_to: Option<String>,
    /// Writes only if the newest version has this seq; -1 means that there must be none
    #[arg(long, value_name = "SEQ", allow_negative_numbers = true, value_parser = parse_expected)]
    if_seq: Option<Expected>,
}

impl Origin {
    /// A batch of one operation with everything that was said about it.
    pub fn batch(self, mut op: Op) -> WriteBatch {
        for cause in self.caused_by {
            op = op.caused_by(Cause::Seq(Seq::new(cause)));
        }
        op = with(op, self.nonce, Op::nonce);
        op = with(op, self.evidence, Op::evidence);
        op = with(op, self.confidence, Op::confidence);
        op = with(op, self.valid_from, Op::valid_from);
        op = with(op, self.valid_to, Op::valid_to);
        op = with(op, self.if_seq, Op::if_seq);
        let batch = with(WriteBatch::new(), self.client, WriteBatch::client);
        with(batch, self.idem, WriteBatch::idempotency_key).op(op)
    }
}

fn with<T, V>(target: T, value: Option<V>, set: impl FnOnce(T, V) -> T) -> T {
    match value {
        Some(value) => set(target, value),
        None => target,
    }
}

fn parse_expected(text: &str) -> Result<Expected> {
    match text.parse::<i64>() {
        Ok(-1) => Ok(Expected::Missing),
        Ok(seq) if seq >= 0 => Ok(Expected::Seq(Seq::new(seq.unsigned_abs()))),
        _ => Err(Error::new(ErrorCode::InvalidArgument, format!("{text:?} is not a seq, and not -1"))),
    }
}
