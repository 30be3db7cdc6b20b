//! What Maven's own model builder makes of projects, beside what is served for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use crate::support::{BINARY, in_parallel, tool, write_file};

/// Enough that every pair of a name and a place where it is defined comes up; a matter of seconds.
const CASES: u64 = 300;
/// Variables that both see.
const ENVIRONMENT: [(&str, &str); 3] =
    [("FEED_HOST", "pkgs.dev.azure.com"), ("FEED_ORGANIZATION", "contoso"), ("EVIL_HOST", "evil.example")];

/// Draws, always the same ones.
struct Draw(u64);

impl Draw {
    fn below(&mut self, count: usize) -> usize {
        // The constants of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % count
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn sometimes(&mut self, text: String) -> String {
        if self.below(2) == 0 { text } else { String::new() }
    }
}

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1";

/// Names that Maven knows by itself, or may, and some that it does not.
const NAMES: [&str; 34] = [
    "host",
    "feed.url",
    "feed",
    "project.feed",
    "maven.feed",
    ".feed",
    "project.groupId",
    "groupId",
    "pom.groupId",
    "project.artifactId",
    "artifactId",
    "project.version",
    "version",
    "project.parent.groupId",
    "parent.groupId",
    "project.inceptionYear",
    "project.InceptionYear",
    "inceptionYear",
    "pom.inceptionYear",
    "project.description",
    "project.organization.name",
    "organization.name",
    "project.url",
    "url",
    "project.name",
    "name",
    "env.FEED_HOST",
    "env.EVIL_HOST",
    "env.NOBODY_SET_IT",
    "FEED_ORGANIZATION",
    "basedir",
    "os.name",
    "user.dir",
    "project.packaging",
];

/// What may stand in an element or a property: hosts, organizations, addresses, parts that shift what a host is.
fn value(draw: &mut Draw) -> String {
    let plain = [
        "pkgs.dev.azure.com",
        "pkgs.dev.azure.com",
        "contoso",
        "contoso",
        FEED,
        FEED,
        "evil.example",
        "fabrikam",
        "feed1",
        "feed2",
        "evil.example/x?",
        "x@evil.example",
        "https://evil.example/maven/v1",
        "pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1?",
        "$",
    ];
    if draw.below(5) == 0 { format!("${{{}}}", draw.one(&NAMES)) } else { draw.one(&plain).to_owned() }
}

fn repository(draw: &mut Draw, names: &[&str]) -> String {
    let name = draw.one(names);
    let id = match draw.below(6) {
        0 => format!("${{{name}}}"),
        1 => format!("{}${{{name}}}", draw.one(&["feed", ""])),
        _ => draw.one(&["feed1", "feed1", "feed2"]).to_owned(),
    };
    let name = draw.one(names);
    let forms = [
        format!("https://${{{name}}}/contoso/_packaging/feed1/maven/v1"),
        format!("https://pkgs.dev.azure.com/${{{name}}}/_packaging/feed1/maven/v1"),
        format!("https://pkgs.dev.azure.com/contoso/_packaging/${{{name}}}/maven/v1"),
        format!("https://${{{name}}}@pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1"),
        format!("https://${{{name}}}@evil.example/maven/v1"),
        format!("https://pkgs.dev.azure.com/cont${{{name}}}/_packaging/feed1/maven/v1"),
        format!("${{{name}}}"),
        format!("${{{name}}}/x"),
        FEED.to_owned(),
    ];
    let url = &forms[draw.below(forms.len())];
    format!("<repository><id>{id}</id><url>{url}</url></repository>")
}

fn properties(draw: &mut Draw, names: &[&str]) -> String {
    let mut all = BTreeMap::new();
    for _ in 0..draw.below(4) {
        // Others are no names of elements.
        let name = draw.one(names);
        if !name.starts_with('.') {
            all.insert(name, value(draw));
        }
    }
    let each = all.into_iter().map(|(name, value)| format!("<{name}>{value}</{name}>"));
    format!("<properties>{}</properties>", each.collect::<String>())
}

fn project(draw: &mut Draw, names: &[&str], artifact: &str, parent: &str) -> String {
    let group = draw.one(&["g", "g", "contoso", "pkgs.dev.azure.com", "evil.example"]);
    let mut text = format!("<project><modelVersion>4.0.0</modelVersion>{parent}");
    let own = format!("<groupId>{group}</groupId><version>1</version>");
    text += &if parent.is_empty() { own } else { String::new() };
    _ = write!(text, "<artifactId>{artifact}</artifactId><packaging>pom</packaging>");
    for element in ["name", "description", "url", "inceptionYear"] {
        let element = format!("<{element}>{}</{element}>", value(draw));
        text += &draw.sometimes(element);
    }
    let organization = format!("<organization><name>{}</name></organization>", value(draw));
    text += &draw.sometimes(organization);
    text += &properties(draw, names);
    let one = repository(draw, names);
    let other = repository(draw, names);
    _ = write!(text, "<repositories>{one}{}</repositories>", draw.sometimes(other));
    let profile = format!("<profiles><profile><id>p</id>{}</profile></profiles>", properties(draw, names));
    text += &draw.sometimes(profile);
    text + "</project>"
}

/// A project with or without a parent; both use few names, so that they meet.
fn write_case(folder: &Path, seed: u64) {
    let mut draw = Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let names = [draw.one(&NAMES), draw.one(&NAMES), draw.one(&NAMES[..5])];
    let alone = draw.below(3) == 0;
    let root = project(&mut draw, &names, "root", "");
    write_file(&folder.join("pom.xml"), &root);
    if !alone {
        let group = root.split("<groupId>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
        let path = draw.one(&["", "", "<relativePath/>"]);
        let parent = format!(
            "<parent><groupId>{group}</groupId><artifactId>root</artifactId><version>1</version>{path}</parent>"
        );
        write_file(&folder.join("child/pom.xml"), project(&mut draw, &names, "child", &parent));
    }
}

/// The ids that the step would serve.
fn served(folder: &Path, home: &Path) -> BTreeSet<String> {
    let mut command = Command::new(BINARY);
    command
        .args(["dry-run", "--format", "json", "--input", "organizations=contoso", "--working-directory"])
        .arg(folder);
    let home = format!("-Duser.home={}", home.display());
    let output = command.env_clear().envs(ENVIRONMENT).env("MAVEN_OPTS", home).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let changes = shown["changes"].as_array().unwrap().iter().filter_map(|change| change["entries"].as_array());
    changes.flatten().map(|entry| entry["key"].as_str().unwrap().to_owned()).collect()
}

/// What Maven's builder prints for folders: `file, how, id, address`.
fn built(folders: &[PathBuf], list: &Path) -> Option<Vec<[String; 4]>> {
    let (java, maven) = (tool("java")?, tool("mvn")?);
    let lib = maven.canonicalize().unwrap().parent()?.parent()?.join("lib/*");
    let lines: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    write_file(list, lines.join("\n"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/maven_models.java");
    let mut command = Command::new(java);
    let output = command.arg("-cp").arg(lib).arg(source).arg(list).env_clear().envs(ENVIRONMENT).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        [(); 4].map(|()| parts.next().unwrap_or_default())
    };
    Some(text.lines().map(line).collect())
}

/// Whether a credential under the id of a repository at this address stays with the organization.
fn stays(url: &str) -> bool {
    url.starts_with("https://pkgs.dev.azure.com/contoso/") && !url.contains("..")
}

#[test]
fn what_is_served_resolves_to_the_same_host_and_organization_in_maven() {
    let folder = tempfile::tempdir().unwrap();
    let cases: Vec<PathBuf> = (0..CASES).map(|number| folder.path().join(number.to_string())).collect();
    for (seed, case) in (1..).zip(&cases) {
        write_case(case, seed);
    }
    let Some(built) = built(&cases, &folder.path().join("list")) else { return };
    let of_case = Mutex::new(BTreeMap::new());
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    in_parallel(&cases, |case| {
        let ids = served(case, &home);
        of_case.lock().unwrap().insert(case.clone(), ids);
    });
    let of_case = of_case.into_inner().unwrap();
    let (mut asked, mut failed) = (BTreeSet::new(), 0);
    for [file, how, id, url] in &built {
        let case = cases.iter().find(|case| Path::new(file).starts_with(case)).unwrap();
        failed += usize::from(how == "failed");
        if !of_case[case].contains(id) {
            continue;
        }
        asked.insert(case);
        // With a reference that nothing resolves, before or after, an address leads nowhere, or into no organization.
        let host = url.split("://").nth(1).unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
        let unresolved = host.is_empty() || host.rsplit('@').next().unwrap_or_default().contains("${");
        let nowhere = url.contains("${") && (unresolved || url.starts_with("https://pkgs.dev.azure.com/${"));
        let text = std::fs::read_to_string(file).unwrap();
        assert!(nowhere || stays(url), "'{id}' is served, and is {url} ({how}) in\n{text}\n{file}");
    }
    // The test would be worth little where nothing is served, or nothing is built.
    assert!(asked.len() * 12 > cases.len(), "{} of {} are served", asked.len(), cases.len());
    assert!(failed * 2 < built.len(), "{failed} of {} fail", built.len());
}
