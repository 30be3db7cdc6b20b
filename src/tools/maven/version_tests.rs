//! Versions of Maven, told by their files.

use super::tests::{COPY, feed, mentioned, planned, with_maven};
use super::*;
use crate::tools::testing::{Disk, file, host, shown, taken_apart};

/// Maven 4 by its source: it was not to be had.
#[test]
fn maven_4_is_told_by_its_files_and_its_project_settings_count() {
    for version in ["4.0.0", "4.0.0-rc-4", "4.1.0-SNAPSHOT"] {
        let plan = planned(&[feed("a", "contoso")], &[], &host(&[]), &with_maven(Disk::default(), version)).unwrap();
        assert_eq!(shown(&plan).last().unwrap(), &format!("MAVEN_ARGS=-gs {COPY}"), "{version}");
    }
    let at = |version: &str| {
        let disk = with_maven(Disk::default(), version);
        installation::all(&host(&[]), &disk).into_iter().next().unwrap()
    };
    for (folder, by_3_9, by_4) in [
        ("/agent/_temp/ado-entra-auth-1a", true, true),
        ("/agent/_temp/it's", true, cfg!(windows)),
        ("/agent/$x(1)&/_temp", true, cfg!(windows)),
        ("/agent/two words", cfg!(windows), cfg!(windows)),
    ] {
        let takes = ["3.9.6", "4.0.0"].map(|version| at(version).takes_path(Path::new(folder)));
        assert_eq!(takes, [by_3_9, by_4], "{folder}");
    }
    let outside =
        "<settings><repositories><repository><id>a</id><url>https://e/</url></repository></repositories></settings>";
    assert_eq!(
        mentioned(&[file("/agent/1/s/.mvn/settings.xml", outside)], &host(&[])),
        ["a https://e/ .mvn/settings.xml"]
    );
    let mirror = "<settings><mirrors><mirror><id>a</id><url>https://e/</url><mirrorOf>*</mirrorOf></mirror></mirrors></settings>";
    for (named, arguments) in
        [("settings.xml", ""), ("x.xml", "-ps.mvn/x.xml"), ("y.xml", "--project-settings\n.mvn/y.xml")]
    {
        let settings = file(&format!("/agent/1/s/.mvn/{named}"), mirror);
        let config = file("/agent/1/s/.mvn/maven.config", arguments);
        let files = taken_apart(&Maven, std::slice::from_ref(&config), &host(&[]));
        let further = Maven.further(Sources { files: &files, host: &host(&[]) });
        let is_read = files::reads(RelPath::new(Path::new("/agent/1/s/.mvn"), named), Among::Project);
        assert!(is_read || further.contains(&settings.source.path), "{named}: {further:?}");
        assert_eq!(mentioned(&[settings], &host(&[])), [format!("a https://e/ .mvn/{named}")]);
    }
}
