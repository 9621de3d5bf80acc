//! From text to tokens: names, literals, comments, and errors that carry their place.

mod error;
mod escape;
mod hint;
mod json;
mod lexer;
mod name;
mod number;
mod pieces;
mod token;

pub use error::show_place;
pub(crate) use error::{Span, Trouble};
pub(crate) use hint::nearest;
pub use hint::nearest_word;
pub(crate) use lexer::Lexer;
pub(crate) use name::{is_name, is_reserved};
pub use pieces::{KEYWORDS, Piece, PieceKind, pieces};
pub(crate) use token::{Lexeme, Symbol, Token};
