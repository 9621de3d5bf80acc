//! The report of a verification, read back from its JSON.

use nedb::{DatabaseId, DeepCounts, ErrorCode, Finding, Result, Seq, Value, Verdict, VerifyReport, Vouched, Witnessed};
use nedb_types::Place;

use crate::fields::{Fields, strange};

/// Reads what [`VerifyReport::to_json`] wrote.
pub(crate) fn read(mut fields: Fields) -> Result<VerifyReport> {
    let findings = fields.list("findings")?.into_iter().map(|finding| read_finding(&Fields::of(finding)?));
    let findings: Vec<Finding> = findings.collect::<Result<_>>()?;
    let notes = fields.list("notes")?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let deep = fields.take("deep").map(|deep| read_deep(&Fields::of(deep)?)).transpose()?;
    let vouched = read_vouched(&fields);
    Ok(VerifyReport {
        verdict: verdict(fields.text("verdict")?, findings.first(), &vouched)?,
        findings,
        findings_suppressed: fields.number("findings_suppressed")?,
        notes,
        database: fields.maybe_text("database").map(str::parse::<DatabaseId>).transpose()?,
        size: fields.number("size")?,
        root: fields.parsed("head")?,
        frames: fields.number("frames")?,
        payloads: fields.number("payloads")?,
        erased: fields.number("erased")?,
        pruned: fields.number("pruned")?,
        catalogue_records: fields.number("catalogue_records")?,
        unsealed_catalogue: fields.number("unsealed_catalogue")?,
        bytes: fields.number("bytes")?,
        duration_us: fields.number("duration_us")?,
        vouched,
        deep,
    })
}

fn read_vouched(fields: &Fields) -> Vouched {
    let witnessed = match (fields.maybe_number("witnesses_cosigned"), fields.maybe_number("witnesses_given")) {
        (Some(cosigned), Some(of)) => Some(Witnessed { cosigned, of }),
        _ => None,
    };
    Vouched {
        signed_size: fields.maybe_number("signed_size"),
        signed_by: fields.maybe_text("signed_by").map(str::to_owned),
        witnessed,
        anchored_size: fields.maybe_number("anchored_size"),
    }
}

/// The verdict by its name; where it is wrong is where the first finding is.
fn verdict(name: &str, first: Option<&Finding>, vouched: &Vouched) -> Result<Verdict> {
    let size = |size: Option<u64>| size.ok_or_else(|| strange(format!("the verdict {name} without a size")));
    Ok(match name {
        "corrupt" => Verdict::Corrupt { place: first.map_or_else(Place::default, |first| first.place.clone()) },
        "inconsistent" => Verdict::Inconsistent { seq: first.and_then(|first| first.place.seq).map(Seq::new) },
        "consistent" => Verdict::Consistent,
        "signed" => Verdict::Signed { size: size(vouched.signed_size)? },
        "anchored" => Verdict::Anchored { size: size(vouched.anchored_size)? },
        "witnessed" => Verdict::Witnessed {
            by: vouched.witnessed.ok_or_else(|| strange("the verdict witnessed without witnesses"))?,
            size: size(vouched.signed_size)?,
        },
        other => return Err(strange(format!("the verdict {other:?}"))),
    })
}

fn read_finding(fields: &Fields) -> Result<Finding> {
    let place = Place {
        file: fields.maybe_text("file").map(str::to_owned),
        offset: fields.maybe_number("offset"),
        seq: fields.maybe_number("seq"),
    };
    let code = fields.text("code")?.parse().unwrap_or(ErrorCode::Corrupt);
    Ok(Finding { code, message: fields.text("message")?.to_owned(), place })
}

fn read_deep(fields: &Fields) -> Result<DeepCounts> {
    Ok(DeepCounts {
        keys: fields.number("keys")?,
        collections: fields.number("collections")?,
        clients: fields.number("clients")?,
        idempotency_keys: fields.number("idempotency_keys")?,
        tree_nodes: fields.number("tree_nodes")?,
        seq_samples: fields.number("seq_samples")?,
        index_entries: fields.number("index_entries")?,
    })
}

#[cfg(test)]
mod tests {
    use nedb::{Body, Database};
    use nedb_types::document::json_to_value;

    use super::*;

    fn read_back(report: &VerifyReport) -> VerifyReport {
        let json = report.to_json().unwrap();
        read(Fields::of(json_to_value(json.as_bytes()).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn a_report_comes_back_as_it_was_written() {
        let db = Database::in_memory().unwrap();
        db.put("c", "a", Body::json("{}")).unwrap();
        let sound = db.verify_with(&nedb::VerifyOptions::new().deep(true)).unwrap();
        assert_eq!(read_back(&sound), sound);
        let place = Place { file: Some("log/0".to_owned()), offset: Some(64), seq: None };
        let finding = Finding { code: ErrorCode::Corrupt, message: "a byte".to_owned(), place: place.clone() };
        let wrong = VerifyReport { verdict: Verdict::Corrupt { place }, findings: vec![finding], ..sound.clone() };
        assert_eq!(read_back(&wrong), wrong);
        let signed_size = Some(1);
        let by = Witnessed { cosigned: 1, of: 2 };
        let vouched =
            Vouched { signed_size, signed_by: Some("k".to_owned()), witnessed: Some(by), anchored_size: None };
        let witnessed = VerifyReport { verdict: Verdict::Witnessed { by, size: 1 }, vouched, deep: None, ..sound };
        assert_eq!(read_back(&witnessed), witnessed);
    }
}
