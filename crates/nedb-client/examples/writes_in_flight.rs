//! How many single puts a daemon makes durable in a second over streams of writes, beside puts over HTTP that wait for each answer.
//!
//!     cargo run --release -p nedb-client --example writes_in_flight -- http://127.0.0.1:7070/bench SECONDS CONNECTIONS stream|http
//!
//! The documents are those of the HTTP group of `tools/beside_redis.py`. The database must be there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use nedb_client::{Address, Body, Daemon, Database, Error, ErrorCode, Options, Result};
use nedb_io::Io;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, seconds, connections, way] = words.as_slice() else {
        return Err(Error::new(
            ErrorCode::InvalidArgument,
            "give the address, seconds, connections, and stream or http",
        ));
    };
    let number = |text: &String| {
        text.parse::<u32>().map_err(|error| Error::new(ErrorCode::InvalidArgument, format!("{text:?}: {error}")))
    };
    let (address, seconds, connections) = (address.parse::<Address>()?, number(seconds)?, number(connections)?);
    let write = match way.as_str() {
        "stream" => over_stream,
        "http" => over_http,
        other => return Err(Error::new(ErrorCode::InvalidArgument, format!("{other:?} is neither stream nor http"))),
    };
    let (is_over, puts, io) = (Arc::new(AtomicBool::new(false)), AtomicU64::new(0), Io::real());
    let over = Arc::clone(&is_over);
    let start_us = io.clock.monotonic_us();
    let end = Box::new(move || over.store(true, Ordering::Relaxed));
    io.scheduler.after(u64::from(seconds) * 1_000_000, "benchmark-end", end);
    std::thread::scope(|threads| {
        let clients: Vec<_> = (0..connections)
            .map(|client| {
                let (address, is_over, puts) = (&address, &is_over, &puts);
                threads.spawn(move || {
                    // A handle of its own, so that connections are not shared.
                    let database = Daemon::at(address.daemon(), Options::new())?.database(address.database());
                    write(&database, client, is_over).map(|count| puts.fetch_add(count, Ordering::Relaxed))
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| match client.join() {
            Ok(counted) => counted.map(drop),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    let time = Duration::from_micros(io.clock.monotonic_us() - start_us);
    let count = puts.into_inner();
    let rate = u128::from(count) * 1_000_000 / time.as_micros().max(1);
    #[allow(clippy::print_stdout, reason = "it is a program for a terminal")]
    {
        println!("{way}: {connections} connections, {count} durable puts in {time:.1?}, {rate} a second");
    }
    Ok(())
}

fn document(number: u64) -> Body {
    Body::json(format!(r#"{{"total":{number},"state":"paid","buyer":"b{}"}}"#, number % 977))
}

fn over_stream(database: &Database, client: u32, is_over: &AtomicBool) -> Result<u64> {
    let (writer, mut count) = (database.writer()?, 0);
    while !is_over.load(Ordering::Relaxed) {
        drop(writer.put("single", format!("{client}-{count}"), document(count))?);
        count += 1;
    }
    writer.close().map(|()| count)
}

fn over_http(database: &Database, client: u32, is_over: &AtomicBool) -> Result<u64> {
    let mut count = 0;
    while !is_over.load(Ordering::Relaxed) {
        database.put("single", format!("{client}-{count}"), document(count))?;
        count += 1;
    }
    Ok(count)
}
