//! Settings of clients that start pip, or ask as it does, and of twine, by which others would see the token.

use super::*;
use crate::tools::testing::{Disk, file, host, planned, reading, shown};

/// The lines of the perils in a file, and its doubts.
fn perils(client: &Python, files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<_> = files.iter().map(|(path, text)| file(&format!("/agent/1/s/{path}"), text)).collect();
    let reading = reading(client, &files, &host(&[]));
    let perils = reading.perils.iter().map(|peril| format!("{} {}", peril.place, peril.what));
    perils.chain(reading.doubts.iter().map(|doubt| format!("{} {}", doubt.file, doubt.reason))).collect()
}

/// The numbers of those lines.
fn lines(client: &Python, path: &str, text: &str) -> Vec<usize> {
    let perils = perils(client, &[(path, text)]);
    let number = |peril: &String| peril.strip_prefix(&format!("{path} line "))?.split(' ').next()?.parse().ok();
    perils.iter().map(|peril| number(peril).unwrap_or_default()).collect()
}

#[test]
fn variables_that_hatch_sets_may_lead_the_traffic_elsewhere() {
    let set = |name: &str| format!("[tool.hatch.envs.x.env-vars]\nA = 'uv_build'\n{name} = 'http://evil.example'\n");
    for client in [Python::Pip, Python::Uv] {
        for name in [
            "PIP_PROXY",
            "PIP_CERT",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "UV_INSECURE_HOST",
        ] {
            let expected = "pyproject.toml line 3 may lead the traffic elsewhere";
            assert_eq!(perils(&client, &[("pyproject.toml", &set(name))]), [expected], "{name}");
        }
        for name in ["PIP_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_KEYRING_PROVIDER", "NO_PROXY", "PROXY"] {
            assert!(lines(&client, "pyproject.toml", &set(name)).is_empty(), "{name}");
        }
        for (text, expected) in [
            ("[envs.x.overrides]\nenv.CI.env-vars = ['A=1', 'pip_proxy=http://evil.example']", &[2][..]),
            ("[envs.x.overrides]\nplatform.linux.set-env-vars = 'HTTPS_PROXY=a'", &[2]),
            ("[envs.x.overrides.matrix.v]\nenv-vars = [\n{ value = 'a', key = 'PIP_CERT', if = ['1'] }]", &[3]),
            ("[envs.x.overrides.name.'^a'.env-vars]\nSSL_CERT_DIR = 'a'", &[2]),
            ("[envs.x.overrides]\nenv.HTTPS_PROXY.scripts = ['PIP_CERT=a']\nenv.CI.env-vars = 'PIP_INDEX_URL=a'", &[]),
        ] {
            assert_eq!(lines(&client, "hatch.toml", text), expected, "{text}");
        }
    }
    assert!(lines(&Python::Poetry, "pyproject.toml", &set("PIP_PROXY")).is_empty());
    let text = "[envs.x.overrides]\nenv.CI.env-vars = ['PIP_INDEX_URL=https://a/', {key = 'PIP_EXTRA_INDEX_URL', value = 'https://b/'}]";
    let named = crate::tools::testing::mentioned(&Python::Pip, &[file("/agent/1/s/hatch.toml", text)], &host(&[]));
    assert_eq!(named, [" https://a/ hatch.toml", " https://b/ hatch.toml"]);
}

#[test]
fn variables_that_pipenv_sets_may_lead_the_traffic_elsewhere() {
    let set = (".env", "A=1\nexport HTTPS_PROXY=http://evil.example\n# PIP_CERT=a\nPIP_CERT='ca.pem'\n");
    let expected = [2, 4].map(|line| format!(".env line {line} may lead the traffic elsewhere"));
    assert_eq!(perils(&Python::Pip, &[set, ("Pipfile", "")]), expected);
    assert!(perils(&Python::Pip, &[set, ("a/Pipfile", "")]).is_empty(), "Pipenv does not read that one");
    assert!(Python::Pip.reads(RelPath::new(std::path::Path::new("/agent/1/s"), ".env"), Among::Project));
    let many = "PIP_CERT=a\n".repeat(5000);
    assert_eq!(perils(&Python::Pip, &[(".env", &many), ("Pipfile", "")]).len(), 1000);
}

#[test]
fn a_file_of_variables_that_the_job_names_may_lead_the_traffic_elsewhere() {
    let text = "A=1\nHTTPS_PROXY=http://evil.example\nX=https://pkgs.dev.azure.com/contoso/_packaging/f/pypi/simple/\n";
    for (client, variable, value, named) in [
        (Python::Pip, "PIPENV_DOTENV_LOCATION", "ci/job.env", &["ci/job.env"][..]),
        (Python::Pip, "PIPENV_DOTENV_LOCATION", "a b/.env", &["a b/.env"]),
        (Python::Pip, "PIPENV_DOTENV_LOCATION", "/agent/1/s/.env", &[".env"]),
        (Python::Pip, "UV_ENV_FILE", "ci/job.env", &["ci/job.env"]),
        (Python::Uv, "UV_ENV_FILE", ".env  ci/two.env", &[".env", "ci/two.env"]),
        (Python::Uv, "PIPENV_DOTENV_LOCATION", "ci/job.env", &[]),
        (Python::Poetry, "UV_ENV_FILE", ".env", &[".env"]),
        (Python::Twine, "UV_ENV_FILE", "ci/job.env", &["ci/job.env"]),
    ] {
        let host = host(&[(variable, value)]);
        let paths: Vec<_> = named.iter().map(|path| format!("/agent/1/s/{path}")).collect();
        let further = client.further(Sources { files: &[], host: &host });
        assert_eq!(further.iter().map(|path| crate::tools::testing::slashed(path)).collect::<Vec<_>>(), paths);
        let files: Vec<_> = paths.iter().map(|path| file(path, text)).collect();
        let reading = reading(&client, &files, &host);
        let perils: Vec<_> = reading.perils.iter().map(|peril| peril.place.to_string()).collect();
        assert_eq!(perils, named.iter().map(|path| format!("{path} line 2")).collect::<Vec<_>>());
        assert!(reading.mentions.is_empty() && reading.doubts.is_empty(), "{reading:?}");
    }
}

#[test]
fn pdm_checks_no_certificates_where_a_source_has_no_address() {
    for (path, text, expected) in [
        ("pdm.toml", "[pypi]\nverify_ssl = false\n[pypi.f]\nca_certs = 'ca.pem'\nverify_ssl = true", &[2, 4][..]),
        ("pdm.toml", "[pypi.f]\nurl = 'https://registry.example.com/'\nverify_ssl = false", &[3]),
        ("pdm.toml", "'pypi.f.verify_ssl' = 0\n[repository.f]\nca_certs = 'ca.pem'", &[1, 3]),
        ("pdm.toml", "[pypi]\nverify_ssl = true", &[]),
        ("pyproject.toml", "[[tool.pdm.source]]\nname = 'f'\nverify_ssl = false", &[3]),
        ("pyproject.toml", "[[tool.pdm.source]]\nurl = 'https://${HOST}/c/'\nverify_ssl = false", &[3]),
        ("pyproject.toml", "[[tool.pdm.source]]\nurl = 'https://registry.example.com/'\nverify_ssl = false", &[]),
    ] {
        let mut found = lines(&Python::Pip, path, text);
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_lock_file_may_switch_off_the_check_of_certificates() {
    for (text, expected) in [
        ("{\"_meta\": {\"sources\": [\n{\"verify_ssl\": true},\n{\"verify_ssl\"\n : false}]}}", &[3][..]),
        ("{\"verify_ssl\": 0}", &[1]),
        ("{\"verify_ssl\": true, \"a\": \"\\u00e9 \\\\x \\\"\"}", &[]),
        // A doubt.
        ("{\"verify\\u005fssl\": false}", &[0]),
        ("{\"url\": \"https:\\/\\/pkgs.dev.azure.com/\"}", &[0]),
    ] {
        assert_eq!(lines(&Python::Pip, "Pipfile.lock", text), expected, "{text}");
    }
}

#[test]
fn certificates_of_a_section_of_pypirc_are_perils() {
    let text = "[f]\nrepository = https://a/\nca_cert = ca.pem\n[g]\nclient_cert: own.pem\nusername = u\n";
    assert_eq!(lines(&Python::Twine, ".pypirc", text), [3, 5]);
}

/// PDM keeps a credential for the whole host.
#[test]
fn a_file_of_pdms_lock_at_another_organization_takes_the_token_away_whatever_its_user() {
    let feed = "https://contoso@pkgs.dev.azure.com/contoso/_packaging/f/pypi/simple/";
    let served = [ServedFeed { bound: Binding::Address, ..crate::tools::testing::feed(None, feed, "x") }];
    let source = file("/agent/1/s/pyproject.toml", &format!("[[tool.pdm.source]]\nname = 'f'\nurl = '{feed}'"));
    for (lock, organization, is_safe) in [
        ("pdm.lock", "tailspin", false),
        ("pdm.linux.lock", "tailspin", false),
        ("pdm.lock", "contoso", true),
        ("requirements.txt", "tailspin", true),
    ] {
        let url = format!("https://other@pkgs.dev.azure.com/{organization}/_packaging/e/pypi/download/e/1/e-1.whl");
        let lock = file(&format!("/agent/1/s/{lock}"), &format!("files = [\n{{url = \"{url}\"}}]"));
        assert!(is_safe || Python::Pip.reads(RelPath::new(std::path::Path::new("/s"), lock.name()), Among::Project));
        let plan = planned(&Python::Pip, &served, &[source.clone(), lock], &host(&[]), &Disk::default()).unwrap();
        let expected = format!("PIP_KEYRING_PROVIDER={}", if is_safe { "subprocess" } else { "disabled" });
        assert!(shown(&plan).contains(&expected), "{organization}: {:?}", shown(&plan));
        let said = plan.warnings.sentences();
        assert_eq!(said.iter().any(|said| said.ends_with("so it gets none; remove it there")), !is_safe, "{said:?}");
    }
}
