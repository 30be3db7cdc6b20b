//! What the init script asks and is told.

use super::*;
use crate::helper::tests::{Runs, token_of};
use crate::kernel::clock::now;

/// What a run says to the script's lines.
fn said(runs: &Runs, asked: &str) -> String {
    let mut output = Vec::new();
    let mut ask = |question: &Question| runs.reply_from(&runs.folder(1), question);
    serve(&mut asked.as_bytes(), &mut output, &mut ask).unwrap();
    String::from_utf8(output).unwrap()
}

fn runs(expires_at: u64) -> Runs {
    let mut runs = Runs::new();
    runs.run(1, &[("contoso", Dialect::Gradle, None), ("contoso", Dialect::Git, None)], &[], expires_at);
    runs
}

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1";

#[test]
fn each_address_has_a_line_for_an_answer() {
    let runs = runs(now() + 3600);
    let token = format!("token {}\n", token_of("contoso"));
    for url in [
        FEED,
        "https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1/",
        "https://PKGS.dev.azure.com/Contoso/My%20Project/_packaging/f@Release/maven/v1",
        "https://contoso.pkgs.visualstudio.com/_packaging/f/maven/v1",
    ] {
        assert_eq!(said(&runs, &format!("{url}\n")), token, "{url}");
        assert_eq!(said(&runs, &format!("{url}\r\nx\n{url}")), format!("{token}none\n{token}"), "{url}");
    }
    assert_eq!(said(&runs, ""), "");
}

#[test]
fn what_is_near_is_not_ours() {
    let runs = runs(now() + 3600);
    for url in [
        "http://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1",
        "https://pkgs.dev.azure.com:444/contoso/_packaging/f/maven/v1",
        "https://pkgs.dev.azure.com/fabrikam/_packaging/f/maven/v1",
        "https://pkgs.dev.azure.com/contoso/../fabrikam/_packaging/f/maven/v1",
        "https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/",
        "https://pkgs.dev.azure.com/contoso/_packaging/f",
        "https://pkgs.dev.azure.com.evil.example/contoso/_packaging/f/maven/v1",
        "https://pkgs.dev.azure.com@evil.example/contoso/_packaging/f/maven/v1",
        "https://evil.example/contoso/_packaging/f/maven/v1",
        "https://contoso.visualstudio.com/_packaging/f/maven/v1",
        "https://dev.azure.com/contoso/Shop/_git/hello",
        "\u{fffd}",
    ] {
        assert_eq!(said(&runs, &format!("{url}\n")), "none\n", "{url}");
    }
    let mut output = Vec::new();
    let mut ask = |question: &Question| runs.reply_from(&runs.folder(1), question);
    serve(&mut &b"\xff\n"[..], &mut output, &mut ask).unwrap();
    assert_eq!(output, b"none\n");
}

#[test]
fn trouble_is_one_line() {
    let told = said(&runs(now()), &format!("{FEED}\n"));
    assert_eq!(
        told,
        "error the access token for contoso has expired; remedy: run AdoEntraAuth@1 again before this step; troubleshooting: token-ended\n"
    );
}
