//! The documentation page of the error codes, rendered from the table.

use super::{ErrorCode, ErrorKind};
use std::fmt::Write as _;

/// Renders the page `docs/errors.md`, the same on every run.
///
/// # Examples
///
/// ```
/// assert!(nedb_types::error_table_markdown().contains("| `stale_nonce` |"));
/// ```
pub fn error_table_markdown() -> String {
    let mut page = String::from(
        "# Errors\n\n\
         Every error has a stable code. Programs match on the code; the message is for people.\n\
         This page is generated from the table in `crates/nedb-types/src/error/code.rs`.\n\n\
         ## Kinds\n\n\
         The command line exits with 0 on success, 2 on a wrong command line, 1 on the unexpected, and else by kind:\n\n\
         | kind | exit code |\n|---|---|\n",
    );
    for kind in ErrorKind::ALL {
        line(&mut page, format_args!("| {kind} | {} |", kind.exit_code()));
    }
    page.push_str(
        "\n## Codes\n\n\
         | code | kind | HTTP | RESP | Python | Node | meaning | what to do |\n|---|---|---|---|---|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        line(
            &mut page,
            format_args!(
                "| `{code}` | {} | {} | {} | {} | {} | {} | {} |",
                code.kind(),
                code.http_status(),
                code.resp_prefix(),
                code.python_class(),
                code.node_class(),
                code.meaning(),
                code.remedy()
            ),
        );
    }
    page
}

/// Adds one line to the page.
fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(page, "{text}").expect("writing to a String cannot fail");
}
