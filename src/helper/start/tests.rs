//! Which calls are a client's.

use super::*;

#[cfg(unix)]
const FOLDER: &str = "/t d/ado-entra-auth-0123456789abcdef";
#[cfg(unix)]
const CARGO: &str = "/t d/ado-entra-auth-0123456789abcdef/bin/cargo-credential-ado-entra-auth";
#[cfg(unix)]
const TASK: &str = "/tasks/bin/ado-entra-auth";
#[cfg(windows)]
const FOLDER: &str = r"D:\t d\ado-entra-auth-0123456789abcdef";
#[cfg(windows)]
const CARGO: &str = r"D:\t d\ado-entra-auth-0123456789abcdef\bin\cargo-credential-ado-entra-auth.exe";
#[cfg(windows)]
const TASK: &str = r"D:\tasks\bin\ado-entra-auth.exe";

fn start(arguments: &[&str], program: &str) -> Start {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    of(&arguments, || Some(PathBuf::from(program)))
}

fn call(dialect: Dialect, folder: &str, arguments: &[&str]) -> Start {
    Start::Client(Call { dialect, folder: folder.into(), arguments: arguments.iter().map(OsString::from).collect() })
}

#[test]
fn a_client_may_start_this_by_a_name_of_its_own() {
    let expected = call(Dialect::Cargo, FOLDER, &["--cargo-plugin"]);
    assert_eq!(start(&[CARGO, "--cargo-plugin"], CARGO), expected);
    // Whatever stands in front, the program's own path says where the run's folder is.
    assert_eq!(start(&["cargo-credential-ado-entra-auth", "--cargo-plugin"], CARGO), expected);
    // A link to the task's own program.
    assert_eq!(start(&[CARGO, "--cargo-plugin"], TASK), expected);
    let nuget = CARGO.replace("cargo-credential", "nuget-plugin");
    assert_eq!(start(&[&nuget, "-Plugin"], &nuget), call(Dialect::NuGet, FOLDER, &["-Plugin"]));
    // A name without a folder, and no path that would tell it.
    assert_eq!(start(&["cargo-credential-ado-entra-auth", "--cargo-plugin"], TASK), Start::Unclear);
    assert_eq!(start(&["bin/cargo-credential-ado-entra-auth"], TASK), Start::Unclear);
}

#[test]
fn a_clients_configuration_may_start_this_by_the_subcommand() {
    assert_eq!(start(&[TASK, "credential", "git", FOLDER, "get"], TASK), call(Dialect::Git, FOLDER, &["get"]));
    let cargo = start(&[TASK, "credential", "cargo", FOLDER, "--cargo-plugin"], TASK);
    assert_eq!(cargo, call(Dialect::Cargo, FOLDER, &["--cargo-plugin"]));
}

#[test]
fn other_calls_are_the_command_lines_or_nobodys() {
    for arguments in [&[][..], &[TASK], &[TASK, "task"], &[TASK, "--help"], &[TASK, "git"], &["credential"]] {
        assert_eq!(start(arguments, TASK), Start::CommandLine, "{arguments:?}");
    }
    for rest in [&[][..], &["git"], &["cargo"], &["npm", FOLDER], &["Git", FOLDER, "get"], &["--help"]] {
        let arguments: Vec<&str> = [TASK, "credential"].iter().chain(rest).copied().collect();
        assert_eq!(start(&arguments, TASK), Start::Unclear, "{arguments:?}");
    }
}
