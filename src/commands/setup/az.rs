//! The design as a bash script of Azure CLI commands.
//!
//! Ids that were not given are asked for; what cannot be asked for comes from the environment. The script can run again: it updates what
//! is there. Everything of Azure DevOps goes through `az rest`, which needs no extension and, other than `az devops user add`, knows
//! service principals.
//!
//! Sources: the commands and arguments are azure-cli 2.91's (a test lets its parser read them); Azure DevOps' requests: Microsoft's
//! REST specifications, memberEntitlementManagement 7.1 (`ServicePrincipalEntitlements_Add` and its example) and serviceEndpoint 7.1;
//! the fields of a connection's issuer and subject: release note of sprint 253.

use super::design::{Design, Trusted, missing};
use super::principal::Principal;
use super::step::{self, Made};
use super::unknown::Unknown;
use super::value::{Value, bash, jmespath, json};
use super::{address, sentences};
use crate::diagnosis::Explanation;
use crate::identity::entra::AZURE_DEVOPS;

/// The script.
pub fn script(design: &Design) -> Result<String, Explanation> {
    let mut sections = vec![head(design)];
    sections.push(functions());
    sections.extend(from_the_environment(design));
    sections.push(identity(&design.identity, matches!(design.trusted, Trusted::ManagedIdentity { .. })));
    sections.push(ids(design));
    sections.extend(lookups(design)?);
    sections.push(credential(design));
    sections.push(membership(design));
    sections.push(end(design));
    Ok(sections.join("\n\n") + "\n")
}

fn head(design: &Design) -> String {
    let mut lines = vec![
        "#!/usr/bin/env bash".to_owned(),
        format!("# {}", design.headline()),
        "#".to_owned(),
        "# Run it signed in (az login) as somebody who may create the identity and who is a Project Collection"
            .to_owned(),
        format!("# Administrator of the organization {}. It can run again.", design.organization.shown()),
    ];
    lines.extend(sentences(&design.notes).map(|line| format!("# {line}")));
    lines.push("set -euo pipefail".to_owned());
    lines.join("\n")
}

/// What no command tells.
fn from_the_environment(design: &Design) -> Option<String> {
    let mut values = vec![design.issuer.clone(), design.organization.clone()];
    match &design.identity {
        Principal::NewManagedIdentity { resource_group, .. } => values.push(resource_group.clone()),
        Principal::ManagedIdentity { .. } | Principal::NewApplication { .. } | Principal::Application { .. } => {}
    }
    if let Trusted::ManagedIdentity { organization_tenant, .. } = &design.trusted {
        values.push(organization_tenant.clone());
    }
    let asked = |unknown: &Unknown| !matches!(unknown, Unknown::OrganizationId | Unknown::Issuer);
    let lines = values.iter().flat_map(Value::unknowns).filter(asked).map(|unknown| {
        let (variable, outside) = (unknown.variable(), unknown.variable().to_uppercase());
        format!("{variable}=\"${{{outside}:?set {outside} to the {} ({})}}\"", unknown.words(), unknown.place())
    });
    let mut lines: Vec<String> = lines.collect();
    if design.organization.known().is_none() {
        lines.push(
            "[[ $organization =~ ^[A-Za-z0-9-]+$ ]] || fail \"ORGANIZATION is a name, such as contoso\"".to_owned(),
        );
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn functions() -> String {
    format!(
        "fail() {{\n  printf 'error: %s\\n' \"$1\" >&2\n  exit 1\n}}\n\n\
         azure_devops() {{\n  az rest --method \"$1\" --resource {AZURE_DEVOPS} --url \"$2\" \"${{@:3}}\" --output tsv\n}}"
    )
}

fn identity(identity: &Principal, multi_tenant: bool) -> String {
    match identity {
        Principal::NewManagedIdentity { name, resource_group, location } => {
            const PLACE: &str = "--name \"$identity_name\" --resource-group \"$resource_group\"";
            let group = resource_group.known().map(|group| format!("resource_group={}\n", bash(&group)));
            let location = location.as_ref().map(|location| format!(" --location {}", bash(location)));
            format!(
                "# The managed identity.\n\
                 identity_name={}\n{}\
                 az identity create {PLACE}{} --output none\n\
                 client_id=$(az identity show {PLACE} --query clientId --output tsv)\n\
                 object_id=$(az identity show {PLACE} --query principalId --output tsv)",
                bash(name),
                group.unwrap_or_default(),
                location.unwrap_or_default(),
            )
        }
        Principal::ManagedIdentity { client_id, .. } => {
            let field = |field: &str| {
                format!("$(az identity list --query \"[?clientId=='{client_id}'].{field} | [0]\" --output tsv)")
            };
            format!(
                "# The managed identity, in the subscription that az uses.\n\
                 client_id={client_id}\n\
                 identity_name={}\n\
                 resource_group={}\n\
                 object_id={}\n\
                 [[ -n $object_id ]] || fail \"this subscription has no managed identity with the client id $client_id\"",
                field("name"),
                field("resourceGroup"),
                field("principalId"),
            )
        }
        Principal::NewApplication { name } => {
            let audience = if multi_tenant { "AzureADMultipleOrgs" } else { "AzureADMyOrg" };
            let principal = if multi_tenant { String::new() } else { format!("\n{SERVICE_PRINCIPAL}") };
            format!(
                "# The application. Where one of this name exists, az takes it and gives it these settings.\n\
                 client_id=$(az ad app create --display-name {} --sign-in-audience {audience} --query appId --output tsv){principal}",
                bash(name),
            )
        }
        Principal::Application { client_id, .. } => {
            let principal = if multi_tenant { String::new() } else { format!("\n{SERVICE_PRINCIPAL}") };
            format!("# The application.\nclient_id={client_id}{principal}")
        }
    }
}

const SERVICE_PRINCIPAL: &str = "object_id=$(az ad sp show --id \"$client_id\" --query id --output tsv 2>/dev/null ||\n  \
                                 az ad sp create --id \"$client_id\" --query id --output tsv)";

/// The ids that were not given.
fn lookups(design: &Design) -> Result<Option<String>, Explanation> {
    let unknowns: Vec<Unknown> = design.issuer.unknowns().chain(design.subject.unknowns()).collect();
    let mut lines = Vec::new();
    if unknowns.contains(&Unknown::OrganizationId) {
        let url = address::of_service(&design.organization, &["_apis", "connectionData"], "7.1-preview.1");
        lines.push(format!("organization_id=$(azure_devops get {} --query instanceId)", url.bash()));
        let absent = Value::from("Azure DevOps does not say the id of ").then(design.organization.clone());
        lines.push(format!("[[ -n $organization_id ]] || fail {}", absent.bash()));
    }
    let asked: Vec<Unknown> = unknowns
        .into_iter()
        .filter(|unknown| matches!(unknown, Unknown::ConnectionId | Unknown::Issuer | Unknown::Subject))
        .collect();
    if !asked.is_empty() {
        lines.extend(connection(design, &asked)?);
    }
    Ok((!lines.is_empty()).then(|| format!("# What Azure DevOps knows.\n{}", lines.join("\n"))))
}

/// What the service connection says of itself.
fn connection(design: &Design, asked: &[Unknown]) -> Result<Vec<String>, Explanation> {
    let Trusted::Connection { project, connection, id } = &design.trusted else { return Ok(Vec::new()) };
    let Some(project) = project else {
        return Err(missing(&[
            ("--project", "the project of the service connection, to ask it for issuer and subject"),
            ("or else", "--tenant-id, the tenant of the identity"),
        ]));
    };
    let path = [project, "_apis", "serviceendpoint", "endpoints"];
    let url = address::of_service(&design.organization, &path, "7.1-preview.4").then("&includeFailed=true");
    let filter = match (id, connection) {
        (Some(id), _) => format!("id=='{id}'"),
        (None, name) => format!("name=={}", jmespath(name.as_deref().unwrap_or_default())),
    };
    let mut lines = vec![format!("connections={}", url.bash())];
    for unknown in asked {
        let field = match unknown {
            Unknown::Issuer => "authorization.parameters.workloadIdentityFederationIssuer",
            Unknown::Subject => "authorization.parameters.workloadIdentityFederationSubject",
            _ => "id",
        };
        let query = bash(&format!("value[?{filter}].{field} | [0]"));
        lines.push(format!("{}=$(azure_devops get \"$connections\" --query {query})", unknown.variable()));
    }
    let first = asked.first().map_or("", |unknown| unknown.variable());
    let called = connection.clone().or(id.map(|id| id.to_string())).unwrap_or_default();
    let absent =
        format!("the project {project} has no service connection {called} with workload identity federation yet");
    let absent = format!("{}\"; create it, as a draft, for the client id $client_id\"", bash(&absent));
    lines.push(format!("[[ -n ${first} ]] || fail {absent}"));
    if asked.contains(&Unknown::Subject) {
        lines.push(
            "[[ $subject =~ ^/eid1/[A-Za-z0-9/_-]+$ && $issuer =~ ^https://[A-Za-z0-9./-]+$ ]] ||\n  \
             fail \"the connection has the issuer $issuer and the subject $subject: run setup with --issuer azure-devops\""
                .to_owned(),
        );
    }
    Ok(lines)
}

fn credential(design: &Design) -> String {
    let Design { credential_name, issuer, subject, audience, .. } = design;
    match design.identity {
        Principal::NewManagedIdentity { .. } | Principal::ManagedIdentity { .. } => format!(
            "# The federated credential.\n\
             az identity federated-credential create --name {} --identity-name \"$identity_name\" \\\n  \
             --resource-group \"$resource_group\" \\\n  \
             --issuer {} \\\n  \
             --subject {} \\\n  \
             --audiences {audience} --output none",
            bash(credential_name),
            issuer.bash(),
            subject.bash(),
        ),
        Principal::NewApplication { .. } | Principal::Application { .. } => {
            let parameters = Value::from(format!("{{\"name\":{},\"issuer\":\"", json(credential_name)))
                .then(issuer.json())
                .then("\",\"subject\":\"")
                .then(subject.json())
                .then(format!("\",\"audiences\":[{}]}}", json(audience)));
            format!(
                "# The federated credential.\n\
                 parameters={}\n\
                 if [[ -z $(az ad app federated-credential list --id \"$client_id\" --query \"[?name=='{credential_name}'].id\" --output tsv) ]]; then\n  \
                 az ad app federated-credential create --id \"$client_id\" --parameters \"$parameters\" --output none\n\
                 else\n  \
                 az ad app federated-credential update --id \"$client_id\" --federated-credential-id {credential_name} \\\n    \
                 --parameters \"$parameters\" --output none\n\
                 fi",
                parameters.bash(),
            )
        }
    }
}

/// The ids as soon as there are some: whatever goes wrong later, they can be entered.
fn ids(design: &Design) -> String {
    const CLIENT_ID: &str = "printf 'client id  %s\\n' \"$client_id\"";
    if matches!(design.trusted, Trusted::ManagedIdentity { .. }) {
        return CLIENT_ID.to_owned();
    }
    let tenant = match design.tenant.known() {
        Some(tenant) => bash(&tenant),
        None => "\"$(az account show --query tenantId --output tsv)\"".to_owned(),
    };
    format!("{CLIENT_ID}\nprintf 'tenant id  %s\\n' {tenant}\n{OBJECT_ID}")
}

const OBJECT_ID: &str = "printf 'object id  %s\\n' \"$object_id\"";

fn membership(design: &Design) -> String {
    let mut lines = Vec::new();
    if let Trusted::ManagedIdentity { organization_tenant, .. } = &design.trusted {
        lines.push("# The application in the tenant of the organization: its enterprise application.".to_owned());
        lines.push(format!("az login --tenant {} --allow-no-subscriptions --output none", organization_tenant.bash()));
        lines.push(format!("{SERVICE_PRINCIPAL}\n{OBJECT_ID}\n"));
    }
    let body = r#"{"accessLevel":{"accountLicenseType":"express"},"servicePrincipal":{"origin":"aad","originId":"'"$object_id"'","subjectKind":"servicePrincipal"}}"#;
    lines.push(format!(
        "# Membership in the organization with Basic access: express. The id is that of the enterprise application.\n\
         joined=$(azure_devops post {} \\\n  --body '{body}' \\\n  --query isSuccess) || joined=false\n\
         if [[ $joined != true ]]; then\n  \
         member=$(azure_devops get {} \\\n    \
         --query \"items[?member.originId=='$object_id'].member.originId | [0]\") || member=\n  \
         [[ $member == \"$object_id\" ]] ||\n    \
         fail \"Azure DevOps did not add $object_id; where Organization settings, Users, shows it already, all is well\"\n  \
         printf 'note: %s is a member of the organization already; its access level stays as it is\\n' \"$object_id\"\n\
         fi",
        address::membership(&design.organization).bash(),
        address::members(&design.organization).bash(),
    ));
    lines.join("\n")
}

fn end(design: &Design) -> String {
    let mut lines = vec![
        "No command here gives permissions: give the identity its role on each feed (Feed settings, Permissions; Feed and".to_owned(),
        "Upstream Reader to restore, Feed Publisher to publish) and Read on the repositories.".to_owned(),
    ];
    if matches!(design.trusted, Trusted::Connection { .. }) {
        let rest = "Enter client id and tenant id in the service connection, and permit the pipeline to use it.";
        lines.push(rest.to_owned());
    }
    let made = Made { client_id: "client id that this script prints", tenant_id: "tenant id that this script prints" };
    lines.extend(step::lines(design, made));
    lines.iter().map(|line| format!("# {line}")).collect::<Vec<_>>().join("\n")
}
