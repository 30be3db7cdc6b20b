//! What Python's clients read, and what is drafted for them.

use super::*;
use crate::tools::testing::{Disk, file, host, mentioned, planned, reading, shown};

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/pypi/simple/";

#[test]
fn indexes_are_found_in_every_file_of_each_client() {
    let lock = format!(
        "[[tool.uv.index]]\nname = 'n'\nurl = '{FEED}'\npublish-url = 'https://p/'\n[tool.uv.pip]\nextra-index-url = ['https://e/']\n"
    );
    let poetry = format!("[[tool.poetry.source]]\nname = 'n'\nurl = '{FEED}'\n");
    let rows = [
        (Python::Pip, "requirements.txt", format!("a==1 # -i https://no/\n  -i {FEED}\n"), vec![format!(" {FEED}")]),
        (Python::Pip, "requirements/dev.txt", format!("--index-url={FEED}"), vec![format!(" {FEED}")]),
        (Python::Uv, "ci/constraints-a.in", format!("-i{FEED}"), vec![format!(" {FEED}")]),
        (
            Python::Pip,
            "requirements-x.txt",
            "--extra \\\n 'https://${NAME}/${NONE}' --no-index".into(),
            vec![" https://value/${NONE}".into()],
        ),
        (
            Python::Pip,
            "pip.ini",
            "[install]\r\nextra_index_url=https://a/\r\n    # no\r\n    https://b/\r\n".into(),
            vec![" https://a/".into(), " https://b/".into()],
        ),
        (
            Python::Uv,
            "pyproject.toml",
            lock.clone(),
            vec![format!("n {FEED}"), "n https://p/".into(), " https://e/".into()],
        ),
        (
            Python::Uv,
            "uv.toml",
            "index-url = 'https://a/'\npublish-url = 'https://b/'".into(),
            vec![" https://a/".into(), " https://b/".into()],
        ),
        (Python::Poetry, "pyproject.toml", poetry + &lock, vec![format!("n {FEED}")]),
        (Python::Poetry, "poetry.toml", "[repositories.r]\nurl = 'https://a/'".into(), vec!["r https://a/".into()]),
        (
            Python::Twine,
            ".pypirc",
            "[distutils]\nindex-servers = r\n[r]\nRepository : https://a/\nusername = x\n".into(),
            vec!["r https://a/".into()],
        ),
        (
            Python::Pip,
            "Pipfile",
            format!("[[source]]\nname = 'n'\nurl = '{FEED}'\n[packages]\na = '*'\n"),
            vec![format!(" {FEED}")],
        ),
        (
            Python::Pip,
            "pyproject.toml",
            format!(
                "[[tool.pdm.source]]\nname = 'n'\nurl = '{FEED}'\n[[tool.uv.index]]\nurl = 'https://no/'\n\
                 [tool.hatch.envs.test.env-vars]\nPIP_INDEX_URL = 'https://a/ https://b/'\nUV_INDEX_URL = 'https://no/'\n"
            ),
            vec![format!(" {FEED}"), " https://a/".into(), " https://b/".into()],
        ),
        (
            Python::Pip,
            "pdm.toml",
            "[pypi]\nurl = 'https://a/'\n[pypi.n]\nurl = 'https://b/'".into(),
            vec![" https://a/".into(), " https://b/".into()],
        ),
        (
            Python::Uv,
            "hatch.toml",
            "[envs.default.env-vars]\nUV_INDEX = 'n=https://a/'\nPIP_INDEX_URL = 'https://no/'".into(),
            vec![" https://a/".into()],
        ),
        (Python::Pip, "Pipfile.lock", format!("{{\"_meta\": {{\"sources\": [{{\"url\": \"{FEED}\"}}]}}}}"), vec![]),
    ];
    let host = host(&[("NAME", "value")]);
    for (client, path, text, expected) in rows {
        let file = file(&format!("/agent/1/s/{path}"), &text);
        assert!(client.reads(RelPath::new(file.source.path.parent().unwrap(), file.name()), Among::Project), "{path}");
        let expected: Vec<String> = expected.iter().map(|line| format!("{line} {path}")).collect();
        assert_eq!(mentioned(&client, &[file], &host), expected, "{client:?}");
    }
    for (client, path) in [(Python::Uv, "Pipfile"), (Python::Uv, "requirements.md"), (Python::Twine, "pip.conf")] {
        assert!(!client.reads(RelPath::new(std::path::Path::new("/agent/1/s"), path), Among::Project), "{path}");
    }
    let reads = |path| Python::Pip.reads(RelPath::new(std::path::Path::new("/agent/1/s/.venv"), path), Among::Beside);
    assert!(reads("pip.conf") && !reads("requirements.txt"));
}

#[test]
fn what_shows_the_credential_to_others_is_a_peril() {
    let rows: &[(Python, &str, &str, bool)] = &[
        (Python::Pip, "requirements.txt", "--trusted-host PKGS.dev.azure.com:443", true),
        (Python::Pip, "requirements.txt", "--tr pkgs.dev.azure.com", true),
        (Python::Pip, "requirements.txt", "--trusted-host pkgs.dev\\\n.azure.com", true),
        (Python::Pip, "requirements.txt", "--trusted-host registry.example.com", false),
        (Python::Pip, "requirements.txt", "a\n# --trusted-host pkgs.dev.azure.com \\\nb", false),
        (Python::Pip, "requirements.txt", "evil @ http://contoso@pkgs.dev.azure.com/x/evil-1.whl", true),
        (Python::Pip, "requirements.txt", "evil @ https://pkgs.dev.azure.com:444/x/evil-1.whl", true),
        (Python::Pip, "Pipfile", "[[source]]\nurl = 'https://pkgs.dev.azure.com/c/'\nverify_ssl = false", true),
        (Python::Pip, "Pipfile", "[[source]]\nurl = 'https://registry.example.com/'\nverify_ssl = false", false),
        (Python::Pip, "Pipfile", "[[source]]\nurl = 'http://pkgs.dev.azure.com/c/_packaging/f/pypi/simple/'", true),
        (
            Python::Pip,
            "pyproject.toml",
            "[[tool.pdm.source]]\nurl = 'https://u@PKGS.dev.azure.com/c/'\nverify_ssl = false",
            true,
        ),
        (Python::Pip, "pdm.toml", "[pypi]\nurl = 'https://pkgs.dev.azure.com/c/'\nca_certs = 'ca.pem'", true),
        (Python::Pip, "pyproject.toml", "[[tool.pdm.source]]\nurl = 'http://pkgs.dev.azure.com/c/_packaging/f/'", true),
        (Python::Pip, "pyproject.toml", "[[tool.poetry.source]]\nurl = 'http://pkgs.dev.azure.com/c/'", false),
        (Python::Pip, "pip.conf", "[global]\ntrusted-host = a\n  pkgs.dev.azure.com", true),
        (Python::Pip, "pip.conf", "[global]\nproxy = http://evil.example:8080", true),
        (Python::Pip, "pip.conf", "[install]\ncert = ca.pem", true),
        (Python::Pip, "pip.conf", "[global]\ntimeout = 5\nproxy = http://own.example:8080", false),
        (Python::Uv, "uv.toml", "allow-insecure-host = ['x', 'contoso.pkgs.visualstudio.com']", true),
        (Python::Uv, "uv.toml", "allow-insecure-host = ['*']", true),
        (Python::Uv, "uv.toml", "allow-insecure-host = ['https://pkgs.dev.azure.com']", true),
        (Python::Uv, "uv.toml", "https-proxy = 'http://evil.example:8080'", true),
        (Python::Uv, "uv.toml", "allow-insecure-host = ['registry.example.com']", false),
        (Python::Uv, "pyproject.toml", "[tool.uv.sources]\nx = {url = 'http://pkgs.dev.azure.com/c/x.whl'}", true),
        (Python::Poetry, "poetry.toml", "[certificates.f]\ncert = false", true),
        (Python::Poetry, "poetry.toml", "[certificates.f]\ncert = 'ca.pem'", true),
        (Python::Poetry, "poetry.toml", "[certificates.f]\nclient-cert = 'own.pem'", false),
    ];
    let host = host(&[("HTTPS_PROXY", "http://own.example:8080/")]);
    for (client, path, text, is_peril) in rows {
        let perils = reading(client, &[file(&format!("/agent/1/s/{path}"), text)], &host).perils;
        assert_eq!(!perils.is_empty(), *is_peril, "{path}: {text}");
    }
}

#[test]
fn an_address_by_itself_at_another_organization_takes_the_token_away() {
    let served = [ServedFeed { bound: Binding::Address, ..crate::tools::testing::feed(None, FEED, "x") }];
    let of = |organization: &str| {
        let feed = FEED.replace("https://", "https://contoso@");
        let served = [ServedFeed { written: feed.clone(), ..served[0].clone() }];
        let text = format!(
            "-i {feed}\nevil @ https://contoso@pkgs.dev.azure.com/{organization}/_packaging/e/pypi/download/evil/1/evil-1.whl"
        );
        let files = [file("/agent/1/s/requirements.txt", &text)];
        shown(&planned(&Python::Pip, &served, &files, &host(&[]), &Disk::default()).unwrap())
    };
    assert!(of("tailspin").contains(&"PIP_KEYRING_PROVIDER=disabled".to_owned()));
    assert!(of("contoso").contains(&"PIP_KEYRING_PROVIDER=subprocess".to_owned()));
}

/// Time and memory grow with the file, whatever is in it. Each of these took minutes, or gigabytes, where they grew with its square.
#[test]
fn no_file_takes_more_than_its_size() {
    let long = "x".repeat(1_000_000);
    for (client, path, text) in [
        (Python::Pip, "requirements.txt", "https://pkgs.dev.azure.com/c/_packaging/f/pypi/ ".repeat(100_000)),
        (Python::Pip, "requirements.txt", "http".repeat(1_000_000)),
        (Python::Pip, "pip.conf", format!("[{long}]\n{long} = a\n{}", " b\n".repeat(300_000))),
        (Python::Twine, ".pypirc", format!("[{long}]\n{}", "repository = https://a.example/\n".repeat(100_000))),
    ] {
        let parsed = reading(&client, &[file(&format!("/agent/1/s/{path}"), &text)], &host(&[]));
        assert!(parsed.mentions.len() <= 1000, "{path}");
    }
}

#[test]
fn what_hides_options_is_a_doubt() {
    let many = "--extra-index-url https://registry.example.com/x\n".repeat(1001);
    for text in [
        "-r https://evil.example/r.txt",
        "--constraint=https://evil.example/c.txt",
        "# coding: utf-7\n+AC0ALQ-trusted-host pkgs.dev.azure.com",
        "--trusted-host pkgs\\.dev.azure.com",
        "--trusted-host pkgs.dev\".azure.com\"",
        &many,
    ] {
        let doubts = reading(&Python::Pip, &[file("/agent/1/s/requirements.txt", text)], &host(&[])).doubts;
        assert_eq!(doubts.len(), 1, "{text:.60}");
    }
    for text in
        ["# -*- coding: utf-8 -*-\n-i \"https://registry.example.com/\"", "a==1 \\\n  --hash=sha256:00", "-r b.txt"]
    {
        let doubts = reading(&Python::Pip, &[file("/agent/1/s/requirements.txt", text)], &host(&[])).doubts;
        assert!(doubts.is_empty(), "{text}");
    }
}

#[test]
fn files_in_force_are_those_that_the_client_reads() {
    let outside = |client: Python, variables: &[(&str, &str)]| {
        let paths = client.outside(&host(variables), &Disk::default());
        paths.iter().map(|path| crate::tools::testing::slashed(path)).collect::<Vec<_>>()
    };
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let own = ["/home/build/.pip/pip.conf", "/home/build/.config/pip/pip.conf"];
    assert_eq!(outside(Python::Pip, &[]), [&["/etc/pip.conf"], &own[..]].concat());
    let given = [("PIP_CONFIG_FILE", "x/pip.conf"), ("VIRTUAL_ENV", "/v")];
    assert_eq!(outside(Python::Pip, &given), ["/etc/pip.conf", "/v/pip.conf", "/agent/1/s/x/pip.conf"]);
    assert_eq!(outside(Python::Pip, &[("PIP_CONFIG_FILE", "/dev/null")]), ["/etc/pip.conf"]);
    assert_eq!(outside(Python::Uv, &[("XDG_CONFIG_HOME", "/x")]), ["/x/uv/uv.toml"]);
    assert_eq!(outside(Python::Poetry, &[("POETRY_CONFIG_DIR", "/p")]), ["/p/config.toml"]);
    assert_eq!(outside(Python::Twine, &[]), ["/home/build/.pypirc"]);
}

#[test]
#[cfg(unix)] // Its folders are called otherwise on Windows.
fn a_pip_before_23_1_has_the_token_in_its_address() {
    let serving = |installed: &str, first_line: &str| {
        let disk = Disk::default()
            .with("/opt/bin/pip", first_line)
            .with("/opt/lib/python3.12", "a folder")
            .with(&format!("/opt/lib/python3.12/site-packages/{installed}"), "");
        let host = host(&[("PIP_EXTRA_INDEX_URL", &format!("https://registry.example.com/ {FEED}"))]);
        let served = [ServedFeed { bound: Binding::Url, ..crate::tools::testing::feed(None, FEED, "x") }];
        shown(&planned(&Python::Pip, &served, &[], &host, &disk).unwrap())
    };
    let bare = FEED.replace("https://", "");
    let of = |user: &str| format!("PIP_EXTRA_INDEX_URL=https://registry.example.com/ https://{user}@{bare}");
    assert!(serving("pip-23.0.1.dist-info", "#!/opt/bin/python3.12\n").contains(&of("contoso:***")));
    assert!(serving("pip-23.0.1.dist-info", "#!/bin/sh\n").contains(&of("contoso:***")));
    for newer in ["pip-23.1.dist-info", "pip-100.2.dist-info", "pip_tools-1.0.dist-info"] {
        assert!(serving(newer, "").contains(&of("contoso")), "{newer}");
    }
}
