//! Which pairs of git's configuration are ours.

use super::*;

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn only_our_pairs_go() {
    let theirs = [
        pair("user.name", "me"),
        pair("include.path", "/home/me/gitconfig"),
        pair("include.path", "/t/ado-entra-auth-0123456789abcdef/other"),
        pair("include.path", "/t/ado-entra-auth-0123456789abcdeg/gitconfig"),
        pair("include.path", "/t/ado-entra-auth-0123456789abcdef/x/gitconfig"),
        pair("include.path", "ado-entra-auth-0123456789abcdef"),
        pair("core.excludesFile", "/t/ado-entra-auth-0123456789abcdef/gitconfig"),
        pair("credential.helper", ""),
        pair("credential.helper", "store"),
    ];
    let ours = [
        pair("include.path", "/t/ado-entra-auth-0123456789abcdef/gitconfig"),
        pair("Include.Path", "/t d/ado-entra-auth-0123456789abcdef/gitconfig"),
    ];
    let mut all = theirs.to_vec();
    all.splice(1..1, ours);
    assert_eq!(without_ours(&all), theirs);
}

#[test]
fn pairs_that_git_would_refuse_end_the_asking() {
    let of = |variables: &'static [(&str, &str)]| {
        move |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    assert_eq!(standing_pairs(&of(&[])), None);
    assert_eq!(standing_pairs(&of(&[("GIT_CONFIG_COUNT", "1")])), None);
    assert_eq!(standing_pairs(&of(&[("GIT_CONFIG_COUNT", "99999999")])), None);
    let blank = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "credential.helper")];
    let blank = move |name: &str| blank.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    assert_eq!(standing_pairs(&blank), Some(vec![pair("credential.helper", "")]));
}
