//! What a vault gives, and to whom it gives nothing.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::*;
use crate::helper::tests::{Runs, token_of};

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/";
const LATER: u64 = 4_000_000_000;

fn wanted(client: Dialect, organization: &str, feed: Option<&str>) -> Wanted {
    let organization = Organization::parse(organization).unwrap();
    Wanted { client, organization, feed: feed.map(|url| Feed::parse(url).unwrap()) }
}

/// The token that a run gives, or nothing for whatever reason.
fn given(runs: &Runs, number: usize, wanted: &Wanted) -> Option<String> {
    let look = |name: &str| runs.variable(name);
    let issued = open(&runs.folder(number), &look).ok()?.token(wanted).ok()??;
    assert_eq!(issued.expires_at, LATER);
    Some(issued.token.reveal().to_owned())
}

fn one() -> (Runs, String) {
    let mut runs = Runs::new();
    let variable =
        runs.run(1, &[("contoso", Dialect::Git, None), ("contoso", Dialect::Cargo, Some(&[FEED]))], &[], LATER);
    (runs, variable)
}

fn bytes(folder: &Path) -> Vec<u8> {
    disk::read(&folder.join(file::NAME)).unwrap().unwrap()
}

fn put(folder: &Path, bytes: &[u8]) {
    disk::replace_private(&folder.join(file::NAME), bytes).unwrap();
}

/// Changes the file as JSON.
fn edit(runs: &Runs, change: impl FnOnce(&mut Value)) {
    edit_of(runs, 1, change);
}

fn edit_of(runs: &Runs, number: usize, change: impl FnOnce(&mut Value)) {
    let mut vault: Value = serde_json::from_slice(&bytes(&runs.folder(number))).unwrap();
    change(&mut vault);
    put(&runs.folder(number), &serde_json::to_vec(&vault).unwrap());
}

#[test]
fn what_was_put_in_comes_out() {
    let (runs, _) = one();
    assert_eq!(given(&runs, 1, &wanted(Dialect::Git, "contoso", None)), Some(token_of("contoso")));
    assert_eq!(given(&runs, 1, &wanted(Dialect::Cargo, "Contoso", Some(FEED))), Some(token_of("contoso")));
    for missing in [wanted(Dialect::Git, "fabrikam", None), wanted(Dialect::Cargo, "contoso", None)] {
        assert_eq!(given(&runs, 1, &missing), None);
    }
}

#[test]
fn feeds_are_compared_by_their_parts() {
    let (runs, _) = one();
    for (url, is_granted) in [
        ("https://contoso.pkgs.visualstudio.com/_packaging/F/Cargo/index/", true),
        ("https://pkgs.dev.azure.com/CONTOSO/_packaging/f/npm/registry/", true),
        ("https://pkgs.dev.azure.com/contoso/_packaging/f@Release/Cargo/index/", false),
        ("https://pkgs.dev.azure.com/contoso/Shop/_packaging/f/Cargo/index/", false),
        ("https://pkgs.dev.azure.com/contoso/_packaging/ff/Cargo/index/", false),
    ] {
        assert_eq!(given(&runs, 1, &wanted(Dialect::Cargo, "contoso", Some(url))).is_some(), is_granted, "{url}");
    }
}

#[test]
fn the_file_is_worth_nothing_without_the_key() {
    let (mut runs, variable) = one();
    let git = wanted(Dialect::Git, "contoso", None);
    assert!(given(&runs, 1, &git).is_some());
    let look = |_: &str| None;
    assert!(matches!(open(&runs.folder(1), &look).unwrap().token(&git), Err(VaultError::NoKey { .. })));
    let another = Key::generate().unwrap().to_text();
    for text in [another.as_str(), "", "x", &"A".repeat(43)] {
        let look = |name: &str| (name == variable).then(|| text.to_owned());
        assert!(open(&runs.folder(1), &look).unwrap().token(&git).is_err(), "{text}");
    }
    runs.forget(&variable);
    assert_eq!(given(&runs, 1, &git), None);
}

#[test]
fn the_key_is_worth_nothing_without_the_file() {
    let (mut runs, variable) = one();
    let key = runs.variable(&variable).unwrap();
    let token = token_of("contoso");
    assert!(!key.contains(&token) && !variable.contains(&token));
    disk::remove_file(&runs.folder(1).join(file::NAME)).unwrap();
    assert_eq!(given(&runs, 1, &wanted(Dialect::Git, "contoso", None)), None);
    // Nor beside a file of another run.
    runs.run(2, &[("contoso", Dialect::Git, None)], &[], LATER);
    disk::replace_private(&runs.folder(1).join(file::NAME), &bytes(&runs.folder(2))).unwrap();
    edit(&runs, |vault| vault["key"] = variable.clone().into());
    assert_eq!(given(&runs, 1, &wanted(Dialect::Git, "contoso", None)), None);
}

/// A bit anywhere: of what is sealed, of the nonce, of the key, and of the whole file.
#[test]
fn a_flipped_bit_gives_nothing() {
    let (runs, variable) = one();
    let whole = bytes(&runs.folder(1));
    let key = Key::parse(&runs.variable(&variable).unwrap()).unwrap();
    let (git, feed) = (wanted(Dialect::Git, "contoso", None), wanted(Dialect::Cargo, "contoso", Some(FEED)));
    let given = |bytes: &[u8], key: &Key, wanted: &Wanted| {
        let file = VaultFile::parse(bytes)?;
        file.entries.iter().find(|entry| entry.is_for(wanted))?.open(key)
    };
    assert_eq!(given(&whole, &key, &git), Some((token_of("contoso"), LATER)));
    let vault: Value = serde_json::from_slice(&whole).unwrap();
    for field in ["nonce", "sealed"] {
        let raw = STANDARD.decode(vault["entries"][0][field].as_str().unwrap()).unwrap();
        for flipped in flips(&raw) {
            let mut vault = vault.clone();
            vault["entries"][0][field] = STANDARD.encode(&flipped).into();
            let edited = serde_json::to_vec(&vault).unwrap();
            assert!(given(&edited, &key, &git).is_none() && given(&edited, &key, &feed).is_some(), "{field}");
        }
    }
    for flipped in flips(&URL_SAFE_NO_PAD.decode(&*key.to_text()).unwrap()) {
        let flipped = Key::parse(&URL_SAFE_NO_PAD.encode(flipped)).unwrap();
        assert!(given(&whole, &flipped, &git).is_none());
    }
    // In the whole file a bit may turn a letter that counts for nothing; nobody else gets anything for it.
    let others = ["contosn", "contosg", "fabrikam"].map(|name| wanted(Dialect::Git, name, None));
    let another_feed = wanted(Dialect::Cargo, "contoso", Some(&FEED.replace("/f/", "/g/")));
    for flipped in flips(&whole) {
        assert!(given(&flipped, &key, &git).is_none_or(|(token, _)| token == token_of("contoso")));
        assert!(others.iter().chain([&another_feed]).all(|other| given(&flipped, &key, other).is_none()));
    }
}

/// Each form of some bytes in which one bit is another.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

#[test]
fn an_entry_serves_nobody_else() {
    let (runs, _) = one();
    let whole = bytes(&runs.folder(1));
    let another_feed = FEED.replace("/f/", "/g/");
    let feed = wanted(Dialect::Cargo, "contoso", Some(FEED));
    let refuses = |what: &str, wanted: &Wanted, change: &dyn Fn(&mut Value)| {
        assert!(given(&runs, 1, &wanted_before(wanted)).is_some(), "{what}");
        edit(&runs, change);
        assert_eq!(given(&runs, 1, wanted), None, "{what}");
        put(&runs.folder(1), &whole);
    };
    refuses("organization", &wanted(Dialect::Git, "fabrikam", None), &|v| {
        v["entries"][0]["organization"] = "fabrikam".into();
    });
    refuses("client", &feed, &|v| {
        v["entries"].as_array_mut().unwrap().truncate(1);
        v["entries"][0]["client"] = "cargo".into();
    });
    refuses("every feed", &wanted(Dialect::Cargo, "contoso", Some(&another_feed)), &|v| {
        v["entries"][1]["feeds"] = Value::Null;
    });
    refuses("another feed", &wanted(Dialect::Cargo, "contoso", Some(&another_feed)), &|v| {
        v["entries"][1]["feeds"] = vec![another_feed.clone()].into();
    });
    refuses("what another entry holds", &feed, &|v| {
        for field in ["nonce", "sealed"] {
            v["entries"][1][field] = v["entries"][0][field].clone();
        }
    });
}

/// What the unedited file gives in place of what it shall not.
fn wanted_before(wanted: &Wanted) -> Wanted {
    let feed = (wanted.client == Dialect::Cargo).then(|| Feed::parse(FEED).unwrap());
    Wanted { organization: Organization::parse("contoso").unwrap(), feed, ..wanted.clone() }
}

#[test]
fn the_token_is_nowhere_in_the_file() {
    let (runs, variable) = one();
    let text = String::from_utf8(bytes(&runs.folder(1))).unwrap();
    let token = token_of("contoso");
    assert!(text.contains("contoso"));
    let mut forms: Vec<String> = token.split('.').filter(|part| part.len() > 3).map(str::to_owned).collect();
    // However base64 falls on it.
    for before in ["", ":", "a:", "ado-entra-auth:", "12345678"] {
        let encoded = STANDARD_NO_PAD.encode(format!("{before}{token}"));
        forms.push(encoded[encoded.len() / 2..encoded.len() - 4].to_owned());
    }
    forms.extend([token.bytes().rev().map(char::from).collect(), format!("{:x?}", token.as_bytes())]);
    forms.push(runs.variable(&variable).unwrap());
    assert!(forms.iter().all(|form| !text.contains(form)), "{text}");
    // Two seals of one token have nothing in common.
    let vault: Value = serde_json::from_str(&text).unwrap();
    let sealed: Vec<&str> = (0..2).map(|n| vault["entries"][n]["sealed"].as_str().unwrap()).collect();
    assert_ne!(sealed[0][..8], sealed[1][..8]);
}

#[test]
fn the_first_run_that_has_an_entry_decides() {
    let mut runs = Runs::new();
    let git = |organization| wanted(Dialect::Git, organization, None);
    runs.run(1, &[("contoso", Dialect::Git, None), ("northwind", Dialect::Git, None)], &[], LATER);
    let second = runs.run(2, &[("fabrikam", Dialect::Git, None), ("contoso", Dialect::Git, None)], &[1], LATER);
    runs.run(3, &[("tailspin", Dialect::Git, None)], &[9, 3, 2, 1], LATER);
    for organization in ["contoso", "northwind", "fabrikam", "tailspin"] {
        assert_eq!(given(&runs, 3, &git(organization)), Some(token_of(organization)));
    }
    assert_eq!(given(&runs, 3, &git("wingtip")), None);
    assert_eq!(given(&runs, 1, &git("fabrikam")), None, "an earlier run does not know later ones");
    // The second run has an entry for contoso that does not open: the first one's identity is not used in its stead.
    runs.forget(&second);
    assert_eq!(given(&runs, 3, &git("contoso")), None);
    assert_eq!(given(&runs, 3, &git("northwind")), Some(token_of("northwind")));
    // It is over, and the first one is asked.
    disk::remove_private_folder(&runs.folder(2)).unwrap();
    assert_eq!(given(&runs, 3, &git("contoso")), Some(token_of("contoso")));
}

#[test]
fn earlier_runs_lie_beside_this_one_and_end() {
    let mut runs = Runs::new();
    let git = wanted(Dialect::Git, "contoso", None);
    runs.run(2, &[("contoso", Dialect::Git, None)], &[1], LATER);
    runs.run(1, &[("fabrikam", Dialect::Git, None)], &[2, 1], LATER);
    assert_eq!(given(&runs, 1, &wanted(Dialect::Git, "wingtip", None)), None, "a ring ends");
    let second = runs.folder(2);
    for name in [
        second.to_str().unwrap(),
        "../x",
        "x",
        "",
        "ado-entra-auth-000000000000002",
        "./ado-entra-auth-0000000000000002",
    ] {
        edit(&runs, |vault| vault["earlier"] = vec![name].into());
        assert_eq!(given(&runs, 1, &git), None, "{name}");
    }
    edit(&runs, |vault| vault["earlier"] = vec!["ado-entra-auth-0000000000000002"].into());
    assert!(given(&runs, 1, &git).is_some());
}

#[test]
fn a_vault_is_written_anew_in_one_step() {
    let (runs, variable) = one();
    let (key, token) = (Key::parse(&runs.variable(&variable).unwrap()).unwrap(), AccessToken::new("e30.fresh.c2ln"));
    let organization = Organization::parse("contoso").unwrap();
    let deposit = Deposit { organization, client: Dialect::Git, feeds: None, token: &token, expires_at: LATER };
    write(&runs.folder(1), &variable, &key, &[deposit], &BTreeSet::new(), &[]).unwrap();
    assert_eq!(given(&runs, 1, &wanted(Dialect::Git, "contoso", None)).as_deref(), Some("e30.fresh.c2ln"));
    assert_eq!(disk::list(&runs.folder(1)), [file::NAME]);
    assert!(disk::is_private_file(&runs.folder(1).join(file::NAME)));
}

/// Neither in this run nor in an earlier or a later one, whichever knew of several organizations there.
#[test]
fn a_silenced_client_is_answered_at_an_organizations_own_host_only() {
    for silent in [1, 2] {
        let mut runs = Runs::new();
        for number in [2, 1] {
            let grants = [("contoso", Dialect::NuGet, None), ("contoso", Dialect::Cargo, None)];
            let earlier: &[usize] = if number == 1 { &[2] } else { &[] };
            runs.run(number, &grants, earlier, LATER);
        }
        edit_of(&runs, silent, |vault| vault["silenced"] = vec!["nuget"].into());
        let at = |client: Dialect, host: &str| {
            let path = if client == Dialect::Cargo { "Cargo/index/" } else { "nuget/v3/index.json" };
            wanted(client, "contoso", Some(&format!("https://{host}/_packaging/f/{path}")))
        };
        let (shared, own) = ("pkgs.dev.azure.com/contoso", "contoso.pkgs.visualstudio.com");
        assert!(given(&runs, 1, &at(Dialect::NuGet, shared)).is_none(), "{silent}");
        assert!(
            given(&runs, 1, &at(Dialect::NuGet, own)).is_some()
                && given(&runs, 1, &at(Dialect::Cargo, shared)).is_some()
        );
        assert_eq!(given(&runs, 2, &at(Dialect::NuGet, shared)).is_some(), silent == 1);
    }
}

#[test]
fn only_a_runs_own_folder_is_believed() {
    let (runs, _) = one();
    let look = |name: &str| runs.variable(name);
    assert!(matches!(open(Path::new("/"), &look), Err(VaultError::NotARun { .. })));
    assert!(matches!(open(&runs.folder(7), &look), Err(VaultError::Gone { .. })));
    #[cfg(unix)]
    {
        let link = runs.folder(8);
        std::os::unix::fs::symlink(runs.folder(1), &link).unwrap();
        assert!(matches!(open(&link, &look), Err(VaultError::NotPrivate { .. })));
        open_to_others(&runs.folder(1));
        assert!(matches!(open(&runs.folder(1), &look), Err(VaultError::NotPrivate { .. })));
    }
}

#[cfg(unix)]
#[allow(clippy::disallowed_methods, reason = "the folder under test")]
fn open_to_others(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o701)).unwrap();
}

#[test]
fn files_of_other_releases_are_told() {
    let (runs, _) = one();
    let whole = bytes(&runs.folder(1));
    let changes: [&dyn Fn(&mut Value); 4] =
        [&|v| v["version"] = 1.into(), &|v| v["key"] = "PATH".into(), &|v| v["entries"] = Value::Null, &|v| {
            *v = Value::Null;
        }];
    for change in changes {
        edit(&runs, |vault| change(vault));
        assert!(matches!(open(&runs.folder(1), &|_| None), Err(VaultError::Damaged { .. })));
        put(&runs.folder(1), &whole);
    }
    // A client that only a newer release knows hides no other.
    edit(&runs, |vault| vault["entries"][1]["client"] = "keyring".into());
    assert!(given(&runs, 1, &wanted(Dialect::Git, "contoso", None)).is_some());
}

#[test]
fn keys_are_texts_and_names_cannot_be_guessed() {
    let key = Key::generate().unwrap();
    let text = key.to_text();
    assert!(text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert_eq!(Key::parse(&text).unwrap().to_text(), text);
    assert_eq!(format!("{key:?}"), "Key(***)");
    assert_ne!(Key::generate().unwrap().to_text(), text);
    for other in ["", "x", &text[1..], &format!("{}A", text.as_str()), &"=".repeat(43)] {
        assert!(Key::parse(other).is_none(), "{other}");
    }
    let (one, two) = (key_variable().unwrap(), key_variable().unwrap());
    assert!(one != two && one.len() == "ADO_ENTRA_AUTH_KEY_".len() + 32 && one == one.to_ascii_uppercase(), "{one}");
}
