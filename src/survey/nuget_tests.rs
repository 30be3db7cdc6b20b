//! What the whole of a workspace means for NuGet's credential provider.

use super::tests::*;
use super::*;
use crate::azure_devops::feed::Feed;

/// Such a file may name another organization, to which NuGet would show the answer for this one.
#[test]
fn a_file_that_may_name_more_than_is_seen_silences_nugets_provider() {
    let project = |count: usize| {
        let feed = "https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json;";
        format!("<Project><RestoreSources>{feed}{}</RestoreSources></Project>", "https://a/;".repeat(count))
    };
    for (count, is_silenced) in [(1000, true), (999, false)] {
        let files = [("a.csproj", project(0)), ("b.csproj", project(count))];
        let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
        let outcome = outcome_of(&files, &[]);
        assert!(outcome.deposits.iter().any(|deposit| deposit.client == Dialect::NuGet), "{:?}", warnings(&outcome));
        assert_eq!(!outcome.silenced.is_empty(), is_silenced, "{count}");
    }
}

/// The file is Paket's only, and the input is for whoever needs it.
#[test]
fn a_feed_of_pakets_that_an_input_names_too_is_for_other_clients_as_well() {
    let feed = Feed::parse("https://pkgs.dev.azure.com/contoso/_packaging/f/nuget/v3/index.json").unwrap();
    let file = format!("source {}\n", feed.url);
    let files = [("paket.dependencies", file.as_str())];
    for (feeds, is_told) in [(&[FeedInput { name: None, feed }][..], true), (&[], false)] {
        let outcome = Case { feeds, files: &files, ..Case::default() }.outcome();
        let told = warnings(&outcome).iter().any(|warning| warning.contains("Microsoft's credential provider"));
        assert_eq!(told, is_told, "{:?}", warnings(&outcome));
    }
}
