//! The scripts that complete command lines: each names every verb, and a shell completes with them.

use std::{fs, path::Path, process::Command};

use crate::{
    every_verb::verbs_of_help,
    script::{Directory, nedb},
};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

fn script_for(dir: &Path, shell: &str) -> String {
    let output = nedb(dir).args(["completions", shell]).output().unwrap();
    assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_completions_of_each_shell_name_every_verb() {
    let directory = Directory::new();
    let verbs = verbs_of_help(directory.path(), &[]);
    assert!(verbs.len() >= 30, "{verbs:?}");
    for shell in SHELLS {
        let script = script_for(directory.path(), shell);
        for verb in &verbs {
            assert!(script.contains(verb.as_str()), "the completions for {shell} do not name {verb}");
        }
        for option in ["as-of", "on-error", "expect-head"] {
            assert!(script.contains(option), "the completions for {shell} do not name --{option}");
        }
    }
}

#[test]
fn a_shell_takes_its_completions_without_complaint() {
    let directory = Directory::new();
    let mut tried = Vec::new();
    for shell in ["bash", "zsh", "fish"] {
        let path = directory.path().join(shell);
        fs::write(&path, script_for(directory.path(), shell)).unwrap();
        match Command::new(shell).arg("-n").arg(&path).output() {
            Ok(output) => {
                assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
                tried.push(shell);
            }
            Err(error) => println!("skipped: {shell} is not at hand ({error})"),
        }
    }
    assert!(tried.contains(&"bash"), "bash must be there, as it is wherever this repository is worked on");
}

#[test]
fn bash_completes_verbs_options_and_their_values() {
    // As bash does it when somebody presses the tabulator key behind these words.
    const PRESS_TAB: &str = r#"
        source completions.bash
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        function=$(complete -p nedb) function=${function#*-F } function=${function%% *}
        "$function" nedb "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        echo "${COMPREPLY[*]}"
    "#;
    let directory = Directory::new();
    let dir = directory.path();
    fs::write(dir.join("completions.bash"), script_for(dir, "bash")).unwrap();
    let complete = |words: &[&str]| {
        let mut bash = Command::new("bash");
        let output = bash.current_dir(dir).args(["-c", PRESS_TAB, "bash"]).args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete(&["nedb", "ver"]), "verify verify-proof");
    assert_eq!(complete(&["nedb", "verify", "--de"]), "--deep");
    assert_eq!(complete(&["nedb", "index", "dr"]), "drop");
    assert_eq!(complete(&["nedb", "import", "--on-error", "sk"]), "skip");
    assert_eq!(complete(&["nedb", "completions", "z"]), "zsh");
}
