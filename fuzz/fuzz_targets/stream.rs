//! Fuzzes the messages of the stream of writes: any bytes in, a frame or what is wrong with them out.
//!
//! Checks that a request and an acknowledgement have one form: what was read is written back. A greeting may have fields that a
//! later server brings, which are passed over: it is only read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nedb_wire::stream::{Reply, Request};

/// Room for everything that fits into an input.
const MESSAGE_BYTES_MAX: usize = 1 << 30;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = Request::decode(bytes) {
        assert_eq!(request.encode(MESSAGE_BYTES_MAX).expect("a frame that was read can be written"), bytes);
    }
    match Reply::decode(bytes) {
        Err(_) => {}
        Ok(reply @ Reply::Greeting(_)) => {
            let again = reply.encode().expect("terms that were read can be written");
            assert_eq!(Reply::decode(&again), Ok(reply));
        }
        Ok(reply) => assert_eq!(reply.encode().expect("a frame that was read can be written"), bytes),
    }
});
