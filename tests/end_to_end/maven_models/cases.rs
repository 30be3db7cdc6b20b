//! Trees of projects, drawn: what stands in them and how they hang together. The fuzz target has them too.
//!
//! The first of all that there is to choose from is the plainest, so that nothing drawn is a project with a feed.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// Variables that both see.
pub const ENVIRONMENT: [(&str, &str); 3] =
    [("FEED_HOST", "pkgs.dev.azure.com"), ("FEED_ORGANIZATION", "contoso"), ("EVIL_HOST", "evil.example")];

/// Chooses a number below another.
pub struct Draw<'d>(pub &'d mut dyn FnMut(usize) -> usize);

impl Draw<'_> {
    fn below(&mut self, count: usize) -> usize {
        (self.0)(count)
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn sometimes(&mut self, text: String) -> String {
        if self.once_in(2) { text } else { String::new() }
    }
}

/// A checkout.
pub struct Case {
    /// Whether nothing in it leaves a doubt: whatever is a feed to Maven is to be served then.
    pub is_plain: bool,
    /// The files below it.
    pub files: Vec<(&'static str, String)>,
}

impl Case {
    /// Draws one.
    pub fn of(draw: &mut Draw<'_>) -> Self {
        let names = match draw.below(5) {
            0 | 1 => Names::Plain { is_whole: true },
            2 => Names::Plain { is_whole: false },
            _ => Names::wild(draw),
        };
        let mut files = Vec::new();
        let mut projects: Vec<Project> = Vec::new();
        for file in &FILES[..=draw.below(if names.are_plain() { 3 } else { FILES.len() })] {
            let project = Project::of(draw, &names, file, &projects);
            files.push((*file, project.text.clone()));
            projects.push(project);
        }
        if draw.once_in(3) {
            files.push((".mvn/maven.config", arguments(draw, &names)));
        }
        Self { is_plain: matches!(names, Names::Plain { is_whole: true }), files }
    }

    /// Writes it into a folder.
    pub fn write(&self, folder: &Path) {
        for (file, text) in &self.files {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.files.iter().try_for_each(|(file, text)| writeln!(f, "-- {file}\n{text}"))
    }
}

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1";
const FILES: [&str; 4] = ["pom.xml", "a/pom.xml", "a/b/pom.xml", "c/base.xml"];
/// In [`FILES`]' order, and one that a second project may have too.
const ARTIFACTS: [&str; 4] = ["root", "middle", "leaf", "base"];

/// Names that Maven knows by itself, or may, and some that it does not.
const WILD: [&str; 45] = [
    "host",
    "feed.url",
    "feed",
    "project.feed",
    "maven.feed",
    "pom.feed",
    "Host",
    "feed.Url",
    "env.host",
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
    "project.parent.artifactId",
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
    "env.feed_host",
    "FEED_ORGANIZATION",
    "feed_organization",
    "basedir",
    "project.basedir.name",
    "os.name",
    "user.dir",
    "project.packaging",
    "project.properties(feed)",
    "project.repositories[0].url",
    "",
];

/// Names of users, by what they stand for: a part of an address, or a whole one.
const HOSTS: [&str; 2] = ["feed.host", "host"];
const ORGANIZATIONS: [&str; 2] = ["feed.organization", "company"];
const FEEDS: [&str; 2] = ["feed.name", "maven.feed"];
const IDS: [&str; 2] = ["feed.id", "feedId"];
const URLS: [&str; 2] = ["feed.url", "feedUrl"];

enum Names {
    /// Names that stand for one kind of thing each.
    Plain {
        /// Whether every one is defined everywhere.
        is_whole: bool,
    },
    /// Few, so that they meet.
    Wild(Vec<&'static str>),
}

impl Names {
    fn wild(draw: &mut Draw<'_>) -> Self {
        let other = draw.below(WILD.len());
        Self::Wild(vec![draw.one(&WILD), WILD[other], draw.one(&WILD[..9])])
    }

    fn are_plain(&self) -> bool {
        matches!(self, Self::Plain { .. })
    }
}

/// What may stand in an element or a property: hosts, organizations, addresses, parts that shift what a host is.
fn value(draw: &mut Draw<'_>, names: &[&str]) -> String {
    let plain = [
        "pkgs.dev.azure.com",
        "contoso",
        FEED,
        "evil.example",
        "fabrikam",
        "feed1",
        "feed2",
        "evil.example/x?",
        "evil.example/#",
        "x@evil.example",
        "x:y@",
        "../fabrikam",
        "https://evil.example/maven/v1",
        "https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/maven/v1",
        "http://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1",
        "pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1?",
        "$",
        "{",
        "}",
        "",
    ];
    match draw.below(8) {
        0 => reference(draw.one(names)),
        1 => format!("{}{}", draw.one(&plain), reference(draw.one(names))),
        2 => format!("${{{}", draw.one(names)),
        3 => format!("${{{}{}}}", draw.one(names), reference(draw.one(names))),
        _ => draw.one(&plain).to_owned(),
    }
}

fn reference(name: &str) -> String {
    format!("${{{name}}}")
}

/// A text as an element may have it.
fn written(draw: &mut Draw<'_>, text: &str) -> String {
    let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    match draw.below(16) {
        10 => format!("<![CDATA[{text}]]>"),
        11 => format!("\n  {text}\n"),
        12 => text.replace('$', "&#36;"),
        13 => format!("{}<!-- x -->{}", &text[..half], &text[half..]),
        14 => format!("{}<?x y?>{}", &text[..half], &text[half..]),
        15 => format!("{}<![CDATA[{}]]>", &text[..half], &text[half..]),
        _ => text.to_owned(),
    }
}

/// The literal, or a name that stands for nothing else. Names of the second kind stand for those of the first.
fn part(draw: &mut Draw<'_>, literal: &str, variable: &str, names: &[&str]) -> String {
    match draw.below(4) {
        0 | 1 => reference(draw.one(names)),
        2 if !variable.is_empty() => format!("${{env.{variable}}}"),
        _ => literal.to_owned(),
    }
}

fn plain_url(draw: &mut Draw<'_>) -> String {
    let host = part(draw, "pkgs.dev.azure.com", "FEED_HOST", &HOSTS);
    let organization = part(draw, "contoso", "FEED_ORGANIZATION", &ORGANIZATIONS);
    let feed = match draw.below(6) {
        5 => "${project.artifactId}".to_owned(),
        4 => "${project.groupId}".to_owned(),
        _ => part(draw, "feed1", "", &FEEDS),
    };
    format!("https://{host}/{organization}/_packaging/{feed}/maven/v1")
}

fn wild_url(draw: &mut Draw<'_>, names: &[&str]) -> String {
    let name = reference(draw.one(names));
    match draw.below(12) {
        0 => FEED.to_owned(),
        1 => format!("https://{name}/contoso/_packaging/feed1/maven/v1"),
        2 => format!("https://pkgs.dev.azure.com/{name}/_packaging/feed1/maven/v1"),
        3 => format!("https://pkgs.dev.azure.com/contoso/_packaging/{name}/maven/v1"),
        4 => format!("https://{name}@pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1"),
        5 => format!("https://{name}@evil.example/maven/v1"),
        6 => format!("https://pkgs.dev.azure.com/cont{name}/_packaging/feed1/maven/v1"),
        7 => name,
        8 => format!("{name}/x"),
        9 => format!("{name}://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1"),
        10 => format!("https://pkgs.dev.azure.com{name}/contoso/_packaging/feed1/maven/v1"),
        _ => value(draw, names),
    }
}

fn repository(draw: &mut Draw<'_>, names: &Names, element: &str) -> String {
    let (id, url) = match names {
        Names::Plain { .. } if draw.once_in(5) => {
            ("elsewhere".to_owned(), "https://repository.example/maven".to_owned())
        }
        Names::Plain { .. } => {
            let id = if draw.once_in(3) { reference(draw.one(&IDS)) } else { draw.one(&["feed1", "feed2"]).to_owned() };
            let url = match draw.below(3) {
                0 => FEED.to_owned(),
                1 => reference(draw.one(&URLS)),
                _ => plain_url(draw),
            };
            (id, url)
        }
        Names::Wild(names) => {
            let name = reference(draw.one(names));
            let id = match draw.below(8) {
                7 => name,
                6 => format!("feed{name}"),
                5 => "FEED1".to_owned(),
                _ => draw.one(&["feed1", "feed2"]).to_owned(),
            };
            let url = wild_url(draw, names);
            (written(draw, &id), written(draw, &url))
        }
    };
    format!("<{element}><id>{id}</id><url>{url}</url></{element}>")
}

fn repositories(draw: &mut Draw<'_>, names: &Names) -> String {
    let first = repository(draw, names, "repository");
    let second = repository(draw, names, "repository");
    let mut text = format!("<repositories>{first}{}</repositories>", draw.sometimes(second));
    if draw.once_in(4) {
        let one = repository(draw, names, "pluginRepository");
        _ = write!(text, "<pluginRepositories>{one}</pluginRepositories>");
    }
    if draw.once_in(4) {
        let kinds = if names.are_plain() { 2 } else { 3 };
        let kind = ["repository", "snapshotRepository", "site"][draw.below(kinds)];
        let one = repository(draw, names, kind);
        _ = write!(text, "<distributionManagement>{one}</distributionManagement>");
    }
    text
}

/// A property that stands for what its name says, by another name or not.
fn plain_property(draw: &mut Draw<'_>, is_final: bool) -> (&'static str, String) {
    let by = |draw: &mut Draw<'_>, names: [&'static str; 2], literal: &str, variable: &str| {
        let second = !is_final && draw.once_in(2);
        let value = if second && draw.once_in(2) {
            reference(names[0])
        } else if !variable.is_empty() && !is_final && draw.once_in(3) {
            format!("${{env.{variable}}}")
        } else {
            literal.to_owned()
        };
        (names[usize::from(second)], value)
    };
    match draw.below(if is_final { 4 } else { 5 }) {
        0 => by(draw, HOSTS, "pkgs.dev.azure.com", "FEED_HOST"),
        1 => by(draw, ORGANIZATIONS, "contoso", "FEED_ORGANIZATION"),
        2 => by(draw, FEEDS, "feed2", ""),
        3 => by(draw, IDS, "feed3", ""),
        _ => (draw.one(&URLS), plain_url(draw)),
    }
}

/// Names and values. Those of a profile and of arguments may stand beside others of their name.
fn definitions(draw: &mut Draw<'_>, names: &Names, is_final: bool, is_first: bool) -> Vec<(&'static str, String)> {
    let count = draw.below(7);
    let one = |draw: &mut Draw<'_>| match names {
        Names::Plain { .. } => plain_property(draw, is_final),
        Names::Wild(names) => (draw.one(names), value(draw, names)),
    };
    let mut all: Vec<(&str, String)> = (0..count).map(|_| one(draw)).collect();
    if is_first && matches!(names, Names::Plain { is_whole: true }) {
        let kinds = [HOSTS, ORGANIZATIONS, FEEDS, IDS, URLS].into_iter().zip([
            "pkgs.dev.azure.com",
            "contoso",
            "feed2",
            "feed3",
            FEED,
        ]);
        all.extend(kinds.flat_map(|(names, value)| names.map(|name| (name, value.to_owned()))));
    }
    if names.are_plain() {
        let mut known = BTreeSet::new();
        all.retain(|(name, _)| known.insert(*name));
    }
    all
}

fn properties(draw: &mut Draw<'_>, names: &Names, all: Vec<(&str, String)>) -> String {
    let is_element = |name: &str| name.starts_with(char::is_alphabetic) && !name.contains(['[', '(']);
    let mut text = "<properties>".to_owned();
    for (name, value) in all.into_iter().filter(|(name, _)| is_element(name)) {
        let value = if names.are_plain() { value } else { written(draw, &value) };
        _ = write!(text, "<{name}>{value}</{name}>");
    }
    text + "</properties>"
}

fn profile(draw: &mut Draw<'_>, names: &Names, id: &str) -> String {
    let activation = match draw.below(8) {
        0 => "",
        1 => "<activeByDefault>true</activeByDefault>",
        2 => "<property><name>host</name></property>",
        3 => "<property><name>!host</name></property>",
        4 => "<property><name>env.FEED_ORGANIZATION</name><value>contoso</value></property>",
        5 => "<jdk>[1.5,)</jdk>",
        6 => "<os><family>unix</family></os>",
        _ => "<file><exists>${basedir}/pom.xml</exists></file>",
    };
    let mut text = format!("<profile><id>{id}</id><activation>{activation}</activation>");
    let all = definitions(draw, names, true, false);
    text += &properties(draw, names, all);
    if draw.once_in(3) {
        text += &repositories(draw, names);
    }
    text + "</profile>"
}

/// The words of `.mvn/maven.config`. None holds a blank: Maven's versions part them there or not.
fn arguments(draw: &mut Draw<'_>, names: &Names) -> String {
    let mut text = String::new();
    for (name, value) in definitions(draw, names, true, false) {
        let is_word = !name.is_empty() && !value.contains(char::is_whitespace);
        if is_word {
            let option = draw.one(&["-D", "--define=", "-D\n", "--define\n", "-define=", "-D="]);
            // Without a value it is `true`.
            let value = if !names.are_plain() && draw.once_in(8) { String::new() } else { format!("={value}") };
            _ = writeln!(text, "{option}{name}{value}");
        }
    }
    text += match names {
        Names::Plain { .. } => draw.one(&["", "-B\n", "-Pp\n"]),
        Names::Wild(_) => draw.one(&["", "-B\n", "-Pp\n", "-P!p\n", "-P\n!q\n"]),
    };
    text
}

/// A project, and what others need to know of it.
struct Project {
    file: &'static str,
    group: String,
    artifact: &'static str,
    text: String,
}

impl Project {
    fn of(draw: &mut Draw<'_>, names: &Names, file: &'static str, others: &[Self]) -> Self {
        let is_plain = names.are_plain();
        let above = draw.below(others.len() + 1).checked_sub(1).map(|index| &others[index]);
        let mut group = draw.one(&["g", "contoso", "pkgs.dev.azure.com", "evil.example"]).to_owned();
        let mut artifact = ARTIFACTS[FILES.iter().position(|known| *known == file).unwrap_or_default()];
        if !is_plain && draw.once_in(12) {
            artifact = ARTIFACTS[0];
        }
        let mut text = "<project><modelVersion>4.0.0</modelVersion>".to_owned();
        if let Some(above) = above {
            text += &parent(draw, is_plain, file, above);
        }
        if above.is_none() || draw.once_in(3) {
            _ = write!(text, "<groupId>{group}</groupId><version>1</version>");
        } else if let Some(above) = above {
            group.clone_from(&above.group);
        }
        _ = write!(text, "<artifactId>{artifact}</artifactId><packaging>pom</packaging>");
        if let Names::Wild(names) = names {
            for element in ["name", "description", "url", "inceptionYear"] {
                if draw.once_in(4) {
                    _ = write!(text, "<{element}>{}</{element}>", value(draw, names));
                }
            }
            if draw.once_in(4) {
                _ = write!(text, "<organization><name>{}</name></organization>", value(draw, names));
            }
        }
        let all = definitions(draw, names, false, above.is_none());
        text += &properties(draw, names, all);
        text += &repositories(draw, names);
        let profiles = [(3, "p"), (6, "q")].map(|(rare, id)| {
            let is_there = draw.once_in(rare);
            if is_there { profile(draw, names, id) } else { String::new() }
        });
        _ = write!(text, "<profiles>{}</profiles></project>", profiles.concat());
        Self { file, group, artifact, text }
    }
}

/// The element by which a project names the one above it: by its file, or by its name only.
fn parent(draw: &mut Draw<'_>, is_plain: bool, file: &str, above: &Project) -> String {
    let up = "../".repeat(file.matches('/').count());
    let folder = above.file.strip_suffix("/pom.xml").unwrap_or_default();
    let exact = format!("<relativePath>{up}{}</relativePath>", above.file);
    let path = match draw.below(if is_plain { 3 } else { 8 }) {
        0 => exact,
        1 => "<relativePath/>".to_owned(),
        2 => String::new(),
        3 => format!("<relativePath>{up}{folder}</relativePath>"),
        4 => exact.replace('/', "\\").replace("<\\", "</"),
        5 => format!("<relativePath>./{up}x/../{}</relativePath>", above.file),
        6 => format!("<relativePath>{}</relativePath>", FILES[draw.below(FILES.len())]),
        _ => format!("<relativePath>\n{up}{}\n</relativePath>", above.file),
    };
    let versions: &[&str] = if is_plain { &["1"] } else { &["1", "1", "1", "1", "1", "[1,2)", "2"] };
    let version = draw.one(versions);
    let (group, artifact) = (&above.group, above.artifact);
    format!(
        "<parent><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>{path}</parent>"
    )
}
