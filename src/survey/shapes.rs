//! Shapes of configuration as public repositories have them: what a dry run lists for each, and what it warns of.

use super::tests::{outcome_of, warnings};

pub const OLD: &str = "https://contoso.pkgs.visualstudio.com/Shop/_packaging/feed1";

/// What it is, files, variables, what is listed, and a word of each warning and note.
pub type Shape<'s> = (&'s str, &'s [(&'s str, String)], &'s [(&'s str, &'s str)], &'s [&'s str], &'s [&'s str]);

pub fn check(shapes: &[Shape<'_>]) {
    let mut wrong = Vec::new();
    for (what, files, variables, listed, said) in shapes {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let outcome = outcome_of(&files, variables);
        let of_feeds = outcome.served.iter().filter(|served| served.feed.is_some() || served.tool == "gradle");
        let found: Vec<String> =
            of_feeds.map(|served| format!("{} {} ({})", served.tool, served.target, served.named_in)).collect();
        let sentences: Vec<String> = warnings(&outcome).into_iter().chain(outcome.notes.iter().cloned()).collect();
        let is_said = sentences.len() == said.len() && said.iter().zip(&sentences).all(|(word, s)| s.contains(word));
        if found != *listed || !is_said {
            wrong.push(format!("{what}: {found:#?} {sentences:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub fn feed(path: &str) -> String {
    format!("https://pkgs.dev.azure.com/contoso/_packaging/feed1/{path}")
}

#[test]
fn of_pip_and_its_requirements() {
    let (slash, none) = (feed("pypi/simple/"), feed("pypi/simple"));
    let with_user = slash.replace("https://", "https://build@");
    let of_guid = with_user.replace("/_packaging", "/0f9d7a0e-7a3c-4a53-9d2b-7d6a3a5f1c11/_packaging");
    check(&[
        (
            "-i",
            &[("requirements.txt", format!("-i {with_user}\na==1\n"))],
            &[],
            &["pip contoso/feed1 (requirements.txt)", "uv contoso/feed1 (requirements.txt)"],
            &[],
        ),
        (
            "-i without a user",
            &[("requirements.txt", format!("-i {slash}\na==1\n"))],
            &[],
            &["pip contoso/feed1 (requirements.txt)"],
            &["pip: versions before 26.2 ask"],
        ),
        (
            "--extra-index-url",
            &[("dev-requirements.txt", format!("--extra-index-url {none}\n"))],
            &[],
            &["pip contoso/feed1 (dev-requirements.txt)"],
            &["as in https://contoso@"],
        ),
        (
            "with =",
            &[("requirements/dev.txt", format!("--index-url={of_guid}\n"))],
            &[],
            &[
                "pip contoso/0f9d7a0e-7a3c-4a53-9d2b-7d6a3a5f1c11/feed1 (requirements/dev.txt)",
                "uv contoso/0f9d7a0e-7a3c-4a53-9d2b-7d6a3a5f1c11/feed1 (requirements/dev.txt)",
            ],
            &[],
        ),
        (
            "pip.conf",
            &[("pip.conf", format!("[global]\nextra-index-url={with_user}\n"))],
            &[],
            &["pip contoso/feed1 (pip.conf)"],
            &[],
        ),
        ("a variable", &[], &[("PIP_INDEX_URL", &slash)], &["pip contoso/feed1 (the variable PIP_INDEX_URL)"], &[]),
        (
            "a variable with a password",
            &[],
            &[("PIP_EXTRA_INDEX_URL", &with_user.replace("build", "build:x"))],
            &[],
            &["a password of your own for contoso/feed1"],
        ),
        (
            "Pipfile",
            &[("Pipfile", format!("[[source]]\nurl = \"{slash}\"\nverify_ssl = true\nname = \"f\"\n"))],
            &[],
            &["pip contoso/feed1 (Pipfile)"],
            &[],
        ),
        ("a Dockerfile", &[("Dockerfile", format!("RUN pip install -i {slash} a\n"))], &[], &[], &[]),
    ]);
}

#[test]
fn of_uv() {
    let session = |url: &str| url.replace("https://", "https://VssSessionToken@");
    let simple = feed("pypi/simple/");
    let index = format!(
        "[[tool.uv.index]]\nname = \"feed1\"\nurl = \"{}\"\npublish-url = \"{}\"\ndefault = true\n[tool.uv]\nkeyring-provider = \"subprocess\"\n",
        session(&simple),
        feed("pypi/upload/")
    );
    let older = format!("[tool.uv]\nextra-index-url = [\"{}\"]\n", session(&format!("{OLD}/pypi/simple/")));
    let view = simple.replace("feed1", "feed1%40Local");
    check(&[
        ("an index", &[("pyproject.toml", index)], &[], &["uv contoso/feed1 (pyproject.toml)"], &[]),
        ("the older form", &[("pyproject.toml", older)], &[], &["uv contoso/Shop/feed1 (pyproject.toml)"], &[]),
        (
            "a view",
            &[("pyproject.toml", format!("[[tool.uv.index]]\nname = \"v\"\nurl = \"{view}\"\n"))],
            &[],
            &["uv contoso/feed1@Local (pyproject.toml)"],
            &[],
        ),
        (
            "no name",
            &[("pyproject.toml", format!("[[tool.uv.index]]\nurl = \"{simple}\"\n"))],
            &[],
            &[],
            &["write name ="],
        ),
        (
            "UV_INDEX",
            &[],
            &[("UV_INDEX", &format!("f={}", session(&simple)))],
            &["uv contoso/feed1 (the variable UV_INDEX)"],
            &[],
        ),
        (
            "UV_EXTRA_INDEX_URL",
            &[],
            &[("UV_EXTRA_INDEX_URL", &session(&simple))],
            &["uv contoso/feed1 (the variable UV_EXTRA_INDEX_URL)"],
            &[],
        ),
        (
            "pixi",
            &[("pixi.toml", format!("[pypi-options]\nextra-index-urls = [\"{}\"]\n", session(&simple)))],
            &[],
            &[],
            &[],
        ),
    ]);
}

#[test]
fn of_poetry_and_twine() {
    let source =
        |rest: &str| format!("[[tool.poetry.source]]\nname = \"feed1\"\nurl = \"{}\"\n{rest}\n", feed("pypi/simple/"));
    let pypirc =
        |path: &str| format!("[distutils]\nIndex-servers =\n  my-feed\n[my-feed]\nRepository = {}\n", feed(path));
    check(&[
        (
            "primary",
            &[("pyproject.toml", source("priority = \"primary\""))],
            &[],
            &["poetry contoso/feed1 (pyproject.toml)"],
            &[],
        ),
        (
            "supplemental",
            &[("pyproject.toml", source("priority = \"supplemental\""))],
            &[],
            &["poetry contoso/feed1 (pyproject.toml)"],
            &[],
        ),
        (
            "explicit",
            &[("pyproject.toml", source("priority = \"explicit\""))],
            &[],
            &["poetry contoso/feed1 (pyproject.toml)"],
            &[],
        ),
        (
            "secondary",
            &[("pyproject.toml", source("secondary = true"))],
            &[],
            &["poetry contoso/feed1 (pyproject.toml)"],
            &[],
        ),
        (
            "default",
            &[("pyproject.toml", source("default = true"))],
            &[],
            &["poetry contoso/feed1 (pyproject.toml)"],
            &[],
        ),
        (".pypirc", &[(".pypirc", pypirc("pypi/upload/"))], &[], &["twine contoso/feed1 (.pypirc)"], &[]),
        ("without a slash", &[(".pypirc", pypirc("pypi/upload"))], &[], &["twine contoso/feed1 (.pypirc)"], &[]),
        (
            "a variable",
            &[],
            &[("TWINE_REPOSITORY_URL", &feed("pypi/upload"))],
            &["twine contoso/feed1 (the variable TWINE_REPOSITORY_URL)"],
            &[],
        ),
    ]);
}

#[test]
fn of_yarn() {
    let (slash, none) = (feed("npm/registry/"), feed("npm/registry"));
    let yarn = |text: &str| text.replace("FEED", &slash).replace("NONE", &none);
    check(&[
        (
            "yarn: the server",
            &[(".yarnrc.yml", yarn("npmRegistryServer: FEED\nnpmAlwaysAuth: true\n"))],
            &[],
            &["yarn contoso/feed1 (.yarnrc.yml)"],
            &[],
        ),
        (
            "yarn: a scope",
            &[(".yarnrc.yml", yarn("npmScopes:\n  c:\n    npmRegistryServer: \"NONE\"\n    npmAlwaysAuth: true\n"))],
            &[],
            &["yarn contoso/feed1 (.yarnrc.yml)"],
            &[],
        ),
        (
            "yarn: publishing",
            &[(".yarnrc.yml", yarn("npmPublishRegistry: 'FEED'\n"))],
            &[],
            &["yarn contoso/feed1 (.yarnrc.yml)"],
            &[],
        ),
        (
            "yarn: a password",
            &[(".yarnrc.yml", yarn("npmScopes:\n  c:\n    npmRegistryServer: FEED\n    npmAuthIdent: \"me:x\"\n"))],
            &[],
            &["yarn contoso/feed1 (.yarnrc.yml)"],
            &[".yarnrc.yml line 4 says how yarn signs in"],
        ),
        (
            "yarn: a reference",
            &[(".yarnrc.yml", yarn("npmRegistryServer: FEED\nnpmAuthToken: \"${TOKEN}\"\n"))],
            &[],
            &["yarn contoso/feed1 (.yarnrc.yml)"],
            &[],
        ),
        (
            "yarn: registries",
            &[(".yarnrc.yml", yarn("npmRegistryServer: FEED\nnpmRegistries:\n  \"FEED\":\n    npmAlwaysAuth: true\n"))],
            &[],
            &["yarn contoso/feed1 (.yarnrc.yml)"],
            &[".yarnrc.yml line 4 says how yarn signs in"],
        ),
        (
            "yarn: a plugin",
            &[(".yarnrc.yml", yarn("npmRegistryServer: FEED\nnpmAuthToken: 'exec: echo x'\n"))],
            &[],
            &["yarn contoso/feed1 (.yarnrc.yml)"],
            &[],
        ),
        (
            "yarn: its program",
            &[(".yarnrc.yml", yarn("yarnPath: .yarn/releases/yarn-4.cjs\nnpmRegistryServer: FEED\n"))],
            &[],
            &["yarn contoso/feed1 (.yarnrc.yml)"],
            &[],
        ),
    ]);
}

#[test]
fn of_npm_and_others_of_its_family() {
    let slash = feed("npm/registry/");
    let rc = format!("registry={slash}\nalways-auth=true\n");
    check(&[
        (
            "side by side",
            &[(".yarnrc.yml", format!("npmRegistryServer: {slash}\n")), (".npmrc", rc.clone())],
            &[],
            &["npm contoso/feed1 (.npmrc)", "yarn contoso/feed1 (.yarnrc.yml)"],
            &[],
        ),
        (
            "pnpm: registries",
            &[("pnpm-workspace.yaml", format!("registries:\n  default: {slash}\n  '@c': {slash}\n"))],
            &[],
            &["npm contoso/feed1 (pnpm-workspace.yaml)"],
            &[],
        ),
        (
            "pnpm: registry",
            &[("pnpm-workspace.yaml", format!("registry: {slash}\n"))],
            &[],
            &["npm contoso/feed1 (pnpm-workspace.yaml)"],
            &[],
        ),
        (
            "bun: a scope",
            &[("bunfig.toml", format!("[install.scopes]\n\"@c\" = \"{slash}\"\n"))],
            &[],
            &["npm contoso/feed1 (bunfig.toml)", "bun contoso/feed1 (bunfig.toml)"],
            &[],
        ),
        (
            "bun: a table",
            &[("bunfig.toml", format!("[install.scopes]\nc = {{ url = \"{slash}\", token = \"$NPM\" }}\n"))],
            &[],
            &["npm contoso/feed1 (bunfig.toml)", "bun contoso/feed1 (bunfig.toml)"],
            &["bunfig.toml line 2 refers to a variable"],
        ),
        (
            "Rush",
            &[("common/config/rush/.npmrc", rc.clone()), ("common/config/rush/.npmrc-publish", rc.clone())],
            &[],
            &["npm contoso/feed1 (common/config/rush/.npmrc)"],
            &[],
        ),
        (
            "lerna",
            &[("lerna.json", format!("{{\"command\": {{\"publish\": {{\"registry\": \"{slash}\"}}}}}}"))],
            &[],
            &["npm contoso/feed1 (lerna.json)"],
            &[],
        ),
    ]);
}

#[test]
fn of_cargo_and_nuget() {
    let index = format!("sparse+{}", feed("Cargo/index/"));
    let inline = |name: &str| format!("[registries]\n{name} = {{ index = \"{index}\" }}\n");
    let providers = "[registry]\nglobal-credential-providers = [\"cargo:token\", \"cargo:libsecret\"]\n[unstable]\nregistry-auth = true\n";
    let source = feed("nuget/v3/index.json");
    check(&[
        (
            "inline",
            &[(".cargo/config.toml", inline("contoso"))],
            &[],
            &["cargo contoso/feed1 (.cargo/config.toml)"],
            &[],
        ),
        (
            "a table",
            &[(".cargo/config.toml", format!("[registries.con_toso]\nindex = \"{index}\"\n"))],
            &[],
            &["cargo contoso/feed1 (.cargo/config.toml)"],
            &[],
        ),
        (
            "capitals and hyphens",
            &[(".cargo/config.toml", inline("Con-Toso_X"))],
            &[],
            &["cargo contoso/feed1 (.cargo/config.toml)"],
            &[],
        ),
        (
            "in place of the public one",
            &[(".cargo/config.toml", inline("contoso") + "[source.crates-io]\nreplace-with = \"contoso\"\n")],
            &[],
            &["cargo contoso/feed1 (.cargo/config.toml)"],
            &[],
        ),
        (
            "with providers",
            &[(".cargo/config.toml", inline("contoso") + providers)],
            &[],
            &["cargo contoso/feed1 (.cargo/config.toml)"],
            &[],
        ),
        (
            "by name in the manifest, in a sub-folder",
            &[
                ("a/.cargo/config.toml", inline("contoso")),
                ("a/Cargo.toml", "[dependencies]\nx = { version = \"1\", registry = \"contoso\" }\n".into()),
            ],
            &[],
            &["cargo contoso/feed1 (a/.cargo/config.toml)"],
            &[],
        ),
        (
            "NuGet: a command",
            &[("azure-pipelines.yml", format!("- script: dotnet restore --source {source}\n"))],
            &[],
            &[],
            &[],
        ),
        (
            "NuGet: in a script",
            &[("build.ps1", format!("nuget sources add -Name N -Source {source}\n"))],
            &[],
            &[],
            &[],
        ),
        ("NuGet: in a notebook", &[("a.ipynb", format!("#i \"nuget:{source}\"\n"))], &[], &[], &[]),
        (
            "NuGet: Paket",
            &[("paket.dependencies", format!("source {source}\n"))],
            &[],
            &["nuget contoso/feed1 (paket.dependencies)"],
            &[],
        ),
    ]);
}
