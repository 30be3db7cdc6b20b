//! Repositories in the checkout, and what hostile files may cost.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;
use crate::tools::reading::{Hidden, RelPath};
use crate::tools::testing::{file, host, reading, taken_apart};

/// Far more than a linear way takes, and far less than a quadratic one.
const LONG: Duration = Duration::from_secs(20);

const PARENT: &str =
    "<parent><groupId>ev.x</groupId><artifactId>parent</artifactId><version>1</version><relativePath/></parent>";

fn pom(parent: &str, url: &str) -> SourceFile {
    let repository = format!("<repositories><repository><id>l</id><url>{url}</url></repository></repositories>");
    file("/agent/1/s/a/pom.xml", &format!("<project>{parent}<artifactId>a</artifactId>{repository}</project>"))
}

fn asked(files: &[SourceFile]) -> Vec<PathBuf> {
    let host = host(&[]);
    Maven.further(Sources { files: &taken_apart(&Maven, files, &host), host: &host })
}

fn hides_names(files: &[SourceFile]) -> bool {
    reading(&Maven, files, &host(&[])).doubts.iter().any(|doubt| doubt.hides == Hidden::Names)
}

#[test]
fn a_repository_in_the_checkout_is_read() {
    let reads = |among| Maven.reads(RelPath::new(Path::new("/agent/1/s/repo/ev/parent/1"), "parent-1.pom"), among);
    assert!(reads(Among::Project) && !reads(Among::Beside));
    let foreign = "<project><artifactId>parent</artifactId><pluginRepositories><pluginRepository><id>feed1</id>\
        <url>https://evil.example/m</url></pluginRepository></pluginRepositories></project>";
    let found = reading(&Maven, &[file("/agent/1/s/repo/ev/parent/1/parent-1.pom", foreign)], &host(&[]));
    assert!(found.mentions.iter().any(|mention| mention.url == "https://evil.example/m"));
}

#[test]
fn parents_in_a_repository_of_the_checkout_are_asked_for() {
    let configured = |text: &str| vec![pom(PARENT, "https://e/"), file("/agent/1/s/.mvn/maven.config", text)];
    let settings = "<settings><localRepository>x/repo</localRepository></settings>";
    for files in [
        vec![pom(PARENT, "file:x/repo")],
        vec![pom(PARENT, "FILE:///x/../x/repo/")],
        vec![pom(PARENT, "x/repo")],
        vec![pom(PARENT, "file://${project.basedir}/x/repo")],
        vec![pom(&format!("{PARENT}<properties><f>fi</f></properties>"), "${f}le:x/repo")],
        configured("-Dmaven.repo.local=x/repo"),
        configured("-D maven.repo.local=\"x/repo\""),
        configured("-Dmaven.repo.local.tail=x/repo"),
        vec![pom(PARENT, "https://e/"), file("/agent/1/s/s-settings.xml", settings)],
    ] {
        let found = asked(&files);
        for start in ["/agent/1/s", "/agent/1/s/a"] {
            let expected = Path::new(start).join("x/repo/ev/x/parent/1/parent-1.pom");
            assert!(found.contains(&expected), "{:?}: {found:?}", files[0].text.body);
        }
        assert!(!hides_names(&files), "{:?}", files[0].text.body);
    }
    // Without such a repository a parent comes from where the mentions say.
    assert!(asked(&[pom(PARENT, "https://e/")]).is_empty());
}

#[test]
fn a_parent_in_the_checkout_that_cannot_be_found_hides_names() {
    for (version, url, expected) in [
        ("1", "file:${os.name}/repo", true),
        ("1", "file:%72epo", true),
        ("1", "${project.baseUri}repo", true),
        ("1", "file:node_modules/repo", true),
        ("[1,2)", "file:repo", true),
        ("1-SNAPSHOT", "file:repo", true),
        ("${revision}", "file:repo", true),
        ("1", "file:repo", false),
        ("${revision}", "https://${os.name}/", false),
        ("1", "${env.REPOSITORY}", false),
        ("1", "${set.by.the.pipeline}", false),
    ] {
        let parent = PARENT.replace(">1<", &format!(">{version}<"));
        assert_eq!(hides_names(&[pom(&parent, url)]), expected, "{version} {url}");
    }
    // Which file the parent is can be told where the project points at it.
    let parent = PARENT.replace(">1<", ">${revision}<").replace("<relativePath/>", "");
    let above =
        "<project><groupId>ev.x</groupId><artifactId>parent</artifactId><version>${revision}</version></project>";
    assert!(!hides_names(&[pom(&parent, "file:${os.name}"), file("/agent/1/s/pom.xml", above)]));
}

#[test]
fn ids_of_plugins_without_an_address_take_no_time() {
    let started = Instant::now();
    let text = format!("<project><x>{}</x></project>", "<repositoryId/>".repeat(100_000));
    assert!(reading(&Maven, &[file("/agent/1/s/pom.xml", &text)], &host(&[])).mentions.len() < 10);
    assert!(started.elapsed() < LONG);
    let text =
        "<project><a><url>https://a/</url><b><url>https://b/</url></b><repositoryId>f</repositoryId></a></project>";
    let found = reading(&Maven, &[file("/agent/1/s/pom.xml", text)], &host(&[])).mentions;
    assert_eq!((found[0].name.as_deref(), found[0].url.as_str()), (Some("f"), "https://a/"));
}

/// That many words of a file.
fn words(prefix: &str, count: usize) -> String {
    (0..count).fold(String::new(), |mut all, number| {
        let _ = writeln!(all, "{prefix}{number}");
        all
    })
}

#[test]
fn words_times_folders_are_bounded() {
    let mut files = vec![file("/agent/1/s/.mvn/maven.config", &words("w", 20_000))];
    files.extend((0..200).map(|number| file(&format!("/agent/1/s/m{number}/pom.xml"), "<project/>")));
    assert!(asked(&files).len() < 10_000);
    assert!(hides_names(&files));
    // A project with many modules and arguments is none of it.
    files[0] = file("/agent/1/s/.mvn/maven.config", &words("w", 200));
    assert!(asked(&files).len() > 10_000);
    assert!(!hides_names(&files));
}

#[test]
fn settings_that_arguments_name_are_bounded() {
    let started = Instant::now();
    let files = [file("/agent/1/s/.mvn/maven.config", &words("-s", 300_000))];
    let host = host(&[]);
    let read = taken_apart(&Maven, &files, &host);
    assert_eq!(configuration::settings(Sources { files: &read, host: &host }).len(), 100);
    assert!(started.elapsed() < LONG);
}
