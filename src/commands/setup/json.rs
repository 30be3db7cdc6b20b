//! The federated credential for programs. What is not known is null, and stands under `missing`.

use serde_json::json;

use super::design::Design;

/// The version of the form; it goes up when a field changes or goes.
const VERSION: u32 = 1;

/// The object, with a line break.
pub fn object(design: &Design) -> String {
    let missing = design
        .lacking
        .iter()
        .map(|unknown| json!({ "option": unknown.option(), "what": unknown.words(), "where": unknown.place() }));
    let object = json!({
        "version": VERSION,
        "federatedCredential": {
            "name": design.credential_name,
            "issuer": design.issuer.known(),
            "subject": design.subject.known(),
            "audience": design.audience,
        },
        "missing": missing.collect::<Vec<_>>(),
        "notes": design.notes,
    });
    format!("{object:#}\n")
}
