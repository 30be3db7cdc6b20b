//! What NuGet's files name, and what is planned for them.

use crate::plan::Part;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::edit::text::Text;
use crate::tools::git::Delivery;
use crate::tools::{Origin, ServedFeed, ServedOrganization};

/// Files by path.
#[derive(Default)]
struct Disk(BTreeMap<PathBuf, String>);

impl Disk {
    fn with(mut self, path: &str) -> Self {
        self.0.insert(PathBuf::from(path), String::new());
        self
    }
}

impl Look for Disk {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes())
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let names =
            self.0.keys().filter(|path| path.parent() == Some(folder)).filter_map(|path| path.file_name()?.to_str());
        names.map(str::to_owned).collect()
    }

    fn program(&self, _name: &str) -> Option<PathBuf> {
        None
    }
}

fn host(environment: &[(&str, &str)]) -> Host {
    Host {
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        home: Some(PathBuf::from("/home/build")),
        pipeline_workspace: Some(PathBuf::from("/agent/1")),
        working_directory: PathBuf::from("/agent/1/s"),
        ..Host::default()
    }
}

fn file(path: &str, text: &str) -> SourceFile {
    let origin = if path.starts_with("/agent/1/s/") { Origin::Workspace } else { Origin::User };
    let shown = path.trim_start_matches("/agent/1/s/").to_owned();
    SourceFile { path: PathBuf::from(path), shown, text: Text::decode(text.as_bytes()).unwrap(), origin }
}

/// The mentions as `name url`.
fn mentioned(path: &str, text: &str) -> Vec<String> {
    let shown = |mention: Result<Mention, Unparsable>| match mention {
        Ok(mention) => format!("{} {}", mention.name.unwrap_or_default(), mention.url),
        Err(error) => format!("{}: {}", error.file, error.reason),
    };
    let host = host(&[("FEED", "https://e"), ("CACHE", "/cache")]);
    NuGet.mentions(&[file(path, text)], &host).into_iter().map(shown).collect()
}

#[test]
fn file_names_are_taken_in_any_letters() {
    for name in
        ["nuget.config", "NuGet.Config", "NUGET.CONFIG", "nuget.release.config", "A.csproj", "Directory.Build.props"]
    {
        assert!(NuGet.reads(name), "{name}");
    }
    for name in ["packages.config", "web.config", "app.csproj.user", "nuget.config.bak"] {
        assert!(!NuGet.reads(name), "{name}");
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
fn project_files_name_sources_without_names() {
    let text = "<Project><PropertyGroup Condition=\"'$(X)' &lt; '1'\"><RestoreSources>$(RestoreSources);https://a/v3 ;\n https://b/ ;../c\
        </RestoreSources></PropertyGroup><RestoreAdditionalProjectSources>https://c/</RestoreAdditionalProjectSources></Project>";
    assert_eq!(mentioned("/agent/1/s/a.csproj", text), [" https://a/v3", " https://b/", " https://c/"]);
    // Nothing is parsed that speaks of no sources.
    assert_eq!(mentioned("/agent/1/s/a.csproj", "<Project>"), Vec::<String>::new());
}

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json";

fn feed(name: Option<&str>, url: &str) -> ServedFeed {
    ServedFeed { name: name.map(str::to_owned), feed: Feed::parse(url).unwrap(), named_in: "nuget.config".to_owned() }
}

fn planned(feeds: &[ServedFeed], files: &[SourceFile], host: &Host, disk: &Disk) -> Plan {
    let organizations: Vec<ServedOrganization> = Vec::new();
    let request = Request {
        feeds,
        organizations: &organizations,
        serves: &|organization| organization.name() != "earlier",
        files,
        host,
        look: disk,
        git_credential: Delivery::Helper,
    };
    let mut plan = Plan::default();
    NuGet.plan(&request, &mut plan).unwrap();
    plan
}

/// A line for each change.
fn shown(plan: &Plan) -> Vec<String> {
    let line = |change: &Change| match change {
        Change::Variable(variable) => format!("{}={}", variable.name, variable.value.shown()),
        Change::PrivateFile(file) => file.name.clone(),
        Change::SharedFile(file) => {
            let entries: Vec<String> =
                file.entries.iter().map(|entry| format!("{}={}", entry.key, entry.variable)).collect();
            format!("{} under {}: {}", file.path.display(), file.place.display(), entries.join(", "))
        }
    };
    plan.changes.iter().map(line).collect()
}

#[test]
fn the_three_ways_stand_side_by_side() {
    let plan = planned(&[feed(Some("f"), FEED)], &[], &host(&[]), &Disk::default());
    assert_eq!(
        shown(&plan),
        [
            "/agent/1/nuget.config under /agent/1: f=ADO_ENTRA_AUTH_NUGET_CONTOSO".to_owned(),
            "NuGetPackageSourceCredentials_f=Username=ado-entra-auth;Password=***;ValidAuthenticationTypes=Basic"
                .to_owned(),
            format!(
                "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS={{\"endpointCredentials\":[{{\"endpoint\":\"{FEED}\",\"username\":\"ado-entra-auth\",\
                 \"password\":\"***\"}}]}}"
            ),
        ]
    );
    assert_eq!((plan.user_names.len(), plan.served.len(), plan.warnings.len()), (1, 1, 0));
    assert!(
        plan.changes
            .iter()
            .all(|change| !matches!(change, Change::Variable(v) if v.exact_case != v.name.starts_with("NuGet")))
    );
}

#[test]
fn an_earlier_steps_organization_is_only_referred_to() {
    let url = FEED.replace("contoso", "earlier");
    let plan = planned(&[feed(Some("f"), &url)], &[], &host(&[]), &Disk::default());
    assert_eq!(shown(&plan), ["/agent/1/nuget.config under /agent/1: f=ADO_ENTRA_AUTH_NUGET_EARLIER"]);
}

#[test]
fn every_spelling_of_a_name_gets_a_credential() {
    let other = file(
        "/agent/1/s/sub/nuget.config",
        &format!("<configuration><packageSources><add key='My F' value='{FEED}'/></packageSources></configuration>"),
    );
    let plan = planned(&[feed(Some("my f"), FEED)], &[other], &host(&[]), &Disk::default());
    assert_eq!(
        shown(&plan)[0],
        "/agent/1/nuget.config under /agent/1: my f=ADO_ENTRA_AUTH_NUGET_CONTOSO, My F=ADO_ENTRA_AUTH_NUGET_CONTOSO"
    );
    // Neither can be a variable of its own.
    assert_eq!(shown(&plan).len(), 2);
}

#[test]
fn the_file_above_the_checkout_is_the_one_that_is_read() {
    let path = |host: &Host, disk: &Disk| shown(&planned(&[feed(Some("f"), FEED)], &[], host, disk))[0].clone();
    for (existing, expected) in
        [("NuGet.Config", "NuGet.Config"), ("NuGet.config", "NuGet.config"), ("Nuget.Config", "nuget.config")]
    {
        let disk = Disk::default().with(&format!("/agent/1/{existing}"));
        assert!(path(&host(&[]), &disk).starts_with(&format!("/agent/1/{expected} ")), "{existing}");
    }
    let windows = Host { windows: true, ..host(&[]) };
    assert!(path(&windows, &Disk::default().with("/agent/1/Nuget.Config")).starts_with("/agent/1/Nuget.Config "));
    // Where the work is elsewhere, the user's additional files are what reaches it.
    let elsewhere = Host { working_directory: PathBuf::from("/src"), ..host(&[]) };
    let plan = planned(&[feed(Some("f"), FEED)], &[], &elsewhere, &Disk::default());
    let places: Vec<String> =
        shown(&plan).into_iter().take(2).map(|line| line.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(
        places,
        [
            "/home/build/.nuget/config/ado-entra-auth.config under /home/build",
            "/home/build/.config/NuGet/config/ado-entra-auth.config under /home/build",
        ]
    );
    let windows = Host { windows: true, ..elsewhere };
    let windows =
        Host { environment: BTreeMap::from([("AppData".to_owned(), "/profile/roaming".to_owned())]), ..windows };
    assert!(
        path(&windows, &Disk::default())
            .starts_with("/profile/roaming/NuGet/config/ado-entra-auth.config under /profile/roaming")
    );
    let nowhere = Host { home: None, pipeline_workspace: None, ..host(&[]) };
    let plan = planned(&[feed(Some("f"), FEED)], &[], &nowhere, &Disk::default());
    assert_eq!((shown(&plan).len(), plan.warnings.len()), (2, 1));
}

#[test]
fn files_in_force_outside_the_workspace_are_read() {
    let disk = Disk::default()
        .with("/agent/1/NuGet.Config")
        .with("/agent/nuget.config")
        .with("/home/build/.nuget/config/a.config")
        .with("/home/build/.nuget/config/a.txt")
        .with("/etc/opt/NuGet/Config/m.config");
    let files: Vec<String> =
        NuGet.user_files(&host(&[]), &disk).iter().map(|path| path.display().to_string()).collect();
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
fn the_users_endpoints_are_kept_behind_ours() {
    let same = FEED.to_uppercase();
    let former = format!(
        "{{\"endpointCredentials\":[{{\"endpoint\":\"{same}\",\"password\":\"old\"}},{{\"endpoint\":\"https://registry.example.com/\",\"password\":\"p\"}}]}}"
    );
    for name in ["VSS_NUGET_EXTERNAL_FEED_ENDPOINTS", "ARTIFACTS_CREDENTIALPROVIDER_EXTERNAL_FEED_ENDPOINTS"] {
        let plan = planned(&[feed(None, FEED)], &[], &host(&[(name, &former)]), &Disk::default());
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
        let plan = planned(&[feed(Some("a b"), FEED)], &[], &host, &Disk::default());
        assert_eq!((shown(&plan).len(), plan.warnings.len()), (1, 1), "{unreadable}");
    }
}

#[test]
fn many_feeds_are_given_by_their_organization() {
    let urls = (0..20).map(|n| FEED.replace("/f/", &format!("/f{n}/")));
    let feeds: Vec<ServedFeed> = urls.enumerate().map(|(n, url)| feed(Some(&format!("f{n}")), &url)).collect();
    let plan = planned(&feeds, &[], &host(&[]), &Disk::default());
    assert_eq!(
        shown(&plan)[1..],
        [
            "VSS_NUGET_URI_PREFIXES=https://pkgs.dev.azure.com/contoso/;https://contoso.pkgs.visualstudio.com/",
            "VSS_NUGET_ACCESSTOKEN=***",
        ]
    );
    let taken = planned(&feeds, &[], &host(&[("VSS_NUGET_ACCESSTOKEN", "own")]), &Disk::default());
    assert_eq!((shown(&taken).len(), taken.warnings.len()), (1, 1));
    // One variable cannot hold the tokens of several, which may be of several tenants.
    let mut several = feeds.clone();
    several.push(feed(Some("other"), &FEED.replace("contoso", "fabrikam")));
    let several = planned(&several, &[], &host(&[]), &Disk::default());
    assert!(shown(&several).iter().all(|line| !line.starts_with("VSS_NUGET")), "{:?}", shown(&several));
    assert!(several.warnings[0].contains("several organizations"), "{:?}", several.warnings);
}

#[test]
fn a_variable_of_the_user_comes_back() {
    let host = host(&[("NuGetPackageSourceCredentials_f", "Username=u;Password=p")]);
    let plan = planned(&[feed(Some("f"), FEED)], &[], &host, &Disk::default());
    let Change::Variable(variable) = &plan.changes[1] else { panic!() };
    assert_eq!(variable.former.as_deref(), Some("Username=u;Password=p"));
}

#[test]
fn what_gets_no_credential_is_said() {
    let plan = planned(&[feed(Some("a_x0041_b"), FEED)], &[], &host(&[]), &Disk::default());
    assert!(plan.warnings[0].contains("'a_x0041_b'") && plan.served.is_empty());
    let unnamed = [feed(None, FEED)];
    assert_eq!(planned(&unnamed, &[], &host(&[]), &Disk::default()).warnings.len(), 1);
    let provided = Disk::default().with("/home/build/.nuget/plugins/netcore/CredentialProvider.Microsoft");
    let plan = planned(&unnamed, &[], &host(&[]), &provided);
    assert_eq!((plan.warnings.len(), plan.served.len()), (0, 1));
    // The same feed as a named source is served by that name.
    let plan = planned(&[feed(None, FEED), feed(Some("f"), FEED)], &[], &host(&[]), &Disk::default());
    assert_eq!((plan.warnings.len(), plan.served.len()), (0, 2));
}

#[test]
fn credentials_that_go_before_ours_are_named() {
    let own = "<configuration><packageSourceCredentials><f><add key='Username' value='u'/></f></packageSourceCredentials></configuration>";
    let files = [
        file("/agent/1/s/nuget.config", own),
        file("/agent/1/nuget.config", own),
        file("/home/build/.nuget/NuGet/NuGet.Config", own),
    ];
    let plan = planned(&[feed(Some("f"), FEED)], &files, &host(&[]), &Disk::default().with("/agent/1/nuget.config"));
    assert_eq!(plan.warnings.len(), 1);
    assert!(plan.warnings[0].starts_with("nuget.config has credentials for the NuGet source 'f'"));
}

#[test]
fn utf16_files_are_read() {
    let text = "<?xml version=\"1.0\" encoding=\"utf-16\"?><configuration><packageSources><add key='f' value='https://evil.example/'/></packageSources></configuration>";
    let bytes: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let file = SourceFile { text: Text::decode(&bytes).unwrap(), ..file("/agent/1/s/nuget.config", "") };
    let found: Vec<_> = NuGet.mentions(&[file], &host(&[])).into_iter().map(Result::unwrap).collect();
    assert_eq!((found[0].name.as_deref(), found[0].url.as_str()), (Some("f"), "https://evil.example/"));
}

#[test]
fn of_dependency_folders_only_sources_are_read() {
    assert!(NuGet.reads_among_dependencies("NuGet.Config") && !NuGet.reads_among_dependencies("a.csproj"));
    let text = format!("<configuration><packageSources><add key='F' value='{FEED}'/></packageSources></configuration>");
    let file = SourceFile { origin: Origin::Dependency, ..file("/agent/1/s/vendor/nuget.config", &text) };
    let plan = planned(&[feed(Some("f"), FEED)], &[file], &host(&[]), &Disk::default());
    assert_eq!(shown(&plan)[0], "/agent/1/nuget.config under /agent/1: f=ADO_ENTRA_AUTH_NUGET_CONTOSO");
}
