//! Servers of this task in a `settings.xml`.

use crate::edit::xml::list::{Item, List, NewElement, Second, add};
#[cfg(test)]
use crate::edit::xml::{Document, NotWellFormed};
use crate::edit::xml::{Node, can_hold};
use crate::plan::{CannotRevise, Entry, KeyedEdit};
use crate::tools::USER_NAME;

/// Maven refuses a file with two: "Duplicated tag".
const SERVERS: List = List { root: "settings", name: "servers", second: Second::Refused };

/// Plans the edits after which a settings file has a server for every entry.
///
/// The first of several servers with one id is the one that Maven takes.
pub fn revise(text: Option<&str>, entries: &[Entry]) -> Result<Vec<KeyedEdit>, CannotRevise> {
    let servers: Vec<Server<'_>> = entries.iter().map(Server).collect();
    let edits = add(text, &servers, SERVERS)?;
    Ok(edits.into_iter().map(|(key, edit)| KeyedEdit { key, edit }).collect())
}

/// Whether a repository id can be a server's: Maven replaces `${…}` in settings, and drops blanks around.
pub fn can_be_id(id: &str) -> bool {
    can_hold(id) && id.trim() == id && !id.contains("${")
}

/// A reference to the token: the file never holds it.
pub(super) fn password(entry: &Entry) -> String {
    format!("${{env.{}}}", entry.variable)
}

struct Server<'e>(&'e Entry);

impl Item for Server<'_> {
    fn key(&self) -> &str {
        &self.0.key
    }

    fn is_named(&self, element: Node<'_>) -> bool {
        element.name() == "server" && element.child_content("id") == Some(self.key())
    }

    fn is_met(&self, element: Node<'_>) -> bool {
        element.child_content("username") == Some(USER_NAME)
            && element.child_content("password") == Some(&password(self.0))
            && element.children().count() == 3
    }

    fn element(&self) -> NewElement {
        let child = |name: &str, text: String| NewElement { name: name.to_owned(), text, ..NewElement::default() };
        let children = vec![
            child("id", self.0.key.clone()),
            child("username", USER_NAME.to_owned()),
            child("password", password(self.0)),
        ];
        NewElement { name: "server".to_owned(), children, ..NewElement::default() }
    }
}

/// The ids that a settings file has servers for.
#[cfg(test)]
fn server_ids(text: &str) -> Result<Vec<String>, NotWellFormed> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let document = Document::parse(text)?;
    let servers = document.root().descend(&["servers", "server"]);
    Ok(servers.into_iter().filter_map(|server| server.child_content("id").map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::edit::text::TextEdit;
    use crate::edit::xml::list::testing::{after, take_back, undone};

    fn entry(key: &str) -> Entry {
        Entry { key: key.to_owned(), variable: "ADO_ENTRA_AUTH_MAVEN_CONTOSO".to_owned() }
    }

    fn edits(text: &str, keys: &[&str]) -> Vec<(String, TextEdit)> {
        let entries: Vec<Entry> = keys.iter().map(|key| entry(key)).collect();
        let edits = revise(Some(text), &entries).unwrap_or_else(|error| panic!("{error}\n{text}"));
        edits.into_iter().map(|keyed| (keyed.key, keyed.edit)).collect()
    }

    const PASSWORD: &str = "${env.ADO_ENTRA_AUTH_MAVEN_CONTOSO}";

    /// Each `@` stands for our server's id, user name and password.
    fn spelled(text: &str) -> String {
        text.replace('@', &format!("<id>a</id><username>ado-entra-auth</username><password>{PASSWORD}</password>"))
    }

    #[test]
    fn a_new_file_holds_the_servers_and_nothing_else() {
        let edits = revise(None, &[entry("a&b")]).unwrap();
        let keys: Vec<&str> = edits.iter().map(|edit| edit.key.as_str()).collect();
        assert_eq!(keys, ["", "a&b", ""]);
        let text: String = edits.into_iter().map(|edit| edit.edit.replacement).collect();
        let expected = format!(
            "<settings>\n  <servers>\n    <server>\n      <id>a&amp;b</id>\n      <username>ado-entra-auth</username>\n      \
             <password>{PASSWORD}</password>\n    </server>\n  </servers>\n</settings>\n"
        );
        assert_eq!(text, expected);
        assert!(revise(None, &[]).unwrap().is_empty());
    }

    #[test]
    fn servers_go_where_the_file_has_room_for_them() {
        for (before, expected) in [
            ("<settings/>", "<settings><servers><server>@</server></servers></settings>"),
            ("<settings></settings>", "<settings><servers><server>@</server></servers></settings>"),
            ("<settings><servers/></settings>", "<settings><servers><server>@</server></servers></settings>"),
            ("<settings><servers /></settings>", "<settings><servers><server>@</server></servers></settings>"),
            ("<settings><servers></servers></settings>", "<settings><servers><server>@</server></servers></settings>"),
            (
                "<settings><servers><server><id>b</id></server></servers></settings>",
                "<settings><servers><server><id>b</id></server><server>@</server></servers></settings>",
            ),
            // Ours already, whatever the layout; a second one is never read.
            (
                "<settings><servers><server>\n @ </server><server><id>a</id></server></servers></settings>",
                "<settings><servers><server>\n @ </server><server><id>a</id></server></servers></settings>",
            ),
            // Another credential under the id gives way, with all that belongs to it.
            (
                "<settings><servers><server><id> a </id><privateKey>k</privateKey></server><!-- x --></servers></settings>",
                "<settings><servers><server>@</server><!-- x --></servers></settings>",
            ),
            // A prefix is kept, and an element that belongs to a comment is none.
            (
                "<m:settings xmlns:m=\"urn:m\"><!-- <servers/> --><m:servers/></m:settings>",
                "<m:settings xmlns:m=\"urn:m\"><!-- <servers/> --><m:servers><m:server>@</m:server></m:servers></m:settings>",
            ),
        ] {
            let (before, expected) = (spelled(before), spelled(expected));
            let edits = edits(&before, &["a"]);
            let result = after(&before, &edits);
            let without_layout = |text: &str| text.split_whitespace().collect::<String>().replace("m:", "");
            assert_eq!(without_layout(&result), without_layout(&expected), "{before}");
            assert_eq!(undone(&before, &result, &edits), before);
        }
    }

    #[test]
    fn the_layout_follows_the_file() {
        let before = "<settings>\r\n\t<servers>\r\n\t\t<server><id>b</id></server>\r\n\t</servers>\r\n</settings>";
        let expected = format!(
            "<settings>\r\n\t<servers>\r\n\t\t<server><id>b</id></server>\r\n\t\t<server>\r\n\t\t\t<id>a</id>\r\n\t\t\t\
             <username>ado-entra-auth</username>\r\n\t\t\t<password>{PASSWORD}</password>\r\n\t\t</server>\r\n\t</servers>\r\n\
             </settings>"
        );
        assert_eq!(after(before, &edits(before, &["a"])), expected);
        let before = "<settings>\n    <offline/>\n</settings>\n";
        let expected = format!(
            "<settings>\n    <offline/>\n    <servers>\n        <server>\n            <id>a</id>\n            \
             <username>ado-entra-auth</username>\n            <password>{PASSWORD}</password>\n        </server>\n    \
             </servers>\n</settings>\n"
        );
        assert_eq!(after(before, &edits(before, &["a"])), expected);
    }

    #[test]
    fn what_maven_would_refuse_is_refused() {
        for (text, reason) in [
            ("<settings><servers/>\n<servers/></settings>", "line 2: it has <servers> twice, which is an error"),
            ("<project/>", "line 1: its root element is <project>, not <settings>"),
            ("<settings><servers></settings>", "line 1"),
        ] {
            let error = revise(Some(text), &[entry("a")]).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }

    #[test]
    fn two_jobs_come_and_go_in_any_order() {
        for before in ["", "<settings/>", "<settings>\n</settings>\n", "<settings>\n  <servers/>\n</settings>\n"] {
            let first = edits(before, &["a"]);
            let one = after(before, &first);
            let second = edits(&one, &["b"]);
            let both = after(&one, &second);
            // The first leaves before the second: its server goes, the frame stays until nobody needs it.
            let without_first = take_back(before, &both, &first, |key| !key.is_empty());
            assert_eq!(server_ids(&without_first).unwrap(), ["b"]);
            let bare = take_back(&one, &without_first, &second, |_| true);
            assert_eq!(take_back(before, &bare, &first, str::is_empty), before);
            // And the other way round.
            let without_second = take_back(&one, &both, &second, |_| true);
            assert_eq!(undone(before, &without_second, &first), before);
        }
    }

    #[test]
    fn ids_that_mean_something_else_to_maven_are_none() {
        for id in ["${env.X}", "a\nb", " a", "a\0"] {
            assert!(!can_be_id(id), "{id:?}");
        }
        for id in ["a", "a b", "<&>\"'", "ä", "]]>", "a%b"] {
            assert!(can_be_id(id), "{id:?}");
        }
    }

    fn file() -> impl Strategy<Value = String> {
        let lines = prop::sample::select(vec!["\n", "\r\n", ""]);
        let indentation = prop::sample::select(vec!["  ", "\t", "    ", ""]);
        let prefix = prop::sample::select(vec!["", "m:"]);
        let head = prop::sample::select(vec!["", "<?xml version=\"1.0\"?>", "<!-- <servers> </servers> -->"]);
        let other = prop::sample::select(vec!["", "<@offline/>", "<!-- keep & -->", "<@proxies><@proxy/></@proxies>"]);
        let server = prop::sample::select(vec![
            "<@server><@id>other</@id></@server>",
            "<@server><@id>a</@id><@password>{x=}</@password></@server>",
            "<@server> <@id><![CDATA[b]]></@id> </@server>",
            "<!-- <server><id>a</id></server> -->",
            "<@server/>",
        ]);
        let servers = prop_oneof![
            Just(None),
            Just(Some(None)),
            prop::collection::vec(server, 0..4).prop_map(|servers| Some(Some(servers))),
        ];
        let tail = prop::sample::select(vec!["", "\n", "<!-- end -->"]);
        (lines, indentation, prefix, head, other, servers, tail).prop_map(
            |(line, indentation, prefix, head, other, servers, tail)| {
                let servers = match servers {
                    None => String::new(),
                    Some(None) => format!("{indentation}<@servers />{line}"),
                    Some(Some(servers)) => {
                        let each = |server: &str| format!("{indentation}{indentation}{server}{line}");
                        let servers: String = servers.into_iter().map(each).collect();
                        format!("{indentation}<@servers>{line}{servers}{indentation}</@servers>{line}")
                    }
                };
                let text = format!(
                    "{head}{line}<@settings xmlns:m='urn:m'>{line}{indentation}{other}{line}{servers}</@settings>{tail}"
                );
                text.replace('@', prefix)
            },
        )
    }

    proptest! {
        #[test]
        fn whatever_the_file_servers_come_and_go_without_a_trace(text in file(), other in "[^\\p{Cc}@$]{1,8}") {
            let other = other.trim().to_owned();
            prop_assume!(can_be_id(&other) && !["", "a", "b", "other"].contains(&other.as_str()));
            let keys = ["a", other.as_str(), "b"];
            let forward = edits(&text, &keys);
            let result = after(&text, &forward);
            prop_assert_eq!(undone(&text, &result, &forward), text.clone());
            prop_assert!(edits(&result, &keys).is_empty());
            let document = Document::parse(&result).unwrap();
            let servers = document.root().descend(&["servers", "server"]);
            for key in keys {
                let first = servers.iter().find(|server| server.child_content("id") == Some(key)).unwrap();
                prop_assert!(Server(&entry(key)).is_met(*first));
            }
            let foreign = |servers: &[Node<'_>]| servers.iter().filter(|s| s.child_content("id") == Some("other")).count();
            let before = Document::parse(&text).unwrap();
            prop_assert_eq!(foreign(&servers), foreign(&before.root().descend(&["servers", "server"])));
            // Nothing gives way but servers of these ids and tags that close themselves.
            for (_, edit) in &forward {
                let removed = &text[edit.range.clone()];
                prop_assert!(removed.is_empty() || removed.contains("server") && (removed.ends_with("/>") || removed.ends_with("server>")));
            }
        }

        #[test]
        fn the_order_of_jobs_does_not_matter(text in file()) {
            let one = edits(&text, &["a"]);
            let with_one = after(&text, &one);
            let two = edits(&with_one, &["b"]);
            let with_both = after(&with_one, &two);
            let mut ids = server_ids(&with_both).unwrap();
            let other_way = after(&text, &edits(&text, &["b"]));
            let mut other_ids = server_ids(&after(&other_way, &edits(&other_way, &["a"]))).unwrap();
            ids.sort();
            other_ids.sort();
            prop_assert_eq!(ids, other_ids);
            let without_one = take_back(&text, &with_both, &one, |key| !key.is_empty());
            let bare = take_back(&with_one, &without_one, &two, |_| true);
            prop_assert_eq!(take_back(&text, &bare, &one, str::is_empty), text);
        }

        #[test]
        fn no_file_breaks_it(text in "[<>/ a-c\"'=&;!\\[\\]\n-]{0,60}") {
            let _ = revise(Some(&text), &[entry("a")]);
            let _ = revise(Some(&format!("<settings>{text}</settings>")), &[entry("a")]);
        }
    }
}
