//! The XML locator: places lie in the text and in each other, and a list that is extended can be taken back byte for byte.

#![no_main]

use ado_entra_auth::edit::text::{Text, TextEdit, splice};
use ado_entra_auth::edit::xml::list::{Item, List, NewElement, Second, add};
use ado_entra_auth::edit::xml::{Document, Node, doubt::doubt};
use libfuzzer_sys::fuzz_target;

struct Server(&'static str);

impl Item for Server {
    fn key(&self) -> &str {
        self.0
    }

    fn is_named(&self, element: Node<'_>) -> bool {
        element.name() == "server" && element.child_content("id") == Some(self.0)
    }

    fn is_met(&self, element: Node<'_>) -> bool {
        element.child_content("password") == Some("${env.X}")
    }

    fn element(&self) -> NewElement {
        let child =
            |name: &str, text: &str| NewElement { name: name.into(), text: text.into(), ..NewElement::default() };
        let children = vec![child("id", self.0), child("password", "${env.X}")];
        NewElement { name: "server".into(), children, ..NewElement::default() }
    }
}

const SERVERS: List = List { root: "settings", name: "servers", second: Second::Refused };

fn check_places(text: &str, node: Node<'_>) {
    let (range, start, end) = (node.range(), node.start_tag(), node.end_tag());
    assert!(text.get(range.clone()).is_some() && text.get(end.clone()).is_some());
    assert!(text[start.clone()].starts_with('<') && text[start.clone()].ends_with('>'));
    assert!(start.end <= end.start);
    assert!(node.is_self_closing() || (text[end.clone()].starts_with("</") && text[end].ends_with('>')));
    let mut position = start.end;
    for child in node.children() {
        let inner = child.range();
        assert!(position <= inner.start && inner.end <= range.end, "{inner:?} in {range:?}");
        position = inner.end;
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = Text::decode(bytes) else { return };
    let _ = doubt(&text);
    let body = text.body.as_str();
    if let Ok(document) = Document::parse(body) {
        for node in document.nodes() {
            check_places(body, node);
        }
    }
    let items = [Server("a"), Server("b & c")];
    let Ok(edits) = add(Some(body), &items, SERVERS) else { return };
    let plain: Vec<TextEdit> = edits.iter().map(|(_, edit)| edit.clone()).collect();
    let after = splice(body, &plain);
    assert!(Document::parse(&after).is_ok(), "{after:?}");
    assert_eq!(add(Some(&after), &items, SERVERS).map(|more| more.len()), Ok(0), "{after:?}");
    // The elements first, then the frame, as the journal takes them back.
    let mut back = after.clone();
    for of_frame in [false, true] {
        for (key, edit) in edits.iter().rev().filter(|(key, _)| key.is_empty() == of_frame) {
            let places: Vec<usize> = back.match_indices(&edit.replacement).map(|(at, _)| at).collect();
            assert_eq!(places.len(), 1, "{key:?} put {:?} into\n{after:?}", edit.replacement);
            back.replace_range(places[0]..places[0] + edit.replacement.len(), &body[edit.range.clone()]);
        }
    }
    assert_eq!(back, body, "{after:?}");
});
