//! Names of the float graph as captures and the statement use them.

/// The name that captures and the statement use for an input or output of a file: in `[a-z0-9_./-]`.
#[must_use]
pub fn capture_name(name: &str) -> String {
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '.' | '/' | '-');
    name.chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if allowed(c) { c } else { '_' })
        .collect()
}
