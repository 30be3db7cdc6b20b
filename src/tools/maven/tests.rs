//! What Maven's files name, and what is planned for them.

use super::*;
use crate::plan::{Change, Plan};
use crate::tools::reading::{Hidden, RelPath};
use crate::tools::testing::{Disk, file, file_of_bytes, host, reading, shown, taken_apart, utf16};

/// With a Maven whose settings have a mirror and no servers.
pub(super) fn with_maven(disk: Disk, version: &str) -> Disk {
    let core = format!("/opt/maven/lib/maven-core-{version}.jar");
    disk.with("/opt/maven/bin/mvn", "").with(&core, "").with("/opt/maven/conf/settings.xml", INSTALLED)
}

const INSTALLED: &str = "<settings>\n  <mirrors><mirror><id>block</id><mirrorOf>external:http:*</mirrorOf></mirror></mirrors>\n</settings>\n";

/// What the files name, without Maven's own `central`.
pub(super) fn mentioned(files: &[SourceFile], host: &Host) -> Vec<String> {
    let mut found = crate::tools::testing::mentioned(&Maven, files, host);
    found.retain(|line| !line.ends_with("Maven itself"));
    found
}

fn of_pom(text: &str) -> Vec<String> {
    mentioned(&[file("/agent/1/s/pom.xml", text)], &host(&[("FEED", "https://e/")]))
}

#[test]
fn every_place_of_a_project_is_seen() {
    let text = "<m:project xmlns:m='urn:m'>\
        <m:repositories><m:repository><m:id> a </m:id><m:url>\n https://a/ </m:url></m:repository></m:repositories>\
        <m:pluginRepositories><m:pluginRepository><m:id>b</m:id><m:url>https://b/</m:url></m:pluginRepository></m:pluginRepositories>\
        <m:distributionManagement><m:repository><m:id>c</m:id><m:url>https://c/</m:url></m:repository>\
        <m:snapshotRepository><m:id>d</m:id><m:url>https://d/</m:url></m:snapshotRepository>\
        <m:site><m:id>e</m:id><m:url>https://e/</m:url></m:site></m:distributionManagement>\
        <m:profiles><m:profile><m:repositories><m:repository><m:id>f</m:id><m:url>https://f/</m:url></m:repository></m:repositories>\
        </m:profile></m:profiles>\
        <m:build><m:repositories><m:repository><m:id>no</m:id><m:url>https://no/</m:url></m:repository></m:repositories></m:build>\
        </m:project>";
    let expected = ["a", "b", "c", "d", "e", "f"].map(|name| format!("{name} https://{name}/ pom.xml"));
    assert_eq!(of_pom(text), expected);
}

#[test]
fn references_are_resolved_as_far_as_the_files_tell() {
    let pom = |properties: &str, url: &str| {
        of_pom(&format!(
            "<project><version>7</version><properties>{properties}</properties><repositories><repository><id>a</id>\
             <url>{url}</url></repository></repositories><profiles><profile><properties><p>x</p></properties></profile>\
             </profiles></project>"
        ))
    };
    for (properties, url, expected) in [
        ("<u>https://u/</u>", "${u}", vec!["https://u/"]),
        ("<u>https://${v}/</u><v>w</v>", "${u}y", vec!["https://w/y"]),
        ("", "${env.FEED}${project.version}${none}", vec!["https://e/7${none}"]),
        // A profile's value is as possible as the project's.
        ("<p>y</p>", "https://${p}/", vec!["https://x/", "https://y/"]),
        ("", "https://${p}/", vec!["https://x/"]),
        ("", "${nowhere}", vec!["${nowhere}"]),
        ("<u>${u}</u>", "${u}", vec!["${u}"]),
        ("", "${open", vec!["${open"]),
    ] {
        let expected: Vec<String> = expected.into_iter().map(|url| format!("a {url} pom.xml")).collect();
        assert_eq!(pom(properties, url), expected, "{url}");
    }
}

#[test]
fn references_cannot_blow_up() {
    let doubling = (0..40).fold(String::new(), |all, n| {
        let next = format!("${{p{}}}", n + 1).repeat(3);
        format!("{all}<p{n}>{next}</p{n}>")
    });
    let text = format!(
        "<project><properties>{doubling}</properties><repositories><repository><id>a</id><url>${{p0}}</url></repository>\
         <repository><id>b</id><url>{}</url></repository></repositories></project>",
        "${p0}".repeat(10_000)
    );
    let found = of_pom(&text);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|mention| mention.contains("${p")));
}

#[test]
fn parents_and_children_share_properties() {
    let parent = "<project><groupId>g</groupId><artifactId>p</artifactId><properties><own>https://p/</own></properties><repositories>\
        <repository><id>inherited</id><url>${of.child}</url></repository></repositories></project>";
    let child = "<project><parent><groupId>g</groupId><artifactId>p</artifactId></parent><properties><of.child>https://c/</of.child></properties>\
        <repositories><repository><id>${project.groupId}</id><url>${own}</url></repository></repositories></project>";
    // Without a path Maven knows the parent by its coordinates, in the same build or as installed before.
    let elsewhere = child.replace("</parent>", "<relativePath/></parent>");
    let remote = elsewhere.replace("<artifactId>p<", "<artifactId>remote<");
    let files = [
        file("/agent/1/s/pom.xml", parent),
        file("/agent/1/s/child/pom.xml", child),
        file("/agent/1/s/other/pom.xml", &elsewhere),
        file("/agent/1/s/remote/pom.xml", &remote),
        file("/agent/1/s/deep/er/pom.xml", &child.replace("</parent>", "<relativePath>../..</relativePath></parent>")),
    ];
    assert_eq!(
        mentioned(&files, &host(&[])),
        [
            "g https://p/ child/pom.xml",
            "inherited https://c/ pom.xml",
            "g https://p/ other/pom.xml",
            "g https://p/ deep/er/pom.xml",
            "g ${own} remote/pom.xml",
        ]
    );
}

#[test]
fn settings_files_name_mirrors_and_repositories() {
    let settings = "<settings><mirrors><mirror><id>m</id><url>https://m/</url><mirrorOf>*</mirrorOf></mirror></mirrors><profiles>\
        <profile><properties><u>https://u/</u></properties><pluginRepositories><pluginRepository><id>p</id><url>${u}</url>\
        </pluginRepository></pluginRepositories></profile></profiles></settings>";
    let pom = "<project><repositories><repository><id>a</id><url>${u}</url></repository></repositories></project>";
    let files = [
        file("/agent/1/s/.ci/ci-settings.xml", settings),
        file("/agent/1/s/ide.settings.xml", "<Profile/>"),
        file("/agent/1/s/vs.settings.xml", "<broken>"),
        file("/agent/1/s/bad/settings.xml", "<settings>\n<servers>"),
        file("/agent/1/s/pom.xml", pom),
        file("/agent/1/s/mvnw", "#!/bin/sh\n<"),
        file(
            "/home/build/.m2/settings.xml",
            "<settings><mirrors><mirror><id>h</id><url>https://h/</url></mirror></mirrors></settings>",
        ),
    ];
    assert_eq!(
        mentioned(&files, &host(&[])),
        [
            "bad/settings.xml: line 2: the element <servers> has no end tag",
            "m https://m/ .ci/ci-settings.xml",
            "p https://u/ .ci/ci-settings.xml",
            "h https://h/ /home/build/.m2/settings.xml",
            "a https://u/ pom.xml",
        ]
    );
}

pub(super) fn feed(id: &str, organization: &str) -> ServedFeed {
    let url = format!("https://pkgs.dev.azure.com/{organization}/_packaging/{id}/maven/v1");
    crate::tools::testing::feed(Some(id), &url, "pom.xml")
}

pub(super) fn planned(feeds: &[ServedFeed], files: &[SourceFile], host: &Host, disk: &Disk) -> Result<Plan, PlanError> {
    crate::tools::testing::planned(&Maven, feeds, files, host, disk)
}

/// The lines of what is changed beside the variables that files refer to.
fn changes(plan: &Plan) -> Vec<String> {
    shown(plan).into_iter().filter(|line| !line.starts_with("ADO_ENTRA_AUTH_")).collect()
}

#[test]
fn old_and_unknown_mavens_are_reached_through_the_home_folder() {
    let expected = ["/home/build/.m2/settings.xml under /home/build: a=ADO_ENTRA_AUTH_MAVEN_CONTOSO"];
    for disk in [Disk::default(), with_maven(Disk::default(), "3.8.7"), with_maven(Disk::default(), "3.x")] {
        assert_eq!(changes(&planned(&[feed("a", "contoso")], &[], &host(&[]), &disk).unwrap()), expected);
    }
    let modern = with_maven(Disk::default(), "3.9.6");
    // A wrapper starts a Maven of its own; the other Maven may be the one that is started; blanks would split the path.
    let wrapper = [file("/agent/1/s/.mvn/wrapper/maven-wrapper.properties", "distributionUrl=x")];
    assert_eq!(changes(&planned(&[feed("a", "contoso")], &wrapper, &host(&[]), &modern).unwrap()), expected);
    for variable in [("M2_HOME", "/opt/old"), ("MAVEN_ARGS", "-gs missing.xml")] {
        assert_eq!(changes(&planned(&[feed("a", "contoso")], &[], &host(&[variable]), &modern).unwrap()), expected);
    }
    // Java goes by the account's home folder, or by what it is told.
    let other = Host { account_home: Some(PathBuf::from("/root")), ..host(&[]) };
    assert_eq!(changes(&planned(&[feed("a", "contoso")], &[], &other, &Disk::default()).unwrap()).len(), 2);
    let told = Host { account_home: Some(PathBuf::from("/root")), ..host(&[("MAVEN_OPTS", "-Xmx1g -Duser.home=/j")]) };
    assert_eq!(
        changes(&planned(&[feed("a", "contoso")], &[], &told, &Disk::default()).unwrap()),
        ["/j/.m2/settings.xml under /j: a=ADO_ENTRA_AUTH_MAVEN_CONTOSO"]
    );
}

/// The private copy, as it will be written.
fn copy(plan: &Plan) -> String {
    let file = plan.changes.iter().find_map(|change| match change {
        Change::PrivateFile(file) => Some(file),
        _ => None,
    });
    String::from_utf8(file.unwrap().bytes(Template::shown)).unwrap()
}

/// The private copy of the settings, as an argument.
pub(super) const COPY: &str =
    if cfg!(windows) { "\"/run\\maven-global-settings.xml\"" } else { "/run/maven-global-settings.xml" };

#[test]
fn maven_since_3_9_is_given_a_copy_of_the_installations_settings() {
    let disk = with_maven(Disk::default(), "3.9.6");
    let plan = planned(&[feed("a", "contoso"), feed("b", "fabrikam")], &[], &host(&[]), &disk).unwrap();
    let set = shown(&plan);
    assert_eq!(set[..2], ["ADO_ENTRA_AUTH_X_CONTOSO=***", "ADO_ENTRA_AUTH_X_FABRIKAM=***"]);
    assert_eq!(set[3..], [format!("MAVEN_ARGS=-gs {COPY}")]);
    let content = copy(&plan);
    assert!(content.starts_with(INSTALLED.trim_end_matches("</settings>\n")), "{content}");
    assert!(content.contains("<password>${env.ADO_ENTRA_AUTH_X_FABRIKAM}</password>"));
    assert!(plan.served.iter().all(|served| served.source == TokenSource::Reference) && plan.served.len() == 2);
    // What an earlier step keeps is referred to by that step's name.
    let plan = planned(&[feed("a", "earlier")], &[], &host(&[]), &disk).unwrap();
    assert!(copy(&plan).contains("<password>${env.ADO_ENTRA_AUTH_Y_EARLIER}</password>"));
    assert!(plan.grants.is_empty() && shown(&plan).len() == 2);
}

#[test]
fn the_users_own_arguments_stay_first() {
    let disk =
        with_maven(Disk::default(), "4.0.0").with("/g.xml", "<settings/>").with("/agent/1/s/empty.xml", "<settings/>");
    for (arguments, expected) in [
        ("-B -T 1C", "-B -T 1C -gs "),
        ("--global-settings=/g.xml -B", "-B -gs "),
        ("-is /g.xml -B", "-B -gs "),
        ("--install-settings=/g.xml", "-gs "),
        ("-s empty.xml", "-s empty.xml -gs "),
    ] {
        let plan = planned(&[feed("a", "contoso")], &[], &host(&[("MAVEN_ARGS", arguments)]), &disk).unwrap();
        let Some(Change::Variable(variable)) = plan.changes.last() else { panic!() };
        assert_eq!(variable.value.shown(), format!("{expected}{COPY}"));
        assert_eq!(variable.former.as_deref(), Some(arguments));
    }
}

#[test]
#[cfg(windows)]
fn quotes_hold_arguments_together() {
    let host = host(&[("MAVEN_ARGS", "-Dx=\"a b\" -s \"/u.xml\"")]);
    let plan = planned(&[feed("a", "contoso")], &[], &host, &with_maven(Disk::default(), "3.9.6")).unwrap();
    let arguments = shown(&plan).last().unwrap().replace('\\', "/");
    assert_eq!(arguments, "MAVEN_ARGS=\"-Dx=a b\" -s /u.xml -gs \"/run/maven-global-settings.xml\"");
}

#[test]
fn a_server_of_the_users_stays_and_is_named() {
    let own = "<settings><servers><server><id>a</id><password>own</password></server></servers></settings>";
    for disk in [with_maven(Disk::default(), "3.9.6"), Disk::default()] {
        let disk = disk.with("/home/build/.m2/settings.xml", own);
        let files = [file("/home/build/.m2/settings.xml", own)];
        let plan = planned(&[feed("a", "contoso"), feed("b", "contoso")], &files, &host(&[]), &disk).unwrap();
        assert!(
            !shown(&plan).iter().any(|line| line.contains(": a=") || line.contains("<id>a</id>")),
            "{:?}",
            shown(&plan)
        );
        let said = plan.warnings.sentences();
        assert!(said.len() == 1 && said[0].contains("a server 'a' of your own"), "{said:?}");
        assert_eq!(plan.served.len(), 1);
    }
    // What another job under the account has put there is no server of the user's, and Maven takes it.
    let ours = "<settings><servers><server><id>a</id><username>ado-entra-auth</username>\
        <password>${env.ADO_ENTRA_AUTH_MAVEN_CONTOSO}</password></server></servers></settings>";
    let files = [file("/home/build/.m2/settings.xml", ours)];
    let disk = with_maven(Disk::default(), "3.9.6").with("/home/build/.m2/settings.xml", ours);
    let plan = planned(&[feed("a", "contoso")], &files, &host(&[]), &disk).unwrap();
    assert!(plan.variables().any(|variable| variable.name == "ADO_ENTRA_AUTH_MAVEN_CONTOSO"));
    assert!(plan.warnings.sentences().is_empty() && plan.served.len() == 1);
}

#[test]
fn what_cannot_be_used_is_an_error_with_its_file() {
    let broken = Disk::default().with("/home/build/.m2/settings.xml", "<settings>");
    let error = planned(&[feed("a", "contoso")], &[], &host(&[]), &broken).unwrap_err();
    assert_eq!(
        error.to_string().replace('\\', "/"),
        "maven cannot be set up: /home/build/.m2/settings.xml cannot be used: line 1: the element <settings> has no end tag"
    );
    let homeless = Host { home: None, ..host(&[]) };
    let error = planned(&[feed("a", "contoso")], &[], &homeless, &Disk::default()).unwrap_err();
    assert!(matches!(error, PlanError::NoPlace { .. }));
}

#[test]
fn ids_that_cannot_be_servers_get_nothing() {
    let mut unnamed = feed("a", "contoso");
    unnamed.name = None;
    let mut unresolved = feed("a", "contoso");
    unresolved.name = Some("${x}".to_owned());
    let plan = planned(&[unnamed, unresolved], &[], &host(&[]), &Disk::default()).unwrap();
    assert!(plan.changes.is_empty() && plan.served.is_empty());
    assert_eq!(plan.warnings.sentences().len(), 2);
    // One server cannot hold two tokens.
    let mut other = feed("b", "fabrikam");
    other.name = Some("a".to_owned());
    let plan = planned(&[feed("a", "contoso"), other], &[], &host(&[]), &Disk::default()).unwrap();
    assert_eq!((changes(&plan).len(), plan.served.len(), plan.warnings.sentences().len()), (1, 1, 1));
}

#[test]
fn settings_that_get_in_the_way_are_named() {
    let own = "<settings><servers><server><id>a</id></server></servers></settings>";
    let mirror = "<settings><mirrors><mirror><id>m</id><mirrorOf>*,!b</mirrorOf></mirror></mirrors></settings>";
    let files = [file("/agent/1/s/ci-settings.xml", own), file("/home/build/.m2/settings.xml", mirror)];
    let warnings =
        |feeds: &[ServedFeed], disk: &Disk| planned(feeds, &files, &host(&[]), disk).unwrap().warnings.sentences();
    let found = warnings(&[feed("a", "contoso"), feed("b", "contoso")], &Disk::default());
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("ci-settings.xml has a server 'a' of its own"));
    assert!(found[0].ends_with("Remove that server there"), "{found:#?}");
    assert!(found[1].starts_with("/home/build/.m2/settings.xml sends Maven's repository 'a' to the mirror 'm'"));
    assert!(found[1].ends_with("add !a to its mirrorOf"), "{found:#?}");
    assert!(found[2].starts_with("where Maven is given ci-settings.xml with -s"));
    let modern = with_maven(Disk::default(), "3.9.6");
    assert_eq!(warnings(&[feed("b", "contoso")], &modern), Vec::<String>::new());
}

#[test]
fn a_mirror_covers_what_its_pattern_says() {
    for (pattern, covered) in [
        ("*", true),
        ("external:*", true),
        ("a", true),
        ("b, a", true),
        ("*,!a", false),
        ("b", false),
        ("external:http:*", false),
    ] {
        assert_eq!(mirrors::covers(pattern, "a"), covered, "{pattern}");
    }
}

#[test]
fn utf16_files_are_read() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><project><repositories><repository><id>f</id><url>https://evil.example/</url></repository></repositories></project>";
    let file = file_of_bytes("/agent/1/s/pom.xml", &utf16(text));
    assert_eq!(mentioned(&[file], &host(&[])), ["f https://evil.example/ pom.xml"]);
}

#[test]
fn files_that_others_refer_to_are_asked_for() {
    let pom = "<project><parent><relativePath>base.xml</relativePath></parent><properties><m>x</m></properties>\
        <modules><module>/${m}\\build.xml</module></modules><profiles><profile><modules><module>../y</module></modules></profile>\
        </profiles></project>";
    let files = [
        file("/agent/1/s/a/pom.xml", pom),
        file("/agent/1/s/.mvn/maven.config", "-gs\nci/mirrors.txt\n--settings=u.txt -sx.txt"),
    ];
    let host = host(&[]);
    let found = Maven.further(Sources { files: &taken_apart(&Maven, &files, &host), host: &host });
    for expected in ["a/base.xml", "a/x/build.xml", "y/pom.xml", "ci/mirrors.txt", "a/ci/mirrors.txt", "u.txt", "x.txt"]
    {
        assert!(found.contains(&PathBuf::from("/agent/1/s").join(expected)), "{expected}: {found:?}");
    }
    assert!(!found.contains(&PathBuf::from("/agent/1/s/a/pom.xml")));
    // Such files are Maven's whatever their name.
    let repository = "<repositories><repository><id>f</id><url>https://e/</url></repository></repositories>";
    let mirrors = "<settings><mirrors><mirror><id>f</id><url>https://m/</url></mirror></mirrors></settings>";
    let files = [
        file("/agent/1/s/build.xml", &format!("<project>{repository}</project>")),
        file("/agent/1/s/mirrors.txt", mirrors),
    ];
    assert_eq!(mentioned(&files, &host), ["f https://m/ mirrors.txt", "f https://e/ build.xml"]);
}

#[test]
fn a_module_that_cannot_be_found_hides_names() {
    let pom = "<project><modules><module>x${file.separator}build.xml</module></modules></project>";
    let found = reading(&Maven, &[file("/agent/1/s/pom.xml", pom)], &host(&[])).doubts;
    assert!(found[0].hides == Hidden::Names, "{found:?}");
    let named = |name| Maven.reads(RelPath::new(Path::new("/a"), name), Among::Project);
    assert!(named("pom.xml") && named("ci-settings.xml") && !named("web.xml"));
}

#[test]
fn what_the_repository_gives_maven_is_another_value() {
    let pom = "<project><properties><r>https://ours/</r></properties><repositories><repository><id>f</id><url>${r}</url></repository>\
        <repository><id>g</id><url>${env.R}${s}</url></repository></repositories></project>";
    for (path, text) in [
        (".mvn/maven.config", "-T 1C -Dr=https://evil.example/ -D s=x\n"),
        (".mvn/jvm.config", "-Xmx1g\n\"-Dr=https://evil.example/\"\n-Ds=x"),
    ] {
        let files = [file("/agent/1/s/pom.xml", pom), file(&format!("/agent/1/s/{path}"), text)];
        assert_eq!(
            mentioned(&files, &host(&[("R", "https://env/")])),
            ["f https://evil.example/ pom.xml", "f https://ours/ pom.xml", "g https://env/x pom.xml"]
        );
    }
    // Maven takes the option by its long name too, with one dash or two, and a property without a value for true.
    for option in ["--define=", "-define=", "--D=", "-D=", "--define ", "-D"] {
        let text = format!("-B {option}r=https://evil.example/");
        let files = [file("/agent/1/s/pom.xml", pom), file("/agent/1/s/.mvn/maven.config", &text)];
        let found = mentioned(&files, &host(&[("R", "")]));
        assert!(found.contains(&"f https://evil.example/ pom.xml".to_owned()), "{text}: {found:?}");
        let files = [file("/agent/1/s/pom.xml", pom), file("/agent/1/s/.mvn/maven.config", &format!("-B {option}r"))];
        let found = mentioned(&files, &host(&[("R", "")]));
        assert!(found.contains(&"f true pom.xml".to_owned()), "{option}r: {found:?}");
    }
    let elsewhere = [file("/agent/1/s/pom.xml", pom), file("/agent/1/s/x/maven.config", "-Dr=https://evil.example/")];
    // `.mvn` may be a link to a folder of any name.
    assert_eq!(mentioned(&elsewhere, &host(&[("R", "")])).len(), 3);
}
