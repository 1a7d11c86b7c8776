//! Enumerations: variants, wire names, the catch-all for values of other releases.

use super::docs;
use super::gate::Gate;
use super::names::{self, Scope};
use super::plan::Plan;
use super::positions::Positions;
use super::text::{Text, line, open, quoted};
use crate::ir::{Enum, EnumValue, TypeId};

/// Rust names for the kept values of an enumeration, and of the variant for any other value.
pub(crate) struct Variants<'a> {
    /// The kept values in order.
    pub(crate) values: Vec<Variant<'a>>,
    /// `Unknown`, or `Unrecognized` where the schema has a value of that name.
    pub(crate) other: String,
}

/// A value of an enumeration in Rust.
pub(crate) struct Variant<'a> {
    /// Its Rust name.
    pub(crate) ident: String,
    /// The value.
    pub(crate) value: &'a EnumValue,
    /// When it exists.
    pub(crate) gate: Gate,
}

/// Names the variants of `values`.
pub(crate) fn variants<'a>(plan: &Plan<'a>, values: &'a Enum) -> Variants<'a> {
    let mut scope = Scope::default();
    let named = |(value, gate): (&'a EnumValue, Gate)| {
        let ident = names::ident(&scope.claim(names::camel(&value.name), ""));
        Variant { ident, value, gate }
    };
    let values: Vec<_> = plan.kept.values(values).map(named).collect();
    let unknown = values.iter().any(|variant| variant.ident == "Unknown");
    let other = names::ident(&scope.claim(if unknown { "Unrecognized" } else { "Unknown" }.to_owned(), ""));
    Variants { values, other }
}

/// The enum with its wire names and visitor.
pub(crate) fn definition(plan: &Plan<'_>, id: TypeId, values: &Enum, text: &mut Text) {
    let info = &plan.schema.ty(id).info;
    let (name, gate) = (plan.type_ident(id), plan.kept.ty(id));
    let Variants { values, other } = variants(plan, values);
    let remarks = plan.remarks(&info.cond, &info.features);
    text.doc(&docs::definition(info, remarks, &format!("Wire name: `{}`.", info.name)));
    text.gate(gate);
    let by_derive = values.first().is_some_and(|first| first.gate == Gate::Always);
    let default = if by_derive { ", Default" } else { "" };
    line!(text, "#[derive(Debug, Clone, PartialEq, Eq, Hash{default})]");
    open!(text, "pub enum {name}");
    for (index, Variant { ident, value, gate }) in values.iter().enumerate() {
        let wire = format!("Wire name: `{}`.", value.name);
        text.doc(&docs::part(value.doc.as_deref(), plan.remarks(&value.cond, &value.features), &wire));
        text.gate(gate);
        text.attribute(plan.deprecated(&value.features, info.doc.as_ref()).as_deref());
        text.attribute((by_derive && index == 0).then_some("#[default]"));
        line!(text, "{ident},");
    }
    line!(text, "/// A value this schema does not list, kept as it came. Only clients ever see one.");
    line!(text, "{other}(Box<str>),");
    text.close();
    if !by_derive {
        text.gate(gate);
        open!(text, "impl Default for {name}");
        text.inline();
        open!(text, "fn default() -> Self");
        line!(text, "<Self as rt::Enum>::from_index(0)");
        text.close();
        text.close();
    }
    text.gate(gate);
    open!(text, "impl rt::Enum for {name}");
    let wire = values.iter().map(|variant| (quoted(&variant.value.name), &variant.gate));
    text.list(format_args!("const NAMES: &'static [&'static str] = &["), wire, "];");
    let positions = Positions::new(values.iter().map(|variant| &variant.gate));
    if has_special(plan, &values) {
        special(plan, &values, &positions, text);
    }
    conversions(&values, &positions, &other, text);
    text.inline();
    open!(text, "fn as_str(&self) -> &str");
    open!(text, "match self");
    for Variant { ident, value, gate } in &values {
        text.gate(gate);
        line!(text, "Self::{ident} => {},", quoted(&value.name));
    }
    line!(text, "Self::{other}(s) => s,");
    text.close();
    text.close();
    text.close();
    text.gate(gate);
    line!(text, "rt::enumeration!({name});");
}

/// True when a run-time policy is about some of the values.
pub(crate) fn has_special(plan: &Plan<'_>, values: &[Variant<'_>]) -> bool {
    values.iter().any(|variant| plan.special(&variant.value.features).is_some())
}

/// The table of the values that a run-time policy is about.
fn special(plan: &Plan<'_>, values: &[Variant<'_>], positions: &Positions<'_>, text: &mut Text) {
    let marked: Vec<_> = values
        .iter()
        .enumerate()
        .filter_map(|(index, variant)| Some((index, plan.special(&variant.value.features)?, &variant.gate)))
        .map(|(index, special, gate)| (format!("({}, {special})", positions.position(index)), gate))
        .collect();
    text.list(format_args!("const SPECIAL: &'static [(usize, rt::Special)] = &["), marked, "];");
}

/// `from_index` and `from_unknown`.
fn conversions(values: &[Variant<'_>], positions: &Positions<'_>, other: &str, text: &mut Text) {
    text.inline();
    open!(text, "fn from_index(i: usize) -> Self");
    positions.open_match(text, "i");
    for (index, Variant { ident, gate, .. }) in values.iter().enumerate() {
        text.gate(gate);
        line!(text, "{} => Self::{ident},", positions.pattern(index));
    }
    line!(text, "_ => Self::{other}(Box::default()),");
    text.close();
    text.close();
    text.inline();
    open!(text, "fn from_unknown(s: &str) -> Self");
    line!(text, "Self::{other}(s.into())");
    text.close();
}
