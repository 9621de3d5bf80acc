//! Which SQL the parser reads: that of the standard with the placeholders and shorthands that programs use.
//!
//! More is read than is supported, so that what is missing can be refused by its name.

use sqlparser::{
    ast::{DescribeAlias, Statement},
    dialect::Dialect,
    keywords::{Keyword, RESERVED_FOR_COLUMN_ALIAS},
    parser::{Parser, ParserError},
    tokenizer::{Token, Word},
};

/// The SQL of NEDB.
#[derive(Debug)]
pub(super) struct NedbDialect;

impl Dialect for NedbDialect {
    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_'
    }

    /// `REPLACE INTO` is the short form of `INSERT OR REPLACE INTO`. EXPLAIN takes a statement here, so that a mistake in it is
    /// told; the parser itself would take what it cannot read for the name of a table.
    fn parse_statement(&self, parser: &mut Parser<'_>) -> Option<Result<Statement, ParserError>> {
        if parser.parse_keyword(Keyword::EXPLAIN) {
            return Some(explain(parser));
        }
        if !parser.parse_keyword(Keyword::REPLACE) {
            return None;
        }
        parser.prev_token();
        let token = parser.get_current_token().clone();
        Some(parser.parse_insert(token))
    }

    /// `a ISNULL` is a test elsewhere: without AS it is no name here.
    fn is_column_alias(&self, keyword: &Keyword, parser: &mut Parser<'_>) -> bool {
        let is_test = match &parser.get_current_token().token {
            Token::Word(Word { value, quote_style: None, .. }) => {
                value.eq_ignore_ascii_case("ISNULL") || value.eq_ignore_ascii_case("NOTNULL")
            }
            _ => false,
        };
        !is_test && !RESERVED_FOR_COLUMN_ALIAS.contains(keyword)
    }

    fn supports_dollar_placeholder(&self) -> bool {
        true
    }

    fn supports_table_versioning(&self) -> bool {
        true
    }

    fn supports_in_empty_list(&self) -> bool {
        true
    }

    fn supports_limit_comma(&self) -> bool {
        true
    }

    /// Else `ALL` were a column there.
    fn supports_order_by_all(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_update_order_by(&self) -> bool {
        true
    }
}

/// `EXPLAIN`, `EXPLAIN ANALYZE` and `EXPLAIN QUERY PLAN`, and the statement behind it.
fn explain(parser: &mut Parser<'_>) -> Result<Statement, ParserError> {
    let analyze = parser.parse_keyword(Keyword::ANALYZE);
    let query_plan = !analyze && parser.parse_keywords(&[Keyword::QUERY, Keyword::PLAN]);
    Ok(Statement::Explain {
        describe_alias: DescribeAlias::Explain,
        analyze,
        verbose: false,
        query_plan,
        estimate: false,
        statement: Box::new(parser.parse_statement()?),
        format: None,
        options: None,
    })
}
