use proptest::prelude::*;

use super::*;
use crate::edit::text::{Text, splice};

fn text(body: &str) -> Text {
    Text::decode(body.as_bytes()).unwrap()
}

fn keys_and_values(text: &Text) -> Vec<(String, String)> {
    assignments(text).map(|found| (found.key, found.value)).collect()
}

fn check(bytes: &[u8], expected: &[(&str, &str)]) {
    let found = keys_and_values(&Text::decode(bytes).unwrap());
    let expected: Vec<_> = expected.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    assert_eq!(found, expected, "{}", bytes.escape_ascii());
}

#[test]
fn reads_as_npm_does() {
    check(
        b"; comment\r\n # too\r\nregistry = https://r.example/ ; tail\r\n@a:registry=\"https://a.example/\"\nflag\nca[]=x\n\
        pass=a\\;b\n[section]\nregistry=https://hidden.example/\n",
        &[
            ("registry", "https://r.example/"),
            ("@a:registry", "https://a.example/"),
            ("flag", "true"),
            ("ca", "x"),
            ("pass", "a;b"),
        ],
    );
}

#[test]
fn quotes_and_escapes_are_undone() {
    check(br#""@contoso:registry" = "https://a.example/""#, &[("@contoso:registry", "https://a.example/")]);
    check(br#"a="${ADO_\u0054OKEN}""#, &[("a", "${ADO_TOKEN}")]);
    check(br#"a='"${ADO_\u0054OKEN}"'"#, &[("a", "${ADO_TOKEN}")]);
    check(br"a='${ADO_\u0054OKEN}'", &[("a", r"${ADO_\u0054OKEN}")]);
    check(br#"a="x"y"#, &[("a", "\"x\"y")]);
    check(br#"a="\x""#, &[("a", r#""\x""#)]);
    check(b"'a=b'=c", &[("'a", "b'=c")]);
    check(b"'=x\n\"=y", &[("", "x"), ("\"", "y")]);
    check(br"a\;b\#c\d\\=e\", &[(r"a;b#c\d\", r"e\")]);
    check(b"a;b=c", &[("a", "c")]);
    check(b"=a\n = b\n[]=c\nx[]", &[("", "b"), ("[]", "c"), ("x", "true")]);
    check(b"'[1]'=a\n'[\"a\",\"b\",\"[]\"]'=b\n'[]'[]=c", &[("1", "a"), ("a,b,[]", "b"), ("'[]'", "c")]);
    check(b"__proto__=a\n__proto__[]=b\nx=c", &[("x", "c")]);
}

#[test]
fn only_what_the_clients_take_for_blank_is_blank() {
    check("\u{a0}a\u{feff}=\u{2028}".as_bytes(), &[]);
    check("\u{a0}a\u{feff}\u{2028}= b\u{3000}".as_bytes(), &[("a", "b")]);
    check("a=b\u{85}\n\u{85};c=d".as_bytes(), &[("a", "b\u{85}"), ("\u{85}", "d")]);
    // Bytes that are no UTF-8 are replaced before anything is trimmed.
    check(b"a=b\xa0", &[("a", "b\u{fffd}")]);
    check(b"[x]\xa0\na=b", &[("[x]\u{fffd}", "true"), ("a", "b")]);
}

#[test]
fn sections_are_those_of_each_client() {
    let readers = |bytes: &[u8]| {
        let text = Text::decode(bytes).unwrap();
        let found: Vec<_> = assignments(&text).map(|found| (found.key.clone(), found.readers().to_vec())).collect();
        found
    };
    let older = vec![Client::Pnpm, Client::Yarn];
    let all = vec![Client::Npm, Client::Pnpm, Client::Yarn];
    assert_eq!(readers(b"[x]\na=b"), []);
    assert_eq!(readers(b"[x] \t\na=b"), [("[x]".to_owned(), older.clone()), ("a".to_owned(), older)]);
    for section in [" [x]", "[x]y", "[a]b]", "\u{feff}[x]", "\u{feff}\u{feff}[x]", "[x]\u{85}"] {
        let found = readers(format!("{section}\na=b").as_bytes());
        assert_eq!(found.last(), Some(&("a".to_owned(), all.clone())), "{section:?}");
    }
    // Any object of yarn's sees what stands in the prototype of all.
    for section in ["[__proto__]", "[ \"__proto\\u005f_\" ]", "[x]\n[__proto__]"] {
        assert_eq!(
            readers(format!("{section}\na=b").as_bytes()),
            [("a".to_owned(), vec![Client::Yarn])],
            "{section:?}"
        );
    }
}

#[test]
fn lines_are_counted_with_every_ending() {
    let found: Vec<_> =
        assignments(&text("a\r\nb\n\nc\rd\r\n\r\ne")).map(|found| (found.key.clone(), found.line)).collect();
    let expected = [("a", 1), ("b", 2), ("c", 4), ("d", 5), ("e", 7)];
    assert_eq!(found, expected.map(|(key, line)| (key.to_owned(), line)));
}

#[test]
fn readings_are_each_clients_own() {
    let variable = |name: &str| (name == "X").then_some("x");
    let readings = |line: &str| -> Vec<_> {
        let text = text(line);
        let found = assignments(&text).next().unwrap().readings(variable);
        found.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
    };
    for (line, expected) in [
        ("a=${X}", vec!["a=x"]),
        ("a=${Y}", vec!["a=${Y}"]),
        ("a=${Y-d}", vec!["a=${Y-d}", "a=d"]),
        ("a=${Y?}", vec!["a="]),
        ("${X}=a", vec!["${X}=a", "x=a"]),
        (r#"a='"\" b \""'"#, vec!["a= b ", "a=\" b \""]),
        ("a=\" b \"", vec!["a= b ", "a=b"]),
        ("[x] ", vec!["[x]=true"]),
    ] {
        assert_eq!(readings(line), expected, "{line}");
    }
}

#[test]
fn added_lines_stand_before_the_first_section() {
    for (before, expected) in [
        ("", "k=v\n"),
        ("a=1", "a=1\nk=v\n"),
        ("a=1\r\n", "a=1\r\nk=v\r\n"),
        ("a=1\n[s]\nb=2\n", "a=1\nk=v\n[s]\nb=2\n"),
        ("a=1\n\n  [s]\nb=2", "a=1\n\n  [s]\nb=2\nk=v\n"),
        ("[s]", "k=v\n[s]"),
        ("[s] \na=b\n[t]", "k=v\n[s] \na=b\nk=v\n[t]"),
        ("k[]=w\nk='[1]'\nk=x", ";k[]=w\n;k='[1]'\nk=x\nk=v\n"),
        ("k.x=null\nk.y='{}'\nk.z=1", ";k.x=null\n;k.y='{}'\nk.z=1\nk=v\n"),
        ("[k.x]\n[__proto__.k.x]\n[k]\n[kk.x]", "k=v\n[-k.x]\n[-__proto__.k.x]\n[k]\n[kk.x]"),
    ] {
        assert_eq!(splice(before, &append(&text(before), &["k=v".to_owned()])), expected);
    }
    let marked = text("\u{feff}[s]\na=b");
    assert_eq!(splice(&marked.body, &append(&marked, &["k=v".to_owned()])), "[s]\na=b\nk=v\n");
    let key = "//a.b/:_authToken";
    let before = format!("[//a\\.b/:_authToken]\n[{key}]");
    let after = splice(&before, &append(&text(&before), &[format!("{key}=v")]));
    assert_eq!(after, format!("{key}=v\n[-//a\\.b/:_authToken]\n[{key}]"));
}

proptest! {
    #[test]
    fn what_is_added_has_the_last_word(body in "([a-z=\\[\\];# ]{0,12}(\n|\r\n)?){0,6}") {
        let before = text(&body);
        let changed = text(&splice(&body, &append(&before, &["//h/:_authToken=${T}".to_owned()])));
        for client in [Client::Npm, Client::Pnpm, Client::Yarn] {
            let found = assignments(&changed).filter(|found| found.readers().contains(&client)).last();
            prop_assert_eq!(found.map(|last| (last.key, last.value)), Some(("//h/:_authToken".to_owned(), "${T}".to_owned())));
        }
    }

    #[test]
    fn no_file_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(text) = Text::decode(&bytes) {
            let last = text.body.len();
            prop_assert!(assignments(&text).all(|found| found.line <= last + 1));
            prop_assert!(append(&text, &["k=v".to_owned()]).iter().all(|edit| edit.range.end <= last));
        }
    }
}
