//! A plugin that clients before NuGet 6.13 can run, which does what newer ones do: it starts what lies on PATH under our name.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::support::{read, tool, write_file};

const SOURCE: &str = include_str!("shim.cs");
const PROJECT: &str = "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType>\
    <TargetFramework>netcoreapp3.1</TargetFramework><UseAppHost>false</UseAppHost></PropertyGroup></Project>";
const NO_SOURCES: &str = "<configuration><packageSources><clear /></packageSources></configuration>";

/// Makes it below `target/tools`, with a `dotnet` beside which the SDK 9.0.200 seems to be installed. Whether they are there.
pub fn is_made() -> bool {
    static MADE: LazyLock<bool> = LazyLock::new(|| tool("dotnet31").is_some_and(|dotnet| make(&dotnet).is_some()));
    *MADE
}

fn make(dotnet: &Path) -> Option<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/nuget-plugin");
    if read(folder.join("shim.cs")) == SOURCE {
        return Some(());
    }
    let fresh = tempfile::tempdir_in(folder.parent()?).unwrap();
    let at = |path: &str| -> PathBuf { fresh.path().join(path) };
    write_file(&at("shim.cs"), SOURCE);
    write_file(&at("CredentialProvider.Shim.csproj"), PROJECT);
    write_file(&at("nuget.config"), NO_SOURCES);
    let mut compiler = Command::new(dotnet);
    compiler.args(["build", "--output", "shim"]).current_dir(fresh.path()).env("HOME", at("home"));
    let said = compiler.output().unwrap().stdout;
    assert!(at("shim/CredentialProvider.Shim.dll").is_file(), "{}", String::from_utf8_lossy(&said));
    std::fs::copy(dotnet, at("dotnet")).unwrap();
    std::fs::create_dir_all(at("sdk/9.0.200")).unwrap();
    // Another process of tests may have been faster.
    let _ = std::fs::remove_dir_all(&folder);
    let _ = std::fs::rename(fresh.path(), &folder);
    Some(())
}
