//! Service connections, the job's own among them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Job;
use crate::identity::pipeline::Pipeline;
use crate::kernel::secret::{Assertion, CertificateContent, ClientSecret, JobToken};

/// A service connection.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Its address.
    pub url: Option<String>,
    /// Its authorization scheme.
    pub scheme: Option<String>,
    /// Parameter `servicePrincipalId`.
    pub client_id: Option<String>,
    /// Parameter `tenantId`.
    pub tenant_id: Option<String>,
    /// Parameter `idToken`: an assertion that the service bound to the connection when the job began.
    pub id_token: Option<Assertion>,
    /// Parameter `authenticationType` of a service principal: `spnKey` or `spnCertificate`.
    pub authentication_type: Option<String>,
    /// Parameter `servicePrincipalKey`.
    pub client_secret: Option<ClientSecret>,
    /// Parameter `servicePrincipalCertificate`: key and certificate in one PEM text.
    pub client_certificate: Option<CertificateContent>,
    /// Data `msiClientId`: the client id of a user-assigned identity.
    pub machine_client_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Authorization {
    parameters: BTreeMap<String, String>,
    scheme: Option<String>,
}

impl Job {
    /// The service connection of this id.
    pub fn endpoint(&self, id: &str) -> Endpoint {
        let value = |name: String| self.in_any_case(&name).map(str::to_owned);
        let json = value(format!("ENDPOINT_AUTH_{id}"));
        let whole: Authorization = json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let parameter = |name: &str| {
            let in_json =
                || whole.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
            value(format!("ENDPOINT_AUTH_PARAMETER_{id}_{name}")).or_else(in_json).filter(|value| !value.is_empty())
        };
        Endpoint {
            url: value(format!("ENDPOINT_URL_{id}")),
            scheme: value(format!("ENDPOINT_AUTH_SCHEME_{id}")).or_else(|| whole.scheme.clone()),
            client_id: parameter("SERVICEPRINCIPALID"),
            tenant_id: parameter("TENANTID"),
            id_token: parameter("IDTOKEN").map(Assertion::new),
            authentication_type: parameter("AUTHENTICATIONTYPE"),
            client_secret: parameter("SERVICEPRINCIPALKEY").map(ClientSecret::new),
            client_certificate: parameter("SERVICEPRINCIPALCERTIFICATE").map(CertificateContent::new),
            machine_client_id: value(format!("ENDPOINT_DATA_{id}_MSICLIENTID")),
        }
    }

    /// What an assertion is asked with.
    pub fn pipeline(&self) -> Pipeline {
        let text = |name: &str| self.variable(name).map(str::to_owned);
        let of_the_connection = || {
            let json = self.in_any_case("ENDPOINT_AUTH_SYSTEMVSSCONNECTION")?;
            let whole: Authorization = serde_json::from_str(json).ok()?;
            whole
                .parameters
                .into_iter()
                .find(|(key, _)| key.eq_ignore_ascii_case("AccessToken"))
                .map(|(_, value)| value)
        };
        let token = text("ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN")
            .or_else(of_the_connection)
            .or_else(|| self.secret("SYSTEM_ACCESSTOKEN").map(str::to_owned));
        Pipeline {
            request_uri: text("SYSTEM_OIDCREQUESTURI"),
            collection: text("SYSTEM_COLLECTIONURI"),
            project_id: text("SYSTEM_TEAMPROJECTID"),
            host_type: text("SYSTEM_HOSTTYPE"),
            plan_id: text("SYSTEM_PLANID"),
            job_id: text("SYSTEM_JOBID"),
            job_token: token.filter(|token| !token.is_empty()).map(JobToken::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::job;

    #[test]
    fn a_connection_is_read_from_single_values_and_from_json() {
        let id = "b6f3c1de-1111-4222-8333-444455556666";
        let single = job(&[
            (&format!("ENDPOINT_URL_{id}"), "https://dev.azure.com/contoso/"),
            (&format!("ENDPOINT_AUTH_SCHEME_{id}"), "WorkloadIdentityFederation"),
            (&format!("ENDPOINT_AUTH_PARAMETER_{id}_SERVICEPRINCIPALID"), "c"),
            (&format!("ENDPOINT_AUTH_PARAMETER_{id}_TENANTID"), "t"),
        ]);
        let json = job(&[(
            &format!("ENDPOINT_AUTH_{}", id.to_uppercase()),
            r#"{"parameters":{"serviceprincipalid":"c","tenantid":"t"},"scheme":"WorkloadIdentityFederation"}"#,
        )]);
        for endpoint in [single.endpoint(id), json.endpoint(id)] {
            assert_eq!(endpoint.scheme.as_deref(), Some("WorkloadIdentityFederation"));
            assert_eq!((endpoint.client_id.as_deref(), endpoint.tenant_id.as_deref()), (Some("c"), Some("t")));
        }
    }
}
