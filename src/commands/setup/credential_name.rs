//! How a federated credential is called in Entra.

use super::design::Trusted;

/// A name for the credential: 3 to 120 letters, digits, `-` and `_` (Microsoft's reference of
/// `userAssignedIdentities/federatedIdentityCredentials`).
///
/// Creating under a name that exists replaces what is there, so two sources get two names: where a letter had to go, a checksum of
/// the whole comes in.
pub fn of(trusted: &Trusted) -> String {
    let parts: Vec<String> = match trusted {
        Trusted::Connection { project: Some(project), connection: Some(connection), .. } => {
            vec![project.clone(), connection.clone()]
        }
        Trusted::Connection { id: Some(id), .. } => vec![id.to_string()],
        Trusted::Connection { connection, .. } => connection.iter().cloned().collect(),
        Trusted::Pipeline { project, pipeline } => vec!["pipeline".to_owned(), project.clone(), pipeline.clone()],
        Trusted::ManagedIdentity { object_id, .. } => vec![object_id.to_string()],
    };
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let slugs: Vec<String> = parts.iter().map(|part| part.chars().map(plain).collect()).collect();
    let slug: String = slugs.join("_").chars().take(90).collect();
    if parts.join("_") == slug && slugs == parts {
        format!("ado-{slug}")
    } else {
        format!("ado-{slug}-{:08x}", checksum(&parts.join("/")))
    }
}

/// FNV-1a: short, and the same in every version of this program.
fn checksum(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
