//! What is promised of every tool, held to by every tool: `promises::foreign_registry::cargo`.

mod after;
mod reach;
pub mod subjects;

use subjects::Subject;

/// A test for each promise and tool.
macro_rules! matrix {
    ($($promise:ident: $check:path;)*) => {
        $(mod $promise {
            matrix!(@tools $check; npm NPM, maven MAVEN, maven_3_9 MAVEN_3_9, nuget NUGET, dotnet DOTNET, dotnet_plugin DOTNET_PLUGIN, git GIT, cargo CARGO);
        })*
    };
    (@tools $check:path; $($tool:ident $subject:ident),*) => {
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
    fetch: reach::fetches_in_a_later_step_and_not_after_the_job;
    publish: reach::publishes_where_it_can;
    foreign_registry: reach::a_foreign_registry_beside_the_feed_sees_no_token;
    unpermitted: reach::an_organization_that_is_not_permitted_sees_no_token;
    redirect: reach::a_redirect_of_the_service_takes_the_token_no_further_than_is_said;
    token_nowhere: reach::the_token_is_in_no_file_and_in_no_variable_that_has_a_name;
    undo: after::everything_is_as_before_after_the_job;
    take_over: after::a_second_step_takes_over_and_both_are_undone_in_either_order;
    again: after::the_step_can_be_tried_again;
    killed: after::a_killed_job_leaves_noise_that_the_next_one_sweeps;
    old_settings: after::the_settings_of_a_job_that_is_over_open_nothing;
}

fn held(subject: &Subject, check: impl Fn(&Subject)) {
    if subject.is_here() {
        check(subject);
    }
}
