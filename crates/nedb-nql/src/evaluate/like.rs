//! LIKE and ILIKE.

use crate::ast::CaseRule;

/// Is a pattern: `%` stands for any text, `_` for one character, `\` takes the next character as it is.
///
/// A match takes time in proportion to the text times the longest piece between two `%`: what was matched before a `%`
/// is never tried again.
///
/// # Examples
///
/// ```
/// use nedb_nql::{CaseRule, LikePattern};
///
/// let pattern = LikePattern::new(r"50\%_%", CaseRule::Exact);
/// assert!(pattern.is_match("50% off"));
/// assert!(!pattern.is_match("50%"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikePattern {
    pieces: Vec<Piece>,
    case: CaseRule,
}

/// Is one step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Stands for itself.
    Character(char),
    /// Stands for any character.
    One,
    /// Stands for any text.
    Many,
}

impl LikePattern {
    /// Reads a pattern; a `\` at its end stands for itself.
    pub fn new(pattern: &str, case: CaseRule) -> Self {
        let folded = match case {
            CaseRule::Exact => pattern.to_owned(),
            CaseRule::Folded => pattern.to_lowercase(),
        };
        let mut pieces = Vec::with_capacity(folded.len());
        let mut characters = folded.chars();
        while let Some(character) = characters.next() {
            let piece = match character {
                '%' => Piece::Many,
                '_' => Piece::One,
                '\\' => Piece::Character(characters.next().unwrap_or('\\')),
                other => Piece::Character(other),
            };
            // Two in a row mean what one means, and cost more.
            if piece != Piece::Many || pieces.last() != Some(&Piece::Many) {
                pieces.push(piece);
            }
        }
        Self { pieces, case }
    }

    /// Returns whether the whole text matches.
    pub fn is_match(&self, text: &str) -> bool {
        match self.case {
            CaseRule::Exact => self.is_match_folded(text),
            CaseRule::Folded => self.is_match_folded(&text.to_lowercase()),
        }
    }

    fn is_match_folded(&self, text: &str) -> bool {
        let mut rest = text.chars();
        let mut at = 0;
        // Where the last `%` stands, and the text from which it has not taken a character yet.
        let mut retry = None;
        loop {
            let mut after = rest.clone();
            let next = after.next();
            match (self.pieces.get(at), next) {
                (Some(Piece::Many), _) => {
                    at += 1;
                    retry = Some((at, rest.clone()));
                }
                (Some(Piece::One), Some(_)) => {
                    at += 1;
                    rest = after;
                }
                (Some(Piece::Character(wanted)), Some(found)) if *wanted == found => {
                    at += 1;
                    rest = after;
                }
                (None, None) => return true,
                _ => {
                    let Some((piece, start)) = &mut retry else { return false };
                    if start.next().is_none() {
                        return false;
                    }
                    at = *piece;
                    rest = start.clone();
                }
            }
        }
    }

    /// Returns the text with which every match begins; `None` if there is none or case is folded.
    pub(crate) fn prefix(&self) -> Option<String> {
        if self.case == CaseRule::Folded {
            return None;
        }
        let literal = |piece: &Piece| match piece {
            Piece::Character(character) => Some(*character),
            Piece::One | Piece::Many => None,
        };
        let prefix: String = self.pieces.iter().map_while(literal).collect();
        (!prefix.is_empty() || self.pieces.is_empty()).then_some(prefix)
    }

    /// Returns whether the pattern is a text and one `%` behind it.
    pub(crate) fn is_prefix_only(&self) -> bool {
        match self.pieces.split_last() {
            Some((Piece::Many, before)) => before.iter().all(|piece| matches!(piece, Piece::Character(_))),
            _ => false,
        }
    }
}
