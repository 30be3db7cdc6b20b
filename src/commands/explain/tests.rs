//! What people paste, and what must be said of it.

use proptest::prelude::*;

use super::*;

/// A text, and what must come of it.
struct Case<'t> {
    name: &'t str,
    /// The row's name, or blank for silence.
    cause: &'t str,
    says: Vec<&'t str>,
    /// Whether the same text of another host is silence.
    is_of_its_host: bool,
    log: &'t str,
}

fn cases(file: &str) -> Vec<Case<'_>> {
    let case = |part| {
        let (head, log): (&str, &str) = str::split_once(part, "\n---\n").unwrap();
        let mut head = head.lines();
        let name = head.next().unwrap();
        let mut case = Case { name, cause: "", says: Vec::new(), is_of_its_host: false, log };
        for line in head {
            match line.split_once(':') {
                Some(("cause", named)) => case.cause = named.trim(),
                Some(("says", says)) => case.says.push(says.trim()),
                _ if line == "strange" => case.is_of_its_host = true,
                _ => panic!("{name}: {line}"),
            }
        }
        case
    };
    file.split("\n=== ").skip(1).map(case).collect()
}

/// What is shown of a text, and the cause's name.
fn shown(text: &str) -> (String, String) {
    match of_text(text) {
        Ok(answer) => (answer.name.clone(), show::as_text(&answer)),
        Err(error) => (String::new(), error.to_string()),
    }
}

fn check(file: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases(file) {
        let (name, text) = shown(case.log);
        let missing: Vec<&&str> = case.says.iter().filter(|says| !text.contains(**says)).collect();
        if name != case.cause || !missing.is_empty() {
            wrong.push(format!("{}: {name} in place of {}, without {missing:?}\n{text}", case.name, case.cause));
        }
        if case.is_of_its_host {
            let (name, text) = shown(
                &case
                    .log
                    .replace("pkgs.dev.azure.com", "registry.example.com")
                    .replace("dev.azure.com", "git.example.com"),
            );
            if !name.is_empty() {
                wrong.push(format!("{} of another host: {name}\n{text}", case.name));
            }
        }
    }
    wrong
}

#[test]
fn texts_of_public_threads_are_told_right_or_not_at_all() {
    let file = include_str!("../../../tests/cases/logs/field.txt");
    assert_eq!(cases(file).len(), 79);
    let wrong = check(file);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a reader of stdout could take for a command, or a terminal for one.
fn harms(shown: &str) -> bool {
    shown.contains("##") || shown.chars().any(|c| c.is_control() && c != '\n')
}

/// Bytes, with what the services and this program write strewn in.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let words = prop_oneof![
        Just(b"AADSTS700213: ".to_vec()),
        Just(b"AADSTS99999: x".to_vec()),
        Just(b"\"error_codes\":[".to_vec()),
        Just(b"X-TFS-ServiceError: %23%23vso%5b%0d%0a".to_vec()),
        Just(b"subject: 'sc://a/##vso[x]".to_vec()),
        Just(b"tenant '\x1b[31m".to_vec()),
        Just(b"troubleshooting: oidc-busy".to_vec()),
        Just("\\u0023\\u0023vso[\\u001b \u{85}\u{e9}".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(words, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_it_or_commands_anything(bytes in texts()) {
        match of_text(&String::from_utf8_lossy(&bytes)) {
            Ok(answer) => {
                prop_assert!(!harms(&show::as_text(&answer)));
                prop_assert!(!harms(&super::super::json(&show::as_json(&answer))));
            }
            Err(error) => prop_assert!(!harms(&error.to_string())),
        }
    }
}

#[test]
fn logs_of_other_matters_are_silence() {
    let file = include_str!("../../../tests/cases/logs/others.txt");
    assert!(cases(file).len() >= 200);
    let wrong = check(file);
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), cases(file).len(), wrong.join("\n"));
}

/// An error line somewhere, in so many bytes of ordinary lines.
fn long_log(bytes: usize, end: &str) -> String {
    let mut log = String::new();
    while log.len() < bytes {
        log += "2026-01-01T10:00:00.0000000Z an ordinary line of the build's log: added 401 packages in 9s\n";
    }
    log + end
}

#[test]
fn the_end_of_a_long_log_counts_as_its_beginning_does() {
    let end = "2026-01-01T10:00:00.0000000Z ##[section]Starting: npm ci\n##[error]TF401019: x\n";
    for bytes in [100_000, 500_000] {
        let log = long_log(bytes, end);
        let (name, text) = shown(&log);
        assert_eq!(name, "TF401019");
        let place = format!("line {}, in the step npm ci", log.lines().count());
        assert!(text.contains(&place), "{text}");
        assert_eq!(shown(&(end.to_owned() + &log[..bytes])).0, "TF401019");
    }
}

#[test]
fn a_line_of_any_length_is_read_to_its_end() {
    for before in [10, 8000, 8150, 8180, 8191, 8192, 100_000] {
        let line =
            format!("{} AADSTS700213: No match. Trace ID: 11111111-aaaa-4bbb-8ccc-000000000001", "x".repeat(before));
        let (name, text) = shown(&line);
        assert_eq!(name, "AADSTS700213", "{before}");
        assert!(text.contains("trace id       11111111-aaaa-4bbb-8ccc-000000000001"), "{before} {text}");
    }
}

/// What is shown of bytes in a file of this name, or of stdin.
fn of_bytes(name: Option<&str>, mut bytes: &[u8]) -> (String, String) {
    let mut lines = Lines::new();
    lines.any(name, &mut bytes).unwrap();
    match judged(lines) {
        Ok(answer) => (answer.name.clone(), show::as_text(&answer)),
        Err(error) => (String::new(), error.to_string()),
    }
}

#[test]
fn utf_16_is_read_with_its_mark_and_without() {
    let text = "Zeile 1 \u{1f600}\r\n##[error]AADSTS700213: x, subject 'sc://a/B\u{fc}ro/c'\r\n".repeat(2000);
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in
        [[b"\xff\xfe".as_slice(), &little].concat(), [b"\xfe\xff".as_slice(), &big].concat(), little.clone(), big]
    {
        let (name, text) = of_bytes(None, &bytes);
        assert_eq!(name, "AADSTS700213");
        assert!(text.contains("subject        sc://a/B\u{fc}ro/c\n") && text.contains("line 2\n"), "{text}");
    }
    // What ends within a letter is no trouble.
    assert_eq!(of_bytes(None, &little[..little.len() - 5]).0, "AADSTS700213");
    assert_eq!(of_bytes(None, b"\xff\xfeT\0\x3d\xd8x").0, "");
}

/// An archive of these files, stored or packed, with sizes before or behind each.
fn archive(files: &[(&str, &str)], packed: bool, behind: bool) -> Vec<u8> {
    let mut zip = Vec::new();
    for (name, text) in files {
        let data =
            if packed { miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6) } else { text.as_bytes().to_vec() };
        let size = u32::try_from(data.len()).unwrap().to_le_bytes();
        let known = if behind { [0; 4] } else { size };
        zip.extend(b"PK\x03\x04\x14\0");
        zip.extend([if behind { 8 } else { 0 }, 0, if packed { 8 } else { 0 }, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        zip.extend(known);
        zip.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        zip.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        zip.extend([0, 0]);
        zip.extend(name.as_bytes());
        zip.extend(data);
        if behind {
            zip.extend([b"PK\x07\x08\0\0\0\0".as_slice(), &size, &[0; 4]].concat());
        }
    }
    zip.extend(b"PK\x01\x02 the list of files");
    zip
}

#[test]
fn the_zip_of_a_run_is_read_whole() {
    let long = long_log(40_000, "the end\n");
    let files = [("1_Job.txt", &*long), ("Job/1_Init.txt", ""), ("Job/3_npm ci.txt", "x\n##[error]TF401019: x\n")];
    for (packed, behind) in [(true, false), (true, true), (false, false)] {
        let zip = archive(&files, packed, behind);
        let (name, text) = of_bytes(Some("logs.zip"), &zip);
        assert_eq!(name, "TF401019", "{packed} {behind} {text}");
        assert!(text.contains("Job/3_npm ci.txt, line 2\n") && !text.contains("not read: "), "{text}");
        // Nothing is cut without a word, and nothing breaks it.
        let end = zip.len() - b"PK\x01\x02 the list of files".len();
        for length in (4..end).step_by(end / 20).chain(end - 60..end) {
            let (_, text) = of_bytes(Some("logs.zip"), &zip[..length]);
            assert!(text.contains("not read: "), "{packed} {behind} {length} of {end}: {text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However lines of other matters follow one another, they accuse nothing for sure; and one error among them is found.
    #[test]
    fn lines_of_other_matters_stay_silent_in_any_mix(picks in proptest::collection::vec(any::<prop::sample::Index>(), 1..120), at in any::<prop::sample::Index>()) {
        let file = include_str!("../../../tests/cases/logs/others.txt");
        let lines: Vec<&str> = file.lines().filter(|line| !line.starts_with("=== ") && *line != "---").collect();
        let mut mixed: Vec<&str> = picks.iter().map(|pick| *pick.get(&lines)).collect();
        let (name, text) = shown(&mixed.join("\n"));
        // A client that names no host may be guessed at.
        prop_assert!(name.is_empty() || text.contains("why: This is a guess"), "{}", text);
        mixed.insert(at.index(mixed.len()), "##[error]AADSTS700213: No match for 'sc://a/b/c'. Trace ID: x");
        prop_assert_eq!(shown(&mixed.join("\n")).0, "AADSTS700213");
    }
}
