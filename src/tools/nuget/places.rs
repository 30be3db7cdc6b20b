//! Where NuGet's configuration lies outside the workspace.
//!
//! (<https://learn.microsoft.com/nuget/consume-packages/configuring-nuget-behavior>)

use std::path::{Path, PathBuf};

use crate::host::{Host, Look};
use crate::kernel::paths::is_below;

/// A file for our credentials.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The existing folder above it that the journal goes to.
    pub folder: PathBuf,
    /// Whether only files nearer to the project go before it.
    pub above_checkout: bool,
}

/// On Linux only these spellings are read, the first that exists (measured with nuget.exe 5.8).
const SPELLINGS: [&str; 3] = ["nuget.config", "NuGet.config", "NuGet.Config"];
/// The name of ours among the user's additional files.
const ADDITIONAL: &str = "ado-entra-auth.config";

/// The files outside the workspace that stay in force: those of the folders above, the user's, the machine's.
pub fn files_in_force(host: &Host, look: &dyn Look) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in host.working_directory.ancestors().skip(1) {
        let names = look.list(folder).into_iter().filter(|name| name.eq_ignore_ascii_case(SPELLINGS[0]));
        files.extend(names.map(|name| folder.join(name)));
    }
    for folder in user_folders(host) {
        files.push(folder.main.join("NuGet.Config"));
        files.extend(configs_in(look, &folder.additional));
    }
    for folder in machine_folders(host) {
        files.extend(configs_in(look, &folder));
    }
    files
}

fn configs_in(look: &dyn Look, folder: &Path) -> Vec<PathBuf> {
    let is_config = |name: &String| name.to_ascii_lowercase().ends_with(".config");
    let mut files: Vec<PathBuf> =
        look.list(folder).into_iter().filter(is_config).map(|name| folder.join(name)).collect();
    files.sort();
    files
}

/// Where our credentials go: the pipeline's workspace, or where the work is not below it, beside the user's own file.
pub fn for_credentials(host: &Host, look: &dyn Look) -> Vec<Place> {
    if let Some(folder) = host.pipeline_workspace.as_ref().filter(|folder| is_below(&host.working_directory, folder)) {
        let names = look.list(folder);
        let exact =
            SPELLINGS.iter().find(|spelling| names.iter().any(|name| name == *spelling)).map(|&name| name.to_owned());
        let any = || names.iter().find(|name| cfg!(windows) && name.eq_ignore_ascii_case(SPELLINGS[0])).cloned();
        let name = exact.or_else(any).unwrap_or_else(|| SPELLINGS[0].to_owned());
        return vec![Place { file: folder.join(name), folder: folder.clone(), above_checkout: true }];
    }
    let place = |folder: UserFolder| {
        let file = folder.additional.join(ADDITIONAL);
        let above = [host.home.as_ref(), Some(&folder.base)].into_iter().flatten().find(|above| is_below(&file, above));
        above.map(|above| Place { folder: above.clone(), file: file.clone(), above_checkout: false })
    };
    user_folders(host).into_iter().filter_map(place).collect()
}

/// The folders above all those files.
pub fn journalled(host: &Host) -> Vec<PathBuf> {
    let users = user_folders(host).into_iter().map(|folder| folder.base);
    host.pipeline_workspace.iter().chain(&host.home).cloned().chain(users).collect()
}

struct UserFolder {
    /// The folder that the others are named from.
    base: PathBuf,
    /// The folder of the user's own file.
    main: PathBuf,
    /// The folder of additional files, read since NuGet 5.7.
    additional: PathBuf,
}

/// One folder on Windows; elsewhere one for dotnet and one for nuget.exe under Mono.
fn user_folders(host: &Host) -> Vec<UserFolder> {
    if cfg!(windows) {
        let base = host.variable("APPDATA").map(PathBuf::from);
        let base = base.or_else(|| Some(host.home.as_ref()?.join("AppData").join("Roaming")));
        let folder = |base: PathBuf| {
            let main = base.join("NuGet");
            UserFolder { additional: main.join("config"), main, base }
        };
        return base.map(folder).into_iter().collect();
    }
    let mut folders = Vec::new();
    if let Some(home) = &host.home {
        let base = home.join(".nuget");
        folders.push(UserFolder { main: base.join("NuGet"), additional: base.join("config"), base: home.clone() });
    }
    let mono = host.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    if let Some(base) = mono.or_else(|| Some(host.home.as_ref()?.join(".config"))) {
        let main = base.join("NuGet");
        folders.push(UserFolder { additional: main.join("config"), main, base });
    }
    folders
}

fn machine_folders(host: &Host) -> Vec<PathBuf> {
    let below = |folder: &str| Path::new(folder).join("NuGet").join("Config");
    if let Some(folder) = host.variable("NUGET_COMMON_APPLICATION_DATA") {
        return vec![below(folder)];
    }
    if cfg!(windows) {
        return host.variable("ProgramFiles(x86)").map(below).into_iter().collect();
    }
    vec![below("/etc/opt"), below("/Library/Application Support")]
}

/// Whether Microsoft's credential provider is installed where NuGet looks for plugins: by a variable that names it, which switches the
/// other ways off; by the folder of plugins; as a program on PATH (NuGet 6.13). One of the older kind, which only nuget.exe starts, does
/// not count: that one asks this program.
/// (<https://learn.microsoft.com/nuget/reference/extensibility/nuget-cross-platform-plugins>)
pub fn has_provider(host: &Host, look: &dyn Look) -> bool {
    let mut pointed = super::plugin::POINTERS.iter().filter_map(|name| host.variable(name)).peekable();
    if pointed.peek().is_some() {
        return pointed.any(is_microsofts);
    }
    let conventional = |home: &PathBuf| {
        let plugins = home.join(".nuget").join("plugins");
        ["netcore", "netfx"].iter().any(|kind| look.list(&plugins.join(kind)).iter().any(|name| is_microsofts(name)))
    };
    let on_path = || {
        let separator = if cfg!(windows) { ';' } else { ':' };
        let mut folders =
            host.variable("PATH").unwrap_or_default().split(separator).filter(|folder| !folder.is_empty());
        folders.any(|folder| {
            look.list(Path::new(folder)).iter().any(|name| name.starts_with("nuget-plugin-") && is_microsofts(name))
        })
    };
    host.home.as_ref().is_some_and(conventional) || on_path()
}

/// Whether a path of a plugin, or its name, is that of Microsoft's provider in one of its forms.
fn is_microsofts(plugin: &str) -> bool {
    let plugin = plugin.to_ascii_lowercase();
    plugin.contains("credentialprovider.microsoft")
        || plugin.contains("microsoft") && plugin.contains("credentialprovider")
}
