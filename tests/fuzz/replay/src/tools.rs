//! The tools' targets: schema text from a server's answer, and what is told of a schema other than code.

use std::io::{self, Read, Write};
use std::path::Path;

use qapi_gen::{Dialect, MemoryLoader, Settings};

use crate::schema::RELEASES;

/// Any bytes as the answer to `query-qmp-schema`; as all that a server says if the first byte is odd.
///
/// The text that an answer is made into describes itself by the same answer: importing that gives the same text.
pub fn import(data: &[u8]) {
    let (first, bytes) = crate::choice(data);
    let answer = if first % 2 == 1 {
        qapi_gen::query_schema(&mut Server { says: bytes }).ok()
    } else {
        str::from_utf8(bytes).ok().map(str::to_owned)
    };
    let Some(answer) = answer else { return };
    match qapi_gen::import(&answer) {
        Ok(text) => {
            // What a schema is told as depends on the release, and names decide which ones accept it.
            let (release, again) = RELEASES
                .iter()
                .rev()
                .find_map(|release| Some((release, introspection(&text, release)?)))
                .unwrap_or_else(|| panic!("no release accepts the text:\n{text}"));
            let back = qapi_gen::import(&again).unwrap_or_else(|error| panic!("{error}\n{text}\n{again}"));
            assert_eq!(introspection(&back, release), Some(again), "{text}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The introspection of a schema under a release, if it accepts the schema.
fn introspection(text: &str, release: &str) -> Option<String> {
    let loader = MemoryLoader::new().with("a.json", text);
    let settings = Settings::new().dialect(release.parse::<Dialect>().expect("a release"));
    qapi_gen::introspect(Path::new("a.json"), &settings, &loader).ok()
}

/// A server that says what it says, whatever it is told.
struct Server<'a> {
    says: &'a [u8],
}

impl Read for Server<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.says.read(buffer)
    }
}

impl Write for Server<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What documents an accepted schema: the reference, and the schema as data.
pub(crate) fn told(root: &Path, settings: &Settings, loader: &MemoryLoader) {
    let pages = qapi_gen::document(root, settings, loader).expect("the same schema is accepted again");
    assert!(!pages.is_empty());
    let json = qapi_gen::ir_json(root, settings, loader).expect("the same schema is accepted again");
    qapi_runtime::json::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{error}: {json}"));
    let report = qapi_gen::diff::diff(root, root, settings, loader).expect("the same schema is accepted again");
    assert!(report.verdict().is_compatible(), "a schema differs from itself:\n{}", report.to_text());
}
