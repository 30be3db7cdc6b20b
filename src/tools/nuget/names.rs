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
        } else {
            let digits = if code > 0xffff { 8 } else { 4 };
            result.extend(["_x", &format!("{code:0digits$X}"), "_"]);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_written_the_way_of_dotnet() {
        for (name, element) in [
            ("contoso", "contoso"),
            ("My Feed", "My_x0020_Feed"),
            ("1st", "_x0031_st"),
            ("-a", "_x002D_a"),
            ("a-b.c_d", "a-b.c_d"),
            ("at@feed/x", "at_x0040_feed_x002F_x"),
            ("a:b", "a_x003A_b"),
            ("ä", "_x00E4_"),
            ("😀", "_x0001F600_"),
            ("<&>\"'%;]", "_x003C__x0026__x003E__x0022__x0027__x0025__x003B__x005D_"),
            ("_", "_"),
            ("a_x", "a_x"),
        ] {
            assert!(can_be_element(name), "{name}");
            assert_eq!(encoded(name), element);
            assert_eq!(decoded(element), name);
        }
    }

    #[test]
    fn names_that_look_like_escapes_or_hold_controls_are_none() {
        for name in ["a_x0041_b", "_x0001F600_", "", " ", "a\nb", "a\0"] {
            assert!(!can_be_element(name), "{name:?}");
        }
        assert_eq!(decoded("_x004a_x0041_x0020_"), "Jx0041 ");
    }

    proptest! {
        #[test]
        fn every_name_comes_back_and_is_plain_ascii(name in "\\PC{1,12}") {
            prop_assume!(can_be_element(&name));
            let element = encoded(&name);
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            prop_assert!(element.bytes().all(plain));
            prop_assert_eq!(decoded(&element), name.clone());
            prop_assert_eq!(decoded(&decoded(&element)), name);
        }
    }
}
