//! Files that NuGet's clients are given, and addresses that files leave open.

use crate::nuget_clients::{
    Client, ELSEWHERE, FEED, assert_sent_to_feeds_only, bash, clients, config, config_with, mapped, sdk_project,
};
use crate::support::{
    emulator, finish, in_parallel, job, run, step, tool, variable, warned, with_token, write, write_file,
};
use ado_entra_auth_emulator::agent::Variable;

/// A client that is given a configuration file reads no other. nuget.exe asks this task for a credential, and the log tells what the step
/// of an older SDK needs, and it works.
#[test]
fn a_client_that_is_given_a_file_is_served_by_what_the_log_says() {
    let mut rows = Vec::new();
    for client in clients() {
        for (file, name) in [("nuget.config", "contosofeed"), ("ci.config", "contoso-feed")] {
            rows.push((client, file, name));
        }
    }
    in_parallel(&rows, |&(client, file, name)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, file, config(&[(name, FEED)]));
        write(
            &job,
            "azure-pipelines.yml",
            "steps:\n- script: nuget restore -ConfigFile ci.config\n  env:\n    T: $(ADO_ENTRA_TOKEN)\n",
        );
        let outcome = run(&emulator, &mut job, &step().input("tools", "nuget"));
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let (variable, value) = mapped(name);
        let note = outcome.log.lines().find(|line| line.contains("reads no other")).unwrap_or_default().to_owned();
        assert!(note.contains(&format!("env: {variable}: {value}")), "{}", outcome.log);
        let options = format!("{} ../{file}", client.config_option());
        let sources = job.sources();
        emulator.clear_requests();
        let asks = client == Client::NuGet;
        assert_eq!(client.restores(&mut job, &sources, &options, &[]), asks, "{client:?}");
        assert_eq!(with_token(&emulator.requests()).is_empty(), !asks);
        assert!(client.restores(&mut job, &sources, &options, &[(&variable, value)]), "{client:?} {file} {name}");
        assert_eq!(
            client.restores(&mut job, &sources, "", &[]),
            file == "nuget.config",
            "clients find that one by themselves"
        );
        finish(&mut job);
    });
}

/// No note where nothing hints at an argument.
#[test]
fn a_plain_file_needs_no_note() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "NuGet.Config", config(&[("feed1", FEED)]));
    write(&job, "azure-pipelines.yml", "steps:\n- script: nuget restore\n");
    write(&job, "web.config", "<?xml version=\"1.0\" encoding=\"koi8-r\"?><configuration><x/></configuration>");
    write(&job, "app.config", "<configuration>");
    write(&job, "nlog.config", config(&[("elsewhere", ELSEWHERE)]));
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.warnings.is_empty() && !outcome.log.contains("reads no other"), "{}", outcome.log);
    assert!(outcome.log.contains("contoso/feed1"));
}

/// A file that only an argument names, with the served name at another address.
#[test]
fn a_file_that_is_given_by_an_argument_gets_nothing() {
    for client in clients() {
        let emulator = emulator();
        emulator.change(|world| {
            world
                .foreign_hosts
                .iter_mut()
                .for_each(|host| host.challenge = ado_entra_auth_emulator::world::Challenge::Basic);
        });
        let mut job = job(&emulator);
        write(&job, "nuget.config", config(&[("feed1", FEED)]));
        write(&job, "trap.txt", config(&[("feed1", ELSEWHERE)]));
        run(&emulator, &mut job, &step());
        emulator.clear_requests();
        let sources = job.sources();
        client.restores(&mut job, &sources, &format!("{} ../trap.txt", client.config_option()), &[]);
        assert!(!emulator.requests_to("registry.example.com").is_empty());
        assert!(with_token(&emulator.requests()).is_empty());
        assert!(client.restores(&mut job, &sources, "", &[]));
        assert_sent_to_feeds_only(&emulator);
    }
}

/// The property by which a project replaces all configuration files, with a file of any name.
#[test]
fn a_projects_own_configuration_file_is_read() {
    if !clients().contains(&Client::Dotnet) {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "ci/sources.txt", config(&[("feed1", FEED)]));
    let property = "<RestoreConfigFile>$(MSBuildThisFileDirectory)..\\ci\\sources.txt</RestoreConfigFile>";
    write(&job, "project/app.csproj", sdk_project(property));
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.log.contains("contoso/feed1 (ci/sources.txt)"), "{}", outcome.log);
    let (variable, value) = mapped("feed1");
    assert!(outcome.log.contains(&format!("env: {variable}: {value}")), "{}", outcome.log);
    let sources = job.sources();
    assert!(!Client::Dotnet.restores(&mut job, &sources, "", &[]));
    assert!(Client::Dotnet.restores(&mut job, &sources, "", &[(&variable, value)]));
}

/// An address that a later step's variable decides: nothing, or what the input says.
#[test]
fn an_open_address_is_said_and_settled_by_the_input() {
    let rows: Vec<_> = clients().into_iter().flat_map(|client| [(client, true), (client, false)]).collect();
    in_parallel(&rows, |&(client, settled)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, "nuget.config", config(&[("contoso", "%COMPANY_FEED%")]));
        let input = if settled { format!("contoso={FEED}") } else { String::new() };
        let outcome = run(&emulator, &mut job, &step().input("tools", "nuget").input("feeds", &input));
        let words = ["nuget.config", "%COMPANY_FEED%", "the input 'feeds'"];
        assert_eq!(warned(&outcome, &words), !settled, "{:?}", outcome.warnings);
        emulator.clear_requests();
        let sources = job.sources();
        assert_eq!(client.restores(&mut job, &sources, "", &[("COMPANY_FEED", FEED)]), settled);
        assert_sent_to_feeds_only(&emulator);
    });
}

/// An input vouches for what a variable leaves open, not for a host that the file picks.
#[test]
fn an_input_does_not_settle_a_host_of_the_files_own() {
    for url in ["https://%X%.evil.example/v3/index.json", "https://%X%@evil.example/v3", "https://evil.example/v3"] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, "nuget.config", config(&[("contoso", url)]));
        let outcome = run(&emulator, &mut job, &step().input("feeds", &format!("contoso={FEED}")));
        assert!(warned(&outcome, &["'contoso'", "no token"]), "{url}: {:?}", outcome.warnings);
        assert!(!job.root().join("_work/1/nuget.config").exists());
    }
}

/// A feed that no file names: without a name the provider would have to serve it, with one a source that a step adds later is.
#[test]
fn a_feed_of_the_inputs_needs_a_name_or_the_provider() {
    for client in clients() {
        let emulator = emulator();
        let mut job = job(&emulator);
        let outcome = run(&emulator, &mut job, &step().input("feeds", FEED));
        assert!(
            warned(&outcome, &["the input 'feeds'", "without a source name", "write name=URL"]),
            "{:?}",
            outcome.warnings
        );
        finish(&mut job);

        let mut job = crate::support::job(&emulator);
        let outcome = run(&emulator, &mut job, &step().input("feeds", &format!("My Feed={FEED}")));
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        write(&job, "nuget.config", config(&[("My Feed", FEED)]));
        let sources = job.sources();
        assert!(client.restores(&mut job, &sources, "", &[]));
        finish(&mut job);
    }
}

/// Sections that say which sources are used, not where they are.
#[test]
fn other_sections_change_nothing() {
    const SECTIONS: &str = "<packageSourceMapping><packageSource key=\"feed1\"><package pattern=\"*\"/></packageSource>\
        </packageSourceMapping><disabledPackageSources><clear/><add key=\"other\" value=\"true\"/></disabledPackageSources>\
        <trustedSigners><author name=\"x\"><certificate hashAlgorithm=\"SHA256\" allowUntrustedRoot=\"false\" \
        fingerprint=\"3F9001EA83C560D712C24CF213C3D312CB3BFF51EE89435D3430BD06B5D0EECE\"/></author></trustedSigners>";
    in_parallel(&clients(), |&client| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, "nuget.config", config_with(&[("feed1", FEED), ("other", ELSEWHERE)], SECTIONS));
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let sources = job.sources();
        assert!(client.restores(&mut job, &sources, "", &[]));
        assert!(emulator.requests_to("registry.example.com").is_empty(), "a source that is disabled is not asked");
    });
}

/// Microsoft's own provider reads what is set for sources without names, and only where it is installed.
#[test]
fn microsofts_provider_answers_for_sources_without_names() {
    let Some(provider) = tool("credential-provider") else { return };
    for (name, value, installed) in [
        ("NUGET_PLUGIN_PATHS", "/opt/CredentialProvider.Microsoft/CredentialProvider.Microsoft.dll", true),
        ("NUGET_PLUGIN_PATHS", "/opt/other/CredentialProvider.Other.dll", false),
        ("OTHER", "x", false),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        job.set_variable(Variable::public(name, value));
        let sources = format!("<RestoreSources>$(Contoso)</RestoreSources><Contoso>{FEED}</Contoso>");
        write(&job, "app.csproj", sdk_project(&sources));
        let outcome = run(&emulator, &mut job, &step());
        assert_eq!(warned(&outcome, &["app.csproj", "credential provider", "not installed"]), !installed);
        assert_eq!(variable(&job, "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS").is_empty(), !installed);
        let token = variable(&job, "ADO_ENTRA_TOKEN");
        let folder = job.sources();
        let mut answers = |url: &str| {
            let script = format!("timeout 20 '{}' -N -F Json -U {url}", provider.display());
            bash(&mut job, &folder, &script, &[]).raw.contains(&token)
        };
        assert_eq!(answers(FEED), installed, "{name}={value}");
        assert!(!answers(ELSEWHERE));
        finish(&mut job);
        assert_eq!(variable(&job, "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS"), "");
    }
}

/// The provider as a program on PATH, the way of NuGet 6.13, and in the user's folder of plugins.
#[test]
fn the_provider_is_found_where_nuget_looks() {
    for (path, installed) in [
        (".nuget/plugins/netcore/CredentialProvider.Microsoft/CredentialProvider.Microsoft.dll", true),
        (".nuget/plugins/netcore/CredentialProvider.Other/CredentialProvider.Other.dll", false),
        (".dotnet/tools/nuget-plugin-microsoft-artifacts-credentialprovider", true),
        (".dotnet/tools/nuget-plugin-other", false),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write_file(&job.home().join(path), "");
        let tools = job.home().join(".dotnet/tools");
        let with_tools = format!("{}:/usr/bin:/bin", tools.display());
        write(&job, "app.csproj", sdk_project(&format!("<RestoreSources>{FEED}</RestoreSources>")));
        let path_of_step = format!("PATH={with_tools}");
        run(&emulator, &mut job, &crate::support::step_with_env(&[&path_of_step]));
        assert_eq!(!variable(&job, "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS").is_empty(), installed, "{path}");
    }
}
