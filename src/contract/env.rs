//! `${ENV}`: texts of a system file that are filled in where the program runs.

/// Why a text could not be filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EnvFault {
    /// The variable has no value.
    Missing(String),
    /// A `$` that begins neither `${NAME}` nor `$$`.
    Stray,
}

/// Replaces each `${NAME}` by the variable's value and `$$` by `$`.
///
/// *Errors*: every variable that is missing, and each stray `$`; values are never part of a fault.
pub(super) fn fill(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, Vec<EnvFault>> {
    let mut filled = String::new();
    let mut faults = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            filled.push('$');
            rest = after;
            continue;
        }
        let name = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        match name {
            Some((name, after)) if is_variable(name) => {
                match lookup(name) {
                    Some(value) => filled.push_str(&value),
                    None => faults.push(EnvFault::Missing(name.to_owned())),
                }
                rest = after;
            }
            _ => faults.push(EnvFault::Stray),
        }
    }
    filled.push_str(rest);
    if faults.is_empty() { Ok(filled) } else { Err(faults) }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_the_missing_ones_named() {
        let lookup = |name: &str| (name == "HOST").then(|| "db.local".to_owned());
        assert_eq!(fill("postgres://${HOST}/a$$b", &lookup).unwrap(), "postgres://db.local/a$b");
        assert_eq!(
            fill("${USER_NAME}@${HOST}/$x", &lookup).unwrap_err(),
            [EnvFault::Missing("USER_NAME".to_owned()), EnvFault::Stray]
        );
    }
}
