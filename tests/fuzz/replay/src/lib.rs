//! What the fuzz targets do with their input: any bytes, and nothing may panic, hang or contradict itself.
//!
//! `cargo fuzz run NAME` in `tests/fuzz` looks for new inputs; the test of this package replays the kept ones.

mod migration_stream;
mod monitor;
mod options;
mod schema;
mod tools;

pub use migration_stream::migration_stream;
pub use monitor::{introspection, qmp_decode, qmp_stream};
pub use options::{keyval, string};
pub use schema::{compile, doc_comments, schema};
pub use tools::import;

/// A target: takes any bytes, panics when something is wrong with the code under test.
pub type Target = fn(&[u8]);

/// Every target by name. The folder of that name holds its inputs.
pub const TARGETS: &[(&str, Target)] = &[
    ("schema", schema),
    ("compile", compile),
    ("doc_comments", doc_comments),
    ("import", import),
    ("qmp_stream", qmp_stream),
    ("qmp_decode", qmp_decode),
    ("introspection", introspection),
    ("keyval", keyval),
    ("string", string),
    ("migration_stream", migration_stream),
];

/// The first byte, which chooses how a target runs, and the rest, which is what it reads.
fn choice(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest))
}
