//! The file above the checkout: several steps, each order of undoing, killed jobs.

use ado_entra_auth_emulator::agent::{KillWhen, TaskStep};
use ado_entra_auth_emulator::world::{CLIENT, SECOND_CLIENT, SECOND_CONNECTION};

use crate::nuget_clients::{FEED, clients, config};
use crate::support::{
    Snapshot, assert_succeeded, bare_step, carried, emulator, finish, job, leaks_below, named, next_job, read, run,
    step, with_token, write, write_file,
};
use ado_entra_auth_emulator::vault::SecretKind;

/// What stands above the checkout before the job: nothing, and files with everything that an editor likes to lose.
const FORMER: [Option<&str>; 4] = [
    None,
    Some(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<configuration>\r\n  <!-- mine -->\r\n  <packageSources />\r\n</configuration>",
    ),
    Some(
        "<configuration><packageSourceCredentials><feed1><add key='Username' value='me'/><add key='ClearTextPassword' value='own'/></feed1></packageSourceCredentials></configuration>\n",
    ),
    Some("<configuration>\n\t<packageSourceCredentials/>\n</configuration>"),
];

fn steps() -> [TaskStep; 2] {
    let second = bare_step().connection("azureDevOpsServiceConnection", SECOND_CONNECTION);
    [named(&step(), "one"), named(&second, "two")].map(|step| step.input("tools", "nuget"))
}

#[test]
fn steps_of_two_identities_are_undone_in_either_order() {
    for former in FORMER {
        for order in [[0, 1], [1, 0]] {
            let emulator = emulator();
            let mut job = job(&emulator);
            write(&job, "nuget.config", config(&[("feed1", FEED), ("My Feed", FEED)]));
            let file = job.root().join("_work/1/nuget.config");
            if let Some(text) = former {
                write_file(&file, text);
            }
            let before = Snapshot::of(&job);
            let steps = steps();
            run(&emulator, &mut job, &steps[0]);
            let first = read(&file);
            run(&emulator, &mut job, &steps[1]);
            let both = read(&file);
            let names = |text: &str| {
                let found: std::collections::BTreeSet<String> =
                    text.split('%').filter(|part| part.starts_with("ADO_ENTRA_AUTH_")).map(str::to_owned).collect();
                found
            };
            assert_eq!((names(&first).len(), names(&both).len()), (1, 1), "{both}");
            assert_ne!(names(&first), names(&both), "each run has names of its own");
            assert!(emulator.leaks_in(both.as_bytes()).is_empty());
            for index in order {
                let mut post = steps[index].clone();
                post.command = post.post_command.take().unwrap();
                assert_succeeded(&job.run_task(&post).unwrap());
            }
            before.assert_same(&Snapshot::of(&job), &format!("{former:?} {order:?}"));
        }
    }
}

/// Of two steps for one organization the later one serves; the first to be undone leaves the other in force.
#[test]
fn each_client_has_the_identity_of_the_step_that_serves() {
    for client in clients() {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, "nuget.config", config(&[("feed1", FEED)]));
        let [one, two] = steps();
        let whose = |job: &mut ado_entra_auth_emulator::agent::Job<'_>| {
            emulator.clear_requests();
            let sources = job.sources();
            assert!(client.restores(job, &sources, "", &[]));
            let requests = emulator.requests();
            let claims = carried(&emulator, with_token(&requests)[0], &SecretKind::AccessToken);
            claims[0]["appid"].as_str().unwrap().to_owned()
        };
        run(&emulator, &mut job, &one);
        assert_eq!(whose(&mut job), CLIENT);
        run(&emulator, &mut job, &two);
        assert_eq!(whose(&mut job), SECOND_CLIENT);
        let mut post = two.clone();
        post.command = post.post_command.take().unwrap();
        assert_succeeded(&job.run_task(&post).unwrap());
        assert_eq!(whose(&mut job), CLIENT, "what the first has set up is still there");
    }
}

/// A job that ends without its post-job parts leaves a reference that is worth nothing, and the next job takes it out.
#[test]
fn what_a_killed_job_leaves_is_worth_nothing_and_goes() {
    for former in FORMER {
        for when in
            [KillWhen::LineHolds("task.setvariable".to_owned()), KillWhen::LineHolds("task.complete".to_owned())]
        {
            let emulator = emulator();
            let mut first = job(&emulator);
            write(&first, "nuget.config", config(&[("feed1", FEED)]));
            let file = first.root().join("_work/1/nuget.config");
            if let Some(text) = former {
                write_file(&file, text);
            }
            let before = Snapshot::files_of(&first);
            first.run_task_and_kill(&steps()[0], &when).unwrap();
            assert!(read(&file).contains("%ADO_ENTRA_AUTH_"), "{}", read(&file));
            first.abandon();
            assert_eq!(leaks_below(&emulator, first.root()), Vec::<String>::new());
            let mut next = next_job(&emulator, first.root());
            run(&emulator, &mut next, &step().input("tools", "git"));
            let temp = next.temp();
            before.assert_same(&Snapshot::files_of(&next).without(&temp), "after the next run");
            finish(&mut next);
        }
    }
}
