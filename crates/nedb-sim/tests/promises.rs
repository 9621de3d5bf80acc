//! A little of each suite, so that `cargo test` notices what the long runs would; how far they go is up to the command.

use nedb_sim::{
    damage, determinism,
    planted::{self, Plant},
    power_cut,
};

#[test]
fn acknowledged_writes_survive_power_cuts() {
    for seed in 0..40 {
        if let Err(violation) = power_cut::live(seed, Plant::None) {
            panic!("NEDB_SEED={seed} nedb-sim power-cut: {violation}");
        }
    }
}

#[test]
fn a_life_is_the_same_every_time() {
    for seed in 0..5 {
        assert!(determinism::compare_twice(seed).unwrap() > 0);
    }
}

#[test]
fn missing_syncs_are_noticed() {
    for plant in [Plant::NoSync, Plant::NoDirSync, Plant::AckBeforeSync, Plant::StaleHead] {
        assert!(planted::catch(plant, 200).is_some(), "{plant:?} was not caught");
    }
}

#[test]
fn damaged_files_never_answer_wrongly() {
    let base = damage::Base::closed().unwrap();
    assert!(damage::damage_files(&base).unwrap().refused > 0);
    assert!(damage::damage_blocks(&base).unwrap().total() > 0);
    let every = damage::Every { log: 997, other: 997 };
    assert!(damage::flip_bits(&base, every, 1).unwrap().total() > 100);
}
