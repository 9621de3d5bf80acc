//! Package records of two Debian releases: real sizes, real histories, and a graph.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use nedb::{Error, ErrorCode, Result, Value};
use nedb_io::Io;
use nedb_types::document::json_to_document;

use super::{Item, Sequence, text_row};
use crate::{Cell, TableRow};

/// One record and the packages it depends on.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) item: Item,
    pub(crate) depends: Vec<String>,
}

/// Where records are when the caller names no place: the full indexes beside the checkout, else the bundled subset.
const PLACES: [&str; 2] = ["../shared/data", "crates/nedb-cli/demo"];

/// The records of both releases, the older one first; `None` when there are none on this machine.
pub(crate) fn packages(io: &Io, dir: Option<&Path>) -> Result<Option<[Vec<Package>; 2]>> {
    let dirs: Vec<PathBuf> = match dir {
        Some(dir) => vec![dir.to_owned()],
        None => PLACES.iter().map(PathBuf::from).collect(),
    };
    for dir in dirs {
        if io.disk.kind(&dir)?.is_none() {
            continue;
        }
        let names = io.disk.list(&dir)?;
        let of = |release: &str| names.iter().find(|name| name.contains(release) && name.ends_with(".ndjson.zst"));
        if let (Some(old), Some(new)) = (of("bookworm"), of("trixie")) {
            return Ok(Some([read(io, &dir.join(old))?, read(io, &dir.join(new))?]));
        }
    }
    Ok(None)
}

fn read(io: &Io, path: &Path) -> Result<Vec<Package>> {
    let packed = io.disk.read_all(path)?;
    let reader: Box<dyn Read> = Box::new(zstd::Decoder::new(packed.as_slice())?);
    BufReader::new(reader).lines().map(|line| package(&line?)).collect()
}

fn package(line: &str) -> Result<Package> {
    let document = json_to_document(line.as_bytes())?;
    let bad = || Error::new(ErrorCode::InvalidArgument, format!("a package record without a text as id: {line}"));
    let fields = document.as_document();
    let value = |name: &str| fields.get(name)?.map(|value| value.to_value()).transpose();
    let id = value("id")?.as_ref().and_then(Value::as_str).ok_or_else(bad)?.as_bytes().to_vec();
    let depends = value("depends")?;
    let depends = depends.as_ref().and_then(Value::as_array).unwrap_or_default();
    let depends = depends.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Package { item: Item { id, json: line.as_bytes().to_vec(), document }, depends })
}

/// Words of tags that many packages have, alone and together.
const TAG_WORDS: [&str; 12] = [
    "graphical",
    "commandline",
    "program",
    "library",
    "python",
    "perl",
    "network",
    "gameplaying",
    "text",
    "sound",
    "devel",
    "gnome",
];

/// The tags of all packages that have some, one text each.
pub(crate) fn tag_rows(releases: &[Vec<Package>]) -> Result<Vec<TableRow>> {
    let mut rows = Vec::new();
    for package in releases.iter().flatten() {
        let document = package.item.document.as_document();
        let tags = document.get("tags")?.map(|tags| tags.to_value()).transpose()?;
        let Some(tags) = tags.as_ref().and_then(Value::as_str).filter(|tags| !tags.is_empty()) else { continue };
        rows.push(text_row(rows.len() as u64, tags.to_owned())?);
    }
    Ok(rows)
}

/// Two words of tags.
pub(crate) fn two_tag_words(random: &mut Sequence) -> Cell {
    let mut one = || TAG_WORDS.get(random.below(TAG_WORDS.len())).copied().unwrap_or_default();
    Cell::Text(format!("{} {}", one(), one()))
}
