//! Rows of a block chain: wide ids in order, one long string that does not compress, a column with a hundred values.

use nedb::Result;
use nedb_types::document::json_to_document;

use super::{Item, sequence::mix};

/// Each miner has one row in this many.
const MINERS: u64 = 100;

/// The block at this height.
pub(crate) fn block(height: u64) -> Result<Item> {
    let part = |salt: u64| mix(height ^ mix(salt));
    let (miner, fee, txs) = (part(5) % MINERS, part(6) % 1_000_000, part(7) % 4000);
    let [a, b, c, d] = [1, 2, 3, 4].map(part);
    let hash = format!("{a:016x}{b:016x}{c:016x}{d:016x}");
    let json = format!(r#"{{"height":{height},"hash":"{hash}","miner":"miner-{miner:02}","fee":{fee},"txs":{txs}}}"#);
    let document = json_to_document(json.as_bytes())?;
    Ok(Item { id: format!("{height:010}").into_bytes(), json: json.into_bytes(), document })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miner_has_about_one_percent_of_the_rows() {
        let of_one = (0..20_000).filter(|height| {
            let json = String::from_utf8(block(*height).unwrap().json).unwrap();
            json.contains("miner-42")
        });
        assert!((150..250).contains(&of_one.count()));
    }
}
