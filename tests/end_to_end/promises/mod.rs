//! What is promised of every tool, held to by every tool: `promises::foreign_registry::cargo`.

mod after;
pub mod apart;
mod gradle;
mod python;
mod reach;
pub mod subjects;

use subjects::Subject;

/// A test for each promise and tool. What the task alone does is the same for every version of a client; what a client does is not.
macro_rules! matrix {
    ([task] $($task:ident: $of_task:path;)* [clients] $($client:ident: $of_client:path;)*) => {
        $(mod $task {
            matrix!(@tools $of_task);
        })*
        $(mod $client {
            matrix!(@tools $of_client);
            matrix!(@versions $of_client);
        })*
    };
    (@tools $check:path) => {
        matrix!(
            @each $check; npm NPM, yarn_4 YARN_4, bun_1_3 BUN_1_3, maven MAVEN, maven_3_9 MAVEN_3_9, gradle GRADLE, nuget NUGET, dotnet DOTNET, nuget_provider NUGET_PROVIDER,
            dotnet_plugin DOTNET_PLUGIN, pip PIP, uv UV, poetry POETRY, git GIT, cargo CARGO
        );
    };
    (@versions $check:path) => {
        matrix!(
            @each $check; npm_6 NPM_6, npm_7 NPM_7, npm_8 NPM_8, npm_9 NPM_9, npm_10 NPM_10, npm_11 NPM_11, npm_12 NPM_12,
            pnpm_8 PNPM_8, pnpm_9 PNPM_9, pnpm_10 PNPM_10, pnpm_11 PNPM_11,
            yarn_1 YARN_1, yarn_2 YARN_2, yarn_3 YARN_3, bun BUN, maven_3_9_settings MAVEN_3_9_SETTINGS,
            dotnet_provider DOTNET_PROVIDER, git_of_system GIT_OF_SYSTEM, pip_26 PIP_26
        );
    };
    (@each $check:path; $($tool:ident $subject:ident),*) => {
        $(#[test]
        fn $tool() {
            super::held(&super::subjects::$subject, |subject| {
                use super::*;
                $check(subject)
            });
        })*
    };
}

matrix! {
    [task]
    undo: after::everything_is_as_before_after_the_job;
    take_over: after::a_second_step_takes_over_and_both_are_undone_in_either_order;
    again: after::the_step_can_be_tried_again;
    killed: after::a_killed_job_leaves_noise_that_the_next_one_sweeps;
    old_settings: after::the_settings_of_a_job_that_is_over_open_nothing;
    [clients]
    token_nowhere: reach::fetches_in_a_later_step_with_the_token_in_no_file_and_not_after_the_job;
    publish: reach::publishes_where_it_can;
    foreign_registry: apart::a_foreign_registry_beside_the_feed_sees_no_token;
    users_registry: apart::a_foreign_registry_sees_the_credential_that_the_user_has_for_it;
    unpermitted: apart::an_organization_that_is_not_permitted_sees_no_token;
    one_host: apart::an_organization_that_is_asked_directly_sees_no_token;
    two_organizations: apart::each_organization_sees_the_token_of_its_own_tenant;
    redirect: reach::a_redirect_of_the_service_takes_the_token_no_further_than_is_said;
}

fn held(subject: &Subject, check: impl Fn(&Subject)) {
    if subject.is_here() {
        check(subject);
    }
}
