//! What git is given, and what stands beside it.

use super::*;
use crate::plan::Change;
use crate::tools::testing::{Disk, file, host, mentioned, planned, shown};

fn helper(host: &Host) -> crate::plan::Plan {
    planned(&WITH_HELPER, &[], &[], host, &Disk::default()).unwrap()
}

#[test]
fn one_pair_includes_a_file_that_names_our_helper_for_each_host() {
    let plan = helper(&host(&[]));
    let Change::PrivateFile(file) = &plan.changes[0] else { panic!() };
    let program = r#"helper = "!'/tasks/it'\\''s here/ado-entra-auth' credential git '/run'""#;
    let section =
        |host: &str| format!("[credential \"https://{host}\"]\n\thelper =\n\t{program}\n\tuseHttpPath = true\n");
    let hosts = ["dev.azure.com", "contoso.visualstudio.com", "fabrikam.visualstudio.com", "earlier.visualstudio.com"];
    assert_eq!(file.added_text(), hosts.map(section).concat());
    assert_eq!(
        shown(&plan)[1..],
        ["GIT_CONFIG_KEY_0=include.path", "GIT_CONFIG_VALUE_0=/run/gitconfig", "GIT_CONFIG_COUNT=1"]
    );
    let deposits: Vec<&str> = plan.deposits.iter().map(|deposit| deposit.organization.name()).collect();
    assert_eq!(deposits, ["contoso", "fabrikam"]);
    assert!(plan.variables().all(|variable| !variable.value.holds_token()));
}

#[test]
fn pairs_of_the_user_stay() {
    let own = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "user.name"), ("GIT_CONFIG_VALUE_0", "me")];
    let plan = helper(&host(&own));
    assert_eq!(
        shown(&plan)[1..],
        ["GIT_CONFIG_KEY_1=include.path", "GIT_CONFIG_VALUE_1=/run/gitconfig", "GIT_CONFIG_COUNT=2"]
    );
    assert_eq!(plan.variables().last().unwrap().former.as_deref(), Some("1"));
    let error = planned(&WITH_HELPER, &[], &[], &host(&[("GIT_CONFIG_COUNT", "x")]), &Disk::default()).unwrap_err();
    assert!(error.to_string().contains("GIT_CONFIG_COUNT holds 'x'"), "{error}");
}

#[test]
fn headers_come_with_none_beside_them_and_with_no_redirect() {
    let plan = planned(&WITH_HEADERS, &[], &[], &host(&[]), &Disk::default()).unwrap();
    let mut expected = Vec::new();
    for base in [
        "https://dev.azure.com/contoso",
        "https://contoso.visualstudio.com",
        "https://dev.azure.com/fabrikam",
        "https://fabrikam.visualstudio.com",
    ] {
        for (name, value) in
            [("extraheader", ""), ("extraheader", "Authorization: bearer ***"), ("followRedirects", "false")]
        {
            let index = expected.len() / 2;
            expected.push(format!("GIT_CONFIG_KEY_{index}=http.{base}.{name}"));
            expected.push(format!("GIT_CONFIG_VALUE_{index}={value}"));
        }
    }
    expected.push("GIT_CONFIG_COUNT=12".to_owned());
    assert_eq!(shown(&plan), expected);
    assert!(plan.served.iter().all(|served| served.source == TokenSource::Variable));
}

#[test]
fn the_helper_of_a_later_step_takes_back_the_headers_of_an_earlier_one_and_no_others() {
    let ours = "http.https://dev.azure.com/Contoso";
    let keys = [
        ("http.https://example.com.extraheader", "X-Mine: 1"),
        (&format!("{ours}.extraheader"), ""),
        (&format!("{ours}.extraheader"), "Authorization: bearer EARLIER"),
        (&format!("{ours}.followRedirects"), "false"),
    ];
    let mut environment = vec![("GIT_CONFIG_COUNT".to_owned(), "4".to_owned())];
    for (index, (key, value)) in keys.iter().enumerate() {
        environment.push((format!("GIT_CONFIG_KEY_{index}"), (*key).to_owned()));
        environment.push((format!("GIT_CONFIG_VALUE_{index}"), (*value).to_owned()));
    }
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let Change::PrivateFile(file) = &helper(&host(&environment)).changes[0] else { panic!() };
    let reset = "[http \"https://dev.azure.com/Contoso\"]\n\textraheader =\n\tfollowRedirects = initial\n";
    assert!(file.added_text().ends_with(reset), "{}", file.added_text());
    assert!(!file.added_text().contains("example.com"));
}

#[test]
fn a_header_of_the_users_is_warned_of_where_it_silences_the_helper() {
    for (config, warned) in [
        ("[http \"https://dev.azure.com\"]\n\textraheader = Authorization: Basic x\n", true),
        ("[HTTP \"https://dev.azure.com/contoso/\"]\n\tExtraHeader = \"AUTHORIZATION: basic x\"\n", true),
        ("[http]\n\textraheader = Authorization: Basic x\n", true),
        ("[http]\n\textraheader = X-Trace: 1\n", false),
        ("[http \"https://github.example\"]\n\textraheader = Authorization: Basic x\n", false),
        ("[http \"https://dev.azure.com/other\"]\n\textraheader = Authorization: Basic x\n", false),
    ] {
        let files = [file("/home/build/.gitconfig", config)];
        let plan = planned(&WITH_HELPER, &[], &files, &host(&[]), &Disk::default()).unwrap();
        assert_eq!(plan.warnings.sentences().len(), usize::from(warned), "{config}: {:?}", plan.warnings.sentences());
        let plan = planned(&WITH_HEADERS, &[], &files, &host(&[]), &Disk::default()).unwrap();
        assert!(plan.warnings.sentences().is_empty());
    }
}

const KEY: &str =
    "git config --global --fixed-value --replace-all url.https://dev.azure.com/contoso/Shop/_git/.insteadOf";

/// The notes and the warnings about a submodule of this name and address.
fn said_of(tool: &'static Git, name: &str, url: &str) -> (String, String) {
    let text = format!("[submodule \"{name}\"]\n\tpath = a\n\turl = {url}\n");
    let files = [file("/agent/1/s/sub/.gitmodules", &text)];
    let plan = planned(tool, &[], &files, &host(&[]), &Disk::default()).unwrap();
    assert_eq!(mentioned(tool, &files, &host(&[])).len(), usize::from(url.starts_with("https:")));
    (plan.notes.join("\n"), plan.warnings.sentences().join("\n"))
}

#[test]
fn submodules_over_ssh_are_told_the_command_that_maps_them() {
    for (url, mapped) in [
        ("git@ssh.dev.azure.com:v3/contoso/Shop/lib", "git@ssh.dev.azure.com:v3/contoso/Shop/"),
        ("ssh://git@ssh.dev.azure.com/v3/contoso/Shop/lib", "ssh://git@ssh.dev.azure.com/v3/contoso/Shop/"),
        ("contoso@vs-ssh.visualstudio.com:v3/Contoso/Shop/lib", "contoso@vs-ssh.visualstudio.com:v3/Contoso/Shop/"),
        ("git@ssh.dev.azure.com:v3/other/Shop/lib", ""),
        ("git@github.example:v3/contoso/Shop/lib", ""),
        ("git@ssh.dev.azure.com:v3/contoso/$(id)/lib", ""),
        ("git@ssh.dev.azure.com:v3/contoso/{a,b}/lib", ""),
        ("--file=x@ssh.dev.azure.com:v3/contoso/Shop/lib", ""),
        ("#x@ssh.dev.azure.com:v3/contoso/Shop/lib", ""),
    ] {
        for tool in [&WITH_HELPER, &WITH_HEADERS] {
            let (notes, warnings) = said_of(tool, "a", url);
            assert!(warnings.is_empty(), "{url}: {warnings}");
            assert!(mapped.is_empty() == notes.is_empty(), "{url}: {notes}");
            assert!(notes.is_empty() || notes.ends_with(&format!("{KEY} {mapped} {mapped}")), "{url}: {notes}");
        }
    }
}

#[test]
fn projects_over_ssh_are_said_once_each_and_so_many() {
    let module = |n: usize| format!("[submodule \"{n}\"]\nurl = git@ssh.dev.azure.com:v3/contoso/P{}/lib\n", n % 30);
    let files = [file("/agent/1/s/.gitmodules", &(0..1000).map(module).collect::<String>())];
    let notes = planned(&WITH_HELPER, &[], &files, &host(&[]), &Disk::default()).unwrap().notes;
    assert_eq!(notes.len(), 21, "{notes:?}");
    assert_eq!(notes[20], "git: 10 further projects have submodules over ssh");
}

#[test]
fn submodules_with_a_password_are_told_the_command_that_takes_it_out() {
    let to = |name: &str, address: &str| {
        format!("git -C sub config --file .gitmodules submodule.{name}.url {address} && git -C sub submodule sync")
    };
    let lib = "https://dev.azure.com/contoso/Shop/_git/lib";
    for (name, url, remedy) in [
        ("a", "https://me:old@dev.azure.com/contoso/Shop/_git/lib", to("a", lib)),
        ("libs/a", "https://:old@dev.azure.com/contoso/Shop/_git/lib", to("libs/a", lib)),
        (
            "a",
            "https://me:@contoso.visualstudio.com/Shop/_git/x",
            to("a", "https://contoso.visualstudio.com/Shop/_git/x"),
        ),
        ("it's", "https://me:old@dev.azure.com/contoso/Shop/_git/lib", "Remove it".to_owned()),
        ("", "https://me:old@dev.azure.com/contoso/Shop/_git/lib", "Remove it".to_owned()),
        ("a", "https://me:old@dev.azure.com/contoso/$(id)/_git/lib", String::new()),
        ("a", "https://me:old@dev.azure.com/other/Shop/_git/lib", String::new()),
        ("a", "https://contoso@dev.azure.com/contoso/Shop/_git/lib", String::new()),
        ("a", "https://dev.azure.com/contoso/Shop/_git/lib?x=a:b@c", String::new()),
    ] {
        let (notes, warnings) = said_of(&WITH_HELPER, name, url);
        assert!(notes.is_empty() && !warnings.contains("old"), "{url}: {notes} {warnings}");
        assert!(remedy.is_empty() == warnings.is_empty() && warnings.ends_with(&remedy), "{url}: {warnings}");
        let (notes, warnings) = said_of(&WITH_HEADERS, name, url);
        assert!(notes.is_empty() && warnings.is_empty(), "a header goes before it: {notes} {warnings}");
    }
}

/// Whether cargo is to start git, what stands in its way, and what is named.
fn cargo_with(files: &[(&str, &str)], environment: &[(&str, &str)], disk: &Disk) -> (bool, String, Vec<String>) {
    let files: Vec<SourceFile> = files.iter().map(|(path, text)| file(path, text)).collect();
    let host = host(environment);
    let plan = planned(&WITH_HELPER, &[], &files, &host, disk).unwrap();
    let set = shown(&plan).contains(&"CARGO_NET_GIT_FETCH_WITH_CLI=true".to_owned());
    assert!(plan.variables().all(|v| v.name != dependencies::VARIABLE || v.former.as_deref() != Some("")));
    (set, plan.notes.join("\n").replace('\\', "/"), mentioned(&WITH_HELPER, &files, &host))
}

const MANIFEST: &str = "/agent/1/s/app/Cargo.toml";
const ADDRESS: &str = "https://dev.azure.com/contoso/Shop/_git/hello";

#[test]
fn cargo_starts_git_where_a_dependency_lies_in_a_permitted_organization() {
    let older = "https://contoso.visualstudio.com/DefaultCollection/Shop/_git/hello";
    for (path, text, set) in [
        (MANIFEST, format!("[dependencies]\nhello = {{ git = \"{ADDRESS}\" }}\n"), true),
        (MANIFEST, format!("[dependencies.hello]\n'git'='{older}'\nbranch = 'x'"), true),
        ("/agent/1/s/Cargo.lock", format!("source = \"git+{ADDRESS}?branch=main#0123\"\n"), true),
        ("/agent/1/s/.cargo/config.toml", format!("[patch.crates-io]\nhello = {{ git = '{ADDRESS}' }}"), true),
        (MANIFEST, format!("[package]\nrepository = \"{ADDRESS}\"\nhomepage = \"{ADDRESS}\""), false),
        (MANIFEST, format!("[package.metadata]\nmy-git = \"{ADDRESS}\"\n# see {ADDRESS}"), false),
        (MANIFEST, "hello = { git = 'https://dev.azure.com/other/Shop/_git/hello' }".to_owned(), false),
        (MANIFEST, "hello = { git = 'https://dev.azure.com.evil.example/contoso/_git/hello' }".to_owned(), false),
        (MANIFEST, "hello = { git = 'https://evil.example/contoso/_git/hello' }".to_owned(), false),
    ] {
        let (is_set, notes, _) = cargo_with(&[(path, &text)], &[], &Disk::default());
        assert_eq!((is_set, notes.as_str()), (set, ""), "{text}");
    }
}

#[test]
fn cargo_is_left_alone_where_somebody_has_said_how_it_fetches() {
    let manifest = format!("hello = {{ git = '{ADDRESS}' }}");
    let no = "[net]\ngit-fetch-with-cli = false\n";
    let users = || Disk::default().with("/home/build/.cargo/config.toml", no);
    let name = dependencies::VARIABLE;
    for (project, environment, disk, place) in [
        ("", &[(name, "false")][..], Disk::default(), name),
        (no, &[], Disk::default(), "git: .cargo/config.toml"),
        ("", &[], users(), "/home/build/.cargo/config.toml"),
    ] {
        let files = [(MANIFEST, manifest.as_str()), ("/agent/1/s/.cargo/config.toml", project)];
        let (set, notes, _) = cargo_with(&files, environment, &disk);
        assert!(!set && notes.contains(place) && notes.contains("no token"), "{notes}");
    }
    let yes = "[net]\ngit-fetch-with-cli = true\n";
    for (config, environment) in [(yes, &[][..]), ("", &[(name, "true")]), ("[net]\nretry = 1\n[", &[])] {
        let files = [(MANIFEST, manifest.as_str()), ("/agent/1/s/.cargo/config.toml", config)];
        assert!(cargo_with(&files, environment, &Disk::default()).0, "{config}");
    }
    assert_eq!(cargo_with(&[], &[], &users()).1, "", "it is nobody's business");
}

#[test]
fn an_organization_that_dependencies_name_is_mentioned_once() {
    let other = "https://dev.azure.com/other/Shop/_git";
    let manifest = format!("a = {{ git = '{other}/a' }}\nb = {{ git = '{other}/b' }}\n");
    let lock = format!("source = \"git+{other}/a?x=y#z\"\n").repeat(2000);
    let files = [("/agent/1/s/Cargo.lock", lock.as_str()), (MANIFEST, &manifest)];
    let (_, _, mentioned) = cargo_with(&files, &[], &Disk::default());
    assert_eq!(mentioned, [format!(" {other}/a Cargo.lock")]);
    let hostile: Vec<String> = (0..5000).map(|n| format!("git = 'https://dev.azure.com/o{n}/a'\n")).collect();
    let hostile = hostile.concat();
    assert_eq!(cargo_with(&[(MANIFEST, &hostile)], &[], &Disk::default()).2.len(), 100);
}
