//! What is read, and what is planned from it.

use super::*;
use crate::tools::testing::{Disk, feed, file, host, mentioned, planned, reading, shown, slashed};

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1";

#[test]
fn build_files_of_every_kind_are_read() {
    let reads = |path: &str| {
        let path = Path::new(path);
        let path = RelPath::new(path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap());
        Gradle.reads(path, Among::Project)
    };
    for path in [
        "/s/build.gradle",
        "/s/a/Build.Gradle.kts",
        "/s/settings.gradle.kts",
        "/s/gradle/repositories.gradle",
        "/s/gradle.properties",
        "/s/gradle/libs.versions.toml",
        "/s/buildSrc/src/main/kotlin/conventions.gradle.kts",
        "/s/buildSrc/src/main/kotlin/Feeds.kt",
        "/s/build-logic/x/src/Feeds.java",
    ] {
        assert!(reads(path), "{path}");
    }
    for path in ["/s/src/main/kotlin/Main.kt", "/s/pom.xml", "/s/local.properties", "/s/Cargo.toml", "/s/gradlew"] {
        assert!(!reads(path), "{path}");
    }
    let beside = |name| Gradle.reads(RelPath::new(Path::new("/s"), name), Among::Beside);
    assert!(!beside("build.gradle") && beside("gradle.properties"));
}

#[test]
fn addresses_are_named_with_their_places() {
    let build = file("/agent/1/s/app/build.gradle.kts", &format!("maven(\"{FEED}\")\nhost = \"pkgs.dev.azure.com\""));
    let host = host(&[("ORG_GRADLE_PROJECT_feed", FEED), ("OTHER", FEED)]);
    let named = [format!(" {FEED} app/build.gradle.kts"), format!(" {FEED} the variable ORG_GRADLE_PROJECT_feed")];
    assert_eq!(mentioned(&Gradle, std::slice::from_ref(&build), &host), named);
    let places: Vec<String> = reading(&Gradle, &[build], &host).put_together.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["app/build.gradle.kts line 2"]);
}

#[test]
fn what_leads_traffic_elsewhere_is_told_with_whose_it_is() {
    for (path, line, counts) in [
        ("/agent/1/s/app/Gradle.properties", "app/Gradle.properties line 2", true),
        ("/agent/1/s/vendor/x/gradle.properties", "vendor/x/gradle.properties line 2", true),
        ("/home/build/.gradle/gradle.properties", "/home/build/.gradle/gradle.properties line 2", false),
    ] {
        let text = format!("feed={FEED}\nsystemProp.https.proxyHost=evil.example");
        let reading = reading(&Gradle, &[file(path, &text)], &host(&[]));
        let perils: Vec<_> =
            reading.perils.iter().map(|peril| (peril.place.to_string(), peril.place.is_of_repository())).collect();
        assert_eq!(perils, [(line.to_owned(), counts)]);
        assert_eq!(reading.mentions.is_empty(), path.contains("vendor"));
    }
    let build = file("/agent/1/s/build.gradle", "systemProp.https.proxyHost=x");
    assert!(reading(&Gradle, &[build], &host(&[])).perils.is_empty());
}

#[test]
fn every_permitted_organization_is_asked_for_by_address() {
    let plan = planned(&Gradle, &[feed(None, FEED, "build.gradle")], &[], &host(&[]), &Disk::default()).unwrap();
    let script = "/home/build/.gradle/init.d/ado-entra-auth.init.gradle under /home/build: script=gradle-credential-ado-entra-auth";
    assert_eq!(shown(&plan), ["bin/gradle-credential-ado-entra-auth", script]);
    let served: Vec<&str> = plan.served.iter().map(|served| served.target.as_str()).collect();
    assert_eq!(served, ["contoso/f", "Maven feeds of fabrikam", "Maven feeds of earlier"]);
    let deposits: Vec<&str> = plan.deposits.iter().map(|deposit| deposit.organization.name()).collect();
    assert_eq!(deposits, ["contoso", "fabrikam"], "an earlier step keeps its own");
    assert!(plan.deposits.iter().all(|deposit| deposit.feeds.is_none() && deposit.client == Dialect::Gradle));
}

#[test]
fn a_feed_whose_name_is_put_together_is_said_by_its_organization() {
    let url = "https://pkgs.dev.azure.com/contoso/${project}/_packaging/$feed/maven/v1";
    let plan = planned(&Gradle, &[feed(None, url, "build.gradle")], &[], &host(&[]), &Disk::default()).unwrap();
    assert_eq!(plan.served[0].target, "Maven feeds of contoso");
    assert!(plan.served.iter().all(|served| served.feed.is_none()));
}

/// The scripts, each with the folder of its journal.
fn scripts(environment: &[(&str, &str)], account_home: Option<&str>) -> Vec<String> {
    let host = Host { account_home: account_home.map(PathBuf::from), ..host(environment) };
    let found = places::writable(&host, &Disk::default()).unwrap();
    found.iter().map(|(folder, place)| format!("{} {}", slashed(folder), slashed(place))).collect()
}

#[test]
fn the_script_goes_where_gradle_looks() {
    assert_eq!(scripts(&[], None), ["/home/build/.gradle /home/build"]);
    let both = ["/account/.gradle /account", "/home/build/.gradle /home/build"];
    assert_eq!(scripts(&[], Some("/account")), both);
    for (environment, expected) in [
        (("GRADLE_USER_HOME", "/agent/1/.gradle"), "/agent/1/.gradle /agent/1"),
        (("GRADLE_USER_HOME", "cache"), "/agent/1/s/cache /agent/1"),
        (("GRADLE_USER_HOME", "/cache/gradle"), "/cache/gradle /cache/gradle"),
        (("GRADLE_OPTS", "-Xmx1g -Dgradle.user.home=/home/build/g"), "/home/build/g /home/build"),
        (("JAVA_TOOL_OPTIONS", "-Duser.home=/j"), "/j/.gradle /j"),
    ] {
        assert_eq!(scripts(&[environment], None), [expected]);
    }
    let set = [("GRADLE_USER_HOME", "/cache/gradle"), ("GRADLE_OPTS", "\"-Dgradle.user.home=/with blank\"")];
    assert_eq!(scripts(&set, None), ["/with blank /with blank"]);
    let journals = places::of_journal(Path::new("/cache/gradle"), &host(&[]));
    assert_eq!(journals, [Path::new("/cache/gradle"), Path::new("/cache")]);
}

#[test]
fn without_a_place_it_says_what_to_set() {
    struct ReadOnly;
    impl Look for ReadOnly {
        fn read(&self, _: &Path) -> Option<Vec<u8>> {
            None
        }
        fn list(&self, _: &Path) -> Vec<String> {
            Vec::new()
        }
        fn may_write(&self, _: &Path) -> bool {
            false
        }
        fn program(&self, _: &str) -> Option<PathBuf> {
            None
        }
    }
    for host in [host(&[]), Host { home: None, ..host(&[]) }] {
        let error = places::writable(&host, &ReadOnly).unwrap_err().to_string();
        assert!(error.contains("set GRADLE_USER_HOME to a folder of the agent's"), "{error}");
    }
}

#[test]
fn the_script_takes_the_place_of_whatever_is_there() {
    let entry = Entry { key: KEY.to_owned(), variable: GRADLE_PROGRAM.to_owned() };
    let edits = |text: Option<&str>| revise(text, std::slice::from_ref(&entry)).unwrap();
    for text in [None, Some(""), Some("x\n")] {
        let edits = edits(text);
        assert_eq!(edits.len(), 1);
        assert_eq!(
            (edits[0].edit.range.clone(), edits[0].edit.replacement.as_str()),
            (0..text.map_or(0, str::len), SCRIPT)
        );
    }
    assert_eq!(edits(Some(SCRIPT)), []);
}

/// It stands in the file by another name than the constant's.
#[test]
fn the_script_knows_the_program_and_the_runs_by_their_names() {
    assert!(SCRIPT.contains(&format!("'{GRADLE_PROGRAM}'")) && SCRIPT.contains(crate::helper::gradle::ARGUMENT));
    assert!(SCRIPT.contains(&format!("{}[0-9a-f]{{16}}", crate::kernel::run_folder::PREFIX)));
    assert!(SCRIPT.contains(crate::kernel::dialect::USER_NAME) && SCRIPT.is_ascii());
}
