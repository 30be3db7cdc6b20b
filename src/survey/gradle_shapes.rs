//! Build files of Gradle as public repositories have them.

use super::shapes::{OLD, check, feed};

const OF_ORGANIZATION: &str = "gradle Maven feeds of contoso (the service connection)";

#[test]
fn of_gradle_in_groovy() {
    let maven = feed("maven/v1");
    let slash = feed("maven/v1/");
    let old = format!("{OLD}/maven/v1");
    let own = "credentials {\n  username = 'contoso'\n  password = System.getenv('AZURE_ARTIFACTS_TOKEN') ?: project.findProperty('p')\n}";
    check(&[
        (
            "a name with blanks, beside a registry of others",
            &[(
                "build.gradle",
                format!(
                    "repositories {{\n  mavenCentral()\n  maven {{\n    url '{maven}'\n    name 'Company Azure Maven'\n  }}\n}}\n"
                ),
            )],
            &[],
            &["gradle contoso/feed1 (build.gradle)"],
            &[],
        ),
        (
            "credentials of its own, with their kind",
            &[(
                "app/build.gradle",
                format!(
                    "repositories {{\n  maven {{\n    url = uri(\"{slash}\")\n    {own}\n    authentication {{ basic(BasicAuthentication) }}\n  }}\n}}\n"
                ),
            )],
            &[],
            &["gradle contoso/feed1 (app/build.gradle)"],
            &[],
        ),
        (
            "allprojects and buildscript, at the organization's own host",
            &[(
                "build.gradle",
                format!(
                    "buildscript {{ repositories {{ maven {{ url \"{old}\" }} }} }}\nallprojects {{\n  repositories {{ maven {{ url \"{old}\" }} }}\n}}\n"
                ),
            )],
            &[],
            &["gradle contoso/Shop/feed1 (build.gradle)"],
            &[],
        ),
        (
            "publishing, for Maven as well",
            &[
                (
                    "build.gradle",
                    format!(
                        "publishing {{\n  repositories {{\n    maven {{ name = 'feed1'; url = '{maven}' }}\n  }}\n}}\n"
                    ),
                ),
                ("pom.xml", super::tests::pom("feed1", &maven)),
            ],
            &[],
            &["maven contoso/feed1 (pom.xml)", "gradle contoso/feed1 (build.gradle)"],
            &[],
        ),
    ]);
}

#[test]
fn of_gradles_other_places_in_groovy() {
    let maven = feed("maven/v1");
    check(&[
        (
            "pluginManagement and dependencyResolutionManagement",
            &[(
                "settings.gradle",
                format!(
                    "pluginManagement {{\n  repositories {{ maven {{ url '{maven}' }} }}\n}}\ndependencyResolutionManagement {{\n  repositories {{ maven {{ url '{maven}' }} }}\n}}\n"
                ),
            )],
            &[],
            &["gradle contoso/feed1 (settings.gradle)"],
            &[],
        ),
        (
            "an address of a property, escaped",
            &[
                ("gradle.properties", format!("feedUrl={}\norg.gradle.jvmargs=-Xmx2g\n", maven.replace(':', "\\:"))),
                ("build.gradle", "repositories { maven { url feedUrl } }\n".into()),
            ],
            &[],
            &["gradle contoso/feed1 (gradle.properties)"],
            &[],
        ),
        (
            "an address of a variable",
            &[("build.gradle", "repositories { maven { url feedUrl } }\n".into())],
            &[("ORG_GRADLE_PROJECT_feedUrl", &maven)],
            &["gradle contoso/feed1 (the variable ORG_GRADLE_PROJECT_feedUrl)"],
            &[],
        ),
        (
            "a script of the build's own",
            &[("gradle/feeds.gradle", format!("ext.feed = '{maven}'\n"))],
            &[],
            &["gradle contoso/feed1 (gradle/feeds.gradle)"],
            &[],
        ),
        (
            "a repository of Ivy's",
            &[("build.gradle", format!("repositories {{\n  ivy {{\n    url '{maven}'\n  }}\n}}\n"))],
            &[],
            &[],
            &[],
        ),
        (
            "in a comment",
            &[("build.gradle", format!("// maven {{ url '{maven}' }}\n/*\n * {maven}\n */\n"))],
            &[],
            &[],
            &[],
        ),
        (
            "over http",
            &[(
                "build.gradle",
                format!("maven {{ url '{}'; allowInsecureProtocol = true }}\n", maven.replace("https", "http")),
            )],
            &[],
            &[],
            &["over http"],
        ),
        (
            "another organization's",
            &[("build.gradle", format!("maven {{ url '{}' }}\n", maven.replace("contoso", "fabrikam")))],
            &[],
            &[],
            &["is not permitted"],
        ),
    ]);
}

#[test]
fn of_gradle_in_kotlin() {
    let maven = feed("maven/v1");
    let together = "https://pkgs.dev.azure.com/${org}/${project}/_packaging/feed1/maven/v1";
    let in_project = "https://pkgs.dev.azure.com/contoso/My%20Shop/_packaging/feed1%40Release/maven/v1";
    check(&[
        (
            "maven(…)",
            &[("build.gradle.kts", format!("repositories {{\n    maven(\"{maven}\")\n}}\n"))],
            &[],
            &["gradle contoso/feed1 (build.gradle.kts)"],
            &[],
        ),
        (
            "maven(url = …) with a filter",
            &[(
                "build.gradle.kts",
                format!("maven(url = \"{maven}\") {{ content {{ includeGroup(\"com.contoso\") }} }}\n"),
            )],
            &[],
            &["gradle contoso/feed1 (build.gradle.kts)"],
            &[],
        ),
        (
            "uri(…), a project with a blank and a view",
            &[(
                "settings.gradle.kts",
                format!(
                    "pluginManagement {{\n    repositories {{\n        maven {{\n            url = uri(\"{in_project}\")\n            name = \"Company Azure Maven\"\n            credentials(PasswordCredentials::class)\n        }}\n    }}\n}}\n"
                ),
            )],
            &[],
            &["gradle contoso/My Shop/feed1@Release (settings.gradle.kts)"],
            &[],
        ),
        (
            "exclusiveContent",
            &[(
                "settings.gradle.kts",
                format!(
                    "dependencyResolutionManagement {{ repositories {{ exclusiveContent {{ forRepository {{ maven(\"{maven}\") }} }} }} }}\n"
                ),
            )],
            &[],
            &["gradle contoso/feed1 (settings.gradle.kts)"],
            &[],
        ),
        (
            "put together of properties",
            &[
                (
                    "build.gradle.kts",
                    format!("val org: String by project\nrepositories {{ maven {{ url = uri(\"{together}\") }} }}\n"),
                ),
                ("gradle.properties", "org=contoso\nproject=Shop\n".into()),
            ],
            &[],
            &[OF_ORGANIZATION],
            &[],
        ),
        (
            "a plugin of the build's own",
            &[("build-logic/src/main/kotlin/Feeds.kt", format!("const val FEED = \"{maven}\"\n"))],
            &[],
            &["gradle contoso/feed1 (build-logic/src/main/kotlin/Feeds.kt)"],
            &[],
        ),
        (
            "a program's own source",
            &[("app/src/main/kotlin/Feeds.kt", format!("const val FEED = \"{maven}\"\n"))],
            &[],
            &[],
            &[],
        ),
        (
            "a proxy beside it",
            &[
                ("build.gradle.kts", format!("maven(\"{maven}\")\n")),
                ("gradle.properties", "systemProp.https.proxyHost=registry.example.com\n".into()),
            ],
            &[],
            &[],
            &["through a proxy"],
        ),
    ]);
}
