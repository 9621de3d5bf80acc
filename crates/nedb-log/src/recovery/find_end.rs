//! Deciding where the log ends, or that it is damaged or was rolled back.

use super::evidence::{is_blank, look_behind};
use super::walk::{Step, Walk, read_header};
use crate::head::Head;
use crate::segment::{Window, locate};
use crate::{Address, FrameView, LogPosition, LogReader};
use nedb_types::{Error, ErrorCode, Place, Result};
use std::collections::VecDeque;
use std::sync::Arc;

/// Is called with each frame of the log in order.
pub(crate) type FrameVisitor<'v> = &'v mut dyn FnMut(&FrameView<'_>) -> Result<()>;

/// Where reading begins and who reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// A position that a checkpoint vouches for.
    pub(crate) position: Option<LogPosition>,
    /// Whether a writer opens, which serves the whole log once it has written the tail again; a reader serves only what
    /// is known durable.
    pub(crate) is_writer: bool,
}

/// Where the log ends.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// Where reading began.
    pub(crate) start: Address,
    /// The last frame served.
    pub(crate) position: LogPosition,
    /// Whether that frame sealed its segment.
    pub(crate) is_sealed: bool,
    /// The address up to which the log is known durable.
    pub(crate) durable: Address,
    pub(crate) cut_bytes: Option<(Address, u64)>,
    pub(crate) frames: u64,
    pub(crate) entries: u64,
    pub(crate) epoch_max: u64,
}

/// Walks the log from its start to its end.
pub(crate) fn find_end(reader: &Arc<LogReader>, head: &Head, start: Start, visit: FrameVisitor<'_>) -> Result<End> {
    let from = match start.position {
        Some(position) if !position.is_start() => position,
        _ => LogPosition::start(),
    };
    let is_sealed = check_start(reader, &from)?;
    let mut search = Search {
        reader: Arc::clone(reader),
        head,
        is_writer: start.is_writer,
        walk: Walk::after(Arc::clone(reader), from, is_sealed),
        second_walk: None,
        waiting: VecDeque::new(),
        end: End {
            start: from.end,
            position: from,
            is_sealed,
            durable: from.end.max(head.end),
            cut_bytes: None,
            frames: 0,
            entries: 0,
            epoch_max: head.epoch,
        },
    };
    search.compare_with_head(&from)?;
    search.run(visit)?;
    Ok(search.end)
}

struct Search<'h> {
    reader: Arc<LogReader>,
    head: &'h Head,
    is_writer: bool,
    walk: Walk,
    /// Whole frames that a reader may not serve before a later watermark shows that they are durable.
    waiting: VecDeque<(LogPosition, bool)>,
    /// Reads the waiting frames again when they may be served.
    second_walk: Option<Walk>,
    end: End,
}

impl Search<'_> {
    fn run(&mut self, visit: FrameVisitor<'_>) -> Result<()> {
        loop {
            let Some(why) = self.next_frame(visit)? else {
                continue;
            };
            match self.judge_end(why) {
                Ok(()) => return Ok(()),
                Err(error) if self.is_writer => return Err(error),
                Err(error) => {
                    // A writer may have completed the frame since it was read. What proves damage also proves that
                    // the frame was durable before, so a second look at a sound log finds it whole.
                    self.walk.refresh();
                    if self.next_frame(visit)?.is_some() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Takes one frame; returns why there is none.
    fn next_frame(&mut self, visit: FrameVisitor<'_>) -> Result<Option<Error>> {
        let frame = match self.walk.step()? {
            Step::Frame(frame) => frame,
            Step::End(why) => return Ok(Some(why)),
        };
        let header = *frame.header();
        self.end.epoch_max = self.end.epoch_max.max(header.epoch);
        self.end.durable = self.end.durable.max(header.watermark);
        let is_served = self.is_writer || self.waiting.is_empty() && frame.end() <= self.end.durable;
        if is_served {
            visit(&frame)?;
        }
        let Some(position) = self.walk.position().copied() else {
            return Err(Error::corrupt("a walk that took a step has a position"));
        };
        self.compare_with_head(&position)?;
        if is_served {
            self.second_walk = None;
            self.serve(position, header.is_seal);
        } else {
            self.waiting.push_back((position, header.is_seal));
        }
        self.serve_waiting(visit)?;
        Ok(None)
    }

    fn serve(&mut self, position: LogPosition, is_seal: bool) {
        self.end.frames += 1;
        self.end.entries += position.size - self.end.position.size;
        (self.end.position, self.end.is_sealed) = (position, is_seal);
    }

    /// Serves the waiting frames that are now known durable.
    fn serve_waiting(&mut self, visit: FrameVisitor<'_>) -> Result<()> {
        while let Some((position, is_seal)) = self.waiting.front().copied() {
            if position.end > self.end.durable {
                return Ok(());
            }
            let (reader, from, is_sealed) = (&self.reader, self.end.position, self.end.is_sealed);
            let walk = self.second_walk.get_or_insert_with(|| Walk::after(Arc::clone(reader), from, is_sealed));
            visit_again(walk, visit)?;
            self.waiting.pop_front();
            self.serve(position, is_seal);
        }
        Ok(())
    }

    /// Refuses a log whose frame at the head's end is another one than the head names.
    fn compare_with_head(&self, position: &LogPosition) -> Result<()> {
        let head = self.head;
        if position.end == head.end {
            if head.agrees_with(position) {
                return Ok(());
            }
            if head.frame_hash == position.frame_hash {
                return Err(self.located(ErrorCode::Corrupt, "HEAD and the frame at its end disagree", position.end));
            }
            return Err(self.located(ErrorCode::Rollback, "the log has another history than HEAD names", position.end));
        }
        if position.frame < head.end && head.end < position.end {
            let text = "HEAD names an end inside a frame: the log has another history";
            return Err(self.located(ErrorCode::Rollback, text, position.frame));
        }
        Ok(())
    }

    /// Decides whether the log may end where the walk stopped.
    fn judge_end(&mut self, why: Error) -> Result<()> {
        let end = self.walk_end();
        let remains = look_behind(&self.reader, end)?;
        if self.head.end > end && remains.witness.is_none() && is_blank(&self.reader, self.walk.next_address())? {
            let text = format!("the log ends at {end}, HEAD names {} as durable", self.head.end);
            return Err(self.located(ErrorCode::Rollback, &text, end));
        }
        if self.head.end > end {
            return Err(why.context(format_args!("the log is damaged below its durable end {}", self.head.end)));
        }
        if let Some(witness) = remains.witness {
            return Err(why.context(format_args!("the log is damaged: the frame at {witness} proves that it went on")));
        }
        self.check_spare_segments()?;
        if !self.is_writer {
            return Ok(());
        }
        self.end.cut_bytes = remains.used_end.filter(|used| *used > end).map(|used| (end, used.bytes_after(end)));
        Ok(())
    }

    /// Returns the end of the last whole frame, whether served or not.
    fn walk_end(&self) -> Address {
        self.walk.position().map_or(self.end.position.end, |position| position.end)
    }

    /// Refuses segment files that no roll can have left.
    ///
    /// A writer prepares the successor of the segment it writes to before the frames in that one are durable, and enters
    /// one only after the sync of the seal before it. So behind the segment in which the next frame belongs at most one
    /// may lie, though a power cut took every frame of the former.
    fn check_spare_segments(&self) -> Result<()> {
        let current = self.walk.next_address().get() / self.reader.segment_bytes();
        match self.reader.segments().get(current + 2) {
            Some(segment) => {
                let text = "a segment file lies behind the end of the log";
                Err(self.located(ErrorCode::Corrupt, text, segment.first()))
            }
            None => Ok(()),
        }
    }

    #[cold]
    fn located(&self, code: ErrorCode, text: &str, at: Address) -> Error {
        locate(Error::new(code, text).at(Place::at_offset(at.get())), self.reader.segment_bytes())
    }
}

/// Visits a frame that another walk found whole. This one may still hold what stood there before a live writer wrote it, and
/// then looks once more.
fn visit_again(walk: &mut Walk, visit: FrameVisitor<'_>) -> Result<()> {
    match walk.step()? {
        Step::Frame(frame) => return visit(&frame),
        Step::End(_) => {}
    }
    walk.refresh();
    match walk.step()? {
        Step::Frame(frame) => visit(&frame),
        Step::End(why) => Err(why),
    }
}

/// Checks that the frame of a checkpoint's position is in the log, and tells whether it sealed its segment.
fn check_start(reader: &LogReader, from: &LogPosition) -> Result<bool> {
    if from.is_start() {
        return Ok(false);
    }
    let gone = |code: ErrorCode| {
        let text = format!("the log does not hold the frame at {} that a checkpoint names", from.frame);
        locate(Error::new(code, text).at(Place::at_offset(from.frame.get())), reader.segment_bytes())
    };
    let Some(segment) = reader.segments().get(from.frame.get() / reader.segment_bytes()) else {
        return Err(gone(ErrorCode::Rollback));
    };
    let mut window = Window::default();
    let Some(header) = read_header(&mut window, segment, from.frame)? else {
        let is_absent = is_blank(reader, from.frame)?;
        return Err(gone(if is_absent { ErrorCode::Rollback } else { ErrorCode::Corrupt }));
    };
    let place = crate::frame::FramePlace {
        seed: segment.seed(),
        database: segment.database(),
        room: segment.logical_end().bytes_after(from.frame),
    };
    let offset = from.frame.bytes_after(segment.first());
    let length = header.frame_bytes();
    window.bytes(segment, offset, length as usize)?;
    if !window.has_all_before(offset + u64::from(length)) {
        return Err(gone(ErrorCode::Rollback));
    }
    let bytes = window.bytes(segment, offset, length as usize)?;
    let frame = FrameView::parse(bytes, from.frame, place).map_err(|error| locate(error, reader.segment_bytes()))?;
    let is_same = frame.hash() == from.frame_hash
        && frame.end() == from.end
        && header.size_after() == from.size
        && header.root == from.root
        && header.commit_time == from.commit_time;
    if is_same { Ok(header.is_seal) } else { Err(gone(ErrorCode::Rollback)) }
}
