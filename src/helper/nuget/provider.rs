//! The words of NuGet's older credential providers, which `nuget.exe` since 3.3 and Paket know: one start for one address.
//!
//! `-uri ADDRESS`, with `-nonInteractive`, `-isRetry` and `-verbosity WORD` as it may be. The answer is JSON on stdout, and the exit
//! code says whether it is one.
//! Sources: <https://learn.microsoft.com/nuget/reference/extensibility/nuget-exe-credential-providers>; fsprojects/Paket,
//! `src/Paket.Core/Versioning/CredentialProviders.fs`.

use std::ffi::OsString;
use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroizing;

use super::super::{Question, Reply};
use crate::diagnosis::{Explanation, harmless};
use crate::kernel::dialect::{Dialect, USER_NAME};

/// What a client reads, and the exit code by which it knows what that is.
pub struct Answer {
    /// One line of JSON.
    pub text: Zeroizing<String>,
    /// 0 for a credential, 1 where others are to be asked, 2 where there is none to be had.
    pub code: u8,
    /// Why there is none, for stderr: nuget.exe shows what is said there, and no message of an answer (measured with 5.8).
    pub trouble: Option<Explanation>,
}

/// nuget.exe drops what a provider has said on stderr once that one has ended: so long it has to show it.
/// (NuGet/NuGet.Client, `src/NuGet.Core/NuGet.Credentials/PluginCredentialProvider.cs`)
pub const UNTIL_READ: Duration = Duration::from_millis(300);

const GIVEN: u8 = 0;
const NOT_OURS: u8 = 1;
const TROUBLE: u8 = 2;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Said<'a> {
    username: &'a str,
    password: &'a str,
    message: &'a str,
    auth_types: &'a [&'a str],
}

/// Whether these are the arguments of such a call, and not those of a plugin's.
pub fn is_call(arguments: &[OsString]) -> bool {
    address(arguments).is_some()
}

/// The argument behind `-uri`.
fn address(arguments: &[OsString]) -> Option<&str> {
    let is_uri = |argument: &OsString| argument.to_str().is_some_and(|text| text.eq_ignore_ascii_case("-uri"));
    arguments.iter().position(is_uri).and_then(|at| arguments.get(at + 1)?.to_str())
}

/// Answers a call. `ask` is told whether the client was refused with what it had been given.
pub fn answer(arguments: &[OsString], ask: &mut dyn FnMut(&Question, bool) -> Reply) -> Answer {
    let url = address(arguments).unwrap_or_default().to_owned();
    let is_retry = arguments.iter().any(|argument| argument.eq_ignore_ascii_case("-isRetry"));
    match ask(&Question { client: Dialect::NuGet, url }, is_retry) {
        Reply::Token(issued) => said(USER_NAME, issued.token.reveal(), "", GIVEN),
        Reply::NotOurs => said("", "", "AdoEntraAuth@1 serves no feed at this address", NOT_OURS),
        Reply::Trouble(told) => {
            let message = harmless(&format!("{} (remedy: {})", told.headline, told.remedy));
            Answer { trouble: Some(told), ..said("", "", &message, TROUBLE) }
        }
    }
}

fn said(username: &str, password: &str, message: &str, code: u8) -> Answer {
    let said = Said { username, password, message, auth_types: &["basic"] };
    let text = Zeroizing::new(serde_json::to_string(&said).unwrap_or_default() + "\n");
    Answer { text, code, trouble: None }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::helper::tests::{Runs, token_of};
    use crate::kernel::clock::now;

    const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json";

    /// The answer, its exit code, whether there is more to say, and whether the client was refused before.
    fn answered(arguments: &[&str], expires_at: u64) -> (Value, u8, bool, bool) {
        let mut runs = Runs::new();
        runs.run(1, &[("contoso", Dialect::NuGet, None)], &[], expires_at);
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let mut refused = false;
        let answer = answer(&arguments, &mut |question, is_retry| {
            refused = is_retry;
            runs.reply(1, question.client, &question.url)
        });
        assert!(answer.text.ends_with('\n') && answer.text.lines().count() == 1);
        (serde_json::from_str(&answer.text).unwrap(), answer.code, answer.trouble.is_some(), refused)
    }

    #[test]
    fn the_answer_is_what_clients_read() {
        let given =
            json!({"Username": USER_NAME, "Password": token_of("contoso"), "Message": "", "AuthTypes": ["basic"]});
        let later = now() + 60;
        for arguments in [
            &["-uri", FEED][..],
            &["-uri", FEED, "-nonInteractive", "-verbosity", "detailed"],
            &["-NonInteractive", "-Uri", FEED],
        ] {
            assert_eq!(answered(arguments, later), (given.clone(), 0, false, false));
        }
        assert_eq!(answered(&["-uri", FEED, "-isRetry"], later), (given.clone(), 0, false, true));
        assert!(answered(&["-IsRetry", "-uri", FEED], later).3);
    }

    #[test]
    fn what_is_not_ours_is_left_to_others_and_trouble_is_told() {
        let later = now() + 60;
        let foreign = FEED.replace("contoso", "fabrikam");
        for url in [&foreign, "https://evil.example/contoso/_packaging/feed1/nuget/v3/index.json", "", "\"}", "-uri"] {
            let (said, code, has_trouble, _) = answered(&["-uri", url], later);
            assert_eq!((&said["Password"], code, has_trouble), (&json!(""), NOT_OURS, false), "{url}");
        }
        let (said, code, has_trouble, _) = answered(&["-uri", FEED], now() - 1);
        assert_eq!((&said["Password"], code, has_trouble), (&json!(""), TROUBLE, true));
        assert!(said["Message"].as_str().unwrap().contains("has expired"), "{said}");
    }

    #[test]
    fn a_call_of_the_newer_kind_is_none_of_this() {
        let is_call = |arguments: &[&str]| is_call(&arguments.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(is_call(&["-uri", FEED]) && is_call(&["-URI", ""]));
        assert!(!is_call(&["-Plugin"]) && !is_call(&["-uri"]) && !is_call(&[]) && !is_call(&["--uri", FEED]));
    }
}
