//! Words that people mistype: the nearest known word, and a form of any word that is safe to show.
//!
//! Apart from its callers because the command line and the environment make the same mistakes.

/// Changed letters up to which a word still counts as mistyped: `prot` for `port` swaps two letters, which are two changes.
const CHANGES_MAX: usize = 2;

/// Characters of a word that a message repeats; longer ones are cut, so that a message stays one line.
const SHOWN_CHARS_MAX: usize = 80;

/// The known word nearest to `word`, if it is near enough to have been meant. The first one wins among equals.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        // The cheap look at the lengths also bounds the work that a very long argument could cause.
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= CHANGES_MAX)
        .map(|candidate| (changes(word.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(count, _)| *count <= CHANGES_MAX)
        .min_by_key(|(count, _)| *count)
        .map(|(_, candidate)| candidate)
}

/// `word` for a message of one line: control characters escaped, the end cut if it is long.
pub(crate) fn shown(word: &str) -> String {
    let mut text = String::new();
    for (count, letter) in word.chars().enumerate() {
        if count == SHOWN_CHARS_MAX {
            text.push('…');
            break;
        }
        if letter.is_control() {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    text
}

/// Bytes to insert, remove or replace to make `from` into `to`.
///
/// # Source
/// Levenshtein's distance, by the customary table of which only one row is kept.
fn changes(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_up_to_two_changes() {
        let known = ["--port", "--host", "--json"];
        for (word, expected) in [
            ("--port", Some("--port")),
            ("--prot", Some("--port")),
            ("--por", Some("--port")),
            ("--hosts", Some("--host")),
            ("--json!!", Some("--json")),
            ("--json!!!", None),
            ("", None),
            ("--colour", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }

    #[test]
    fn a_shown_word_is_one_line_of_bounded_length() {
        assert_eq!(shown("a\nb\u{1b}c"), "a\\nb\\u{1b}c");
        assert_eq!(shown("ä€"), "ä€");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 81);
    }
}
