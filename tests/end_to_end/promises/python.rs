//! Python's clients as subjects.

use ado_entra_auth_emulator::world::Package;

use super::subjects::{Away, FEED, Files, Limits, NO_LIMITS, Other, Subject, USERS_OWN, text};
use crate::support::EVIL;

/// A credential of the user's own for the foreign registry, where every client of Python's but poetry looks.
fn netrc() -> Files {
    vec![("home/.netrc", text(format!("machine {EVIL} login me password {USERS_OWN}\n")))]
}

/// `user` is what stands before the host of the feed.
fn requirements(user: &str, other: Option<Other>) -> Files {
    let feed = FEED.replace("https://", &format!("https://{user}"));
    let index = |other: Other| {
        // Without a user, pip would send what it knows for the host.
        let feed = other.feed().replace("https://pkgs", "https://fabrikam@pkgs");
        format!("--extra-index-url {feed}/pypi/simple/\n")
    };
    let package = if other == Some(Other::Permitted) { "fabrikam-plant\n" } else { "" };
    let other = other.map(index).unwrap_or_default();
    vec![("requirements.txt", text(format!("-i {feed}/pypi/simple/\n{other}contoso-hello\n{package}")))]
}

pub const PIP: Subject = Subject {
    tool: "pip",
    served_by: "PIP_KEYRING_PROVIDER",
    held_in: None,
    changes_home: false,
    goes_on: true,
    limits: Limits { keeps_on: &[Away::Http], shows_whole_host: true, ..NO_LIMITS },
    needs: &["python3"],
    installs: &[("installed/pip", "pips/25.3/bin/pip")],
    project: |other| requirements("any@", other),
    users: ("home/.config/pip/pip.conf", "# mine\n[global]\ntimeout = 60"),
    users_own: netrc,
    fetch: "pip install --no-input --no-cache-dir --disable-pip-version-check --retries 0 --target t -r requirements.txt",
    proof: "test -f t/contoso_hello/__init__.py",
    forget: "rm -rf t",
    ask_other: "true",
    proof_of_other: "test -f t/fabrikam_plant/__init__.py",
    ask_directly: "pip install --no-input --no-cache-dir --disable-pip-version-check --retries 0 --target t contoso-hello \
                   --index-url https://any@pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/simple/ \
                   --extra-index-url DIRECT/pypi/simple/",
    publish: None,
};

/// It asks for an address without a user, too; but beside another organization's on the host each needs one.
pub const PIP_26: Subject = Subject {
    installs: &[("installed/pip", "pips/26.3/bin/pip")],
    project: |other| requirements(if other == Some(Other::Permitted) { "contoso@" } else { "" }, other),
    ..PIP
};

/// The wheel that is published, by a name that its clients can read.
fn fresh_wheel(path: &'static str) -> (&'static str, Vec<u8>) {
    (path, Package::python("contoso-fresh", "3.1.0").files[0].content.to_vec())
}

fn pyproject(packages: &[&str], tables: &str) -> Vec<u8> {
    text(format!(
        "[project]\nname = \"app\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9,<4\"\ndependencies = {packages:?}\n\n{tables}"
    ))
}

/// What a project asks of the feed and another index. All indexes are asked for a package that the first has not; by then a client
/// knows a credential for the host.
fn packages(other: Other) -> [&'static str; 2] {
    ["contoso-hello", if other == Other::Permitted { "fabrikam-plant" } else { "contoso-missing" }]
}

/// A project with these indexes.
fn uv_project(packages: &[&str], indexes: &[(&str, &str)]) -> Vec<u8> {
    let table = |(name, feed): &(&str, &str)| {
        format!(
            "[[tool.uv.index]]\nname = \"{name}\"\nurl = \"{feed}/pypi/simple/\"\npublish-url = \"{feed}/pypi/upload/\"\n\
             default = {}\n",
            indexes.len() == 1
        )
    };
    pyproject(packages, &indexes.iter().map(table).collect::<String>())
}

pub const UV: Subject = Subject {
    tool: "uv",
    served_by: "UV_KEYRING_PROVIDER",
    held_in: None,
    changes_home: false,
    goes_on: true,
    limits: NO_LIMITS,
    needs: &["python3"],
    installs: &[("installed/uv", "bin/uv")],
    project: |other| {
        let mut files = vec![("pyproject.toml", uv_project(&["contoso-hello"], &[("my-feed", FEED)]))];
        files.push(fresh_wheel("contoso_fresh-3.1.0-py3-none-any.whl"));
        let both = |other: Other| uv_project(&packages(other), &[("my-feed", FEED), ("other", &other.feed())]);
        files.extend(other.map(|other| ("other/pyproject.toml", both(other))));
        files
    },
    users: ("home/.config/uv/uv.toml", "# mine\r\nconcurrent-downloads = 4"),
    users_own: netrc,
    fetch: "uv sync --no-cache",
    proof: "test -f .venv/lib/python3*/site-packages/contoso_hello/__init__.py",
    forget: "rm -rf .venv uv.lock other/.venv other/uv.lock",
    ask_other: "cd other && uv sync --no-cache",
    proof_of_other: "test -f other/.venv/lib/python3*/site-packages/fabrikam_plant/__init__.py",
    ask_directly: "uv sync --no-cache --index DIRECT/pypi/simple/",
    publish: Some("uv publish --index my-feed contoso_fresh-3.1.0-py3-none-any.whl"),
};

fn poetry_project(packages: &[&str], sources: &[(&str, &str)]) -> Vec<u8> {
    let table = |(name, feed): &(&str, &str)| {
        format!("[[tool.poetry.source]]\nname = \"{name}\"\nurl = \"{feed}/pypi/simple/\"\npriority = \"primary\"\n")
    };
    pyproject(packages, &sources.iter().map(table).collect::<String>())
}

pub const POETRY: Subject = Subject {
    tool: "poetry",
    served_by: "PYTHONPATH",
    held_in: None,
    changes_home: false,
    goes_on: true,
    limits: NO_LIMITS,
    needs: &["python3"],
    installs: &[("installed/poetry", "bin/poetry")],
    project: |other| {
        let repository = format!(
            "[virtualenvs]\nin-project = true\noptions.no-pip = true\n\n[repositories.up]\nurl = \"{FEED}/pypi/upload/\"\n"
        );
        let package = Package::python("app", "0.1.0").files[0].content.to_vec();
        let mut files = vec![
            ("pyproject.toml", poetry_project(&["contoso-hello"], &[("my-feed", FEED)])),
            ("poetry.toml", text(repository)),
        ];
        files.push(("dist/app-0.1.0-py3-none-any.whl", package));
        let both = |other: Other| poetry_project(&packages(other), &[("my-feed", FEED), ("other", &other.feed())]);
        files.extend(other.map(|other| ("other/pyproject.toml", both(other))));
        files
    },
    users: ("home/.config/pypoetry/config.toml", "# mine\n"),
    users_own: || {
        let own = format!("[http-basic.other]\nusername = \"me\"\npassword = \"{USERS_OWN}\"\n");
        vec![("home/.config/pypoetry/auth.toml", text(own))]
    },
    fetch: "poetry install --no-interaction --no-root",
    proof: "test -f .venv/lib/python3*/site-packages/contoso_hello/__init__.py",
    forget: "rm -rf .venv poetry.lock other/poetry.lock other/.venv \"$HOME/.cache/pypoetry\"",
    ask_other: "cd other && poetry install --no-interaction --no-root",
    proof_of_other: "find \"$HOME/.cache/pypoetry/virtualenvs\" -path '*fabrikam_plant/__init__.py' | grep -q .",
    ask_directly: "poetry source add --no-interaction other DIRECT/pypi/simple/ && \
                   poetry add --no-interaction --source other fabrikam-plant",
    publish: Some("poetry publish --no-interaction --repository up"),
};
