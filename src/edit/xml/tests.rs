use proptest::prelude::*;

use super::parse::{MOST_ATTRIBUTES, MOST_PARTS};
use super::*;

#[test]
fn elements_are_found_with_their_places() {
    let text = "<?xml version=\"1.0\"?>\r\n<!-- <servers> -->\r\n<m:settings xmlns:m='urn:x'>\r\n  <m:servers a=\"1 &amp; 2\" />\r\n \
                <m:id> a<!-- - -->b&lt;<![CDATA[<c>]]>&#x64;&own; </m:id>\r\n</m:settings>";
    let document = Document::parse(text).unwrap();
    let root = document.root();
    assert_eq!((root.name(), root.prefix()), ("settings", "m:"));
    assert_eq!(&text[root.end_tag()], "</m:settings>");
    assert_eq!(root.range().end, text.len());
    let servers = root.child("servers").unwrap();
    assert!(servers.is_self_closing());
    assert_eq!(&text[servers.range()], "<m:servers a=\"1 &amp; 2\" />");
    assert_eq!(servers.attribute("a"), Some("1 & 2"));
    assert_eq!(root.child_content("id"), Some("ab<<c>d&own;"));
    assert_eq!(document.nodes().count(), 3);
}

#[test]
fn paths_lead_to_direct_children_only() {
    let text = "<a><b><c>1</c><x><c>2</c></x></b><c>3</c><b><c>4</c></b></a>";
    let document = Document::parse(text).unwrap();
    let contents: Vec<&str> = document.root().descend(&["b", "c"]).into_iter().map(Node::content).collect();
    assert_eq!(contents, ["1", "4"]);
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_line() {
    for (text, line) in [
        ("", 1),
        ("\n\n", 3),
        ("<!-- only -->", 1),
        ("<a>\n<b>\n</a>", 3),
        ("<a>\n<b>\n", 2),
        ("<a/>\n<b/>", 2),
        ("<a/>\n</a>", 2),
        ("<a/>\nwords", 2),
        ("words<a/>", 1),
        ("<a>&#xD800;</a>", 1),
        ("<a>\n&never", 2),
        ("<a>\n<b x=1/></a>", 2),
        ("<a>\n<b x='1' x='2'/></a>", 2),
        ("<a>\n<b x='&amp'/></a>", 2),
        ("<a>\n<></></a>", 2),
        ("<a>\n< b/></a>", 2),
        ("<a>\n<1/></a>", 2),
        ("<a>\n<!-- </a>", 2),
        ("<a>\n<![CDATA[ </a>", 2),
        ("\u{feff}<a/>", 1),
    ] {
        let error = Document::parse(text).expect_err(text);
        assert_eq!(error.line, line, "{text:?}: {error}");
    }
}

#[test]
fn depth_is_bounded() {
    assert!(Document::parse(&format!("{}{}", "<a>".repeat(199), "</a>".repeat(199))).is_ok());
    let error = Document::parse(&"<a>".repeat(100_000)).unwrap_err();
    assert_eq!(error.reason, "its elements are nested too deeply");
}

#[test]
fn elements_and_attributes_are_bounded() {
    let many = |part: &str, count: usize| format!("<a>{}</a>", part.repeat(count));
    assert!(Document::parse(&many("<b/>", MOST_PARTS - 1)).is_ok());
    assert!(Document::parse(&many("<b c='1'/>", MOST_PARTS / 2 - 1)).is_ok());
    let attributes = |count: usize| (0..count).fold("<a ".to_owned(), |all, n| format!("{all} b{n}='='")) + "/>";
    assert!(Document::parse(&attributes(MOST_ATTRIBUTES)).is_ok());
    for text in [many("<b/>", MOST_PARTS), many("<b c='1'/>", MOST_PARTS / 2), attributes(MOST_ATTRIBUTES + 1)] {
        assert!(Document::parse(&text).unwrap_err().is_bound);
    }
}

#[test]
fn entities_of_a_document_type_are_not_expanded() {
    let text = "<!DOCTYPE a [<!ENTITY x \"yyy\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]><a b='&x;'>&x;&f;</a>";
    let document = Document::parse(text).unwrap();
    assert_eq!(document.root().content(), "&x;&f;");
    assert_eq!(document.root().attribute("b"), Some("&x;"));
}

#[test]
fn values_come_back_from_what_is_written() {
    for value in ["a&b", "<x>", "]]>", "\"'", "a;b", "ä€😀", "&amp;"] {
        let written = escaped(value);
        let text = format!("<a b=\"{written}\" c='{written}'>{written}</a>");
        let document = Document::parse(&text).unwrap();
        let root = document.root();
        assert_eq!((root.content(), root.attribute("b"), root.attribute("c")), (value, Some(value), Some(value)));
    }
    assert!(!can_hold("a\nb") && !can_hold("\0") && can_hold("ä€😀 "));
}

/// Bits of XML in any order: most of it is malformed, some of it in ways that only parsers think of.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = prop_oneof![
        prop::sample::select(vec![
            "<a>",
            "</a>",
            "<a/>",
            "<m:a x='1'>",
            "</m:a>",
            "<",
            ">",
            "&",
            ";",
            "&lt;",
            "&#1;",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<?xml ",
            "?>",
            "<!DOCTYPE a [",
            "]",
            "\"",
            "'",
            "=",
            "/",
            "\r\n",
            "\u{feff}",
            "ä",
            "😀",
            "<ä:ö>",
            "<:>",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    prop::collection::vec(scrap, 0..30).prop_map(|scraps| scraps.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser_and_every_place_is_in_it(text in scraps()) {
        if let Ok(document) = Document::parse(&text) {
            for node in document.nodes() {
                let tag = &text[node.start_tag()];
                prop_assert!(tag.starts_with('<') && tag.ends_with('>'));
                prop_assert!(node.is_self_closing() == tag.ends_with("/>"));
                let whole = node.range();
                prop_assert!(text.is_char_boundary(whole.start) && text.is_char_boundary(whole.end));
                prop_assert!(document.root().range().start <= whole.start && whole.end <= document.root().range().end);
            }
        }
    }

    #[test]
    fn any_value_comes_back(value in "[^\\p{Cc}\u{fffe}\u{ffff}]{0,20}") {
        let text = format!("<a b=\"{0}\">{0}</a>", escaped(&value));
        let document = Document::parse(&text).unwrap();
        prop_assert_eq!(document.root().content(), value.trim());
        prop_assert_eq!(document.root().attribute("b"), Some(value.as_str()));
    }
}
