//! From arguments to tokens; a plain function, so that tests need no compiler.

use std::path::{Path, PathBuf};
use std::{env, fs};

use proc_macro2::TokenStream;
use qapi_gen::{Diagnostics, DiskLoader, Format, Output};
use quote::{quote, quote_spanned};
use syn::LitStr;

use crate::arguments::Arguments;

/// The macro: what the schema stands for, or one `compile_error!` per mistake.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let arguments: Arguments = match syn::parse2(input) {
        Ok(arguments) => arguments,
        Err(error) => return error.to_compile_error(),
    };
    let root = locate(&arguments.schema);
    match qapi_gen::compile(&root, &arguments.settings, &DiskLoader) {
        Ok(output) => {
            let code = if env::var_os("QAPI_DEBUG").is_some_and(|value| value == "1") {
                through_file(&output)
            } else {
                output.text().parse().map_err(|reason| format!("generated code is not Rust: {reason}"))
            };
            let code = code.unwrap_or_else(|message| error(&arguments.schema, &message));
            let tracked = tracked(&output);
            quote!(#code #tracked)
        }
        Err(diagnostics) => errors(&arguments.schema, &diagnostics),
    }
}

/// The schema file; relative paths start at the package.
fn locate(schema: &LitStr) -> PathBuf {
    match env::var_os("CARGO_MANIFEST_DIR") {
        Some(package) => Path::new(&package).join(schema.value()),
        None => PathBuf::from(schema.value()),
    }
}

/// Constants through which rustc, and so cargo, learns which files were read.
fn tracked(output: &Output) -> TokenStream {
    let files = output.files().filter_map(|file| {
        let path = std::path::absolute(file).ok()?;
        let path = path.to_str()?;
        Some(quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        ))
    });
    files.collect()
}

fn errors(schema: &LitStr, diagnostics: &Diagnostics) -> TokenStream {
    let package = env::var("CARGO_MANIFEST_DIR").map(|package| format!("{package}/")).unwrap_or_default();
    let one = |diagnostic: &qapi_gen::Diagnostic| {
        let single = Diagnostics::new(diagnostics.sources().clone(), vec![diagnostic.clone()]);
        // Paths as a build script would show them: relative to the package.
        error(schema, single.render(Format::Gnu).replace(&package, "").trim_end())
    };
    diagnostics.iter().map(one).collect()
}

fn error(schema: &LitStr, message: &str) -> TokenStream {
    quote_spanned!(schema.span()=> ::core::compile_error! { #message })
}

/// Writes the expansion where rustc's messages can point to, and includes it.
fn through_file(output: &Output) -> Result<TokenStream, String> {
    let directory = env::var_os("OUT_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    let path = directory.join(format!("qapi-{package}-{}.rs", output.module()));
    fs::write(&path, output.text()).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let path = path.to_string_lossy();
    Ok(quote!(::core::include!(#path);))
}
