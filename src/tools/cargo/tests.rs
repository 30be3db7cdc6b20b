use super::*;
use crate::tools::reading::Hidden;
use crate::tools::testing::{
    Disk, feed, file, file_of_bytes, host, mentioned, planned, reading, shown, slashed, utf16,
};

const INDEX: &str = "sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/";
const CONFIG: &str = "/agent/1/s/.cargo/config.toml";
const USERS: &str = "/home/build/.cargo/config.toml";
const OURS: &str = "cargo-credential-ado-entra-auth";

fn variables(
    files: &[(&str, &str)],
    environment: &[(&str, &str)],
    served: &[ServedFeed],
) -> (Vec<String>, Vec<String>) {
    let files: Vec<SourceFile> = files.iter().map(|(path, text)| file(path, text)).collect();
    let plan = planned(&Cargo, served, &files, &host(environment), &Disk::default()).unwrap();
    let lines = shown(&plan).into_iter().filter(|line| line.contains('=')).collect();
    (lines, plan.warnings.sentences())
}

fn served() -> Vec<ServedFeed> {
    vec![feed(Some("contoso"), INDEX, ".cargo/config.toml")]
}

#[test]
fn every_form_of_a_registry_is_found() {
    for text in [
        format!("[registries]\nNAME = {{ index = \"{INDEX}\" }}\n"),
        format!("[registries.NAME]\nindex = \"{INDEX}\"\n"),
        format!("registries.NAME.index = '{INDEX}'"),
        format!("[registries]\r\n\"NAME\".index = \"\"\"{INDEX}\"\"\" # comment\r\n"),
    ] {
        for name in ["contoso", "Con-Toso", "con_toso"] {
            let text = text.replace("NAME", name);
            let found = mentioned(&Cargo, &[file(CONFIG, &text)], &host(&[]));
            assert_eq!(found, [format!("{name} {INDEX} .cargo/config.toml")], "{text}");
        }
    }
    let source = format!("[source.crates-io]\nreplace-with = 'x'\n[source.x]\nregistry = '{INDEX}'\n");
    assert_eq!(mentioned(&Cargo, &[file(CONFIG, &source)], &host(&[])), [format!(" {INDEX} .cargo/config.toml")]);
    let host = host(&[("CARGO_REGISTRIES_CON_TOSO_INDEX", INDEX), ("CARGO_REGISTRIES_X_INDEX", "")]);
    assert_eq!(
        mentioned(&Cargo, &[], &host),
        [format!("con_toso {INDEX} the variable CARGO_REGISTRIES_CON_TOSO_INDEX")]
    );
}

#[test]
fn lines_are_told() {
    let text =
        format!("\u{feff}[a]\n\n[registries.x]\ncredential-provider = 'p'\nindex = '{INDEX}'\n[http]\nproxy = 'p'");
    let Ok(config) = Config::parse(&file(CONFIG, &text), &host(&[])) else { panic!("{text}") };
    assert_eq!((config.indexes[0].2, config.providers[0].1, config.perils[0].1), (5, 4, 7));
}

#[test]
fn files_are_those_that_cargo_reads() {
    let reads =
        |folder: &str, name: &str| Cargo.reads(RelPath::new(std::path::Path::new(folder), name), Among::Project);
    assert!(reads("/a/.cargo", "config.toml") && reads(".cargo", "config"));
    assert!(!reads("/a", "config.toml") && !reads("/.cargo/x", "config") && !reads("/.cargo", "credentials.toml"));
    // Only what has a drive is a whole path on Windows.
    let drive = if cfg!(windows) { "C:" } else { "" };
    let paths = |environment: &[(&str, &str)]| {
        let host = Host { working_directory: PathBuf::from(format!("{drive}/agent/1/s")), ..host(environment) };
        let outside = Cargo.outside(&host, &Disk::default());
        outside.iter().map(|path| slashed(path).trim_start_matches(drive).to_owned()).collect::<Vec<_>>()
    };
    let above = ["/.cargo/config", "/.cargo/config.toml", "/agent/.cargo/config", "/agent/.cargo/config.toml"];
    assert!(above.iter().all(|path| paths(&[]).contains(&(*path).to_owned())), "{:?}", paths(&[]));
    assert!(paths(&[]).contains(&USERS.to_owned()) && !paths(&[]).contains(&CONFIG.to_owned()));
    let elsewhere = paths(&[("CARGO_HOME", "/cargo home")]);
    assert!(elsewhere.contains(&"/cargo home/config.toml".to_owned()) && !elsewhere.contains(&USERS.to_owned()));
    let including = "include = ['a.toml', { path = '../b c.toml', optional = true }, 1]";
    let files = crate::tools::testing::taken_apart(&Cargo, &[file(CONFIG, including)], &host(&[]));
    let further = Cargo.further(Sources { files: &files, host: &host(&[]) });
    assert_eq!(further, ["/agent/1/s/.cargo/a.toml", "/agent/1/s/.cargo/../b c.toml"].map(PathBuf::from));
}

#[test]
fn what_cargo_cannot_read_is_said_and_what_it_takes_for_git_gets_nothing() {
    let unread = [file(CONFIG, "[registries"), file_of_bytes(CONFIG, &utf16("a = 1"))];
    for file in unread {
        assert_eq!(reading(&Cargo, &[file], &host(&[])).doubts.len(), 1);
    }
    for (index, doubtful) in [
        (INDEX, false),
        (&INDEX["sparse+".len()..], true),
        (&INDEX.replace("/index/", "/"), true),
        ("https://registry.example.com/index", false),
    ] {
        let reading = reading(&Cargo, &[file(CONFIG, &format!("[registries.x]\nindex = '{index}'"))], &host(&[]));
        assert_eq!(reading.mentions[0].doubt.is_some(), doubtful, "{index}");
    }
}

#[test]
fn a_file_with_registries_without_end_takes_no_time_without_end() {
    let registry = |n: u32| format!("[registries.x{n}]\nindex = '{}'\n", INDEX.replace("/f/", &format!("/f{n}/")));
    let text = (0..5_000).map(registry).collect::<Vec<_>>().concat();
    let files = [file(CONFIG, &text)];
    let served: Vec<ServedFeed> =
        reading(&Cargo, &files, &host(&[])).mentions.iter().map(|mention| feed(None, &mention.url, "x")).collect();
    let plan = planned(&Cargo, &served, &files, &host(&[]), &Disk::default()).unwrap();
    assert_eq!((plan.look_first.len(), plan.warnings.sentences().len()), (5_000, 0));
}

/// As deep as a file can be, and as long: neither may take the step with it.
#[test]
fn hostile_files_are_refused() {
    for text in ["a.".repeat(100_000), format!("a = {}", "[".repeat(100_000)), format!("a = {}", "{a=".repeat(100_000))]
    {
        assert_eq!(reading(&Cargo, &[file(CONFIG, &text)], &host(&[])).doubts.len(), 1);
    }
}

/// Its values would take a hundred times its length in memory.
#[test]
fn a_file_that_nobody_wrote_is_not_parsed() {
    let text = format!("{}[registries.x]\nindex = '{INDEX}'\n", "# x\n".repeat(300_000));
    for path in [CONFIG, USERS] {
        let reading = reading(&Cargo, &[file(path, &text)], &host(&[]));
        assert!(reading.mentions.is_empty() && reading.doubts[0].hides == Hidden::Names, "{path}");
    }
}

#[test]
fn others_that_could_read_the_traffic_are_a_peril() {
    let perils = |text: &str, environment: &[(&str, &str)]| {
        reading(&Cargo, &[file(CONFIG, &format!("[http]\n{text}"))], &host(environment)).perils.len()
    };
    for text in ["proxy = 'evil.example:80'", "cainfo = 'evil.pem'", "proxy-cainfo = 'evil.pem'"] {
        assert_eq!(perils(text, &[]), 1, "{text}");
    }
    for (path, counts) in [(CONFIG, true), ("/agent/1/.cargo/config.toml", true), (USERS, false)] {
        let reading = reading(&Cargo, &[file(path, "[http]\nproxy = 'evil.example'")], &host(&[]));
        assert_eq!(reading.perils[0].place.is_of_repository(), counts, "{path}");
    }
    assert_eq!(perils("proxy = ''\ntimeout = 3\ncheck-revoke = false", &[]), 0);
    assert_eq!(perils("proxy = 'http://p.example:80/'", &[("HTTPS_PROXY", "http://p.example:80")]), 0);
    assert_eq!(perils("cainfo = 'evil.pem'", &[("CARGO_HTTP_CAINFO", "/company.pem")]), 0);
}

#[test]
fn our_provider_is_asked_first_and_those_before_it_stay() {
    let list = "[registry]\nglobal-credential-providers = ['cargo:libsecret']";
    for (files, environment, expected) in [
        (&[][..], &[][..], format!("cargo:token {OURS}")),
        (&[(USERS, list)], &[], OURS.to_owned()),
        // In force below its own folder only.
        (&[(CONFIG, list)], &[], format!("cargo:token {OURS}")),
        (&[], &[(PROVIDERS, "a  b")], format!("a b {OURS}")),
        (&[(USERS, list)], &[(PROVIDERS, OURS)], OURS.to_owned()),
    ] {
        let (lines, warnings) = variables(files, environment, &served());
        assert!(lines.contains(&format!("{PROVIDERS}={expected}")) && warnings.is_empty(), "{lines:?} {warnings:?}");
    }
    // The step again.
    let (lines, _) = variables(&[], &[(PROVIDERS, &format!("cargo:token {OURS}"))], &served());
    assert!(lines.contains(&format!("{PROVIDERS}=cargo:token {OURS}")), "{lines:?}");
}

#[test]
fn feeds_are_deposited_once_and_looked_at_first() {
    let of = |url: &str| feed(None, url, "x");
    let other = INDEX.replace("/f/", "/g/");
    let kept = INDEX.replace("contoso", "earlier");
    let served = [of(INDEX), of(INDEX), of(&other), of(&kept)];
    let plan = planned(&Cargo, &served, &[], &host(&[]), &Disk::default()).unwrap();
    assert_eq!(plan.deposits.len(), 1, "{:?}", plan.deposits);
    assert_eq!(plan.deposits[0].feeds.as_ref().unwrap().len(), 2);
    assert_eq!(plan.look_first.len(), 2);
    assert_eq!(plan.served.len(), 3);
    assert!(plan.served.iter().all(|served| served.source == TokenSource::Helper(Dialect::Cargo)));
    assert!(shown(&plan).contains(&format!("bin/{OURS}")));
    assert!(!plan.variables().any(|variable| variable.value.holds_token()));
}

#[test]
fn a_registrys_own_provider_is_replaced_where_its_name_is_ours_alone() {
    let ours = format!("[registries.con-toso]\nindex = '{INDEX}'\n");
    let provider = "[registries.con-toso]\ncredential-provider = 'cargo:token'\n";
    let set = format!("CARGO_REGISTRIES_CON_TOSO_CREDENTIAL_PROVIDER={OURS}");
    let (lines, warnings) = variables(&[(CONFIG, &ours), (USERS, provider)], &[], &served());
    assert!(lines.contains(&set) && warnings.is_empty(), "{lines:?} {warnings:?}");
    let foreign = "[registries.con_toso]\nindex = 'sparse+https://registry.example.com/index/'\n";
    for (other, environment) in [
        ("/agent/1/s/x/.cargo/config.toml", &[][..]),
        ("/agent/1/s/vendor/x/.cargo/config.toml", &[]),
        (CONFIG, &[("CARGO_REGISTRIES_CON_TOSO_CREDENTIAL_PROVIDER", "cargo:token")]),
    ] {
        let other = (other, if environment.is_empty() { foreign } else { ours.as_str() });
        let (lines, warnings) = variables(&[(CONFIG, &ours), (USERS, provider), other], environment, &served());
        assert!(!lines.contains(&set), "{lines:?}");
        assert!(warnings.len() == 1 && warnings[0].contains("con_toso"), "{warnings:?}");
    }
}

#[test]
fn a_feed_that_only_an_input_names_gets_a_name() {
    let input = |name: &str| vec![feed(Some(name), &INDEX["sparse+".len()..], "the input 'feeds'")];
    let (lines, warnings) = variables(&[], &[], &input("My-feed"));
    assert!(lines.contains(&format!("CARGO_REGISTRIES_MY_FEED_INDEX={INDEX}")) && warnings.is_empty(), "{lines:?}");
    let taken = "[registries.my_feed]\nindex = 'sparse+https://registry.example.com/index/'\n";
    for (files, name) in [(&[(CONFIG, taken)][..], "my-feed"), (&[], "my.feed")] {
        let (lines, warnings) = variables(files, &[], &input(name));
        assert!(lines.len() == 1 && warnings.len() == 1, "{lines:?} {warnings:?}");
    }
}
