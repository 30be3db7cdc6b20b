//! Lines of any kind: nothing breaks the reader, what it finds stands in the text, and lines far away change nothing.
#![no_main]

use ado_entra_auth::diagnosis::causes::{Evidence, Place, Reader, Reading};
use libfuzzer_sys::fuzz_target;

fn read<'t>(lines: impl Iterator<Item = &'t str>) -> Reading {
    let mut reader = Reader::default();
    for (number, line) in lines.enumerate() {
        reader.line(line, Place { file: None, step: None, line: number as u64 + 1 });
    }
    reader.finish()
}

fuzz_target!(|text: &str| {
    let count = text.lines().count() as u64;
    let found = read(text.lines());
    for mention in &found.mentions {
        assert!((1..=count).contains(&mention.place.line), "{mention:?}");
    }
    let far = std::iter::repeat_n("an ordinary line, long enough that sixty of them are farther than anything reaches", 60);
    let surrounded = read(far.clone().chain(text.lines()).chain(far));
    let names = |reading: &Reading| reading.mentions.iter().map(|mention| mention.what.clone()).collect::<Vec<_>>();
    // Whether an answer's own host is known may change what is only a guess.
    if found.mentions.iter().all(|mention| mention.evidence < Evidence::Guess) {
        assert_eq!(names(&found), names(&surrounded));
    }
});
