//! The search for references: a name that stands in any text in a plain dialect is found, on its own line.

#![no_main]

use ado_entra_auth::edit::references::{each, in_text};
use libfuzzer_sys::fuzz_target;

const NAME: &str = "ADO_ENTRA_AUTH_X1";

fuzz_target!(|input: (&str, u8, &str)| {
    let (before, dialect, behind) = input;
    let (open, close) =
        [("${", "}"), ("${env.", "}"), ("${", "?}"), ("${", ":-x}"), ("$(", ")"), ("$Env:", "/"), ("$", "/")]
            [usize::from(dialect) % 7];
    // On a line of its own, with nothing open that would swallow it.
    let text = format!("{before}\n \n{open}{NAME}{close}{behind}");
    let found = in_text(&text);
    let bytes = before.as_bytes();
    let lone =
        |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1).is_none_or(|&next| next != b'\n'));
    let carriage_joins = usize::from(before.ends_with('\r'));
    let line = (0..bytes.len()).filter(|&at| lone(at)).count() + 3 - carriage_joins;
    if !before.contains("ADO") {
        let first = found.iter().find(|(name, _)| name == NAME).map(|(_, line)| *line);
        // What is open before may hold the name as well.
        let is_exact = !before.contains(['$', '%', '\\', '&', '<']);
        let is_right = first.is_some_and(|first| first == line || (first < line && !is_exact));
        assert!(is_right, "line {first:?} instead of {line} of {text:?}");
    }
    let mut count = 0_usize;
    each(&text, |name, line| {
        assert!(!name.is_empty() && line >= 1);
        count += 1;
    });
    assert!(count <= 200 * (text.len() + 1), "{count} of {}", text.len());
});
