//! Names with wildcards: which files are meant, and what a last line says. Pure.
//!
//! `*` stands for any characters and `?` for one.

/// Longer lines are no last lines; it also bounds how long matching one can take.
const FOOTER_BYTES_MAX: usize = 4096;

/// Returns what each wildcard stands for in a name; `None` where the name is not meant.
pub fn captures<'n>(glob: &str, name: &'n str) -> Option<Vec<&'n str>> {
    let mut found = Vec::new();
    matched(glob, name, &mut found).then_some(found)
}

fn matched<'n>(glob: &str, name: &'n str, found: &mut Vec<&'n str>) -> bool {
    let Some(at) = glob.find(['*', '?']) else { return glob == name };
    let Some(name) = name.strip_prefix(&glob[..at]) else { return false };
    let rest = &glob[at + 1..];
    let mut ends = name.char_indices().map(|(end, _)| end).chain([name.len()]);
    if glob[at..].starts_with('?') {
        let Some(end) = ends.nth(1) else { return false };
        found.push(&name[..end]);
        return matched(rest, &name[end..], found) || found.pop().is_none();
    }
    ends.any(|end| {
        found.push(&name[..end]);
        matched(rest, &name[end..], found) || found.pop().is_none()
    })
}

/// Puts what wildcards stand for in their place.
pub fn filled(glob: &str, captures: &[&str]) -> String {
    let mut captures = captures.iter();
    let mut name = String::new();
    for character in glob.chars() {
        match character {
            '*' | '?' => name.push_str(captures.next().copied().unwrap_or_default()),
            other => name.push(other),
        }
    }
    name
}

/// Reads a last line; returns how many rows it says there are, where it says that, or `None` where it is not such a line.
pub fn footer(pattern: &str, line: &str) -> Option<Option<u64>> {
    if line.len() > FOOTER_BYTES_MAX {
        return None;
    }
    let Some((before, after)) = pattern.split_once("{rows}") else { return captures(pattern, line).map(|_| None) };
    let bytes = line.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let starts = (0..bytes.len()).filter(|&at| is_digit(at) && !(at > 0 && is_digit(at - 1)));
    starts.into_iter().find_map(|start| {
        let end = (start..).find(|&at| !is_digit(at))?;
        let fits = captures(before, &line[..start]).is_some() && captures(after, &line[end..]).is_some();
        fits.then(|| line[start..end].parse().ok().map(Some))?
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_tell_what_they_stand_for() {
        assert_eq!(captures("prices-*.csv", "prices-20261123.csv"), Some(vec!["20261123"]));
        assert_eq!(captures("*-?.csv", "a-b-c.csv"), Some(vec!["a-b", "c"]));
        assert_eq!(captures("prices.csv", "prices.csv"), Some(vec![]));
        for name in ["prices-1.csv.tmp", "Prices-1.csv", "prices-1.cs", ""] {
            assert_eq!(captures("prices-*.csv", name), None, "{name}");
        }
        assert_eq!(filled("lines-*.csv", &["20261123"]), "lines-20261123.csv");
    }

    #[test]
    fn a_last_line_says_how_many_rows_there_are() {
        assert_eq!(footer("T;*;{rows}", "T;2026-11-23;42"), Some(Some(42)));
        assert_eq!(footer("END {rows} rows", "END 7 rows"), Some(Some(7)));
        assert_eq!(footer("END*", "END OF FILE"), Some(None));
        assert_eq!(footer("T;{rows}", "T;4x"), None);
        assert_eq!(footer("T;{rows}", "A-100;12.50"), None);
    }

    proptest! {
        #[test]
        fn any_name_and_line_are_read(glob in "[a*?]{0,8}", name in "[ab]{0,12}", line in ".{0,40}") {
            if let Some(captures) = captures(&glob, &name) {
                prop_assert_eq!(filled(&glob, &captures), name);
            }
            let _ = footer("T;*;{rows}", &line);
        }
    }
}
