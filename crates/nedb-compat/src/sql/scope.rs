//! Which tables a statement names, and what a column leads to.
//!
//! A table is a collection, a column is a path into its documents: `city`, `address.city`, `items[0].sku`, or a name in double
//! quotes or backquotes. Names count as they are written; nothing is folded. Collections have no list of columns, so where
//! several tables are joined each column says which one is meant, the name of a collection that has an alias leads nowhere, and
//! a word that SQL reserves is a column in quotes only: else `SET a = DEFAULT` would read a column that nobody has.

use nedb_types::{Collection, FieldPath, PathStep, Result};
use sqlparser::ast::{AccessExpr, Expr, Ident, ObjectName, ObjectNamePart, Subscript, Value as Literal, ValueWithSpan};

use super::refusal::{unsupported, unsupported_but, wrong};

/// One table of a statement.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) collection: Collection,
    /// The alias, or else the name of the collection.
    pub(super) name: String,
}

/// The tables that columns can speak of.
#[derive(Debug)]
pub(super) struct Scope {
    tables: Vec<Table>,
}

/// What a column leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// The position of its table.
    pub(super) table: usize,
    /// The way into the documents of that table.
    pub(super) path: FieldPath,
}

/// The words that are no names without quotes: those of `SQLite` but for NOTHING, which only stands behind DO, and what the
/// standard has in the place of values.
const RESERVED: &[&str] = &[
    "ADD",
    "ALL",
    "ALTER",
    "AND",
    "AS",
    "AUTOINCREMENT",
    "BETWEEN",
    "CASE",
    "CHECK",
    "COLLATE",
    "COMMIT",
    "CONSTRAINT",
    "CREATE",
    "CURRENT_CATALOG",
    "CURRENT_ROLE",
    "CURRENT_SCHEMA",
    "CURRENT_USER",
    "DEFAULT",
    "DEFERRABLE",
    "DELETE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "ESCAPE",
    "EXISTS",
    "FOREIGN",
    "FROM",
    "GROUP",
    "HAVING",
    "IN",
    "INDEX",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "ISNULL",
    "JOIN",
    "LIMIT",
    "NOT",
    "NOTNULL",
    "ON",
    "OR",
    "ORDER",
    "PRIMARY",
    "REFERENCES",
    "RETURNING",
    "SELECT",
    "SESSION_USER",
    "SET",
    "SYSTEM_USER",
    "TABLE",
    "THEN",
    "TO",
    "TRANSACTION",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
];

impl Scope {
    /// The scope of the tables, whose names must differ.
    pub(super) fn new(tables: Vec<Table>) -> Result<Self> {
        for (position, table) in tables.iter().enumerate() {
            if tables.iter().take(position).any(|before| before.name == table.name) {
                return Err(wrong(format!("two tables have the name {}: give one of them an alias", table.name)));
            }
        }
        Ok(Self { tables })
    }

    /// Whether there are several tables.
    pub(super) fn is_join(&self) -> bool {
        self.tables.len() > 1
    }

    pub(super) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The table of a name.
    pub(super) fn table(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|table| table.name == name)
    }

    /// The column that an expression is; `None` when it is something else.
    pub(super) fn column(&self, expr: &Expr) -> Result<Option<Column>> {
        let Some(mut steps) = steps_of(expr)? else { return Ok(None) };
        let table = match self.take_table(&mut steps)? {
            Some(table) => table,
            None if self.is_join() => {
                let names: Vec<&str> = self.tables.iter().map(|table| table.name.as_str()).collect();
                let names = names.join(", ");
                return Err(wrong(format!("the column {expr} does not say of which table it is ({names})")));
            }
            None => 0,
        };
        Ok(Some(Column { table, path: FieldPath::from_steps(steps)? }))
    }

    /// Takes the name of a table off the front of a way; the name of a collection that has an alias is refused.
    fn take_table(&self, steps: &mut Vec<PathStep>) -> Result<Option<usize>> {
        let [PathStep::Field(first), PathStep::Field(_), ..] = steps.as_slice() else { return Ok(None) };
        let Some(table) = self.table(first) else {
            let hidden = self.tables.iter().find(|table| table.collection.as_str() == first);
            return hidden.map_or(Ok(None), |table| {
                let alias = &table.name;
                Err(wrong(format!("{first} is called {alias} in this statement: write {alias} in front of the column")))
            });
        };
        steps.remove(0);
        Ok(Some(table))
    }

    /// The way to the column that an assignment names.
    pub(super) fn target(&self, name: &ObjectName) -> Result<Vec<PathStep>> {
        let mut steps = name_steps(name)?;
        self.take_table(&mut steps)?;
        Ok(steps)
    }

    /// The way to a column in a row of the statement: where tables are joined, it begins with the name of the table.
    pub(super) fn row_path(&self, column: &Column) -> Result<FieldPath> {
        match self.tables.get(column.table) {
            Some(table) if self.is_join() => {
                let table = PathStep::Field(table.name.clone());
                FieldPath::from_steps(std::iter::once(table).chain(column.path.steps().iter().cloned()).collect())
            }
            _ => Ok(column.path.clone()),
        }
    }
}

/// The single name that an object has; a name with a schema before it is refused.
pub(super) fn single_name(name: &ObjectName) -> Result<&str> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] => Ok(&ident.value),
        _ => Err(unsupported_but(&format!("the name {name} of several parts"), "a database has no schemas")),
    }
}

/// The steps of a name of several parts.
fn name_steps(name: &ObjectName) -> Result<Vec<PathStep>> {
    if let Some(ObjectNamePart::Identifier(first)) = name.0.first() {
        check_word(first)?;
    }
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(ident) => Ok(field(ident)),
            ObjectNamePart::Function(_) => Err(unsupported(format!("the name {name}"))),
        })
        .collect()
}

/// The name of a column that INSERT lists.
pub(super) fn column_to_insert(name: &ObjectName) -> Result<&str> {
    if let [ObjectNamePart::Identifier(ident)] = name.0.as_slice() {
        check_word(ident)?;
    }
    single_name(name)
}

/// Whether a word is one that SQL reserves.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}

/// Refuses a reserved word that stands where a column does without quotes.
fn check_word(ident: &Ident) -> Result<()> {
    if ident.quote_style.is_some() || !is_reserved(&ident.value) {
        return Ok(());
    }
    let word = &ident.value;
    Err(unsupported_but(
        &format!("the word {} in the place of a column", word.to_uppercase()),
        &format!("a column of that name stands in quotes: \"{word}\""),
    ))
}

fn field(ident: &Ident) -> PathStep {
    PathStep::Field(ident.value.clone())
}

fn steps_of(expr: &Expr) -> Result<Option<Vec<PathStep>>> {
    match expr {
        Expr::Nested(inner) => steps_of(inner),
        Expr::Identifier(ident) => check_word(ident).map(|()| Some(vec![field(ident)])),
        Expr::CompoundIdentifier(parts) => {
            parts.first().map_or(Ok(()), check_word)?;
            Ok(Some(parts.iter().map(field).collect()))
        }
        Expr::CompoundFieldAccess { root, access_chain } => {
            let Some(mut steps) = steps_of(root)? else { return Err(unsupported("a path behind an expression")) };
            for access in access_chain {
                steps.push(match access {
                    AccessExpr::Dot(Expr::Identifier(ident)) => field(ident),
                    AccessExpr::Subscript(Subscript::Index { index: Expr::Value(position) }) => element(position)?,
                    _ => return Err(unsupported("a subscript that is no number")),
                });
            }
            Ok(Some(steps))
        }
        _ => Ok(None),
    }
}

fn element(position: &ValueWithSpan) -> Result<PathStep> {
    let index = match &position.value {
        Literal::Number(digits, _) => digits.parse().ok(),
        Literal::Placeholder(_) => return Err(unsupported("a placeholder as the position in an array")),
        _ => None,
    };
    index.map(PathStep::Index).ok_or_else(|| unsupported(format!("the subscript [{position}]")))
}
