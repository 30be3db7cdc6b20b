//! Clients of Python's that ask as pip does, in later steps: Pipenv, PDM, and hatch with pip and with uv.

use ado_entra_auth_emulator::agent::{Job, Variable};
use ado_entra_auth_emulator::world::Package;
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};

use crate::promises::apart::that_asks;
use crate::support::{
    EVIL, emulator, finish, in_parallel, job, run, script, step, tool, variable, warned, with_token, write,
};

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/simple/";
const PLANTS: &str = "https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/pypi/simple/";

/// A client: its program, the file of its project where `SOURCES` are, how it writes one source, and what installs.
struct Client {
    name: &'static str,
    program: &'static str,
    file: &'static str,
    project: &'static str,
    source: &'static str,
    install: &'static str,
    /// Whether it asks an index whose address has no user.
    asks_for_any: bool,
}

const HATCH: &str = "[project]\nname = 'app'\nversion = '1'\n\n[tool.hatch.envs.default]\nskip-install = true\n\
    dependencies = ['contoso-hello']\n";

const CLIENTS: [Client; 4] = [
    Client {
        name: "Pipenv",
        program: "pipenv",
        file: "Pipfile",
        project: "SOURCES\n[packages]\ncontoso-hello = '*'\n",
        source: "[[source]]\nname = 'NAME'\nurl = '@URL@'\nverify_ssl = true\n",
        install: "PIPENV_VENV_IN_PROJECT=1 pipenv install && pipenv run python -c 'import contoso_hello'",
        asks_for_any: true,
    },
    Client {
        name: "PDM",
        program: "pdm",
        file: "pyproject.toml",
        project: "[project]\nname = 'app'\nversion = '1'\nrequires-python = '>=3.9'\ndependencies = ['contoso-hello']\n\n\
                  [tool.pdm]\ndistribution = false\n\nSOURCES",
        source: "[[tool.pdm.source]]\nname = 'NAME'\nurl = '@URL@'\n",
        install: "PDM_CHECK_UPDATE=0 pdm install && .venv/bin/python -c 'import contoso_hello'",
        asks_for_any: true,
    },
    Client {
        name: "hatch with pip",
        program: "hatch",
        file: "pyproject.toml",
        project: "HATCH\n[tool.hatch.envs.default.env-vars]\nPIP_INDEX_URL = '@URL@'\nPIP_EXTRA_INDEX_URL = '@OTHER@'\n",
        source: "",
        install: "hatch run python -c 'import contoso_hello'",
        asks_for_any: true,
    },
    Client {
        name: "hatch with uv",
        program: "hatch",
        file: "pyproject.toml",
        project: "HATCHinstaller = 'uv'\n\n[tool.hatch.envs.default.env-vars]\nUV_INDEX_URL = '@URL@'\nUV_EXTRA_INDEX_URL = '@OTHER@'\n",
        source: "",
        install: "hatch run python -c 'import contoso_hello'",
        asks_for_any: false,
    },
];

/// The project with these sources, one or two.
fn set_up(job: &Job<'_>, client: &Client, urls: &[&str]) {
    let sources = urls.iter().enumerate().map(|(n, url)| {
        // PDM has one of its own by this name, which is on a public host.
        let name = if n == 0 { "pypi" } else { "other" };
        client.source.replace("NAME", name).replace("@URL@", url)
    });
    let project = client.project.replace("SOURCES", &sources.collect::<String>()).replace("HATCH", HATCH);
    write(job, client.file, project.replace("@URL@", urls[0]).replace("@OTHER@", urls.get(1).unwrap_or(&"")));
}

fn installs(job: &mut Job<'_>, client: &Client) -> (bool, String) {
    let sources = job.sources();
    let command = format!("export CI=1 PIP_RETRIES=0 UV_HTTP_RETRIES=0; {}", client.install);
    let outcome = job.run_script(&command, &sources).unwrap();
    assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
    (outcome.succeeded(), outcome.raw)
}

fn with_user(url: &str, user: &str) -> String {
    url.replace("https://", &format!("https://{user}@"))
}

#[test]
fn what_their_files_name_is_served() {
    in_parallel(&CLIENTS, |client| {
        if tool(client.program).is_none() {
            return;
        }
        let url = if client.asks_for_any { FEED.to_owned() } else { with_user(FEED, "contoso") };
        let emulator = emulator();
        let mut job = job(&emulator);
        set_up(&job, client, &[&url]);
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{}: {:?}", client.name, outcome.warnings);
        emulator.clear_requests();
        let (installed, said) = installs(&mut job, client);
        assert!(installed && !with_token(&emulator.requests()).is_empty(), "{}: {said}", client.name);
        finish(&mut job);
    });
}

/// They keep a credential for the whole host, so one organization's would reach the other's index.
#[test]
fn an_organization_that_is_not_permitted_sees_no_token() {
    in_parallel(&CLIENTS, |client| {
        if tool(client.program).is_none() {
            return;
        }
        let own = with_user(FEED, "contoso");
        for (other, safe) in [(PLANTS.to_owned(), false), (with_user(PLANTS, "fabrikam"), true)] {
            let emulator = emulator();
            let mut job = job(&emulator);
            set_up(&job, client, &[&own, &other]);
            let outcome = run(&emulator, &mut job, &step());
            assert!(warned(&outcome, &["fabrikam", "'organizations'"]), "{}: {:?}", client.name, outcome.warnings);
            assert_eq!(!warned(&outcome, &["would send the token of contoso to fabrikam"]), safe, "{}", client.name);
            emulator.clear_requests();
            let (_, said) = installs(&mut job, client);
            let requests = emulator.requests();
            let theirs: Vec<_> = requests.iter().filter(|request| request.path.starts_with("/fabrikam")).collect();
            assert!(theirs.iter().all(|request| request.secrets.is_empty()), "{}: {theirs:?}", client.name);
            // uv asks the other one first, and stops at its refusal.
            let reaches_own = safe && client.asks_for_any;
            assert_eq!(!with_token(&requests).is_empty(), reaches_own, "{} {other}: {said}", client.name);
        }
    });
}

/// A client that publishes: the program that runs it, its file and the variable that name `@URL@`, and the command.
struct Publisher {
    program: &'static str,
    file: (&'static str, &'static str),
    variable: &'static str,
    publish: &'static str,
}

/// hatch publishes past every proxy, so a stand-in for a network without one leads it through.
const HATCH_BY_PROXY: &str =
    concat!("rattler-python ", env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/hatch_by_proxy.py publish --no-prompt");

const PUBLISHERS: [Publisher; 3] = [
    Publisher {
        program: "pdm",
        file: ("pdm.toml", "[repository.feed1]\nurl = '@URL@'\n"),
        variable: "",
        publish: "PDM_CHECK_UPDATE=0 pdm publish --no-build -r feed1",
    },
    Publisher {
        program: "pdm",
        file: ("pyproject.toml", "[project]\nname = 'contoso-fresh'\nversion = '3.1.0'\n"),
        variable: "PDM_PUBLISH_REPO",
        publish: "PDM_CHECK_UPDATE=0 pdm publish --no-build",
    },
    Publisher {
        program: "rattler-python",
        file: ("pyproject.toml", "[project]\nname = 'contoso-fresh'\nversion = '3.1.0'\n"),
        variable: "HATCH_INDEX_REPO",
        publish: HATCH_BY_PROXY,
    },
];

/// A job whose project a client publishes to this feed.
fn to_publish<'e>(emulator: &'e ado_entra_auth_emulator::Emulator, client: &Publisher, url: &str) -> Job<'e> {
    let mut job = job(emulator);
    write(&job, client.file.0, client.file.1.replace("@URL@", url));
    let wheel = &Package::python("contoso-fresh", "3.1.0").files[0];
    write(&job, &format!("dist/{}", wheel.name), &wheel.content);
    if !client.variable.is_empty() {
        job.set_variable(Variable::public(client.variable, url));
    }
    job
}

fn publishes(job: &mut Job<'_>, client: &Publisher) -> (bool, String) {
    let sources = job.sources();
    let outcome = job.run_script(client.publish, &sources).unwrap();
    assert!(!outcome.raw.contains("eyJ"), "{}", outcome.raw);
    (outcome.succeeded(), outcome.raw)
}

#[test]
fn what_they_publish_reaches_the_permitted_feed_only() {
    let (feed, plants) = (FEED.replace("simple", "upload"), PLANTS.replace("simple", "upload"));
    let rows: Vec<(&Publisher, bool)> =
        PUBLISHERS.iter().flat_map(|client| [(client, true), (client, false)]).collect();
    in_parallel(&rows, |(client, is_permitted)| {
        if tool(client.program).is_none() {
            return;
        }
        let emulator = emulator();
        let mut job = to_publish(&emulator, client, if *is_permitted { &feed } else { &plants });
        let outcome = run(&emulator, &mut job, &step());
        assert_eq!(warned(&outcome, &["fabrikam", "'organizations'"]), !is_permitted, "{:?}", outcome.warnings);
        emulator.clear_requests();
        let (published, said) = publishes(&mut job, client);
        let requests = emulator.requests();
        assert_eq!(published, *is_permitted, "{}: {said}\n{requests:?}", client.publish);
        let carries = requests.iter().filter(|request| !request.secrets.is_empty());
        let is_upload = |path: &str| path.starts_with("/contoso/_packaging/feed1/pypi/upload/");
        let (mut uploads, mut others) = carries.partition::<Vec<_>, _>(|request| is_upload(&request.path));
        assert!(others.pop().is_none(), "{}: {requests:?}", client.publish);
        let is_stored = uploads.pop().is_some_and(|last| last.method == "POST" && last.status == 202);
        assert_eq!(is_stored, *is_permitted, "{}: {requests:?}", client.publish);
        finish(&mut job);
        assert!(variable(&job, "PYTHONPATH").is_empty() && variable(&job, "HATCH_INDEX_USER").is_empty());
        emulator.clear_requests();
        let (published, said) = publishes(&mut job, client);
        assert!(!published && with_token(&emulator.requests()).is_empty(), "after the job: {said}");
    });
}

/// A redirect of the feed itself. 307 and 308 have a client send the same once more.
#[test]
fn a_redirect_takes_what_they_publish_and_the_token_nowhere_else() {
    // A client follows a redirect alike, whichever way it learnt of the feed: one row of PDM is enough.
    let [by_file, _, hatch] = &PUBLISHERS;
    let rows: Vec<(&Publisher, u16)> =
        [by_file, hatch].into_iter().flat_map(|client| [302, 307, 308].map(|status| (client, status))).collect();
    in_parallel(&rows, |(client, status)| {
        if tool(client.program).is_none() {
            return;
        }
        let feed = FEED.replace("simple", "upload");
        let emulator = Emulator::start(that_asks(World::sample())).unwrap();
        let mut job = to_publish(&emulator, client, &feed);
        run(&emulator, &mut job, &step());
        for (away, effect) in [
            ("http", Effect::RedirectToHttp(*status)),
            ("port", Effect::RedirectToPort(*status, 444)),
            ("stranger", Effect::Redirect(*status, EVIL.into())),
        ] {
            emulator.clear_requests();
            emulator.end_faults();
            let fault = emulator.fault(Fault::new(Target::Host("pkgs.dev.azure.com".into()), effect));
            let (published, said) = publishes(&mut job, client);
            assert!(emulator.fired(fault) > 0, "{away}: {said}");
            let at_feed = emulator.requests_to("pkgs.dev.azure.com");
            assert!(!with_token(&at_feed).is_empty(), "{} {status} {away}: {said}\n{at_feed:?}", client.publish);
            let followed: Vec<_> = emulator.requests_astray().into_iter().chain(emulator.requests_to(EVIL)).collect();
            let carried = with_token(&followed);
            assert!(carried.is_empty(), "{} {status} {away}: {carried:?}", client.publish);
            assert!(!published || !followed.is_empty(), "{} {status} {away}: {said}", client.publish);
        }
    });
}

#[test]
fn hatch_publishes_to_an_argument_that_an_input_names_too() {
    if tool("rattler-python").is_none() {
        return;
    }
    let [.., by_variable] = PUBLISHERS;
    let feed = FEED.replace("simple", "upload");
    let publish: &str = &format!("{HATCH_BY_PROXY} -u any -r {feed}");
    let emulator = emulator();
    let mut job = to_publish(&emulator, &Publisher { variable: "", ..by_variable }, &feed);
    run(&emulator, &mut job, &step().input("tools", "pip").input("feeds", &feed));
    let sources = job.sources();
    script(&mut job, &sources, publish);
    assert!(emulator.requests().iter().any(|request| request.method == "POST" && request.status == 202));
}
