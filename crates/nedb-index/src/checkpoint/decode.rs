//! Reading the bytes of a checkpoint file back.
//!
//! Promises: the digest is checked first; every section is known, or marked as one that may be ignored, or refused by
//! its number. Leaves to others: the files that it names.

use nedb_crypto::sha256;
use nedb_log::LogPosition;
use nedb_types::codec::Reader;
use nedb_types::{DatabaseId, Digest, Error, ErrorCode, Place, Result};

use super::encode::{DIGEST_BYTES, FLAG_COMPATIBLE, MAGIC, VERSION, kind};
use super::file_name::is_data;
use super::image::{CheckpointImage, EXTRA_SECTION_KIND_MIN, ExtraSection, PartFile};
use crate::hasher::HASH_SECRET_BYTES;
use crate::{KeyHasher, RunFile, TemporalRunFiles};

/// Decodes a file into an image, whose arrays are still empty, and its generation.
pub(crate) fn decode(bytes: &[u8], database: DatabaseId) -> Result<(CheckpointImage, u64)> {
    let Some((content, digest)) = bytes.split_last_chunk::<DIGEST_BYTES>() else {
        return Err(Error::corrupt("checkpoint is too short").at(Place::at_offset(0)));
    };
    let mut reader = Reader::new(content, "checkpoint");
    if &reader.array::<8>()? != MAGIC {
        return Err(reader.corrupt("the magic is not that of a checkpoint"));
    }
    if sha256(&[content]).as_bytes() != digest {
        return Err(reader.corrupt("the digest differs"));
    }
    let (version, reserved, length) = (reader.u32()?, reader.u32()?, reader.u64()?);
    if version != VERSION {
        return Err(Error::newer_format("the checkpoint", version, VERSION));
    }
    if reserved != 0 || length != bytes.len() as u64 {
        return Err(reader.corrupt("its length differs from the file's"));
    }
    let owner = DatabaseId::from_bytes(reader.array()?);
    if owner != database {
        let text = format!("checkpoint belongs to database {owner}, this is {database}");
        return Err(Error::new(ErrorCode::WrongDatabase, text));
    }
    let generation = reader.u64()?;
    Ok((decode_sections(&mut reader, database)?, generation))
}

#[derive(Default)]
struct Required {
    position: Option<LogPosition>,
    hasher: Option<KeyHasher>,
}

fn decode_sections(reader: &mut Reader<'_>, database: DatabaseId) -> Result<CheckpointImage> {
    let mut image = CheckpointImage::new(database, KeyHasher::new([0; HASH_SECRET_BYTES]), LogPosition::start());
    let mut required = Required::default();
    let mut last_own_kind = 0;
    while !reader.is_empty() {
        let (kind, flags, reserved, length) = (reader.u16()?, reader.u16()?, reader.u32()?, reader.u64()?);
        if reserved != 0 || flags & !FLAG_COMPATIBLE != 0 {
            return Err(reader.corrupt("a section's flags are unknown"));
        }
        let mut body = Reader::new(reader.bytes(length)?, "checkpoint section");
        let is_compatible = flags & FLAG_COMPATIBLE != 0;
        if kind >= EXTRA_SECTION_KIND_MIN {
            image.sections.push(ExtraSection { kind, is_compatible, body: body.rest().to_vec() });
            continue;
        }
        if kind <= last_own_kind {
            return Err(reader.corrupt(format_args!("section {kind} is out of order")));
        }
        last_own_kind = kind;
        if decode_section(kind, &mut body, &mut image, &mut required)? {
            body.finish()?;
        } else if !is_compatible {
            return Err(Error::new(ErrorCode::UnknownFeature, format!("checkpoint has the unknown section {kind}")));
        }
    }
    let Required { position: Some(position), hasher: Some(hasher) } = required else {
        return Err(reader.corrupt("position or hash secret is missing"));
    };
    Ok(CheckpointImage { position, hasher, ..image })
}

/// Decodes one section; returns false when the kind is unknown.
fn decode_section(
    kind: u16,
    body: &mut Reader<'_>,
    image: &mut CheckpointImage,
    required: &mut Required,
) -> Result<bool> {
    match kind {
        kind::POSITION => required.position = Some(LogPosition::decode(body)?),
        kind::HASH_SECRET => required.hasher = Some(KeyHasher::new(body.array()?)),
        kind::FRONTIER => image.frontier = body.take(body.remaining())?.to_vec(),
        kind::LIVE_COUNTS => {
            for _ in 0..body.varint()? {
                let collection = take_text(body)?;
                image.live_counts.insert(collection, body.i64()?);
            }
        }
        kind::KEY_RUNS => image.key_runs = take_list(body, take_file)?,
        kind::CLIENT_RUNS => image.client_runs = take_list(body, take_file)?,
        kind::IDEMPOTENCY_RUNS => image.idempotency_runs = take_list(body, take_file)?,
        kind::PARTS => image.parts = take_list(body, take_part)?,
        kind::TEMPORAL_RUNS => image.temporal_runs = take_list(body, take_temporal_runs)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn take_list<T>(body: &mut Reader<'_>, take: impl Fn(&mut Reader<'_>) -> Result<T>) -> Result<Vec<T>> {
    let mut list = Vec::new();
    for _ in 0..body.varint()? {
        list.push(take(body)?);
    }
    Ok(list)
}

fn take_text(body: &mut Reader<'_>) -> Result<String> {
    let length = body.varint()?;
    let bytes = body.bytes(length)?;
    String::from_utf8(bytes.to_vec()).map_err(|error| body.corrupt("a name is not UTF-8").with_source(error))
}

fn take_file(body: &mut Reader<'_>) -> Result<RunFile> {
    let name = take_text(body)?;
    if !is_data(&name) {
        return Err(body.corrupt("a listed file has a foreign name"));
    }
    Ok(RunFile { name, length_bytes: body.u64()?, digest: Digest::from_bytes(body.array()?) })
}

fn take_temporal_runs(body: &mut Reader<'_>) -> Result<TemporalRunFiles> {
    Ok(TemporalRunFiles {
        index: body.varint()?,
        live: take_list(body, take_file)?,
        closed: take_list(body, take_file)?,
    })
}

fn take_part(body: &mut Reader<'_>) -> Result<PartFile> {
    let file = take_file(body)?;
    let mut ends = Vec::new();
    for _ in 0..body.varint()? {
        ends.push(body.u64()?);
    }
    Ok(PartFile { file, ends })
}
