//! What is left: of a step, of several, of one that was killed.

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, StepResult, Variable};
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{SECOND_CLIENT, SECOND_CONNECTION};

use super::subjects::{Subject, in_project};
use crate::support::{
    Snapshot, assert_succeeded, bare_step, carried, emulator_with_repositories, finish, job, leaks_below, named,
    next_job, run, with_token, write_file,
};

/// A job with the project and the file of the user's.
fn job_of_a_user<'e>(subject: &Subject, emulator: &'e Emulator) -> Job<'e> {
    let mut job = job(emulator);
    subject.set_up(&mut job, None);
    let (path, content) = subject.users;
    write_file(&job.root().join(path), content);
    job
}

/// Whose token the requests carried, each once in a row.
fn clients(emulator: &Emulator) -> Vec<String> {
    let requests = emulator.requests();
    let carried = requests.iter().flat_map(|request| carried(emulator, request, &SecretKind::AccessToken));
    let mut clients: Vec<String> = carried.map(|claims| claims["appid"].as_str().unwrap().to_owned()).collect();
    clients.dedup();
    clients
}

pub fn everything_is_as_before_after_the_job(subject: &Subject) {
    let emulator = emulator_with_repositories();
    let mut job = job_of_a_user(subject, &emulator);
    let before = Snapshot::of(&job);
    run(&emulator, &mut job, &subject.step());
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job), "after the job");
}

pub fn a_second_step_takes_over_and_both_are_undone_in_either_order(subject: &Subject) {
    let second = bare_step().connection("azureDevOpsServiceConnection", SECOND_CONNECTION);
    let (first, second) = (named(&subject.step(), "one"), named(&second.input("tools", subject.tool), "two"));
    for first_ends_first in [false, true] {
        let emulator = emulator_with_repositories();
        let mut job = job_of_a_user(subject, &emulator);
        let before = Snapshot::of(&job);
        run(&emulator, &mut job, &first);
        run(&emulator, &mut job, &second);
        emulator.clear_requests();
        let (fetched, said) = subject.fetches(&mut job);
        assert!(fetched, "{said}");
        assert_eq!(clients(&emulator), [SECOND_CLIENT], "the later step serves");
        if first_ends_first {
            assert_succeeded(&job.run_task(&Subject::post_of(&first)).unwrap());
        }
        in_project(&mut job, subject.forget);
        for outcome in job.finish().unwrap() {
            assert_eq!(outcome.result, StepResult::Succeeded, "{}", outcome.log);
        }
        left_by_the_tool(subject, &before, &job, "both are undone");
    }
}

pub fn the_step_can_be_tried_again(subject: &Subject) {
    let emulator = emulator_with_repositories();
    let mut job = job_of_a_user(subject, &emulator);
    let before = Snapshot::of(&job);
    for _ in 0..3 {
        run(&emulator, &mut job, &subject.step());
    }
    let (fetched, said) = subject.fetches(&mut job);
    assert!(fetched, "{said}");
    in_project(&mut job, subject.forget);
    finish(&mut job);
    left_by_the_tool(subject, &before, &job, "after three attempts");
}

pub fn a_killed_job_leaves_noise_that_the_next_one_sweeps(subject: &Subject) {
    let emulator = emulator_with_repositories();
    let mut killed = job_of_a_user(subject, &emulator);
    let before = Snapshot::files_of(&killed);
    run(&emulator, &mut killed, &subject.step());
    killed.abandon();
    assert_eq!(leaks_below(&emulator, killed.root()), Vec::<String>::new(), "what is left is noise");
    let mut next = next_job(&emulator, killed.root());
    subject.set_up(&mut next, None);
    let outcome = run(&emulator, &mut next, &subject.step());
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    finish(&mut next);
    before.assert_same(&Snapshot::files_of(&next), "after the next job");
}

pub fn the_settings_of_a_job_that_is_over_open_nothing(subject: &Subject) {
    let emulator = emulator_with_repositories();
    let mut job = job_of_a_user(subject, &emulator);
    let outcome = run(&emulator, &mut job, &subject.step());
    finish(&mut job);
    for set in outcome.variables_set.iter().filter(|variable| !variable.secret) {
        job.set_variable(Variable { ..set.clone() });
    }
    emulator.clear_requests();
    let (fetched, said) = subject.fetches(&mut job);
    assert!(!fetched && with_token(&emulator.requests()).is_empty(), "{said}");
}

/// Compares what is not the tool's own to write: caches and logs below the home folder.
fn left_by_the_tool(subject: &Subject, before: &Snapshot, job: &Job<'_>, what: &str) {
    let users = job.root().join(subject.users.0);
    let only_ours = |snapshot: &Snapshot| snapshot.clone().without_but(job.home(), &users);
    only_ours(before).assert_same(&only_ours(&Snapshot::of(job)), what);
}
