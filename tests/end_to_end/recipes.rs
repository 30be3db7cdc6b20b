//! The recipes of the pages, run as they stand there: the step, then each script, in a checkout whose files name a feed.

use std::path::{Path, PathBuf};

use ado_entra_auth_emulator::agent::{Job, ScriptOutcome, TaskStep, Variable};
use ado_entra_auth_emulator::world::CONNECTION;
use ado_entra_auth_emulator::{Emulator, World};

use crate::conda::with_package;
use crate::modes::{link, set_mode};
use crate::promises::subjects::{CARGO, DOTNET, GRADLE, MAVEN, NPM, NUGET, PIP, POETRY, UV, YARN_4};
use crate::support::{
    bare_step, finish, in_parallel, job, leaks_below, only_brought, run, run_quietly, tool, with_token, words, write,
    write_file,
};

/// The pages that have recipes.
const PAGES: [&str; 4] = ["README.md", "overview.md", "docs/tools.md", TOKEN_PAGE];
const TOKEN_PAGE: &str = "docs/token-elsewhere.md";
/// The only connection that recipes name.
const NAME: &str = "feeds-reader";
/// Programs of recipes that go by another name here.
const ELSEWHERE: [(&str, &str); 10] = [
    ("dotnet", "dotnet31"),
    ("nuget", "nuget"),
    ("pnpm", "pnpm"),
    ("yarn", "yarn4"),
    ("bun", "bun"),
    ("pip", "pip25"),
    ("uv", "uv"),
    ("poetry", "poetry"),
    ("twine", "twine"),
    ("node", NODE),
];
/// One whose `fetch` goes by the proxy of the environment, where it is told to.
const NODE: &str = "nodes/node_modules/node24/bin/node";
/// What stands in for a program that is not to be had here, or as it is: a script, and what it starts.
const STAND_INS: [(&str, &str, &str); 3] = [
    // As far as a build goes without a daemon: its instruction with the secret runs on this machine.
    (
        "docker",
        "file=; for word; do case $word in *eyJ*) exit 4;; id=*,src=*) file=${word#*,src=};; esac; done\n\
         [ \"$(stat -c %a \"$file\")\" = 600 ] || exit 5\n\
         sed -n \"s#^RUN --mount=type=secret,id=feed ##; s#/run/secrets/feed#$file#p\" Dockerfile | sh -e\n",
        "pip25",
    ),
    (
        "pixi",
        concat!(
            "exec rattler-python ",
            env!("CARGO_MANIFEST_DIR"),
            "/tests/end_to_end/conda.py pixi.toml contoso-hello\n"
        ),
        "rattler-python",
    ),
    // Reads no variable for the proxy.
    (
        "tfx",
        concat!("exec ", env!("CARGO_MANIFEST_DIR"), "/target/tools/bin/tfx \"$@\" --proxy \"$HTTPS_PROXY\"\n"),
        "tfx",
    ),
];

/// How a command shows that it fetched: a file below the checkout, or below the home folder.
const PROOFS: [(&str, &str); 14] = [
    ("npm ci", "node_modules/@contoso/hello/index.js"),
    ("pnpm install", "node_modules/@contoso/hello/index.js"),
    ("yarn install", "node_modules/@contoso/hello/index.js"),
    ("bun install", "node_modules/@contoso/hello/index.js"),
    ("mvn -B verify", ".m2/repository/com/contoso/hello/1.0.0/hello-1.0.0.jar"),
    ("gradle build", "libs/hello-1.0.0.jar"),
    ("nuget restore packages.config", "packages/Contoso.Hello.1.0.0/content/hello.txt"),
    ("dotnet restore", ".nuget/packages/contoso.hello/1.0.0"),
    ("cargo fetch", "Cargo.lock"),
    ("pip install", "packages/contoso_hello/__init__.py"),
    ("uv sync", "uv.lock"),
    ("poetry install", "poetry.lock"),
    ("git clone", "hello/README.md"),
    ("trap 'rm -f \"$AGENT_TEMPDIRECTORY", "packages/contoso_hello/__init__.py"),
];

/// A recipe: where it stands, and its steps.
struct Recipe {
    place: String,
    steps: Vec<Step>,
}

#[derive(Debug, PartialEq)]
struct Step {
    /// The script; nothing where the step is this task.
    script: Option<String>,
    /// Its inputs, or its `env:`.
    set: Vec<(String, String)>,
}

/// Adds a line to the text that `|` began.
fn extend(text: &mut String, line: &str) {
    *text = format!("{}{line}\n", text.trim_start_matches('|'));
}

/// The steps of a block. Only what recipes need is understood, so that none is run in part.
fn steps(block: &str) -> Vec<Step> {
    let indent = if block.starts_with("steps:\n") { 2 } else { 0 };
    let mut steps: Vec<Step> = Vec::new();
    // Whether the lines are a script's, which `|` began.
    let mut in_script = false;
    for line in block.lines().filter(|line| *line != "steps:") {
        let line = line.get(indent..).unwrap_or_else(|| panic!("{line}"));
        let line = line.split_once(" # ").map_or(line, |(code, _)| code).trim_end();
        if line == "- task: AdoEntraAuth@1" {
            steps.push(Step { script: None, set: Vec::new() });
        } else if let Some(script) = line.strip_prefix("- script: ") {
            in_script = script == "|";
            steps.push(Step { script: Some(script.to_owned()), set: Vec::new() });
        } else if matches!(line, "  inputs:" | "  env:") {
            in_script = false;
        } else if in_script {
            let script = steps.last_mut().unwrap().script.as_mut().unwrap();
            extend(script, line.strip_prefix("    ").unwrap_or_else(|| panic!("{line}")));
        } else if let Some(more) = line.strip_prefix("      ") {
            extend(&mut steps.last_mut().unwrap().set.last_mut().unwrap().1, more);
        } else {
            let (name, value) =
                line.strip_prefix("    ").and_then(|set| set.split_once(": ")).unwrap_or_else(|| panic!("{line}"));
            steps.last_mut().unwrap().set.push((name.to_owned(), value.to_owned()));
        }
    }
    steps
}

fn recipes() -> Vec<Recipe> {
    let mut recipes = Vec::new();
    for page in PAGES {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        for marked in text.split("<!-- recipe: ").skip(1) {
            let (name, rest) = marked.split_once(" -->\n```yaml\n").unwrap_or_else(|| panic!("{page}: {marked}"));
            let (block, _) = rest.split_once("```\n").unwrap();
            recipes.push(Recipe { place: format!("{page}, {name}"), steps: steps(block) });
        }
    }
    recipes
}

/// A checkout whose files name the feed for every tool, and the tools under their names.
fn set_up(job: &mut Job<'_>) {
    for subject in [YARN_4, NPM, MAVEN, GRADLE, NUGET, DOTNET, PIP, POETRY, UV, CARGO] {
        for (path, content) in (subject.project)(None) {
            write(job, path, content);
        }
    }
    // One file of the two clients.
    let pyproject = [POETRY, UV].map(|subject| (subject.project)(None).swap_remove(0).1);
    let (_, sources) = std::str::from_utf8(&pyproject[0]).unwrap().split_once("\n\n").unwrap();
    write(job, "pyproject.toml", format!("{}\n{sources}", std::str::from_utf8(&pyproject[1]).unwrap()));
    let repository = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/upload/";
    write(job, ".pypirc", format!("[distutils]\nindex-servers = feed1\n\n[feed1]\nrepository = {repository}\n"));
    let package =
        |dependencies: serde_json::Value| serde_json::json!({ "version": "1.0.0", "dependencies": dependencies });
    let lock = serde_json::json!({
        "name": "@contoso/app", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": { "name": "@contoso/app", "version": "1.0.0", "dependencies": { "@contoso/hello": "1.0.0" } },
            "node_modules/@contoso/hello": package(serde_json::json!({ "hello-contoso": "^1.0.0" })),
            "node_modules/hello-contoso": package(serde_json::json!({})),
        },
    });
    write(job, "package-lock.json", lock.to_string());
    let channel = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/Conda/repo/main";
    write(
        job,
        "pixi.toml",
        format!("[workspace]\nname = 'app'\nchannels = [\"{channel}\"]\nplatforms = ['linux-64']\n"),
    );
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(TOKEN_PAGE)).unwrap();
    write(job, "Dockerfile", page.split_once("```dockerfile\n").unwrap().1.split_once("```").unwrap().0);
    let folder = job.root().join("installed");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, program) in ELSEWHERE {
        if let Some(program) = found(program) {
            link(program, folder.join(name)).unwrap();
        }
    }
    for (name, script, _) in STAND_INS {
        write_file(&folder.join(name), format!("#!/bin/sh\n{script}"));
        set_mode(&folder.join(name), 0o755);
    }
    job.set_variable(Variable::public("NODE_USE_ENV_PROXY", "1"));
    let install = format!("echo '##vso[task.prependpath]{}'", folder.display());
    run_quietly(job, &TaskStep { name: "install".to_owned(), ..TaskStep::new(["sh", "-c", &install]) });
}

fn found(program: &str) -> Option<PathBuf> {
    if program.contains('/') { only_brought(program) } else { tool(program) }
}

/// Whether the programs that the lines of a script start with are here. What is none that a recipe starts is the shell's.
fn is_here(script: &str) -> bool {
    const OWN: [&str; 6] = ["npm", "mvn", "cargo", "git", "curl", "python3"];
    let named = |program: &str| {
        let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == program).map(|(_, program)| *program);
        let stand_in = STAND_INS.iter().find(|(name, ..)| *name == program).map(|(_, _, program)| *program);
        elsewhere.or(stand_in).or(OWN.into_iter().find(|own| *own == program))
    };
    script.lines().filter_map(|line| named(line.split(' ').next()?)).all(|program| found(program).is_some())
}

fn run_script(job: &mut Job<'_>, script: &str, env: &[(String, String)]) -> ScriptOutcome {
    let sources = job.sources();
    job.run_program(&words(&["bash", "-c", script]), &sources, env).unwrap()
}

fn task(set: &[(String, String)]) -> TaskStep {
    set.iter().fold(bare_step(), |step, (name, value)| match name.as_str() {
        "azureDevOpsServiceConnection" => {
            assert_eq!(value, NAME);
            step.connection(name, CONNECTION)
        }
        _ => step.input(name, value),
    })
}

#[test]
fn every_recipe_works_as_it_stands() {
    let recipes = recipes();
    assert!(recipes.len() >= 10, "{}", recipes.len());
    for (command, _) in PROOFS {
        let is_used = |step: &Step| step.script.as_ref().is_some_and(|script| script.starts_with(command));
        assert!(recipes.iter().any(|recipe| recipe.steps.iter().any(is_used)), "no recipe has {command}");
    }
    in_parallel(&recipes, |Recipe { place, steps }| {
        let emulator = Emulator::start(with_package(World::sample_with_repositories())).unwrap();
        let mut job = job(&emulator);
        set_up(&mut job);
        let sources = job.sources();
        for Step { script, set } in steps {
            let Some(script) = script else {
                let outcome = run(&emulator, &mut job, &task(set));
                assert!(outcome.warnings.is_empty(), "{place}: {:?}", outcome.warnings);
                continue;
            };
            if !is_here(script) {
                continue;
            }
            // NuGet's clients share what they have fetched.
            run_script(&mut job, DOTNET.forget, &[]);
            emulator.clear_requests();
            // As the agent's own script step does where there is a bash.
            let outcome = run_script(&mut job, script, set);
            assert!(outcome.succeeded(), "{place}: {script}\n{}\n{:?}", outcome.raw, emulator.requests());
            assert!(!with_token(&emulator.requests()).is_empty(), "{place}: {script} asked without the token");
            let proof = PROOFS.iter().find(|(command, _)| script.starts_with(command));
            let places: Vec<PathBuf> =
                proof.iter().flat_map(|(_, proof)| [sources.join(proof), job.home().join(proof)]).collect();
            assert!(
                places.is_empty() || places.iter().any(|place| place.exists()),
                "{place}: {script}\n{}",
                outcome.raw
            );
        }
        assert_eq!(leaks_below(&emulator, job.root()), Vec::<String>::new(), "{place}");
        finish(&mut job);
    });
}

#[test]
fn a_block_is_read_as_it_stands() {
    let block = "steps:\n  - task: AdoEntraAuth@1\n    inputs:\n      feeds: |\n        a\n        b\n  - script: x y   # z\n    env:\n      A: $(B)\n  - script: |\n      v\n      w\n    env:\n      A: $(B)\n";
    let set = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let expected = [
        Step { script: None, set: set("feeds", "a\nb\n") },
        Step { script: Some("x y".to_owned()), set: set("A", "$(B)") },
        Step { script: Some("v\nw\n".to_owned()), set: set("A", "$(B)") },
    ];
    assert_eq!(steps(block), expected);
}
