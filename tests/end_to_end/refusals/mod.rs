//! What each client prints when a feed or repository refuses it leads to the right row of `explain`: so the table is measured, and a
//! new version of a client that words it otherwise fails here.

mod others;

use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::TENANT;
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target};

use crate::promises::subjects::{self, Subject};
use crate::support::{job, run};

/// How a client is refused.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// Nothing of the job is set up, so it has no credential.
    Absent,
    /// Its credential is not taken: ended, or of another tenant.
    Refused,
    /// Nobody has added the identity to the organization.
    Stranger,
    /// The identity may not read what it asks for.
    Forbidden,
    /// It may read, and not publish.
    MayNotPublish,
}

impl Refusal {
    fn arrange(self, emulator: &Emulator) {
        match self {
            Self::Absent => {}
            Self::Refused => {
                let challenge = format!("Bearer authorization_uri=https://login.microsoftonline.com/{TENANT}");
                let basic = "Basic realm=\"https://pkgsprodweu3.app.pkgs.visualstudio.com/\"";
                let answer =
                    Answer::status(401).header("WWW-Authenticate", challenge).header("WWW-Authenticate", basic);
                for host in ["pkgs.dev.azure.com", "dev.azure.com"] {
                    emulator.fault(Fault::new(Target::Host(host.into()), Effect::answer(answer.clone())));
                }
            }
            Self::Stranger => emulator.change(|world| world.organization_mut("contoso").unwrap().members.clear()),
            Self::MayNotPublish => emulator.change(|world| {
                let contoso = world.organization_mut("contoso").unwrap();
                contoso.feeds[0].publishers = Some(Vec::new());
                for repository in &mut contoso.repositories {
                    repository.allow_push = false;
                }
            }),
            Self::Forbidden => emulator.change(|world| {
                let contoso = world.organization_mut("contoso").unwrap();
                contoso.feeds[0].readers = Some(Vec::new());
                for repository in &mut contoso.repositories {
                    repository.readers = Some(Vec::new());
                }
            }),
        }
    }
}

/// What the client says when it is refused, as its step's log has it.
fn said(subject: &Subject, refusal: Refusal) -> String {
    let emulator = Emulator::start(subject.world()).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, None);
    if !matches!(refusal, Refusal::Absent) {
        run(&emulator, &mut job, &subject.step());
    }
    refusal.arrange(&emulator);
    let (succeeded, said) = match subject.publish.filter(|_| matches!(refusal, Refusal::MayNotPublish)) {
        Some(publish) => subjects::in_project(&mut job, publish),
        None => subject.fetches(&mut job),
    };
    assert!(!succeeded, "{refusal:?}: {said}");
    said
}

/// The name of the row that `explain` puts first.
fn explained(log: &str) -> String {
    let output = crate::support::program().args(["explain", "-"]).env_clear().write_stdin(log).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    shown.split(": ").next().unwrap_or_default().to_owned()
}

fn check(subject: &Subject, refusals: &[(Refusal, &str)]) {
    if !subject.is_here() {
        return;
    }
    let mut wrong = Vec::new();
    for (refusal, name) in refusals {
        let said = said(subject, *refusal);
        let found = explained(&said);
        if found != *name {
            wrong.push(format!("{refusal:?}: {found} in place of {name} for\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A test for each client, with the rows that its refusals must lead to; a blank is silence, where the client says nothing of it.
macro_rules! refusals {
    ($($test:ident $subject:ident: $($refusal:ident $name:literal),+;)*) => {
        $(#[test]
        fn $test() {
            check(&subjects::$subject, &[$((Refusal::$refusal, $name)),+]);
        })*
    };
}

refusals! {
    npm NPM: Absent "npm-401", Refused "npm-401", Stranger "npm-401", Forbidden "feed-read-packages", MayNotPublish "feed-add-package";
    npm_6 NPM_6: Absent "organization-unauthenticated", Forbidden "feed-read-packages";
    npm_7 NPM_7: Absent "npm-401", Forbidden "feed-read-packages";
    npm_8 NPM_8: Absent "npm-401", Forbidden "feed-read-packages";
    npm_9 NPM_9: Absent "npm-401", Forbidden "feed-read-packages";
    npm_10 NPM_10: Absent "npm-401", Forbidden "feed-read-packages";
    npm_11 NPM_11: Absent "npm-401", Forbidden "feed-read-packages";
    npm_12 NPM_12: Absent "npm-401", Refused "npm-401", Forbidden "feed-read-packages";
    pnpm_8 PNPM_8: Absent "npm-401", Forbidden "feed-read-packages";
    pnpm_9 PNPM_9: Absent "npm-401", Forbidden "feed-read-packages";
    pnpm_10 PNPM_10: Absent "npm-401", Refused "npm-401", Forbidden "feed-read-packages";
    pnpm_11 PNPM_11: Absent "npm-401", Refused "npm-401", Forbidden "feed-read-packages";
    yarn_1 YARN_1: Absent "", Forbidden "feed-read-packages";
    yarn_2 YARN_2: Absent "npm-401", Refused "npm-401", Forbidden "feed-read-packages";
    yarn_3 YARN_3: Absent "npm-401", Forbidden "feed-read-packages";
    yarn_4 YARN_4: Absent "npm-401", Refused "npm-401", Forbidden "feed-read-packages", MayNotPublish "feed-add-package";
    bun BUN: Absent "npm-401", Refused "npm-401", Forbidden "feed-403";
    bun_1_3 BUN_1_3: Absent "npm-401", Forbidden "feed-403";
    maven MAVEN: Absent "maven-401", Forbidden "feed-read-packages";
    maven_3_9 MAVEN_3_9: Absent "maven-401", Refused "maven-401", Forbidden "feed-read-packages", MayNotPublish "feed-add-package";
    gradle GRADLE: Absent "gradle-401", Forbidden "feed-read-packages";
    nuget NUGET: Absent "nuget-401", Refused "nuget-401", Forbidden "feed-read-packages", MayNotPublish "feed-add-package";
    dotnet DOTNET: Absent "nuget-401", Refused "nuget-401", Forbidden "feed-read-packages", MayNotPublish "feed-add-package";
    dotnet_provider DOTNET_PROVIDER: Absent "nuget-provider", Refused "nuget-401", Forbidden "feed-read-packages";
    dotnet_plugin DOTNET_PLUGIN: Absent "nuget-401", Forbidden "feed-read-packages";
    nuget_provider NUGET_PROVIDER: Absent "nuget-401", Forbidden "feed-read-packages";
    pip PIP: Absent "pip-no-versions", Refused "pip-401", Forbidden "pip-no-versions";
    pip_26 PIP_26: Absent "pip-no-versions", Refused "pip-401", Forbidden "pip-no-versions";
    uv UV: Absent "uv-401", Refused "uv-401", Forbidden "feed-403", MayNotPublish "feed-add-package";
    poetry POETRY: Absent "pip-401", Refused "pip-401", Forbidden "pip-401", MayNotPublish "feed-add-package";
    git GIT: Absent "git-no-credential", Refused "git-401", Stranger "git-401", Forbidden "TF401019", MayNotPublish "TF401027";
    git_of_system GIT_OF_SYSTEM: Absent "git-no-credential", Refused "git-401", Forbidden "TF401019";
    cargo CARGO: Absent "", Refused "cargo-401", Stranger "TF401444", Forbidden "feed-read-packages", MayNotPublish "feed-add-package";
}

/// twine has no project of its own, and publishes only.
#[test]
fn twine() {
    let twine = Subject {
        tool: "twine",
        installs: &[("installed/twine", "bin/twine")],
        fetch: "twine upload --non-interactive --disable-progress-bar --repository-url \
                https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/upload/ dist/app-0.1.0-py3-none-any.whl",
        ..subjects::POETRY
    };
    let with_garbage = Subject {
        fetch: Box::leak(twine.fetch.replace("upload --", "upload -u x -p garbage --").into_boxed_str()),
        ..twine
    };
    check(&with_garbage, &[(Refusal::Absent, "pip-401")]);
}

/// The credential of `mvn deploy` is that of the id in `distributionManagement`.
#[test]
fn maven_that_publishes() {
    let deploys = Subject { fetch: subjects::MAVEN_3_9.publish.unwrap(), ..subjects::MAVEN_3_9 };
    check(&deploys, &[(Refusal::Absent, "maven-401")]);
}

/// What the post-job part says after these commands of a later step.
fn after(subject: &Subject, emulator: &Emulator, arrange: fn(&Emulator), command: &str) -> String {
    let mut job = job(emulator);
    subject.set_up(&mut job, None);
    run(emulator, &mut job, &subject.step());
    arrange(emulator);
    subjects::in_project(&mut job, command);
    let outcomes = job.finish().unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.warnings.is_empty()));
    outcomes.into_iter().map(|outcome| outcome.log).collect()
}

#[test]
fn the_post_job_part_names_what_later_steps_met() {
    let emulator = || Emulator::start(subjects::GIT.world()).unwrap();
    let refuse = |emulator: &Emulator| Refusal::Refused.arrange(emulator);
    let git = &subjects::GIT;
    let said = after(git, &emulator(), refuse, git.fetch);
    assert!(said.contains("explain git-401`") && !said.contains("explain token-"), "{said}");
    let other = "GIT_TERMINAL_PROMPT=0 git clone -q https://dev.azure.com/fabrikam/Garden/_git/plants d";
    let said = after(git, &emulator(), |_| (), other);
    assert!(said.contains("explain token-not-permitted`") && !said.contains("explain git-"), "{said}");
    let said = after(git, &emulator(), |_| (), git.fetch);
    assert!(!said.contains("explain "), "nothing was met: {said}");

    let mut world = subjects::GIT.world();
    world.access_token_life = std::time::Duration::from_secs(4);
    let brief = Emulator::start(world).unwrap();
    let ended = Subject {
        fetch: "sleep 5; GIT_TERMINAL_PROMPT=0 git clone -q https://dev.azure.com/contoso/Shop/_git/hello c",
        ..subjects::GIT
    };
    let mut job = job(&brief);
    ended.set_up(&mut job, None);
    run(&brief, &mut job, &ended.step().input("keepFresh", "false").input("verify", "false"));
    subjects::in_project(&mut job, ended.fetch);
    let said: String = job.finish().unwrap().into_iter().map(|outcome| outcome.log).collect();
    assert!(said.contains("explain token-ended`"), "{said}");
}

#[test]
fn the_post_job_part_says_where_a_client_never_asked() {
    let cargo = &subjects::CARGO;
    if !cargo.is_here() {
        return;
    }
    let emulator = Emulator::start(cargo.world()).unwrap();
    let said = |command: &str, ends: &str| {
        let mut job = job(&emulator);
        cargo.set_up(&mut job, None);
        run(&emulator, &mut job, &cargo.step());
        subjects::in_project(&mut job, command);
        job.run_task(&TaskStep { name: "build".to_owned(), ..TaskStep::new(["sh", "-c", ends]) }).unwrap();
        job.finish().unwrap().into_iter().map(|outcome| outcome.log).collect::<String>()
    };
    let fails = "echo '##vso[task.complete result=Failed]x'";
    let never = said("true", fails);
    assert!(never.contains("cargo never asked for its token") && never.contains("explain cargo-401`"), "{never}");
    assert!(!said("true", "true").contains("never asked"));
    assert!(!said("cargo fetch", fails).contains("never asked"));
}
