//! References to variables, in whatever dialect a text has them.

/// The names that a text refers to, with their lines, counted from 1: `${NAME}`, `${env.NAME}`, `%NAME%`, `$(NAME)` and others.
pub fn in_text(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut rest = line;
        while let Some(at) = rest.find(['$', '%']) {
            rest = &rest[at + 1..];
            let name = rest.trim_start_matches(['{', '(']);
            let name = name.strip_prefix("env.").unwrap_or(name);
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
            if end > 0 {
                found.push((name[..end].to_owned(), index + 1));
            }
        }
    }
    found
}
