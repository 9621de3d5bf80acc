//! `nedb top`: what a daemon is doing, once a second.

use std::io::{self, IsTerminal};

use clap::Args;
use nedb_client::Daemon;
use nedb_io::Io;
use nedb_types::{Error, ErrorCode, Result};

use crate::{
    output::Output,
    subject::Access,
    top::{self, Figures, Look},
};

/// Shows what a nedbd is doing, once a second
#[derive(Debug, Args)]
#[command(after_help = "\
It shows requests, Redis commands, how long they took, connections, refusals,
commits and the sizes of databases. Times are those within which half and 99
of 100 were done since the page before, as the daemon's histograms tell;
`group` is how many requests were committed together. `q` or Ctrl-C leaves.
It takes the right verify on all databases.

Examples:
  nedb top http://127.0.0.1:7070
  nedb top http://127.0.0.1:7070 --once --json")]
pub struct Top {
    /// The nedbd: http://HOST:PORT
    #[arg(value_name = "URL")]
    url: String,
    /// Prints one page, of all since the daemon began, and ends
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    access: Access,
}

impl Top {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let daemon = self.access.daemon_for_page(&self.url)?;
        let io = Io::real();
        if self.once {
            let figures = Figures::between(None, &look(&daemon, &io)?);
            if out.is_json() {
                return out.line(top::json(&figures)?);
            }
            return top::lines(&figures, daemon.url()).iter().try_for_each(|line| out.line(line));
        }
        if out.is_json() || !io::stdout().is_terminal() {
            let message = "a page that is drawn anew needs a terminal: --once prints one";
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        }
        let mut before = None;
        top::watch(|| {
            let now = look(&daemon, &io)?;
            let lines = top::lines(&Figures::between(before.as_ref(), &now), daemon.url());
            before = Some(now);
            Ok(lines)
        })
    }
}

fn look(daemon: &Daemon, io: &Io) -> Result<Look> {
    let (page, health) = (daemon.metrics()?, daemon.health()?);
    Ok(Look::new(&page, &health, io.clock.monotonic_us(), io.clock.wall_us()))
}
