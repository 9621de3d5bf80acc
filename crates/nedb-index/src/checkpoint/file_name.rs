//! Names of the files in the index directory.
//!
//! Promises: only names of these forms are written, read or removed, so that foreign files stay and a name read from
//! a checkpoint cannot lead out of the directory.

/// How names of part files begin and end.
pub(crate) const PART: (&str, &str) = ("part-", ".part");
const CHECKPOINT: (&str, &str) = ("checkpoint-", ".nck");
const RUNS: [(&str, &str); 3] = [
    ("keys-", crate::run::FILE_EXTENSION),
    ("slots-", crate::run::FILE_EXTENSION),
    ("temporal-", crate::run::FILE_EXTENSION),
];
const TEMPORARY: &str = ".tmp";
const HEX_DIGITS: usize = 16;

/// Returns the name of a generation's checkpoint.
pub(crate) fn checkpoint(generation: u64) -> String {
    format!("{}{generation:016x}{}", CHECKPOINT.0, CHECKPOINT.1)
}

/// Returns the name under which a checkpoint is written before it is complete.
pub(crate) fn temporary(generation: u64) -> String {
    checkpoint(generation) + TEMPORARY
}

/// Returns the generation of a checkpoint's name.
pub(crate) fn generation_of(name: &str) -> Option<u64> {
    number_between(name, CHECKPOINT)
}

/// Returns whether a name is that of a run or part file.
pub(crate) fn is_data(name: &str) -> bool {
    RUNS.into_iter().chain([PART]).any(|form| number_between(name, form).is_some())
}

/// Returns whether a name is that of a checkpoint that was never completed.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.strip_suffix(TEMPORARY).is_some_and(|name| generation_of(name).is_some())
}

fn number_between(name: &str, (prefix, suffix): (&str, &str)) -> Option<u64> {
    let digits = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_valid = digits.len() == HEX_DIGITS && digits.bytes().all(is_hex);
    u64::from_str_radix(digits, 16).ok().filter(|_| is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_are_recognised() {
        assert_eq!(generation_of(&checkpoint(0xabc)), Some(0xabc));
        assert!(is_temporary(&temporary(7)) && !is_temporary(&checkpoint(7)));
        assert!(is_data("keys-0123456789abcdef.run") && is_data("part-0123456789abcdef.part"));
        for foreign in
            ["keys-0123456789ABCDEF.run", "keys-+123456789abcdef.run", "../keys-0123456789abcdef.run", "x", ""]
        {
            assert!(!is_data(foreign), "{foreign}");
        }
    }
}
