//! The error table is complete and consistent, and an error tells what it promises.

#![cfg(test)]

use nedb_types::{Detail, Error, ErrorCode, ErrorKind, Place, PreconditionFailure, error_table_markdown};
use std::collections::BTreeSet;
use std::error::Error as _;
use std::io;

#[test]
fn every_code_has_a_text_of_its_own_that_parses_back() {
    let texts: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(texts.len(), ErrorCode::ALL.len());
    for code in ErrorCode::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
        assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
    }
    assert!("no_such_code".parse::<ErrorCode>().is_err());
}

#[test]
fn every_row_suits_every_face() {
    for code in ErrorCode::ALL {
        assert!((400..600).contains(&code.http_status()), "{code}");
        assert!(code.resp_prefix().bytes().all(|byte| byte.is_ascii_uppercase()), "{code}");
        for class in [code.python_class(), code.node_class()] {
            assert!(class.starts_with(|first: char| first.is_ascii_uppercase()), "{code}");
        }
        assert!(code.meaning().ends_with('.'), "{code}");
        assert!(!code.remedy().ends_with('.') && !code.remedy().contains('\n'), "{code}");
    }
}

#[test]
fn every_kind_has_an_exit_code_of_its_own_that_is_not_reserved() {
    let exits: BTreeSet<u8> = ErrorKind::ALL.iter().map(|kind| kind.exit_code()).collect();
    assert_eq!(exits.len(), ErrorKind::ALL.len());
    assert!(exits.iter().all(|exit| *exit > 2 && *exit < 126));
    for kind in ErrorKind::ALL {
        assert!(ErrorCode::ALL.iter().any(|code| code.kind() == kind), "{kind} has no code");
    }
}

#[test]
fn codes_of_released_programs_keep_their_python_class() {
    assert_eq!(ErrorCode::StaleNonce.python_class(), "ReplayError");
    assert_eq!(ErrorCode::PreconditionFailed.python_class(), "PreconditionFailed");
}

#[test]
fn the_page_lists_every_code_and_kind_once() {
    let page = error_table_markdown();
    for code in ErrorCode::ALL {
        assert_eq!(page.matches(&format!("| `{code}` |")).count(), 1);
    }
    for kind in ErrorKind::ALL {
        assert!(page.contains(&format!("| {kind} | {} |", kind.exit_code())));
    }
    assert_eq!(page, error_table_markdown());
}

#[test]
fn an_error_is_one_pointer_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
}

#[test]
fn a_full_disk_has_a_code_of_its_own_and_keeps_the_system_error() {
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
        assert_eq!(Error::from(io::Error::from(kind)).code(), ErrorCode::NoSpace);
    }
    assert_eq!(Error::from(io::Error::from(io::ErrorKind::OutOfMemory)).code(), ErrorCode::Full);
    let error = Error::from(io::Error::from(io::ErrorKind::PermissionDenied));
    assert_eq!(error.code(), ErrorCode::Io);
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::PermissionDenied));
}

#[test]
fn an_error_shows_message_path_and_place() {
    let error = Error::new(ErrorCode::InvalidValue, "bad").under_field("a b").under_index(3).under_field("c");
    let error = error.under_field("d").at(Place::at_seq(9)).context("line 2");
    assert_eq!(error.to_string(), "line 2: bad (in d.c[3].`a b`) (at seq 9)");
    assert_eq!(error.detail(), &Detail::Path("d.c[3].`a b`".to_owned()));
    assert_eq!(error.message(), "line 2: bad");
    assert_eq!(error.remedy(), ErrorCode::InvalidValue.remedy());
    assert_eq!(Place::default().to_string(), "an unknown place");
}

#[test]
fn a_detail_with_numbers_is_not_replaced_by_a_path() {
    let failure = PreconditionFailure {
        index: 0,
        collection: "c".into(),
        id: "1".into(),
        id_bytes: None,
        expected: -1,
        actual: 4,
    };
    let detail = Detail::Preconditions(vec![failure]);
    let error = Error::new(ErrorCode::PreconditionFailed, "not new").with_detail(detail.clone());
    assert_eq!(error.under_field("a").detail(), &detail);
}
