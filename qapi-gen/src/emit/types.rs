//! Structs, and the object visitor that structs and unions share.

use super::gate::Gate;
use super::names::{self, Scope};
use super::plan::Plan;
use super::positions::Positions;
use super::text::{Text, line, open, quoted};
use super::{alternates, docs, enums, unions};
use crate::ir::{Doc, Info, Member, ModuleId, Object, TypeId, TypeKind};

/// The definition of one type with its visitors; nothing for built-in and array types.
pub(crate) fn definition(plan: &Plan<'_>, id: TypeId, text: &mut Text) {
    let ty = plan.schema.ty(id);
    match &ty.kind {
        TypeKind::Builtin(_) | TypeKind::Array(_) => {}
        TypeKind::Enum(values) => enums::definition(plan, id, values, text),
        TypeKind::Alternate(alternate) => alternates::definition(plan, id, alternate, text),
        TypeKind::Object(object) => {
            let wire = format!("Wire name: `{}`.", ty.info.name);
            let doc = docs::definition(&ty.info, plan.remarks(&ty.info.cond, &ty.info.features), &wire);
            structure(plan, id, object, &ty.info, &doc, plan.kept.ty(id), text);
        }
    }
}

/// A struct with its `Object` implementation, and a union's enum of branches.
///
/// `info` belongs to the definition whose documentation describes the members.
pub(crate) fn structure(
    plan: &Plan<'_>,
    id: TypeId,
    object: &Object,
    info: &Info,
    doc: &str,
    gate: &Gate,
    text: &mut Text,
) {
    let name = plan.type_ident(id);
    let fields = fields(plan, object);
    text.doc(doc);
    text.gate(gate);
    text.attribute(plan.deprecated(&info.features, info.doc.as_ref()).as_deref());
    line!(text, "#[derive(Debug, Clone, PartialEq, Default)]");
    open!(text, "pub struct {name}");
    for field in &fields {
        declaration(plan, id, field, info.module, info.doc.as_ref(), text);
    }
    text.close();
    text.gate(gate);
    open!(text, "impl rt::Object for {name}");
    let union = object.variants.is_some() && plan.kept.tag_enum(object).is_some();
    visitor(plan, &fields, union, text);
    text.close();
    if union {
        text.blank();
        unions::branches(plan, id, object, info, gate, text);
    }
}

/// A kept member with its Rust name; the tag of a union is the enum of branches.
struct Field<'a> {
    member: &'a Member,
    ident: String,
    tag: bool,
    gate: Gate,
}

fn fields<'a>(plan: &Plan<'a>, object: &'a Object) -> Vec<Field<'a>> {
    let tag = object.variants.as_ref().and_then(|variants| object.members.get(variants.tag));
    let mut scope = Scope::with(if tag.is_some() { &["u"] } else { &[] });
    let field = |(member, gate): (&'a Member, Gate)| {
        let tag = tag.is_some_and(|tag| std::ptr::eq(tag, member));
        let name = if tag { "u".to_owned() } else { scope.claim(names::snake(&member.name), "") };
        Field { member, ident: names::ident(&name), tag, gate }
    };
    plan.kept.members(object).map(field).collect()
}

fn declaration(plan: &Plan<'_>, owner: TypeId, field: &Field<'_>, from: ModuleId, doc: Option<&Doc>, text: &mut Text) {
    let Field { member, ident, tag, gate } = field;
    let remarks = plan.remarks(&member.cond, &member.features);
    if *tag {
        let wire = format!("The tag `{}` on the wire, with the members of its branch.", member.name);
        text.doc(&docs::part(member.doc.as_deref(), remarks, &wire));
        line!(text, "pub {ident}: {},", plan.branch_ident(owner));
        return;
    }
    text.doc(&docs::part(member.doc.as_deref(), remarks, &format!("Wire name: `{}`.", member.name)));
    text.gate(gate);
    text.attribute(plan.deprecated(&member.features, doc).as_deref());
    let held = plan.held(owner, member.ty, from);
    if plan.in_option(member) {
        line!(text, "pub {ident}: Option<{held}>,");
    } else {
        line!(text, "pub {ident}: {held},");
    }
}

/// The methods of `rt::Object`.
fn visitor(plan: &Plan<'_>, fields: &[Field<'_>], union: bool, text: &mut Text) {
    let positions = Positions::new(fields.iter().map(|field| &field.gate));
    if fields.is_empty() {
        return;
    }
    text.inline();
    open!(text, "fn shape(&self) -> &'static rt::Shape");
    shape(fields, &positions, text);
    text.close();
    text.inline();
    open!(text, "fn load(&mut self, i: usize, d: &mut rt::Decoder<'_>) -> rt::Outcome");
    if positions.may_be_empty() {
        line!(text, "let _ = &d;");
    }
    positions.open_match(text, "i");
    for (index, field) in fields.iter().enumerate() {
        arm(plan, field, &positions.pattern(index), text);
    }
    line!(text, "_ => Ok(()),");
    text.close();
    text.close();
    text.inline();
    open!(text, "fn store(&self, e: &mut rt::Encoder)");
    if positions.may_be_empty() {
        line!(text, "let _ = &e;");
    }
    for Field { member, ident, tag, gate } in fields {
        let name = quoted(&member.name);
        text.gate(gate);
        if *tag {
            // A tag tells what the rest means: no policy hides it.
            line!(text, "e.key({name});");
            line!(text, "e.str(rt::Enum::as_str(&self.{ident}));");
        } else if let Some(special) = plan.special(&member.features) {
            line!(text, "e.special({special}, {name}, &self.{ident});");
        } else {
            line!(text, "e.member({name}, &self.{ident});");
        }
    }
    if union {
        line!(text, "self.u.store(e);");
    }
    text.close();
    if union {
        text.inline();
        open!(text, "fn branch(&mut self) -> Option<&mut dyn rt::Object>");
        line!(text, "self.u.branch()");
        text.close();
    }
}

/// The arm of `load` that reads one member.
fn arm(plan: &Plan<'_>, field: &Field<'_>, pattern: &str, text: &mut Text) {
    let Field { member, ident, tag, gate } = field;
    text.gate(gate);
    let special = plan.special(&member.features);
    let read = if plan.sized(member.ty) {
        format!("d.size(&mut self.{ident})")
    } else {
        format!("rt::Visit::get(&mut self.{ident}, d)")
    };
    if !tag && special.is_none() {
        line!(text, "{pattern} => {read},");
        return;
    }
    open!(text, "{pattern} =>");
    if let Some(special) = special {
        line!(text, "d.permit({special})?;");
    }
    if *tag {
        line!(text, "self.{ident} = d.tag()?;");
        line!(text, "Ok(())");
    } else {
        line!(text, "{read}");
    }
    text.close();
}

/// The static description of the members.
fn shape(fields: &[Field<'_>], positions: &Positions<'_>, text: &mut Text) {
    let names = fields.iter().map(|field| (quoted(&field.member.name), &field.gate));
    let tag = fields.iter().position(|field| field.tag);
    // A literal is a constant in place, which takes the compiler less than an item; calls need to be told.
    let (head, tail) = if positions.conditional() { ("const { &rt::Shape", "} }") } else { ("&rt::Shape", "}") };
    open!(text, "{head}");
    text.list(format_args!("names: &["), names, "],");
    if positions.conditional() {
        let words = fields.len().div_ceil(64);
        let required = fields.iter().map(|field| (!field.member.optional, &field.gate));
        text.list(format_args!("required: &rt::mask::<{words}>(&["), required, "]),");
    } else {
        let mut masks = vec![0u64; fields.len().div_ceil(64)];
        for (index, field) in fields.iter().enumerate() {
            masks[index / 64] |= u64::from(!field.member.optional) << (index % 64);
        }
        text.list(format_args!("required: &["), masks.iter().map(|mask| (mask, &Gate::Always)), "],");
    }
    match tag {
        Some(index) => line!(text, "tag: {},", positions.position(index)),
        None => line!(text, "tag: usize::MAX,"),
    }
    text.close_with(tail);
}
