//! Tokens: who a secret belongs to.
//!
//! ```toml
//! [[token]]
//! name = "billing"
//! sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
//! databases = { shop = "write", "*" = "verify" }
//! ```
//!
//! Promises: no token is kept, only its SHA-256; all hashes are compared, each in full, so that the time says nothing. Tokens are
//! long random texts (`openssl rand -hex 32`), so that a plain hash cannot be guessed back.

use nedb::{Digest, Error, ErrorCode, Result};
use nedb_crypto::sha256;

use crate::rights::{Identity, Right};

/// The key in a token's `databases` for those that are not named.
const EVERYWHERE: &str = "*";

/// How short a token may be: below this a plain hash could be guessed back.
const TOKEN_BYTES_MIN: usize = 8;

/// The tokens that a daemon knows; none on one that asks for none.
#[derive(Clone, Default)]
pub(crate) struct Tokens {
    known: Vec<(Digest, Identity)>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.known.iter().map(|(_, identity)| identity.name.as_str()).collect();
        formatter.debug_tuple("Tokens").field(&names).finish()
    }
}

impl Tokens {
    /// Whether no token is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Adds the token that may do everything.
    pub(crate) fn add_root(&mut self, token: &str) -> Result<()> {
        if token.len() < TOKEN_BYTES_MIN {
            let message = format!("the token has {} bytes, and at least {TOKEN_BYTES_MIN} are needed", token.len());
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        }
        self.known.push((digest(token), Identity::root("root")));
        Ok(())
    }

    /// Adds those of a token file.
    pub(crate) fn add_file(&mut self, text: &str) -> Result<()> {
        let file: toml::Table = text.parse().map_err(|error: toml::de::Error| wrong(error))?;
        for (key, tokens) in &file {
            let (true, Some(tokens)) = (key == "token", tokens.as_array()) else {
                return Err(wrong(format!("{key:?} is not known: a token file has [[token]] only")));
            };
            for token in tokens {
                let token = token.as_table().ok_or_else(|| wrong("a token is no table"))?;
                let token = read_token(token)?;
                if self.known.iter().any(|(_, known)| known.name == token.1.name) {
                    return Err(wrong(format!("two tokens are called {:?}", token.1.name)));
                }
                self.known.push(token);
            }
        }
        Ok(())
    }

    /// Who a token belongs to; with a name, only if it is that one's.
    pub(crate) fn identify(&self, name: Option<&str>, token: &str) -> Option<&Identity> {
        let given = digest(token);
        let mut found = None;
        for (known, identity) in &self.known {
            let pairs = known.as_ref().iter().zip(given.as_ref());
            let differs = pairs.fold(0, |differs, (known, given)| differs | (known ^ given));
            if differs == 0 && name.is_none_or(|name| name == identity.name || name == "default") {
                found = Some(identity);
            }
        }
        found
    }
}

fn digest(token: &str) -> Digest {
    sha256(&[token.as_bytes()])
}

fn read_token(token: &toml::Table) -> Result<(Digest, Identity)> {
    let text = |name: &str| token.get(name).and_then(toml::Value::as_str);
    let name = text("name").ok_or_else(|| wrong("a token has no name"))?;
    if let Some(other) = token.keys().find(|key| !["name", "sha256", "databases"].contains(&key.as_str())) {
        return Err(wrong(format!("token {name:?} has {other:?}: there are name, sha256 and databases")));
    }
    let hash = text("sha256").and_then(|hex| hex.parse::<Digest>().ok());
    let hash = hash.ok_or_else(|| wrong(format!("token {name:?} has no sha256 of 64 hex digits")))?;
    let databases = token.get("databases").and_then(toml::Value::as_table);
    let databases =
        databases.ok_or_else(|| wrong(format!("token {name:?} has no databases = {{ name = \"right\" }}")))?;
    let (mut everywhere, mut on) = (None, Vec::new());
    for (database, right) in databases {
        let right: Right = right.as_str().unwrap_or_default().parse().map_err(wrong)?;
        if database == EVERYWHERE {
            everywhere = Some(right);
        } else {
            on.push((database.clone(), right));
        }
    }
    Ok((hash, Identity::new(name, everywhere, on)))
}

fn wrong(message: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::InvalidArgument, format!("the token file: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_holders_and_nobody_elses() {
        let mut tokens = Tokens::default();
        tokens.add_root("a long secret").unwrap();
        let hash = sha256(&[b"another secret"]);
        let file = format!("[[token]]\nname = \"app\"\nsha256 = \"{hash}\"\ndatabases = {{ shop = \"write\" }}\n");
        tokens.add_file(&file).unwrap();
        assert_eq!(tokens.identify(None, "a long secret").unwrap().name, "root");
        assert_eq!(tokens.identify(Some("app"), "another secret").unwrap().name, "app");
        assert!(tokens.identify(None, "another secret").unwrap().may(Right::Write, Some("shop")));
        for (name, token) in
            [(None, "a long secre"), (Some("root"), "another secret"), (Some("x"), "a long secret"), (None, "")]
        {
            assert_eq!(tokens.identify(name, token), None, "{name:?} {token}");
        }
        assert!(!format!("{tokens:?}").contains("secret"));
    }

    #[test]
    fn a_token_file_that_says_something_else_is_refused_by_name() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for (file, wanted) in [
            ("tokens = 1".to_owned(), "\"tokens\" is not known"),
            ("[[token]]\nsha256 = \"x\"".to_owned(), "a token has no name"),
            ("[[token]]\nname = \"a\"\nsha256 = \"x\"".to_owned(), "no sha256 of 64 hex digits"),
            (format!("[[token]]\nname = \"a\"\nsha256 = \"{hash}\""), "no databases"),
            (
                format!("[[token]]\nname = \"a\"\nsha256 = \"{hash}\"\ndatabases = {{ x = \"own\" }}"),
                "\"own\" is no right",
            ),
            (format!("[[token]]\nname = \"a\"\nsha256 = \"{hash}\"\nrole = 1"), "has \"role\""),
        ] {
            let error = Tokens::default().add_file(&file).unwrap_err();
            assert!(error.message().contains(wanted), "{error}");
        }
        assert_eq!(Tokens::default().add_root("short").unwrap_err().code(), ErrorCode::InvalidArgument);
    }
}
