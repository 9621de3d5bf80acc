//! `nedb tiles`: the tree and its entries as static files, for monitors and mirrors.

use std::path::PathBuf;

use clap::Args;
use nedb_types::Result;

use crate::{
    open,
    output::{Output, Progress},
    subject,
};

/// Exports the tree and its entries as a C2SP tlog-tiles directory with a signed checkpoint
#[derive(Debug, Args)]
#[command(after_help = "\
The same command again extends the export. Entries name collections and
clients; contents are not exported.

Example: nedb tiles shop /srv/www/shop-log")]
pub struct Tiles {
    /// The database directory
    path: PathBuf,
    /// The directory of the export
    dir: PathBuf,
}

impl Tiles {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let instead = "it serves them itself, at /v1/databases/NAME/tile/";
        let db = open::to_write(subject::directory(&self.path, "tiles", instead)?, out)?;
        let progress = Progress::waiting(out, "exporting tiles");
        let report = db.export_tiles(&self.dir)?;
        db.close()?;
        drop(progress);
        if out.is_json() {
            return out.line(report.to_json()?);
        }
        let (size, dir) = (report.size, self.dir.display());
        let (written, kept) = (report.files_written, report.files_kept);
        out.line(format_args!("{dir} has a tree of size {size} (files written: {written}, kept: {kept})"))
    }
}
