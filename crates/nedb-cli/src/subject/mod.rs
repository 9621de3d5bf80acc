//! Which database a verb works on: a directory, which it opens, or one that a `nedbd` serves, which it asks over HTTP.
//!
//! Promises: a verb says once what it wants and prints once what it got; the same words print the same from either place. What a daemon
//! cannot do is refused by name, with what to do instead. Leaves to others: HTTP (`nedb-client`), opening directories ([`crate::open`]).

mod interruptible;
mod opened;
mod record;

use std::{fmt, path::Path, path::PathBuf, str::FromStr, time::Duration};

use clap::Args;
use nedb::Durability;
use nedb_client::{Address, Daemon, Options};
use nedb_types::{Error, ErrorCode, Result};

pub use opened::{Asked, Documents, Opened, Stated, tree_of};
pub use record::{Record, bare};

use crate::{input, open, output::Output};

/// How long a daemon may be silent: verifying and building take their time, and Ctrl-C ends the wait.
const SILENCE_MAX: Duration = Duration::from_mins(10);

/// How long one may be silent of which a page is drawn every second.
const PAGE_SILENCE_MAX: Duration = Duration::from_secs(3);

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// In a directory of this machine.
    Directory(PathBuf),
    /// At a daemon.
    Server(Address),
}

impl FromStr for Home {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if Address::is_one(text) { text.parse().map(Self::Server) } else { Ok(Self::Directory(PathBuf::from(text))) }
    }
}

impl fmt::Display for Home {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(formatter),
            Self::Server(address) => address.fmt(formatter),
        }
    }
}

/// The database of a verb, and how a daemon is reached.
#[derive(Clone, Debug, Args)]
pub struct Subject {
    /// The database: a directory, or http://HOST:PORT/NAME at a nedbd
    #[arg(value_name = "PATH")]
    home: Home,
    #[command(flatten)]
    access: Access,
}

/// How a daemon is reached.
#[derive(Clone, Args)]
pub struct Access {
    /// The token that the nedbd asks for
    #[arg(long, value_name = "TOKEN", env = "NEDB_TOKEN", hide_env_values = true, help_heading = "At a nedbd")]
    token: Option<String>,
    /// Trusts the certificates of this PEM file, for https
    #[arg(long, value_name = "FILE", help_heading = "At a nedbd")]
    ca: Option<PathBuf>,
}

impl Subject {
    /// Where it is.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// An existing database to read; another process may write meanwhile.
    pub fn to_read(&self, out: &Output) -> Result<Opened> {
        self.open(|path| open::to_read(path, out))
    }

    /// An existing database for a single write.
    pub fn to_write(&self, out: &Output) -> Result<Opened> {
        self.open(|path| open::to_write(path, out))
    }

    /// An existing database for many writes.
    pub fn to_load(&self, durability: Durability, out: &Output) -> Result<Opened> {
        if durability != Durability::Sync {
            self.refuse("--durability", "start the nedbd with it")?;
        }
        self.open(|path| open::to_load(path, durability, out))
    }

    /// Refuses an option that only a directory has.
    pub fn refuse(&self, option: &str, instead: &str) -> Result<()> {
        match &self.home {
            Home::Directory(_) => Ok(()),
            Home::Server(_) => Err(unsupported(format_args!("{option} is not for a database at a nedbd: {instead}"))),
        }
    }

    /// The database at a daemon.
    pub fn remote(&self) -> Result<nedb_client::Database> {
        let address = self.address()?;
        Ok(self.access.daemon(address.daemon())?.database(address.database()))
    }

    /// A new database at a daemon.
    pub fn create(&self) -> Result<nedb_client::Database> {
        let address = self.address()?;
        self.access.daemon(address.daemon())?.create_database(address.database())
    }

    /// Drops the database at a daemon.
    pub fn drop_database(&self) -> Result<()> {
        let address = self.address()?;
        self.access.daemon(address.daemon())?.drop_database(address.database())
    }

    fn address(&self) -> Result<&Address> {
        match &self.home {
            Home::Server(address) => Ok(address),
            Home::Directory(path) => {
                let message = format!("{} is a directory, not the address of a nedbd", path.display());
                Err(Error::new(ErrorCode::InvalidArgument, message))
            }
        }
    }

    fn open(&self, directory: impl FnOnce(&Path) -> Result<nedb::Database>) -> Result<Opened> {
        match &self.home {
            Home::Directory(_) if self.access.ca.is_some() => {
                let message = "--ca is for a database at a nedbd, and this one is a directory";
                Err(Error::new(ErrorCode::InvalidArgument, message))
            }
            Home::Directory(path) => directory(path).map(Opened::Directory),
            Home::Server(_) => self.remote().map(Opened::Server),
        }
    }
}

impl Access {
    /// The daemon of an address.
    pub fn daemon(&self, url: &str) -> Result<Daemon> {
        self.daemon_with(url, Options::new().silence_max(SILENCE_MAX))
    }

    /// The daemon of an address, for a page that is drawn again and again: what is not there soon is asked for later.
    pub fn daemon_for_page(&self, url: &str) -> Result<Daemon> {
        self.daemon_with(url, Options::new().silence_max(PAGE_SILENCE_MAX).retries(0))
    }

    fn daemon_with(&self, url: &str, options: Options) -> Result<Daemon> {
        let options = match &self.token {
            Some(token) => options.token(token.as_str()),
            None => options,
        };
        let options = match &self.ca {
            Some(file) => options.ca_pem(input::read_text(file)?),
            None => options,
        };
        Daemon::at(url, options)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_token = self.token.is_some();
        formatter.debug_struct("Access").field("has_token", &has_token).field("ca", &self.ca).finish()
    }
}

/// The directory that a verb works on which no daemon can do.
pub fn directory<'p>(path: &'p Path, verb: &str, instead: &str) -> Result<&'p Path> {
    match path.to_str() {
        Some(text) if Address::is_one(text) => {
            Err(unsupported(format_args!("`{verb}` works on a directory, not on a database at a nedbd: {instead}")))
        }
        _ => Ok(path),
    }
}

fn unsupported(message: fmt::Arguments<'_>) -> Error {
    Error::new(ErrorCode::Unsupported, message.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_scheme_is_an_address_and_any_other_a_directory() {
        assert!(matches!("http://localhost:7070/shop".parse(), Ok(Home::Server(_))));
        assert!(matches!("shop".parse(), Ok(Home::Directory(_))));
        assert!(matches!("http:/shop".parse(), Ok(Home::Directory(_))));
        assert!("http://localhost:7070".parse::<Home>().is_err());
        assert_eq!(directory(Path::new("http://h/x"), "tiles", "no").unwrap_err().code(), ErrorCode::Unsupported);
    }
}
