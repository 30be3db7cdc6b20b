//! What the program says to people: help, version, exit codes, and where each goes.

use crate::support::program;

#[test]
fn help_names_every_command_for_people_and_no_other() {
    let help = program().arg("--help").env_clear().assert().success().stderr("");
    let help = String::from_utf8(help.get_output().stdout.clone()).unwrap();
    for command in ["dry-run", "explain", "demo", "token", "setup"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let own = program().args([command, "--help"]).env_clear().assert().success().stderr("");
        assert!(String::from_utf8_lossy(&own.get_output().stdout).contains("Usage: "), "{command}");
    }
    for hidden in ["task", "post", "credential"] {
        assert!(!help.contains(&format!("\n  {hidden} ")), "{help}");
    }
    let version = format!("ado-entra-auth {}\n", env!("CARGO_PKG_VERSION"));
    program().arg("--version").env_clear().assert().success().stdout(version).stderr("");
}

#[test]
fn wrong_arguments_exit_with_2_and_say_so_on_stderr_only() {
    for arguments in [
        &[][..],
        &["pack"],
        &["dry-run", "--wrong"],
        &["dry-run", "--input", "tools"],
        &["dry-run", "--input", "organisations=contoso"],
        &["explain", "--format", "xml"],
        &["token", "--input", "clientSecret=x"],
        &["setup", "--issuer", "nobody"],
        &["credential"],
        &["credential", "npm", "/x"],
    ] {
        let wrong = program().args(arguments).env_clear().assert().code(2).stdout("");
        assert!(!wrong.get_output().stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn trouble_exits_with_1_and_names_the_remedy() {
    for arguments in [
        &["dry-run", "--input", "tools=cargoo"][..],
        &["dry-run", "--working-directory", "/there/is/no/such/folder"],
        &["token", "--input", "connectionType=pat"],
        &["explain", "NOTHING-KNOWN"],
    ] {
        let trouble = program().args(arguments).env_clear().assert().code(1);
        let said = String::from_utf8_lossy(&trouble.get_output().stderr).into_owned();
        assert!(said.starts_with("error: ") && said.contains("remedy: "), "{arguments:?}: {said}");
    }
}

/// Arguments may be a text from a log, and an agent reads what a script prints.
#[test]
fn nothing_that_is_said_of_arguments_commands_an_agent() {
    let hostile = "##vso[task.setvariable variable=PWNED]yes";
    for arguments in [
        vec![hostile],
        vec!["explain", hostile],
        vec!["dry-run", "--input", hostile],
        vec!["dry-run", "--working-directory", hostile],
        vec!["setup", "--organization", hostile],
        vec!["credential", hostile],
    ] {
        let output = program().args(&arguments).env_clear().output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&said).contains("##vso"), "{arguments:?}");
    }
}
