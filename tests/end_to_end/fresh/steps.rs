//! The usual job: what it says, what later steps see, one step or several.

use std::time::{Duration, Instant};

use ado_entra_auth_emulator::World;
use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::world::{CLIENT, CONNECTION, FABRIKAM_CLIENT, FABRIKAM_CONNECTION};

use super::{LONGER, OVER, clones, folders, renewing, short_lived, until_first_are_gone, until_renewed};
use crate::later_token::refused;
use crate::support::{
    assert_succeeded, bare_step, claims, emulator, finish, in_one_tenant, in_parallel, job, named, read, run, script,
    step, tool, variable, write,
};
use crate::tenants::npmrc;

#[test]
fn the_usual_job_has_one_process_until_its_end() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let begun = Instant::now();
    let outcome = run(&emulator, &mut job, &step());
    assert!(begun.elapsed() < Duration::from_secs(5), "the agent waits for nobody's streams");
    assert_eq!(outcome.warnings, Vec::<String>::new());
    assert!(outcome.log.contains("Renewal:  while the job runs"), "{}", outcome.log);
    renewing(&job);
    let folders = folders(&job);
    finish(&mut job);
    assert_eq!(job.orphans_ended(), 0, "the post-job part ends it");
    assert!(job.processes().is_empty() && folders.iter().all(|folder| !folder.exists()));
}

#[test]
fn without_keep_fresh_no_process_stays_and_the_token_ends() {
    let emulator = short_lived(World::sample_with_repositories());
    let mut job = job(&emulator);
    let outcome = run(&emulator, &mut job, &step().input("keepFresh", "false"));
    assert!(job.processes().is_empty() && !outcome.log.contains("Renewal:"), "{}", outcome.log);
    assert!(clones(&mut job).0);
    std::thread::sleep(OVER);
    let (cloned, said) = clones(&mut job);
    assert!(!cloned && said.contains("the access token for contoso has expired\n"), "{said}");
    finish(&mut job);
}

#[test]
fn token_and_status_say_what_is_fresh() {
    let emulator = short_lived(World::sample());
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step());
    let first = variable(&job, "ADO_ENTRA_TOKEN");
    std::thread::sleep(OVER);
    let sources = job.sources();
    script(
        &mut job,
        &sources,
        "ado-entra-auth token > token 2> masked && ado-entra-auth status --format json > status",
    );
    let token = read(sources.join("token"));
    let (first, claims) = (claims(&first), claims(token.trim()));
    assert!(claims["exp"].as_u64() > first["exp"].as_u64() && claims["appid"] == CLIENT, "{claims}");
    assert!(read(sources.join("masked")).contains(&format!("##vso[task.setsecret]{}", token.trim())));
    let status: serde_json::Value = serde_json::from_str(&read(sources.join("status"))).unwrap();
    let expires_on: jiff::Timestamp = status["identities"][0]["expiresOn"].as_str().unwrap().parse().unwrap();
    assert!(expires_on.as_second() >= claims["exp"].as_i64().unwrap(), "{status}");
    finish(&mut job);
}

#[test]
fn a_step_that_is_tried_again_leaves_one_process() {
    let emulator = short_lived(World::sample_with_repositories());
    let mut job = job(&emulator);
    run(&emulator, &mut job, &step());
    let first = renewing(&job);
    run(&emulator, &mut job, &step());
    assert_ne!(renewing(&job), first);
    std::thread::sleep(OVER);
    assert!(clones(&mut job).0);
    finish(&mut job);
    assert_eq!(job.orphans_ended(), 0);
}

/// Two connections: what the first keeps serving, its own process renews, also where a file of the second refers to it.
#[test]
fn two_steps_renew_each_its_own() {
    if tool("npm").is_none() {
        return;
    }
    in_parallel(&[false, true], |late| {
        let emulator = in_one_tenant(World { access_token_life: LONGER, ..World::sample_with_repositories() });
        let of_fabrikam = emulator.world().application(FABRIKAM_CLIENT).unwrap().object_id.clone();
        emulator.change(|world| world.organizations[0].members.push(of_fabrikam));
        let mut job = job(&emulator);
        write(&job, ".npmrc", npmrc(&["contoso", "fabrikam"]));
        let connected = |name: &str, connection: &str| -> TaskStep {
            named(&bare_step().connection("azureDevOpsServiceConnection", connection), name)
        };
        let (one, two) = (connected("one", CONNECTION), connected("two", FABRIKAM_CONNECTION));
        run(&emulator, &mut job, &one);
        if *late {
            until_first_are_gone(&job);
        }
        run(&emulator, &mut job, &two);
        assert_eq!(job.processes().len(), 2);
        let sources = job.sources();
        for round in 0..2 {
            if round > 0 {
                until_first_are_gone(&job);
            }
            emulator.clear_requests();
            script(&mut job, &sources, "npm view @contoso/hello version && npm view @fabrikam/plant version");
            for (organization, client) in [("contoso", CLIENT), ("fabrikam", FABRIKAM_CLIENT)] {
                let tokens: Vec<String> = emulator
                    .requests_to("pkgs.dev.azure.com")
                    .iter()
                    .filter(|request| request.path.starts_with(&format!("/{organization}/")))
                    .flat_map(|request| {
                        crate::support::carried(
                            &emulator,
                            request,
                            &ado_entra_auth_emulator::vault::SecretKind::AccessToken,
                        )
                    })
                    .map(|claims| claims["appid"].as_str().unwrap().to_owned())
                    .collect();
                assert!(!tokens.is_empty() && tokens.iter().all(|of| of == client), "{organization}: {tokens:?}");
            }
        }
        assert!(clones(&mut job).0);
        for outcome in job.finish().unwrap() {
            assert_succeeded(&outcome);
        }
        assert_eq!(job.orphans_ended(), 0);
    });
}

/// A step that was asked whose token it serves, without the job's environment, gives none.
#[test]
fn the_renewed_token_is_sealed_as_the_first_was() {
    let emulator = short_lived(World::sample());
    let mut job = job(&emulator);
    let outcome = run(&emulator, &mut job, &step());
    until_renewed(&job);
    let bare = format!("env -i {}/ado-entra-auth token", outcome.paths_prepended[0]);
    refused(&mut job, &bare, 1, &["the access token for contoso cannot be read", "remedy: pass the variable"]);
    finish(&mut job);
}
