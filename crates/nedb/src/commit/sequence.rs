//! *Sequence*: what only the one committer may decide.
//!
//! It works on an overlay that includes every operation staged in the frame under construction, and changes nothing of
//! the engine's state: a frame that cannot be built or written is dropped with the overlay and nothing happened. A request
//! that fails while it is staged takes the frame with it; the caller starts again without that request.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashTable};
use nedb_crypto::Frontier;
use nedb_index::{KeyHash, SlotEntry};
use nedb_log::{
    Address, Chain, EntryFields, Frame, FrameBuilder, FramePlan, Link, LogReader, LogStore, OpKind, Scratch,
};
use nedb_types::{Client, Digest, Error, ErrorCode, Result, Seq, Timestamp};

use super::{
    chain,
    committer::Committer,
    plan::{Plan, PlannedOp},
    request::{AdmittedOp, Effect, Keyed, Request},
    staged::Staged,
    version::VersionState,
};
use crate::{
    engine::Engine,
    request::{Outcome, Receipt},
    state::STORED_LEVEL_MIN,
};

/// The answer to one request before the group is durable.
pub(crate) enum Answer {
    /// Refused.
    Refused(Error),
    /// Answered from the log.
    Known(Box<Receipt>),
    /// The same as another request of this group.
    SameAs(usize),
    /// Its operations are in the frame, or it changed nothing.
    Done(Vec<Outcome>),
}

/// A frame that is ready to be logged, and everything that follows from it.
pub(crate) struct Sequenced {
    /// `None` when no request of the group logs anything.
    pub(crate) frame: Option<Frame>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) staged: Vec<Staged>,
    /// Tree nodes of stored levels that the frame completes.
    pub(crate) nodes: Vec<(u8, u64, Digest)>,
    pub(crate) frontier: Frontier,
    pub(crate) clients: Vec<SlotEntry>,
    pub(crate) commit_time: Timestamp,
}

/// The committer's working state for one frame.
pub(crate) struct Sequencer<'a> {
    pub(crate) engine: &'a Engine,
    committer: &'a Committer,
    reader: &'a LogReader,
    builder: FrameBuilder,
    scratch: Scratch,
    /// Newest versions of the keys this group touches.
    versions: HashTable<Known<'a>>,
    /// Chains of the records staged in this frame, which the log cannot be asked for yet.
    chains: HashMap<Address, Option<Chain>>,
    clients: BTreeMap<Client, ClientState>,
    keyed: HashMap<Digest, (Digest, usize)>,
    staged: Vec<Staged>,
    pub(crate) next_seq: u64,
    pub(crate) commit_time_us: i64,
}

/// Sequences a group of requests into one frame. An error names the request that broke the frame.
pub(crate) fn sequence(
    engine: &Engine,
    committer: &Committer,
    requests: &[Request],
) -> Result<Sequenced, (Option<usize>, Error)> {
    let reader = engine.log.reader();
    let mut sequencer = Sequencer::begin(engine, committer, &reader, requests).map_err(|error| (None, error))?;
    let mut answers = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        let answer = sequencer.request(index, request).map_err(|error| (Some(index), error))?;
        answers.push(answer);
    }
    Ok(sequencer.finish(answers))
}

impl<'a> Sequencer<'a> {
    fn begin(
        engine: &'a Engine,
        committer: &'a Committer,
        reader: &'a LogReader,
        requests: &[Request],
    ) -> Result<Self> {
        let ops = requests.iter().map(|request| request.ops.len()).sum();
        let commit_time_us = engine.io.clock.wall_us().max(committer.commit_time_us);
        let plan = FramePlan {
            first_seq: Seq::new(committer.frontier.size()),
            commit_time: commit_time_us,
            catalogue: &[],
            records_bytes_max: requests.iter().map(|request| request.record_bytes_max).sum(),
        };
        Ok(Self {
            engine,
            committer,
            reader,
            builder: engine.log.begin(&plan)?,
            scratch: Scratch::new(),
            versions: HashTable::with_capacity(ops),
            chains: HashMap::new(),
            clients: BTreeMap::new(),
            keyed: HashMap::new(),
            staged: Vec::with_capacity(ops),
            next_seq: committer.frontier.size(),
            commit_time_us,
        })
    }

    fn request(&mut self, index: usize, request: &'a Request) -> Result<Answer> {
        let planned = match self.plan(request) {
            Ok(Plan::Known(receipt)) => return Ok(Answer::Known(receipt)),
            Ok(Plan::SameAs(first)) => return Ok(Answer::SameAs(first)),
            Ok(Plan::Log(planned)) => planned,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let last = planned.iter().rposition(|planned| planned.place.is_some());
        let mut outcomes = Vec::with_capacity(planned.len());
        for (position, planned) in planned.iter().enumerate() {
            if let Some((seq, nonce)) = planned.place {
                let at = Placed { position, seq, nonce, is_last: Some(position) == last };
                self.stage(request, planned, at)?;
            }
            outcomes.push(Outcome { changed: planned.changes, seq: planned.place.map(|(seq, _)| seq) });
        }
        if let Some(keyed) = request.keyed {
            self.keyed.insert(keyed.key, (keyed.request, index));
        }
        Ok(Answer::Done(outcomes))
    }

    /// Writes one record into the frame and notes what applying it will change.
    fn stage(&mut self, request: &'a Request, planned: &PlannedOp, at: Placed) -> Result<()> {
        let (Some(op), Some(payload)) = (request.ops.get(at.position), request.payloads.get(at.position)) else {
            return Ok(());
        };
        let Placed { seq, nonce, .. } = at;
        let before = if planned.changes { self.newest(op) } else { None };
        let chain = before.map(|before| self.successor(&before)).transpose()?;
        let content =
            before.filter(|_| op.effect == Effect::Expire).map(|before| (before.content_at, before.content_seq));
        let fields = EntryFields {
            kind: if planned.changes { kind_of(op.effect) } else { OpKind::Noop },
            last_in_transaction: at.is_last,
            collection: op.key.collection().as_str(),
            client: request.client.as_str(),
            nonce,
            idempotency: request.keyed.filter(|_| at.position == 0).map(|keyed| keyed.key),
            causes: &planned.causes,
            confidence: op.confidence,
            valid_from: op.valid_from_us,
            valid_to: op.valid_to_us,
            expiry: op.expiry_us,
            previous: before.map(|before| before.link.seq),
            target: content.map(|(_, target)| target),
            commitment: Some(payload.commitment()),
            catalogue: self.committer.unsealed_catalogue.filter(|_| self.staged.is_empty()),
        };
        let address = self.builder.push(&fields, chain, content.map(|(at, _)| at), Some(payload))?;
        self.next_seq = seq.get() + 1;
        if let Some(client) = self.clients.get_mut(&request.client) {
            client.newest = Some((nonce, address));
        }
        let mut staged = Staged::new(address, op, before);
        staged.idempotency = fields.idempotency;
        if planned.changes {
            let after = VersionState {
                link: Link { address, seq, depth: chain.map_or(0, |chain| chain.depth) },
                chain,
                is_live: !matches!(op.effect, Effect::Delete | Effect::Sweep(_) | Effect::Unlink),
                expiry_us: op.expiry_us,
                content_at: content.map_or(address, |(at, _)| at),
                content_seq: content.map_or(seq, |(_, target)| target),
            };
            self.chains.insert(address, chain);
            self.set_newest(op, Some(after));
            staged.after = Some(after);
        }
        self.staged.push(staged);
        Ok(())
    }

    fn successor(&mut self, previous: &VersionState) -> Result<Chain> {
        let Self { chains, reader, scratch, .. } = self;
        chain::successor(previous.link, previous.chain, |address| match chains.get(&address) {
            Some(chain) => Ok(*chain),
            None => Ok(reader.record_entry(address, scratch)?.chain),
        })
    }

    /// Makes the newest version of the operation's key known.
    pub(crate) fn load(&mut self, op: &'a AdmittedOp) -> Result<()> {
        if self.known(op).is_some() {
            return Ok(());
        }
        let mut found = None;
        let Self { engine, reader, scratch, .. } = self;
        engine.keys.newest(op.hash, |address| {
            let record = reader.record(address, scratch)?;
            let is_match = op.key.is_of(&record);
            if is_match {
                found = Some(VersionState::of(&record));
            }
            Ok(is_match)
        })?;
        self.set_newest(op, found);
        Ok(())
    }

    /// The newest version of the operation's key, when a read at the commit time sees it.
    pub(crate) fn visible(&self, op: &AdmittedOp) -> Option<VersionState> {
        let state = self.newest(op)?;
        state.is_visible(self.commit_time_us).then_some(state)
    }

    fn known(&self, op: &AdmittedOp) -> Option<&Known<'a>> {
        self.versions.find(op.hash.get(), |known| known.key == op.index_key)
    }

    fn set_newest(&mut self, op: &'a AdmittedOp, newest: Option<VersionState>) {
        let known = Known { key: &op.index_key, hash: op.hash, newest };
        match self.versions.find_mut(op.hash.get(), |known| known.key == op.index_key) {
            Some(before) => *before = known,
            None => {
                self.versions.insert_unique(op.hash.get(), known, |known| known.hash.get());
            }
        }
    }

    /// The newest version of the operation's key, visible or not.
    pub(crate) fn newest(&self, op: &AdmittedOp) -> Option<VersionState> {
        self.known(op)?.newest
    }

    /// The last nonce of a client, operations staged in this frame included.
    pub(crate) fn last_nonce(&mut self, client: &Client) -> Result<Option<u64>> {
        if let Some(state) = self.clients.get(client) {
            return Ok(state.last_nonce());
        }
        let state = ClientState { logged: self.engine.last_of_client(client)?, newest: None };
        let last = state.last_nonce();
        self.clients.insert(client.clone(), state);
        Ok(last)
    }

    pub(crate) fn known_in_frame(&self, keyed: &Keyed) -> Result<Option<usize>> {
        match self.keyed.get(&keyed.key) {
            Some((request, index)) if *request == keyed.request => Ok(Some(*index)),
            Some(_) => Err(idempotency_conflict()),
            None => Ok(None),
        }
    }

    /// What the index of clients has to learn from this frame.
    fn client_entries(&self) -> Vec<SlotEntry> {
        let entry = |(client, state): (&Client, &ClientState)| {
            let (number, address) = state.newest?;
            let hash = self.engine.keys.hash(client.as_bytes());
            Some(SlotEntry { hash, address, replaces: state.logged.map(|(_, address)| address), number })
        };
        self.clients.iter().filter_map(entry).collect()
    }

    fn finish(self, answers: Vec<Answer>) -> Sequenced {
        let mut frontier = self.committer.frontier.clone();
        let commit_time = Timestamp::from_micros(self.commit_time_us);
        if self.staged.is_empty() {
            let (frame, staged, nodes, clients) = (None, Vec::new(), Vec::new(), Vec::new());
            return Sequenced { frame, answers, staged, nodes, frontier, clients, commit_time };
        }
        let clients = self.client_entries();
        let mut nodes = Vec::new();
        frontier.extend_reporting(&self.builder.leaves(), STORED_LEVEL_MIN, |level, index, node| {
            nodes.push((level, index, node));
        });
        let frame = Some(self.builder.finish(frontier.root()));
        Sequenced { frame, answers, staged: self.staged, nodes, frontier, clients, commit_time }
    }
}

/// What is known of a key that this group touches, found by the hash that it has in the index.
struct Known<'a> {
    key: &'a [u8],
    hash: KeyHash,
    /// `None` for a key without any version.
    newest: Option<VersionState>,
}

/// What is known of a client that writes in this frame.
struct ClientState {
    /// Its newest operation in the log: nonce and record.
    logged: Option<(u64, Address)>,
    /// Its newest operation in this frame.
    newest: Option<(u64, Address)>,
}

impl ClientState {
    fn last_nonce(&self) -> Option<u64> {
        self.newest.or(self.logged).map(|(nonce, _)| nonce)
    }
}

/// Where an operation stands in its request.
#[derive(Clone, Copy)]
struct Placed {
    position: usize,
    seq: Seq,
    nonce: u64,
    is_last: bool,
}

fn kind_of(effect: Effect) -> OpKind {
    match effect {
        Effect::Put => OpKind::Put,
        Effect::Delete | Effect::Sweep(_) => OpKind::Delete,
        Effect::Expire => OpKind::Expire,
        Effect::Link => OpKind::Link,
        Effect::Unlink => OpKind::Unlink,
    }
}

/// The error for a known idempotency key under which something else is asked now.
pub(crate) fn idempotency_conflict() -> Error {
    Error::new(ErrorCode::IdempotencyConflict, "the idempotency key was used before for a request with other content")
}
