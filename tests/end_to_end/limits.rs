//! A repository decides neither how long a look at it takes, nor how much memory or log.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{BINARY, read, side_by_side, tool, write_file};

/// Runs a program and writes the peak of its memory, in KiB, into a file.
const MEASURE: &str = "import resource, subprocess, sys
code = subprocess.run(sys.argv[2:], stdout=open(sys.argv[1] + '.out', 'wb')).returncode
open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)";
const MOST_KIB: u64 = 256 * 1024;
const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/";

struct Look {
    seconds: Duration,
    peak_kib: u64,
    said: String,
}

/// A dry run over a folder, which reads what the step reads.
fn look(folder: &Path) -> Look {
    let begun = Instant::now();
    let result = folder.parent().unwrap().join("peak");
    let status = Command::new("python3")
        .args(["-c", MEASURE])
        .arg(&result)
        .args([BINARY, "dry-run", "--input", "organizations=contoso", "--working-directory"])
        .arg(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder.parent().unwrap())
        .status()
        .unwrap();
    assert!(status.success(), "{}", folder.display());
    let said = read(result.with_extension("out"));
    Look { seconds: begun.elapsed(), peak_kib: read(&result).parse().unwrap(), said }
}

fn repeated(line: impl Fn(usize) -> String, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 200);
    for number in 0.. {
        if text.len() >= bytes {
            return text;
        }
        text.push_str(&line(number));
    }
    text
}

const MIB: usize = 1024 * 1024;

/// A name, the file's path, and its content.
type Row = (&'static str, &'static str, fn() -> String);

#[test]
fn no_file_of_a_repository_takes_more_than_its_share() {
    if tool("python3").is_none() {
        return;
    }
    let rows: [Row; 12] = [
        ("many elements", "pom.xml", || format!("<project>{}</project>", "<a/>".repeat(MIB / 2))),
        ("more than is parsed", "pom.xml", || format!("<project>{}</project>", "<a/>".repeat(15 * MIB))),
        ("short lines", ".npmrc", || "a=\n".repeat(2 * MIB / 3)),
        ("more than is parsed", ".npmrc", || "a=\n".repeat(40 * MIB / 3)),
        ("foreign organizations", ".npmrc", || {
            repeated(
                |n| format!("@s{n}:registry=https://pkgs.dev.azure.com/f{n}/_packaging/f/npm/registry/\n"),
                2 * MIB,
            )
        }),
        ("many sources", "nuget.config", || {
            let add = |n| {
                format!("<add key='s{n}' value='https://pkgs.dev.azure.com/f{n}/_packaging/f/nuget/v3/index.json'/>")
            };
            format!("<configuration><packageSources>{}</packageSources></configuration>", repeated(add, 2 * MIB))
        }),
        ("passwords", "paket.dependencies", || {
            let with = "username: \"u\" password: \"%P%\"";
            repeated(
                |n| format!("source https://pkgs.dev.azure.com/contoso/_packaging/f{n}/nuget/v2 {with}\n"),
                8 * MIB,
            )
        }),
        ("references", "pom.xml", || {
            let property = |n: usize| format!("<p{n}>${{p{}}}${{p{}}}</p{n}>", n + 1, n + 2);
            let url = "<repositories><repository><id>a</id><url>${p0}</url></repository></repositories>";
            format!("<project><properties>{}</properties>{url}</project>", repeated(property, 2 * MIB))
        }),
        ("short settings", ".cargo/config.toml", || repeated(|n| format!("a{n}=1\n"), 2 * MIB)),
        ("addresses in addresses", "build.gradle", || {
            repeated(|_| format!("pkgs.dev.azure.com {}\n", "http://".repeat(2_300)), 7 * MIB)
        }),
        ("a large lock file", "package-lock.json", || {
            repeated(|n| format!("\"resolved\": \"{FEED}a/-/a-{n}.tgz\",\n"), 40 * MIB)
        }),
        ("different feeds", "yarn.lock", || {
            repeated(
                |n| format!("  resolved \"https://pkgs.dev.azure.com/f{n}/_packaging/f/npm/registry/a.tgz\"\n"),
                40 * MIB,
            )
        }),
    ];
    // Two at a time: each may take a quarter of a gigabyte.
    side_by_side(2, &rows, |(name, path, content)| {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("checkout");
        write_file(&folder.join(path), content());
        let Look { seconds, peak_kib, said } = look(&folder);
        assert!(peak_kib <= MOST_KIB, "{name}, {path}: {} MiB", peak_kib / 1024);
        assert!(seconds < Duration::from_secs(45), "{name}, {path}: {seconds:?}");
        let warnings = said.lines().filter(|line| line.starts_with("warning: ")).count();
        assert!(warnings <= 22, "{name}, {path}: {warnings} warnings");
    });
}

/// One file after the other may be small enough, and all of them not.
#[test]
fn no_number_of_files_takes_more_than_its_share() {
    if tool("python3").is_none() {
        return;
    }
    let poms = || {
        let properties = repeated(|n| format!("<p{n}>x</p{n}>"), MIB);
        format!("<project><properties>{properties}</properties></project>")
    };
    let settings = || "a=\n".repeat(99_000);
    let rows: [(usize, Row); 2] = [(16, ("projects", "pom.xml", poms)), (16, ("settings", ".npmrc", settings))];
    for (count, (name, path, content)) in rows {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("checkout");
        let text = content();
        for n in 0..count {
            write_file(&folder.join(format!("{n}/{path}")), &text);
        }
        let Look { seconds, peak_kib, said } = look(&folder);
        assert!(
            peak_kib <= MOST_KIB && seconds < Duration::from_secs(45),
            "{name}: {seconds:?}, {} MiB",
            peak_kib / 1024
        );
        assert!(said.contains("takes too much memory already"), "{name}: {said}");
    }
}

/// A lock file takes its size while it is searched, and no small file beside it is refused for that.
#[test]
fn a_lock_file_of_the_largest_size_hinders_no_file_beside_it() {
    if tool("python3").is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("checkout");
    write_file(&folder.join("yarn.lock"), repeated(|n| format!("# line {n}\n"), 63 * MIB));
    for n in 0..8 {
        write_file(&folder.join(format!("{n}/.npmrc")), format!("registry={FEED}\n{}", "a=\n".repeat(20_000)));
    }
    let Look { peak_kib, said, .. } = look(&folder);
    assert!(peak_kib <= MOST_KIB, "{} MiB", peak_kib / 1024);
    assert!(!said.contains("memory") && said.contains("contoso/feed1"), "{said}");
}

/// A chain of parents, each of which resolves what the ones above it name.
#[test]
fn a_long_chain_of_projects_is_followed_in_time() {
    if tool("python3").is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("checkout");
    for n in 0..3_000 {
        let parent = format!(
            "<parent><groupId>g</groupId><artifactId>a</artifactId><relativePath>../p{}</relativePath></parent>",
            n + 1
        );
        let url = format!("<repositories><repository><id>r{n}</id><url>${{u{n}}}</url></repository></repositories>");
        write_file(&folder.join(format!("p{n}/pom.xml")), format!("<project>{parent}{url}</project>"));
    }
    let Look { seconds, peak_kib, .. } = look(&folder);
    assert!(peak_kib <= MOST_KIB && seconds < Duration::from_secs(45), "{seconds:?}, {} MiB", peak_kib / 1024);
}
