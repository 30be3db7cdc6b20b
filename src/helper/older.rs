//! TO BE REMOVED with the switch of `tools::git` to a file that git includes: the token in a variable, `credential git get`.

use super::vault::Issued;
use super::{Question, Reply, in_time, wanted};
use crate::identity::claims;
use crate::kernel::clock::now;
use crate::kernel::secret::AccessToken;
use crate::tools::token_variable;

pub fn reply(question: &Question, variable: &dyn Fn(&str) -> Option<String>) -> Reply {
    let Some(wanted) = wanted(question) else { return Reply::NotOurs };
    let token = variable(&token_variable(wanted.client.name(), &wanted.organization)).filter(|token| !token.is_empty());
    let Some(token) = token else { return Reply::NotOurs };
    let expires_at = claims::read(&token).and_then(|claims| claims.exp).unwrap_or_else(|| now() + 60);
    in_time(Issued { organization: wanted.organization, token: AccessToken::new(token), expires_at })
}
