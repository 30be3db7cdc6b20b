//! Names of NuGet's sources that stand for more than one address.

use ado_entra_auth_emulator::world::Challenge;
use ado_entra_auth_emulator::{Emulator, World};

use crate::nuget_clients::{ELSEWHERE, FEED, assert_sent_to_feeds_only, clients, config};
use crate::support::{emulator, finish, in_parallel, job, run, step, warned, with_token, write, write_file};

/// Every host that nobody has named asks for a password, as do the foreign ones.
fn emulator_that_asks() -> Emulator {
    let emulator = Emulator::start(World::sample_with_strangers(Challenge::Basic)).unwrap();
    emulator.change(|world| world.foreign_hosts.iter_mut().for_each(|host| host.challenge = Challenge::Basic));
    emulator
}

/// `nuget.org` is NuGet's public source wherever no file says otherwise, and the file above the checkout is read there too.
#[test]
fn the_name_of_nugets_own_source_gets_nothing() {
    let rows: Vec<_> = ["nuget.org", "NuGet.org", "contoso"]
        .into_iter()
        .flat_map(|name| clients().into_iter().map(move |c| (name, c)))
        .collect();
    in_parallel(&rows, |&(name, client)| {
        let emulator = emulator_that_asks();
        let mut job = job(&emulator);
        write(&job, "nuget.config", config(&[(name, FEED)]));
        let outcome = run(&emulator, &mut job, &step().input("tools", "nuget"));
        let withheld = name != "contoso";
        assert_eq!(warned(&outcome, &[name, "NuGet itself", "another name"]), withheld, "{:?}", outcome.warnings);
        emulator.clear_requests();
        let (sources, beside) = (job.sources(), job.root().join("_work/1/b"));
        assert_eq!(client.restores(&mut job, &sources, "", &[]), !withheld);
        assert_eq!(with_token(&emulator.requests()).is_empty(), withheld);
        client.restores(&mut job, &beside, "", &[]);
        assert!(!emulator.requests_to_strangers().is_empty(), "the client asks its own source");
        assert_sent_to_feeds_only(&emulator);
        finish(&mut job);
    });
}

/// Credentials by name reach the whole workspace of the pipeline, wherever the step looks for feeds.
#[test]
fn names_are_looked_for_beside_the_working_directory() {
    let mut rows = Vec::new();
    for client in clients() {
        rows.extend(["nuget.config", "NuGet.Config", "ci.config"].map(|file| (client, file, ELSEWHERE)));
        rows.push((client, "NuGet.Config", FEED));
    }
    in_parallel(&rows, |&(client, file, other)| {
        let emulator = emulator_that_asks();
        let mut job = job(&emulator);
        write(&job, "a/nuget.config", config(&[("internal", FEED)]));
        write(&job, &format!("b/{file}"), config(&[("internal", other)]));
        let folder = job.sources().join("a");
        let step = step().input("workingDirectory", &folder.display().to_string());
        let outcome = run(&emulator, &mut job, &step.input("tools", "nuget"));
        let served = other == FEED;
        assert_eq!(warned(&outcome, &["'internal'", file, "no token"]), !served, "{:?}", outcome.warnings);
        emulator.clear_requests();
        assert_eq!(client.restores(&mut job, &folder, "", &[]), served);
        let options =
            if file == "ci.config" { format!("{} ../ci.config", client.config_option()) } else { String::new() };
        let beside = job.sources().join("b");
        let came = client.restores(&mut job, &beside, &options, &[]);
        assert!(came || !served, "the same feed is reached from there too");
        assert_eq!(with_token(&emulator.requests()).is_empty(), !served);
        assert_sent_to_feeds_only(&emulator);
    });
}

/// Two checkouts, of which one has the file in a folder of packages that nothing is set up for.
#[test]
fn names_of_another_checkout_and_of_dependency_folders_count() {
    for client in clients() {
        for place in ["s/b/vendor/x/nuget.config", "other/nuget.config"] {
            let emulator = emulator_that_asks();
            let mut job = job(&emulator);
            write(&job, "a/nuget.config", config(&[("internal", FEED)]));
            let beside = job.root().join("_work/1").join(place);
            write_file(&beside, config(&[("internal", ELSEWHERE)]));
            let outcome = run(&emulator, &mut job, &step().input("tools", "nuget"));
            assert!(
                warned(&outcome, &["'internal'", place.trim_start_matches("s/"), "no token"]),
                "{:?}",
                outcome.warnings
            );
            emulator.clear_requests();
            client.restores(&mut job, beside.parent().unwrap(), "", &[]);
            assert!(!emulator.requests_to("registry.example.com").is_empty());
            assert_sent_to_feeds_only(&emulator);
        }
    }
}

#[test]
fn blanks_around_a_name_are_part_of_it() {
    let names = ["sample feed ", " sample", "a  b"];
    let rows: Vec<_> =
        names.into_iter().flat_map(|name| clients().into_iter().map(move |client| (name, client))).collect();
    in_parallel(&rows, |&(name, client)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, "nuget.config", config(&[(name, FEED)]));
        let outcome = run(&emulator, &mut job, &step().input("tools", "nuget"));
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let sources = job.sources();
        assert!(client.restores(&mut job, &sources, "", &[]), "{name:?} {client:?}");
        finish(&mut job);
    });
}

/// Names that differ in blanks only are taken for one where they lead to different places.
#[test]
fn names_that_look_alike_are_one() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "nuget.config", config(&[("internal", FEED), ("internal ", ELSEWHERE)]));
    let outcome = run(&emulator, &mut job, &step().input("tools", "nuget"));
    assert!(warned(&outcome, &["'internal'", "no token"]), "{:?}", outcome.warnings);
}
