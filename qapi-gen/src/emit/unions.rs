//! Unions: the enum of branches, so that no branch can be built without its tag.

use super::docs;
use super::enums::{self, Variants};
use super::gate::Gate;
use super::plan::Plan;
use super::positions::Positions;
use super::select::Case;
use super::text::{Text, line, open, quoted};
use crate::ir::{Info, Object, TypeId};

/// The enum of branches of the union `id`.
pub(crate) fn branches(plan: &Plan<'_>, id: TypeId, object: &Object, info: &Info, gate: &Gate, text: &mut Text) {
    let Some((tag, values)) = plan.kept.tag_enum(object) else {
        return;
    };
    let name = plan.branch_ident(id);
    let Variants { values, other } = enums::variants(plan, values);
    let cases: Vec<(&str, Case<'_>)> =
        plan.kept.cases(object).into_iter().map(|case| (values[case.index].ident.as_str(), case)).collect();
    let chosen = default_case(plan, &cases);
    let by_derive = chosen.is_some_and(|index| cases[index].1.ty.is_none());

    text.doc(&format!("The branches of [`{}`], by tag.", plan.type_ident(id)));
    text.gate(gate);
    line!(text, "#[derive(Debug, Clone, PartialEq{})]", if by_derive { ", Default" } else { "" });
    open!(text, "pub enum {name}");
    for (index, (ident, case)) in cases.iter().enumerate() {
        let wire = format!("Tag value `{}`.", case.value.name);
        text.doc(&docs::part(None, plan.remarks(&case.value.cond, &case.value.features), &wire));
        text.gate(&case.gate);
        text.attribute((by_derive && chosen == Some(index)).then_some("#[default]"));
        match case.ty {
            Some(ty) => line!(text, "{ident}({}),", plan.held(id, ty, info.module)),
            None => line!(text, "{ident},"),
        }
    }
    text.doc("A tag this schema does not list, kept as it came, without the members of its branch. Only clients ever see one.");
    line!(text, "{other}(Box<str>),");
    text.close();
    if !by_derive {
        text.gate(gate);
        open!(text, "impl Default for {name}");
        text.inline();
        open!(text, "fn default() -> Self");
        match chosen {
            Some(index) => line!(text, "Self::{}(Default::default())", cases[index].0),
            None => line!(text, "Self::{other}(Box::default())"),
        }
        text.close();
        text.close();
    }
    text.gate(gate);
    open!(text, "impl rt::Enum for {name}");
    let tag = plan.path(tag, info.module);
    line!(text, "const NAMES: &'static [&'static str] = <{tag} as rt::Enum>::NAMES;");
    if enums::has_special(plan, &values) {
        line!(text, "const SPECIAL: &'static [(usize, rt::Special)] = <{tag} as rt::Enum>::SPECIAL;");
    }
    let positions = Positions::new(values.iter().map(|variant| &variant.gate));
    conversions(&positions, &cases, &other, text);
    text.close();
    text.gate(gate);
    open!(text, "impl {name}");
    accessors(plan, id, &cases, text);
    text.close();
}

/// The methods of `rt::Enum`.
fn conversions(positions: &Positions<'_>, cases: &[(&str, Case<'_>)], other: &str, text: &mut Text) {
    text.inline();
    open!(text, "fn from_index(i: usize) -> Self");
    positions.open_match(text, "i");
    for (ident, case) in cases {
        let content = if case.ty.is_some() { "(Default::default())" } else { "" };
        text.gate(&case.gate);
        line!(text, "{} => Self::{ident}{content},", positions.pattern(case.index));
    }
    line!(text, "_ => Self::{other}(Box::default()),");
    text.close();
    text.close();
    text.inline();
    open!(text, "fn from_unknown(s: &str) -> Self");
    line!(text, "Self::{other}(s.into())");
    text.close();
    text.inline();
    open!(text, "fn as_str(&self) -> &str");
    open!(text, "match self");
    for (ident, case) in cases {
        let content = if case.ty.is_some() { "(_)" } else { "" };
        text.gate(&case.gate);
        line!(text, "Self::{ident}{content} => {},", quoted(&case.value.name));
    }
    line!(text, "Self::{other}(s) => s,");
    text.close();
    text.close();
}

/// The methods through which the union's visitor reaches the chosen branch.
fn accessors(plan: &Plan<'_>, id: TypeId, cases: &[(&str, Case<'_>)], text: &mut Text) {
    let full: Vec<_> =
        cases.iter().filter_map(|(ident, case)| Some((ident, plan.boxed(id, case.ty?), &case.gate))).collect();
    text.inline();
    open!(text, "fn branch(&mut self) -> Option<&mut dyn rt::Object>");
    if full.is_empty() {
        line!(text, "None");
    } else {
        open!(text, "match self");
        for (ident, boxed, gate) in &full {
            text.gate(gate);
            line!(text, "Self::{ident}(b) => Some({}),", if *boxed { "&mut **b" } else { "b" });
        }
        line!(text, "_ => None,");
        text.close();
    }
    text.close();
    if full.is_empty() {
        text.inline();
        line!(text, "fn store(&self, _: &mut rt::Encoder) {{}}");
        return;
    }
    text.inline();
    open!(text, "fn store(&self, e: &mut rt::Encoder)");
    if full.iter().all(|(_, _, gate)| gate.is_conditional()) {
        line!(text, "let _ = &e;");
    }
    open!(text, "match self");
    for (ident, boxed, gate) in &full {
        text.gate(gate);
        line!(text, "Self::{ident}(b) => rt::Object::store({}, e),", if *boxed { "&**b" } else { "b" });
    }
    line!(text, "_ => {{}}");
    text.close();
    text.close();
}

/// Of the cases that always exist an empty one if there is one, else the one whose default ends soonest.
fn default_case(plan: &Plan<'_>, cases: &[(&str, Case<'_>)]) -> Option<usize> {
    let sure = (0..cases.len()).filter(|&index| cases[index].1.gate == Gate::Always);
    sure.min_by_key(|&index| cases[index].1.ty.map_or(0, |ty| plan.depth(ty).unwrap_or(u32::MAX).max(1)))
}
