//! What is said of addresses that a client asks no keyring for: a line a file.

use super::*;
use crate::tools::testing::{Disk, feed, file, host, planned};

const FEEDS: [&str; 3] = ["f", "g", "h"];

fn url(feed: &str) -> String {
    format!("https://pkgs.dev.azure.com/contoso/_packaging/{feed}/pypi/simple/")
}

/// The warnings and notes for files that name the three.
fn said(client: &Python, files: &[(&str, &str)], disk: &Disk) -> Vec<String> {
    let served = FEEDS.map(|name| ServedFeed { bound: Binding::Address, ..feed(None, &url(name), "x") });
    let files: Vec<_> = files.iter().map(|(path, text)| file(&format!("/agent/1/s/{path}"), text)).collect();
    let plan = planned(client, &served, &files, &host(&[]), disk).unwrap();
    plan.warnings.sentences().into_iter().chain(plan.notes).collect()
}

#[test]
fn uv_says_a_line_for_each_file_and_none_for_requirements_by_themselves() {
    let [one, two, three] = FEEDS.map(url);
    let own = format!("index-url = \"{one}\"\nextra-index-url = [\"{two}\", \"{three}\"]\n");
    let project = format!("[[tool.uv.index]]\nurl = \"{three}\"\n");
    let requirements = format!("--index-url {one}\n--extra-index-url {two}\n");
    let disk = Disk::default().with("/usr/bin/uv", "");
    let remedy = "write https://contoso@pkgs.dev.azure.com/contoso/_packaging/f/pypi/simple/";
    assert_eq!(
        said(&Python::Uv, &[("uv.toml", &own), ("pyproject.toml", &project), ("requirements.txt", &requirements)], &disk),
        [
            format!("uv: no keyring is asked for contoso/f in uv.toml line 1 and 2 more there, without name and user; {remedy}"),
            "uv: no keyring is asked for contoso/h in pyproject.toml line 2, without name and user; write name = \"…\" beside it"
                .to_owned(),
            format!("uv: no keyring is asked for contoso/f in requirements.txt line 1 and 1 more there, without name and user; {remedy}"),
        ]
    );
    assert_eq!(said(&Python::Uv, &[("requirements.txt", &requirements)], &disk), [""; 0]);
}

#[test]
fn pip_says_a_line_for_each_file() {
    let [one, two, _] = FEEDS.map(url);
    let text = format!("-i {one}\n--extra-index-url {two}\n--extra-index-url {one}\n");
    let files = [("requirements.txt", text.as_str()), ("ci/requirements.txt", &text)];
    let library = if cfg!(windows) { "Lib" } else { "lib" };
    let installed = |version: &str| {
        let pip = format!("/usr/{library}/site-packages/pip-{version}.dist-info");
        Disk::default().with("/usr/bin/pip", "").with(&pip, "")
    };
    let in_file = |path: &str| format!("contoso/f in {path} line 1 and 1 more there");
    for (disk, before, behind) in [
        (
            Disk::default(),
            "versions before 26.2 ask for ",
            " only where the address has a user, as in https://contoso@",
        ),
        (installed("25.3"), "25.3 asks for ", " only where the address has a user; write https://contoso@"),
        (installed("23.0"), "23.0 asks no keyring, so it gets no token for ", "; use pip 23.1 or newer"),
    ] {
        let said = said(&Python::Pip, &files, &disk);
        let expected =
            ["requirements.txt", "ci/requirements.txt"].map(|path| format!("pip: {before}{}{behind}", in_file(path)));
        assert!(said.len() == 2 && said.iter().zip(&expected).all(|(said, start)| said.starts_with(start)), "{said:?}");
    }
}
