//! Azure CLI with its extension for Azure DevOps: `az devops`, `az repos`, `az pipelines`, and for universal packages `az artifacts
//! universal`, whose own program is handed the extension's credential.
//!
//! The extension knows no helper and no reference. One variable holds the token, for whatever organization a command names
//! (Azure/azure-devops-cli-extension, `azext_devops/dev/common/services.py`), so an input must name the tool.

use std::path::PathBuf;

use super::reading::{Among, Parsed, Reading, RelPath, SourceFile, Sources};
use super::{Auto, PlanError, Tool, ToolId, Way};
use crate::azure_devops::feed::Feed;
use crate::host::{Host, Look};
use crate::plan::draft::Draft;
use crate::plan::{Template, TokenSource, Variable};
use crate::reach::{ServedFeed, main_organization};

/// Azure CLI with the extension `azure-devops`.
pub struct AzureCli;

const TOKEN: &str = "AZURE_DEVOPS_EXT_PAT";

static ID: ToolId = ToolId {
    name: "azureDevOpsCli",
    speaks: None,
    auto: Auto::OnlyIfNamed,
    takes_inputs: false,
    variables: &[TOKEN],
    dependency_folders: &[],
    ways: &[Way {
        clients: "",
        tried: "the variable, by a REST call",
        source: TokenSource::Variable,
        fresh: super::Fresh::NextStep,
        afterwards: "variables as before",
    }],
};

impl Tool for AzureCli {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn reads(&self, _path: RelPath<'_>, _among: Among) -> bool {
        false
    }

    fn outside(&self, _host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        Vec::new()
    }

    fn parse(&self, _file: &SourceFile, _host: &Host) -> Parsed {
        Box::new(())
    }

    fn read(&self, _sources: Sources<'_>) -> Reading {
        Reading::default()
    }

    fn feed_url(&self, feed: &Feed) -> String {
        feed.base_url()
    }

    /// The variable has room for one token: that of the organization which the step is for before all others.
    fn plan(&self, _served: &[ServedFeed], _sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        let main = main_organization(draft.organizations());
        let main = draft.organizations().iter().find(|permitted| Some(&permitted.organization) == main);
        let Some(main) = main else { return Ok(()) };
        if let Some(token) = draft.token(&main.organization) {
            draft.set(Variable::new(TOKEN, Template::new([token])));
        }
        draft.serve_organization(main, "REST services", TokenSource::Variable);
        Ok(())
    }
}
