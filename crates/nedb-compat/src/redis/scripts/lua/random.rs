//! `math.random` and `math.randomseed`: the generator of Redis, so that a seed gives the same numbers everywhere.

use mlua::Value;
use nedb_io::Mutex;

use super::{Answer, Arguments};

/// What the generator is multiplied with and what is added, of which 48 bits count.
const FACTOR: u64 = 0x5_DEEC_E66D;
const ADDED: u64 = 0xB;
const MASK: u64 = (1 << 48) - 1;

/// The low bits of a new seed.
const SEED_LOW: u64 = 0x330E;

/// As many numbers as the generator draws from.
const DRAWN_MAX: u64 = 0x7FFF_FFFF;

/// The numbers of one machine.
#[derive(Debug)]
pub(super) struct Generator {
    state: Mutex<u64>,
}

impl Generator {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(SEED_LOW) }
    }

    pub(super) fn seed(&self, arguments: &Arguments) -> Answer {
        #[expect(clippy::cast_possible_truncation, reason = "32 bits of a seed count")]
        let seed = u64::from((arguments.number(0)? as i64 as i32).cast_unsigned());
        *self.state.lock() = (seed << 16) | SEED_LOW;
        Ok(Vec::new())
    }

    /// A number below 1, or a whole one between bounds, both included.
    pub(super) fn draw(&self, arguments: &Arguments) -> Answer {
        let drawn = {
            let mut state = self.state.lock();
            *state = state.wrapping_mul(FACTOR).wrapping_add(ADDED) & MASK;
            *state >> 17
        };
        #[expect(clippy::cast_precision_loss, reason = "31 bits fit a float")]
        let part = (drawn % DRAWN_MAX) as f64 / DRAWN_MAX as f64;
        let (low, high, place) = match arguments.values.len() {
            0 => return Ok(vec![Value::Number(part)]),
            1 => (1.0, arguments.number(0)?.trunc(), 0),
            2 => (arguments.number(0)?.trunc(), arguments.number(1)?.trunc(), 1),
            _ => return Err("wrong number of arguments".into()),
        };
        if low > high {
            return Err(arguments.wrong(place, "interval is empty"));
        }
        Ok(vec![Value::Number((part * (high - low + 1.0)).floor() + low)])
    }
}
