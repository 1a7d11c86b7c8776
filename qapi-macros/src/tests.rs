//! The macro as a function from tokens to tokens.

use qapi_gen::{ConditionMode, DiskLoader, Policy, Settings};
use quote::quote;

use crate::expand::expand;

/// A folder with a schema of two files, the second with `mistake` in it.
fn schema(mistake: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("lamp.json"), "{ 'include': 'light.json' }\n{ 'command': 'look', 'returns': 'Light', 'if': 'C', 'features': [ 'unstable' ] }\n")
        .unwrap();
    std::fs::write(path("light.json"), format!("{{ 'struct': 'Light', 'data': {{ 'lit': 'bool' }} }}\n{mistake}"))
        .unwrap();
    let root = path("lamp.json").to_str().unwrap().to_owned();
    (directory, root)
}

#[test]
fn expands_to_the_librarys_tokens_and_tracks_every_file() {
    let (directory, root) = schema("");
    let arguments = quote! {
        schema: #root, cfg: ["A", "B"], conditions: "features", map: ["C=see"], deprecated: "hide", unstable: "gate=odd",
        unmask: true
    };
    let expanded = expand(arguments).to_string();
    let settings = Settings::new()
        .cfg("A")
        .cfg("B")
        .conditions(ConditionMode::Features)
        .map("C", "see")
        .deprecated(Policy::Hide)
        .unstable(Policy::Gate("odd".to_owned()))
        .unmask(true);
    let output = qapi_gen::compile(root.as_ref(), &settings, &DiskLoader).unwrap();
    let tokens: proc_macro2::TokenStream = output.text().parse().unwrap();
    let rest = expanded.strip_prefix(&tokens.to_string()).expect("the library's tokens first");
    for file in ["lamp.json", "light.json"] {
        assert!(rest.contains(directory.path().join(file).to_str().unwrap()), "{file} is not tracked");
    }
}

#[test]
fn every_mistake_is_an_error() {
    let (_directory, root) =
        schema("{ 'struct': 'Aa', 'data': { 'x': 'X' } }\n{ 'struct': 'Bb', 'data': { 'y': 'Y' } }\n");
    let expanded = expand(quote!(schema: #root)).to_string();
    assert_eq!(expanded.matches("compile_error").count(), 2, "{expanded}");
    assert!(expanded.contains("light.json:2: error: ") && expanded.contains("light.json:3: error: "), "{expanded}");
}

#[test]
fn wrong_arguments_say_why() {
    for (input, expected) in [
        (quote!(), "say which schema"),
        (quote!(schema: 3), "takes a path in quotes"),
        (quote!(schema: "a.json", colour: "red"), "unknown option 'colour'"),
        (quote!(schema: "a.json", server: "yes"), "takes true or false"),
        (quote!(schema: "a.json", cfg: [1]), "expected a string"),
        (quote!(schema: "a.json", conditions: "later"), "expected resolve, features or keep-all"),
        (quote!(schema: "a.json", deprecated: "drop"), "expected expose, hide, gate or gate=FEATURE"),
        (quote!(schema "a.json"), "expected `:`"),
        (quote!(schema: "no/such/file.json"), "no/such/file.json"),
    ] {
        let expanded = expand(input).to_string();
        assert!(expanded.contains("compile_error") && expanded.contains(expected), "{expanded}");
    }
}
