//! Clients that no project of the matrix has: what each prints when it is refused.

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::world::Package;

use super::{Refusal, explained};
use crate::conda::with_package;
use crate::npm::{FEED, package};
use crate::promises::subjects::{Files, text};
use crate::support::{job, run, step, tool, write};

/// A command that is refused, after others that are not.
struct Command {
    needs: &'static [&'static str],
    files: fn() -> Files,
    before: &'static str,
    refused: &'static str,
}

fn check(command: &Command, refusals: &[(Refusal, &str)]) {
    if command.needs.iter().any(|name| tool(name).is_none()) {
        return;
    }
    let mut wrong = Vec::new();
    for (refusal, name) in refusals {
        let emulator = Emulator::start(with_package(crate::promises::subjects::GIT.world())).unwrap();
        let mut job = job(&emulator);
        for (path, content) in (command.files)() {
            write(&job, path, content);
        }
        let is_absent = matches!(refusal, Refusal::Absent);
        if !is_absent || !command.before.is_empty() {
            run(&emulator, &mut job, &step());
        }
        let sources = job.sources();
        let before = job.run_script(&format!("set -e\n{}", command.before), &sources).unwrap();
        assert!(before.succeeded(), "{}", before.raw);
        if is_absent && !command.before.is_empty() {
            job.finish().unwrap();
        }
        refusal.arrange(&emulator);
        let said = job.run_script(command.refused, &sources).unwrap();
        assert!(!said.succeeded(), "{refusal:?}: {}", said.raw);
        let found = explained(&said.raw);
        if found != *name {
            wrong.push(format!("{refusal:?}: {found} in place of {name} for\n{}", said.raw));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn wheel() -> (&'static str, Vec<u8>) {
    ("dist/contoso_fresh-3.1.0-py3-none-any.whl", Package::python("contoso-fresh", "3.1.0").files[0].content.to_vec())
}

const UPLOAD: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/upload/";

#[test]
fn git_lfs() {
    let pull = Command {
        needs: &["git-lfs"],
        files: Vec::new,
        before: "git lfs install --skip-repo; GIT_LFS_SKIP_SMUDGE=1 git clone -q https://dev.azure.com/contoso/Shop/_git/with-lfs c",
        // It asked without end, as long as it was answered.
        refused: "cd c && GIT_TERMINAL_PROMPT=0 timeout 60 git lfs pull",
    };
    check(
        &pull,
        &[
            (Refusal::Absent, "git-no-credential"),
            (Refusal::Refused, "git-401"),
            (Refusal::Stranger, "git-401"),
            (Refusal::Forbidden, "TF401019"),
        ],
    );
    let push = Command {
        before: "git clone -q https://dev.azure.com/contoso/Shop/_git/writable c; cd c; git lfs install --local; git lfs track '*.bin'; \
                 echo large >a.bin; git add -A; git -c user.name=me -c user.email=me@contoso.example commit -q -m x",
        refused: "cd c && GIT_TERMINAL_PROMPT=0 timeout 60 git lfs push origin main",
        ..pull
    };
    check(&push, &[(Refusal::Refused, "git-401")]);
}

#[test]
fn tfx() {
    let login = Command {
        needs: &["tfx"],
        files: Vec::new,
        before: "",
        refused: "tfx login --service-url https://dev.azure.com/contoso --token garbage --proxy \"$HTTPS_PROXY\"",
    };
    check(&login, &[(Refusal::Absent, "organization-anonymous"), (Refusal::Refused, "tfx-401")]);
}

/// The library of pixi and rattler-build, in conda's place too.
#[test]
fn rattler() {
    let finds = Command {
        needs: &["rattler-python"],
        files: || {
            let channel =
                "https://token:${ARTIFACTS_CONDA_TOKEN}@pkgs.dev.azure.com/contoso/_packaging/feed1/Conda/repo/main";
            vec![(".condarc", text(format!("channels:\n- {channel}\n")))]
        },
        before: "",
        refused: concat!(
            "rattler-python ",
            env!("CARGO_MANIFEST_DIR"),
            "/tests/end_to_end/conda.py .condarc contoso-hello"
        ),
    };
    let rows =
        [(Refusal::Absent, "conda-401"), (Refusal::Refused, "conda-401"), (Refusal::Forbidden, "feed-read-packages")];
    check(&finds, &rows);
}

#[test]
fn python_publishers() {
    let pypirc = || {
        let index = format!("[distutils]\nindex-servers = feed1\n\n[feed1]\nrepository = {UPLOAD}\n");
        vec![wheel(), (".pypirc", text(index)), ("pdm.toml", text(format!("[repository.feed1]\nurl = '{UPLOAD}'\n")))]
    };
    let twine = Command {
        needs: &["twine"],
        files: pypirc,
        before: "",
        refused: "twine upload --non-interactive --disable-progress-bar --config-file .pypirc -r feed1 dist/*",
    };
    let rows =
        [(Refusal::Absent, "pip-401"), (Refusal::Refused, "pip-401"), (Refusal::MayNotPublish, "feed-add-package")];
    check(&twine, &rows);
    let pdm = Command { needs: &["pdm"], refused: "PDM_CHECK_UPDATE=0 pdm publish --no-build -r feed1", ..twine };
    check(&pdm, &rows);
    let hatch = Command {
        needs: &["rattler-python"],
        files: || {
            vec![
                wheel(),
                (
                    "pyproject.toml",
                    text(format!(
                        "[project]\nname = 'contoso-fresh'\nversion = '3.1.0'\n[tool.hatch.envs.default.env-vars]\nHATCH_INDEX_REPO = '{UPLOAD}'\n"
                    )),
                ),
            ]
        },
        refused: concat!(
            "rattler-python ",
            env!("CARGO_MANIFEST_DIR"),
            "/tests/end_to_end/hatch_by_proxy.py publish --no-prompt -u any -r https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/upload/"
        ),
        ..pdm
    };
    // Of no keyring at all hatch does not say for what.
    check(&hatch, &[(Refusal::Absent, ""), rows[1], rows[2]]);
}

#[test]
fn deno() {
    let install = Command {
        needs: &["deno"],
        files: || {
            let key = FEED.trim_start_matches("https:");
            let rc = format!("registry={FEED}\n{key}:_authToken=${{TOKEN}}\n");
            vec![(".npmrc", text(rc)), ("package.json", text(package(&["@contoso/hello"])))]
        },
        before: "",
        refused: "export DENO_CERT=$SSL_CERT_FILE DENO_DIR=$HOME/deno DENO_NO_UPDATE_CHECK=1; TOKEN=$(ado-entra-auth token) deno install",
    };
    let rows = [
        (Refusal::Absent, "organization-anonymous"),
        (Refusal::Refused, "npm-401"),
        (Refusal::Forbidden, "feed-read-packages"),
    ];
    check(&install, &rows);
}
