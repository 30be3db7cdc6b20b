//! pip, uv, poetry and twine in later steps, beyond what holds of every tool.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, TaskStep, Variable};
use ado_entra_auth_emulator::world::{Challenge, Package};
use ado_entra_auth_emulator::{Emulator, World};

use crate::modes::{link, set_mode};
use crate::support::{
    EVIL, assert_nothing_sent_to, emulator, finish, in_parallel, job, only_brought, run, run_quietly, script, step,
    variable, warned, with_token, write, write_file,
};
use crate::tenants::{assert_each_its_own, of_two_tenants};

pub const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/simple/";
pub const UPLOAD: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/upload/";
const PLANTS: &str = "https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/pypi/simple/";
pub const WHEEL: &str = "contoso_fresh-3.1.0-py3-none-any.whl";
pub const INSTALL: &str =
    "rm -rf t; pip install --no-input --no-cache-dir --disable-pip-version-check --retries 0 --target t";

/// Puts a program of `target/tools` in front, under its own name. Nothing where it is not there.
pub fn install(job: &mut Job<'_>, path: &str) -> Option<()> {
    let program = only_brought(path)?;
    let folder = job.root().join("installed");
    std::fs::create_dir_all(&folder).unwrap();
    let _ = link(&program, folder.join(program.file_name().unwrap()));
    put_in_front(job, &folder);
    Some(())
}

fn put_in_front(job: &mut Job<'_>, folder: &Path) {
    let line = format!("echo '##vso[task.prependpath]{}'", folder.display());
    run_quietly(job, &TaskStep { name: "install".to_owned(), ..TaskStep::new(["sh", "-c", &line]) });
}

/// Whether a command works in the checkout, and what it says.
fn works(job: &mut Job<'_>, command: &str) -> (bool, String) {
    let folder = job.sources();
    let outcome = job.run_script(command, &folder).unwrap();
    assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
    (outcome.succeeded(), outcome.raw)
}

fn assert_works(job: &mut Job<'_>, command: &str) {
    let (works, said) = works(job, command);
    assert!(works, "{command}\n{said}");
}

/// What it is, variables, files below the agent's folder, and the input `feeds`.
type Row = (&'static str, &'static [(&'static str, &'static str)], Files, &'static str);
type Files = Vec<(&'static str, String)>;

/// Where an address of the feed stands, and what installs from it.
#[test]
fn pip_takes_the_index_from_wherever_it_is_configured() {
    let hello = format!("{INSTALL} contoso-hello && test -f t/contoso_hello/__init__.py");
    let rows: [Row; 6] = [
        ("a variable", &[("PIP_INDEX_URL", FEED)], vec![], ""),
        (
            "a further variable",
            &[("PIP_INDEX_URL", "https://evil.example/pypi/simple/"), ("PIP_EXTRA_INDEX_URL", FEED)],
            vec![],
            "",
        ),
        ("pip.conf", &[], vec![("home/.config/pip/pip.conf", format!("[global]\nindex-url = {FEED}\n"))], ""),
        (
            "a file that a variable names",
            &[("PIP_CONFIG_FILE", "ci/pip.conf")],
            vec![("_work/1/s/ci/pip.conf", format!("[global]\nindex_url: {FEED}\n"))],
            "",
        ),
        (
            "several lines of pip.conf",
            &[("PIP_INDEX_URL", "https://evil.example/pypi/simple/")],
            vec![("home/.pip/pip.conf", format!("[global]\nextra-index-url =\n    {FEED}\n"))],
            "",
        ),
        ("the input", &[("PIP_INDEX_URL", "https://evil.example/pypi/simple/")], vec![], FEED),
    ];
    in_parallel(&rows, |(what, variables, files, input)| {
        for pip in ["pips/24.0/bin/pip", "pips/26.3/bin/pip"] {
            let emulator = emulator();
            let mut job = job(&emulator);
            if install(&mut job, pip).is_none() {
                return;
            }
            for (name, value) in *variables {
                job.set_variable(Variable::public(name, value));
            }
            for (path, text) in files {
                write_file(&job.root().join(path), text);
            }
            let outcome = run(&emulator, &mut job, &step().input("tools", "pip").input("feeds", input));
            assert!(outcome.warnings.is_empty(), "{what}: {:?}", outcome.warnings);
            assert_works(&mut job, &hello);
            assert!(!with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty(), "{what}");
            assert_nothing_sent_to(&emulator, EVIL);
            finish(&mut job);
            for (name, value) in *variables {
                assert_eq!(variable(&job, name), *value, "{what}");
            }
        }
    });
}

/// A pip that asks no keyring has the token in its own variable, and in none after the job.
#[test]
fn an_older_pip_gets_the_token_in_its_own_variable() {
    in_parallel(&["20.3.4", "23.0.1"], |version| {
        let emulator = emulator();
        let mut job = job(&emulator);
        if install(&mut job, &format!("pips/{version}/bin/pip")).is_none() {
            return;
        }
        job.set_variable(Variable::public("PIP_INDEX_URL", FEED));
        write(&job, "requirements.txt", format!("-i {FEED}\ncontoso-hello\n"));
        let outcome = run(&emulator, &mut job, &step().input("tools", "pip"));
        assert!(outcome.log.contains("in the tool's own variable"), "{}", outcome.log);
        assert!(warned(&outcome, &["requirements.txt line 1", "23.1 or newer"]), "{:?}", outcome.warnings);
        assert!(!emulator.leaks_in(variable(&job, "PIP_INDEX_URL").as_bytes()).is_empty());
        let sources = job.sources();
        let log = script(&mut job, &sources, &format!("{INSTALL} contoso-hello && env")).log;
        assert_eq!(emulator.leaks_in(log.as_bytes()), Vec::<String>::new(), "{log}");
        // Again, as a second step does: the token that stands there by now is none of the user's.
        let before = variable(&job, "PIP_INDEX_URL");
        let outcome = run(&emulator, &mut job, &step().input("tools", "pip"));
        assert!(!warned(&outcome, &["of your own"]), "{:?}", outcome.warnings);
        assert_ne!(variable(&job, "PIP_INDEX_URL"), before);
        assert_works(&mut job, &format!("{INSTALL} contoso-hello"));
        finish(&mut job);
        assert_eq!(variable(&job, "PIP_INDEX_URL"), FEED);
    });
}

/// What pip asks no keyring for is said, with what to write.
#[test]
fn an_address_without_a_user_in_requirements_is_said_where_pip_needs_one() {
    for (pip, is_said) in [("25.3", true), ("26.3", false)] {
        let emulator = emulator();
        let mut job = job(&emulator);
        if install(&mut job, &format!("pips/{pip}/bin/pip")).is_none() {
            return;
        }
        write(&job, "requirements.txt", "-r ci/more.txt\n");
        write(&job, "ci/more.txt", format!("--index-url={FEED} \\\n  --extra-index-url {FEED}\ncontoso-hello\n"));
        let outcome = run(&emulator, &mut job, &step().input("tools", "pip"));
        let line = FEED.replace("https://", "https://contoso@");
        assert_eq!(warned(&outcome, &["ci/more.txt line 1", &line]), is_said, "{:?}", outcome.warnings);
        let (works, said) = works(&mut job, &format!("{INSTALL} -r requirements.txt"));
        assert_eq!(works, !is_said, "{pip}: {said}");
    }
}

/// pip and uv keep a credential for the whole host, unless the users differ.
#[test]
fn an_organization_that_is_not_permitted_gets_nothing_where_no_user_parts_the_two() {
    let two = |user: &str| {
        let plants = PLANTS.replace("https://", &format!("https://{user}"));
        format!("-i {}\n--extra-index-url {plants}\ncontoso-hello\n", FEED.replace("https://", "https://any@"))
    };
    let uv = |lines: &str| {
        format!(
            "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.9\"\ndependencies = [\"fabrikam-plant\"]\n\n\
             [[tool.uv.index]]\nname = \"own\"\nurl = \"{FEED}\"\n\n{lines}"
        )
    };
    let unnamed = format!("[[tool.uv.index]]\nurl = \"{PLANTS}\"\n");
    let uses = format!("[tool.uv]\nextra-index-url = [\"{}\"]\n", PLANTS.replace("https://", "https://contoso@"));
    let pip = &*format!("{INSTALL} -r requirements.txt");
    let rows = [
        ("pip", "pips/25.3/bin/pip", "requirements.txt", two(""), pip),
        ("pip", "pips/25.3/bin/pip", "requirements.txt", two("any@"), pip),
        ("pip", "pips/26.3/bin/pip", "requirements.txt", two(""), pip),
        ("uv", "bin/uv", "pyproject.toml", uv(&unnamed), "uv lock --no-cache"),
        ("uv", "bin/uv", "pyproject.toml", uv("").replace("[[", &format!("{uses}[[")), "uv lock --no-cache"),
    ];
    in_parallel(&rows, |(tool, program, path, text, command)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        if install(&mut job, program).is_none() {
            return;
        }
        write(&job, path, text);
        let outcome = run(&emulator, &mut job, &step().input("tools", tool));
        let words = ["send the token of contoso to fabrikam", path, "so it gets none", "https://fabrikam@"];
        assert!(warned(&outcome, &words), "{:?}", outcome.warnings);
        emulator.clear_requests();
        works(&mut job, command);
        // Also where pip may ask the user.
        works(&mut job, &command.replace("--no-input ", ""));
        let requests = emulator.requests();
        assert!(!requests.is_empty() && with_token(&requests).is_empty(), "{tool} {path}: {requests:?}");
    });
}

#[test]
fn each_of_two_organizations_on_one_host_sees_its_own_token_only() {
    let index = |name: &str, url: &str| format!("[[tool.uv.index]]\nname = \"{name}\"\nurl = \"{url}\"\n\n");
    let source = |name: &str, url: &str| format!("[[tool.poetry.source]]\nname = \"{name}\"\nurl = \"{url}\"\n\n");
    let project = |table: &dyn Fn(&str, &str) -> String| {
        format!(
            "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.9,<4\"\n\
             dependencies = [\"contoso-hello\", \"fabrikam-plant\"]\n\n{}{}",
            table("one", FEED),
            table("two", PLANTS)
        )
    };
    let requirements = |users: [&str; 2]| {
        let url = |url: &str, user: &str| url.replace("https://", &format!("https://{user}"));
        let (own, plants) = (url(FEED, users[0]), url(PLANTS, users[1]));
        format!("-i {own}\n--extra-index-url {plants}\ncontoso-hello\nfabrikam-plant\n")
    };
    let pip = &*format!("{INSTALL} -r requirements.txt");
    let rows = [
        ("pip", "pips/25.3/bin/pip", "requirements.txt", requirements(["contoso@", "fabrikam@"]), pip),
        ("pip", "pips/26.3/bin/pip", "requirements.txt", requirements(["contoso@", "fabrikam@"]), pip),
        ("uv", "bin/uv", "pyproject.toml", project(&index), "uv sync --no-cache"),
        ("poetry", "bin/poetry", "pyproject.toml", project(&source), "poetry install --no-interaction --no-root"),
    ];
    in_parallel(&rows, |(tool, program, path, text, command)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        if install(&mut job, program).is_none() {
            return;
        }
        write(&job, path, text);
        let step = of_two_tenants("clientSecret").input("organizations", "fabrikam").input("tools", tool);
        let outcome = run(&emulator, &mut job, &step);
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        emulator.clear_requests();
        assert_works(&mut job, command);
        assert_each_its_own(&emulator, program);
    });
}

#[test]
fn an_index_of_uv_without_a_name_is_said_and_a_variable_serves_it() {
    let emulator = emulator();
    let mut job = job(&emulator);
    if install(&mut job, "bin/uv").is_none() {
        return;
    }
    let project = |tables: &str| {
        format!(
            "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.9\"\ndependencies = [\"contoso-hello\"]\n\n{tables}"
        )
    };
    write(&job, "a/pyproject.toml", project(&format!("[[tool.uv.index]]\nurl = \"{FEED}\"\n")));
    write(&job, "b/uv.toml", format!("extra-index-url = [\"{FEED}\"]\n"));
    write(&job, "c/pyproject.toml", project(&format!("[[tool.uv.index]]\nname = \"x\"\nurl = \"{FEED}\"\n")));
    write(
        &job,
        "d/pyproject.toml",
        project("[[tool.uv.index]]\nname = \"X\"\nurl = \"https://evil.example/pypi/simple/\"\n"),
    );
    let outcome = run(&emulator, &mut job, &step().input("tools", "uv"));
    assert!(warned(&outcome, &["a/pyproject.toml line 8", "write name"]), "{:?}", outcome.warnings);
    assert!(warned(&outcome, &["b/uv.toml line 1", "https://contoso@"]), "{:?}", outcome.warnings);
    assert!(warned(&outcome, &["the index 'x'", "two names"]), "{:?}", outcome.warnings);
    assert_eq!(variable(&job, "UV_INDEX_X_USERNAME"), "");
    job.set_variable(Variable::public("UV_DEFAULT_INDEX", FEED));
    run(&emulator, &mut job, &step().input("tools", "uv"));
    assert_works(&mut job, "cd a && uv lock --no-cache");
    finish(&mut job);
    assert_eq!(variable(&job, "UV_DEFAULT_INDEX"), FEED);
}

#[test]
fn a_package_is_published_by_twine_and_by_uv_to_the_feed_and_nothing_goes_elsewhere() {
    let mut world = World::sample();
    world.foreign_host_mut(EVIL).unwrap().challenge = Challenge::Basic;
    let emulator = Emulator::start(world).unwrap();
    let mut job = job(&emulator);
    if install(&mut job, "bin/twine").is_none() || install(&mut job, "bin/uv").is_none() {
        return;
    }
    let repository = |name: &str, url: &str| format!("[{name}]\nrepository = {url}\n");
    let elsewhere = format!("https://{EVIL}/contoso/_packaging/feed1/pypi/upload/");
    let theirs = UPLOAD.replace("contoso", "fabrikam");
    let file = repository("own", UPLOAD) + &repository("evil", &elsewhere) + &repository("theirs", &theirs);
    write(&job, ".pypirc", format!("[distutils]\nindex-servers =\n    own\n    evil\n    theirs\n\n{file}"));
    write(&job, WHEEL, &Package::python("contoso-fresh", "3.1.0").files[0].content);
    job.set_variable(Variable::public("UV_PUBLISH_URL", UPLOAD));
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.log.contains("twine:    contoso/feed1 (.pypirc), asks a credential helper"), "{}", outcome.log);
    let upload = |where_to: &str| format!("twine upload --non-interactive --disable-progress-bar {where_to} {WHEEL}");
    for other in
        ["--config-file .pypirc -r evil", "--config-file .pypirc -r theirs", &format!("--repository-url {elsewhere}")]
    {
        emulator.clear_requests();
        assert!(!works(&mut job, &upload(other)).0, "{other}");
        assert!(with_token(&emulator.requests()).is_empty(), "{other}: {:?}", emulator.requests());
    }
    assert_works(&mut job, &upload("--config-file .pypirc -r own"));
    emulator.clear_requests();
    let (_, said) = works(&mut job, &upload(&format!("--repository-url {UPLOAD}")));
    assert!(said.contains("409"), "{said}");
    let (_, said) = works(&mut job, &format!("uv publish {WHEEL}"));
    assert!(said.contains("409"), "{said}");
    assert_eq!(with_token(&emulator.requests()).len(), 2, "{:?}", emulator.requests());
    assert_works(&mut job, &format!("{INSTALL} -i {} contoso-fresh || pip --version", FEED.replace("//", "//any@")));
    finish(&mut job);
    assert!(!works(&mut job, &upload("--config-file .pypirc -r own")).0, "after the job");
    assert_nothing_sent_to(&emulator, EVIL);
}

/// The user's own keyring answers for what is not ours, whether it is a program or a backend of Python's.
#[test]
fn the_users_own_keyring_goes_on_answering() {
    let emulator = emulator();
    let mut job = job(&emulator);
    if install(&mut job, "bin/twine").is_none() {
        return;
    }
    let folder = job.root().join("own");
    let program =
        "#!/bin/sh\nread word\ncase \"$*\" in 'get https://own.example/ me') echo \"own $word\";; *) exit 3;; esac\n";
    write_file(&folder.join("keyring"), program);
    set_mode(&folder.join("keyring"), 0o755);
    put_in_front(&mut job, &folder);
    write_file(
        &folder.join("own_backend.py"),
        "from keyring import backend\n\n\nclass Keyring(backend.KeyringBackend):\n    priority = 5\n\n    \
         def get_password(self, service, username):\n        return 'own ' + username if 'own' in service else None\n\n    \
         def set_password(self, service, username, password):\n        raise NotImplementedError\n",
    );
    let entry = "[keyring.backends]\nown = own_backend\n";
    write_file(&folder.join("own-1.dist-info/entry_points.txt"), entry);
    write_file(&folder.join("own-1.dist-info/METADATA"), "Metadata-Version: 2.1\nName: own\nVersion: 1\n");
    job.set_variable(Variable::public("PYTHONPATH", &folder.display().to_string()));
    write(&job, ".pypirc", format!("[own]\nrepository = {UPLOAD}\n"));
    write(&job, "requirements.txt", format!("-i {}\n", FEED.replace("//", "//any@")));
    run(&emulator, &mut job, &step());
    let sources = job.sources();
    let said = |job: &mut Job<'_>, command: &str| script(job, &sources, command).raw.trim().to_owned();
    assert_eq!(said(&mut job, "echo word | keyring get https://own.example/ me"), "own word");
    assert_eq!(said(&mut job, "keyring get https://own.example/ you </dev/null; echo $?"), "3");
    assert_eq!(said(&mut job, &format!("echo secret | keyring set {FEED} me; echo $?")), "0");
    let python = only_brought("python-clients/bin/python").unwrap();
    let ask = |url: &str| format!("'{}' -m keyring get {url} me", python.display());
    assert_eq!(said(&mut job, &ask("https://own.example/")), "own me");
    let token = job.run_script(&ask(FEED), &sources).unwrap().raw;
    assert!(!emulator.leaks_in(token.as_bytes()).is_empty(), "{token}");
    // Neither of the two asks the other without end.
    std::fs::remove_file(folder.join("keyring")).unwrap();
    write_file(&folder.join("keyring"), format!("#!/bin/sh\nexec '{}' -m keyring \"$@\"\n", python.display()));
    set_mode(&folder.join("keyring"), 0o755);
    assert_eq!(said(&mut job, "keyring get https://own.example/ me"), "own me");
    assert_eq!(
        said(&mut job, "keyring get https://pkgs.dev.azure.com/fabrikam/_packaging/f/pypi/simple/ me || echo none"),
        "none"
    );
    let before = said(&mut job, "python3 -m pip freeze");
    assert!(!before.contains("ado-entra-auth"), "{before}");
    finish(&mut job);
    assert_eq!(variable(&job, "PYTHONPATH"), folder.display().to_string());
}

/// poetry stores a credential of the user's where it would without us: it asks first whether it may.
#[test]
fn a_credential_for_another_source_is_stored_by_poetry_as_before() {
    let emulator = emulator();
    let mut job = job(&emulator);
    if install(&mut job, "bin/poetry").is_none() {
        return;
    }
    let source = format!("[tool.poetry]\n\n[[tool.poetry.source]]\nname = \"own\"\nurl = \"{FEED}\"\n");
    write(&job, "pyproject.toml", source);
    run(&emulator, &mut job, &step().input("tools", "poetry"));
    assert_works(&mut job, "poetry config http-basic.other me pass && grep pass \"$HOME/.config/pypoetry/auth.toml\"");
}

/// What keeps the module from being asked is said.
#[test]
fn a_setting_that_keeps_poetry_from_asking_is_said() {
    let emulator = emulator();
    let mut job = job(&emulator);
    job.set_variable(Variable::public("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring"));
    write(&job, "pyproject.toml", format!("[[tool.poetry.source]]\nname = \"own\"\nurl = \"{FEED}\"\n"));
    write(&job, "poetry.toml", "[keyring]\nenabled = false\n");
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring"]), "{:?}", outcome.warnings);
    assert!(warned(&outcome, &["poetry.toml", "keeps poetry from asking"]), "{:?}", outcome.warnings);
}
