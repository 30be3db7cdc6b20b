//! The numbers of Microsoft Entra with the status, the `error` field and the words that go with each.
//!
//! Status and field are those of captured answers where there are any (public logs, Microsoft's reference of error codes, MSAL's
//! tests); for the others, those of their kind. A client must not depend on either.

/// `(number, status, error, words)`; the words may name `{tenant}`, `{client}`, `{iss}`, `{sub}`, `{aud}`, `{nbf}`, `{exp}`, `{now}`.
type Row = (u32, u16, &'static str, &'static str);

const CLIENT: &str = "invalid_client";
const REQUEST: &str = "invalid_request";
const SCOPE: &str = "invalid_scope";
const RESOURCE: &str = "invalid_resource";
const UNAUTHORIZED: &str = "unauthorized_client";
const GRANT: &str = "invalid_grant";
const DENIED: &str = "access_denied";
const LATER: &str = "temporarily_unavailable";
const SERVER: &str = "server_error";

/// What Entra says under this number; an unknown one is a refused client.
pub(super) fn find(code: u32) -> Row {
    ROWS.iter().find(|row| row.0 == code).copied().unwrap_or((code, 401, CLIENT, "The request was refused."))
}

const ROWS: &[Row] = &[
    // Federated assertions.
    (
        70_021,
        400,
        REQUEST,
        "No matching federated identity record found for presented assertion. Assertion Issuer: '{iss}'. Assertion Subject: \
         '{sub}'. Assertion Audience: '{aud}'. https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    ),
    (
        700_211,
        401,
        CLIENT,
        "No matching federated identity record found for presented assertion issuer '{iss}'. Check your federated identity \
         credential Subject, Audience and Issuer against the presented assertion. \
         https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    ),
    (
        700_212,
        401,
        CLIENT,
        "No matching federated identity record found for presented assertion audience '{aud}'. Check your federated identity \
         credential Subject, Audience and Issuer against the presented assertion. \
         https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    ),
    (
        700_213,
        401,
        CLIENT,
        "No matching federated identity record found for presented assertion subject '{sub}'. Check your federated identity \
         credential Subject, Audience and Issuer against the presented assertion. \
         https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    ),
    (
        7_002_138,
        401,
        CLIENT,
        "No matching federated identity record found for presented assertion subject '{sub}'. The subject matches with \
         case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity credential Subject, \
         Audience and Issuer against the presented assertion. \
         https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    ),
    (
        7_002_137,
        401,
        CLIENT,
        "The subject '{sub}' of the presented assertion has not the form expected of its issuer: \
         '/eid1/c/pub/t/{tenant}/a/<application>/sc/<organization>/<connection>'.",
    ),
    (70_025, 401, CLIENT, "The client '{client}' has no configured federated identity credentials."),
    (70_052, 401, CLIENT, "The identity must be a managed identity, single tenant app, or service account."),
    (700_223, 400, UNAUTHORIZED, "Workload identity federation is restricted by the tenant '{tenant}'."),
    (700_226, 401, CLIENT, "Only MSI tokens may be used as Federated Identity Credentials for AAD issuer."),
    (700_229, 401, CLIENT, "Only app-only tokens may be used as Federated Identity Credentials for AAD issuer."),
    (
        700_236,
        401,
        CLIENT,
        "Entra ID tokens issued by issuer '{iss}' may not be used for federated identity credential flows for applications or \
         managed identities registered in this tenant.",
    ),
    (700_238, 400, UNAUTHORIZED, "A policy of tenant '{tenant}' allows no federation with the issuer '{iss}' here."),
    (
        700_024,
        401,
        CLIENT,
        "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {nbf}, expiry time of \
         assertion {exp}. Review the documentation.",
    ),
    (50_027, 401, CLIENT, "JWT token is invalid or malformed."),
    (50_013, 400, GRANT, "Assertion failed signature validation."),
    (
        500_133,
        400,
        GRANT,
        "Assertion is not within its valid time range. Current time: {now}, expiry time of assertion {exp}.",
    ),
    (501_661, 401, CLIENT, "The OIDC endpoint of the issuer '{iss}' could not be read."),
    (50_166, 401, CLIENT, "The request to the OIDC endpoint of the issuer '{iss}' failed."),
    (900_384, 401, CLIENT, "JWT token failed signature validation."),
    // Applications and tenants.
    (
        700_016,
        400,
        UNAUTHORIZED,
        "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has \
         not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent \
         your authentication request to the wrong tenant.",
    ),
    (700_011, 400, UNAUTHORIZED, "The client application '{client}' does not exist in the directory '{tenant}'."),
    (70_001, 400, UNAUTHORIZED, "Application '{client}' is not found or is disabled in the tenant."),
    (7_000_112, 400, UNAUTHORIZED, "Application '{client}' is disabled."),
    (
        1_000_031,
        400,
        UNAUTHORIZED,
        "Application '{client}' cannot be accessed at this time. Contact your administrator.",
    ),
    (
        90_002,
        400,
        REQUEST,
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
    ),
    (
        900_023,
        400,
        REQUEST,
        "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.",
    ),
    (90_013, 400, REQUEST, "The input of the request is not valid."),
    (90_023, 400, REQUEST, "The request is not one that the service takes."),
    (9_002_313, 400, REQUEST, "Invalid request. Request is malformed or invalid."),
    (90_100, 400, REQUEST, "A parameter of the request is empty or not valid."),
    (900_144, 400, REQUEST, "The request body must contain the following parameter: 'grant_type'."),
    (70_003, 400, "unsupported_grant_type", "The app requested an unsupported grant type."),
    (5_000_224, 400, UNAUTHORIZED, "The resource is not available in the tenant '{tenant}'."),
    (90_038, 400, REQUEST, "The tenant '{tenant}' lives in another cloud."),
    (900_382, 400, REQUEST, "Confidential Client is not supported in Cross Cloud request."),
    (900_432, 400, REQUEST, "Confidential Client is not supported in Cross Cloud request."),
    (90_051, 400, REQUEST, "The cloud that the request names is not valid."),
    (50_194, 400, REQUEST, "Application '{client}' is not configured as a multi-tenant application."),
    (9_001_023, 400, REQUEST, "The grant type is not supported over the /common or /consumers endpoints."),
    (50_059, 400, REQUEST, "The request names no tenant and its credential implies none."),
    (
        50_128,
        400,
        REQUEST,
        "The domain name is not valid: the request names no tenant and its credential implies none.",
    ),
    (90_019, 400, REQUEST, "No tenant can be found in the request, nor be implied by a credential."),
    (50_049, 400, "invalid_instance", "The instance is unknown or not valid."),
    // Scopes and resources.
    (
        500_011,
        400,
        RESOURCE,
        "The resource principal named {aud} was not found in the tenant named {tenant}. This can happen if the application has not \
         been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent \
         your authentication request to the wrong tenant.",
    ),
    (500_014, 400, RESOURCE, "The service principal of the resource is disabled in the tenant '{tenant}'."),
    (650_052, 400, RESOURCE, "The app '{client}' asks for a service that the tenant '{tenant}' has not subscribed to."),
    (650_054, 400, RESOURCE, "The app '{client}' asks for a resource that has been removed or is not available."),
    (
        650_056,
        400,
        RESOURCE,
        "The app '{client}' is not set up for what it asks: no permission is listed or consented.",
    ),
    (650_057, 400, RESOURCE, "The resource is not listed among the permissions of the app '{client}'."),
    (
        70_011,
        400,
        SCOPE,
        "The provided request must include a 'scope' input parameter. The provided value is not valid.",
    ),
    (
        1_002_012,
        400,
        SCOPE,
        "The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the \
         resource identifier (application ID URI).",
    ),
    (700_022, 400, SCOPE, "The value of the parameter scope names more than one resource."),
    (28_002, 400, SCOPE, "The value of the parameter scope is not valid for an access token."),
    (28_003, 400, SCOPE, "The value of the parameter scope must not be empty."),
    (501_051, 400, GRANT, "Application '{client}' is not assigned to a role for the resource."),
    // Secrets and certificates.
    (
        7_000_215,
        401,
        CLIENT,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client \
         secret ID, for a secret added to app '{client}'.",
    ),
    (7_000_222, 401, CLIENT, "The provided client secret keys for app '{client}' are expired."),
    (70_002, 401, CLIENT, "Error validating credentials."),
    (
        7_000_216,
        401,
        CLIENT,
        "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    ),
    (
        7_000_218,
        401,
        CLIENT,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    (700_025, 401, CLIENT, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
    // The reference lists this number for scopes; public guides show it with these words, which is what certificates meet.
    (700_023, 401, CLIENT, "Client assertion audience claim does not match Realm issuer. Review the documentation."),
    (700_027, 401, CLIENT, "Client assertion failed signature validation. [Reason - The key was not found.]"),
    (
        700_030,
        401,
        CLIENT,
        "Invalid certificate - subject name in certificate is not authorized. SubjectNames/SubjectAlternativeNames in token \
         certificate are not among those of app '{client}'.",
    ),
    (
        50_012,
        401,
        CLIENT,
        "The certificate of the client assertion has no chain to an authority that the application trusts.",
    ),
    (50_003, 401, CLIENT, "No signing key is configured for the application."),
    (50_146, 401, CLIENT, "The application '{client}' must be configured with a signing key of its own."),
    (50_048, 401, CLIENT, "Subject '{sub}' mismatches Issuer '{iss}' in the client assertion."),
    (50_032, 401, CLIENT, "The RSA key is too weak: 2048 bits are the least that is taken."),
    // Policies.
    (100_007, 400, UNAUTHORIZED, "The app '{client}' may not use a regional endpoint."),
    (
        53_003,
        400,
        DENIED,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    (530_032, 400, DENIED, "Blocked by a security policy of the tenant '{tenant}'."),
    (530_035, 400, DENIED, "Access has been blocked by security defaults."),
    (530_084, 400, DENIED, "Access has been blocked by a Conditional Access token protection policy."),
    (50_002, 400, DENIED, "Sign-in was not allowed because of restricted proxy access on the tenant '{tenant}'."),
    (500_021, 400, DENIED, "Access to the tenant '{tenant}' is denied."),
    (500_022, 400, DENIED, "Access to the tenant '{tenant}' is denied by a tenant restriction."),
    (500_212, 400, DENIED, "The home tenant's administrator does not allow outbound access to the tenant '{tenant}'."),
    (500_213, 400, DENIED, "The resource tenant '{tenant}' does not allow inbound access."),
    // Trouble of the service.
    (50_196, 400, GRANT, "The server ended the request because it met a client request loop."),
    (90_055, 429, LATER, "The request has been throttled because of excessive demands."),
    (50_033, 503, LATER, "A transient error has occurred. Please try again."),
    (90_006, 500, SERVER, "External server retryable error."),
    (90_012, 504, LATER, "A timeout occurred while the request was dealt with. Please try again."),
    (90_024, 503, LATER, "A transient error has occurred. Please try again."),
    (90_033, 503, LATER, "A transient error has occurred. Please try again."),
    (90_090, 504, LATER, "A dependency did not answer in time. Please try again."),
    (40_010, 503, LATER, "An identity provider had a transient error. Please try again."),
    (50_000, 500, SERVER, "There was an error issuing a token."),
    (90_036, 500, SERVER, "An unexpected, non-retryable error stemming from the directory service has occurred."),
    (90_091, 500, SERVER, "An unexpected, non-retryable error of the directory service has occurred."),
    (90_092, 500, SERVER, "A non-retryable error has occurred while requesting the directory."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_stands_once_and_every_error_fits_its_status() {
        for (position, (code, status, error, words)) in ROWS.iter().enumerate() {
            assert!(ROWS[position + 1..].iter().all(|other| other.0 != *code), "{code} twice");
            let fits = match *error {
                CLIENT => *status == 401,
                LATER => matches!(status, 429 | 503 | 504),
                SERVER => *status == 500,
                _ => *status == 400,
            };
            assert!(fits && words.ends_with(['.', ']', '\'']) || words.contains("https://"), "{code}");
        }
        assert_eq!(find(7_654_321), (7_654_321, 401, CLIENT, "The request was refused."));
    }
}
