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

pub fn permitted(name: &str, standing: Standing) -> PermittedOrganization {
    PermittedOrganization {
        organization: Organization::parse(name).unwrap(),
        standing,
        spellings: BTreeSet::from([name.to_owned()]),
        named_by: vec![NamedBy::Connection],
    }
}

pub struct Case<'a> {
    /// The tools that the user wants; none where the workspace decides.
    pub named: &'a [&'static str],
    pub permitted: Vec<PermittedOrganization>,
    pub feeds: &'a [FeedInput],
    pub grants: Vec<Grant>,
    pub headers: bool,
    pub environment: &'a [(&'a str, &'a str)],
    pub files: &'a [(&'a str, &'a str)],
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
pub fn sources(files: &[(&str, &str)], host: &Host) -> Vec<ToolSources> {
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
    pub fn outcome(&self) -> Plan {
        self.result().unwrap()
    }

    pub fn result(&self) -> Result<Plan, PlanError> {
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

pub fn tools(outcome: &Plan) -> Vec<&'static str> {
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

pub const NPMRC: &str = "registry=https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/\n";

pub fn pom(id: &str, url: &str) -> String {
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
