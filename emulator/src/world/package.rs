//! Packages, made in memory in the form that each protocol's real client takes.

use crate::archive;
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::sync::Arc;

/// Which client a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// npm and its relatives.
    Npm,
    /// Maven and Gradle.
    Maven,
    /// NuGet.
    Nuget,
    /// cargo.
    Cargo,
    /// pip and its relatives.
    Python,
    /// conda and its relatives.
    Conda,
}

/// One version of a package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Which client it is for.
    pub protocol: Protocol,
    /// `@scope/name`, `group:artifact`, a NuGet id, the name of a crate or of a Python package.
    pub name: String,
    /// Version.
    pub version: String,
    /// Name and version (or range) of what it depends on.
    pub dependencies: Vec<(String, String)>,
    /// Its files, named as the protocol names them.
    pub files: Vec<PackageFile>,
}

/// A file of a package.
#[derive(Clone, Debug)]
pub struct PackageFile {
    /// Last part of its address.
    pub name: String,
    /// Content.
    pub content: Arc<[u8]>,
}

impl Package {
    /// An npm package whose module is a text that names it.
    pub fn npm(name: &str, version: &str, dependencies: &[(&str, &str)]) -> Self {
        let wanted: serde_json::Map<String, serde_json::Value> =
            dependencies.iter().map(|(name, range)| ((*name).to_owned(), (*range).into())).collect();
        let manifest = serde_json::json!({
            "name": name, "version": version, "main": "index.js", "license": "MIT", "dependencies": wanted,
        });
        let archive = archive::tgz(&[
            ("package/package.json", manifest.to_string().as_bytes()),
            ("package/index.js", format!("module.exports = 'hello from {name}';\n").as_bytes()),
        ]);
        let bare = name.rsplit('/').next().unwrap_or(name);
        Self::new(Protocol::Npm, name, version, dependencies, vec![(format!("{bare}-{version}.tgz"), archive)])
    }

    /// A Maven artifact `group:artifact` with a jar and a pom.
    pub fn maven(name: &str, version: &str, dependencies: &[(&str, &str)]) -> Self {
        let (group, artifact) = name.split_once(':').unwrap_or((name, name));
        let jar = archive::zip(&[
            ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n"),
            ("hello.txt", format!("hello from {name}\n").as_bytes()),
        ]);
        let pom = pom(group, artifact, version, "jar", dependencies);
        let files = vec![(format!("{artifact}-{version}.pom"), pom), (format!("{artifact}-{version}.jar"), jar)];
        Self::new(Protocol::Maven, name, version, dependencies, files)
    }

    /// A Maven plugin whose goal `fetch` resolves the dependencies of the project and does nothing else.
    ///
    /// Maven resolves dependencies only when some goal asks for it, and the usual goals come from the central repository,
    /// which a test must not reach.
    pub fn maven_plugin(name: &str, version: &str) -> Self {
        let (group, artifact) = name.split_once(':').unwrap_or((name, name));
        let descriptor = format!(
            "<plugin><name>{artifact}</name><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
             <version>{version}</version><goalPrefix>fetch</goalPrefix><mojos><mojo><goal>fetch</goal>\
             <requiresDependencyResolution>test</requiresDependencyResolution><requiresProject>true</requiresProject>\
             <phase>validate</phase><implementation>com.contoso.FetchMojo</implementation><language>java</language>\
             <instantiationStrategy>per-lookup</instantiationStrategy>\
             <executionStrategy>once-per-session</executionStrategy></mojo></mojos></plugin>"
        );
        let jar = archive::zip(&[
            ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n".as_slice()),
            ("META-INF/maven/plugin.xml", descriptor.as_bytes()),
            ("com/contoso/FetchMojo.class", &archive::empty_mojo("com/contoso/FetchMojo")),
        ]);
        let pom = pom(group, artifact, version, "maven-plugin", &[]);
        let files = vec![(format!("{artifact}-{version}.pom"), pom), (format!("{artifact}-{version}.jar"), jar)];
        Self::new(Protocol::Maven, name, version, &[], files)
    }

    /// A NuGet package with one content file.
    pub fn nuget(id: &str, version: &str, dependencies: &[(&str, &str)]) -> Self {
        let wanted: String = dependencies
            .iter()
            .map(|(id, version)| format!("<dependency id=\"{id}\" version=\"{version}\" />"))
            .collect();
        let wanted = if wanted.is_empty() { wanted } else { format!("<dependencies>{wanted}</dependencies>") };
        let nuspec = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <package xmlns=\"http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd\"><metadata><id>{id}</id>\
             <version>{version}</version><authors>contoso</authors><description>hello from {id}</description>{wanted}\
             </metadata></package>\n"
        );
        let archive = archive::zip(&[
            (
                "[Content_Types].xml",
                b"<?xml version=\"1.0\" encoding=\"utf-8\"?><Types \
                  xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"nuspec\" \
                  ContentType=\"application/octet\" /><Default Extension=\"txt\" ContentType=\"application/octet\" /></Types>"
                    .as_slice(),
            ),
            (&format!("{id}.nuspec"), nuspec.as_bytes()),
            ("content/hello.txt", format!("hello from {id}\n").as_bytes()),
        ]);
        let lower = id.to_lowercase();
        let files =
            vec![(format!("{lower}.{version}.nupkg"), archive), (format!("{lower}.nuspec"), nuspec.into_bytes())];
        Self::new(Protocol::Nuget, id, version, dependencies, files)
    }

    /// A crate whose library has one function that says hello, and says it after its dependencies have.
    pub fn cargo(name: &str, version: &str, dependencies: &[(&str, &str)]) -> Self {
        let wanted: String =
            dependencies.iter().map(|(name, requirement)| format!("{name} = \"{requirement}\"\n")).collect();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\ndescription = \"hello\"\n\
             license = \"MIT\"\n\n[dependencies]\n{wanted}"
        );
        let calls: String =
            dependencies.iter().map(|(name, _)| format!("    {}::hello();\n", name.replace('-', "_"))).collect();
        let library = format!("pub fn hello() {{\n{calls}    println!(\"hello from {name}\");\n}}\n");
        let root = format!("{name}-{version}");
        let archive = archive::tgz(&[
            (&format!("{root}/Cargo.toml"), manifest.as_bytes()),
            (&format!("{root}/src/lib.rs"), library.as_bytes()),
        ]);
        let mut package = Self::cargo_archive(name, version, archive);
        package.dependencies = dependencies.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        package
    }

    /// A crate by its archive, as it was published.
    pub(crate) fn cargo_archive(name: &str, version: &str, archive: Vec<u8>) -> Self {
        Self::new(Protocol::Cargo, name, version, &[], vec![(format!("{name}-{version}.crate"), archive)])
    }

    /// A Python package: a wheel whose module says hello.
    pub fn python(name: &str, version: &str) -> Self {
        let module = python_name(name).replace('-', "_");
        let about = format!("{module}-{version}.dist-info");
        let files = [
            (format!("{module}/__init__.py"), format!("print('hello from {name}')\n")),
            (format!("{about}/METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")),
            (
                format!("{about}/WHEEL"),
                "Wheel-Version: 1.0\nGenerator: emulator\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
            ),
        ];
        let line = |(path, content): &(String, String)| {
            let sha256 = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, content.as_bytes()));
            format!("{path},sha256={sha256},{}\n", content.len())
        };
        let record =
            (format!("{about}/RECORD"), files.iter().map(line).collect::<String>() + &format!("{about}/RECORD,,\n"));
        let all: Vec<(&str, &[u8])> =
            files.iter().chain([&record]).map(|(path, content)| (path.as_str(), content.as_bytes())).collect();
        let wheel = archive::zip(&all);
        Self::new(Protocol::Python, name, version, &[], vec![(format!("{module}-{version}-py3-none-any.whl"), wheel)])
    }

    /// A package of conda's for every platform, by what its index says of it; its archive is none.
    pub fn conda(name: &str, version: &str) -> Self {
        let file = format!("{name}-{version}-0.tar.bz2");
        Self::new(Protocol::Conda, name, version, &[], vec![(file, name.as_bytes().to_vec())])
    }

    fn new(
        protocol: Protocol,
        name: &str,
        version: &str,
        dependencies: &[(&str, &str)],
        files: Vec<(String, Vec<u8>)>,
    ) -> Self {
        Self {
            protocol,
            name: name.to_owned(),
            version: version.to_owned(),
            dependencies: dependencies.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            files: files.into_iter().map(|(name, content)| PackageFile { name, content: content.into() }).collect(),
        }
    }

    /// The file of this name.
    pub fn file(&self, name: &str) -> Option<&PackageFile> {
        self.files.iter().find(|f| f.name.eq_ignore_ascii_case(name))
    }
}

/// The form under which two names of Python packages are one.
pub fn python_name(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

fn pom(group: &str, artifact: &str, version: &str, packaging: &str, dependencies: &[(&str, &str)]) -> Vec<u8> {
    let mut wanted = String::new();
    for (name, version) in dependencies {
        let (group, artifact) = name.split_once(':').unwrap_or((name, name));
        wanted += &format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\
         <modelVersion>4.0.0</modelVersion><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
         <version>{version}</version><packaging>{packaging}</packaging><dependencies>{wanted}</dependencies></project>\n"
    )
    .into_bytes()
}
