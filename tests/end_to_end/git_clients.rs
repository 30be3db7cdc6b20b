//! Package managers and others that fetch from Azure Repos through git, in later steps.

use std::path::PathBuf;

use ado_entra_auth_emulator::agent::Job;
use ado_entra_auth_emulator::log::{Authorization, Held, LoggedRequest};
use ado_entra_auth_emulator::world::{Challenge, Repository};
use ado_entra_auth_emulator::{Emulator, World};

use crate::support::{
    EVIL, Snapshot, finish, in_parallel, job, only_brought, run, script, step, tool, variable, warned, with_token,
    write, write_file,
};

const LIBRARY: &str = "https://dev.azure.com/contoso/Shop/_git/library";
const FOREIGN: [&str; 3] = [
    "https://evil.example/contoso/Shop/_git/library",
    "https://dev.azure.com/fabrikam/Garden/_git/library",
    "https://fabrikam.visualstudio.com/Garden/_git/library",
];

/// Builds itself, without anything from elsewhere.
const BACKEND: &str = "import zipfile\n\
    def get_requires_for_build_wheel(config_settings=None):\n    return []\n\
    def build_wheel(folder, config_settings=None, metadata_directory=None):\n    \
        name = 'library-0.1.0-py3-none-any.whl'\n    \
        about = 'library-0.1.0.dist-info/'\n    \
        with zipfile.ZipFile(f'{folder}/{name}', 'w') as wheel:\n        \
            wheel.writestr('library/__init__.py', '')\n        \
            wheel.writestr(about + 'METADATA', 'Metadata-Version: 2.1\\nName: library\\nVersion: 0.1.0\\n')\n        \
            wheel.writestr(about + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n        \
            wheel.writestr(about + 'RECORD', '')\n    \
        return name\n";

/// A repository that is a package of every kind; Go's has its address in it.
fn library(project: &str, address: &str) -> Repository {
    let module = format!("module {}.git\n\ngo 1.20\n", address.trim_start_matches("https://"));
    let build = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n\n[project]\nname = 'library'\nversion = '0.1.0'\n";
    let files = [
        ("Cargo.toml", "[package]\nname = \"library\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
        ("src/lib.rs", ""),
        ("package.json", "{\"name\": \"library\", \"version\": \"0.1.0\"}\n"),
        ("pyproject.toml", build),
        ("backend.py", BACKEND),
        ("go.mod", &module),
        ("library.go", "package library\n"),
        ("main.tf", "output \"hello\" {\n  value = \"hello\"\n}\n"),
        (".pre-commit-hooks.yaml", "- id: hello\n  name: hello\n  entry: echo\n  language: system\n"),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
    Repository { files, ..Repository::new(project, "library") }
}

fn world() -> World {
    let mut world = World::sample_with_repositories();
    world.organization_mut("contoso").unwrap().repositories.push(library("Shop", LIBRARY));
    world.organization_mut("fabrikam").unwrap().repositories.push(library("Garden", FOREIGN[1]));
    let evil = world.foreign_host_mut(EVIL).unwrap();
    evil.challenge = Challenge::Basic;
    evil.repositories.push(library("", FOREIGN[0]));
    world
}

/// A client, and how it takes a dependency on a repository.
struct Client {
    name: &'static str,
    /// Where its program is; nothing where it is missing.
    program: fn() -> Option<PathBuf>,
    /// The files of its project; `URL` is the repository's address, and `PATH` the same without its scheme.
    project: &'static [(&'static str, &'static str)],
    /// Fetches, with its program in front of PATH.
    fetch: &'static str,
    /// What is there then.
    proof: &'static str,
}

const CLIENTS: [Client; 8] = [
    Client {
        name: "cargo",
        program: || tool("cargo"),
        project: &[
            (
                "Cargo.toml",
                "[package]\nname = 'app'\nversion = '0.1.0'\nedition = '2021'\n\n[dependencies]\nlibrary = { git = 'URL' }\n",
            ),
            ("src/lib.rs", ""),
        ],
        fetch: "cargo fetch -q",
        proof: "grep -q 'git+https://dev.azure.com/contoso/Shop/_git/library' Cargo.lock",
    },
    Client {
        name: "pip",
        program: || only_brought("pips/25.3/bin/pip"),
        project: &[("requirements.txt", "library @ git+URL\n")],
        fetch: "pip install -q --no-cache-dir --disable-pip-version-check --target t -r requirements.txt",
        proof: "test -f t/library/__init__.py",
    },
    Client {
        name: "uv",
        program: || tool("uv"),
        project: &[("requirements.txt", "library @ git+URL\n")],
        fetch: "uv pip install -q --no-cache --target t -r requirements.txt",
        proof: "test -f t/library/__init__.py",
    },
    Client {
        name: "npm",
        program: || tool("npm"),
        project: &[(
            "package.json",
            "{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {\"library\": \"git+URL\"}}",
        )],
        fetch: "npm install --no-audit --loglevel=error",
        proof: "test -f node_modules/library/package.json",
    },
    Client {
        name: "go",
        program: || only_brought("go/go/bin/go"),
        project: &[
            ("go.mod", "module example.com/app\n\ngo 1.20\n"),
            ("app.go", "package app\n\nimport _ \"PATH.git\"\n"),
        ],
        fetch: "GOPRIVATE=HOST GOTOOLCHAIN=local GOFLAGS=-modcacherw go get PATH.git@main",
        proof: "grep -q dev.azure.com/contoso/Shop/_git/library.git go.sum && go list ./...",
    },
    Client {
        name: "pre-commit",
        program: || tool("pre-commit"),
        project: &[(".pre-commit-config.yaml", "repos:\n- repo: URL\n  rev: main\n  hooks:\n  - id: hello\n")],
        fetch: "git init -q . && git add -A && pre-commit run --all-files",
        proof: "grep -q library \"$HOME\"/.cache/pre-commit/repo*/Cargo.toml",
    },
    // The commands by which Terraform and OpenTofu fetch a module; neither is to be had here.
    Client {
        name: "terraform",
        program: || tool("git"),
        project: &[("main.tf", "module \"hello\" {\n  source = \"git::URL\"\n}\n")],
        fetch: "git clone -- URL .terraform/modules/hello && cd .terraform/modules/hello && git submodule update --init --recursive",
        proof: "test -f .terraform/modules/hello/main.tf",
    },
    Client {
        name: "git",
        program: || tool("git"),
        project: &[],
        fetch: "git init -q top && cd top && git submodule add -q URL library",
        proof: "test -f top/library/main.tf",
    },
];

/// Runs a client in a folder of its own. Gives whether it fetched, and what it said.
fn fetches(job: &mut Job<'_>, client: &Client, address: &str) -> (bool, String) {
    let module = format!("{}.git", &address["https://".len()..]);
    let host = module.split('/').next().unwrap();
    let filled = |text: &str| text.replace("URL", address).replace("PATH.git", &module).replace("HOST", host);
    let folder = format!("{}-{}", client.name, address.len());
    for (path, text) in client.project {
        write(job, &format!("{folder}/{path}"), filled(text));
    }
    let folder = job.sources().join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let program = (client.program)().unwrap();
    let path = format!("PATH='{}':\"$PATH\"; ", program.parent().unwrap().display());
    let fetched =
        job.run_script(&format!("{path}export GIT_TERMINAL_PROMPT=0; {}", filled(client.fetch)), &folder).unwrap();
    assert!(!fetched.raw.contains("eyJ"), "{}", fetched.raw);
    (
        fetched.succeeded() && job.run_script(&format!("{path}{}", client.proof), &folder).unwrap().succeeded(),
        fetched.raw,
    )
}

fn project_of_cargo(job: &Job<'_>, address: &str) {
    for (path, text) in CLIENTS[0].project {
        write(job, path, text.replace("URL", address));
    }
}

#[test]
fn what_they_fetch_by_git_comes_with_the_token() {
    let mut rows: Vec<(&Client, &str)> = CLIENTS.iter().map(|client| (client, "helper")).collect();
    rows.push((&CLIENTS[0], "extraHeader"));
    in_parallel(&rows, |(client, mode)| {
        if (client.program)().is_none() {
            return;
        }
        let emulator = Emulator::start(world()).unwrap();
        let mut job = job(&emulator);
        // Read by the step, as it stands in the checkout.
        project_of_cargo(&job, LIBRARY);
        run(&emulator, &mut job, &step().input("gitCredential", mode));
        emulator.clear_requests();
        let (fetched, said) = fetches(&mut job, client, LIBRARY);
        assert!(fetched, "{}: {said}\n{:?}", client.name, emulator.requests());
        assert!(!with_token(&emulator.requests_to("dev.azure.com")).is_empty(), "{}", client.name);
        finish(&mut job);
        let folder = job.sources().join(format!("{}-{}", client.name, LIBRARY.len()));
        std::fs::remove_dir_all(folder).unwrap();
        for cache in [".cargo", ".cache", ".npm", "go"] {
            let _ = std::fs::remove_dir_all(job.home().join(cache));
        }
        assert!(!fetches(&mut job, client, LIBRARY).0, "{}, after the job", client.name);
    });
}

/// A requirement, a module or a submodule that leads elsewhere.
#[test]
fn what_a_repository_has_them_fetch_elsewhere_gets_nothing() {
    let rows: Vec<(&Client, &str)> =
        CLIENTS.iter().flat_map(|client| FOREIGN.map(|address| (client, address))).collect();
    in_parallel(&rows, |(client, address)| {
        if (client.program)().is_none() {
            return;
        }
        let emulator = Emulator::start(world()).unwrap();
        let mut job = job(&emulator);
        // Some other dependency has cargo start git.
        project_of_cargo(&job, LIBRARY);
        run(&emulator, &mut job, &step());
        emulator.clear_requests();
        let (_, said) = fetches(&mut job, client, address);
        assert!(!emulator.secret_was_sent_to(EVIL), "{}: {:?}", client.name, emulator.requests_to(EVIL));
        let requests = emulator.requests();
        let theirs: Vec<_> = requests.iter().filter(|request| address.contains(&request.host)).collect();
        let challenged = theirs.iter().any(|request| request.status == 401);
        assert!(challenged, "{} asked for {address}: {said}\n{requests:?}", client.name);
        // npm answers git's question with the question.
        let nothing = |sent: &Authorization| match sent {
            Authorization::None => true,
            Authorization::Basic { user, password: Held::Unknown } => user.starts_with("Username for"),
            _ => false,
        };
        let nothing = |request: &&&LoggedRequest| request.secrets.is_empty() && nothing(&request.authorization);
        assert_eq!(theirs.iter().filter(nothing).count(), theirs.len(), "{}: {theirs:?}", client.name);
    });
}

#[test]
fn cargo_starts_git_only_where_it_helps_and_is_left_as_it_was() {
    const NAME: &str = "CARGO_NET_GIT_FETCH_WITH_CLI";
    if tool("cargo").is_none() {
        return;
    }
    let emulator = Emulator::start(world()).unwrap();
    let mut job = job(&emulator);
    project_of_cargo(&job, FOREIGN[1]);
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["Cargo.toml", "a repository of fabrikam", "'organizations'"]), "{:?}", outcome.warnings);
    assert_eq!(variable(&job, NAME), "");
    finish(&mut job);

    // As a user writes it.
    let mut job = crate::support::job(&emulator);
    project_of_cargo(&job, LIBRARY);
    write_file(&job.home().join(".cargo/config.toml"), "[net]\ngit-fetch-with-cli = false\n");
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.log.contains("keeps cargo from starting git"), "{}", outcome.log);
    assert_eq!(variable(&job, NAME), "");
    finish(&mut job);

    let mut job = crate::support::job(&emulator);
    project_of_cargo(&job, LIBRARY);
    let before = Snapshot::of(&job);
    run(&emulator, &mut job, &step());
    assert_eq!(variable(&job, NAME), "true");
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job), "after the job");
    // A blank variable would stop it.
    let sources = job.sources();
    script(&mut job, &sources, "rm Cargo.toml && cargo init -q --lib --name app . && cargo fetch -q");
}
