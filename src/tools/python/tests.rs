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
            "[pypi]\nurl = 'https://a/'\n[pypi.n]\nurl = 'https://b/'\n[repository.r]\nurl = 'https://c/'".into(),
            vec![" https://a/".into(), " https://b/".into(), " https://c/".into()],
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
    assert_eq!(outside(Python::Poetry, &[("POETRY_CONFIG_DIR", "/p")]), ["/p/auth.toml", "/p/config.toml"]);
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

/// Files by their paths.
type Texts<'r> = &'r [(&'r str, String)];
/// A client, its files and variables, and what is expected.
type Row<'r, Expected> = (Python, Texts<'r>, &'r [(&'r str, &'r str)], Expected);

/// A feed as a file or a variable names it.
fn served(name: Option<&str>, url: &str, named_in: &str) -> ServedFeed {
    ServedFeed { bound: Binding::Address, ..crate::tools::testing::feed(name, url, named_in) }
}

#[test]
fn a_password_of_the_users_own_is_said_with_its_place_and_never_shown() {
    let with = |user: &str| FEED.replace("https://", &format!("https://{user}@"));
    let own = with("me:s3cret");
    let upload = FEED.replace("simple", "upload");
    let pypirc =
        format!("[distutils]\nindex-servers = f\n[f]\nusername = me\npassword: s3cret\nrepository = {upload}\n");
    let table = |name: &str, url: &str| format!("[[tool.{name}]]\nname = 'a-f'\nurl = '{url}'\n");
    let basic = "[http-basic.other]\npassword = 'x'\n[http-basic.a-f]\nusername = 'me'\npassword = 's3cret'\n";
    let at_home = "/home/build/.config/pypoetry/auth.toml";
    let rows: &[Row<'_, &str>] = &[
        (Python::Pip, &[("requirements.txt", format!("a\n-i {own}"))], &[], "requirements.txt line 2"),
        (Python::Pip, &[("pip.conf", format!("[global]\nindex-url = {own}"))], &[], "pip.conf line 2"),
        (Python::Pip, &[], &[("PIP_INDEX_URL", &own)], "the variable PIP_INDEX_URL"),
        (
            Python::Pip,
            &[("pdm.toml", format!("[repository.f]\nurl = '{upload}'\npassword = 's3cret'"))],
            &[],
            "pdm.toml line 3",
        ),
        (
            Python::Pip,
            &[("pdm.toml", format!("[repository.f]\nurl = '{upload}'"))],
            &[("PDM_PUBLISH_PASSWORD", "s3cret")],
            "the variable PDM_PUBLISH_PASSWORD",
        ),
        (
            Python::Pip,
            &[],
            &[("HATCH_INDEX_REPO", &upload), ("HATCH_INDEX_AUTH", "s3cret")],
            "the variable HATCH_INDEX_AUTH",
        ),
        (Python::Uv, &[("pyproject.toml", table("uv.index", &own))], &[], "pyproject.toml line 3"),
        (Python::Uv, &[], &[("UV_INDEX", &format!("f={own}"))], "the variable UV_INDEX"),
        (
            Python::Uv,
            &[("pyproject.toml", table("uv.index", FEED))],
            &[("UV_INDEX_A_F_PASSWORD", "s3cret")],
            "the variable UV_INDEX_A_F_PASSWORD",
        ),
        (
            Python::Uv,
            &[],
            &[("UV_PUBLISH_URL", &upload), ("UV_PUBLISH_TOKEN", "s3cret")],
            "the variable UV_PUBLISH_TOKEN",
        ),
        (Python::Poetry, &[("pyproject.toml", table("poetry.source", &own))], &[], "pyproject.toml line 3"),
        (
            Python::Poetry,
            &[("pyproject.toml", table("poetry.source", FEED)), ("poetry.toml", basic.to_owned())],
            &[],
            "poetry.toml line 5",
        ),
        (
            Python::Poetry,
            &[("pyproject.toml", table("poetry.source", FEED)), (at_home, basic.to_owned())],
            &[],
            &format!("{at_home} line 5"),
        ),
        (
            Python::Poetry,
            &[("pyproject.toml", table("poetry.source", FEED))],
            &[("POETRY_HTTP_BASIC_A_F_PASSWORD", "s3cret")],
            "the variable POETRY_HTTP_BASIC_A_F_PASSWORD",
        ),
        (Python::Twine, &[(".pypirc", pypirc.clone())], &[], ".pypirc line 5"),
        (
            Python::Twine,
            &[(".pypirc", pypirc.replace("password", "#"))],
            &[("TWINE_PASSWORD", "s3cret")],
            "the variable TWINE_PASSWORD",
        ),
    ];
    for (client, files, variables, place) in rows {
        let path = |path: &str| if path.starts_with('/') { path.to_owned() } else { format!("/agent/1/s/{path}") };
        let files: Vec<_> = files.iter().map(|(at, text)| file(&path(at), text)).collect();
        let host = host(variables);
        let of_feed =
            |mention: &Mention| Feed::parse(&mention.url).map(|_| (mention.name.clone(), mention.url.clone()));
        let feeds: Vec<_> = reading(client, &files, &host).mentions.iter().filter_map(of_feed).collect();
        let feeds: Vec<_> = feeds.iter().map(|(name, url)| served(name.as_deref(), url, "x")).collect();
        let plan = planned(client, &feeds, &files, &host, &Disk::default()).unwrap();
        let said = plan.warnings.sentences();
        let name = client.id().name;
        let expected = format!(
            "{name}: {place} has a password of your own for contoso/f, which {name} prefers to this task's token: remove it there"
        );
        assert!(said.contains(&expected), "{place}: {said:?}");
        assert!(plan.served.is_empty(), "{place}: listed all the same");
        assert!(!format!("{said:?} {:?} {:?}", plan.notes, shown(&plan)).contains("s3cret"), "{place}");
        let other = served(Some("g"), &FEED.replace("/f/", "/g/"), "x");
        let plan = planned(client, &[other], &files, &host, &Disk::default()).unwrap();
        assert!(plan.warnings.sentences().iter().all(|said| !said.contains("of your own")), "{place}");
    }
}

/// A variable would show it to every later step.
#[test]
fn a_password_of_a_file_at_home_goes_into_no_variable() {
    for other in ["https://me:s3cret@registry.example.com/", "https://registry.example.com/"] {
        let text = format!("[global]\nextra-index-url = {FEED} {other}\n");
        let files = [file("/home/build/.config/pip/pip.conf", &text)];
        let plan = planned(&Python::Pip, &[served(None, FEED, "x")], &files, &host(&[]), &Disk::default()).unwrap();
        let has_password = other.contains('@');
        assert_eq!(plan.variables().any(|variable| variable.name == "PIP_EXTRA_INDEX_URL"), !has_password);
        assert_eq!(plan.notes.iter().any(|note| note.contains("https://contoso@")), has_password, "{:?}", plan.notes);
    }
}

/// What a client will not ask for is said, and not listed as within its reach.
#[test]
#[cfg(unix)] // pip's folders are called otherwise on Windows.
fn only_feeds_that_a_client_asks_for_are_listed() {
    let with_user = FEED.replace("https://", "https://any@");
    let table = |rest: &str| format!("[[tool.uv.index]]\nurl = '{FEED}'\n{rest}");
    let requirements = format!("-i {FEED}");
    let rows: &[(Python, &str, Texts<'_>, bool)] = &[
        (Python::Pip, "25.3", &[("requirements.txt", requirements.clone())], false),
        (Python::Pip, "26.2", &[("requirements.txt", requirements.clone())], true),
        (Python::Pip, "", &[("requirements.txt", requirements.clone())], true),
        (Python::Pip, "25.3", &[("requirements.txt", format!("-i {with_user}"))], true),
        (Python::Pip, "23.0", &[("requirements.txt", format!("-i {with_user}"))], false),
        (Python::Pip, "25.3", &[("/etc/pip.conf", format!("[global]\nindex-url = {FEED}"))], true),
        (Python::Pip, "25.3", &[("pip.conf", format!("[global]\nindex-url = {FEED}"))], false),
        (
            Python::Pip,
            "25.3",
            &[("requirements.txt", requirements.clone()), ("more-requirements.txt", format!("-i {with_user}"))],
            true,
        ),
        (Python::Uv, "25.3", &[("requirements.txt", requirements.clone())], false),
        (Python::Uv, "", &[("pyproject.toml", table(""))], false),
        (Python::Uv, "", &[("pyproject.toml", table("name = 'f'"))], true),
        (Python::Uv, "", &[("pyproject.toml", table("authenticate = 'always'"))], true),
        (Python::Uv, "", &[("uv.toml", format!("index-url = '{FEED}'"))], false),
        (Python::Uv, "", &[("uv.toml", format!("index-url = '{with_user}'"))], true),
    ];
    for (client, version, files, is_listed) in rows {
        let path = |path: &str| if path.starts_with('/') { path.to_owned() } else { format!("/agent/1/s/{path}") };
        let files: Vec<_> = files.iter().map(|(at, text)| file(&path(at), text)).collect();
        let disk = Disk::default();
        let disk = if version.is_empty() {
            disk
        } else {
            let installed = format!("/opt/lib/python3.12/site-packages/pip-{version}.dist-info");
            disk.with("/opt/bin/pip", "#!/opt/bin/python3.12\n").with("/opt/lib/python3.12", "").with(&installed, "")
        };
        let feeds = [served(None, FEED, "requirements.txt")];
        let plan = planned(client, &feeds, &files, &host(&[]), &disk).unwrap();
        assert_eq!(!plan.served.is_empty(), *is_listed, "{client:?} {version} {}", files[0].source.shown);
        // Listed where it is asked for, if that is another file than the first.
        assert!(plan.served.iter().all(|served| !is_listed || files.last().unwrap().source.shown == served.named_in));
    }
}

/// The same feed may stand there with two users; the one that is kept for the list is not the only one that the client asks as.
#[test]
fn every_user_of_a_feed_counts_where_another_organization_has_the_same() {
    let at = |user: &str, url: &str| url.replace("https://", &format!("https://{user}@"));
    let plants = at("shared", &FEED.replace("contoso", "tailspin"));
    let text =
        format!("-i {}\n--extra-index-url {}\n--extra-index-url {plants}\n", at("any", FEED), at("shared", FEED));
    let feeds = [served(None, &at("any", FEED), "x")];
    let files = [file("/agent/1/s/requirements.txt", &text)];
    let plan = planned(&Python::Pip, &feeds, &files, &host(&[]), &Disk::default()).unwrap();
    assert!(shown(&plan).contains(&"PIP_KEYRING_PROVIDER=disabled".to_owned()), "{:?}", shown(&plan));
}

/// A project, a feed that is served, variables, and whether later steps get the module and the user.
type OfHatch<'r> = (&'r str, &'r str, &'r [(&'r str, &'r str)], bool, bool);

/// hatch asks Python's keyring as a user only, and that one is the variable's wherever it publishes.
#[test]
fn hatch_has_a_module_and_a_user_where_a_variable_says_to_which_feed_it_publishes() {
    let (upload, project) = (&FEED.replace("simple", "upload"), "[tool.hatch.version]\npath = 'a.py'\n");
    let rows: &[OfHatch<'_>] = &[
        ("", FEED, &[], false, false),
        (project, FEED, &[], true, false),
        ("", upload, &[], true, false),
        ("", upload, &[("HATCH_INDEX_REPO", upload)], true, true),
        ("", upload, &[("HATCH_INDEX_REPO", upload), ("HATCH_INDEX_USER", "me")], true, false),
        (project, FEED, &[("HATCH_INDEX_REPO", "https://registry.example.com/pypi/upload/")], true, false),
    ];
    for (project, feed, variables, has_module, has_user) in rows {
        let files = [file("/agent/1/s/pyproject.toml", project)];
        let feeds = [served(None, feed, "x")];
        let plan = planned(&Python::Pip, &feeds, &files, &host(variables), &Disk::default()).unwrap();
        let sets = |name: &str| plan.variables().any(|variable| variable.name == name);
        assert_eq!((sets("PYTHONPATH"), sets("HATCH_INDEX_USER")), (*has_module, *has_user), "{feed} {variables:?}");
    }
}
