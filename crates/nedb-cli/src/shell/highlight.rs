//! Colours for what is typed: the pieces of the one lexer, so that what looks right reads right.

use nedb_nql::{PieceKind, pieces};
use reedline::{Color, Highlighter, StyledText};

use super::{command::COMMANDS, splitter};

/// Colours the input of the line editor.
pub struct PieceHighlighter;

impl Highlighter for PieceHighlighter {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let mut styled = StyledText::new();
        for (kind, text) in parts(line) {
            let style = kind.map_or(Color::Default, color).normal();
            styled.push((if kind == Some(Tone::Keyword) { style.bold() } else { style }, text.to_owned()));
        }
        styled
    }
}

/// How a part of the input stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Keyword,
    Text,
    Number,
    Param,
    Comment,
    Wrong,
}

fn color(tone: Tone) -> Color {
    match tone {
        Tone::Keyword => Color::Blue,
        Tone::Text => Color::Green,
        Tone::Number => Color::Cyan,
        Tone::Param => Color::Purple,
        Tone::Comment => Color::DarkGray,
        Tone::Wrong => Color::Red,
    }
}

/// The input in parts; together they are the input.
fn parts(line: &str) -> Vec<(Option<Tone>, &str)> {
    if let Some(command) = splitter::command(line) {
        return command_parts(line, command);
    }
    let mut parts = Vec::new();
    let mut at = 0;
    for piece in pieces(line) {
        let between = line.get(at..piece.span.start).unwrap_or_default();
        let text = line.get(piece.span.clone()).unwrap_or_default();
        parts.push((None, between));
        parts.push((tone(piece.kind, text), text));
        at = piece.span.end;
    }
    parts.push((None, line.get(at..).unwrap_or_default()));
    parts.retain(|(_, text)| !text.is_empty());
    parts
}

fn command_parts<'a>(line: &'a str, command: &'a str) -> Vec<(Option<Tone>, &'a str)> {
    let name = command.split_whitespace().next().unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    let (before, rest) = line.split_at_checked(indent + name.len()).unwrap_or((line, ""));
    let is_begun = name == ".exit" || COMMANDS.iter().any(|known| known.name.starts_with(name));
    vec![(Some(if is_begun { Tone::Keyword } else { Tone::Wrong }), before), (None, rest)]
}

fn tone(kind: PieceKind, text: &str) -> Option<Tone> {
    match kind {
        PieceKind::Keyword => Some(Tone::Keyword),
        PieceKind::Text | PieceKind::Open | PieceKind::Json => Some(Tone::Text),
        PieceKind::Number => Some(Tone::Number),
        PieceKind::Param => Some(Tone::Param),
        PieceKind::Comment => Some(Tone::Comment),
        PieceKind::Unknown if text != ";" => Some(Tone::Wrong),
        PieceKind::Unknown | PieceKind::Name | PieceKind::Quoted | PieceKind::Symbol => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toned(line: &str) -> Vec<(Tone, &str)> {
        parts(line).into_iter().filter_map(|(tone, text)| Some((tone?, text))).collect()
    }

    #[test]
    fn pieces_stand_out_by_their_kind() {
        use Tone::{Comment, Keyword, Number, Param, Text, Wrong};
        assert_eq!(
            toned("from a where b > 5 and c = 'x' or d = $e ? -- f"),
            [
                (Keyword, "from"),
                (Keyword, "where"),
                (Number, "5"),
                (Keyword, "and"),
                (Text, "'x'"),
                (Keyword, "or"),
                (Param, "$e"),
                (Wrong, "?"),
                (Comment, "-- f"),
            ],
        );
        assert_eq!(toned("FROM a;"), [(Keyword, "FROM")]);
        assert_eq!(toned(".mod"), [(Keyword, ".mod")]);
        assert_eq!(toned(".nothing FROM"), [(Wrong, ".nothing")]);
    }

    #[test]
    fn the_parts_are_the_input() {
        for line in ["", " ", " .mode csv", "FROM ä\nWHERE  'x", "ö;ö", ".5", "  .x  "] {
            assert_eq!(parts(line).into_iter().map(|(_, text)| text).collect::<String>(), line);
        }
    }
}
