//! The calls of real clients, and others.

use super::*;
use crate::helper::tests::{Runs, token_of};
use crate::kernel::clock::now;

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/simple/";

fn runs(expires_at: u64) -> Runs {
    let mut runs = Runs::new();
    runs.run(1, &[("contoso", Dialect::Pip, None)], &[], expires_at);
    runs
}

fn said(runs: &Runs, arguments: &[&str]) -> String {
    said_by(1, runs, arguments, &[])
}

fn said_by(run: usize, runs: &Runs, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let variable = |name: &str| environment.iter().find(|set| set.0 == name).map(|set| set.1.to_owned());
    match answer(&arguments, &variable, &mut |question| runs.reply(run, question.client, &question.url)) {
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

/// The first step serves pip and twine, the second uv and poetry, and the second's program is the one on PATH.
#[test]
fn a_step_answers_the_clients_that_it_has_set_up_and_the_rest_goes_on_to_the_step_that_has() {
    let mut runs = Runs::new();
    let later = now() + 3600;
    let expired = now() - 1;
    runs.run(1, &[("contoso", Dialect::Pip, None), ("contoso", Dialect::Twine, None)], &[], expired);
    runs.run(2, &[("contoso", Dialect::Uv, None), ("contoso", Dialect::Poetry, None)], &[1], later);
    runs.run(3, &[("contoso", Dialect::Uv, None)], &[], later);
    let json = ["--mode=creds", "--output=json", "get", FEED];
    let by_second = |arguments: &[&str], environment: &[(&str, &str)]| {
        !said_by(2, &runs, arguments, environment).contains("has expired")
    };
    let pip = [("PYTHONIOENCODING", "utf-8")];
    for (arguments, environment, is_second) in [
        (&["get", FEED, "az"][..], &pip[..], false),
        (&["get", FEED, "az"], &[], true),
        (&["get", FEED, "az"], &[("PYTHONIOENCODING", "UTF-8")], true),
        (&["get", FEED, "--mode", "creds"], &pip, true),
        (&json, &pip, false),
        (&json, &[], false),
        (&json, &[(ASKED_AGAIN, "twine")], false),
        (&json, &[(ASKED_AGAIN, "poetry")], true),
    ] {
        assert_eq!(by_second(arguments, environment), is_second, "{arguments:?} {environment:?}");
        // A client that no step has set up is answered all the same.
        let token = said_by(3, &runs, arguments, environment);
        assert!(token.contains(&token_of("contoso")), "{arguments:?} {environment:?}");
    }
}
