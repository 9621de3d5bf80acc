//! Where a database of a daemon is, in one word: `http://HOST:PORT/NAME`.

use std::fmt;
use std::str::FromStr;

use nedb::{Error, ErrorCode, Result};

/// The beginnings of an address.
const SCHEMES: [&str; 2] = ["http://", "https://"];

/// The address of a database: that of its daemon, and its name there.
///
/// ```
/// use nedb_client::Address;
/// let address: Address = "https://db.example:7070/shop".parse()?;
/// assert_eq!((address.daemon(), address.database()), ("https://db.example:7070", "shop"));
/// assert!(Address::is_one("http://localhost:7070") && !Address::is_one("./shop"));
/// # Ok::<(), nedb_client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    daemon: String,
    database: String,
}

impl Address {
    /// Whether a word is the address of something that a daemon serves, and no path of a file.
    pub fn is_one(text: &str) -> bool {
        SCHEMES.iter().any(|scheme| text.starts_with(scheme))
    }

    /// The address of the daemon.
    pub fn daemon(&self) -> &str {
        &self.daemon
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let message = format!("{text:?} is no address of a database: it is written http://HOST:PORT/NAME");
            Error::new(ErrorCode::InvalidArgument, message)
        };
        let (daemon, database) = text.trim_end_matches('/').rsplit_once('/').ok_or_else(wrong)?;
        // What is left when there is no name behind the host is the scheme.
        if !Self::is_one(daemon) || daemon.ends_with('/') || database.is_empty() || database.contains(['?', '#']) {
            return Err(wrong());
        }
        check_daemon(daemon)?;
        Ok(Self { daemon: daemon.to_owned(), database: database.to_owned() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.daemon, self.database)
    }
}

/// Refuses what cannot be the address of a daemon.
pub(crate) fn check_daemon(url: &str) -> Result<()> {
    let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if host.is_empty() || host.contains('@') || url.contains(['?', '#', ' ']) {
        let message = format!("{url:?} is no address of a daemon: it is written http://HOST:PORT or https://HOST:PORT");
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_with_the_name_of_the_database() {
        for (text, daemon, database) in [
            ("http://127.0.0.1:7070/shop", "http://127.0.0.1:7070", "shop"),
            ("http://[::1]:7070/shop/", "http://[::1]:7070", "shop"),
            ("https://example.org/behind/a-proxy/shop", "https://example.org/behind/a-proxy", "shop"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.daemon(), address.database()), (daemon, database));
        }
        for wrong in [
            "shop",
            "http://",
            "http://host",
            "http://host/",
            "ftp://host/shop",
            "http://me@host/shop",
            "http://host/a?b",
        ] {
            assert_eq!(wrong.parse::<Address>().unwrap_err().code(), ErrorCode::InvalidArgument, "{wrong}");
        }
    }
}
