//! The demonstration on the bundled data does what it says.

use std::{ffi::OsStr, fs, path::Path};

use serde_json::Value;

use crate::script::{Directory, nedb};

#[test]
fn the_demo_imports_travels_verifies_and_proves() {
    let directory = Directory::new();
    let run = |extra: &[&str]| {
        let mut command = nedb(directory.path());
        // Without Python the separate checker, which takes its time, is left to the tests below.
        command.args(["demo", "--path", "demo", "--json"]).args(extra).env("PATH", directory.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let facts = run(&[]);
    assert_eq!(facts["imports"][0]["imported"], 14_061);
    assert_eq!(facts["imports"][1]["imported"], 14_743);
    assert_eq!(facts["diff"]["added"], 2_513);
    assert_eq!(facts["diff"]["other_version"], 10_593);
    assert_ne!(facts["package"]["before"]["document"]["version"], facts["package"]["after"]["document"]["version"]);
    assert!(facts["depends"][0]["two_steps"].as_u64() > facts["depends"][0]["direct"].as_u64());
    assert_eq!(facts["verify"]["ok"], true);
    assert_eq!(facts["proof"]["checked"]["signature"], "verified");
    // Going on with it imports nothing twice, and leads to the same state.
    let again = run(&["--keep"]);
    assert_eq!(again["imports"][0]["imported"], 0);
    assert_eq!(again["head"], facts["head"]);
    assert_eq!(again["diff"]["other_version"], facts["diff"]["other_version"]);
}

#[test]
fn the_demo_on_whole_releases_prints_rates_and_where_the_files_are() {
    let directory = Directory::new();
    let dir = directory.path();
    fs::create_dir(dir.join("releases")).unwrap();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    for release in ["bookworm", "trixie"] {
        let copy = dir.join(format!("releases/debian-{release}.ndjson.zst"));
        fs::copy(bundled.join(format!("{release}.ndjson.zst")), copy).unwrap();
    }
    let output = nedb(dir).args(["demo", "--data", "releases", "--path", "shown"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let line = |begin: &str| {
        let mut lines = text.lines().map(str::trim).filter(|line| line.starts_with(begin));
        lines.next().unwrap_or_else(|| panic!("no line begins with {begin:?}:\n{text}")).to_owned()
    };
    for release in ["bookworm  14,061 packages", "trixie    14,743 packages"] {
        let rates = line(release);
        let per_second = |unit: &str| {
            let word = rates.split(unit).next().unwrap().rsplit(' ').next().unwrap().replace(',', "");
            assert!(rates.contains(unit) && word.parse::<u64>().unwrap() > 0, "{rates}");
        };
        per_second(" packages/s");
        per_second(" operations/s");
    }
    assert!(line("anchored (size ").contains("derived state rebuilt and compared"));
    assert!(line("python3 tools/nedb_check.py verify").contains("ok"));
    assert!(line("python3 tools/nedb_check.py proof").contains("ok"));
    let files = line("shown  ");
    assert!(files.contains("log ") && files.contains("index ") && files.contains("iB"), "{files}");
    // The commands to go on with can be typed as they stand.
    let next = text.lines().find_map(|line| line.split_once(" get ")).expect("a command to go on with").1;
    let then = nedb(dir).arg("get").args(next.split(' ')).output().unwrap();
    let document: Value = serde_json::from_slice(&then.stdout).unwrap();
    assert_eq!(document["release"], "bookworm");
}

#[test]
fn the_demo_has_the_separate_checker_agree_or_says_that_it_was_left_out() {
    let directory = Directory::new();
    let dir = directory.path();
    small_releases(dir, 3);
    let demo = |extra: &[&str], path: &OsStr| {
        let mut command = nedb(dir);
        command.args(["demo", "--data", "data", "--path", "demo", "--package", "0"]).args(extra).env("PATH", path);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let checker = |path: &OsStr| serde_json::from_str::<Value>(&demo(&["--json"], path)).unwrap()["checker"].clone();
    // Python 3 is needed to work on this repository, so that a check which did not happen is a failure here.
    let agreed = checker(&std::env::var_os("PATH").unwrap());
    assert_eq!((&agreed["verify"], &agreed["proof"]), (&"ok".into(), &"ok".into()), "{agreed}");
    assert_eq!(checker(dir.as_os_str()), Value::Null);
    assert!(demo(&[], dir.as_os_str()).contains("\n   python3 is not on the PATH: skipped\n"));
}

#[test]
fn a_directory_that_no_demo_made_is_left_alone() {
    let directory = Directory::new();
    fs::write(directory.path().join("mine.txt"), "precious").unwrap();
    let output = nedb(directory.path()).args(["demo", "--path", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(73));
    assert_eq!(fs::read_to_string(directory.path().join("mine.txt")).unwrap(), "precious");
}

/// Two releases of so many packages, named by their numbers, as the folder `data`.
pub fn small_releases(dir: &Path, packages: u32) {
    fs::create_dir(dir.join("data")).unwrap();
    for release in ["bookworm", "trixie"] {
        let record = |number| format!(r#"{{"id":"{number}","version":"{release}","depends":["{}"]}}"#, number / 2);
        let text: Vec<String> = (0..packages).map(record).collect();
        let packed = zstd::encode_all(text.join("\n").as_bytes(), 1).unwrap();
        fs::write(dir.join(format!("data/debian-{release}.ndjson.zst")), packed).unwrap();
    }
}
