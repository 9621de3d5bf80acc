//! A power cut at every changing call of a script, and an error at every call of it.
//!
//! Where the random lives find what nobody thought of, this leaves no place out: each call of the script is hit once, with
//! each way in which un-synced bytes can survive. Reads must go on and the next open must be whole.

use nedb_io::simulate::{Call, Failure, Faults, Injection, Survival};

use crate::{
    planted::Plant,
    power_cut::{Action, Circumstances, Life, Tally},
    violation::{Verdict, Violation},
};

/// Outcomes of each cut that are drawn at random.
const RANDOM_OUTCOMES: u64 = 3;

/// Cuts the power at every changing call of a script.
pub fn cut_everywhere(script: &[Action], circumstances: Circumstances, plant: Plant) -> Verdict<Tally> {
    let calls = count(script, circumstances, plant, Call::AnyMutation)?;
    let mut tally = Tally::default();
    for nth in 1..=calls {
        let cut = cut_at(script, circumstances, plant, nth);
        tally.add(cut.map_err(|wrong| wrong.during(format!("cut at call {nth} of {calls}")))?);
    }
    Ok(tally)
}

/// Cuts the power at one call, and looks at each outcome.
fn cut_at(script: &[Action], circumstances: Circumstances, plant: Plant, nth: u64) -> Verdict<Tally> {
    let mut life = Life::scripted(circumstances, plant);
    life.machine.disk.cut_at_operation(nth);
    life.play(script)?;
    life.note_durable()?;
    for survival in [Survival::Everything, Survival::Nothing] {
        life.look_at_outcome(nth, survival).map_err(|wrong| wrong.during(format!("{survival:?} survived")))?;
    }
    for outcome in 0..RANDOM_OUTCOMES {
        life.look_at_outcome(nth * RANDOM_OUTCOMES + outcome, Survival::Random)
            .map_err(|wrong| wrong.during(format!("random outcome {outcome}")))?;
    }
    life.go_on_after_kill().map_err(|wrong| wrong.during("killed there"))?;
    Ok(life.tally)
}

/// Plants an error at every call of a kind, once and for ever.
pub fn fail_everywhere(script: &[Action], circumstances: Circumstances, call: Call) -> Verdict<Tally> {
    let calls = count(script, circumstances, Plant::None, call)?;
    let mut tally = Tally::default();
    for nth in 1..=calls {
        for injection in injections(call, nth) {
            let context = |wrong: Violation| wrong.during(format!("{injection:?} of {calls}"));
            let failed = fail_at(script, circumstances, injection.clone()).map_err(context)?;
            tally.add(failed);
        }
    }
    Ok(tally)
}

/// The errors that a call of this kind can return. An interruption lasts no longer than one call.
fn injections(call: Call, nth: u64) -> Vec<Injection> {
    let mut injections = vec![Injection::once(call, nth, Failure::Io), Injection::forever(call, nth, Failure::Io)];
    match call {
        Call::Read => injections.push(Injection::once(call, nth, Failure::Interrupted)),
        Call::Write | Call::SetLen | Call::Create => {
            injections.push(Injection::once(call, nth, Failure::NoSpace));
            injections.push(Injection::forever(call, nth, Failure::NoSpace));
        }
        _ => {}
    }
    injections
}

fn fail_at(script: &[Action], circumstances: Circumstances, injection: Injection) -> Verdict<Tally> {
    let mut life = Life::scripted(circumstances, Plant::None);
    life.machine.disk.inject(injection);
    life.is_faulty = true;
    life.play(script)?;
    life.machine.disk.clear_injections();
    life.reads_go_on()?;
    life.note_durable()?;
    life.machine.disk.cut();
    for survival in [Survival::Everything, Survival::Nothing, Survival::Random] {
        life.look_at_outcome(7, survival).map_err(|wrong| wrong.during(format!("{survival:?} survived")))?;
    }
    life.go_on_after_kill().map_err(|wrong| wrong.during("killed there"))?;
    Ok(life.tally)
}

/// Runs a script with reads that return less than asked for or are interrupted.
pub fn short_reads(script: &[Action], circumstances: Circumstances) -> Verdict<Tally> {
    let mut life = Life::scripted(circumstances, Plant::None);
    let faults = Faults { short_reads_per_mille: 300, interrupts_per_mille: 200, ..Faults::default() };
    life.machine.disk.set_faults(faults);
    life.play(script)?;
    life.go_on_after_kill()?;
    Ok(life.tally)
}

/// Runs a script on a disk that becomes full, makes room, and writes again.
pub fn full_disk(script: &[Action], circumstances: Circumstances) -> Verdict<Tally> {
    let mut tally = Tally::default();
    let mut life = Life::scripted(circumstances, Plant::None);
    life.play(script)?;
    let needed = life.machine.disk.space_used_bytes();
    for pages in 1..=needed / nedb_io::simulate::BLOCK_BYTES as u64 {
        let space_bytes_max = Some(pages * nedb_io::simulate::BLOCK_BYTES as u64);
        let mut life = Life::scripted(circumstances, Plant::None);
        life.machine.disk.set_faults(Faults { space_bytes_max, ..Faults::default() });
        life.is_faulty = true;
        let context = |wrong: Violation| wrong.during(format!("with {pages} blocks of space"));
        life.play(script).map_err(context)?;
        life.machine.disk.set_faults(Faults::default());
        life.is_faulty = false;
        life.writes_go_on().map_err(context)?;
        life.go_on_after_kill().map_err(context)?;
        tally.add(life.tally);
    }
    Ok(tally)
}

/// How many calls of a kind a whole run of the script makes.
fn count(script: &[Action], circumstances: Circumstances, plant: Plant, call: Call) -> Verdict<u64> {
    let mut life = Life::scripted(circumstances, plant);
    life.machine.disk.start_trace();
    life.play(script)?;
    let counts = life.machine.disk.counts();
    Ok(match call {
        Call::AnyMutation => counts.mutations,
        Call::Read => counts.reads,
        _ => {
            let name = format!("{call:?} ");
            let name = if call == Call::SyncFile { "SyncFile ".to_owned() } else { name };
            life.machine.disk.trace().iter().filter(|line| line.starts_with(&name)).count() as u64
        }
    })
}
