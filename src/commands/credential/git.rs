//! Answers git, in the protocol of its credential helpers.

use std::io::Read;

use super::user_helpers;

use crate::agent::job::Job;
use crate::identity::claims;
use crate::kernel::clock::now;
use crate::kernel::organization::Organization;
use crate::tools::{USER_NAME, token_variable};

/// What git may say at most; it says a few hundred bytes.
const LARGEST_REQUEST_BYTES: u64 = 1024 * 1024;
/// git's own limit for a line.
const LONGEST_LINE_BYTES: usize = 65_535;

/// A request of git's, as far as it matters here.
#[derive(Debug, Default, PartialEq)]
struct GitRequest {
    protocol: String,
    host: String,
    path: String,
    takes_bearer: bool,
}

/// Answers git for repositories of organizations that this job serves, and passes everything else on to the helpers that the
/// user has configured; where there are none, it says nothing, and git asks on.
///
/// Source: git's documentation of git-credential, "Input/output format".
pub fn run(operation: &str) -> anyhow::Result<()> {
    let mut input = Vec::new();
    std::io::stdin().take(LARGEST_REQUEST_BYTES).read_to_end(&mut input)?;
    let job = Job::from_environment();
    let Some(request) = parse(&input) else { return Ok(()) };
    match (served(&request, &job), operation) {
        (Some((organization, token)), "get") => {
            if let Some(answer) = answer(&request, &organization, token) {
                crate::commands::print(&answer);
            }
        }
        // The token lives in the job alone: there is nothing to store, and a refusal of it changes nothing.
        (Some(_), _) => {}
        (None, _) => {
            if let Some(answer) = user_helpers::pass_on(operation, &input, &job) {
                crate::commands::print(&answer);
            }
        }
    }
    Ok(())
}

/// The organization that a request is about and the job's token for it, where the job serves it.
fn served<'j>(request: &GitRequest, job: &'j Job) -> Option<(Organization, &'j str)> {
    let organization = Organization::of_url(&format!("{}://{}/{}", request.protocol, request.host, request.path))?;
    // git passes the port on where the URL names it, the default one too.
    let host = request.host.strip_suffix(":443").unwrap_or(&request.host);
    let serves_repositories = host.eq_ignore_ascii_case("dev.azure.com")
        || host.eq_ignore_ascii_case(&format!("{organization}.visualstudio.com"));
    let token = job.variable(&token_variable("git", &organization)).filter(|_| serves_repositories)?;
    Some((organization, token))
}

fn answer(request: &GitRequest, organization: &Organization, token: &str) -> Option<String> {
    let expiry = claims::read(token).and_then(|claims| claims.exp);
    if expiry.is_some_and(|expiry| expiry <= now()) {
        crate::commands::complain(&format!(
            "the access token for {organization} has expired\nremedy: run AdoEntraAuth@1 again before this step"
        ));
        return None;
    }
    let expiry = expiry.map(|expiry| format!("password_expiry_utc={expiry}\n")).unwrap_or_default();
    Some(if request.takes_bearer {
        format!("capability[]=authtype\nauthtype=Bearer\ncredential={token}\nephemeral=1\n{expiry}quit=1\n")
    } else {
        format!("username={USER_NAME}\npassword={token}\n{expiry}quit=1\n")
    })
}

/// Takes a request apart; nothing where it is not beyond doubt.
///
/// Lines end with LF alone, so a CR stands in a value and means mischief (CVE-2024-52006), as do a NUL, a key that comes
/// twice, and an absent host (CVE-2020-11008).
fn parse(input: &[u8]) -> Option<GitRequest> {
    let input = std::str::from_utf8(input).ok()?;
    let mut request = GitRequest::default();
    for line in input.split('\n').take_while(|line| !line.is_empty()) {
        if line.len() > LONGEST_LINE_BYTES || line.chars().any(char::is_control) {
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let field = match key {
            "protocol" => &mut request.protocol,
            "host" => &mut request.host,
            "path" => &mut request.path,
            "capability[]" => {
                request.takes_bearer = (request.takes_bearer || value == "authtype") && !value.is_empty();
                continue;
            }
            _ => continue,
        };
        if !field.is_empty() || value.is_empty() {
            return None;
        }
        value.clone_into(field);
    }
    (!request.protocol.is_empty() && !request.host.is_empty()).then_some(request)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use proptest::prelude::*;

    use super::*;

    fn said(input: &str) -> Option<String> {
        let job = Job::new([(OsString::from("ADO_ENTRA_AUTH_GIT_CONTOSO"), OsString::from("TOKEN"))]);
        let request = parse(input.as_bytes())?;
        let (organization, token) = served(&request, &job)?;
        answer(&request, &organization, token)
    }

    #[test]
    fn permitted_organizations_are_answered() {
        for input in [
            "protocol=https\nhost=dev.azure.com\npath=contoso/Shop/_git/hello\n\n",
            "protocol=https\nhost=dev.azure.com\npath=CONTOSO/Shop/_git/hello\nusername=contoso\nwwwauth[]=Basic\n",
            "protocol=https\nhost=contoso.visualstudio.com\npath=Shop/_git/hello\n",
            "protocol=https\nhost=contoso.visualstudio.com\n",
            "protocol=https\nhost=dev.azure.com:443\npath=contoso/Shop/_git/hello\n",
        ] {
            assert_eq!(said(input).as_deref(), Some("username=ado-entra-auth\npassword=TOKEN\nquit=1\n"), "{input}");
        }
        let bearer = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=dev.azure.com\npath=contoso/x\n";
        let expected = "capability[]=authtype\nauthtype=Bearer\ncredential=TOKEN\nephemeral=1\nquit=1\n";
        assert_eq!(said(bearer).as_deref(), Some(expected));
    }

    #[test]
    fn everything_else_is_met_with_silence() {
        for input in [
            "",
            "protocol=https\nhost=dev.azure.com\npath=fabrikam/Shop/_git/hello\n",
            "protocol=https\nhost=dev.azure.com\npath=contosoB/x\n",
            "protocol=https\nhost=dev.azure.com\n",
            "protocol=http\nhost=dev.azure.com\npath=contoso/x\n",
            "protocol=https\nhost=evil.example\npath=contoso/x\n",
            "protocol=https\nhost=dev.azure.com.evil.example\npath=contoso/x\n",
            "protocol=https\nhost=dev.azure.com:444\npath=contoso/x\n",
            "protocol=https\nhost=dev.azure.com\r\npath=contoso/x\n",
            "protocol=https\nhost=dev.azure.com\nhost=evil.example\npath=contoso/x\n",
            "protocol=https\nhost=\npath=contoso/x\n",
            "host=dev.azure.com\npath=contoso/x\n",
            "protocol=https\npath=contoso/x\n",
            "protocol=https\nhost=dev.azure.com\npath=contoso/../fabrikam/x\n",
            "protocol=https\nhost=dev.azure.com\0\npath=contoso/x\n",
            "protocol=https\nhost=pkgs.dev.azure.com\npath=contoso/x\n",
            "nonsense\nprotocol=https\nhost=dev.azure.com\npath=contoso/x\n",
        ] {
            assert_eq!(said(input), None, "{input:?}");
        }
        let long = format!("protocol=https\nhost=dev.azure.com\npath=contoso/{}\n", "x".repeat(70_000));
        assert_eq!(said(&long), None);
    }

    proptest! {
        #[test]
        fn no_input_gets_a_token_to_another_host(host in "[a-z.:@/\\\\%]{0,30}", path in "\\PC{0,40}") {
            let input = format!("protocol=https\nhost={host}\npath={path}\n");
            let permitted = host == "dev.azure.com" || host == "contoso.visualstudio.com";
            prop_assert!(permitted || said(&input).is_none());
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }
    }
}
