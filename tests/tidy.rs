//! Which room may import which: one direction of flow, no circles. ARCHITECTURE.md shows the same table to people.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads the sources")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A room of `src/`, and the rooms that its code may import. Tests may import more: they set up what they look at.
const ROOMS: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("diagnosis", &[]),
    ("edit", &[]),
    ("disk", &["kernel"]),
    ("process", &["kernel"]),
    ("http", &["kernel", "diagnosis", "disk"]),
    ("host", &["kernel"]),
    ("azure_devops", &["kernel", "diagnosis", "http"]),
    ("reach", &["kernel", "azure_devops"]),
    ("identity", &["kernel", "diagnosis", "disk", "http", "azure_devops", "reach"]),
    ("plan", &["kernel", "edit", "azure_devops", "host", "reach"]),
    ("tools", &["kernel", "diagnosis", "edit", "azure_devops", "host", "reach", "plan"]),
    ("survey", &["kernel", "azure_devops", "host", "reach", "plan", "tools"]),
    ("helper", &["kernel", "diagnosis", "disk", "azure_devops"]),
    ("agent", &["kernel", "diagnosis", "disk", "http", "azure_devops", "identity", "host", "reach", "plan", "tools"]),
    ("apply", &["kernel", "diagnosis", "disk", "process", "edit", "identity", "reach", "plan", "helper", "agent"]),
    ("renewal", &["kernel", "diagnosis", "disk", "process", "http", "identity", "helper", "apply"]),
    ("cli", &["kernel", "identity"]),
    (
        "commands",
        &[
            "kernel",
            "diagnosis",
            "disk",
            "process",
            "edit",
            "http",
            "azure_devops",
            "identity",
            "host",
            "reach",
            "plan",
            "tools",
            "survey",
            "helper",
            "agent",
            "apply",
            "renewal",
            "cli",
        ],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// A file's text without comments and the insides of strings and characters, in which any word may stand.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest, bare.chars().next_back());
        if length == 0 {
            bare.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            bare.push(' ');
            rest = &rest[length..];
        }
    }
    bare
}

/// How long the comment, string or character is with which `rest` begins; 0 where it begins with none.
fn skipped(rest: &str, before: Option<char>) -> usize {
    let until = |end: &str| rest[1..].find(end).map_or(rest.len(), |at| 1 + at + end.len());
    let is_in_word = before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/");
    }
    let raw = rest.strip_prefix('r').filter(|_| !is_in_word || before == Some('b'));
    if let Some(raw) = raw.filter(|raw| raw.trim_start_matches('#').starts_with('"')) {
        let hashes = &raw[..raw.find('"').unwrap()];
        let inside = 2 + hashes.len();
        let end = format!("\"{hashes}");
        return rest[inside..].find(&end).map_or(rest.len(), |at| inside + at + end.len());
    }
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let Some(quote) = quote else { return 0 };
    // A lifetime has no quote behind its first character.
    let mut characters = rest.char_indices().skip(1);
    if quote == '\'' && !rest[1..].starts_with('\\') && rest.chars().nth(2) != Some('\'') {
        return 0;
    }
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => _ = characters.next(),
            end if end == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Bare code without the items that only tests have.
fn without_tests(bare: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut code = String::new();
    let mut rest = bare;
    while let Some(at) = rest.find(MARK) {
        code.push_str(&rest[..at]);
        rest = &rest[at + MARK.len()..];
        let mut depth = 0;
        let end = rest.char_indices().find(|(_, character)| {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0 && matches!(character, '}' | ';')
        });
        rest = &rest[end.map_or(rest.len(), |(at, _)| at + 1)..];
    }
    code + rest
}

/// The code of a file without its tests, which stand in it or in files of their own.
fn code(path: &Path) -> Option<String> {
    let is_test = path.components().any(|part| {
        let part = part.as_os_str().to_str().unwrap();
        matches!(part, "tests" | "tests.rs" | "testing.rs") || part.ends_with("_tests.rs")
    });
    (!is_test).then(|| without_tests(&bare(&fs::read_to_string(path).unwrap())))
}

/// The words and marks of bare code; `::` is one of them.
fn tokens(bare: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = bare.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = match word {
            0 if rest.starts_with("::") => 2,
            0 => first.len_utf8(),
            word => word,
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// The rooms that bare code of a module at this depth (1 for a room itself) names: in imports, in groups of them, and in paths.
fn imports(bare: &str, depth: usize) -> BTreeSet<String> {
    let tokens = tokens(bare);
    let mut found = BTreeSet::new();
    let mut supers = 0;
    for (at, token) in tokens.iter().enumerate() {
        let (before, after) = (at.checked_sub(1).map(|at| tokens[at]), &tokens[at + 1..]);
        // As many steps up as the module is deep lead to the root, too.
        supers = match *token {
            "super" if before == Some("::") => supers + 1,
            "super" => 1,
            "::" => supers,
            _ => 0,
        };
        let is_root = *token == "crate" || *token == "super" && supers == depth;
        match after {
            ["::", "{", group @ ..] if is_root => found.extend(heads(group)),
            ["::", "super", ..] => {}
            ["::", word, ..] if is_root => _ = found.insert((*word).to_owned()),
            // The root under another name would hide what is imported.
            ["as", ..] if is_root => _ = found.insert("as".to_owned()),
            _ => {}
        }
    }
    found
}

/// The first word of each path in a group of imports, which begins behind its brace.
fn heads(group: &[&str]) -> Vec<String> {
    let mut heads = Vec::new();
    let (mut depth, mut is_first) = (1, true);
    for token in group {
        match *token {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => is_first = true,
            word if is_first && depth == 1 => {
                heads.push(word.to_owned());
                is_first = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// The plain strings of a file outside its tests, as they are at run time but for escapes of single characters.
fn strings(text: &str) -> Vec<String> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let (mut strings, mut rest, mut before) = (Vec::new(), &text[..end], None);
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest, before).max(first.len_utf8());
        if let Some(string) = rest[..length].strip_prefix('"') {
            // A line that ends in a backslash goes on with the first letter of the next.
            let mut lines = string.trim_end_matches('"').split("\\\n");
            let first = lines.next().unwrap_or_default().to_owned();
            strings.push(lines.fold(first, |whole, line| whole + line.trim_start()).replace("\\n", "\n"));
        }
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    strings
}

/// What is wrong with the sentences of a text for users; CONTRIBUTING.md says how they should be.
fn hard_to_read(text: &str) -> Option<String> {
    let ends = |part: &str| part.split_inclusive([' ', '\n']).map(str::to_owned).collect::<Vec<_>>();
    let mut sentence: Vec<String> = Vec::new();
    for word in ends(text).into_iter().chain([String::new()]) {
        let is_end = word.is_empty() || word.ends_with('\n') || word.trim_end().ends_with(['.', '?', '!']);
        sentence.extend(Some(word.trim().to_owned()).filter(|word| !word.is_empty()));
        if is_end {
            let opens =
                sentence.first().is_some_and(|word| matches!(word.trim_end_matches(['?', ',', ':']), "What" | "Who"));
            if opens || sentence.len() > 30 {
                return Some(sentence.join(" "));
            }
            sentence.clear();
        }
    }
    None
}

#[test]
fn what_users_read_is_said_in_short_sentences() {
    let thirty = ["word"; 30].join(" ");
    assert_eq!(hard_to_read(&format!("{thirty}. {thirty}")), None);
    assert!(hard_to_read(&format!("Short. {thirty} more.")).is_some_and(|sentence| sentence.starts_with("word")));
    assert!(
        hard_to_read("Short.\nWhat is it").is_some()
            && hard_to_read("Who? I.").is_some()
            && hard_to_read("Whose?").is_none()
    );
    assert_eq!(strings("f(\"a \\\n   b\\nc\", 'x', \"\") // \"d\"\n#[cfg(test)]\nmod tests { \"e\" }"), ["a b\nc", ""]);

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut found = Vec::new();
    for path in files.iter().filter(|path| code(path).is_some()) {
        let hard = strings(&fs::read_to_string(path).unwrap()).into_iter().filter_map(|text| hard_to_read(&text));
        found.extend(hard.map(|sentence| format!("{}: {sentence}", path.strip_prefix(&root).unwrap().display())));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_way_of_naming_a_room_is_seen() {
    for (text, rooms) in [
        ("use crate::a;", "a"),
        ("pub(crate) use crate::a::{b, c};", "a"),
        ("use crate::{a, b::c};", "a b"),
        ("use crate::{\n    a::{b, c::{d}},\n    e::*,\n};", "a e"),
        ("use crate :: a;", "a"),
        ("fn f() -> crate::a::B { crate::c::d::<crate::e::F>(crate::g!()) }", "a c e g"),
        ("use crate::*;", "*"),
        ("use crate::{self as root, a};", "a self"),
        ("use crate as root;", "as"),
        ("use super::super::a; use super::b;", "a"),
        ("super::super::{a::b, c}", "a c"),
        ("super::super::super::a", ""),
        ("// use crate::a;\n/* crate::b */ /// [`crate::c`]\n#[doc = \"crate::d\"] fn f<'a>(x: &'a str) {}", ""),
        (r##"let x = ("\" crate::a", r#"crate::b "x" "#, '"', b'\'', '\\'); crate::c"##, "c"),
        ("#[cfg(test)]\nmod tests { use crate::a; fn f() {} }\nuse crate::b;", "b"),
        ("#[cfg(test)]\n#[allow(x)]\nmod tests;\nuse crate::b;", "b"),
        ("let microcrate::a = b; pub(crate) fn f() {}", ""),
    ] {
        let found: Vec<String> = imports(&without_tests(&bare(text)), 2).into_iter().collect();
        assert_eq!(found.join(" "), rooms, "{text}");
    }
}

#[test]
fn rooms_import_only_what_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    // The commands may import everything, and need not.
    let pairs = ROOMS.iter().filter(|(room, _)| *room != "commands");
    let pairs = pairs.flat_map(|(room, may)| may.iter().map(|other| ((*room).to_owned(), (*other).to_owned())));
    let mut unused: BTreeSet<(String, String)> = pairs.collect();
    let mut looked_at = BTreeSet::new();
    let mut forbidden = Vec::new();
    for path in files {
        let below = path.strip_prefix(&root).unwrap();
        let own = below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if matches!(own.as_str(), "main" | "lib") {
            continue;
        }
        let may = allowed.get(own.as_str()).unwrap_or_else(|| panic!("{own} is not in the table"));
        looked_at.insert(own.clone());
        let root_files = usize::from(path.ends_with("mod.rs"));
        let depth = below.components().count() - root_files;
        for other in code(&path).map(|code| imports(&code, depth)).unwrap_or_default() {
            unused.remove(&(own.clone(), other.clone()));
            if other != own && !may.contains(&other.as_str()) {
                forbidden.push(format!("{} imports {other}", below.display()));
            }
        }
    }
    assert!(forbidden.is_empty(), "{forbidden:#?}");
    assert!(unused.is_empty(), "the table permits what no code imports: {unused:?}");
    assert_eq!(looked_at.len(), ROOMS.len(), "a room of the table is not there");
}

/// A table without circles is one that can be put in an order: here the order in which it is written.
#[test]
fn the_table_has_no_circles() {
    for (position, (room, may)) in ROOMS.iter().enumerate() {
        for other in *may {
            assert!(
                ROOMS[..position].iter().any(|(earlier, _)| earlier == other),
                "{room} imports {other}, which comes later"
            );
        }
    }
}

/// A module with files of its own has its root among them, so that a folder shows all of it.
#[test]
fn roots_of_modules_lie_in_their_folders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for place in ["src", "emulator/src", "tests"] {
        sources(&root.join(place), &mut files);
    }
    files.retain(|path| path.with_extension("").is_dir());
    assert!(files.is_empty(), "each belongs into its folder, as mod.rs: {files:#?}");
}
