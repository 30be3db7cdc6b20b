//! The calls of real clients, and others.

use super::*;
use crate::helper::tests::{Runs, token_of};
use crate::kernel::clock::now;

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/simple/";

fn runs(expires_at: u64) -> Runs {
    let mut runs = Runs::new();
    runs.run(1, &[("contoso", Dialect::Keyring, None)], &[], expires_at);
    runs
}

fn said(runs: &Runs, arguments: &[&str]) -> String {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    match answer(&arguments, &mut |question| runs.reply(1, question.client, &question.url)) {
        Outcome::Answer(text) => text.to_string(),
        Outcome::Silence => "silence".to_owned(),
        Outcome::NotOurs => "not ours".to_owned(),
        Outcome::Trouble(explanation) => explanation.headline,
    }
}

#[test]
fn each_client_is_answered_in_its_form() {
    let (runs, token) = (runs(now() + 3600), token_of("contoso"));
    assert_eq!(said(&runs, &["get", FEED, "az"]), format!("{token}\n"));
    let json = format!("{{\"username\": \"ado-entra-auth\", \"password\": \"{token}\"}}\n");
    assert_eq!(said(&runs, &["--mode=creds", "--output=json", "get", FEED]), json);
    assert_eq!(said(&runs, &["--mode=creds", "--output=json", "get", FEED, "az"]), json);
    assert_eq!(said(&runs, &["get", FEED, "--mode", "creds"]), format!("ado-entra-auth\n{token}\n"));
    assert_eq!(said(&runs, &["set", FEED, "az"]), "silence");
    assert_eq!(said(&runs, &["del", FEED, "az"]), "silence");
    for other in [
        &["get", FEED][..],
        &["get"],
        &["set", FEED],
        &["list", FEED, "az"],
        &["--list-backends"],
        &["-b", "x.Keyring", "get", FEED, "az"],
        &["--mode", "other", "get", FEED, "az"],
        &["--mode"],
        &[],
    ] {
        assert_eq!(said(&runs, other), "not ours", "{other:?}");
    }
    let message = said(&self::runs(now() - 1), &["get", FEED, "az"]);
    assert!(message.contains("has expired"), "{message}");
}

#[test]
fn an_index_and_what_lies_in_it_is_ours_and_no_bare_host_is() {
    let runs = runs(now() + 3600);
    let is_ours = |service: &str| said(&runs, &["get", service, "az"]) == format!("{}\n", token_of("contoso"));
    for service in [
        FEED,
        "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/simple",
        "https://az@pkgs.dev.azure.com/contoso/Shop/_packaging/f@Local/pypi/upload/",
        "https://contoso.pkgs.visualstudio.com/_packaging/feed1/pypi/download/a/1/a-1.whl",
    ] {
        assert!(is_ours(service), "{service}");
    }
    for service in [
        "pkgs.dev.azure.com",
        // Asked for over http, too.
        "contoso.pkgs.visualstudio.com",
        "https://contoso.pkgs.visualstudio.com/",
        "https://pkgs.dev.azure.com",
        "https://pkgs.dev.azure.com/contoso",
        "https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/",
        "https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/pypi/simple/",
        "https://pkgs.dev.azure.com/contoso/../fabrikam/_packaging/feed1/pypi/simple/",
        "http://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/simple/",
        "https://contoso.visualstudio.com/_packaging/feed1/pypi/simple/",
        "contoso.visualstudio.com",
        "fabrikam.pkgs.visualstudio.com",
        "contoso.pkgs.visualstudio.com:444",
        "https://registry.example.com/contoso/_packaging/feed1/pypi/simple/",
        "",
    ] {
        assert!(!is_ours(service), "{service}");
    }
}
