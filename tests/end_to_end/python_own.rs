//! Whose credential Python's clients send: a password of the user's own, or the token of the step that has set the client up.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, Variable};
use ado_entra_auth_emulator::log::{Authorization, Held};
use ado_entra_auth_emulator::world::{CLIENT, CONNECTION, Package, SECOND_CLIENT, SECOND_CONNECTION};

use crate::python::{FEED, INSTALL, UPLOAD, WHEEL, install};
use crate::steps::{clients, step as connected};
use crate::support::{emulator, in_parallel, job, run, step, warned, with_token, write, write_file};

/// The client's program, files, variables, the command, and where the password is said to stand.
type Row<'r> = (&'r str, &'r [(&'r str, String)], &'r [(&'r str, &'r str)], &'r str, &'r str);

const OWN: &str = "the-users-0wn";

fn project(table: &str, url: &str) -> String {
    format!(
        "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.9,<4\"\ndependencies = [\"contoso-hello\"]\n\n\
         [[tool.{table}]]\nname = \"my-feed\"\nurl = \"{url}\"\n"
    )
}

/// Runs a command that may fail.
fn attempt(job: &mut Job<'_>, command: &str) {
    let sources = job.sources();
    job.run_script(command, &sources).unwrap();
}

/// What is said to go before the token is what the real client sends.
#[test]
fn a_password_of_the_users_own_that_the_client_prefers_is_said() {
    let own = FEED.replace("https://", &format!("https://me:{OWN}@"));
    let basic = format!("[http-basic.my-feed]\nusername = \"me\"\npassword = \"{OWN}\"\n");
    let pypirc = |password: &str| {
        format!("[distutils]\nindex-servers = own\n[own]\nrepository = {UPLOAD}\nusername = me\n{password}\n")
    };
    let in_file = pypirc(&format!("password = {OWN}"));
    let pip = &*format!("{INSTALL} -r requirements.txt");
    let twine = &*format!("twine upload --non-interactive --disable-progress-bar --config-file .pypirc -r own {WHEEL}");
    let auth = "home/.config/pypoetry/auth.toml";
    let (uv, poetry) = ("uv lock --no-cache", "poetry lock --no-interaction");
    let rows: &[Row<'_>] = &[
        (
            "pips/25.3/bin/pip",
            &[("requirements.txt", format!("-i {own}\ncontoso-hello\n"))],
            &[],
            pip,
            "requirements.txt line 1",
        ),
        (
            "pips/26.3/bin/pip",
            &[("requirements.txt", "contoso-hello\n".into())],
            &[("PIP_INDEX_URL", &own)],
            pip,
            "PIP_INDEX_URL",
        ),
        ("bin/uv", &[("pyproject.toml", project("uv.index", &own))], &[], uv, "pyproject.toml line 9"),
        (
            "bin/uv",
            &[("pyproject.toml", project("uv.index", FEED))],
            &[("UV_INDEX_MY_FEED_PASSWORD", OWN)],
            uv,
            "UV_INDEX_MY_FEED_PASSWORD",
        ),
        ("bin/poetry", &[("pyproject.toml", project("poetry.source", &own))], &[], poetry, "pyproject.toml line 9"),
        (
            "bin/poetry",
            &[("pyproject.toml", project("poetry.source", FEED)), ("poetry.toml", basic.clone())],
            &[],
            poetry,
            "poetry.toml line 3",
        ),
        (
            "bin/poetry",
            &[("pyproject.toml", project("poetry.source", FEED)), (auth, basic)],
            &[],
            poetry,
            "auth.toml line 3",
        ),
        (
            "bin/poetry",
            &[("pyproject.toml", project("poetry.source", FEED))],
            &[("POETRY_HTTP_BASIC_MY_FEED_USERNAME", "me"), ("POETRY_HTTP_BASIC_MY_FEED_PASSWORD", OWN)],
            poetry,
            "POETRY_HTTP_BASIC_MY_FEED_PASSWORD",
        ),
        ("bin/twine", &[(".pypirc", in_file)], &[], twine, ".pypirc line 6"),
        ("bin/twine", &[(".pypirc", pypirc(""))], &[("TWINE_PASSWORD", OWN)], twine, "TWINE_PASSWORD"),
    ];
    in_parallel(rows, |(program, files, variables, command, place)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        if install(&mut job, program).is_none() {
            return;
        }
        for (path, text) in *files {
            let below = if path.starts_with("home/") { job.home().parent().unwrap() } else { &job.sources() };
            write_file(&below.join(path), text);
        }
        write(&job, WHEEL, &Package::python("contoso-fresh", "3.1.0").files[0].content);
        for (name, value) in *variables {
            job.set_variable(Variable::public(name, value));
        }
        let client = Path::new(program).file_name().unwrap().to_str().unwrap();
        let outcome = run(&emulator, &mut job, &step().input("tools", client));
        let words = [place, &*format!("of your own for contoso/feed1, which {client} prefers"), "remove it there"];
        assert!(warned(&outcome, &words), "{place}: {:?}", outcome.warnings);
        assert!(!outcome.log.contains(OWN), "{place}: {}", outcome.log);
        emulator.clear_requests();
        attempt(&mut job, command);
        let requests = emulator.requests();
        let is_own = |sent: &Authorization| matches!(sent, Authorization::Basic { password: Held::Unknown, .. });
        assert!(requests.iter().any(|request| is_own(&request.authorization)), "{place}: {requests:?}");
        assert!(with_token(&requests).is_empty(), "{place}: {requests:?}");
    });
}

/// The keyring on PATH is that of the last step, which knows who asks.
#[test]
fn each_client_is_answered_by_the_step_that_has_set_it_up() {
    let (pip_first, uv_first) = (["pip, twine", "uv, poetry"], ["uv, poetry", "pip, twine"]);
    in_parallel(&[pip_first, uv_first], |tools| {
        let emulator = emulator();
        let mut job = job(&emulator);
        for program in ["bin/uv", "bin/poetry", "bin/twine"] {
            if install(&mut job, program).is_none() {
                return;
            }
        }
        write(&job, "requirements.txt", format!("-i {}\ncontoso-hello\n", FEED.replace("//", "//any@")));
        write(&job, "uv/pyproject.toml", project("uv.index", FEED));
        write(&job, "poetry/pyproject.toml", project("poetry.source", FEED));
        write(&job, ".pypirc", format!("[distutils]\nindex-servers = own\n[own]\nrepository = {UPLOAD}\n"));
        write(&job, WHEEL, &Package::python("contoso-fresh", "3.1.0").files[0].content);
        for (name, connection, tools) in [("one", CONNECTION, tools[0]), ("two", SECOND_CONNECTION, tools[1])] {
            run(&emulator, &mut job, &connected(name, connection).input("tools", tools));
        }
        let pip = |version: &str| {
            let program = crate::support::only_brought(&format!("pips/{version}/bin/pip")).unwrap();
            format!("'{}'", program.display()) + INSTALL.split_once("pip").unwrap().1 + " -r requirements.txt"
        };
        for (command, tool) in [
            (&*pip("25.3"), "pip"),
            (&pip("26.3"), "pip"),
            ("cd uv && uv lock --no-cache", "uv"),
            ("cd poetry && poetry lock --no-interaction", "poetry"),
            (&format!("twine upload --non-interactive --config-file .pypirc -r own {WHEEL}"), "twine"),
        ] {
            emulator.clear_requests();
            attempt(&mut job, command);
            let expected = if tools[0].contains(tool) { CLIENT } else { SECOND_CLIENT };
            assert_eq!(clients(&emulator, "_packaging/feed1"), [expected], "{command}: {:?}", emulator.requests());
        }
    });
}
