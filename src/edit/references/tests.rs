use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const NAME: &str = "ADO_TOKEN";

/// The first line of each name.
fn references(text: &str) -> BTreeMap<String, usize> {
    in_text(text).unwrap().into_iter().rev().collect()
}

fn line_of(text: &str, name: &str) -> Option<usize> {
    references(text).into_iter().find(|(found, _)| may_mean(found, name)).map(|(_, line)| line)
}

#[test]
fn every_dialect_is_known() {
    for text in [
        "${ADO_TOKEN}",
        "${ADO_TOKEN?}",
        "${ADO_TOKEN-x}",
        "${ADO_TOKEN:-x}",
        "${ADO_TOKEN:+x}",
        "${X-${ADO_TOKEN}}",
        "${X:-ADO_TOKEN}",
        "${${ADO_TOKEN}",
        "${X${ADO_TOKEN}}",
        "${#ADO_TOKEN}",
        "${ADO_TOKEN//a/b}",
        "${env.ADO_TOKEN}",
        "${ENV.ADO_TOKEN}",
        "${env:ADO_TOKEN}",
        "${ ADO_TOKEN }",
        "\\${ADO_TOKEN}",
        "$ADO_TOKEN",
        "$$ADO_TOKEN/",
        "a$ADO_TOKEN.b",
        "$Env:ADO_TOKEN;",
        "$(ADO_TOKEN)",
        "$(variables.ADO_TOKEN)",
        "%ADO_TOKEN%",
        "100%%ADO_TOKEN%",
        "%ADO_TOKEN:~0,9%",
        "%X%ADO_TOKEN%",
    ] {
        assert_eq!(line_of(text, NAME), Some(1), "{text}");
        assert_eq!(line_of(&format!("${{\r\n%\n\"$\n{text}"), NAME), Some(4), "{text}");
    }
}

#[test]
fn names_may_be_written_otherwise() {
    for text in [
        r"${ADO_\u0054OKEN}",
        r"\u0024{ADO_TOKEN}",
        r"\x24\x7bADO_TOKEN\x7D",
        r"${ADO_\U00000054OKEN}",
        r#""'\"${ADO_\\u0054OKEN}\"'""#,
        "${ADO_\\\n   TOKEN}",
        "${ADO_\\\r\n\tTOKEN}",
        r"${ADO\_TOKEN}",
        "{env:ADO_TOKEN}",
        "{env:ADO_TOKEN:x}",
        "{env!s:ADO_TOKEN}",
        "{env:ADO_{env:X:TOKEN}}",
        "{env:ADO_{env:X}TOKEN}",
        "{args:{env:ADO_TOKEN}}",
        "{args:{env:ADO_TOKEN:\n}}",
        "{env:ADO_\\\n TOKEN}",
        "{root.x:{args:e}{args:nv}:ADO_TOKEN}",
        "{root.x:{matrix:x}:ADO_TOKEN}",
        "{env:ADO_{env_name}}",
        r"\u007benv:ADO_\u0054OKEN}",
        "${ADO_&#84;OKEN}",
        "&#x24;{ADO_&#x000000000000000000000000000000054;OKEN}",
        "${ADO_<!-- ${ -->TOKEN}",
        "${ADO_<?x }?>TOKEN}",
        "<![CDATA[${ADO_]]>TOKEN<![CDATA[}]]>",
        "<!DOCTYPE p [<!ENTITY t 'T&#79;&k;'><!ENTITY k \"KEN\">]>${ADO_&t;}",
        "&#37;ADO_TOKEN&#37;",
        "${env.ADO_\\u005&#52;OKEN}",
        "${ADO_${X?}TOKEN}",
        "${ADO_${X-TOKEN}}",
        "${ADO_${X-TO${Y-KEN}}}",
    ] {
        assert!(line_of(text, NAME).is_some(), "{text}: {:?}", references(text));
    }
}

#[test]
fn what_stands_for_a_variable_may_be_longer_than_a_name() {
    let long = "x".repeat(2_000);
    for text in [
        format!("${{ADO_TOKEN:-{long}}}"),
        format!("${{ADO_TOKEN-{long}}}"),
        format!("${{env.ADO_TOKEN:-{long}}}"),
        format!("%ADO_TOKEN:{long}=%"),
        format!("$(ADO_TOKEN {long})"),
        format!("{{env:ADO_TOKEN:{long}}}"),
    ] {
        assert_eq!(line_of(&text, NAME), Some(1), "{text:.40}");
    }
    assert_eq!(references(&format!("${{{long}}}")).keys().filter(|name| name.len() > 512).count(), 0);
}

#[test]
fn names_with_signs_are_whole() {
    let name = "NuGetPackageSourceCredentials_my-feed.a b";
    assert_eq!(line_of(&format!("{{env:{name}:x}}"), name), Some(1));
    for text in [format!("${{{name}}}"), format!("%{name}%"), format!("${{env.{name}:-x}}"), format!("$({name})")] {
        assert_eq!(line_of(&text, name), Some(1), "{text}");
    }
}

#[test]
fn what_refers_to_nothing_is_not_found() {
    for text in [
        "ADO_TOKEN",
        "$ ADO_TOKEN",
        "${ADO_TOKEN",
        "{ADO_TOKEN}",
        "{env:ADO_TOKEN",
        "{args:ADO_TOKEN}",
        "{env: X} ADO_TOKEN",
        "{\"env: x\",\nADO_TOKEN}",
        "$(ADO_TOKEN",
        "%ADO_TOKEN",
        "%ADO_TOKEN\n%",
        "100% of ADO_TOKEN is 5%",
        "$XADO_TOKEN",
        "${XADO_TOKEN}",
        "${ADO_TOKENX}",
        "$ADO_TOKEN1",
        "Env:ADO_TOKEN",
        "&#36;ADO_TOKE&#78",
        r"\u0024ADO_TOKEN0",
    ] {
        assert_eq!(line_of(text, NAME), None, "{text}");
    }
}

#[test]
fn what_nobody_knows_may_be_anything() {
    for (found, may) in [
        ("ado_token", true),
        ("ADO_\u{1}", true),
        ("\u{1}token", true),
        ("a\u{1}x\u{1}n", true),
        ("\u{1}", true),
        ("ADO_TOK\u{1}OKEN", false),
        ("X\u{1}", false),
        ("\u{1}X", false),
        ("ADO_TOKENS", false),
    ] {
        assert_eq!(may_mean(found, NAME), may, "{found}");
    }
}

#[test]
fn of_more_references_than_a_configuration_has_none_are_kept() {
    let lines = |count: usize| "$A\n".repeat(count);
    assert_eq!(in_text(&lines(MOST_REFERENCES)).unwrap().len(), MOST_REFERENCES);
    assert_eq!(in_text(&lines(MOST_REFERENCES + 1)), None);
    assert_eq!(in_text(&lines(3 * MOST_REFERENCES)), None);
    assert!(in_text(&"$A$A".repeat(MOST_REFERENCES)).is_some_and(|found| found.len() == 1));
}

#[test]
fn every_line_is_named_once() {
    let lines: Vec<_> = in_text("${A}\n\\${A}&#36;{A}\n\nA\n$A$A").unwrap();
    assert_eq!(lines, [1, 2, 5].map(|line| ("A".to_owned(), line)));
}

#[test]
fn lines_are_those_of_the_file() {
    let text = "a\r\n$A\r$B\n<!-- \n\n -->${C\\\n\n}\n&#10;$D\n{env:E}";
    let expected = [("A", 2), ("B", 3), ("C", 6), ("D", 9), ("E", 10)];
    let found = references(text);
    for (name, line) in expected {
        assert_eq!(found.get(name), Some(&line), "{found:?}");
    }
}

#[test]
fn hostile_texts_take_their_length_in_time() {
    let entity = format!("<!ENTITY e \"{}\">", "x".repeat(500));
    for unit in [
        "${",
        "${}",
        "${a-",
        "$(",
        "%",
        "%a",
        "$a",
        "$",
        "}",
        "${a}}",
        "\\",
        "\\\\",
        "\\u",
        "\\u005",
        "\\\n ",
        "&",
        "&#",
        "&#0",
        "&e;",
        "<!--",
        "<?",
        "<![CDATA[",
        "<!ENTITY",
        "<!ENTITY e '",
        "${a${b-",
        "-",
        "${-:?",
        "é",
        "$é",
        "{",
        "{env:",
        "{env:a}",
        "{env:a:{",
    ] {
        let text = entity.clone() + &unit.repeat(50_000 / unit.len());
        let start = Instant::now();
        let mut count = 0_usize;
        each(&text, |_, _| count += 1);
        assert!(start.elapsed() < Duration::from_secs(10), "{unit}: {:?}", start.elapsed());
        assert!(count < 250_000, "{unit}: {count}");
    }
}

/// What a name may stand in, and what is undone before a client sees it.
fn dressed() -> impl Strategy<Value = String> {
    let letter = |ways: usize, letter: char| match ways {
        0 => format!("\\u{:04x}", u32::from(letter)),
        1 => format!("\\x{:02X}", u32::from(letter)),
        2 => format!("&#{};", u32::from(letter)),
        3 => format!("&#x{:05X};", u32::from(letter)),
        4 => format!("<!---->{letter}"),
        5 => format!("\\\n {letter}"),
        _ => letter.to_string(),
    };
    let around = select(&[
        ("${", "}"),
        ("${", "?}"),
        ("${", ":-x}"),
        ("${env.", "}"),
        ("%", "%"),
        ("$", ";"),
        ("$Env:", "\""),
        ("$(", ")"),
        ("{env:", "}"),
    ]);
    (around, vec(0_usize..30, 24)).prop_map(move |((before, behind), ways)| {
        let name = format!("{before}{NAME}{behind}");
        let kind =
            |way: usize| if ways[23] % 2 == 0 { [6, 6, 2, 3, 4, 6][way % 6] } else { [0, 1, 5, 6, 6, 6][way % 6] };
        // A sign of the dialect may follow a letter that JSON would take for an escape's.
        name.chars().zip(&ways).map(|(character, &way)| letter(kind(way), character)).collect()
    })
}

proptest! {
    #[test]
    fn a_name_is_found_in_every_dress(
        dressed in dressed(),
        before in vec(select(&["${", "{", "}", "a", "\n", " ", "<", "\"", "=", "[x]\n", "; ", "$", "-"]), 0..6),
        behind in vec(select(&["${", "}", "a", "\n", "%", "\\", "&", "<!--", "-->"]), 0..6),
    ) {
        let text = before.concat() + &dressed + "\n" + &behind.concat();
        prop_assert!(line_of(&text, NAME).is_some(), "{}", text);
    }

    #[test]
    fn no_text_is_too_odd(pieces in vec(select(&["${", "}", "$(", ")", "%", "$", "\\", "\\u00", "&#", "&x;", ";", "<!--", "-->", "é", "\r", "\n", "-", "env:"]), 0..40)) {
        let text = pieces.concat();
        let last = text.lines().count() + text.matches('\r').count() + 1;
        prop_assert!(references(&text).into_iter().all(|(name, line)| !name.is_empty() && (1..=last).contains(&line)));
    }
}
