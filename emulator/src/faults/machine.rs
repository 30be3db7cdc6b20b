//! Trouble of machines with managed identities.

/// Other answers of a managed identity's source.
#[derive(Clone, Debug)]
pub enum MachineFault {
    /// An error of the source's own form with this status.
    Refusal(u16),
    /// 403 with the text by which Docker's network says that the metadata service cannot be reached.
    UnreachableNetwork,
    /// `expires_on` in another form.
    ExpiresOn(ExpiryForm),
    /// Numbers as numbers where the source writes texts.
    Numbers,
    /// Another challenge of Azure Arc.
    Arc(ArcFault),
}

/// Forms of `expires_on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryForm {
    /// `1790000000`, a number.
    Number,
    /// `"2026-11-20T10:11:12Z"`
    Rfc3339,
    /// `"11/20/2026 10:11:12 AM +00:00"`
    American,
    /// `"soon"`
    Nonsense,
    /// No such field.
    Absent,
}

/// Other challenges of Azure Arc. Where a file is written, it holds the right key: a client that reads and sends it gets its token,
/// so that the test sees it.
#[derive(Clone, Debug)]
pub enum ArcFault {
    /// The first answer is a token already.
    NoChallenge,
    /// 401 without `WWW-Authenticate`.
    NoHeader,
    /// 401 with this `WWW-Authenticate`.
    Header(String),
    /// The key lies beside the folder of keys.
    Outside,
    /// The same by a path that starts in the folder and leaves it again.
    Traversal,
    /// The key's file has another extension.
    OtherExtension,
    /// The key is so many bytes long.
    KeySize(usize),
    /// The key's file is a link to a file outside.
    Link,
    /// A folder has the name of the key's file.
    Folder,
    /// There is no file.
    Missing,
}
