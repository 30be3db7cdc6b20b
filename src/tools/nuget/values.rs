//! Addresses in NuGet's files, with what `%NAME%` stands for.

use crate::host::Host;
use crate::kernel::organization::Organization;

/// A text in which references are resolved as far as they are known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Value {
    /// The text.
    pub text: String,
    /// A reference that stays open, where it decides to whom the address leads.
    pub open: Option<String>,
}

impl Value {
    /// Why the address is not known, in a clause.
    pub fn doubt(&self) -> Option<String> {
        self.open.as_ref().map(|open| format!("{open} is not known before the job's later steps"))
    }
}

/// The address of a source; nothing for a folder, which takes no credentials.
pub fn address(written: &str, host: &Host) -> Option<Value> {
    let text = expanded(written, host);
    let open = open_reference(&text);
    if !is_remote(&text) {
        // A variable may stand for the whole address, or for a folder.
        return (text.starts_with('%') && open.is_some() && !text.contains('\\')).then_some(Value { text, open });
    }
    let open = open.filter(|open| decides(&text, open));
    Some(Value { text, open })
}

/// Whether a reference decides to which organization an address leads.
pub fn decides(url: &str, reference: &str) -> bool {
    let authority = url.split("://").nth(1).unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
    authority.contains(reference) || Organization::of_url(&url.replace(reference, "x")).is_some()
}

/// Whether only the pipeline's variables decide where an address with an open reference leads: no host of the file's choice
/// can come of it.
pub fn is_pipelines_choice(url: &str) -> bool {
    let authority = url.split("://").nth(1).unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
    let on_azure =
        !authority.contains(['%', '$']) && Organization::of_url(&url.replace(['%', '$', '(', ')'], "")).is_some();
    url.starts_with('%') || on_azure
}

/// Whether it is an address of the web.
pub fn is_remote(url: &str) -> bool {
    let scheme = url.split("://").next().unwrap_or_default();
    scheme.len() < url.len() && (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
}

/// No address or password is longer: a hostile file may repeat a long variable a million times.
const LONGEST_EXPANDED: usize = 1 << 20;

/// Puts in what `%NAME%` stands for, the way of .NET on every system: an unknown name stays as it is, and so does what follows a text of
/// more than a megabyte.
pub fn expanded(value: &str, host: &Host) -> String {
    let mut result = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('%').filter(|_| result.len() < LONGEST_EXPANDED) {
        result.push_str(before);
        let known = behind.split_once('%').and_then(|(name, after)| Some((host.variable(name)?, after)));
        if let Some((value, after)) = known {
            result.push_str(value);
            rest = after;
        } else {
            result.push('%');
            rest = behind;
        }
    }
    result.push_str(rest);
    result
}

/// The first `%NAME%` in a text, percent-encoded bytes of URLs left out.
fn open_reference(text: &str) -> Option<String> {
    let escapes = |text: &str| text.get(..2).is_some_and(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('%') {
        let (name, after) = behind.split_once('%')?;
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.()".contains(&byte));
        if is_name && !(escapes(name) && (escapes(after) || name.starts_with(|first: char| first.is_ascii_digit()))) {
            return Some(format!("%{name}%"));
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::testing::host;

    /// The open reference, `closed`, or `folder`.
    fn open(written: &str) -> String {
        let value = address(written, &host(&[("KNOWN", "https://pkgs.dev.azure.com/contoso")]));
        value.map_or("folder".to_owned(), |value| value.open.unwrap_or("closed".to_owned()))
    }

    #[test]
    fn an_open_reference_counts_where_it_decides() {
        for (written, reference) in [
            ("%FEED%", "%FEED%"),
            ("%FEED_URL%/v3/index.json", "%FEED_URL%"),
            ("https://%HOST%/v3/index.json", "%HOST%"),
            ("https://%ABBA%.example/v3", "%ABBA%"),
            ("https://user@%HOST%", "%HOST%"),
            ("https://pkgs.dev.azure.com/%ORG%/_packaging/f/nuget/v3/index.json", "%ORG%"),
            ("%KNOWN%/%PROJECT%/_packaging/f/nuget/v3/index.json", "%PROJECT%"),
            ("https://contoso.pkgs.visualstudio.com/_packaging/%FEED%/nuget/v3/index.json", "%FEED%"),
        ] {
            assert_eq!(open(written), reference, "{written}");
        }
        for written in [
            "%KNOWN%/_packaging/f/nuget/v3/index.json",
            "https://registry.example.com/%REPOSITORY%/index.json",
            "https://pkgs.dev.azure.com/contoso/My%20Project/_packaging/f%40Local/nuget/v3/index.json",
            "https://pkgs.dev.azure.com/contoso/%E4bc%C3/_packaging/f/nuget/v3/index.json",
            "https://h/100%",
        ] {
            assert_eq!(open(written), "closed", "{written}");
        }
        assert!(
            is_pipelines_choice("%FEED%/v3") && is_pipelines_choice("https://pkgs.dev.azure.com/%ORG%/_packaging/f")
        );
        assert!(
            !is_pipelines_choice("https://%X%.evil.example/v3") && !is_pipelines_choice("https://%X%@evil.example/v3")
        );
        for folder in ["..\\packages", "C:\\x", "/x/%Y%", "%USERPROFILE%\\packages", "packages", "%", ""] {
            assert_eq!(open(folder), "folder", "{folder}");
        }
    }
}
