//! Reads recorded texts with the project's types, with the published crate's, and as trees, and prints MB/s of each.
//!
//! Built by the measuring program next to the generated crate `types`; its argument is the folder with the texts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use qapi_runtime::json::Stream;
use qapi_runtime::{Arguments, Command, from_json_lenient};

/// Passes over a text; the fastest counts, since the others were disturbed.
const PASSES: usize = 25;

fn main() {
    let folder = std::env::args().nth(1).expect("the folder with the texts");
    let read = |name: &str| std::fs::read(format!("{folder}/{name}")).expect("the text was written");
    let (schema, nodes, commands) = (read("schema.json"), read("nodes.json"), read("commands.json"));
    row("schema", &schema, [
        &|| black_box(from_json_lenient::<Vec<types::SchemaInfo>>(&schema)).expect("QEMU's own").len(),
        &|| black_box(serde_json::from_slice::<Vec<qapi_qmp::SchemaInfo>>(&schema)).expect("QEMU's own").len(),
        &|| black_box(serde_json::from_slice::<serde_json::Value>(&schema)).expect("QEMU's own").as_array().unwrap().len(),
    ]);
    row("nodes", &nodes, [
        &|| black_box(from_json_lenient::<Vec<types::BlockDeviceInfo>>(&nodes)).expect("QEMU's own").len(),
        &|| black_box(serde_json::from_slice::<Vec<qapi_qmp::BlockDeviceInfo>>(&nodes)).expect("QEMU's own").len(),
        &|| black_box(serde_json::from_slice::<serde_json::Value>(&nodes)).expect("QEMU's own").as_array().unwrap().len(),
    ]);
    row("commands", &commands, [
        &|| typed(&commands),
        &|| 0,
        &|| serde_json::Deserializer::from_slice(&commands).into_iter::<serde_json::Value>().map(|v| black_box(v).expect("ours")).count(),
    ]);
}

/// What a server does with a stream of requests, up to the handler: cuts it, reads the envelope, and the arguments by type.
fn typed(text: &[u8]) -> usize {
    let mut stream = Stream::new();
    stream.feed(text);
    let mut count = 0;
    while let Some(message) = stream.next() {
        let message = message.expect("well formed");
        let arguments = Arguments::new(message.get("arguments"));
        match &*message.get("execute").and_then(|name| name.as_str()).expect("a request") {
            types::QueryStatus::NAME => decode::<types::QueryStatus>(arguments),
            types::BlockdevAdd::NAME => decode::<types::BlockdevAdd>(arguments),
            types::NetdevAdd::NAME => decode::<types::NetdevAdd>(arguments),
            types::MigrateSetParametersCommand::NAME => decode::<types::MigrateSetParametersCommand>(arguments),
            types::SendKey::NAME => decode::<types::SendKey>(arguments),
            other => panic!("{other} is not in the stream"),
        }
        count += 1;
    }
    count
}

fn decode<C: Command>(arguments: Arguments<'_>) {
    black_box(arguments.decode::<C>().expect("valid arguments"));
}

fn row(name: &str, text: &[u8], readers: [&dyn Fn() -> usize; 3]) {
    let mut best = [Duration::MAX; 3];
    for _ in 0..PASSES {
        for (reader, best) in readers.iter().zip(&mut best) {
            let started = Instant::now();
            black_box(reader());
            *best = started.elapsed().min(*best);
        }
    }
    let speed = best.map(|time| text.len() as f64 / 1e6 / time.as_secs_f64());
    println!("{name} {} {:.1} {:.1} {:.1}", text.len(), speed[0], speed[1], speed[2]);
}
