//! Matches a pattern of Lua 5.1 at a place of a text.
//!
//! Promises: what Lua's own code matches and captures, with its errors, which come when the matcher reaches what is wrong. Each step is
//! counted. Instead of calling itself it keeps the choices that it may come back to in a list with a bound: Lua's own code has none, and a
//! pattern of some ten thousand repetitions would overflow its stack.

use super::super::Wrong;
use super::super::watch::Watch;
use super::class::Pattern;

/// How many captures a pattern may have.
const CAPTURES_MAX: usize = 32;

/// How many choices may be open at once: one for each repetition and capture that a match is within.
const CHOICES_MAX: usize = 16_384;

/// What stands between the brackets of a capture.
#[derive(Clone, Copy)]
enum Extent {
    Open,
    /// The place alone.
    Place,
    Bytes(usize),
}

#[derive(Clone, Copy)]
struct Capture {
    start: usize,
    extent: Extent,
}

/// A place to come back to when what follows does not match.
enum Choice {
    /// `?` without its item.
    Without { at: usize, next: usize },
    /// `*` and `+` with one time less.
    Less { at: usize, count: usize, next: usize },
    /// `-` with one time more.
    More { at: usize, item: usize, end: usize },
    /// The newest capture was not opened.
    Opened,
    /// A capture was not closed.
    Closed(usize),
}

/// What comes after a step.
enum Step {
    /// The places in the text and in the pattern from which it goes on.
    Go(usize, usize),
    Matched(usize),
    Failed,
}

/// What a capture has.
pub(super) enum Captured<'t> {
    Bytes(&'t [u8]),
    /// A place, counted from 1.
    Place(usize),
}

/// A pattern and a text.
pub(super) struct Matcher<'t> {
    text: &'t [u8],
    pattern: Pattern<'t>,
    watch: &'t Watch,
    captures: Vec<Capture>,
    choices: Vec<Choice>,
}

impl<'t> Matcher<'t> {
    pub(super) fn new(text: &'t [u8], pattern: Pattern<'t>, watch: &'t Watch) -> Self {
        Self { text, pattern, watch, captures: Vec::new(), choices: Vec::new() }
    }

    /// Where a match ends that begins at a place of the text, by the pattern from one of its places on.
    pub(super) fn end(&mut self, mut at: usize, mut item: usize) -> Result<Option<usize>, Wrong> {
        self.captures.clear();
        self.choices.clear();
        loop {
            self.watch.spend(1)?;
            match self.step(at, item)? {
                Step::Go(next, next_item) => (at, item) = (next, next_item),
                Step::Matched(end) => return Ok(Some(end)),
                Step::Failed => match self.go_back()? {
                    Some(choice) => (at, item) = choice,
                    None => return Ok(None),
                },
            }
        }
    }

    fn step(&mut self, at: usize, item: usize) -> Result<Step, Wrong> {
        match (self.pattern.at(item), self.pattern.at(item + 1)) {
            (b'(', b')') => self.open(Extent::Place, at, item + 2),
            (b'(', _) => self.open(Extent::Open, at, item + 1),
            (b')', _) => self.close(at, item + 1),
            (b'%', b'b') => self.balanced(at, item + 2),
            (b'%', b'f') => self.frontier(at, item + 2),
            (b'%', digit @ b'0'..=b'9') => self.same_again(at, digit, item + 2),
            (0, _) => Ok(Step::Matched(at)),
            (b'$', 0) => Ok(if at == self.text.len() { Step::Matched(at) } else { Step::Failed }),
            _ => self.item(at, item),
        }
    }

    fn choose(&mut self, choice: Choice) -> Result<(), Wrong> {
        if self.choices.len() >= CHOICES_MAX {
            return Err("pattern too complex".into());
        }
        self.choices.push(choice);
        Ok(())
    }

    /// The newest choice that leads on.
    fn go_back(&mut self) -> Result<Option<(usize, usize)>, Wrong> {
        while let Some(choice) = self.choices.pop() {
            self.watch.spend(1)?;
            match choice {
                Choice::Without { at, next } => return Ok(Some((at, next))),
                Choice::Less { at, count, next } => {
                    let count = count - 1;
                    if count > 0 {
                        self.choices.push(Choice::Less { at, count, next });
                    }
                    return Ok(Some((at + count, next)));
                }
                Choice::More { at, item, end } => {
                    self.watch.spend(end - item)?;
                    if self.is_matched(at, item, end) {
                        self.choices.push(Choice::More { at: at + 1, item, end });
                        return Ok(Some((at + 1, end + 1)));
                    }
                }
                Choice::Opened => drop(self.captures.pop()),
                Choice::Closed(place) => self.set_extent(place, Extent::Open),
            }
        }
        Ok(None)
    }

    fn is_matched(&self, at: usize, item: usize, end: usize) -> bool {
        self.text.get(at).is_some_and(|byte| self.pattern.matches(*byte, item, end))
    }

    /// An item and the sign of repetition behind it.
    fn item(&mut self, at: usize, item: usize) -> Result<Step, Wrong> {
        let end = self.pattern.item_end(item)?;
        self.watch.spend(end - item)?;
        let is_matched = self.is_matched(at, item, end);
        match (self.pattern.at(end), is_matched) {
            (b'?', true) => {
                self.choose(Choice::Without { at, next: end + 1 })?;
                Ok(Step::Go(at + 1, end + 1))
            }
            (b'?', false) => Ok(Step::Go(at, end + 1)),
            (b'*', _) => self.most(at, item, end),
            (b'+', true) => self.most(at + 1, item, end),
            (b'-', _) => {
                self.choose(Choice::More { at, item, end })?;
                Ok(Step::Go(at, end + 1))
            }
            (_, true) => Ok(Step::Go(at + 1, end)),
            (_, false) => Ok(Step::Failed),
        }
    }

    /// As many times as an item matches.
    fn most(&mut self, at: usize, item: usize, end: usize) -> Result<Step, Wrong> {
        let mut count = 0;
        while self.is_matched(at + count, item, end) {
            self.watch.spend(end - item)?;
            count += 1;
        }
        if count > 0 {
            self.choose(Choice::Less { at, count, next: end + 1 })?;
        }
        Ok(Step::Go(at + count, end + 1))
    }

    fn open(&mut self, extent: Extent, at: usize, next: usize) -> Result<Step, Wrong> {
        if self.captures.len() >= CAPTURES_MAX {
            return Err("too many captures".into());
        }
        self.choose(Choice::Opened)?;
        self.captures.push(Capture { start: at, extent });
        Ok(Step::Go(at, next))
    }

    fn close(&mut self, at: usize, next: usize) -> Result<Step, Wrong> {
        let newest = self.captures.iter().rposition(|capture| matches!(capture.extent, Extent::Open));
        let place = newest.ok_or("invalid pattern capture")?;
        let start = self.captures.get(place).map_or(at, |capture| capture.start);
        self.choose(Choice::Closed(place))?;
        self.set_extent(place, Extent::Bytes(at - start));
        Ok(Step::Go(at, next))
    }

    fn set_extent(&mut self, place: usize, extent: Extent) {
        if let Some(capture) = self.captures.get_mut(place) {
            capture.extent = extent;
        }
    }

    /// `%b()`: up to the sign that closes the first one.
    fn balanced(&self, at: usize, signs: usize) -> Result<Step, Wrong> {
        let (open, close) = (self.pattern.at(signs), self.pattern.at(signs + 1));
        if open == 0 || close == 0 {
            return Err("unbalanced pattern".into());
        }
        let mut rest = self.text.iter().enumerate().skip(at);
        if rest.next().is_none_or(|(_, first)| *first != open) {
            return Ok(Step::Failed);
        }
        let mut depth = 1;
        for (place, byte) in rest {
            self.watch.spend(1)?;
            if *byte == close {
                depth -= 1;
                if depth == 0 {
                    return Ok(Step::Go(place + 1, signs + 2));
                }
            } else if *byte == open {
                depth += 1;
            }
        }
        Ok(Step::Failed)
    }

    /// `%f[set]`: between a byte that is not in the set and one that is. The ends of the text are zeros.
    fn frontier(&self, at: usize, set: usize) -> Result<Step, Wrong> {
        if self.pattern.at(set) != b'[' {
            return Err("missing '[' after '%f' in pattern".into());
        }
        let end = self.pattern.item_end(set)?;
        self.watch.spend(2 * (end - set))?;
        let byte = |place: Option<usize>| place.and_then(|place| self.text.get(place)).copied().unwrap_or_default();
        let has = |place: Option<usize>| self.pattern.is_in_set(byte(place), set, end);
        Ok(if !has(at.checked_sub(1)) && has(Some(at)) { Step::Go(at, end) } else { Step::Failed })
    }

    /// `%1`: what a capture has, once more.
    fn same_again(&self, at: usize, digit: u8, next: usize) -> Result<Step, Wrong> {
        let capture = usize::from(digit).checked_sub(usize::from(b'1')).and_then(|place| self.captures.get(place));
        let (start, extent) = capture.map(|capture| (capture.start, capture.extent)).ok_or(INVALID_INDEX)?;
        let len = match extent {
            Extent::Open => return Err(INVALID_INDEX.into()),
            Extent::Place => return Ok(Step::Failed),
            Extent::Bytes(len) => len,
        };
        // The bytes of a comparison cost less than other steps.
        self.watch.spend(len / 32)?;
        let is_same = self.text.get(at..at + len).is_some_and(|rest| Some(rest) == self.text.get(start..start + len));
        Ok(if is_same { Step::Go(at + len, next) } else { Step::Failed })
    }

    /// How many captures the last match has.
    pub(super) fn len(&self) -> usize {
        self.captures.len()
    }

    /// A capture of the last match, which stood between two places: all of it where the pattern has no capture.
    pub(super) fn captured(&self, place: usize, start: usize, end: usize) -> Result<Captured<'t>, Wrong> {
        let Some(capture) = self.captures.get(place) else {
            return match place {
                0 => Ok(Captured::Bytes(self.text.get(start..end).unwrap_or_default())),
                _ => Err(INVALID_INDEX.into()),
            };
        };
        match capture.extent {
            Extent::Open => Err("unfinished capture".into()),
            Extent::Place => Ok(Captured::Place(capture.start + 1)),
            Extent::Bytes(len) => {
                Ok(Captured::Bytes(self.text.get(capture.start..capture.start + len).unwrap_or_default()))
            }
        }
    }
}

const INVALID_INDEX: &str = "invalid capture index";
