//! `GET /{org}/_apis/connectionData`: who am I here? And `OPTIONS /{org}/_apis/Location`, by which Azure's client for Node (and so tfx) finds
//! that address.

use super::access::{self, Door, Visit};
use super::errors::{self, ANONYMOUS};
use super::place;
use crate::faults::ConnectionDataFault;
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use crate::world::{Organization, World};
use serde_json::{Value, json};

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::ConnectionData,
    claims: |_, call| place::of(call).is_some_and(|p| is_location(call) || p.api(&["connectionData"]).is_some()),
    answer,
};

fn is_location(call: &Call) -> bool {
    call.method == "OPTIONS" && place::of(call).is_some_and(|p| p.api(&["Location"]).is_some())
}

fn answer(state: &State, call: &Call) -> Answer {
    access::within(state, call, Door::Main, |visit| {
        let Visit { organization, caller, .. } = visit;
        if is_location(call) {
            // Of many (microsoft/azure-devops-node-api, `LocationsApi.ts`).
            let location = json!({
                "id": "00d9565f-ed9c-4a06-9a50-00e7896ccab4", "area": "Location", "resourceName": "ConnectionData",
                "routeTemplate": "_apis/{resource}", "resourceVersion": 1, "minVersion": "1.0", "maxVersion": "7.2",
                "releasedVersion": "0.0",
            });
            return Answer::json(200, &json!({ "count": 1, "value": [location] }));
        }
        Answer::json(200, &document(organization, &caller.object_id, &caller.display_name))
    })
}

fn document(organization: &Organization, object_id: &str, display_name: &str) -> Value {
    let identity = json!({
        "id": object_id,
        "descriptor": format!("Microsoft.VisualStudio.Services.Claims.AadServicePrincipal;{}\\{object_id}", organization.tenant),
        "subjectDescriptor": format!("aadsp.{}", crate::guid::coded(object_id)),
        "providerDisplayName": display_name,
        "isActive": true,
        "properties": { "Account": { "$type": "System.String", "$value": object_id } },
        "resourceVersion": 2, "metaTypeId": 2,
    });
    let name = &organization.name;
    json!({
        "authenticatedUser": identity, "authorizedUser": identity,
        "instanceId": organization.id, "deploymentId": "00000000-0000-8888-8000-000000000000", "deploymentType": "hosted",
        "locationServiceData": {
            "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7", "defaultAccessMappingMoniker": "PublicAccessMapping",
            "accessMappings": [
                { "displayName": "Host Guid Access Mapping", "moniker": "HostGuidAccessMapping",
                  "accessPoint": format!("https://dev.azure.com/{name}/"), "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7" },
                { "displayName": "VSTS Access Mapping", "moniker": "VstsAccessMapping",
                  "accessPoint": format!("https://{name}.visualstudio.com/"), "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7" },
            ],
        },
    })
}

/// The answer of a fault; `None` when the organization is unknown.
pub(crate) fn faulty(kind: &ConnectionDataFault, call: &Call, world: &World) -> Option<Answer> {
    let place = place::of(call)?;
    let organization = world.organization(&place.organization)?;
    let object_id = organization.members.first().cloned().unwrap_or_default();
    let refuse = |answer: Answer| access::refuse(world, organization, call, answer);
    let title = "VS403463: The conditional access policy defined by your Microsoft Entra administrator has failed.";
    Some(match kind {
        ConnectionDataFault::Anonymous => Answer::json(200, &document(organization, ANONYMOUS, "Anonymous")),
        ConnectionDataFault::NotAUser => refuse(errors::not_a_user(&organization.tenant, &object_id)),
        ConnectionDataFault::Unauthorized => refuse(errors::unauthorized(&object_id)),
        ConnectionDataFault::EmptyBasic => {
            Answer::status(401).header("WWW-Authenticate", "Basic realm=\"https://tfsprodweu3.visualstudio.com/\"")
        }
        ConnectionDataFault::ServiceErrorHeader => {
            let text = format!("TF400813: The user '{object_id}' is not authorized to access this resource.");
            let coded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            Answer::html(401, "<!DOCTYPE html><html><head><title>Azure DevOps Services | 401</title></head></html>")
                .header("X-TFS-ServiceError", coded)
        }
        ConnectionDataFault::ConditionalAccess => errors::error(403, "ConditionalAccessPolicyException", title),
        ConnectionDataFault::ConditionalAccessPage => {
            Answer::html(403, &format!("<!DOCTYPE html><html><head><title>{title}</title></head><body></body></html>"))
        }
        ConnectionDataFault::Throttled => errors::error(
            429,
            "RequestBlockedException",
            "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource.",
        )
        .header("Retry-After", "1")
        .header("X-RateLimit-Resource", "TSTUs")
        .header("X-RateLimit-Remaining", "0"),
        ConnectionDataFault::NoLicence => errors::error(
            403,
            "MissingLicenseException",
            "TF400409: You do not have licensing rights to access this feature: Code",
        ),
        ConnectionDataFault::Refusal(error) if error.status == 401 => refuse(errors::answer(error)),
        ConnectionDataFault::Refusal(error) => errors::answer(error),
        ConnectionDataFault::Delayed => {
            Answer::json(200, &document(organization, &object_id, "delayed")).header("Retry-After", "1")
        }
    })
}
