//! npm, pnpm and yarn 1 where the repository would have them send the token in the clear, to another port, or through somebody else.

use std::path::Path;
use std::sync::OnceLock;

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, StepOutcome, Variable};
use ado_entra_auth_emulator::world::CLIENT;

use crate::npm::{FEED, installed};
use crate::support::{
    emulator, job, leaks_below, run, script, step, tool, variable, warned, with_token, write, write_file,
};

/// The clients, with what their names stand for on this machine.
const CLIENTS: [(&str, &str); 3] = [
    ("npm", "install --no-fund --no-audit --loglevel=error --fetch-retries=0"),
    ("pnpm", "install --no-frozen-lockfile --fetch-retries=0"),
    ("yarn", "install --non-interactive"),
];
const PACKAGE: &str = "/contoso/_packaging/feed1/npm/registry/hello-contoso/-/hello-contoso-1.0.0.tgz";

/// Installs with a client; whether it works or not.
fn install(job: &mut Job<'_>, client: &str) -> String {
    let program = tool(client).unwrap();
    let arguments = CLIENTS.iter().find(|(name, _)| *name == client).unwrap().1;
    let sources = job.sources();
    job.run_script(&format!("'{}' {arguments}", program.display()), &sources).unwrap().raw
}

/// Whether the token went anywhere but to https at the default port.
fn astray(emulator: &Emulator) -> bool {
    emulator.requests_astray().iter().any(|request| !request.secrets.is_empty())
}

fn manifest(dependency: &str) -> String {
    format!(
        "{{\"name\":\"app\",\"version\":\"1.0.0\",\"license\":\"MIT\",\n\"dependencies\":{{\n\"hello-contoso\":\"{dependency}\"}}}}"
    )
}

/// The secrets in a later step's environment.
fn shown_to_scripts(emulator: &Emulator, job: &mut Job<'_>) -> Vec<String> {
    let sources = job.sources();
    emulator.leaks_in(script(job, &sources, "env").raw.as_bytes())
}

/// A later step has the token nowhere that npm, pnpm or yarn 1 look: in no variable, and in no file below the agent's folder.
fn assert_has_nothing_to_send(emulator: &Emulator, job: &mut Job<'_>, what: &str) {
    assert_eq!(shown_to_scripts(emulator, job), Vec::<String>::new(), "{what}");
    assert_eq!(leaks_below(emulator, job.root()), Vec::<String>::new(), "{what}");
    assert_eq!(variable(job, "NPM_CONFIG_USERCONFIG"), "", "{what}");
}

/// What a client does that has the token in its own configuration, without this task: whether the token goes astray.
fn goes_astray_by_itself(client: &str, files: &[(&str, String)]) -> bool {
    let emulator = emulator();
    let token = emulator.access_token(CLIENT).unwrap();
    let mut job = job(&emulator);
    let feed = FEED.trim_start_matches("https:");
    write_file(&job.home().join(".npmrc"), format!("{feed}:_authToken={token}\nalways-auth=true\n"));
    write_all(&job, files);
    install(&mut job, client);
    astray(&emulator)
}

fn write_all(job: &Job<'_>, files: &[(&str, String)]) {
    for (path, text) in files {
        write(job, path, text);
    }
}

/// What pnpm must know of the package beforehand.
fn integrity() -> &'static str {
    static FOUND: OnceLock<String> = OnceLock::new();
    FOUND.get_or_init(|| {
        let emulator = emulator();
        let token = emulator.access_token(CLIENT).unwrap();
        let mut job = job(&emulator);
        write_file(&job.home().join(".npmrc"), format!("{}:_authToken={token}\n", FEED.trim_start_matches("https:")));
        let sources = job.sources();
        let view = format!("npm view --registry {FEED} hello-contoso dist.integrity");
        script(&mut job, &sources, &view).raw.trim().to_owned()
    })
}

/// The files of a client's project that takes the package from an address, and which of them names it on which line.
fn locked(client: &str, url: &str) -> (Vec<(&'static str, String)>, &'static str) {
    let rc = (".npmrc", format!("registry={FEED}\nalways-auth=true\n"));
    let manifest = ("package.json", manifest("1.0.0"));
    let (name, text, place) = match client {
        "npm" => (
            "package-lock.json",
            format!(
                "{{\"name\":\"app\",\"version\":\"1.0.0\",\"lockfileVersion\":3,\"packages\":{{\n\"\":{{\"name\":\"app\",\"version\":\"1.0.0\",\
                 \"dependencies\":{{\"hello-contoso\":\"1.0.0\"}}}},\n\"node_modules/hello-contoso\":{{\"version\":\"1.0.0\",\"resolved\":\"{url}\"}}}}}}"
            ),
            "package-lock.json line 3",
        ),
        "shrinkwrap" => {
            let (files, _) = locked("npm", url);
            ("npm-shrinkwrap.json", files[2].1.clone(), "npm-shrinkwrap.json line 3")
        }
        "pnpm" => (
            "pnpm-lock.yaml",
            format!(
                "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      hello-contoso:\n        specifier: 1.0.0\n        version: 1.0.0\n\
                 packages:\n  hello-contoso@1.0.0:\n    resolution: {{integrity: {}, tarball: \"{url}\"}}\nsnapshots:\n  hello-contoso@1.0.0: {{}}\n",
                integrity()
            ),
            "pnpm-lock.yaml line 10",
        ),
        _ => (
            "yarn.lock",
            format!("# yarn lockfile v1\n\n\nhello-contoso@1.0.0:\n  version \"1.0.0\"\n  resolved \"{url}\"\n"),
            "yarn.lock line 6",
        ),
    };
    (vec![rc, manifest, (name, text)], place)
}

/// Every file through which a client comes to an address, with and without TLS: over https the package comes, and over http the client by
/// itself sends the token in the clear; with this task it has none to send, which one warning says.
#[test]
fn exposed_addresses_of_a_feed_take_the_credential_away_wherever_they_stand() {
    let rc = |rest: &str| (".npmrc", format!("registry={FEED}\nalways-auth=true\n{rest}"));
    let mut rows = Vec::new();
    for scheme in ["https", "http"] {
        let url = format!("{scheme}://pkgs.dev.azure.com{PACKAGE}");
        let registry = format!("{scheme}{}", FEED.trim_start_matches("https"));
        for (client, _) in CLIENTS {
            rows.push((client, scheme, vec![rc(""), ("package.json", manifest(&url))], "package.json line 3"));
            let (files, place) = locked(client, &url);
            rows.push((client, scheme, files, place));
        }
        let (files, place) = locked("shrinkwrap", &url);
        rows.push(("npm", scheme, files, place));
        // yarn 1 takes the package from the registry that its scope has.
        let scoped = manifest("1.0.0").replace("hello-contoso", "@contoso/hello");
        rows.push((
            "npm",
            scheme,
            vec![rc(&format!("@contoso:registry={registry}\n")), ("package.json", scoped)],
            ".npmrc line 3",
        ));
        let only = (".npmrc", format!("registry={registry}\n"));
        rows.push(("pnpm", scheme, vec![only, ("package.json", manifest("1.0.0"))], ".npmrc line 1"));
    }
    crate::support::side_by_side(3, &rows, |(client, scheme, files, place)| {
        if tool(client).is_none() {
            return;
        }
        let exposed = *scheme == "http";
        assert!(!exposed || goes_astray_by_itself(client, files), "{client} {files:?}");
        let emulator = emulator();
        let mut job = job(&emulator);
        write_all(&job, files);
        // What only the input names goes as well.
        let outcome = run(&emulator, &mut job, &step().input("feeds", FEED));
        emulator.clear_requests();
        if exposed {
            assert_has_nothing_to_send(&emulator, &mut job, &format!("{client} {files:?}"));
            // Once for each client, by the client itself.
            if *place == "package.json line 3" {
                install(&mut job, client);
                assert!(!emulator.requests().is_empty() && !astray(&emulator), "{client} {files:?}");
                assert!(with_token(&emulator.requests()).is_empty(), "{client} {files:?}");
            }
            let said: Vec<&String> = outcome.warnings.iter().filter(|warning| warning.starts_with("npm: ")).collect();
            assert!(said.len() == 1 && said[0].contains(place), "{client} {files:?} {:?}", outcome.warnings);
            assert!(said[0].contains("over http") && said[0].contains("it gets none for contoso"), "{said:?}");
        } else {
            assert!(!shown_to_scripts(&emulator, &mut job).is_empty(), "{client} {files:?}");
            let log = install(&mut job, client);
            assert!(!astray(&emulator), "{client} {files:?}");
            assert!(outcome.warnings.is_empty(), "{client}: {:?}", outcome.warnings);
            let modules = job.sources();
            assert!(
                installed(&modules, "hello-contoso") || installed(&modules, "@contoso/hello"),
                "{client} {files:?} {log}"
            );
        }
    });
}

/// Spellings that a client may turn into an address which our keys match: if by itself it sends the token there, it is warned of and
/// has none.
#[test]
fn spellings_that_only_a_client_decodes_are_seen() {
    let spellings = [
        "http:\\/\\/pkgs.dev.azure.com",
        "\\u0068ttp://pkgs.dev.azure.com",
        "HTTP://PKGS.dev.azure.com",
        "http://%70kgs.dev.azure.com",
        "http://ｐkgs.dev.azure.com",
        "http://user@pkgs.dev.azure.com",
        "http:pkgs.dev.azure.com",
        "http://pkgs.dev\\n.azure.com",
        "http://pkgs.dev.azure.com.",
        "//pkgs.dev.azure.com",
        "git+http://pkgs.dev.azure.com",
        "https://pkgs.dev.azure.com:444",
    ];
    let rows: Vec<(&str, &str)> =
        CLIENTS.iter().flat_map(|(client, _)| spellings.map(|spelling| (*client, spelling))).collect();
    let sent = std::sync::Mutex::new(Vec::new());
    crate::support::side_by_side(3, &rows, |(client, spelling)| {
        if tool(client).is_none() {
            return;
        }
        let (files, _) = locked(client, &format!("{spelling}{PACKAGE}"));
        let alone = goes_astray_by_itself(client, &files);
        let emulator = emulator();
        let mut job = job(&emulator);
        write_all(&job, &files);
        let outcome = run(&emulator, &mut job, &step());
        let flagged = outcome.warnings.iter().any(|warning| warning.starts_with("npm: "));
        assert!(!alone || flagged, "{client} {spelling}: {:?}", outcome.warnings);
        if flagged {
            assert_has_nothing_to_send(&emulator, &mut job, &format!("{client} {spelling}"));
        } else {
            install(&mut job, client);
            assert!(!astray(&emulator), "{client} {spelling}");
        }
        if alone {
            sent.lock().unwrap().push(format!("{client} {spelling}"));
        }
    });
    let sent = sent.into_inner().unwrap();
    println!("by themselves clients send the token for: {sent:#?}");
    for row in [
        "npm http:\\/\\/pkgs.dev.azure.com",
        "npm \\u0068ttp://pkgs.dev.azure.com",
        "pnpm https://pkgs.dev.azure.com:444",
    ] {
        assert!(sent.iter().any(|sent| sent == row), "{row} {sent:?}");
    }
}

/// A manifest that the project takes in by `file:`, from a folder in which nothing is set up.
#[test]
fn manifests_in_dependency_folders_are_read() {
    if tool("npm").is_none() {
        return;
    }
    for (path, dependency) in [("vendor/app", "file:vendor/app"), ("node_modules/app", "1.0.0")] {
        let inner = manifest(&format!("http://pkgs.dev.azure.com{PACKAGE}")).replace("\"app\"", "\"inner\"");
        let outer = manifest("1.0.0").replace("\"hello-contoso\":\"1.0.0\"", &format!("\"inner\":\"{dependency}\""));
        let path = path.replace("app", "inner");
        let outer = outer.replace("vendor/app", "vendor/inner");
        let inner_path = format!("{path}/package.json");
        let files = [(".npmrc", format!("registry={FEED}\n")), ("package.json", outer), (inner_path.as_str(), inner)];
        assert!(goes_astray_by_itself("npm", &files), "{files:?}");
        let emulator = emulator();
        let mut job = job(&emulator);
        write_all(&job, &files);
        let outcome = run(&emulator, &mut job, &step());
        assert!(warned(&outcome, &[&inner_path, "line 3", "over http"]), "{:?}", outcome.warnings);
        install(&mut job, "npm");
        assert!(!astray(&emulator));
    }
}

/// Runs the step over a project of the feed with a further file.
fn with_file<'e>(emulator: &'e Emulator, path: &str, text: &str, variables: &[Variable]) -> (Job<'e>, StepOutcome) {
    let mut job = job(emulator);
    for variable in variables {
        job.set_variable(variable.clone());
    }
    write(&job, "app/.npmrc", format!("registry={FEED}\n"));
    write(&job, "app/package.json", manifest("1.0.0"));
    let sources = job.sources();
    let beside = path.strip_prefix("../").map(|beside| sources.parent().unwrap().join(beside));
    write_file(&beside.unwrap_or_else(|| sources.join(path)), text);
    let outcome = run(emulator, &mut job, &step());
    (job, outcome)
}

/// Settings of the repository by which somebody else would open the traffic, each in a file that a client reads.
#[test]
fn settings_that_open_the_traffic_to_others_take_the_credential_away() {
    let rows = [
        (".npmrc", "https-proxy=http://evil.example:8099\nstrict-ssl=false\n", 2),
        (".npmrc", "ca=\"-----BEGIN CERTIFICATE-----\"\n", 1),
        (".npmrc", "ca[]=\"-----BEGIN CERTIFICATE-----\"\n", 1),
        (".npmrc", "cafile=./evil.pem\n", 1),
        (".npmrc", "proxy=http://evil.example:8099\n", 1),
        (".npmrc", "https-proxy=${NOBODY_SETS_IT:-http://evil.example:8099}\n", 1),
        (".npmrc", "//pkgs.dev.azure.com/:cafile=./evil.pem\n", 1),
        (".npmrc", "//pkgs.dev.azure.com/:keyfile=\n", 1),
        (".npmrc", "globalconfig=./x.txt\n", 1),
        ("vendor/x/.npmrc", "strict-ssl=false\n", 1),
        ("../b/.npmrc", "strict-ssl=0\n", 1),
        ("ci/release.npmrc", "strict-ssl=false\n", 1),
        ("p/etc/npmrc", "strict-ssl=false\n", 1),
        (".yarnrc", "https-proxy \"http://evil.example:8099\"\nstrict-ssl false\n", 2),
        (".yarnrc", "--install.strict-ssl false\n", 1),
        ("pnpm-workspace.yaml", "packages: ['.']\nhttpsProxy: http://evil.example:8099\nstrictSsl: false\n", 2),
        ("package.json", "{\"name\":\"a\",\"publishConfig\":{\"strict-ssl\":false}}", 1),
        ("pnpm-workspace.yaml", "{httpsProxy: \"http://evil.example:8099\", \"strict\\x53sl\": false}\n", 2),
        ("pnpm-workspace.yaml", "httpsProxy:\n  http://evil.example:8099\n", 1),
        (".yarnrc", "a, https-proxy \"http://evil.example:8099\"\n\"strict\\u002dssl\" false\n", 2),
        (".yarnrc", "--install.use-yarnrc \"./x.txt\"\n", 1),
        (".npmrc", "custom-host-suffix=azure.com\n", 1),
        (".npmrc", "\u{feff}strict-ssl=false\n", 1),
    ];
    crate::support::in_parallel(&rows, |(path, text, count)| {
        let emulator = emulator();
        let (job, outcome) = with_file(&emulator, path, text, &[]);
        let shown = path.trim_start_matches("../");
        assert_eq!(outcome.warnings.len(), *count, "{path} {text} {:?}", outcome.warnings);
        assert!(
            warned(&outcome, &[shown, "line ", "npm gets no token", "remove that line"]),
            "{path} {text} {:?}",
            outcome.warnings
        );
        assert_eq!(variable(&job, "NPM_CONFIG_USERCONFIG"), "", "{path} {text}");
    });
}

/// The like of them that opens nothing, or that the pipeline says itself.
#[test]
fn settings_that_open_nothing_are_let_be() {
    if tool("npm").is_none() {
        return;
    }
    let emulator = emulator();
    let proxy = emulator.proxy_url();
    let variable_of = |name: &str, value: &str| vec![Variable::public(name, value)];
    let rows = [
        (".npmrc", format!("https-proxy={proxy}\nproxy={proxy}/\n"), vec![]),
        (".npmrc", "https-proxy=${COMPANY}\n".to_owned(), vec![]),
        (
            ".npmrc",
            "noproxy=evil.example\nmaxsockets=3\nfetch-retries=1\nstrict-ssl=true\nproxy=null\n".to_owned(),
            vec![],
        ),
        (".npmrc", "//registry.example.com/:cafile=./theirs.pem\n".to_owned(), vec![]),
        ("docs/strict-ssl.txt", "strict-ssl=false\n".to_owned(), vec![]),
        (
            ".npmrc",
            "; strict-ssl=false\n# registry=http://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n"
                .to_owned(),
            vec![],
        ),
        ("x.txt", String::new(), variable_of("npm_config_strict_ssl", "true")),
        (
            "package.json",
            "{\"name\":\"a\",\"homepage\":\"http://contoso.example/\",\"publishConfig\":{\"access\":\"public\"}}"
                .to_owned(),
            vec![],
        ),
    ];
    crate::support::side_by_side(4, &rows, |(path, text, variables)| {
        let (mut job, outcome) = with_file(&emulator, path, text, variables);
        assert!(outcome.warnings.is_empty(), "{path} {text}: {:?}", outcome.warnings);
        let app = job.sources().join("app");
        let seen = job.run_script("npm install --no-fund --no-audit --loglevel=error", &app).unwrap();
        assert!(installed(&app, "hello-contoso"), "{path} {text}: {}", seen.raw);
    });
}

/// With the real clients: the proxy of the repository's choice gets nothing to open.
#[test]
fn a_proxy_of_the_repositorys_choice_sees_no_token() {
    for (client, _) in CLIENTS {
        if tool(client).is_none() {
            continue;
        }
        // The emulator's proxy opens the traffic as such a stranger would; a port of its own stands for it.
        for (name, settings) in
            [(".npmrc", "strict-ssl=false\n"), ("vendor/.npmrc", "https-proxy=http://127.0.0.1:9\n")]
        {
            let emulator = emulator();
            let mut job = job(&emulator);
            write(&job, "package.json", manifest("1.0.0"));
            write(&job, ".npmrc", format!("registry={FEED}\nalways-auth=true\n"));
            let own = job.sources().join(name);
            let before = std::fs::read_to_string(&own).unwrap_or_default();
            write_file(Path::new(&own), before + settings);
            run(&emulator, &mut job, &step());
            emulator.clear_requests();
            install(&mut job, client);
            assert!(with_token(&emulator.requests()).is_empty(), "{client} {name}");
        }
    }
}
