//! Whatever the bytes, the front end answers; it does not panic, hang or overflow the stack.

use proptest::prelude::*;
use qapi_gen::diag::Format;
use qapi_gen::source::MemoryLoader;
use qapi_gen::{Dialect, analyse};
use std::path::Path;

fn survives(text: impl Into<Vec<u8>>) {
    let loader = MemoryLoader::new().with("a.json", text).with("b.json", "{ 'enum': 'Ee', 'data': [] }");
    for dialect in Dialect::DETECTED {
        let analysis = analyse(&loader, Path::new("a.json"), Some(dialect));
        if let Err(found) = &analysis.result {
            assert!(!found.is_empty(), "a failure has a reason");
            for format in [Format::Human, Format::Gnu, Format::Json] {
                assert!(!found.render(format).is_empty());
            }
        }
    }
}

/// Pieces of schemas, so that random text gets beyond the first token.
fn piece() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "'",
        "#",
        "##\n",
        "# @Xx:\n",
        "# @a: b\n",
        "#   text\n",
        "# Returns: x\n",
        "# Features:\n",
        "# = H\n",
        "\n",
        "\r",
        "\r\n",
        "\t",
        " ",
        "\u{a0}",
        "\u{feff}",
        "true",
        "false",
        "'struct'",
        "'union'",
        "'enum'",
        "'alternate'",
        "'command'",
        "'event'",
        "'data'",
        "'base'",
        "'discriminator'",
        "'if'",
        "'all'",
        "'not'",
        "'features'",
        "'include'",
        "'b.json'",
        "'a.json'",
        "'pragma'",
        "'Xx'",
        "'a'",
        "'*a'",
        "'str'",
        "'XxList'",
        "'boxed'",
        "'returns'",
        "'type'",
        "'name'",
        "\\\\",
        "é",
        "{ 'struct': 'Xx', 'data': {} }",
        "{ 'struct': 'Xx', 'data': { 'a': 'Xx' } }",
        "{ 'enum': 'Ee', 'data': ['a'] }",
        "{ 'union': 'Uu', 'base': { 'e': 'Ee' }, 'discriminator': 'e', 'data': { 'a': 'Xx' } }",
        "{ 'union': 'Vv', 'data': { 'a': ['int'] } }",
        "{ 'command': 'c', 'data': 'Xx', 'returns': ['Xx'] }",
    ];
    prop_oneof![
        8 => proptest::sample::select(FIXED).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives(bytes);
    }

    #[test]
    fn any_pieces(pieces in proptest::collection::vec(piece(), 0..40)) {
        survives(pieces.concat());
    }
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{'a':", "['"] {
        survives(open.repeat(200_000));
    }
    let nested = |depth: usize| {
        let cond = format!("{}'A'{}", "{ 'not': ".repeat(depth), " }".repeat(depth));
        format!("{{ 'struct': 'Xx', 'data': {{}}, 'if': {cond} }}")
    };
    let loader = |depth| MemoryLoader::new().with("a.json", nested(depth));
    let result = |depth| analyse(&loader(depth), Path::new("a.json"), Some(Dialect::NEWEST)).result;
    assert!(result(99).is_ok());
    let found = result(100).expect_err("too deep");
    assert_eq!(found.iter().map(|d| d.id()).collect::<Vec<_>>(), ["nesting-too-deep"]);
    survives("(".repeat(100_000));
    survives(format!("{{ 'struct': 'Xx', 'data': {{}}, 'if': '{}' }}", "(".repeat(100_000)));
    survives(format!("{{ 'struct': 'Xx', 'data': {{}}, 'if': '{}A' }}", "!".repeat(100_000)));
}

#[test]
fn long_chains_end() {
    let chain: String =
        (0..3000).map(|i| format!("{{ 'struct': 'S{i}x', 'base': 'S{}x', 'data': {{}} }}\n", i + 1)).collect();
    survives(chain);
    let nested: String = (0..60)
        .map(|i| {
            let next = i + 1;
            format!(
                "{{ 'union': 'U{i}x', 'base': {{ 'e{i}': 'Ee' }}, 'discriminator': 'e{i}', \
                 'data': {{ 'a': 'U{next}x', 'b': 'U{next}x' }} }}\n"
            )
        })
        .collect();
    survives(format!("{{ 'enum': 'Ee', 'data': ['a', 'b'] }}\n{{ 'struct': 'U60x', 'data': {{}} }}\n{nested}"));
}
