//! From the words of a line to an operation of the engine.

use nedb::{AsOf, Body, Cause, Error, Expected, Op, Seq, Timestamp};

use super::syntax::Line;

/// The operation that a line stands for; `None` when the line is none.
pub fn op(line: &Line) -> Option<Result<Op, Error>> {
    let op = match line.command.as_str() {
        "put" => Op::put(line.text(0), line.bytes(1), Body::json(line.bytes(2))),
        "put_float" => match float_document(line) {
            Ok(body) => Op::put(line.text(0), line.bytes(1), body),
            Err(error) => return Some(Err(error)),
        },
        "restore" => Op::restore(line.text(0), line.bytes(1), seq(line.number(2))),
        "delete" => Op::delete(line.text(0), line.bytes(1)),
        "expire" => Op::expire(line.text(0), line.bytes(1)),
        "check" => Op::check(line.text(0), line.bytes(1)),
        "link" => Op::link(line.text(0), line.text(1), line.text(2)),
        "unlink" => Op::unlink(line.text(0), line.text(1), line.text(2)),
        _ => return None,
    };
    Some(with_options(op, line))
}

/// A document with one float, which JSON could not say when it is NaN.
fn float_document(line: &Line) -> Result<Body, Error> {
    let number: f64 = line.text(2).parse().expect("a float");
    let object = nedb::Object::from_fields(vec![("x".to_owned(), nedb::Value::float(number)?)])?;
    Ok(Body::Value(nedb::Value::Object(object)))
}

fn with_options(mut op: Op, line: &Line) -> Result<Op, Error> {
    if let Some(expected) = line.option("if") {
        op = op.if_seq(match expected.as_str() {
            "missing" => Expected::Missing,
            number => Expected::Seq(seq(number.parse().expect("a seq"))),
        });
    }
    if let Some(nonce) = line.option("nonce") {
        op = op.nonce(nonce.parse().expect("a nonce"));
    }
    if let Some(ttl) = line.option("ttl") {
        op = op.ttl_us(duration_us(&ttl));
    }
    if let Some(until) = line.option("until") {
        op = op.expires_at(Timestamp::parse(&until)?);
    }
    for cause in line.options("cause") {
        op = op.caused_by(match cause.strip_prefix('#') {
            Some(position) => Cause::Position(position.parse().expect("a position")),
            None => Cause::Seq(seq(cause.parse().expect("a seq"))),
        });
    }
    if let Some(evidence) = line.option("evidence") {
        op = op.evidence(evidence);
    }
    if let Some(confidence) = line.option("confidence") {
        op = op.confidence(confidence.parse().expect("a float"));
    }
    if let Some(from) = line.option("from") {
        op = op.valid_from(from);
    }
    if let Some(to) = line.option("to") {
        op = op.valid_to(to);
    }
    Ok(op)
}

/// The moment that `at=` names: a seq, -1, or a time.
pub fn moment(line: &Line) -> Result<AsOf, Error> {
    line.option("at").map_or(Ok(AsOf::Head), |text| parse_moment(&text))
}

/// A moment in words.
pub fn parse_moment(text: &str) -> Result<AsOf, Error> {
    match text.parse() {
        Ok(number) => Ok(AsOf::from_number(number)),
        Err(_not_a_number) if text == "head" => Ok(AsOf::Head),
        Err(_not_a_number) => Timestamp::parse(text).map(AsOf::Time),
    }
}

/// A duration such as `5s`, `20ms` or `7us`.
pub fn duration_us(text: &str) -> u64 {
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..unit_at].parse().expect("a duration begins with a number");
    let unit_us = match &text[unit_at..] {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "h" => 3_600_000_000,
        unit => panic!("no such unit of time: {unit:?}"),
    };
    number.saturating_mul(unit_us)
}

pub fn seq(number: i64) -> Seq {
    Seq::new(number.unsigned_abs())
}
