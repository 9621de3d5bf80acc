//! Fuzzes the calls of the Redis protocol: any bytes in, however they are cut, calls or what is wrong with them out.
//!
//! The first byte says which limits hold and how the rest is cut into the pieces in which it comes. Checks beyond the absence of
//! panics: the calls and the error do not depend on the cuts; what is kept of a call that is not whole is bounded by the bytes that
//! came; calls and their words are within the limits; and what was read, encoded again, is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nedb_wire::resp::{Calls, Limits, ProtocolError, Version, Writer};

/// What a buffer may take beside twice the bytes that came: the least that a vector takes.
const SPARE_BYTES: usize = 64;

/// Words of calls.
type Read = Vec<Vec<Vec<u8>>>;

fuzz_target!(|bytes: &[u8]| {
    let Some((how, sent)) = bytes.split_first() else { return };
    let limits = if how & 1 == 0 { Limits::NORMAL } else { Limits::BEFORE_AUTH };
    let (whole, error) = read(&[sent], limits);
    let (pieces, cut_error) = read(&cut(sent, how >> 1), limits);
    assert_eq!(whole, pieces, "the cuts change nothing");
    assert_eq!(error, cut_error, "the cuts change no error");
    for call in &whole {
        assert!((1..=limits.words_max).contains(&call.len()), "{} words", call.len());
        assert!(call.iter().all(|word| word.len() <= limits.word_bytes_max), "a word beyond the limit");
    }
    assert_eq!(read(&[&encoded(&whole)], limits), (whole, None), "what is encoded is read again");
});

/// All calls of a connection whose bytes come in pieces, and the error that ended it.
fn read(pieces: &[&[u8]], limits: Limits) -> (Read, Option<ProtocolError>) {
    let (mut calls, mut read, mut came) = (Calls::new(), Read::new(), 0);
    for piece in pieces {
        calls.buffer().extend_from_slice(piece);
        came += piece.len();
        loop {
            match calls.take(limits) {
                Ok(batch) if batch.is_empty() => break,
                Ok(batch) => {
                    assert!(batch.bytes() <= came, "calls are of bytes that came");
                    read.extend(batch.iter().map(|words| words.into_iter().map(<[u8]>::to_vec).collect()));
                }
                Err(error) => return (read, Some(error)),
            }
        }
        let capacity = calls.buffer().capacity();
        assert!(capacity <= 2 * came + SPARE_BYTES, "{capacity} bytes are held for {came}");
    }
    (read, None)
}

/// Cuts bytes into pieces whose lengths a seed draws, from 1 on.
fn cut(bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let (mut rest, mut pieces, mut state) = (bytes, Vec::new(), u32::from(seed));
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = usize::from(state.to_be_bytes()[0] >> (seed & 7)) + 1;
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Calls as a client sends them: in the form of lists that servers answer in.
fn encoded(calls: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, Version::Two);
    for call in calls {
        writer.array(call.len());
        for word in call {
            writer.bulk(word);
        }
    }
    out
}
