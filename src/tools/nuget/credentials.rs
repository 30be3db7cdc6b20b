//! Credentials of `nuget.config`.

use super::config::{NuGetFile, OwnCredential, is_add};
use super::names::{decoded, encoded};
use super::places::Place;
use crate::edit::xml::Node;
use crate::edit::xml::list::{Item, List, NewElement, Second, add};
use crate::kernel::paths::is_below;
use crate::plan::draft::Draft;
use crate::plan::{CannotRevise, Entry, KeyedEdit};
use crate::tools::USER_NAME;
use crate::tools::reading::{Origin, Sources};

/// nuget.exe 5.8 reads the first and takes no notice of a second.
const CREDENTIALS: List = List { root: "configuration", name: "packageSourceCredentials", second: Second::Ignored };

/// Plans the edits after which a configuration file has credentials for every entry.
pub fn revise(text: Option<&str>, entries: &[Entry]) -> Result<Vec<KeyedEdit>, CannotRevise> {
    let credentials: Vec<Credential<'_>> = entries.iter().map(Credential).collect();
    let edits = add(text, &credentials, CREDENTIALS)?;
    Ok(edits.into_iter().map(|(key, edit)| KeyedEdit { key, edit }).collect())
}

struct Credential<'e>(&'e Entry);

impl Credential<'_> {
    /// What must stand there. NuGet replaces `%NAME%` with the variable's value on every system: the file never holds the token.
    fn values(&self) -> [(&'static str, String); 3] {
        [
            ("Username", USER_NAME.to_owned()),
            ("ClearTextPassword", format!("%{}%", self.0.variable)),
            ("ValidAuthenticationTypes", "basic".to_owned()),
        ]
    }
}

impl Credential<'_> {
    /// Whether a file's credential is this one already.
    fn is_same(&self, own: &OwnCredential) -> bool {
        let values = self.values();
        let stands = |(key, value): &(&str, String)| own.values.iter().any(|(k, v)| k == key && v == value);
        values.iter().all(stands) && own.values.len() == values.len()
    }
}

impl Item for Credential<'_> {
    fn key(&self) -> &str {
        &self.0.key
    }

    fn is_named(&self, element: Node<'_>) -> bool {
        decoded(element.name()) == self.0.key
    }

    fn is_met(&self, element: Node<'_>) -> bool {
        let values = self.values();
        let stands = |(key, value): &(&str, String)| {
            element
                .children()
                .any(|add| is_add(add) && add.attribute("key") == Some(key) && add.attribute("value") == Some(value))
        };
        values.iter().all(stands) && element.children().count() == values.len()
    }

    fn element(&self) -> NewElement {
        let add = |(key, value): (&str, String)| NewElement {
            name: "add".to_owned(),
            attributes: vec![("key", key.to_owned()), ("value", value)],
            ..NewElement::default()
        };
        let children = self.values().into_iter().map(add).collect();
        NewElement { name: encoded(&self.0.key), children, ..NewElement::default() }
    }
}

/// Says which files have other credentials for a source and go before ours: the nearest file wins (measured with nuget.exe 5.8).
pub fn warn(sources: Sources<'_>, entries: &[Entry], places: &[Place], draft: &mut Draft<'_>) {
    for (file, own) in sources.of::<NuGetFile>() {
        let source = &file.source;
        if source.origin == Origin::Beside || places.iter().any(|place| place.file == source.path) {
            continue;
        }
        let nearer = |place: &Place| !place.above_checkout || is_below(&source.path, &place.folder);
        if source.origin == Origin::User && !places.iter().any(nearer) {
            continue;
        }
        for entry in entries.iter().map(Credential) {
            if own.credentials.iter().any(|own| own.name == entry.key() && !entry.is_same(own)) {
                draft.warn(format!(
                    "{} has credentials for the NuGet source '{}' of its own, which go before this task's; remove \
                     them there",
                    source.shown,
                    entry.key()
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::edit::text::TextEdit;
    use crate::edit::xml::Document;
    use crate::edit::xml::list::testing::{after, undone};

    fn edits(text: &str, keys: &[&str]) -> Vec<(String, TextEdit)> {
        let entry = |key: &&str| Entry { key: (*key).to_owned(), variable: "ADO_ENTRA_AUTH_NUGET_CONTOSO".to_owned() };
        let entries: Vec<Entry> = keys.iter().map(entry).collect();
        let edits = revise(Some(text), &entries).unwrap_or_else(|error| panic!("{error}\n{text}"));
        edits.into_iter().map(|keyed| (keyed.key, keyed.edit)).collect()
    }

    const ADDS: &str = "<add key=\"Username\" value=\"ado-entra-auth\" />\
                        <add key=\"ClearTextPassword\" value=\"%ADO_ENTRA_AUTH_NUGET_CONTOSO%\" />\
                        <add key=\"ValidAuthenticationTypes\" value=\"basic\" />";

    #[test]
    fn a_new_file_refers_to_the_token() {
        let text = after("", &edits("", &["My Feed"]));
        let adds = ADDS.replace("/><", "/>\n      <");
        assert_eq!(
            text,
            format!(
                "<configuration>\n  <packageSourceCredentials>\n    <My_x0020_Feed>\n      {adds}\n    </My_x0020_Feed>\n  \
                 </packageSourceCredentials>\n</configuration>\n"
            )
        );
    }

    #[test]
    fn credentials_go_where_the_file_has_room_for_them() {
        for (before, expected) in [
            (
                "<configuration><packageSources/></configuration>",
                "<configuration><packageSources/><packageSourceCredentials><a>@</a></packageSourceCredentials></configuration>",
            ),
            (
                "<configuration><packageSourceCredentials/></configuration>",
                "<configuration><packageSourceCredentials><a>@</a></packageSourceCredentials></configuration>",
            ),
            // Only the very spelling is the source's, and another credential under it gives way.
            (
                "<configuration><packageSourceCredentials><A><x/></A><a><x/></a></packageSourceCredentials></configuration>",
                "<configuration><packageSourceCredentials><A><x/></A><a>@</a></packageSourceCredentials></configuration>",
            ),
            (
                "<configuration><packageSourceCredentials><a>@</a></packageSourceCredentials></configuration>",
                "<configuration><packageSourceCredentials><a>@</a></packageSourceCredentials></configuration>",
            ),
            (
                "<configuration><packageSourceCredentials/><packageSourceCredentials/></configuration>",
                "<configuration><packageSourceCredentials><a>@</a></packageSourceCredentials>\
                 <packageSourceCredentials/></configuration>",
            ),
        ] {
            let (before, expected) = (before.replace('@', ADDS), expected.replace('@', ADDS));
            let edits = edits(&before, &["a"]);
            let result = after(&before, &edits);
            assert_eq!(result, expected);
            assert_eq!(undone(&before, &result, &edits), before);
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_and_goes_without_a_trace(
            names in prop::collection::btree_set("[a-zA-Z0-9 <&>\"'%;:\\]$.{}ä-]{1,6}", 1..4),
            lines in prop::sample::select(vec!["", "\n", "\r\n"]),
            list in prop::sample::select(vec!["", "<packageSourceCredentials />", "<packageSourceCredentials><z/></packageSourceCredentials>"]),
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).filter(|name| super::super::names::can_be_element(name)).collect();
            let before = format!("<configuration>{lines}  {list}{lines}</configuration>");
            let edits = edits(&before, &names);
            let result = after(&before, &edits);
            prop_assert_eq!(undone(&before, &result, &edits), before);
            prop_assert!(self::edits(&result, &names).is_empty());
            let document = Document::parse(&result).unwrap();
            let lists = document.root().descend(&["packageSourceCredentials"]);
            let found: Vec<String> = lists.iter().flat_map(|list| list.children()).map(|element| decoded(element.name())).collect();
            for name in names {
                prop_assert!(found.iter().any(|found| found == name));
            }
        }
    }
}
