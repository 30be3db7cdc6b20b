//! Settings of a repository by which Gradle's traffic, and the token with it, would come into other hands.
//!
//! Gradle takes properties of Java from `gradle.properties`, behind `systemProp.`, and arguments of Java from `org.gradle.jvmargs`
//! (<https://docs.gradle.org/current/userguide/build_environment.html>). Measured with 4.4.1: either wins over the job's `GRADLE_OPTS`.

use crate::edit::text::Text;
use crate::tools::java::{self, MOST_SETTINGS, Setting, of_property};
use crate::tools::properties::{Comments, properties};

/// The file in which they stand.
pub const FILE: &str = "gradle.properties";

/// Those in a file of properties, whichever project's: what Gradle takes as the root is said when it starts.
pub fn of_properties(text: &Text) -> Vec<Setting> {
    // Java takes a character for each byte, whatever mark stands first.
    let text: String = text.encode(&text.body).into_iter().map(char::from).collect();
    let mut found = Vec::new();
    for (line, key, value) in properties(&text, Comments::BeginLines) {
        let (is_javas, name) = key.split_once("systemProp.").map_or((false, key.as_str()), |(_, name)| (true, name));
        if name.ends_with("org.gradle.jvmargs") {
            let perils = value.split_whitespace().filter_map(of_argument).take(MOST_SETTINGS);
            found.extend(perils.map(|what| Setting { line, what }));
        } else if is_javas || name.starts_with("org.gradle.java.home") || name == "org.gradle.java.installations.paths"
        {
            let what = if is_javas {
                of_property(&name.to_ascii_lowercase(), "Gradle")
            } else {
                Some("sets the Java of Gradle".to_owned())
            };
            found.extend(what.map(|what| Setting { line, what: format!("{what} ({key:.100})") }));
        }
        if found.len() >= MOST_SETTINGS {
            break;
        }
    }
    found.truncate(MOST_SETTINGS);
    found
}

/// What an argument of Java's would do. Gradle names the class to run behind all of them.
fn of_argument(word: &str) -> Option<String> {
    // Quotes hold words together. Two kinds of them could hide where a word begins, so every blank parts.
    let plain = word.replace(['"', '\''], "");
    let lower = plain.to_ascii_lowercase();
    let name = plain.split('=').next().unwrap_or_default();
    let what = if plain.starts_with('@') {
        "takes further arguments from a file".to_owned()
    } else if java::loads(&lower) || java::is_code_path(&lower) {
        "loads code into Gradle".to_owned()
    } else {
        of_property(&name.to_ascii_lowercase(), "Gradle")?
    };
    Some(format!("{what} ({name:.100})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: impl AsRef<[u8]>) -> Vec<String> {
        let text = Text::decode(text.as_ref()).unwrap();
        of_properties(&text).into_iter().map(|setting| format!("{}: {}", setting.line, setting.what)).collect()
    }

    #[test]
    fn what_leads_traffic_elsewhere_is_seen_however_it_is_written() {
        for line in [
            "systemProp.https.proxyHost=127.0.0.1",
            "systemProp.https.proxyPort : 38112",
            "\u{c}\tsystemProp.javax.net.ssl.trustStore evil.jks",
            "systemProp.http.nonProxyHosts=*",
            "systemProp.java.net.useSystemProxies=true",
            "systemProp.jdk.net.hosts.file=hosts",
            "systemProp.java.home=jdk",
            "systemPro\\u0070.https.prox\\yHost=x",
            "systemProp.https.\\\n  proxyHost=x",
            "systemProp.https.\\\r\n\tproxyHost=x",
            "org.gradle.java.home=jdk",
            "org.gradle.java.installations.paths=jdk",
            "systemProp.org.gradle.jvmargs=-javaagent\\:x.jar",
            "org.gradle.jvmargs=-Xmx1g -Dhttps.proxyHost=x",
            "org.gradle.\\u006avmargs=-Dhttps.proxyHost=x",
            "org.gradle.jvmargs=-Xmx1g \\\n -Djavax.net.ssl.trustStore\\=evil.jks",
            "org.gradle.jvmargs:-Xmx1g \\\n#-Dhttps.proxyHost=x",
            "org.gradle.jvmargs \"-Dhttps.proxyHost=x\"",
            "org.gradle.jvmargs=-D'https.pro\"\"xyHost'=x",
            "org.gradle.jvmargs='\"' -javaagent:x.jar '\"'",
            "org.gradle.jvmargs=-Xmx1g\\n-Xbootclasspath/a\\:x",
            "org.gradle.jvmargs=-agentpath:x",
            "org.gradle.jvmargs=-cp x",
            "org.gradle.jvmargs=@opts",
        ] {
            for ends in ["\n", "\r\n", "\r"] {
                let lines = found(format!("! a\\{ends}# b{ends}{line}"));
                assert!(lines.len() == 1 && lines[0].starts_with("3: "), "{line}: {lines:?}");
            }
        }
        // Java sees no mark there, and no UTF-16.
        for mark in [&b"\xff\xfe=x\n"[..], b"\xfe\xff\n", b"\xef\xbb\xbf\n", b"\xe9\n"] {
            let text = [mark, b"systemProp.https.proxyHost=xy\n#"].concat();
            for text in [text.clone(), [&text[..], b"#"].concat()] {
                if let Ok(text) = Text::decode(text) {
                    assert_eq!(of_properties(&text).len(), 1, "{mark:?}");
                }
            }
        }
        assert_eq!(
            found("a=b\norg.gradle.jvmargs=-Dhttps.proxyHost=x -javaagent:y"),
            [
                "2: sends Gradle's traffic through a proxy (-Dhttps.proxyHost)",
                "2: loads code into Gradle (-javaagent:y)"
            ]
        );
        assert_eq!(found("a=\\\\\nsystemProp.https.proxyHost=x").len(), 1);
        assert_eq!(found("systemProp.http.proxyHost=x\n".repeat(2 * MOST_SETTINGS)).len(), MOST_SETTINGS);
    }

    #[test]
    fn what_projects_write_is_none_of_it() {
        for line in [
            "# systemProp.https.proxyHost=x",
            "  ! systemProp.https.proxyHost=x",
            "a=\\\\\n# systemProp.https.proxyHost=x",
            "description=systemProp.https.proxyHost \\\nsystemProp.https.proxyHost=x",
            "https.proxyHost=x",
            "systemProp.file.encoding=UTF-8",
            "systemProp.https.protocols=TLSv1.2",
            "systemProp.org.gradle.internal.http.socketTimeout=120000",
            "systemProp.sonar.host.url=https://registry.example.com/",
            "org.gradle.jvmargs=-Xmx4g -XX:MaxMetaspaceSize=1g -XX:+HeapDumpOnOutOfMemoryError -Dfile.encoding=UTF-8 \\\n\
             --add-opens=java.base/java.util=ALL-UNNAMED --add-exports jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED",
            "org.gradle.jvmargs=-Dx=\"a b\"",
            "org.gradle.java.installations.auto-download=false",
            "kotlin.code.style=official\nandroid.useAndroidX=true\norg.gradle.parallel true",
            "a=\\u00",
            "\\",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
