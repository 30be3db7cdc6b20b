//! What NuGet's files name, and what is planned for them.

use std::path::Path;

use super::*;
use crate::plan::{Change, Part, Plan};
use crate::tools::testing::{Disk, file, file_of_bytes, host, utf16};

/// The mentions as `name url`.
fn mentioned(path: &str, text: &str) -> Vec<String> {
    let host = host(&[("FEED", "https://e"), ("CACHE", "/cache")]);
    let shown = path.trim_start_matches("/agent/1/s/");
    let found = crate::tools::testing::mentioned(&NuGet, &[file(path, text)], &host);
    let of_file = found.into_iter().filter(|line| !line.ends_with("NuGet itself"));
    of_file.map(|line| line.trim_end_matches(shown).trim_end().to_owned()).collect()
}

fn reads(name: &str, among: Among) -> bool {
    NuGet.reads(RelPath::new(Path::new("/agent/1/s"), name), among)
}

#[test]
fn file_names_are_taken_in_any_letters() {
    for name in [
        "nuget.config",
        "NUGET.CONFIG",
        "nuget.release.config",
        "x.Config",
        "web.config",
        "A.csproj",
        "azure-pipelines.yml",
    ] {
        assert!(reads(name, Among::Project), "{name}");
    }
    for name in ["packages.config", "Packages.Config", "app.csproj.user", "nuget.config.bak", "build.yml"] {
        assert!(!reads(name, Among::Project), "{name}");
    }
}

#[test]
fn sources_are_seen_and_folders_are_not() {
    let text = "<?xml version=\"1.0\"?>\r\n<configuration><!-- <packageSources/> --><packageSources><clear/>\
        <add key=\"a &amp; b\" value=\"https://a/?x=1&amp;y=2\" protocolVersion='3' />\
        <add key=\"env\" value=\" %FEED%/v3 \"/><add key=\"unknown\" value=\"%NOWHERE%/v3\"/><add key='half' value='https://h/100%'/>\
        <add key=\"folder\" value=\"..\\packages\"/><add key=\"disk\" value=\"C:\\packages\"/><add key=\"cache\" value=\"%CACHE%/x\"/>\
        <add key=\"http\" value=\"HTTP://h/\"/><add value=\"https://unnamed/\"/><remove key='x'/></packageSources>\
        <config><add key=\"DefaultPushSource\" value=\"https://push/\"/><add key=\"repositoryPath\" value=\"https://no/\"/></config>\
        <disabledPackageSources><add key='no' value='true'/></disabledPackageSources></configuration>";
    assert_eq!(
        mentioned("/agent/1/s/nuget.config", text),
        [
            "a & b https://a/?x=1&y=2",
            "env https://e/v3",
            "unknown %NOWHERE%/v3",
            "half https://h/100%",
            "http HTTP://h/",
            " https://push/",
        ]
    );
    assert_eq!(mentioned("/agent/1/s/nuget.config", "<settings/>"), Vec::<String>::new());
    assert_eq!(mentioned("/agent/1/s/nuget.config", "<configuration>\n</x>").len(), 1);
    assert_eq!(
        mentioned(
            "/etc/opt/NuGet/Config/a.config",
            "<configuration><packageSources><add key='m' value='https://m/'/></packageSources></configuration>"
        ),
        ["m https://m/"]
    );
}

#[test]
fn an_add_is_one_in_any_letters_and_a_section_is_not() {
    let text = |section: &str| {
        format!(
            "<configuration><{section}><ADD key='a' value='https://a/'/><Add key='b' value='https://b/'/></{section}></configuration>"
        )
    };
    assert_eq!(mentioned("/agent/1/s/nuget.config", &text("packageSources")), ["a https://a/", "b https://b/"]);
    assert_eq!(mentioned("/agent/1/s/nuget.config", &text("PackageSources")), Vec::<String>::new());
}

#[test]
fn every_section_that_may_have_sources_is_read() {
    let text = |sections: &str| format!("<configuration>\n{sections}</configuration>");
    let audit = text(
        "<packageSources><add key='f' value='https://a/'/></packageSources>\
         <auditSources><clear/><ADD key='f' value=' https://evil.example/v3/index.json'/></auditSources>\
         <laterSources><add key='g' value='//evil.example/v3'/><add key='h' value='%NOWHERE%'/></laterSources>",
    );
    assert_eq!(
        mentioned("/agent/1/s/nuget.config", &audit),
        ["f https://a/", "f https://evil.example/v3/index.json", "g https://evil.example/v3", "h %NOWHERE%"]
    );
    let only = text("<auditSources><add key='f' value='https://evil.example/'/></auditSources>");
    assert_eq!(mentioned("/agent/1/s/ci.config", &only), ["f https://evil.example/"]);
    let innocent = text(
        "<packageSources><add key='share' value='//server/share'/></packageSources>\
         <config><add key='http_proxy' value='http://proxy/'/><add key='repositoryPath' value='%NOWHERE%/x'/></config>\
         <fallbackPackageFolders><add key='x' value='%NOWHERE%/x'/></fallbackPackageFolders>\
         <packageRestore><add key='enabled' value='True'/></packageRestore>\
         <packageSourceMapping><packageSource key='f'><package pattern='*'/></packageSource></packageSourceMapping>\
         <packageSourceCredentials><f><add key='Username' value='https://u/'/></f></packageSourceCredentials>\
         <apikeys><add key='https://a/' value='https://k/'/></apikeys><appSettings><add key='u' value='https://u/'/></appSettings>",
    );
    assert_eq!(mentioned("/agent/1/s/nuget.config", &innocent), Vec::<String>::new());
}

#[test]
fn certificates_that_are_not_checked_are_told_for_audit_sources_too() {
    // NuGet takes the name in any case of letters, and a variable for the value.
    let switches = ["disableTLSCertificateValidation='True'", "DisableTlsCertificateValidation='%TF_BUILD%'"];
    for (switch, is_told) in
        switches.into_iter().map(|on| (on, true)).chain([("disableTLSCertificateValidation=' False '", false)])
    {
        let add = format!("\n<add key='f' value='{FEED}' {switch}/>");
        let text = format!(
            "<configuration><packageSources>{add}</packageSources><auditSources>{add}</auditSources></configuration>"
        );
        let file = file("/agent/1/s/nuget.config", &text);
        let found = crate::tools::testing::reading(&NuGet, &[file], &host(&[])).perils;
        let places: Vec<String> = found.iter().map(|peril| peril.place.to_string()).collect();
        let expected: &[&str] = if is_told { &["nuget.config line 2", "nuget.config line 3"] } else { &[] };
        assert_eq!(places, expected, "{switch}");
    }
}

#[test]
fn project_files_name_sources_without_names() {
    let text = "<Project><PropertyGroup Condition=\"'$(X)' &lt; '1'\"><RestoreSources>$(RestoreSources);https://a/v3 ;\n https://b/ ;../c\
        </RestoreSources></PropertyGroup><RestoreAdditionalProjectSources>https://c/</RestoreAdditionalProjectSources></Project>";
    assert_eq!(mentioned("/agent/1/s/a.csproj", text), [" https://a/v3", " https://b/", " https://c/"]);
    // Nothing is parsed that speaks of no sources.
    assert_eq!(mentioned("/agent/1/s/a.csproj", "<Project>"), Vec::<String>::new());
}

pub(super) const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json";

pub(super) fn feed(name: Option<&str>, url: &str) -> ServedFeed {
    crate::tools::testing::feed(name, url, "nuget.config")
}

pub(super) fn planned(feeds: &[ServedFeed], files: &[SourceFile], host: &Host, disk: &Disk) -> Plan {
    crate::tools::testing::planned(&NuGet, feeds, files, host, disk).unwrap()
}

/// What is planned for NuGet's plugins, the same for whatever is served.
pub(super) const PLUGIN: [&str; 4] = [
    "bin/nuget-plugin-ado-entra-auth",
    if cfg!(windows) { "bin/CredentialProvider-AdoEntraAuth" } else { "bin/CredentialProvider-AdoEntraAuth.exe" },
    "NUGET_CREDENTIALPROVIDERS_PATH=/run/bin",
    "NUGET_PLUGINS_CACHE_PATH=/run/nuget-plugins",
];

/// A line for each other change.
pub(super) fn shown(plan: &Plan) -> Vec<String> {
    let mut lines = crate::tools::testing::shown(plan);
    lines.retain(|line| !PLUGIN.contains(&line.replace('\\', "/").as_str()));
    lines
}

#[test]
fn a_file_above_the_checkout_refers_to_the_token_and_no_variable_of_the_client_holds_it() {
    let plan = planned(&[feed(Some("f"), FEED)], &[], &host(&[]), &Disk::default());
    assert_eq!(
        shown(&plan),
        ["ADO_ENTRA_AUTH_X_CONTOSO=***", "/agent/1/nuget.config under /agent/1: f=ADO_ENTRA_AUTH_X_CONTOSO"]
    );
    assert_eq!((plan.served[0].source, plan.warnings.sentences().len()), (TokenSource::Reference, 0));
}

#[test]
fn where_no_file_reaches_the_client_its_own_variable_holds_the_token() {
    let nowhere = Host { home: None, pipeline_workspace: None, ..host(&[]) };
    let plan = planned(&[feed(Some("f"), FEED)], &[], &nowhere, &Disk::default());
    let value = "Username=ado-entra-auth;Password=***;ValidAuthenticationTypes=Basic";
    assert_eq!(shown(&plan), [format!("NuGetPackageSourceCredentials_f={value}")]);
    assert!(plan.variables().next().unwrap().exact_case && plan.served[0].source == TokenSource::Variable);
}

#[test]
fn a_name_that_no_variable_can_have_is_said_where_there_is_no_file() {
    let nowhere = Host { home: None, pipeline_workspace: None, ..host(&[]) };
    let feeds = [feed(Some("contoso-feed"), FEED), feed(Some("My Feed"), &FEED.replace("/f/", "/g/"))];
    let plan = planned(&feeds, &[], &nowhere, &Disk::default());
    let names: Vec<&str> = plan.variables().map(|variable| variable.name.as_str()).collect();
    let ours = ["NUGET_CREDENTIALPROVIDERS_PATH", "NUGET_PLUGINS_CACHE_PATH"];
    assert_eq!(names, ["NuGetPackageSourceCredentials_contoso-feed", ours[0], ours[1]]);
    assert!(plan.warnings.sentences()[0].contains("'My Feed'"), "{:?}", plan.warnings.sentences());
}

#[test]
fn an_earlier_steps_organization_is_only_referred_to() {
    let url = FEED.replace("contoso", "earlier");
    let plan = planned(&[feed(Some("f"), &url)], &[], &host(&[]), &Disk::default());
    assert_eq!(shown(&plan), ["/agent/1/nuget.config under /agent/1: f=ADO_ENTRA_AUTH_Y_EARLIER"]);
}

#[test]
fn every_spelling_of_a_name_gets_a_credential() {
    let other = file(
        "/agent/1/s/sub/nuget.config",
        &format!("<configuration><packageSources><add key='My F' value='{FEED}'/></packageSources></configuration>"),
    );
    let plan = planned(&[feed(Some("my f"), FEED)], &[other], &host(&[]), &Disk::default());
    assert_eq!(
        shown(&plan)[1],
        "/agent/1/nuget.config under /agent/1: my f=ADO_ENTRA_AUTH_X_CONTOSO, My F=ADO_ENTRA_AUTH_X_CONTOSO"
    );
}

#[test]
fn the_file_above_the_checkout_is_the_one_that_is_read() {
    let path = |host: &Host, disk: &Disk| shown(&planned(&[feed(Some("f"), FEED)], &[], host, disk))[1].clone();
    let other = if cfg!(windows) { "Nuget.Config" } else { "nuget.config" };
    for (existing, expected) in
        [("NuGet.Config", "NuGet.Config"), ("NuGet.config", "NuGet.config"), ("Nuget.Config", other)]
    {
        let disk = Disk::default().with(&format!("/agent/1/{existing}"), "");
        assert!(path(&host(&[]), &disk).starts_with(&format!("/agent/1/{expected} ")), "{existing}");
    }
}

/// Where the work is elsewhere, the user's additional files are what reaches it.
#[test]
#[cfg(unix)]
fn work_beside_the_workspace_is_reached_by_the_users_additional_files() {
    let elsewhere = Host { working_directory: PathBuf::from("/src"), ..host(&[]) };
    let plan = planned(&[feed(Some("f"), FEED)], &[], &elsewhere, &Disk::default());
    let places: Vec<String> =
        shown(&plan).into_iter().skip(1).map(|line| line.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(
        places,
        [
            "/home/build/.nuget/config/ado-entra-auth.config under /home/build",
            "/home/build/.config/NuGet/config/ado-entra-auth.config under /home/build",
        ]
    );
}

#[test]
#[cfg(windows)]
fn work_beside_the_workspace_is_reached_by_the_users_additional_files() {
    let elsewhere = Host { working_directory: PathBuf::from("/src"), ..host(&[("AppData", "/profile/roaming")]) };
    let plan = planned(&[feed(Some("f"), FEED)], &[], &elsewhere, &Disk::default());
    let expected = "/profile/roaming/NuGet/config/ado-entra-auth.config under /profile/roaming:";
    assert!(shown(&plan)[1].starts_with(expected), "{:?}", shown(&plan));
}

#[test]
#[cfg(unix)]
fn files_in_force_outside_the_workspace_are_read() {
    let disk = Disk::default()
        .with("/agent/1/NuGet.Config", "")
        .with("/agent/nuget.config", "")
        .with("/home/build/.nuget/config/a.config", "")
        .with("/home/build/.nuget/config/a.txt", "")
        .with("/etc/opt/NuGet/Config/m.config", "");
    let files: Vec<String> = NuGet.outside(&host(&[]), &disk).iter().map(|path| path.display().to_string()).collect();
    assert_eq!(
        files,
        [
            "/agent/1/NuGet.Config",
            "/agent/nuget.config",
            "/home/build/.nuget/NuGet/NuGet.Config",
            "/home/build/.nuget/config/a.config",
            "/home/build/.config/NuGet/NuGet.Config",
            "/etc/opt/NuGet/Config/m.config",
        ]
    );
}

#[test]
#[cfg(windows)]
fn files_in_force_outside_the_workspace_are_read() {
    let disk = Disk::default()
        .with("/agent/1/Nuget.Config", "")
        .with("/home/build/AppData/Roaming/NuGet/config/a.config", "")
        .with("/programs/NuGet/Config/m.config", "");
    let found = NuGet.outside(&host(&[("PROGRAMFILES(X86)", "/programs")]), &disk);
    let files: Vec<String> = found.iter().map(|path| crate::tools::testing::slashed(path)).collect();
    assert_eq!(
        files,
        [
            "/agent/1/Nuget.Config",
            "/home/build/AppData/Roaming/NuGet/NuGet.Config",
            "/home/build/AppData/Roaming/NuGet/config/a.config",
            "/programs/NuGet/Config/m.config",
        ]
    );
}

/// With Microsoft's provider installed.
pub(super) fn provided() -> Disk {
    Disk::default().with("/home/build/.nuget/plugins/netcore/CredentialProvider.Microsoft", "")
}

#[test]
fn the_users_endpoints_are_kept_behind_ours() {
    let same = FEED.to_uppercase();
    let former = format!(
        "{{\"endpointCredentials\":[{{\"endpoint\":\"{same}\",\"password\":\"old\"}},{{\"endpoint\":\"https://registry.example.com/\",\"password\":\"p\"}}]}}"
    );
    for name in ["VSS_NUGET_EXTERNAL_FEED_ENDPOINTS", "ARTIFACTS_CREDENTIALPROVIDER_EXTERNAL_FEED_ENDPOINTS"] {
        let plan = planned(&[feed(None, FEED)], &[], &host(&[(name, &former)]), &provided());
        let Some(Change::Variable(variable)) = plan.changes.last() else { panic!() };
        assert_eq!((variable.name.as_str(), variable.former.as_deref()), (name, Some(former.as_str())));
        let value: serde_json::Value = serde_json::from_str(&variable.value.render(|part| match part {
            Part::Carried(text) => text.clone(),
            _ => "***".to_owned(),
        }))
        .unwrap();
        assert!(!variable.value.shown().contains("\"p\""), "a secret of the user's is shown");
        let endpoints: Vec<(&str, &str)> = value["endpointCredentials"]
            .as_array()
            .unwrap()
            .iter()
            .map(|endpoint| (endpoint["endpoint"].as_str().unwrap(), endpoint["password"].as_str().unwrap()))
            .collect();
        assert_eq!(endpoints, [(FEED, "***"), ("https://registry.example.com/", "p")]);
    }
    for unreadable in ["{", "[]", "{\"endpointCredentials\":{}}"] {
        let host = host(&[("VSS_NUGET_EXTERNAL_FEED_ENDPOINTS", unreadable)]);
        let plan = planned(&[feed(None, FEED)], &[], &host, &provided());
        assert_eq!((shown(&plan).len(), plan.warnings.sentences().len()), (0, 1), "{unreadable}");
    }
}

#[test]
fn many_feeds_are_given_by_their_organization() {
    let urls = (0..20).map(|n| FEED.replace("/f/", &format!("/f{n}/")));
    let feeds: Vec<ServedFeed> = urls.map(|url| feed(None, &url)).collect();
    let plan = planned(&feeds, &[], &host(&[]), &provided());
    assert_eq!(
        shown(&plan),
        [
            "VSS_NUGET_URI_PREFIXES=https://pkgs.dev.azure.com/contoso/;https://contoso.pkgs.visualstudio.com/",
            "VSS_NUGET_ACCESSTOKEN=***",
        ]
    );
    let taken = planned(&feeds, &[], &host(&[("VSS_NUGET_ACCESSTOKEN", "own")]), &provided());
    assert_eq!((shown(&taken).len(), taken.warnings.sentences().len()), (0, 1));
    // One variable cannot hold the tokens of several, which may be of several tenants.
    let mut several = feeds.clone();
    several.push(feed(None, &FEED.replace("contoso", "fabrikam")));
    let several = planned(&several, &[], &host(&[]), &provided());
    assert!(shown(&several).iter().all(|line| !line.starts_with("VSS_NUGET")), "{:?}", shown(&several));
    assert!(several.warnings.sentences()[0].contains("several organizations"));
}

#[test]
fn a_variable_of_the_user_comes_back() {
    let nowhere = Host { home: None, pipeline_workspace: None, ..host(&[("NuGetPackageSourceCredentials_f", "own")]) };
    let plan = planned(&[feed(Some("f"), FEED)], &[], &nowhere, &Disk::default());
    assert_eq!(plan.variables().next().unwrap().former.as_deref(), Some("own"));
}

#[test]
fn what_gets_no_credential_is_said() {
    let plan = planned(&[feed(Some("a_x0041_b"), FEED)], &[], &host(&[]), &Disk::default());
    assert!(plan.warnings.sentences()[0].contains("'a_x0041_b'"));
    assert_eq!(plan.served[0].source, TokenSource::Helper(Dialect::NuGet), "a newer client asks for it");
    let unnamed = [feed(None, FEED)];
    assert_eq!(planned(&unnamed, &[], &host(&[]), &Disk::default()).warnings.sentences().len(), 1);
    let plan = planned(&unnamed, &[], &host(&[]), &provided());
    assert_eq!((plan.warnings.sentences().len(), plan.served[0].source), (0, TokenSource::Variable));
    // The same feed as a named source is served by that name.
    let plan = planned(&[feed(None, FEED), feed(Some("f"), FEED)], &[], &host(&[]), &Disk::default());
    assert_eq!((plan.warnings.sentences().len(), plan.served.len()), (0, 2));
}

#[test]
fn credentials_that_go_before_ours_are_named() {
    let own = "<configuration><packageSourceCredentials><f><add key='Username' value='u'/></f></packageSourceCredentials></configuration>";
    let files = [
        file("/agent/1/s/nuget.config", own),
        file("/agent/1/nuget.config", own),
        file("/home/build/.nuget/NuGet/NuGet.Config", own),
    ];
    let plan =
        planned(&[feed(Some("f"), FEED)], &files, &host(&[]), &Disk::default().with("/agent/1/nuget.config", ""));
    let said = plan.warnings.sentences();
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("nuget.config has credentials for the NuGet source 'f'"));
}

#[test]
fn utf16_files_are_read() {
    let text = "<?xml version=\"1.0\" encoding=\"utf-16\"?><configuration><packageSources><add key='f' value='https://evil.example/'/></packageSources></configuration>";
    let file = file_of_bytes("/agent/1/s/nuget.config", &utf16(text));
    let found = crate::tools::testing::mentioned(&NuGet, &[file], &host(&[]));
    assert_eq!(found, ["nuget.org the public source NuGet itself", "f https://evil.example/ nuget.config"]);
}

#[test]
fn of_dependency_folders_only_sources_are_read() {
    assert!(reads("NuGet.Config", Among::Beside) && !reads("a.csproj", Among::Beside));
    let text = format!("<configuration><packageSources><add key='F' value='{FEED}'/></packageSources></configuration>");
    let file = file("/agent/1/s/vendor/nuget.config", &text);
    let plan = planned(&[feed(Some("f"), FEED)], &[file], &host(&[]), &Disk::default());
    assert_eq!(shown(&plan)[1], "/agent/1/nuget.config under /agent/1: f=ADO_ENTRA_AUTH_X_CONTOSO");
}
