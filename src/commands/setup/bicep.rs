//! The design as a Bicep file.
//!
//! Bicep creates the identity and its federated credential; Azure DevOps is beyond it, so the membership follows as a command in a
//! comment.
//!
//! Sources: Microsoft's template reference of `Microsoft.ManagedIdentity/userAssignedIdentities` 2023-01-31 and of
//! `Microsoft.Graph/applications`, `applications/federatedIdentityCredentials` and `servicePrincipals` v1.0; microsoftgraph's
//! msgraph-bicep-types, quickstart-templates/msi-as-a-fic-secretless.

use super::design::{Design, Trusted};
use super::principal::Principal;
use super::step::{self, Made};
use super::unknown::Unknown;
use super::value::Value;
use super::{address, sentences};
use crate::identity::entra::AZURE_DEVOPS;

/// The file.
pub fn file(design: &Design) -> String {
    let mut blocks = vec![head(design)];
    blocks.extend(parameters(design));
    blocks.extend(match &design.identity {
        Principal::NewManagedIdentity { .. } | Principal::ManagedIdentity { .. } => managed_identity(design),
        Principal::NewApplication { .. } | Principal::Application { .. } => application(design),
    });
    blocks.push(afterwards(design));
    blocks.join("\n\n") + "\n"
}

fn head(design: &Design) -> String {
    let group = match &design.identity {
        Principal::NewManagedIdentity { resource_group, .. } | Principal::ManagedIdentity { resource_group, .. } => {
            resource_group.shown()
        }
        Principal::NewApplication { .. } | Principal::Application { .. } => "<any resource group>".to_owned(),
    };
    let mut lines = vec![
        format!("// {}", design.headline()),
        format!("// az deployment group create --resource-group {group} --template-file <this file>"),
    ];
    lines.extend(sentences(&design.notes).map(|line| format!("// {line}")));
    if matches!(design.identity, Principal::NewApplication { .. } | Principal::Application { .. }) {
        lines.push("\nextension 'br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0'".to_owned());
    }
    lines.join("\n")
}

fn parameters(design: &Design) -> Vec<String> {
    let mut unknowns = design.unknowns();
    if let Principal::ManagedIdentity { name, .. } | Principal::Application { name, .. } = &design.identity {
        unknowns.extend(name.unknowns());
    }
    unknowns
        .into_iter()
        .map(|unknown| {
            let description = Value::from(format!("The {}: {}", unknown.words(), unknown.place())).bicep();
            format!("@description({description})\nparam {} string", unknown.parameter())
        })
        .collect()
}

fn managed_identity(design: &Design) -> Vec<String> {
    const TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
    let identity = match &design.identity {
        Principal::NewManagedIdentity { name, location, .. } => {
            let location = location.as_ref().map(|location| Value::from(location.as_str()).bicep());
            format!(
                "resource identity '{TYPE}@2023-01-31' = {{\n  name: {}\n  location: {}\n}}",
                Value::from(name.as_str()).bicep(),
                location.as_deref().unwrap_or("resourceGroup().location"),
            )
        }
        Principal::ManagedIdentity { name, .. } => {
            format!("resource identity '{TYPE}@2023-01-31' existing = {{\n  name: {}\n}}", name.bicep())
        }
        Principal::NewApplication { .. } | Principal::Application { .. } => String::new(),
    };
    let credential = format!(
        "resource credential '{TYPE}/federatedIdentityCredentials@2023-01-31' = {{\n  parent: identity\n  name: {}\n  \
         properties: {{\n    issuer: {}\n    subject: {}\n    audiences: [\n      {}\n    ]\n  }}\n}}",
        Value::from(design.credential_name.as_str()).bicep(),
        design.issuer.bicep(),
        design.subject.bicep(),
        Value::from(design.audience).bicep(),
    );
    let outputs = "output clientId string = identity.properties.clientId\n\
                   output tenantId string = identity.properties.tenantId\n\
                   output objectId string = identity.properties.principalId";
    vec![identity, credential, outputs.to_owned()]
}

fn application(design: &Design) -> Vec<String> {
    let across_tenants = matches!(design.trusted, Trusted::ManagedIdentity { .. });
    let (application, existing) = match &design.identity {
        Principal::NewApplication { name } => {
            let name = Value::from(name.as_str()).bicep();
            let audience = if across_tenants { "AzureADMultipleOrgs" } else { "AzureADMyOrg" };
            let properties = format!("uniqueName: {name}\n  displayName: {name}\n  signInAudience: '{audience}'");
            (format!("resource application 'Microsoft.Graph/applications@v1.0' = {{\n  {properties}\n}}"), "")
        }
        Principal::Application { name, .. } => {
            let name = name.bicep();
            let line = format!(
                "resource application 'Microsoft.Graph/applications@v1.0' existing = {{\n  uniqueName: {name}\n}}"
            );
            (line, "existing ")
        }
        Principal::NewManagedIdentity { .. } | Principal::ManagedIdentity { .. } => (String::new(), ""),
    };
    let credential = format!(
        "resource credential 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {{\n  \
         name: '${{application.uniqueName}}/{}'\n  issuer: {}\n  subject: {}\n  audiences: [\n    {}\n  ]\n}}",
        design.credential_name,
        design.issuer.bicep(),
        design.subject.bicep(),
        Value::from(design.audience).bicep(),
    );
    let mut blocks = vec![application, credential];
    let mut outputs = vec!["output clientId string = application.appId".to_owned()];
    if !across_tenants {
        blocks.push(format!(
            "resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' {existing}= {{\n  appId: application.appId\n}}"
        ));
        outputs.push("output tenantId string = tenant().tenantId".to_owned());
        outputs.push("output objectId string = servicePrincipal.id".to_owned());
    }
    blocks.push(outputs.join("\n"));
    blocks
}

fn afterwards(design: &Design) -> String {
    let mut lines = Vec::new();
    let mut object_id = "<the output objectId>";
    if let Trusted::ManagedIdentity { organization_tenant, .. } = &design.trusted {
        object_id = "<what az ad sp create printed>";
        lines.push(
            "A deployment reaches one tenant. In the organization's, the application becomes known by:".to_owned(),
        );
        lines.push(format!("  az login --tenant {} --allow-no-subscriptions", organization_tenant.shown()));
        lines.push("  az ad sp create --id <the output clientId> --query id --output tsv".to_owned());
    }
    lines.push("Bicep does not reach Azure DevOps. Membership in the organization, with Basic access:".to_owned());
    lines.push(format!("  az rest --method post --resource {AZURE_DEVOPS} \\"));
    lines.push(format!("    --url '{}' \\", address::membership(&design.organization).shown()));
    lines.push(format!(
        "    --body '{{\"accessLevel\":{{\"accountLicenseType\":\"express\"}},\"servicePrincipal\":{{\"origin\":\"aad\",\"originId\":\"{object_id}\",\"subjectKind\":\"servicePrincipal\"}}}}'"
    ));
    // No resource reads these, and Bicep warns of a parameter that none does: so they stay placeholders.
    let mut open: Vec<Unknown> = design.organization.unknowns().collect();
    if let Trusted::ManagedIdentity { organization_tenant, .. } = &design.trusted {
        open.extend(organization_tenant.unknowns());
    }
    for unknown in open {
        lines.push(format!("The {}: {}; or run setup with {}.", unknown.words(), unknown.place(), unknown.option()));
    }
    lines.push("Then its role on each feed (Feed settings, Permissions) and Read on the repositories.".to_owned());
    let connection = matches!(design.trusted, Trusted::Connection { .. });
    if connection {
        lines.push(
            "Enter the outputs clientId and tenantId in the service connection, and permit the pipeline to use it."
                .to_owned(),
        );
    }
    if design.unknowns().contains(&Unknown::Subject) {
        lines.push("With --tenant-id, setup works out issuer and subject itself.".to_owned());
    }
    let made = Made { client_id: "the output clientId", tenant_id: "the output tenantId" };
    lines.extend(step::lines(design, made));
    lines.iter().map(|line| format!("// {line}")).collect::<Vec<_>>().join("\n")
}
