//! Names of sources as names of XML elements, the way .NET's `XmlConvert` has it: a blank is `_x0020_`.

/// Whether a name survives as an element's. One that looks like an escape itself does not: nuget.exe 5.8 undoes escapes twice,
/// so that credentials for `a_x0041_` would be those for `aA`.
pub fn can_be_element(name: &str) -> bool {
    !name.trim().is_empty()
        && !name.chars().any(char::is_control)
        && (0..name.len()).all(|at| escape(name, at).is_none())
}

/// The element's name.
pub fn encoded(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    for character in name.chars() {
        let inner = character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
        let first = character.is_ascii_alphabetic() || character == '_';
        let code = u32::from(character);
        if first || inner && !result.is_empty() {
            result.push(character);
        } else if code > 0xffff {
            result.push_str(&format!("_x{code:08X}_"));
        } else {
            result.push_str(&format!("_x{code:04X}_"));
        }
    }
    result
}

/// The source's name that an element stands for.
pub fn decoded(element: &str) -> String {
    let mut result = String::with_capacity(element.len());
    let mut at = 0;
    while let Some(next) = element[at..].chars().next() {
        if let Some((character, length)) = escape(element, at) {
            result.push(character);
            at += length;
        } else {
            result.push(next);
            at += next.len_utf8();
        }
    }
    result
}

/// The character of an escape at a position, and the escape's length.
fn escape(text: &str, at: usize) -> Option<(char, usize)> {
    let rest = text.get(at..)?.strip_prefix("_x")?;
    [4, 8].into_iter().find_map(|digits| {
        let hex = rest.get(..digits).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let character = char::from_u32(u32::from_str_radix(hex, 16).ok()?)?;
        rest[digits..].starts_with('_').then_some((character, digits + 3))
    })
}
