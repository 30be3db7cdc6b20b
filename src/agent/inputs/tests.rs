//! Every input with what it allows and what it does not.

use super::*;
use crate::diagnosis::Explain;
use crate::reach::Standing;

const ID: &str = "b6f3c1de-1111-4222-8333-444455556666";

fn job(inputs: &[(&str, &str)], variables: &[(&str, &str)]) -> Job {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut job = Job::new(variables);
    for (name, value) in inputs {
        job.set_input(name, value);
    }
    job
}

fn refused(name: &str, value: &str) -> String {
    let error = settings(&job(&[(name, value)], &[])).err().unwrap_or_else(|| panic!("{name} = {value} was taken"));
    let said = error.to_string();
    assert!(said.contains(name), "{said}");
    assert!(!error.remedy().is_empty());
    said
}

#[test]
fn without_inputs_the_defaults_hold() {
    let settings = settings(&job(&[], &[])).unwrap();
    assert!(settings.choice.named.is_none());
    assert!(settings.verify == Verify::Organizations && settings.feeds.is_empty() && settings.permitted.is_empty());
    assert_eq!(settings.token_variable, "ADO_ENTRA_TOKEN");
    assert_eq!(authority(&job(&[], &[])).unwrap().as_str(), "https://login.microsoftonline.com/");
}

#[test]
fn each_name_of_a_tool_chooses_those_that_serve_it() {
    let set = |tools: &str| settings(&job(&[("tools", tools)], &[]));
    assert!(set("nmp").err().unwrap().to_string().contains("any of npm, pnpm, yarn, bun, maven"));
    for (name, tools) in
        [("Yarn", vec!["npm", "yarn"]), ("pnpm", vec!["npm"]), ("bun", vec!["npm", "bun"]), ("npm", vec!["npm"])]
    {
        let choice = set(name).unwrap().choice;
        let wanted = TOOLS.iter().map(|tool| tool.id().name).filter(|tool| choice.wants(tool) == Some(true));
        assert_eq!(wanted.collect::<Vec<_>>(), tools, "{name}");
    }
}

#[test]
fn a_client_that_another_name_serves_is_told_that_name() {
    for (written, name) in [
        ("dotnet", "nuget"),
        ("nuget.exe", "nuget"),
        ("MSBuild", "nuget"),
        ("pipenv", "pip"),
        ("pip3", "pip"),
        ("PDM", "pip"),
        ("hatch", "pip"),
        ("mvn", "maven"),
        ("gradlew", "gradle"),
        ("yarnpkg", "yarn"),
        ("yarn2", "yarn"),
        ("micromamba", "conda"),
        ("pre-commit", "git"),
        ("az", "azureDevOpsCli"),
        ("azure-devops-cli", "azureDevOpsCli"),
    ] {
        let said = refused("tools", written);
        assert!(said.ends_with(&format!("does not allow '{written}': write {name}")), "{said}");
    }
}

#[test]
fn values_that_an_input_does_not_allow_are_refused() {
    for (name, value) in [
        ("tools", "npm, cargoo"),
        ("tools", "auto, npm"),
        ("tools", "$(tools)"),
        ("tools", "npm,$(more)"),
        ("feeds", "https://registry.example.com/npm/"),
        ("feeds", "http://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/"),
        ("feeds", "feed1"),
        ("feeds", "=https://pkgs.dev.azure.com/contoso/_packaging/feed1"),
        ("feeds", "https://pkgs.dev.azure.com/contoso/../fabrikam/_packaging/feed1"),
        ("organizations", "https://evil.example/contoso"),
        ("organizations", "con toso"),
        ("organizations", "contoso, $(other)"),
        ("gitCredential", "header"),
        ("connectionType", "pat"),
        ("verify", "yes"),
        ("verify", "1"),
        ("tokenVariable", "MY TOKEN"),
        ("tokenVariable", "1TOKEN"),
        ("tokenVariable", ".token"),
        ("tokenVariable", "a..b"),
        ("tokenVariable", "Git.Config.Count"),
        ("tokenVariable", "a;b]c"),
        ("tokenVariable", "Path"),
        ("tokenVariable", "SYSTEM_ACCESSTOKEN"),
        ("tokenVariable", "GIT_CONFIG_COUNT"),
        ("tokenVariable", "ado_entra_auth_npm_contoso"),
        ("authorityHost", "http://login.microsoftonline.com"),
        ("authorityHost", "https://login.microsoftonline.com/tenant"),
        ("authorityHost", "https://user@login.microsoftonline.com"),
        ("authorityHost", "https://login.microsoftonline.com:8443"),
        ("authorityHost", "login.microsoftonline.com"),
        ("workingDirectory", "there/is/no/such/folder"),
        ("connectionType", "basic"),
    ] {
        refused(name, value);
    }
}

#[test]
fn a_token_variable_may_hold_dots() {
    for name in ["MY_TOKEN", "My.Token", "a.b.c"] {
        assert_eq!(settings(&job(&[("tokenVariable", name)], &[])).unwrap().token_variable, name);
    }
}

#[test]
fn a_wait_for_propagation_is_a_number_of_seconds() {
    let propagation = |value| settings(&job(&[("propagationTimeout", value)], &[])).unwrap().propagation;
    assert_eq!(propagation(""), Propagation::Brief);
    assert_eq!(propagation("300"), Propagation::UpTo(Duration::from_mins(5)));
    for value in ["901", "-1", "5m", "1e3"] {
        refused("propagationTimeout", value);
    }
}

#[test]
fn lists_take_commas_and_line_breaks_and_any_case() {
    let settings = settings(&job(&[("tools", " NPM,\r\n maven \n\n,npm")], &[])).unwrap();
    assert_eq!(settings.choice.named, Some(["npm", "maven"].into()));
}

#[test]
fn feeds_take_a_name() {
    let feeds = "team=https://pkgs.dev.azure.com/contoso/Shop/_packaging/feed1/maven/v1\n\
                 https://fabrikam.pkgs.visualstudio.com/_packaging/f?a=b";
    let settings = settings(&job(&[("feeds", feeds)], &[])).unwrap();
    assert_eq!(settings.feeds[0].name.as_deref(), Some("team"));
    assert_eq!((settings.feeds[1].name.as_deref(), settings.feeds[1].feed.name.as_str()), (None, "f"));
    let names: Vec<&str> = settings.permitted.iter().map(|permitted| permitted.organization.name()).collect();
    assert_eq!(names, ["contoso", "fabrikam"]);
}

#[test]
fn the_connections_organization_is_owned_and_the_pipelines_merely_permitted() {
    let variables = [
        (format!("ENDPOINT_URL_{ID}"), "https://dev.azure.com/Fabrikam/"),
        ("SYSTEM_COLLECTIONURI".to_owned(), "https://Contoso.visualstudio.com/"),
    ];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let settings =
        settings(&job(&[("azureDevOpsServiceConnection", ID), ("organizations", "fabrikam")], &variables)).unwrap();
    let found: Vec<_> = settings
        .permitted
        .iter()
        .map(|p| (p.organization.name(), p.standing, p.spellings.iter().map(String::as_str).collect()))
        .collect();
    let expected: Vec<(&str, Standing, Vec<&str>)> = vec![
        ("fabrikam", Standing::Owned, vec!["Fabrikam", "fabrikam"]),
        ("contoso", Standing::Permitted, vec!["Contoso", "contoso"]),
    ];
    assert_eq!(found, expected);
}
