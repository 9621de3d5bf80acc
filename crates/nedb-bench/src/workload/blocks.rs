//! Rows of a block chain: wide ids in order, one long string that does not compress, a column with a hundred values.

use nedb::Result;
use nedb_types::document::json_to_document;

use super::{Item, sequence::mix};
use crate::{Cell, TableRow};

/// Each miner has one row in this many.
const MINERS: u64 = 100;

/// Blocks have fewer transactions than this.
pub(crate) const TXS: u64 = 4000;

/// The block at this height.
pub(crate) fn block(height: u64) -> Result<Item> {
    block_row(height).map(|row| row.item)
}

/// The block at this height as a row of a table.
pub(crate) fn block_row(height: u64) -> Result<TableRow> {
    row(height, 0)
}

/// The same block once more, with other values than before.
pub(crate) fn block_row_again(height: u64) -> Result<TableRow> {
    row(height, 1)
}

fn row(height: u64, generation: u64) -> Result<TableRow> {
    let part = |salt: u64| mix(height ^ mix(salt + 8 * generation));
    let (miner, fee, txs) = (miner(part(5)), part(6) % 1_000_000, part(7) % TXS);
    let [a, b, c, d] = [1, 2, 3, 4].map(part);
    let hash = format!("{a:016x}{b:016x}{c:016x}{d:016x}");
    let json = format!(r#"{{"height":{height},"hash":"{hash}","miner":"{miner}","fee":{fee},"txs":{txs}}}"#);
    let document = json_to_document(json.as_bytes())?;
    let item = Item { id: format!("{height:010}").into_bytes(), json: json.into_bytes(), document };
    let cells = vec![height.into(), Cell::Text(hash), Cell::Text(miner), fee.into(), txs.into()];
    Ok(TableRow { number: height, item, cells })
}

/// The name of a miner, drawn by a random number.
pub(crate) fn miner(random: u64) -> String {
    format!("miner-{:02}", random % MINERS)
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
