//! Sources of `paket.dependencies`.
//!
//! Paket asks credential providers for whatever source has no user name and password in its line, each source by itself.
//! Sources: <https://fsprojects.github.io/Paket/nuget-dependencies.html>; fsprojects/Paket, `src/Paket.Core/Versioning/PackageSources.fs`,
//! `src/Paket.Core/Versioning/AuthService.fs`.

use std::collections::BTreeSet;

use super::config::{NamedSource, NuGetFile};
use super::values::{self, Value};
use crate::azure_devops::feed::Feed;
use crate::host::Host;
use crate::plan::draft::Draft;
use crate::reach::ServedFeed;
use crate::tools::reading::{ReadFile, Receiver, SourceFile, Sources, is_one_of};

/// More than any project has; a bound on what a hostile file costs. Further ones are not served, and where more lines send something, the
/// whole file may send it anywhere.
const MOST_SOURCES: usize = 1000;

/// Whether Paket finds a file of this name.
pub fn is_dependencies(file_name: &str) -> bool {
    is_one_of(file_name, &["paket.dependencies"])
}

/// Takes a file apart.
pub fn parse(file: &SourceFile, host: &Host) -> NuGetFile {
    let mut found = NuGetFile { is_pakets: true, ..NuGetFile::default() };
    // .NET reads encodings that are none here, with a nothing between their letters; and it ends lines where others do not.
    let text = file.text.body.replace('\0', "");
    for (index, line) in text.split(['\n', '\r']).enumerate() {
        if found.sends.len() > MOST_SOURCES {
            found.sends = vec![(Receiver::Url(String::new()), text)];
            break;
        }
        let plain = plain_source(line).filter(|(url, _)| values::is_remote(url));
        let Some((url, words)) = plain else {
            // Paket may find an address in it all the same.
            if line.to_ascii_lowercase().contains(PASSWORD) {
                found.sends.push((Receiver::Url(String::new()), line.to_owned()));
            }
            continue;
        };
        if !words.is_empty() {
            found.sends.push((Receiver::Url(url.to_owned()), words.to_owned()));
        }
        if found.sources.len() < MOST_SOURCES {
            let own_password = has_password(words, host).then_some(index + 1);
            let url = Value { text: url.to_owned(), open: None };
            found.sources.push(NamedSource { name: None, url, own_password });
        }
    }
    found
}

/// The address in a line that names a source and what stands behind it, where Paket can take the line in one way only: it looks for words
/// and quotes anywhere in it.
fn plain_source(line: &str) -> Option<(&str, &str)> {
    let (word, rest) = line.trim_matches([' ', '\t']).split_at_checked("source".len())?;
    let behind = rest.strip_prefix(' ')?;
    let quoted = rest.trim_start_matches(' ').strip_prefix('"');
    let (url, words) = match quoted {
        Some(quoted) => quoted.split_once('"')?,
        None => behind.split_once(' ').unwrap_or((behind, "")),
    };
    let words = words.trim_matches(' ');
    // The first address in quotes behind such a word goes before one without.
    let may_be_another = quoted.is_none() && words.contains('"') && words.to_ascii_lowercase().contains("source");
    let is_clear = !words.contains('"') || with_pairs_only(words).is_some();
    let is_plain =
        is_clear && !may_be_another && !url.contains('"') && !line.chars().any(|one| one != '\t' && one.is_control());
    // Paket drops a slash at the end as well.
    (is_plain && word.eq_ignore_ascii_case("source")).then(|| (url.trim().trim_end_matches('/'), words))
}

const USER: &str = "username";
const PASSWORD: &str = "password";

/// The values of a user name and a password, where nothing but these stands there, and perhaps the kind of authentication.
fn with_pairs_only(words: &str) -> Option<(&str, &str)> {
    let (mut user, mut password) = (None, None);
    let mut rest = words;
    while !rest.is_empty() {
        let (name, behind) = rest.split_once(':')?;
        let (value, behind) = behind.trim_start_matches(' ').strip_prefix('"')?.split_once('"')?;
        match name {
            USER if user.is_none() => user = Some(value),
            PASSWORD if password.is_none() => password = Some(value),
            "authtype" => {}
            _ => return None,
        }
        rest = behind.trim_start_matches(' ');
    }
    user.zip(password)
}

/// Whether Paket takes a user name and a password from a line. It asks where both are empty, or both variables that nobody has set.
fn has_password(words: &str, host: &Host) -> bool {
    let is_unset = |value: &str| {
        let variable = value.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
        variable.is_some_and(|name| host.variable(name).unwrap_or_default().is_empty())
    };
    let are_none =
        |(user, password): (&str, &str)| user.is_empty() && password.is_empty() || is_unset(user) && is_unset(password);
    with_pairs_only(words).is_some_and(|pair| !are_none(pair))
}

/// Warns of the lines with a password of their own for feeds that are served: Paket does not ask for these.
pub fn warn(served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) {
    let urls: BTreeSet<&str> = served.iter().map(|one| one.feed.url.as_str()).collect();
    for (file, source, feed) in feeds(sources).filter(|(.., feed)| urls.contains(feed.url.as_str())) {
        let Some(line) = source.own_password else { continue };
        draft.warn(format!(
            "Paket does not ask for {feed}: {}, line {line} has a user name and a password of its own; remove them from the line",
            file.source.shown
        ));
    }
}

/// The feeds for which Paket never asks: each line that names them has a password of its own.
pub fn never_asked_for(sources: Sources<'_>) -> BTreeSet<String> {
    let (with_password, others): (Vec<_>, Vec<_>) =
        feeds(sources).partition(|(_, source, _)| source.own_password.is_some());
    let others: BTreeSet<String> = others.into_iter().map(|(.., feed)| feed.url.to_string()).collect();
    with_password.into_iter().map(|(.., feed)| feed.url.to_string()).filter(|url| !others.contains(url)).collect()
}

/// The feeds that Paket's files name, with the file and the source in it.
fn feeds(sources: Sources<'_>) -> impl Iterator<Item = (&ReadFile, &NamedSource, Feed)> {
    let files = sources.of::<NuGetFile>().filter(|(_, parsed)| parsed.is_pakets);
    let all = files.flat_map(|(file, parsed)| parsed.sources.iter().map(move |source| (file, source)));
    all.filter_map(|(file, source)| Some((file, source, Feed::parse(&source.url.text)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::testing::{file, host};

    fn parsed(text: &str) -> NuGetFile {
        parse(&file("/agent/1/s/paket.dependencies", text), &host(&[("USED", "x")]))
    }

    #[test]
    fn sources_are_found_in_every_plain_form() {
        let text = "version 5.257.0\nsource https://a/v3/index.json\n  SOURCE \"https://b/a b\" username: \"u\" password: \"%USED%\"\n\
                    // source https://c/\n# source https://c/\nsource ./packages\nsource //share\ngroup Build\n\
                    source https://d/nuget/v2/ // the old source\rsource   \"https://h/\"\nsource https://i/ username:  \"\" password:\"\"\nnuget Source https://e/\ngit https://f/\nsource\nsources https://g/\n";
        let found = parsed(text);
        let urls: Vec<&str> = found.sources.iter().map(|source| source.url.text.as_str()).collect();
        assert_eq!(urls, ["https://a/v3/index.json", "https://b/a b", "https://d/nuget/v2", "https://h", "https://i"]);
        assert!(found.sources.iter().all(|source| source.name.is_none()));
        let lines: Vec<_> = found.sources.iter().filter_map(|source| source.own_password).collect();
        assert_eq!(lines, [3]);
    }

    /// Paket looks for words and quotes anywhere in the line, and may find another address in such a one.
    #[test]
    fn a_line_that_may_be_read_otherwise_names_no_source_and_may_send_anywhere() {
        let with = "username: \"u\" password: \"%USED%\"";
        for line in [
            format!("source https://a/ source \"https://evil/\" {with}"),
            format!("source https://a/ {with} source\"https://evil/\""),
            format!("source\thttps://a/ https://evil/ {with}"),
            format!("source  https://evil/ {with}"),
            "source https://a/ username: \"source\" password: \"%USED%\"".to_owned(),
            format!("source https://a/ {with} password: \"x\""),
            "source https://a/ Username: \"u\" password: \"%USED%\"".to_owned(),
            format!("source https://a/ {with} other: \"x\""),
            "source \"https://a/ password: %USED%".to_owned(),
            format!("source https://a\"/ {with}"),
            format!("sources https://a/ {with}"),
            format!("so\u{ad}urce https://a/ {with}"),
            format!("source https:\\\\a/ {with}"),
            format!("// x\rSource\thttps://a/ {with}"),
            format!("source https://a/ {with}").chars().flat_map(|letter| [letter, '\0']).collect(),
        ] {
            let found = parsed(&line);
            let [(Receiver::Url(to), text)] = &found.sends[..] else { panic!("{line}: {:?}", found.sends) };
            let goes_to_one = line.contains('\0') && to == "https://a";
            assert!((to.is_empty() && found.sources.is_empty() || goes_to_one) && text.contains("%USED%"), "{line}");
        }
    }

    #[test]
    fn what_goes_to_a_source_is_told() {
        let found = parsed("source https://a/ username: \"u\" password: \"%USED%\"\r\nsource https://b/\r\n");
        let [(Receiver::Url(to), text)] = &found.sends[..] else { panic!("{:?}", found.sends) };
        assert!(to == "https://a" && text.contains("%USED%"), "{text}");
    }

    #[test]
    fn what_too_many_lines_send_may_go_anywhere() {
        let line = "source https://a/ username: \"u\" password: \"p\"\n";
        for (line, sources) in [(line, MOST_SOURCES), ("x password\n", 0)] {
            let found = parsed(&(line.repeat(MOST_SOURCES + 1) + "password: %LAST%"));
            let [(Receiver::Url(to), text)] = &found.sends[..] else { panic!("{}", found.sends.len()) };
            assert!(to.is_empty() && text.ends_with("%LAST%") && found.sources.len() == sources);
            assert_eq!(parsed(&line.repeat(MOST_SOURCES)).sends.len(), MOST_SOURCES);
        }
    }
}
