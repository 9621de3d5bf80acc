//! Guesses what was meant by a misspelt word.

/// Most single changes between a word and the keyword that may have been meant.
const CHANGES_MAX: usize = 2;

/// Returns the question for the nearest of some keywords, if one is near.
pub(crate) fn nearest(word: &str, keywords: &[&str]) -> Option<String> {
    nearest_word(word, keywords).map(|keyword| format!("did you mean {keyword}?"))
}

/// Returns the nearest of some known words, whatever their case, if one is near enough to be meant.
///
/// # Examples
///
/// ```
/// use nedb_nql::nearest_word;
///
/// assert_eq!(nearest_word("tabels", &["tables", "timer"]), Some("tables"));
/// assert_eq!(nearest_word("xyz", &["tables", "timer"]), None);
/// ```
pub fn nearest_word<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let upper = word.to_uppercase();
    if upper.len() > 2 * known.iter().map(|word| word.len()).max()? {
        return None;
    }
    let (changes, near) = known.iter().map(|known| (distance(&upper, &known.to_uppercase()), *known)).min()?;
    // Two changes would turn any short word into any other.
    (changes <= CHANGES_MAX && changes * 2 < near.len()).then_some(near)
}

/// Counts the insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (row, letter) in left.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&above, column) + usize::from(letter != *other);
            let mut best = replaced.min(at(&above, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = column.checked_sub(1).filter(|_| left_before == Some(*other));
            if let Some(before) = swapped.filter(|before| right.get(*before) == Some(&letter)) {
                best = best.min(at(&two_above, before) + 1);
            }
            current.push(best);
        }
        two_above = std::mem::replace(&mut above, current);
        left_before = Some(letter);
    }
    above.last().copied().unwrap_or_default()
}
