//! Prints the tables of settings, commands of connections and routes: the generated part of `docs/nedbd.md`, which `cargo xtask docs` writes there.
#![allow(clippy::print_stdout, reason = "an example that prints")]

fn main() {
    print!("\n### Settings\n\n{}", nedb_server::settings_markdown());
    print!("\n### Commands of the connection\n\n{}", nedb_server::connection_commands_markdown());
    print!("\n### Routes\n\n{}", nedb_server::routes_markdown());
}
