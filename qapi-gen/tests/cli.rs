//! The command line: exit codes, where messages go, and the same code as the library gives.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proc_macro2::TokenStream;
use qapi_gen::{CHOICES, DiskLoader, Settings};
use quote::ToTokens as _;

fn qapi_gen(directory: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qapi-gen")).args(args).current_dir(directory).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a schema of two files.
fn lamp() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write(
        "lamp.json",
        "{ 'include': 'light.json' }\n{ 'command': 'query-light', 'returns': 'Light', 'if': 'CONFIG_L' }\n",
    );
    write("light.json", "{ 'struct': 'Light', 'data': { 'lit': 'bool' } }\n");
    directory
}

#[test]
fn accepted_is_0_rejected_is_1_usage_is_2() {
    let directory = lamp();
    let run = |args: &[&str]| qapi_gen(directory.path(), args);
    assert_eq!(run(&["check", "lamp.json"]).status.code(), Some(0));
    std::fs::write(directory.path().join("bad.json"), "{ 'struct': 'Ss', 'data': { 'x': 'Y' } }\n").unwrap();
    let rejected = run(&["check", "bad.json"]);
    assert_eq!(rejected.status.code(), Some(1));
    assert!(rejected.stdout.is_empty());
    assert!(text(&rejected.stderr).contains("bad.json:1: error: "), "{}", text(&rejected.stderr));
    assert_eq!(run(&["check", "nowhere.json"]).status.code(), Some(1));
    for usage in [
        &[][..],
        &["check"],
        &["check", "a", "b"],
        &["paint", "lamp.json"],
        &["check", "lamp.json", "--colour"],
        &["check", "lamp.json", "--dialect", "seven"],
        &["check", "lamp.json", "--message-format", "loud"],
        &["check", "lamp.json", "-o", "x"],
        &["generate", "lamp.json"],
    ] {
        let output = run(usage);
        assert_eq!(output.status.code(), Some(2), "{usage:?}");
        assert!(text(&output.stderr).starts_with("qapi-gen: "), "{usage:?}");
    }
}

#[test]
fn message_formats_may_stand_before_the_subcommand() {
    let directory = lamp();
    std::fs::write(directory.path().join("bad.json"), "{ 'struct': 'Ss', 'data': { 'x': 'Y' } }\n").unwrap();
    let json = qapi_gen(directory.path(), &["--message-format", "json", "check", "bad.json"]);
    assert!(text(&json.stderr).starts_with('{'), "{}", text(&json.stderr));
    let human = qapi_gen(directory.path(), &["check", "--message-format=human", "bad.json"]);
    assert!(text(&human.stderr).starts_with("error["), "{}", text(&human.stderr));
}

#[test]
fn help_names_every_choice() {
    let help = qapi_gen(Path::new("."), &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    for choice in CHOICES {
        let help = text(&help.stdout);
        assert!(
            help.contains(&format!("--{}", choice.name)) || help.contains(&format!("--no-{}", choice.name)),
            "{help}"
        );
    }
    let version = qapi_gen(Path::new("."), &["--version"]);
    assert_eq!(text(&version.stdout), format!("qapi-gen {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn introspection_goes_to_stdout() {
    let directory = lamp();
    let output = qapi_gen(directory.path(), &["introspect", "lamp.json", "--unmask", "--cfg", "CONFIG_L"]);
    assert!(text(&output.stdout).starts_with(r#"[{"name": "query-light", "meta-type": "command""#));
    let without = qapi_gen(directory.path(), &["introspect", "lamp.json"]);
    assert!(!text(&without.stdout).contains("query-light"));
}

/// Reads `mod.rs` with its submodules back into one module.
fn assemble(directory: &Path, module: &str) -> TokenStream {
    let read = |path: PathBuf| syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap();
    let root = read(directory.join("mod.rs"));
    let (mut children, mut items) = (Vec::new(), Vec::new());
    for item in root.items {
        match item {
            syn::Item::Mod(child) if child.content.is_none() => {
                let file = read(directory.join(format!("{}.rs", child.ident)));
                children.push(module_item(&child.ident, file.attrs, file.items));
            }
            other => items.push(other.into_token_stream()),
        }
    }
    items.extend(children);
    let ident = syn::Ident::new(module, proc_macro2::Span::call_site());
    let attrs = root.attrs.into_iter().map(outer);
    quote::quote!(#(#attrs)* pub mod #ident { #(#items)* })
}

fn module_item(ident: &syn::Ident, attrs: Vec<syn::Attribute>, items: Vec<syn::Item>) -> TokenStream {
    let attrs = attrs.into_iter().map(outer);
    quote::quote!(#(#attrs)* pub mod #ident { #(#items)* })
}

fn outer(mut attribute: syn::Attribute) -> syn::Attribute {
    attribute.style = syn::AttrStyle::Outer;
    attribute
}

#[test]
fn generated_files_hold_the_librarys_tokens() {
    let directory = lamp();
    let run = || qapi_gen(directory.path(), &["generate", "lamp.json", "-o", "out", "--cfg", "CONFIG_L"]);
    assert_eq!(run().status.code(), Some(0));
    let out = directory.path().join("out");
    let written = assemble(&out, "lamp");
    let settings = Settings::new().cfg("CONFIG_L");
    let output = qapi_gen::compile(&directory.path().join("lamp.json"), &settings, &DiskLoader).unwrap();
    // Both sides through one parser and printer: trailing commas and spacing carry no meaning.
    let pretty = |tokens: TokenStream| prettyplease::unparse(&syn::parse2(tokens).unwrap());
    assert_eq!(pretty(written), pretty(output.text().parse().unwrap()));

    let times = || ["mod.rs", "light.rs"].map(|name| std::fs::metadata(out.join(name)).unwrap().modified().unwrap());
    let before = times();
    assert_eq!(run().status.code(), Some(0));
    assert_eq!(times(), before, "equal content is not written again");
}

#[test]
fn a_crate_keeps_its_edited_manifest() {
    let directory = lamp();
    let run = || qapi_gen(directory.path(), &["generate", "lamp.json", "-o", "out", "--crate", "lamp-qmp"]);
    assert_eq!(run().status.code(), Some(0));
    let manifest = directory.path().join("out/Cargo.toml");
    assert!(std::fs::read_to_string(&manifest).unwrap().contains("name = \"lamp-qmp\""));
    assert!(directory.path().join("out/src/lib.rs").exists() && directory.path().join("out/src/light.rs").exists());
    std::fs::write(&manifest, "edited").unwrap();
    assert_eq!(run().status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), "edited");
}

#[test]
fn doc_writes_pages_once() {
    let directory = lamp();
    let run = || qapi_gen(directory.path(), &["doc", "lamp.json", "-o", "out"]);
    let output = run();
    assert!(output.status.success() && output.stdout.is_empty(), "{}", text(&output.stderr));
    let index = directory.path().join("out/index.html");
    let page = std::fs::read_to_string(directory.path().join("out/lamp.html")).unwrap();
    assert!(page.contains("<span class=\"mark if\">if CONFIG_L</span>"), "{page}");
    let old = std::time::SystemTime::UNIX_EPOCH;
    std::fs::File::options().append(true).open(&index).unwrap().set_modified(old).unwrap();
    assert!(run().status.success());
    assert_eq!(index.metadata().unwrap().modified().unwrap(), old, "an equal page was written again");
    assert_eq!(qapi_gen(directory.path(), &["doc", "lamp.json"]).status.code(), Some(2));
}
