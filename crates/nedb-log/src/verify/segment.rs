//! Checking one segment on its own: everything that needs no knowledge of the frames before it.

use super::chains::check_chain;
use super::{Damage, DamageKind};
use crate::frame::FramePlace;
use crate::layout::SEGMENT_HEADER_BYTES;
use crate::segment::{Segment, locate};
use crate::{Address, CatalogueRecord, FrameHeader, FrameView, LogReader, Record, Scratch};
use nedb_crypto::{Message, sha256_many};
use nedb_types::{Digest, Error, ErrorKind, Place, Result};
use std::io;

/// How many frames are hashed side by side.
const FRAMES_TOGETHER: usize = 64;

/// What a segment holds.
#[derive(Debug)]
pub(super) struct SegmentPart {
    pub(super) frames: Vec<FramePart>,
    /// Where its frames end and why; a sealed segment ends with its seal.
    pub(super) end: Address,
    pub(super) why: Option<Error>,
    /// Whether anything but zeros lies where the frames end.
    pub(super) is_blank: bool,
}

/// What a later step needs to know of a frame.
#[derive(Debug)]
pub(super) struct FramePart {
    pub(super) header: FrameHeader,
    pub(super) hash: Digest,
    pub(super) leaves: Vec<Digest>,
    pub(super) catalogue: Vec<CatalogueRecord>,
    /// Number and digest of the catalogue as the first entry that carries them states them.
    pub(super) sealed_catalogue: Option<(u64, Digest)>,
    pub(super) payloads: u64,
    pub(super) damage: Option<Damage>,
}

/// Reads a segment into memory and checks each frame of it.
pub(super) fn verify_segment(reader: &LogReader, number: u64) -> Result<SegmentPart> {
    let Some(segment) = reader.segments().get(number) else {
        return Err(Error::corrupt(format!("segment {number} is not open")));
    };
    let bytes = read_whole(segment)?;
    let (views, end, why) = find_frames(segment, &bytes, reader.segment_bytes())?;
    let offset = usize::try_from(end.bytes_after(segment.first())).unwrap_or(usize::MAX);
    let is_blank = bytes.get(offset..).unwrap_or_default().iter().take(64).all(|byte| *byte == 0);
    let mut frames = Vec::with_capacity(views.len());
    for group in views.chunks(FRAMES_TOGETHER) {
        verify_group(reader, group, &mut frames);
    }
    Ok(SegmentPart { frames, end, why, is_blank })
}

fn read_whole(segment: &Segment) -> Result<Vec<u8>> {
    let length = segment.file().len_bytes()?;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    match segment.file().read_exact_at(&mut bytes, 0) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Error::corrupt(format!("segment {} was shortened while it was read", segment.name())))
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the whole frames, the address where they end, and why they end there unless a seal does.
///
/// Errors: `newer_format` and `unknown_feature` for a frame that checks and that this program cannot read.
fn find_frames<'b>(
    segment: &Segment,
    bytes: &'b [u8],
    segment_bytes: u64,
) -> Result<(Vec<FrameView<'b>>, Address, Option<Error>)> {
    let mut views = Vec::new();
    let mut at = segment.first().plus(SEGMENT_HEADER_BYTES as u64);
    loop {
        let offset = usize::try_from(at.bytes_after(segment.first())).unwrap_or(usize::MAX);
        let room = segment.logical_end().bytes_after(at);
        let place = FramePlace { seed: segment.seed(), database: segment.database(), room };
        match FrameView::parse_unhashed(bytes.get(offset..).unwrap_or_default(), at, place) {
            Ok(view) => {
                at = view.end();
                views.push(view);
                if view.header().is_seal {
                    return Ok((views, at, None));
                }
            }
            Err(error) => {
                let is_end = error.kind() == ErrorKind::Integrity;
                let error = locate(error.at(Place::at_offset(at.get())), segment_bytes);
                return if is_end { Ok((views, at, Some(error))) } else { Err(error) };
            }
        }
    }
}

/// Hashes and checks a group of frames side by side.
fn verify_group(reader: &LogReader, views: &[FrameView<'_>], parts: &mut Vec<FramePart>) {
    let messages: Vec<Message<'_>> = views.iter().map(FrameView::hashed_message).collect();
    let mut hashes = vec![Digest::ZERO; messages.len()];
    sha256_many(&messages, &mut hashes);
    for (view, hash) in views.iter().zip(hashes) {
        let mut part = FramePart {
            header: *view.header(),
            hash,
            leaves: view.leaves(),
            catalogue: Vec::new(),
            sealed_catalogue: None,
            payloads: 0,
            damage: None,
        };
        if let Err(damage) = verify_frame(reader, view, &mut part) {
            part.damage = Some(*damage);
        }
        parts.push(part);
    }
}

fn verify_frame(reader: &LogReader, view: &FrameView<'_>, part: &mut FramePart) -> Result<(), Box<Damage>> {
    let wrong = |error: &Error, at: Address, seq: u64| {
        let error = error.clone().at(Place::at_offset(at.get()).seq(seq));
        let damage = Damage::from_error(&locate(error, reader.segment_bytes()));
        Box::new(Damage { kind: DamageKind::Inconsistent, ..damage })
    };
    let (start, first) = (view.header().address, view.header().first_seq.get());
    part.catalogue = view.catalogue_records().map_err(|error| wrong(&error, start, first))?;
    let mut records = Vec::with_capacity(view.header().count as usize);
    for (at, record) in view.records_again() {
        records.push(record.map_err(|error| wrong(&error, at, first + records.len() as u64))?);
    }
    part.payloads = verify_commitments(&records)
        .map_err(|(record, text)| wrong(&Error::corrupt(text), record.address, record.seq.get()))?;
    let mut scratches = (Scratch::new(), Scratch::new());
    for record in &records {
        if part.sealed_catalogue.is_none() {
            part.sealed_catalogue = record.entry.catalogue();
        }
        check_chain(reader, record, &mut scratches).map_err(|error| wrong(&error, record.address, record.seq.get()))?;
    }
    Ok(())
}

/// Compares every payload with the commitment of its entry; returns how many there are.
fn verify_commitments<'r, 'b>(records: &'r [Record<'b>]) -> Result<u64, (&'r Record<'b>, &'static str)> {
    let mut messages = Vec::with_capacity(records.len());
    for record in records {
        match (record.payload, record.entry.commitment()) {
            (Some(payload), Some(_)) => messages.push(payload.commitment_message()),
            (None, None) => {}
            _ => return Err((record, "an entry and its payload disagree on whether there is one")),
        }
    }
    let mut digests = vec![Digest::ZERO; messages.len()];
    sha256_many(&messages, &mut digests);
    let mut computed = digests.into_iter();
    for record in records {
        if let Some(stored) = record.entry.commitment()
            && computed.next() != Some(stored)
        {
            return Err((record, "the payload is not the one that its entry commits to"));
        }
    }
    Ok(messages.len() as u64)
}
