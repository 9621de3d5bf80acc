//! The demonstration: two Debian releases in one database, every version kept, and a proof at the end.
//!
//! It uses the engine as any program would and prints only what it has computed. A check that fails ends it with an error.

mod changes;
mod checker;
mod dependencies;
mod load;
mod place;
mod proof;
mod stage;
mod travel;

use std::{path::PathBuf, sync::Arc};

use nedb::{AsOf, Database, Options};
use nedb_types::{Result, Seq};

use crate::{
    import::Source,
    output::{JsonObject, Output, Progress, bytes},
    show,
    subject::tree_of,
};
use place::Place;
use stage::Stage;

/// The collection of the packages.
const PACKAGES: &str = "packages";

/// The relation between a package and those it depends on.
const DEPENDS: &str = "depends";

/// What the demonstration is asked to do.
pub struct Demo {
    /// A directory with the whole releases instead of the bundled parts.
    pub data: Option<PathBuf>,
    /// Where the files go; below the system's temporary directory unless named.
    pub path: Option<PathBuf>,
    /// Whether to go on with the database of an earlier run.
    pub keeps: bool,
    /// The package that is looked at.
    pub package: String,
}

/// The two releases, the older one first.
struct Releases {
    names: [&'static str; 2],
    /// The last operation of the older release.
    boundary: Seq,
}

impl Demo {
    /// Runs it.
    pub fn run(self, out: &mut Output) -> Result<()> {
        let place = Place::prepare(self.path, self.keeps)?;
        let mut stage = Stage::new(out);
        stage.say("NEDB demo: two Debian releases in one database, every version kept")?;
        let db = Database::open(place.database(), Options::new())?;
        let releases = load::load(&db, &sources(self.data.as_deref()), &mut stage)?;
        let snapshots = [db.snapshot_at(AsOf::Seq(releases.boundary))?, db.snapshot()];
        let version = travel::before_and_after(&snapshots, &releases, &self.package, &mut stage)?;
        dependencies::walk(&snapshots, &releases, &self.package, &mut stage)?;
        changes::count(&db, &releases, &mut stage)?;
        drop(snapshots);
        let progress = Progress::waiting(stage.output(), "writing a checkpoint");
        let head = db.checkpoint()?;
        drop(progress);
        let proof = proof::export(&db, version, &place.proof(&self.package))?;
        db.close()?;
        drop(db);
        proof::verify(&place, &head, &mut stage)?;
        proof::check(&proof, &mut stage)?;
        checker::run(&place, &head, &proof, &mut stage)?;
        files(&place, &mut stage)?;
        stage.go_on(&place.database(), &self.package, releases.boundary)?;
        let json = stage.finish();
        if out.is_json() {
            out.line(json.raw("head", &show::head_json(&tree_of(&head)).finish()).finish())
        } else {
            Ok(())
        }
    }
}

/// The releases to import: whole ones from a directory, or the parts that are bundled.
fn sources(data: Option<&std::path::Path>) -> [(&'static str, Source); 2] {
    match data {
        Some(dir) => ["bookworm", "trixie"].map(|release| {
            let file = dir.join(format!("debian-{release}.ndjson.zst"));
            (release, Source::Path(file))
        }),
        None => [
            ("bookworm", "bookworm.ndjson.zst", include_bytes!("../demo/bookworm.ndjson.zst").as_slice()),
            ("trixie", "trixie.ndjson.zst", include_bytes!("../demo/trixie.ndjson.zst").as_slice()),
        ]
        .map(|(release, name, bytes)| (release, Source::Bundled { name, bytes })),
    }
}

/// Says where the files are and how large.
fn files(place: &Place, stage: &mut Stage<'_>) -> Result<()> {
    let sizes = place.sizes()?;
    let total: u64 = sizes.iter().map(|(_, size)| size).sum();
    let parts: Vec<String> = sizes.iter().map(|(name, size)| format!("{name} {}", bytes(*size))).collect();
    stage.chapter("Files")?;
    stage.line(format_args!("{}  {} ({})", place.dir().display(), bytes(total), parts.join(", ")))?;
    let mut json = JsonObject::new().text("dir", &place.dir().display().to_string()).number("bytes", total);
    for (name, size) in &sizes {
        json = json.number(name, size);
    }
    stage.fact("files", &json.finish());
    Ok(())
}

/// A stop signal that nobody gives: the demonstration is short.
fn unstopped() -> Arc<crate::import::Shared> {
    Arc::default()
}
