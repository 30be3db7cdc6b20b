//! Settings of a repository by which Maven's traffic, and a credential with it, would come into other hands: a proxy, other
//! trust in certificates, code in Java itself.
//!
//! Measured with 3.8.7: a proxy beside `maven.wagon.http.ssl.insecure` or a trust store of the repository's has the token.

use crate::edit::text::Text;
use crate::edit::xml::Node;
use crate::tools::java::{self, MOST_SETTINGS, Setting, is_code_path, of_property};
use crate::tools::properties::{Comments, properties};
use crate::tools::reading::is_one_of;

/// Arguments of Java whose value may be the next word.
const WITH_VALUE: [&str; 6] =
    ["--add-exports", "--add-opens", "--add-reads", "--add-modules", "--limit-modules", "--enable-native-access"];

/// What an argument of Java's by itself would load, in lower case; `before` is the word before it.
fn loads(word: &str, before: &str) -> bool {
    // Java takes the first word without a dash for the class to run; `#` is one where Maven knows no comments there.
    let is_class = !word.is_empty() && !word.starts_with('-') && !WITH_VALUE.contains(&before);
    is_class || is_code_path(word)
}

/// Those in a file of `.mvn`.
pub fn of_arguments(file_name: &str, text: &str) -> Vec<Setting> {
    let is_javas = is_one_of(file_name, &["jvm.config"]);
    let mut found = Vec::new();
    // An older Java then passes over an option alone, and takes its value for a class.
    let takes_values = !text.to_ascii_lowercase().contains("ignoreunrecognizedvmoptions");
    // The lines of Java's arguments are joined.
    let mut before = String::new();
    for (number, line) in text.lines().enumerate() {
        for word in line.split_whitespace() {
            // Newer start scripts take quotes and backslashes out, wherever they stand.
            let plain = word.replace(['"', '\'', '\\'], "");
            let name = plain.split('=').next().unwrap_or_default();
            let lower = plain.to_ascii_lowercase();
            let expands = plain.replace("$MAVEN_PROJECTBASEDIR", "").replace("${MAVEN_PROJECTBASEDIR}", "");
            let what = if is_javas && plain.starts_with('@') {
                Some("takes further arguments from a file".to_owned())
            } else if is_javas && expands.contains(['$', '`']) {
                Some("has a part that cannot be told".to_owned())
            } else if java::loads(&lower) || is_javas && loads(&lower, &before) {
                Some("loads code into Maven".to_owned())
            } else {
                of_property(&lower, "Maven")
            };
            found.extend(what.map(|what| Setting { line: number + 1, what: format!("{what} ({name})") }));
            // What follows is the loaded code's own.
            if found.len() == MOST_SETTINGS || is_javas && loads(&lower, &before) {
                return found;
            }
            before = if takes_values { lower } else { String::new() };
        }
    }
    found
}

/// Those in a file of properties in `.mvn`, and its properties as arguments. The files that it includes have any name.
pub fn of_properties(text: &Text) -> (Vec<Setting>, Vec<String>) {
    let mut found = Vec::new();
    // Maven takes it for UTF-8, whatever mark stands first.
    let bytes = text.encode(&text.body);
    let text = String::from_utf8_lossy(&bytes);
    let properties = properties(&text, Comments::StandAnywhere).map(|(line, key, value)| {
        let what = match key.as_str() {
            "${includes}" | "${optionals}" => Some("takes further properties from a file".to_owned()),
            key => of_property(&key.to_ascii_lowercase(), "Maven"),
        };
        let what = what.filter(|_| found.len() < MOST_SETTINGS);
        found.extend(what.map(|what| Setting { line, what: format!("{what} ({key:.100})") }));
        format!("{key}={value}")
    });
    let words = properties.collect();
    (found, words)
}

/// Those in the profiles of a settings file: Maven 3.9 takes properties of its resolver from there.
pub fn of_settings(text: &str, root: Node<'_>) -> Vec<Setting> {
    let properties = root.descend(&["profiles", "profile", "properties"]).into_iter().flat_map(Node::children);
    let setting = |property: Node<'_>| {
        let what = of_property(&property.name().to_ascii_lowercase(), "Maven")?;
        let line = 1 + text[..property.start_tag().start].matches('\n').count();
        Some(Setting { line, what: format!("{what} ({})", property.name()) })
    };
    properties.filter_map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file_name: &str, text: &str) -> Vec<String> {
        of_arguments(file_name, text).into_iter().map(|setting| format!("{}: {}", setting.line, setting.what)).collect()
    }

    #[test]
    fn what_leads_traffic_elsewhere_is_seen_however_it_is_written() {
        for word in [
            "-Dhttps.proxyHost=evil.example",
            "-D https.proxyHost=evil.example",
            "--define=http.proxyHost=evil.example",
            "-D\"https.proxyHost\"=x",
            "-Dhttps.pro\"\"xyHost=x",
            "-DsocksProxyHost=x",
            "-Dmaven.wagon.http.ssl.insecure=true",
            "-Dmaven.wagon.http.ssl.ignore.validity.dates",
            "-Djavax.net.ssl.trustStore=evil.jks",
            "-Daether.connector.https.securityMode=insecure",
            "-Djava.net.useSystemProxies=true",
            "-Djava.security.properties=x",
            "-Djdk.tls.client.cipherSuites=x",
            "-Djava.home=x",
            "-Dhttps.proxyPort=1",
        ] {
            for file in ["maven.config", "jvm.config"] {
                let text = format!("-B\n{word}\n");
                assert!(found(file, &text).iter().any(|line| line.starts_with("2: ")), "{file}: {word}");
            }
        }
        for word in ["@more", "-javaagent:x.jar", "-XX:VMOptionsFile=x", "-Dx=$(cat y)", "-Xbootclasspath/a:x"] {
            assert!(!found("jvm.config", word).is_empty(), "{word}");
        }
    }

    #[test]
    fn properties_are_seen_however_they_are_written() {
        let found = |text: &str| {
            let (found, words) = of_properties(&Text::decode(text.as_bytes()).unwrap());
            let found: Vec<_> =
                found.into_iter().map(|setting| format!("{}: {}", setting.line, setting.what)).collect();
            (found, words)
        };
        for line in [
            "https.prox\\u0079Host=evil.example",
            "https.proxy\\\n  Host : evil.example",
            "https.proxy\\\n# Host\n\nHost evil.example",
            "https.prox\\yHost",
            "maven.override.https.proxyHost:x",
            "javax.\\\n!\nnet.ssl.trustStore=evil.jks",
            "${includes}=evil.txt",
            "$\\u007bincludes}=?evil.txt",
        ] {
            let (found, _) = found(&format!("a=b\n{line}\n"));
            assert!(found.len() == 1 && found[0].starts_with("2: "), "{line}: {found:?}");
        }
        let (perils, words) =
            found("# https.proxyHost=x\na\\u002eb : c d\\\n e\nx=https.proxyHost\nmaven.settings s\\u002dci.xml");
        assert_eq!(
            (perils.len(), words),
            (0, vec!["a.b=c de".into(), "x=https.proxyHost".into(), "maven.settings=s-ci.xml".into()])
        );
        let marked = Text::decode(b"\xff\xfe=x\nhttps.proxyHost=xy\n".to_vec()).unwrap();
        assert_eq!(of_properties(&marked).0.len(), 1, "Maven reads no UTF-16");
        assert_eq!(found(&"https.proxyHost=x\n".repeat(2 * MOST_SETTINGS)).0.len(), MOST_SETTINGS);
    }

    #[test]
    fn code_of_the_repository_in_java_or_maven_is_seen() {
        for text in [
            "-cp . Evil",
            "-classpath x",
            "--class-path=x",
            "-p x",
            "--module-path\nx",
            "-jar x.jar",
            "Evil",
            "-Xmx1g\n\"Evil\"",
            "--add-exports=a/b=c Evil",
            "# Evil",
            "-XX:+IgnoreUnrecognizedVMOptions --add-exports Evil",
            "-Dmaven.ext.class.path=evil.jar",
        ] {
            assert!(found("jvm.config", text).iter().any(|line| line.contains("loads code")), "{text}");
        }
        for text in ["-Dmaven.ext.class.path=evil.jar", "-D\nmaven.ext.class.path=evil.jar"] {
            assert!(found("maven.config", text).iter().any(|line| line.contains("loads code")), "{text}");
        }
        assert_eq!(found("jvm.config", "-cp . Evil").len(), 1);
        assert_eq!(found("jvm.config", "--add-opens\njava.base/java.lang=ALL-UNNAMED -XX:+UseParallelGC"), [""; 0]);
    }

    #[test]
    fn what_projects_write_is_none_of_it() {
        for (file, text) in [
            (
                "maven.config",
                "-B -T 1C -ntp\n-Dmaven.wagon.http.pool=false\n-Dmaven.resolver.transport=wagon\n--settings\n.mvn/s.xml",
            ),
            ("maven.config", "-Dproxy.artifact=x\n# see https://example.com/\n"),
            ("jvm.config", "-Xmx2g -XX:+UseG1GC --add-exports jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED"),
            (
                "jvm.config",
                "-Djdk.xml.totalEntitySizeLimit=0 -Duser.timezone=UTC -Djava.awt.headless=true -Dfile.encoding=UTF-8",
            ),
            ("jvm.config", "-XX:ErrorFile=${MAVEN_PROJECTBASEDIR}/target/x.log"),
        ] {
            assert_eq!(found(file, text), Vec::<String>::new(), "{file}");
        }
    }
}
