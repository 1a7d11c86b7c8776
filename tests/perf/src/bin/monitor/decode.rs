//! Typed reading of what QEMU answers, against the published crate and against trees of values.
//!
//! The published crate and the code generated from QEMU's schema are no dependencies of the workspace: the program that
//! compares them is a package of its own, written below the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use qapi_perf::Grid;

use crate::peers::{BARE, Peer};
use crate::{Failure, Workplace};

/// Files with two nodes each in the long reply.
const FILES: usize = 100;

/// Requests as a management tool sends them: short, flat, nested and with a list.
const REQUESTS: &str = r#"{"execute": "query-status", "id": 1}
{"execute": "blockdev-add", "arguments": {"driver": "qcow2", "node-name": "disk0", "discard": "unmap", "cache": {"direct": true, "no-flush": false}, "lazy-refcounts": true, "file": {"driver": "file", "filename": "/var/lib/images/disk0.qcow2", "aio": "native", "locking": "on"}}, "id": 2}
{"execute": "netdev_add", "arguments": {"id": "net0", "type": "tap", "ifname": "tap0", "vhost": true, "queues": 4}, "id": 3}
{"execute": "migrate-set-parameters", "arguments": {"max-bandwidth": 1073741824, "downtime-limit": 300, "multifd-channels": 4, "multifd-compression": "none"}, "id": 4}
{"execute": "send-key", "arguments": {"keys": [{"type": "qcode", "data": "ctrl"}, {"type": "qcode", "data": "alt"}, {"type": "qcode", "data": "delete"}]}, "id": 5}
"#;

/// Builds the comparing program and gives its figures as a table.
pub(crate) fn table(place: &Workplace, qemu: &Peer, corpus: &Path) -> Result<Grid, Failure> {
    let package = package(place, &corpus.join("qemu-7.2/qapi/qapi-schema.json"))?;
    texts(place, qemu, &package)?;
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "-q", "--release", "--"]).arg(&package).current_dir(&package);
    let output = cargo.env("CARGO_TARGET_DIR", place.dir.join("warm")).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("the comparing program cannot be built or run".into());
    }
    let mut grid = Grid::new(
        "Reading, MB/s (ratios of ours)",
        &["bytes", "ours", "qapi-qmp 0.15", "ratio", "serde_json::Value", "ratio", "goal"],
    );
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        grid.row(line.split(' ').next().unwrap_or_default(), cells(line)?);
    }
    Ok(grid)
}

fn cells(line: &str) -> Result<Vec<String>, Failure> {
    let words: Vec<_> = line.split(' ').collect();
    let [name, bytes, speeds @ ..] = &words[..] else { return Err(format!("no figures: {line}").into()) };
    let speeds = speeds.iter().map(|speed| speed.parse()).collect::<Result<Vec<f64>, _>>()?;
    let &[ours, published, tree] = &speeds[..] else { return Err(format!("not three figures: {line}").into()) };
    let goal = match *name {
        "schema" => "3.5 x qapi-qmp",
        "nodes" => "3 x qapi-qmp",
        _ => "2 x Value",
    };
    // Its crate is a client's: it reads no commands, and says so by not being measured.
    let (published, ratio) = match *name {
        "commands" => (String::new(), String::new()),
        _ => (format!("{published:.0}"), format!("{:.2}", ours / published)),
    };
    let ours_to_tree = format!("{:.2}", ours / tree);
    Ok(vec![
        (*bytes).to_owned(),
        format!("{ours:.0}"),
        published,
        ratio,
        format!("{tree:.0}"),
        ours_to_tree,
        goal.to_owned(),
    ])
}

/// Writes the package, with the code generated from `schema` beside it.
fn package(place: &Workplace, schema: &Path) -> Result<PathBuf, Failure> {
    let package = place.dir.join("decode");
    if package.exists() {
        fs::remove_dir_all(&package)?;
    }
    fs::create_dir_all(package.join("src"))?;
    let mut generate = Command::new(place.program("qapi-gen", &["-p", "qapi-gen", "--features", "cli"])?);
    generate.args(["generate", "--cfg", "all", "--crate", "types", "--no-server", "-o"]).arg(package.join("types"));
    qapi_perf::run(generate.arg(schema), &place.log())?;
    let runtime = place.root.join("runtime/qmp");
    let manifest = format!(
        "[package]\nname = \"decode\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         types = {{ path = \"types\" }}\nqapi-qmp = \"=0.15.0\"\nserde_json = \"1\"\nqapi-runtime = {{ path = {runtime:?} }}\n\n\
         [patch.crates-io]\nqapi-runtime = {{ path = {runtime:?} }}\n\n[profile.release]\nlto = \"thin\"\ncodegen-units = 4\n"
    );
    fs::write(package.join("Cargo.toml"), manifest)?;
    fs::write(package.join("src/main.rs"), include_str!("../../../programs/decode.rs"))?;
    // The versions that this tree is built with.
    fs::copy(place.root.join("Cargo.lock"), package.join("Cargo.lock"))?;
    Ok(package)
}

/// Writes the texts to read into the package: two that the real QEMU answers now, and the requests.
fn texts(place: &Workplace, qemu: &Peer, package: &Path) -> Result<(), Failure> {
    let mut nodes = Vec::new();
    for i in 0..FILES {
        let image = package.join(format!("disk{i}.img"));
        fs::File::create(&image)?.set_len(1 << 30)?;
        nodes.push(format!("driver=file,node-name=file{i},filename={}", image.display()));
        nodes.push(format!("driver=raw,node-name=disk{i},file=file{i},discard=unmap,cache.direct=off"));
    }
    let nodes = nodes.iter().flat_map(|node| ["-blockdev", node]);
    let options: Vec<_> = BARE.iter().copied().chain(nodes).collect();
    let running = qemu.start(&options, &place.dir, 1)?;
    let mut wire = running.connect(0)?;
    fs::write(package.join("schema.json"), wire.returned(b"{\"execute\": \"query-qmp-schema\"}\r\n")?)?;
    fs::write(package.join("nodes.json"), wire.returned(b"{\"execute\": \"query-named-block-nodes\"}\r\n")?)?;
    fs::write(package.join("commands.json"), REQUESTS.repeat(200))?;
    Ok(())
}
