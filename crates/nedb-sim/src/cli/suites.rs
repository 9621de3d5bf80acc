//! The suites: which checks they consist of, how far the short form goes, and how they share the time box.

use nedb_io::simulate::Call;
use nedb_sim::{
    Violation, damage, determinism, every_operation,
    planted::{self, Plant},
    power_cut::{self, Action, Circumstances, Tally},
    script,
};

use super::{
    arguments::{Arguments, BASES},
    report::Report,
};

/// Seeds that once found something.
const REGRESSIONS: &str = include_str!("../../regressions.txt");
/// Lives between two looks at the clock, for each thread.
const LIVES_PER_ROUND: u64 = 64;
/// Violations after which a run stops.
const VIOLATIONS_MAX: usize = 5;
/// How much of the time box the short form plans for, building included.
const BOX_PERCENT: u64 = 60;
/// The time box of the short form where nothing says otherwise.
const STEP_MINUTES: u64 = 7;
/// Seeds that the determinism check lives twice.
const DETERMINISM_SEEDS: u64 = 200;
/// Seeds that may be lived until a planted bug is caught.
const PLANTED_SEEDS: u64 = 5_000;
/// Of files other than the log, the short form flips one bit of so many.
const SHORT_EVERY: u64 = 8;
/// Actions of a random script.
const SCRIPT_ACTIONS: u64 = 40;

/// Random lives.
pub fn power_cut(arguments: &Arguments, report: &mut Report) {
    if let Some(seed) = Arguments::replayed_seed() {
        let lived = power_cut::live(seed, Plant::None);
        return report.check(&format!("seed {seed}"), told(lived.map(|tally| text(&tally))));
    }
    regressions(report);
    let seconds = arguments.minutes.map(|minutes| report.seconds() + minutes * 60);
    let seeds = arguments.seeds.unwrap_or(if seconds.is_some() { u64::MAX } else { 10_000 });
    lives(arguments, seeds, seconds.unwrap_or(u64::MAX), report);
}

fn regressions(report: &mut Report) {
    let seeds = REGRESSIONS.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let (mut count, mut wrong) = (0, Vec::new());
    for seed in seeds {
        count += 1;
        if let Err(violation) = power_cut::live(seed, Plant::None) {
            wrong.push(format!("seed {seed}: {violation}"));
        }
    }
    let outcome = if wrong.is_empty() { Ok(format!("{count} seeds")) } else { Err(wrong.join("\n")) };
    report.check("regressions", outcome);
}

/// Lives seeds until there are enough or the time is over.
fn lives(arguments: &Arguments, seeds: u64, until_seconds: u64, report: &mut Report) {
    let (mut tally, mut lived, mut wrong) = (Tally::default(), 0, Vec::new());
    while lived < seeds && wrong.len() < VIOLATIONS_MAX && report.seconds() < until_seconds {
        let round = seeds.saturating_sub(lived).min(LIVES_PER_ROUND * arguments.threads as u64);
        let first = arguments.from + lived;
        let count = usize::try_from(round).unwrap_or(0);
        for (seed, life) in nedb_io::scoped(arguments.threads, count, |job| {
            let seed = first + job as u64;
            (seed, power_cut::live(seed, Plant::None))
        }) {
            match life {
                Ok(life) => tally.add(life),
                Err(violation) => wrong.push(format!("NEDB_SEED={seed} nedb-sim power-cut: {violation}")),
            }
        }
        lived += round;
    }
    let reached = format!("{lived} lives from seed {}, {}", arguments.from, text(&tally));
    let outcome = if wrong.is_empty() { Ok(reached) } else { Err(format!("{reached}\n{}", wrong.join("\n"))) };
    report.check("power cuts at random operations, also during recovery", outcome);
}

fn text(tally: &Tally) -> String {
    let Tally { power_cuts, cut_recoveries, kills, recoveries, requests, indexes } = tally;
    format!(
        "{power_cuts} power cuts ({cut_recoveries} of them during recovery), {kills} kills, {recoveries} recoveries compared, \
         {requests} requests, {indexes} indexes compared"
    )
}

fn told<T>(outcome: Result<T, Violation>) -> Result<T, String> {
    outcome.map_err(|violation| violation.to_string())
}

/// A cut and an error at every call.
pub fn every_operation(arguments: &Arguments, report: &mut Report) {
    match script::each_feature() {
        Ok(script) => {
            every_call("each feature", &script, report);
            if arguments.is_long {
                every_read(&script, report);
            }
        }
        Err(violation) => report.check("the script with each feature", Err(violation.to_string())),
    }
    for seed in 0..arguments.scripts {
        match script::random(arguments.from + seed, SCRIPT_ACTIONS) {
            Ok(script) => every_call(&format!("random script {}", arguments.from + seed), &script, report),
            Err(violation) => report.check("a random script", Err(violation.to_string())),
        }
    }
}

fn every_call(name: &str, script: &[Action], report: &mut Report) {
    let circumstances = Circumstances::plain();
    let cut = every_operation::cut_everywhere(script, circumstances, Plant::None);
    report.check(&format!("{name}, the power cut at every call"), told(cut.map(|tally| text(&tally))));
    for call in CALLS {
        let failed = every_operation::fail_everywhere(script, circumstances, call);
        report.check(&format!("{name}, an error at every {call:?}"), told(failed.map(|tally| text(&tally))));
    }
    let short = every_operation::short_reads(script, circumstances);
    report.check(&format!("{name}, short and interrupted reads"), told(short.map(|tally| text(&tally))));
    let full = every_operation::full_disk(script, circumstances);
    report.check(&format!("{name}, the disk full at every block"), told(full.map(|tally| text(&tally))));
}

/// There are thousands of reads: only the long form goes through them.
fn every_read(script: &[Action], report: &mut Report) {
    let failed = every_operation::fail_everywhere(script, Circumstances::plain(), Call::Read);
    report.check("each feature, an error at every Read", told(failed.map(|tally| text(&tally))));
}

const CALLS: [Call; 12] = [
    Call::Open,
    Call::Create,
    Call::Rename,
    Call::Remove,
    Call::List,
    Call::CreateDir,
    Call::SyncDir,
    Call::Inspect,
    Call::Lock,
    Call::Write,
    Call::SetLen,
    Call::SyncFile,
];

/// Everything that can be done to files.
pub fn damage(arguments: &Arguments, report: &mut Report) {
    let every = if arguments.is_long { 1 } else { SHORT_EVERY };
    for name in BASES.into_iter().filter(|name| arguments.base.as_deref().is_none_or(|base| base == *name)) {
        let base = if name == "closed" { damage::Base::closed() } else { damage::Base::crashed() };
        let base = match told(base) {
            Ok(base) => base,
            Err(wrong) => {
                report.check(&format!("a {name} database to damage"), Err(wrong));
                continue;
            }
        };
        let threads = arguments.threads;
        let files = told(damage::damage_files(&base).map(counted));
        report.check(&format!("{name}: files missing, extra, older, of another database, copied"), files);
        let blocks = told(damage::damage_blocks(&base).map(counted));
        report.check(&format!("{name}: blocks zeroed, stale, doubled, exchanged"), blocks);
        let cuts = told(damage::truncate_files(&base, every, threads).map(counted));
        let others = format!(" of the log's frames, elsewhere at 1/{every} of them and at the last 64 of each file");
        report.check(&format!("{name}: cut off at every byte{}", if every == 1 { "" } else { &others }), cuts);
        // One database has every bit of its log flipped even in the short form.
        let log = if name == "closed" { 1 } else { every };
        let bits = told(damage::flip_bits(&base, damage::Every { log, other: every }, threads).map(counted));
        report.check(&format!("{name}: 1/{log} of the bits of the log flipped, 1/{every} of the others"), bits);
    }
}

fn counted(counts: damage::Counts) -> String {
    let damage::Counts { refused, reported, dead } = counts;
    format!("{} damaged: {refused} refused, {reported} reported, {dead} without effect", counts.total())
}

/// The exhaustive models.
pub fn model(report: &mut Report) {
    for (name, outcome) in nedb_sim::model::all() {
        report.check(name, told(outcome));
    }
}

/// The same seed twice.
pub fn determinism(arguments: &Arguments, report: &mut Report) {
    let seeds = arguments.seeds.unwrap_or(DETERMINISM_SEEDS);
    let count = usize::try_from(seeds).unwrap_or(0);
    let lived =
        nedb_io::scoped(arguments.threads, count, |job| determinism::compare_twice(arguments.from + job as u64));
    let calls = lived.into_iter().try_fold(0, |sum, calls| Ok::<u64, Violation>(sum + calls?));
    let reached = told(calls.map(|calls| format!("{seeds} seeds lived twice, {calls} calls compared")));
    report.check("the same seed, the same calls and bytes", reached);
}

/// Planted bugs.
pub fn planted(arguments: &Arguments, report: &mut Report) {
    let seeds = arguments.seeds.unwrap_or(PLANTED_SEEDS);
    let caught = nedb_io::scoped(arguments.threads, Plant::ALL.len(), |job| {
        let plant = Plant::ALL.get(job).copied().unwrap_or_default();
        (plant, planted::catch(plant, seeds))
    });
    for (plant, caught) in caught {
        let outcome = match caught {
            Some(caught) => Ok(format!("caught by seed {}: {}", caught.seed, short(&caught.violation))),
            None => Err(format!("not caught within {seeds} seeds")),
        };
        report.check(&format!("planted {plant:?}"), outcome);
    }
}

fn short(text: &str) -> String {
    const CHARS_MAX: usize = 120;
    text.chars().take(CHARS_MAX).collect()
}

/// Everything; what is left of the time box goes to random lives.
pub fn all(arguments: &Arguments, report: &mut Report) {
    let minutes = std::env::var("NEDB_STEP_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(STEP_MINUTES);
    regressions(report);
    model(report);
    determinism(&Arguments { seeds: None, ..arguments.clone() }, report);
    planted(&Arguments { seeds: None, ..arguments.clone() }, report);
    every_operation(arguments, report);
    damage(arguments, report);
    let until = minutes * 60 * BOX_PERCENT / 100;
    // However slow the machine, some lives are lived.
    let at_least = report.seconds() + 20;
    lives(arguments, arguments.seeds.unwrap_or(u64::MAX), until.max(at_least), report);
}
