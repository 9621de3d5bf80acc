//! *Sequence*: what only the one committer may decide.
//!
//! It works on an overlay that includes every operation staged in the frame under construction, and changes nothing of
//! the engine's state: a frame that cannot be built or written is dropped with the overlay and nothing happened. A request
//! that fails while it is staged takes the frame with it; the caller starts again without that request.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashTable};
use nedb_crypto::Frontier;
use nedb_index::KeyHash;
use nedb_log::{
    Address, CatalogueRecord, Chain, EntryFields, Frame, FrameBuilder, FramePlan, Link, LogReader, LogStore, OpKind,
    Scratch,
};
use nedb_types::{Client, Digest, Error, ErrorCode, Result, Seq, Timestamp};

use super::{
    catalogue::CatalogueStage,
    chain,
    clients::Wrote,
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

/// Keys whose slots are loaded side by side before they are looked up: so few that none leaves the cache again.
const LOADED_AT_ONCE: usize = 32;

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
pub(crate) struct Sequenced<'a> {
    /// `None` when no request of the group logs anything.
    pub(crate) frame: Option<Frame>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) staged: Vec<Staged<'a>>,
    /// Changes of the definitions that the frame carries.
    pub(crate) catalogue: Vec<CatalogueRecord>,
    /// Tree nodes of stored levels that the frame completes.
    pub(crate) nodes: Vec<(u8, u64, Digest)>,
    pub(crate) frontier: Frontier,
    /// The root of the tree with this frame.
    pub(crate) root: Digest,
    /// Its clients.
    pub(crate) wrote: Vec<Wrote>,
    pub(crate) commit_time: Timestamp,
}

/// The committer's working state for one frame of requests (`'r`), beside the state that they find (`'s`).
pub(crate) struct Sequencer<'s, 'r> {
    pub(crate) engine: &'s Engine,
    committer: &'s Committer,
    reader: &'s LogReader,
    builder: FrameBuilder,
    catalogue: CatalogueStage,
    scratch: Scratch,
    /// The keys this group touches.
    known: Vec<Known<'r>>,
    /// Where in `known` the key with a hash stands; a group of one operation has no second key to find.
    places: Option<HashTable<usize>>,
    /// Where in `known` the key of each operation of the request at hand stands: it is looked up once.
    places_of_request: Vec<usize>,
    /// How many requests were planned.
    planned: usize,
    /// Chains of the records staged in this frame, which the log cannot be asked for yet; first versions have none.
    chains: HashMap<Address, Chain>,
    clients: BTreeMap<Client, ClientState>,
    keyed: HashMap<Digest, (Digest, usize)>,
    staged: Vec<Staged<'r>>,
    pub(crate) next_seq: u64,
    pub(crate) commit_time_us: i64,
}

/// Sequences a group of requests into one frame. An error names the request that broke the frame.
pub(crate) fn sequence<'a>(
    engine: &Engine,
    committer: &Committer,
    now_us: i64,
    requests: &'a [Request],
) -> Result<Sequenced<'a>, (Option<usize>, Error)> {
    let reader = engine.log.reader();
    let commit_time_us = now_us.max(committer.commit_time_us);
    let first_seq = Seq::new(committer.frontier.size());
    let catalogue = CatalogueStage::of(engine, requests, first_seq).map_err(|error| (None, error))?;
    let plan = FramePlan {
        first_seq,
        commit_time: commit_time_us,
        catalogue: &catalogue.records,
        records_bytes_max: requests.iter().map(|request| request.record_bytes_max).sum(),
    };
    let builder = engine.log.begin(&plan).map_err(|error| (None, error))?;
    let ops = requests.iter().map(|request| request.ops.len()).sum();
    let mut sequencer = Sequencer {
        engine,
        committer,
        reader: &reader,
        builder,
        catalogue,
        scratch: Scratch::new(),
        known: Vec::with_capacity(ops),
        places: (ops > 1).then(|| HashTable::with_capacity(ops)),
        places_of_request: Vec::new(),
        planned: 0,
        chains: HashMap::new(),
        clients: BTreeMap::new(),
        keyed: HashMap::new(),
        staged: Vec::with_capacity(ops),
        next_seq: first_seq.get(),
        commit_time_us,
    };
    let mut answers = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        let answer = sequencer.request(index, request).map_err(|error| (Some(index), error))?;
        answers.push(answer);
    }
    Ok(sequencer.finish(answers))
}

impl<'r> Sequencer<'_, 'r> {
    fn request(&mut self, index: usize, request: &'r Request) -> Result<Answer> {
        if let Some(error) = self.catalogue.refusal(index) {
            return Ok(Answer::Refused(error.clone()));
        }
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
    fn stage(&mut self, request: &'r Request, planned: &PlannedOp, at: Placed) -> Result<()> {
        let (Some(op), Some(payload)) = (request.ops.get(at.position), request.payloads.get(at.position)) else {
            return Ok(());
        };
        let Placed { seq, nonce, .. } = at;
        let before = if planned.changes { self.newest(at.position) } else { None };
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
            catalogue: self.unsealed_catalogue().filter(|_| self.staged.is_empty()),
        };
        let address = self.builder.push(&fields, chain, content.map(|(at, _)| at), Some(payload))?;
        self.next_seq = seq.get() + 1;
        if let Some(client) = self.clients.get_mut(&request.client) {
            client.newest = Some((nonce, address));
        }
        let mut staged = Staged::new(address, op, before.map(|before| before.presence()));
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
            if let Some(chain) = chain {
                self.chains.insert(address, chain);
            }
            self.set_newest(at.position, after);
            staged.after = Some(after.presence());
        }
        self.staged.push(staged);
        Ok(())
    }

    /// Number and digest of the catalogue when no entry commits to them yet.
    fn unsealed_catalogue(&self) -> Option<(u64, Digest)> {
        self.catalogue.unsealed().or(self.committer.unsealed_catalogue)
    }

    fn successor(&mut self, previous: &VersionState) -> Result<Chain> {
        let Self { chains, reader, scratch, builder, .. } = self;
        chain::successor(previous.link, previous.chain, |address| {
            if address >= builder.address() {
                return Ok(chains.get(&address).copied());
            }
            Ok(reader.record_entry(address, scratch)?.chain)
        })
    }

    /// Makes the newest versions of the request's keys known.
    pub(crate) fn load_states(&mut self, request: &'r Request) -> Result<()> {
        self.planned += 1;
        self.places_of_request.clear();
        for group in request.ops.chunks(LOADED_AT_ONCE) {
            if group.len() > 1 {
                for op in group {
                    self.engine.keys.prefetch(op.hash);
                }
            }
            for op in group {
                let place = self.load(op)?;
                self.places_of_request.push(place);
            }
        }
        Ok(())
    }

    fn load(&mut self, op: &'r AdmittedOp) -> Result<usize> {
        let Self { engine, reader, scratch, known, places, .. } = self;
        let is_same = |place: &usize| known.get(*place).is_some_and(|known| known.key == op.index_key);
        if let Some(place) = places.as_ref().and_then(|places| places.find(op.hash.get(), is_same)) {
            return Ok(*place);
        }
        let mut newest = None;
        engine.keys.newest(op.hash, |address| {
            let record = reader.record(address, scratch)?;
            let is_match = op.key.is_of(&record);
            if is_match {
                newest = Some(VersionState::of(&record));
            }
            Ok(is_match)
        })?;
        let place = known.len();
        known.push(Known { key: &op.index_key, hash: op.hash, newest, live: None });
        let hash_at = |place: &usize| known.get(*place).map_or(0, |known| known.hash.get());
        if let Some(places) = places {
            places.insert_unique(op.hash.get(), place, hash_at);
        }
        Ok(place)
    }

    fn known(&self, position: usize) -> Option<&Known<'r>> {
        self.known.get(*self.places_of_request.get(position)?)
    }

    fn known_mut(&mut self, position: usize) -> Option<&mut Known<'r>> {
        self.known.get_mut(*self.places_of_request.get(position)?)
    }

    /// The newest version of the key of the request's operation at this position, visible or not.
    pub(crate) fn newest(&self, position: usize) -> Option<VersionState> {
        self.known(position)?.newest
    }

    fn set_newest(&mut self, position: usize, newest: VersionState) {
        if let Some(known) = self.known_mut(position) {
            known.newest = Some(newest);
        }
    }

    /// That version, when a read at the commit time sees it.
    pub(crate) fn visible(&self, position: usize) -> Option<VersionState> {
        self.newest(position).filter(|newest| newest.is_visible(self.commit_time_us))
    }

    /// Whether the key is live for the operation at this position, operations of the request before it included.
    pub(crate) fn is_live(&self, position: usize) -> bool {
        match self.known(position).and_then(|known| known.live) {
            Some((planned, is_live)) if planned == self.planned => is_live,
            _ => self.visible(position).is_some(),
        }
    }

    /// Says that the key is live, or is not, for later operations of the request.
    pub(crate) fn set_live(&mut self, position: usize, is_live: bool) {
        let planned = self.planned;
        if let Some(known) = self.known_mut(position) {
            known.live = Some((planned, is_live));
        }
    }

    /// The last nonce of a client, operations staged in this frame included.
    pub(crate) fn last_nonce(&mut self, client: &Client) -> Result<Option<u64>> {
        if let Some(state) = self.clients.get(client) {
            return Ok(state.last_nonce());
        }
        let logged = if let Some(last) = self.committer.recent.get(client) {
            self.engine.commits.clients.hit();
            Some(last)
        } else {
            self.engine.commits.clients.miss();
            self.engine.last_of_client(client)?
        };
        let state = ClientState { logged, newest: None };
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

    fn finish(self, answers: Vec<Answer>) -> Sequenced<'r> {
        let mut frontier = self.committer.frontier.clone();
        let commit_time = Timestamp::from_micros(self.commit_time_us);
        if self.staged.is_empty() && self.catalogue.records.is_empty() {
            let (frame, staged, catalogue) = (None, Vec::new(), Vec::new());
            let (nodes, wrote, root) = (Vec::new(), Vec::new(), self.committer.root);
            return Sequenced { frame, answers, staged, catalogue, nodes, frontier, root, wrote, commit_time };
        }
        let wrote = |(client, state): (Client, ClientState)| {
            let replaces = state.logged.map(|(_, address)| address);
            state.newest.map(|newest| Wrote { client, newest, replaces })
        };
        let wrote = self.clients.into_iter().filter_map(wrote).collect();
        let catalogue = self.catalogue.records;
        let mut nodes = Vec::new();
        frontier.extend_reporting(&self.builder.leaves(), STORED_LEVEL_MIN, |level, index, node| {
            nodes.push((level, index, node));
        });
        let root = frontier.root();
        let frame = Some(self.builder.finish(root));
        Sequenced { frame, answers, staged: self.staged, catalogue, nodes, frontier, root, wrote, commit_time }
    }
}

/// What is known of a key that this group touches, found by the hash that it has in the index.
struct Known<'a> {
    key: &'a [u8],
    hash: KeyHash,
    /// `None` for a key without any version.
    newest: Option<VersionState>,
    /// Which request was planned when this was said, and whether its operations so far leave the key live.
    live: Option<(usize, bool)>,
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
        Effect::Check => OpKind::Noop,
    }
}

/// The error for a known idempotency key under which something else is asked now.
pub(crate) fn idempotency_conflict() -> Error {
    Error::new(ErrorCode::IdempotencyConflict, "the idempotency key was used before for a request with other content")
}
