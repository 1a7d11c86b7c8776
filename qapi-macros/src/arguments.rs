//! The macro's arguments: `schema`, and every option of the compiler by its own name.

use proc_macro2::Span;
use qapi_gen::{Setting, Settings};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, Lit, LitStr, Token, bracketed};

/// Arguments after parsing.
pub(crate) struct Arguments {
    /// The root schema file as written.
    pub(crate) schema: LitStr,
    /// Everything else.
    pub(crate) settings: Settings,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut schema = None;
        let mut settings = Settings::new();
        let mut errors: Option<syn::Error> = None;
        for Argument { name, values } in Punctuated::<Argument, Token![,]>::parse_terminated(input)? {
            let result = if name == "schema" {
                one_path(&name, values).map(|path| schema = Some(path))
            } else {
                set(&mut settings, &name, values)
            };
            if let Err(error) = result {
                match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                }
            }
        }
        match (errors, schema) {
            (Some(errors), _) => Err(errors),
            (None, Some(schema)) => Ok(Self { schema, settings }),
            (None, None) => {
                Err(syn::Error::new(Span::call_site(), "say which schema: `schema: \"path/relative/to/package.json\"`"))
            }
        }
    }
}

/// `name: value` or `name: [value, ...]`.
struct Argument {
    name: Ident,
    values: Vec<Lit>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        let values = if input.peek(syn::token::Bracket) {
            let list;
            bracketed!(list in input);
            Punctuated::<Lit, Token![,]>::parse_terminated(&list)?.into_iter().collect()
        } else {
            vec![input.parse()?]
        };
        Ok(Self { name, values })
    }
}

fn one_path(name: &Ident, values: Vec<Lit>) -> syn::Result<LitStr> {
    match values.into_iter().next() {
        Some(Lit::Str(path)) => Ok(path),
        _ => Err(syn::Error::new(name.span(), "`schema` takes a path in quotes")),
    }
}

fn set(settings: &mut Settings, name: &Ident, values: Vec<Lit>) -> syn::Result<()> {
    for value in values {
        let setting = match &value {
            Lit::Str(text) => Setting::Text(text.value()),
            Lit::Bool(switch) => Setting::Switch(switch.value),
            other => {
                return Err(syn::Error::new(other.span(), "expected a string, or true or false"));
            }
        };
        settings.set(&name.to_string(), setting).map_err(|error| syn::Error::new(name.span(), error))?;
    }
    Ok(())
}
