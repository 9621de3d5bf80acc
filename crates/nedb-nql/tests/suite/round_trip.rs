//! Printed text reads back as the same statement.

use nedb_nql::{parse, parse_condition};
use proptest::prelude::*;

use crate::random::{expr, statement};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_printed_statement_reads_back_as_itself(statement in statement()) {
        let printed = statement.to_string();
        prop_assert_eq!(parse(&printed).map_err(|error| format!("{printed}: {error}")), Ok(statement));
    }

    #[test]
    fn a_printed_condition_reads_back_as_itself(expr in expr(true)) {
        let printed = expr.to_string();
        prop_assert_eq!(parse_condition(&printed).map_err(|error| format!("{printed}: {error}")), Ok(expr));
    }
}
