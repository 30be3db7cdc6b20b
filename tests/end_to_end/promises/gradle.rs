//! Gradle, whose repositories this program is asked for by their addresses.

use super::subjects::{Away, FEED, Files, Limits, NO_LIMITS, Other, Subject, USERS_OWN, text};

/// A build that copies what it fetches into a folder: `fetch` what the feed has, `plant` what another registry has.
fn build(other: Option<Other>) -> Files {
    let repository = |name: &str, feed: &str| format!("maven {{ name '{name}'; url '{feed}/maven/v1' }}\n");
    let other = other.map(|other| repository("other", &other.feed())).unwrap_or_default();
    let task = |name: &str, folder: &str, dependency: &str| {
        format!(
            "configurations {{ {folder} }}\ndependencies {{ {folder} '{dependency}:1.0.0' }}\n\
             task {name}(type: Copy) {{ from configurations.{folder}; into '{folder}' }}\n"
        )
    };
    let build = format!(
        "apply plugin: 'base'\nassemble.dependsOn 'fetch'\nrepositories {{\n{}{other}if (project.hasProperty('direct')) {{ maven {{ url project.direct }} }}\n}}\n{}{}",
        repository("feed1", FEED),
        task("fetch", "libs", "com.contoso:hello"),
        task("plant", "plants", "com.fabrikam:plant"),
    );
    vec![("settings.gradle", text("rootProject.name = 'app'\n")), ("build.gradle", text(build))]
}

pub const GRADLE: Subject = Subject {
    tool: "gradle",
    // It goes by PATH, and no variable of Gradle's is set.
    served_by: "ADO_ENTRA_AUTH_RUNS",
    held_in: None,
    changes_home: true,
    goes_on: true,
    // CVE-2019-15052, which Gradle 5.6 has mended.
    limits: Limits { keeps_on: &[Away::Http, Away::Port, Away::Stranger], ..NO_LIMITS },
    needs: &["gradle"],
    installs: &[],
    project: build,
    users: ("home/.gradle/init.d/mine.gradle", "// mine\r\n"),
    users_own: || {
        let script = format!(
            "allprojects {{ repositories.all {{ if (name == 'other') {{ credentials {{ username 'me'; password '{USERS_OWN}' }} }} }} }}\n"
        );
        vec![("home/.gradle/init.gradle", text(script))]
    },
    fetch: "gradle -q fetch",
    proof: "test -f libs/hello-1.0.0.jar",
    forget: "rm -rf libs plants .gradle build \"$HOME/.gradle/caches/modules-2\"",
    ask_other: "gradle -q plant",
    proof_of_other: "test -f plants/plant-1.0.0.jar",
    ask_directly: "gradle -q -Pdirect=DIRECT/maven/v1 plant",
    // Debian's Gradle has no transport for it.
    publish: None,
};
