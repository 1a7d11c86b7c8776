//! The compiler's targets: schema files, whole compilations, documentation comments.

use std::path::Path;

use qapi_gen::{ConditionMode, Diagnostics, Dialect, Format, MemoryLoader, Policy, Settings};

/// Stands between the files of one input. The first file is the root; it may include the others, `b.json` to `d.json`.
const SEPARATOR: &[u8] = b"\0\xff";

/// Releases by which the first byte chooses a dialect; zero leaves it to detection.
pub(crate) const RELEASES: [&str; 16] =
    ["5.2", "6.0", "6.1", "6.2", "7.0", "7.1", "7.2", "8.0", "8.1", "8.2", "9.0", "9.1", "9.2", "10.0", "10.1", "10.2"];

/// Any bytes as schema files, under the dialect that the first byte chooses.
pub fn schema(data: &[u8]) {
    let (first, text) = crate::choice(data);
    let analysis = qapi_gen::analyse(&files(text), Path::new("a.json"), dialect(first));
    if let Err(diagnostics) = analysis.result {
        rendered(&diagnostics);
    }
}

/// Any bytes as schema files, compiled to everything there is. What is accepted must become valid Rust.
///
/// The first byte chooses what is generated, the second what becomes of conditions and features, the third a dialect.
pub fn compile(data: &[u8]) {
    let (first, rest) = crate::choice(data);
    let (second, rest) = crate::choice(rest);
    let (third, text) = crate::choice(rest);
    let bit = |n: usize| first >> n & 1 == 1;
    let settings = Settings::new().server(!bit(0)).client(!bit(1)).introspection(!bit(2)).unmask(bit(3));
    let mut settings = decided(settings, second);
    if bit(4) {
        settings = settings.cfg("all");
    }
    if bit(5) {
        settings = settings.cfg("CONFIG_A").cfg("T");
    }
    if let Some(dialect) = dialect(third) {
        settings = settings.dialect(dialect);
    }
    let (root, loader) = (Path::new("a.json"), files(text));
    let output = match qapi_gen::compile(root, &settings, &loader) {
        Ok(output) => output,
        Err(diagnostics) => return rendered(&diagnostics),
    };
    rust(&output.text());
    for file in output.module_files() {
        rust(&file.text);
    }
    let json = qapi_gen::introspect(root, &settings, &loader).expect("the same schema is accepted again");
    qapi_runtime::json::parse(json.as_bytes()).expect("introspection is JSON");
    crate::tools::told(root, &settings, &loader);
}

/// `settings` with the conditions and policies that `byte` chooses.
fn decided(settings: Settings, byte: usize) -> Settings {
    let policy = |bits: usize| match bits % 4 {
        0 => Policy::Expose,
        1 => Policy::Hide,
        2 => Policy::Gate("gated".to_owned()),
        _ => Policy::Gate("config-a".to_owned()),
    };
    let mode = match byte % 4 {
        0 | 3 => ConditionMode::Resolve,
        1 => ConditionMode::Features,
        _ => ConditionMode::KeepAll,
    };
    let settings = settings.conditions(mode).deprecated(policy(byte >> 2)).unstable(policy(byte >> 4));
    if byte >> 6 & 1 == 1 { settings.map("CONFIG_A", "mapped") } else { settings }
}

fn rust(text: &str) {
    if let Err(error) = syn::parse_file(text) {
        panic!("{error}:\n{text}");
    }
}

/// Any bytes as the documentation of a command with every kind of thing to document.
pub fn doc_comments(data: &[u8]) {
    let (first, text) = crate::choice(data);
    let mut schema = b"{ 'pragma': { 'doc-required': true } }\n##\n".to_vec();
    for line in text.split(|byte| *byte == b'\n') {
        schema.push(b'#');
        if !line.is_empty() {
            schema.push(b' ');
            schema.extend_from_slice(line);
        }
        schema.push(b'\n');
    }
    let condition = if first % (RELEASES.len() + 1) > 3 { "'COND'" } else { "'defined(COND)'" };
    let command = format!(
        "##\n{{ 'command': 'cmd', 'data': {{ 'a': 'int', '*b-c': 'str' }}, 'returns': 'Res',\n\
         'features': [ 'deprecated', {{ 'name': 'feat', 'if': {condition} }} ] }}\n"
    );
    schema.extend_from_slice(command.as_bytes());
    schema.extend_from_slice(
        b"##\n# @Res:\n#\n# A result.\n#\n# @x: a number\n##\n{ 'struct': 'Res', 'data': { 'x': 'int' } }\n",
    );
    let loader = MemoryLoader::new().with("a.json", schema);
    let mut settings = Settings::new();
    if let Some(dialect) = dialect(first) {
        settings = settings.dialect(dialect);
    }
    match qapi_gen::compile(Path::new("a.json"), &settings, &loader) {
        Ok(output) => {
            rust(&output.text());
            crate::tools::told(Path::new("a.json"), &settings, &loader);
        }
        Err(diagnostics) => rendered(&diagnostics),
    }
}

fn dialect(first: usize) -> Option<Dialect> {
    let release = RELEASES.get((first % (RELEASES.len() + 1)).wrapping_sub(1))?;
    Some(release.parse().expect("a known release"))
}

fn files(text: &[u8]) -> MemoryLoader {
    let mut rest = Some(text);
    let mut loader = MemoryLoader::new();
    for name in ["a.json", "b.json", "c.json", "d.json"] {
        let Some(text) = rest else { break };
        let end = text.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
        loader = loader.with(name, text.get(..end.unwrap_or(text.len())).unwrap_or_default());
        rest = end.and_then(|end| text.get(end + SEPARATOR.len()..));
    }
    loader
}

/// A refusal gives reasons, with a place each, in every form.
fn rendered(diagnostics: &Diagnostics) {
    assert!(!diagnostics.is_empty(), "refused without a reason");
    assert!(!diagnostics.render(Format::Human).is_empty());
    let gnu = diagnostics.render(Format::Gnu);
    assert!(gnu.contains(": error: "), "{gnu}");
    for line in diagnostics.render(Format::Json).lines() {
        // By another parser than our own, which like QEMU's refuses characters that a schema file may hold.
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    for found in diagnostics.iter() {
        // Only what concerns no file at all, such as a root that cannot be read, has no place.
        let place = found.span.map(|span| diagnostics.sources().locate(span));
        assert!(place.is_some_and(|place| place.line >= 1), "{gnu}");
    }
}
