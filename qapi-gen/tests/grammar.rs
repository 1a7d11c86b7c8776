//! The parser in the repository must be the one that pest makes of `qapi.pest`.

use quote::quote;
use std::path::Path;

/// Set to renew the parser instead of comparing it.
const RENEW: &str = "QAPI_GEN_RENEW_GRAMMAR";

#[test]
fn checked_in_parser_is_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/syntax");
    let grammar = std::fs::read_to_string(folder.join("qapi.pest")).expect("the grammar is readable");
    let input = quote! {
        #[grammar_inline = #grammar]
        pub(crate) struct Grammar;
    };
    let tokens = pest_generator::derive_parser(input, false);
    let file = syn::parse2(tokens).expect("pest generates a Rust file");
    let current = format!(
        "//! Parser made by pest from `qapi.pest`; do not edit. Run the test `grammar` with {RENEW}=1 to renew it.\n\n\
         /// Entry to the parser.\npub(crate) struct Grammar;\n\n{}",
        prettyplease::unparse(&file)
    );
    let path = folder.join("grammar.rs");
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(&path, &current).expect("the parser is writable");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == current, "src/syntax/grammar.rs is stale: set {RENEW}=1 and run this test again");
}
