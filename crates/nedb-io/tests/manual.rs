//! The seams that a test drives by hand always do the same, in the same order.

use std::sync::{Arc, Mutex};

use nedb_io::{ManualScheduler, Random, Scheduler, SeededRandom, Task};

type Notes = Arc<Mutex<Vec<u32>>>;

/// A scheduler and the list in which its tasks note their numbers.
fn noting() -> (Arc<ManualScheduler>, Notes, impl Fn(u32) -> Task) {
    let list = Arc::new(Mutex::new(Vec::new()));
    let target = Arc::clone(&list);
    let task = move |number| -> Task {
        let list = Arc::clone(&target);
        Box::new(move || list.lock().expect("no task panics").push(number))
    };
    (Arc::new(ManualScheduler::new()), list, task)
}

#[test]
fn ready_tasks_run_one_by_one_in_order() {
    let (scheduler, list, task) = noting();
    scheduler.run("first", task(1));
    scheduler.run("second", task(2));
    assert_eq!(scheduler.pending_names(), ["first", "second"]);
    assert!(scheduler.run_next());
    assert_eq!((scheduler.pending(), list.lock().unwrap().clone()), (1, vec![1]));
    assert!(scheduler.run_next());
    assert!(!scheduler.run_next());
    assert_eq!(*list.lock().unwrap(), [1, 2]);
}

#[test]
fn delayed_tasks_run_by_time_and_equal_times_by_arrival() {
    let (scheduler, list, task) = noting();
    for (delay_us, number) in [(20, 3), (10, 1), (10, 2), (30, 4)] {
        scheduler.after(delay_us, "delayed", task(number));
    }
    assert_eq!(scheduler.next_due_us(), Some(10));
    assert_eq!(scheduler.run_due(9), 0);
    assert_eq!(scheduler.run_due(20), 3);
    assert_eq!(*list.lock().unwrap(), [1, 2, 3]);
    assert_eq!(scheduler.next_due_us(), Some(30));
}

#[test]
fn a_task_may_hand_in_the_next_one() {
    let (scheduler, list, task) = noting();
    let (inner, last) = (Arc::clone(&scheduler), task(2));
    scheduler.run("outer", Box::new(move || inner.after(5, "inner", last)));
    assert_eq!(scheduler.run_due(0), 1);
    assert_eq!(scheduler.run_due(5), 1);
    assert_eq!(*list.lock().unwrap(), [2]);
}

#[test]
fn forgotten_tasks_never_run() {
    let (scheduler, list, task) = noting();
    scheduler.run("ready", task(1));
    scheduler.after(1, "delayed", task(2));
    scheduler.forget_all();
    assert_eq!(scheduler.run_due(100), 0);
    assert!(list.lock().unwrap().is_empty());
}

#[test]
fn a_seed_gives_its_own_sequence_of_bytes() {
    let draw = |seed| {
        let mut bytes = [0; 20];
        SeededRandom::new(seed).fill(&mut bytes);
        bytes
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    // The published first number of SplitMix64 from the seed 0.
    assert_eq!(draw(0)[..8], 0xE220_A839_7B1D_CDAF_u64.to_le_bytes());
}
