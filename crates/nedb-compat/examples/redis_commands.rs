//! Prints the table of Redis commands: the generated part of `docs/redis.md`, which `cargo xtask docs` writes there.
#![allow(clippy::print_stdout, reason = "an example that prints")]

fn main() {
    print!("{}", nedb_compat::redis::commands_markdown());
}
