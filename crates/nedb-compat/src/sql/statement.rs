//! Statements that are not part of the subset, each with the call that does it where there is one.

use nedb_types::Error;
use sqlparser::ast::{ObjectType, Statement};

use super::refusal::{unsupported, unsupported_but};

/// The refusal of a statement.
#[cold]
pub(super) fn refused(statement: &Statement) -> Error {
    let transaction = "the operations of one transaction are one call of write (Python: tx)";
    match statement {
        Statement::CreateTable(_) => {
            unsupported_but("CREATE TABLE", "a collection comes into being with its first document")
        }
        Statement::CreateIndex(_) => unsupported_but("CREATE INDEX", "call create_index"),
        Statement::CreateView(_) => unsupported("CREATE VIEW"),
        Statement::AlterTable(_) => unsupported_but("ALTER TABLE", "documents have the fields that they are given"),
        Statement::Drop { object_type: ObjectType::Table, .. } => {
            unsupported_but("DROP TABLE", "call drop_collection, or write DELETE FROM")
        }
        Statement::Drop { object_type: ObjectType::Index, .. } => unsupported_but("DROP INDEX", "call drop_index"),
        Statement::Truncate(_) => unsupported_but("TRUNCATE", "call drop_collection, or write DELETE FROM"),
        Statement::StartTransaction { .. } => unsupported_but("BEGIN", transaction),
        Statement::Commit { .. } => unsupported_but("COMMIT", transaction),
        Statement::Rollback { .. } => unsupported_but("ROLLBACK", transaction),
        Statement::Savepoint { .. } | Statement::ReleaseSavepoint { .. } => unsupported_but("SAVEPOINT", transaction),
        Statement::Explain { .. } | Statement::ExplainTable { .. } => {
            unsupported_but("DESCRIBE", "documents have the fields that they are given")
        }
        Statement::Merge(_) => unsupported("MERGE"),
        Statement::Pragma { .. } => unsupported("PRAGMA"),
        Statement::Set(_) => unsupported("SET"),
        Statement::Vacuum(_) => unsupported("VACUUM"),
        Statement::Grant(_) | Statement::Revoke(_) => unsupported("GRANT or REVOKE"),
        other => {
            let text = other.to_string();
            let words: Vec<&str> = text.split_whitespace().take(2).collect();
            unsupported(words.join(" "))
        }
    }
}
