//! A sample workspace, and what later steps do in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::disk;

/// What one tool fetches in a later step.
pub struct Errand {
    /// The tool's name in the input `tools`.
    pub tool: &'static str,
    /// Programs that must be installed.
    pub programs: &'static [&'static str],
    /// The command line.
    pub command: &'static str,
    /// Where it runs, below the checkout.
    pub folder: &'static str,
    /// What is there afterwards, below the checkout or the home folder.
    pub proof: &'static str,
}

/// A variable of the job that names the index for pip: it takes one without a user from there, whatever its version.
pub const PIP_INDEX: (&str, &str) =
    ("PIP_INDEX_URL", "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/simple/");

/// The errands, a tool each.
pub fn errands() -> [Errand; 10] {
    [
        Errand {
            tool: "npm",
            programs: &["node", "npm"],
            command: "npm install",
            folder: "web",
            proof: "web/node_modules/@contoso/hello/package.json",
        },
        Errand {
            tool: "yarn",
            programs: &["node", "yarn"],
            command: "yarn install",
            folder: "website",
            proof: "website/node_modules/@contoso/hello/package.json",
        },
        Errand {
            tool: "bun",
            programs: &["bun"],
            command: "bun install",
            folder: "worker",
            proof: "worker/node_modules/@contoso/hello/package.json",
        },
        Errand {
            tool: "maven",
            programs: &["java", "mvn"],
            command: "mvn -q validate",
            folder: "service",
            proof: ".m2/repository/com/contoso/hello/1.0.0/hello-1.0.0.jar",
        },
        Errand {
            tool: "gradle",
            programs: &["java", "gradle"],
            command: "gradle -q fetch",
            folder: "library",
            proof: "library/libs/hello-1.0.0.jar",
        },
        Errand {
            tool: "nuget",
            programs: &["nuget"],
            command: "nuget restore packages.config -PackagesDirectory packages",
            folder: "desktop",
            proof: "desktop/packages/Contoso.Hello.1.0.0",
        },
        Errand {
            tool: "pip",
            programs: &["pip"],
            command: "pip install --target packages contoso-hello",
            folder: "scripts",
            proof: "scripts/packages/contoso_hello/__init__.py",
        },
        Errand {
            tool: "uv",
            programs: &["uv"],
            command: "uv sync --no-cache",
            folder: "model",
            proof: "model/uv.lock",
        },
        Errand {
            tool: "cargo",
            programs: &["cargo"],
            command: "cargo fetch",
            folder: "engine",
            proof: "engine/Cargo.lock",
        },
        Errand {
            tool: "git",
            programs: &["git"],
            command: "git clone --quiet https://dev.azure.com/contoso/Shop/_git/hello hello",
            folder: ".",
            proof: "hello/.git",
        },
    ]
}

const NPMRC: &str = "\
; the company's feed, and a registry that the token must not reach
registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/
@left:registry=https://registry.example.com/
";

/// For yarn 2 and later; yarn 1 reads the other.
const YARNRC_YML: &str = "\
npmRegistryServer: https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/
enableImmutableInstalls: false
nodeLinker: node-modules
";

const YARN_1_NPMRC: &str = "\
registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/
always-auth=true
";

const BUNFIG: &str = "\
[install]
registry = \"https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\"
";

const PACKAGE_JSON: &str = r#"{ "name": "web", "version": "1.0.0", "private": true, "dependencies": { "@contoso/hello": "1.0.0" } }
"#;

const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.contoso</groupId>
  <artifactId>service</artifactId>
  <version>1.0.0</version>
  <packaging>pom</packaging>
  <repositories>
    <repository>
      <id>feed1</id>
      <url>https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1</url>
    </repository>
  </repositories>
  <pluginRepositories>
    <pluginRepository>
      <id>feed1</id>
      <url>https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1</url>
    </pluginRepository>
  </pluginRepositories>
  <dependencies>
    <dependency><groupId>com.contoso</groupId><artifactId>hello</artifactId><version>1.0.0</version></dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>com.contoso</groupId>
        <artifactId>fetch-maven-plugin</artifactId>
        <version>1.0.0</version>
        <executions><execution><goals><goal>fetch</goal></goals></execution></executions>
      </plugin>
    </plugins>
  </build>
</project>
"#;

/// Nothing comes from the central repository here: the emulated feed has all that is needed.
const SETTINGS: &str = r"<!-- the user's own settings -->
<settings>
  <mirrors>
    <mirror>
      <id>feed1</id>
      <mirrorOf>central</mirrorOf>
      <url>https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1</url>
    </mirror>
  </mirrors>
</settings>
";

const BUILD_GRADLE: &str = "\
repositories { maven { url 'https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1' } }
configurations { libs }
dependencies { libs 'com.contoso:hello:1.0.0' }
task fetch(type: Copy) { from configurations.libs; into 'libs' }
";

const NUGET_CONFIG: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <packageSources>
    <clear />
    <add key="Contoso Feed" value="https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json" />
  </packageSources>
</configuration>
"#;

const PACKAGES_CONFIG: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<packages>
  <package id="Contoso.Hello" version="1.0.0" targetFramework="net45" />
</packages>
"#;

const CARGO_CONFIG: &str = r#"[registries]
contoso = { index = "sparse+https://pkgs.dev.azure.com/contoso/_packaging/feed1/Cargo/index/" }
left = { index = "sparse+https://registry.example.com/Cargo/index/" }
"#;

const CARGO_MANIFEST: &str = r#"[package]
name = "engine"
version = "0.1.0"
edition = "2021"

[dependencies]
contoso-hello = { version = "1", registry = "contoso" }
"#;

const PYPROJECT: &str = r#"[project]
name = "model"
version = "0.1.0"
requires-python = ">=3.8"
dependencies = ["contoso-hello"]

[[tool.uv.index]]
name = "contoso"
url = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/pypi/simple/"
default = true
"#;

/// Writes the sample.
pub fn write(home: &Path, sources: &Path) -> anyhow::Result<()> {
    let files = [
        (sources.join("web/.npmrc"), NPMRC),
        (sources.join("web/package.json"), PACKAGE_JSON),
        (sources.join("website/.npmrc"), YARN_1_NPMRC),
        (sources.join("website/.yarnrc.yml"), YARNRC_YML),
        (sources.join("website/package.json"), PACKAGE_JSON),
        (sources.join("website/yarn.lock"), ""),
        (sources.join("worker/bunfig.toml"), BUNFIG),
        (sources.join("worker/package.json"), PACKAGE_JSON),
        (sources.join("service/pom.xml"), POM),
        (sources.join("library/build.gradle"), BUILD_GRADLE),
        (sources.join("library/settings.gradle"), ""),
        (sources.join("desktop/nuget.config"), NUGET_CONFIG),
        (sources.join("desktop/packages.config"), PACKAGES_CONFIG),
        (sources.join("scripts/requirements.txt"), "contoso-hello\n"),
        (sources.join("model/pyproject.toml"), PYPROJECT),
        (sources.join("engine/.cargo/config.toml"), CARGO_CONFIG),
        (sources.join("engine/Cargo.toml"), CARGO_MANIFEST),
        (sources.join("engine/src/lib.rs"), ""),
        (home.join(".m2/settings.xml"), SETTINGS),
    ];
    for (path, content) in files {
        if let Some(folder) = path.parent() {
            disk::create_missing_folders(folder)?;
        }
        disk::write_private(&path, content.as_bytes())?;
    }
    Ok(())
}

/// The files that belong to the user and the repository, with their bytes; nothing where there is none.
pub fn user_files(root: &Path, home: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let workspace = root.join("_work/1");
    let paths = [
        home.join(".npmrc"),
        home.join(".m2/settings.xml"),
        home.join(".gitconfig"),
        home.join(".gradle/init.d/ado-entra-auth.init.gradle"),
        workspace.join(".yarnrc.yml"),
        workspace.join("nuget.config"),
        workspace.join("s/web/.npmrc"),
        workspace.join("s/desktop/nuget.config"),
        workspace.join("s/engine/.cargo/config.toml"),
        home.join(".cargo/config.toml"),
    ];
    paths.into_iter().map(|path| (path.clone(), disk::read(&path).ok().flatten())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::TOOLS;

    #[test]
    fn every_tool_has_an_errand_whose_programs_the_set_up_knows() {
        // They come as packages of some Python, and twine fetches nothing; conda, and the program of Azure CLI's extension, come from elsewhere.
        let unshown = ["poetry", "twine", "conda", "azureDevOpsCli"];
        let tools: Vec<&str> = TOOLS.iter().map(|tool| tool.id().name).filter(|name| !unshown.contains(name)).collect();
        assert_eq!(errands().map(|errand| errand.tool).to_vec(), tools);
        let set_up = concat!(include_str!("../../../scripts/setup"), include_str!("../../../scripts/clients"));
        for program in errands().iter().flat_map(|errand| errand.programs) {
            assert!(set_up.split(|c: char| !c.is_alphanumeric()).any(|word| word == *program), "{program}");
        }
    }
}
