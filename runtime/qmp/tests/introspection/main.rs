//! The largest reply a real QEMU gives, through the codec and back; and how long that takes.

#[macro_use]
#[path = "../samples/macros.rs"]
mod macros;
mod model;
mod schema_info;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use qapi_runtime::introspection::Schema;
use qapi_runtime::json::{Stream, parse};
use qapi_runtime::{Encoder, Error, Visit, from_json, to_json, to_value};
use schema_info::{Branch, SchemaInfo};

/// What a real QEMU answers to `query-qmp-schema`, as it came.
fn reply(test: &str) -> Option<Vec<u8>> {
    let program = qapi_test_support::qemu(test)?;
    let mut qemu = Command::new(program)
        .args(["-machine", "none", "-nodefaults", "-display", "none", "-qmp", "stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut requests = qemu.stdin.take().unwrap();
    requests.write_all(b"{'execute':'qmp_capabilities'}{'execute':'query-qmp-schema','id':1}").unwrap();
    let mut replies = qemu.stdout.take().unwrap();
    let mut stream = Stream::new();
    let mut buffer = vec![0; 1 << 16];
    let reply = 'reply: loop {
        let count = replies.read(&mut buffer).unwrap();
        assert!(count > 0, "QEMU ended without a reply");
        stream.feed(&buffer[..count]);
        while let Some(frame) = stream.next() {
            let frame = frame.unwrap();
            if frame.get("id").is_some() {
                break 'reply frame.get("return").unwrap().text().to_vec();
            }
        }
    };
    // Only now: QEMU may end before it has written everything to a pipe.
    requests.write_all(b"{'execute':'quit'}").unwrap();
    qemu.wait().unwrap();
    Some(reply)
}

#[test]
fn the_schema_of_a_real_qemu_survives() {
    let Some(text) = reply("the_schema_of_a_real_qemu_survives") else {
        return;
    };
    let schema: Vec<SchemaInfo> = from_json(&text).unwrap();
    assert!(schema.len() > 500, "{} entries", schema.len());
    assert!(schema.iter().any(|info| info.name == "query-qmp-schema" && matches!(info.u, Branch::Command(_))));
    // Optional members show as `default: null`, which is not the same as no default.
    let value = parse(&text).unwrap();
    assert_eq!(to_value(&schema), value);
    assert!(to_json(&value).contains("\"default\": null"));
    assert_eq!(from_json::<Vec<SchemaInfo>>(to_json(&schema).as_bytes()).unwrap(), schema);
}

/// The best of many runs.
fn best(mut run: impl FnMut()) -> Duration {
    let until = Instant::now() + Duration::from_millis(700);
    let mut best = Duration::MAX;
    while Instant::now() < until {
        let from = Instant::now();
        run();
        best = best.min(from.elapsed());
    }
    best
}

/// Prints figures; `cargo test --release -p qapi-runtime --test introspection -- --ignored --nocapture`.
#[test]
#[ignore = "measures, and says nothing in an unoptimised build"]
fn speed() {
    let Some(text) = reply("speed") else { return };
    let row = |what: &str, bytes: usize, run: &mut dyn FnMut()| {
        let time = best(run);
        println!("{what:40} {:8.1} us {:7.0} MB/s", time.as_secs_f64() * 1e6, bytes as f64 / time.as_secs_f64() / 1e6);
    };
    println!("query-qmp-schema, {} bytes", text.len());
    let schema: Vec<SchemaInfo> = from_json(&text).unwrap();
    let value = parse(&text).unwrap();
    let theirs: serde_json::Value = serde_json::from_slice(&text).unwrap();
    row("decode typed", text.len(), &mut || drop(from_json::<Vec<SchemaInfo>>(&text).unwrap()));
    row("decode Value", text.len(), &mut || drop(parse(&text).unwrap()));
    row("decode serde_json::Value", text.len(), &mut || {
        drop(serde_json::from_slice::<serde_json::Value>(&text).unwrap());
    });
    row("read as a Schema", text.len(), &mut || drop(Schema::from_json(&text).unwrap()));
    let model = Schema::from_json(&text).unwrap();
    row("find a nested member", 1, &mut || {
        assert!(model.command("blockdev-add").unwrap().has_argument("driver=qcow2.data-file"));
    });
    row("print a Schema", text.len(), &mut || drop(model.to_json()));
    let mut e = Encoder::new();
    let mut encode = |what: &str, value: &dyn Visit| {
        row(what, text.len(), &mut || {
            e.clear();
            value.put(&mut e);
        });
    };
    encode("encode typed", &schema);
    encode("encode Value", &value);
    let mut out = Vec::new();
    row("encode serde_json::Value", text.len(), &mut || {
        out.clear();
        serde_json::to_writer(&mut out, &theirs).unwrap();
    });
    let mut stream = Stream::new();
    row("frame, whole", text.len(), &mut || {
        stream.feed(&text);
        assert!(stream.next().unwrap().is_ok());
    });
    row("frame, in pieces of 4096", text.len(), &mut || {
        let mut frames = 0;
        for piece in text.chunks(4096) {
            stream.feed(piece);
            frames += usize::from(stream.next().is_some());
        }
        assert_eq!(frames, 1);
    });
    let request = br#"{"execute": "human-monitor-command", "arguments": {"command-line": "info name", "cpu-index": 0}, "id": 12}"#;
    row("frame a request", request.len(), &mut || {
        stream.feed(request);
        assert!(stream.next().unwrap().unwrap().get("id").is_some());
    });
    row("refuse 1000 entries, last one wrong", text.len(), &mut || {
        let broken = [&text[..text.len() - 1], b", {}]"].concat();
        let error: Error = from_json::<Vec<SchemaInfo>>(&broken).unwrap_err();
        assert!(error.desc().ends_with("name' is missing"), "{error}");
    });
}
