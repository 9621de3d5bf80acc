//! Part files: the elements that one checkpoint added to the arrays.
//!
//! ```text
//! "NEDBPART" | version u32 | arrays u32 | database id | (start u64, end u64) per array | elements | SHA-256 of all before
//! ```
//! Promises: parts are merged like runs, so that a checkpoint writes little and few files stay. Leaves to others: the
//! meaning of the elements.

use std::path::Path;

use nedb_crypto::sha256;
use nedb_io::{Access, Io};
use nedb_types::codec::{Reader, Writer};
use nedb_types::{DatabaseId, Digest, Error, ErrorCode, Place, Result};

use super::arrays::{ARRAYS_MAX, element_bytes, lengths, put, take};
use super::file_name::PART;
use super::image::{CheckpointImage, PartFile};
use crate::RunFile;
use crate::directory::check_identity;
use crate::number::u32_from;
use crate::tiers::merge_count;

const MAGIC: &[u8; 8] = b"NEDBPART";
const VERSION: u32 = 1;

/// Writes what the arrays have gained since the parts of the image, and returns the parts of the new checkpoint.
pub(crate) fn write(io: &Io, dir: &Path, image: &CheckpointImage) -> Result<Vec<PartFile>> {
    let ends = lengths(image);
    let mut parts = image.parts.clone();
    let known = parts.last().map(|part| part.ends.clone()).unwrap_or_default();
    if (0..ends.len().max(known.len())).any(|array| at(&known, array) > at(&ends, array)) {
        return Err(Error::new(ErrorCode::InvalidArgument, "a checkpoint's arrays are shorter than their part files"));
    }
    let new_bytes: u64 =
        (0..ends.len()).map(|array| (at(&ends, array) - at(&known, array)) * element_bytes(array)).sum();
    if new_bytes == 0 {
        return Ok(parts);
    }
    let sizes: Vec<u64> = parts.iter().rev().map(|part| part.file.length_bytes).collect();
    parts.truncate(parts.len() - merge_count(new_bytes, &sizes));
    let starts = parts.last().map(|part| part.ends.clone()).unwrap_or_default();
    let bytes = encode(image, &starts, &ends);
    let mut suffix = [0; 8];
    io.random.fill(&mut suffix);
    let name = format!("{}{:016x}{}", PART.0, u64::from_le_bytes(suffix), PART.1);
    let file = io.disk.create_new(&dir.join(&name))?;
    file.write_all_at(&bytes, 0)?;
    file.sync_all()?;
    let digest = bytes.last_chunk().map_or(Digest::ZERO, |digest| Digest::from_bytes(*digest));
    parts.push(PartFile { file: RunFile { name, length_bytes: bytes.len() as u64, digest }, ends });
    Ok(parts)
}

/// Reads all part files of an image into its arrays.
pub(crate) fn read_all(io: &Io, dir: &Path, image: &mut CheckpointImage) -> Result<()> {
    let mut starts = Vec::new();
    for part in image.parts.clone() {
        let place = || Place::in_file(format!("index/{}", part.file.name));
        let file = io.disk.open(&dir.join(&part.file.name), Access::Read)?;
        let length_bytes = file.len_bytes()?;
        if length_bytes != part.file.length_bytes {
            check_identity(&part.file, &RunFile { length_bytes, ..part.file.clone() })?;
        }
        let mut bytes = vec![0; usize::try_from(length_bytes).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, 0)?;
        decode(&bytes, &part, &starts, image).map_err(|error| {
            let offset = error.place().and_then(|place| place.offset).unwrap_or_default();
            error.at(place().offset(offset))
        })?;
        starts.clone_from(&part.ends);
    }
    Ok(())
}

fn at(lengths: &[u64], array: usize) -> u64 {
    lengths.get(array).copied().unwrap_or_default()
}

fn encode(image: &CheckpointImage, starts: &[u64], ends: &[u64]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.bytes(MAGIC);
    writer.u32(VERSION);
    writer.u32(u32_from(ends.len()));
    writer.bytes(image.database.as_bytes());
    for (array, end) in ends.iter().enumerate() {
        writer.u64(at(starts, array));
        writer.u64(*end);
    }
    for array in 0..ends.len() {
        put(&mut writer, image, array, at(starts, array));
    }
    let digest = sha256(&[writer.as_bytes()]);
    writer.bytes(digest.as_bytes());
    writer.into_bytes()
}

fn decode(bytes: &[u8], part: &PartFile, starts: &[u64], image: &mut CheckpointImage) -> Result<()> {
    let Some((content, digest)) = bytes.split_last_chunk::<32>() else {
        return Err(Error::corrupt("part file is too short").at(Place::at_offset(0)));
    };
    let digest = Digest::from_bytes(*digest);
    if digest != part.file.digest || sha256(&[content]) != digest {
        return Err(Error::corrupt("part file: the digest differs").at(Place::at_offset(content.len() as u64)));
    }
    let mut reader = Reader::new(content, "part file");
    if &reader.array::<8>()? != MAGIC {
        return Err(reader.corrupt("the magic is not that of a part file"));
    }
    let version = reader.u32()?;
    if version != VERSION {
        return Err(Error::newer_format("the part file", version, VERSION));
    }
    let count = reader.u32()? as usize;
    let database = DatabaseId::from_bytes(reader.array()?);
    if database != image.database || count != part.ends.len() || count > ARRAYS_MAX {
        return Err(reader.corrupt("it belongs to another checkpoint"));
    }
    for array in 0..count {
        if reader.u64()? != at(starts, array) || reader.u64()? != at(&part.ends, array) {
            return Err(reader.corrupt("the part does not continue the one before"));
        }
    }
    for array in 0..count {
        let gained = at(&part.ends, array).checked_sub(at(starts, array));
        let gained = gained.ok_or_else(|| reader.corrupt("a part ends before it begins"))?;
        take(&mut reader, image, array, gained)?;
    }
    reader.finish()
}
