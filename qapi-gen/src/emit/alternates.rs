//! Alternates: the kind of the JSON value decides.

use super::docs;
use super::gate::Gate;
use super::names::{self, Scope};
use super::plan::Plan;
use super::text::{Text, line, open, quoted};
use crate::ir::{Alternate, Builtin, Member, Schema, TypeId, TypeKind};

/// The enum of an alternate with its visitor.
pub(crate) fn definition(plan: &Plan<'_>, id: TypeId, alternate: &Alternate, text: &mut Text) {
    let info = &plan.schema.ty(id).info;
    let (name, gate) = (plan.type_ident(id), plan.kept.ty(id));
    let mut scope = Scope::default();
    let branches: Vec<(String, &Member, Gate)> = plan
        .kept
        .alternatives(alternate)
        .map(|(branch, gate)| (names::ident(&scope.claim(names::camel(&branch.name), "")), branch, gate))
        .collect();
    let sure = branches.iter().filter(|(_, _, gate)| *gate == Gate::Always);
    let default = sure.min_by_key(|(_, branch, _)| plan.depth(branch.ty).unwrap_or(u32::MAX));
    let nothing = default.is_none().then(|| names::ident(&scope.claim("Nothing".to_owned(), "")));

    let remarks = plan.remarks(&info.cond, &info.features);
    text.doc(&docs::definition(info, remarks, &format!("Wire name: `{}`.", info.name)));
    text.gate(gate);
    line!(text, "#[derive(Debug, Clone, PartialEq{})]", if nothing.is_some() { ", Default" } else { "" });
    open!(text, "pub enum {name}");
    for (ident, branch, gate) in &branches {
        let wire = format!("{} on the wire.", kind_text(plan.schema, branch.ty));
        text.doc(&docs::part(branch.doc.as_deref(), plan.remarks(&branch.cond, &[]), &wire));
        text.gate(gate);
        line!(text, "{ident}({}),", plan.held(id, branch.ty, info.module));
    }
    if let Some(nothing) = &nothing {
        line!(text, "/// No branch: none is sure to exist.");
        line!(text, "#[default]");
        line!(text, "{nothing},");
    }
    text.close();
    if let Some((default, ..)) = default {
        text.gate(gate);
        open!(text, "impl Default for {name}");
        text.inline();
        open!(text, "fn default() -> Self");
        line!(text, "Self::{default}(Default::default())");
        text.close();
        text.close();
    }
    text.gate(gate);
    open!(text, "impl rt::Alternate for {name}");
    line!(text, "const NAME: &'static str = {};", quoted(&info.name));
    visitor(plan.schema, &branches, nothing.as_deref(), text);
    text.close();
    text.gate(gate);
    line!(text, "rt::alternate!({name});");
}

/// The methods of `rt::Alternate`.
fn visitor(schema: &Schema, branches: &[(String, &Member, Gate)], nothing: Option<&str>, text: &mut Text) {
    text.inline();
    open!(text, "fn select(&mut self, kind: rt::Kind) -> bool");
    open!(text, "match kind");
    for (ident, branch, gate) in branches {
        text.gate(gate);
        open!(text, "rt::Kind::{} =>", kind(schema, branch.ty));
        line!(text, "*self = Self::{ident}(Default::default());");
        line!(text, "true");
        text.close();
    }
    line!(text, "#[allow(unreachable_patterns, reason = \"an alternate may take every kind\")]");
    line!(text, "_ => false,");
    text.close();
    text.close();
    text.inline();
    open!(text, "fn get_branch(&mut self, d: &mut rt::Decoder<'_>) -> rt::Outcome");
    open!(text, "match self");
    for (ident, _, gate) in branches {
        text.gate(gate);
        line!(text, "Self::{ident}(b) => rt::Visit::get(b, d),");
    }
    if let Some(nothing) = nothing {
        line!(text, "Self::{nothing} => d.null(),");
    }
    text.close();
    text.close();
    text.inline();
    open!(text, "fn put_branch(&self, e: &mut rt::Encoder)");
    open!(text, "match self");
    for (ident, _, gate) in branches {
        text.gate(gate);
        line!(text, "Self::{ident}(b) => rt::Visit::put(b, e),");
    }
    if let Some(nothing) = nothing {
        line!(text, "Self::{nothing} => e.null(),");
    }
    text.close();
    text.close();
}

/// The `rt::Kind` that a branch of type `id` takes.
fn kind(schema: &Schema, id: TypeId) -> &'static str {
    match &schema.ty(id).kind {
        TypeKind::Builtin(Builtin::Null) => "Null",
        TypeKind::Builtin(Builtin::Bool) => "Bool",
        TypeKind::Builtin(Builtin::Str) | TypeKind::Enum(_) => "String",
        TypeKind::Array(_) => "List",
        TypeKind::Object(_) | TypeKind::Alternate(_) => "Dict",
        TypeKind::Builtin(_) => "Number",
    }
}

fn kind_text(schema: &Schema, id: TypeId) -> &'static str {
    match &schema.ty(id).kind {
        TypeKind::Builtin(Builtin::Null) => "`null`",
        TypeKind::Builtin(Builtin::Bool) => "A boolean",
        TypeKind::Builtin(Builtin::Str) | TypeKind::Enum(_) => "A string",
        TypeKind::Array(_) => "An array",
        TypeKind::Object(_) | TypeKind::Alternate(_) => "An object",
        TypeKind::Builtin(_) => "A number",
    }
}
