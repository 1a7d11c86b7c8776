//! Documentation against what it documents.

use super::declare::about;
use super::resolver::Resolver;
use crate::check::def::{Body, Data, Def};
use crate::diag::{Diagnostic, Findings, catalogue};
use crate::ir::Feature;
use crate::source::Span;
use crate::syntax::doc::Section;
use std::collections::HashSet;

/// Checks that what the comment of `def` describes exists, and that nothing lacks description.
pub(super) fn check(resolver: &mut Resolver<'_, '_>, def: &Def) {
    let Some(doc) = def.doc.as_ref().filter(|_| !def.partial) else { return };
    let (role, parts) = parts(def);
    let excepted = || resolver.checked.pragma.documentation.contains(&def.name);
    let required = resolver.dialect.members_documented() && !excepted();
    let (mut found, mut late) = (Findings::default(), Findings::default());
    let mut features = HashSet::new();
    let mut feature = |found: &mut Findings, feature: &Feature, span| {
        let place = features.len();
        if doc.features.find(place, &feature.name).is_none() {
            let message = format!("feature '{}' lacks documentation", feature.name);
            found.push(about(def, &catalogue::DOC_FEATURE_MISSING, span, message));
        }
        features.insert(feature.name.clone());
    };
    for own in &def.features {
        feature(&mut found, own, def.name_span);
    }
    for (place, part) in parts.iter().enumerate() {
        if required && doc.args.find(place, part.name).is_none() {
            let message = format!("{role} '{}' lacks documentation", part.name);
            found.push(about(def, &catalogue::DOC_MEMBER_MISSING, part.span, message));
        }
        for own in part.features {
            feature(&mut found, own, part.span);
        }
    }
    let known: HashSet<&str> = parts.iter().map(|part| part.name).collect();
    let by_section = resolver.dialect.doc_paragraphs();
    let mut unknown = |kind: &str, bogus: Vec<&Section>| {
        let Some(first) = bogus.first() else { return };
        let list: Vec<String> = bogus.iter().map(|section| format!("'{}'", section.name)).collect();
        let (plural, verb) = if bogus.len() == 1 { ("", "does") } else { ("s", "do") };
        let message = format!("documented {kind}{plural} {} {verb} not exist", list.join(", "));
        let mut diagnostic = Diagnostic::new(&catalogue::DOC_MEMBER_UNKNOWN, message, first.span);
        diagnostic.reported = Some(if by_section { first.span } else { doc.span });
        late.push(diagnostic);
    };
    unknown("member", doc.args.iter().filter(|section| !known.contains(section.name.as_str())).collect());
    let kind = resolver.dialect.undocumented_feature();
    unknown(kind, doc.features.iter().filter(|section| !features.contains(&section.name)).collect());
    resolver.out.append(&mut found);
    let at_once = !resolver.dialect.doc_paragraphs();
    if at_once { &mut *resolver.out } else { &mut resolver.late }.append(&mut late);
}

/// Something that a comment can describe.
struct Part<'d> {
    name: &'d str,
    span: Span,
    features: &'d [Feature],
}

/// What the comment of `def` should describe, and how messages call that.
fn parts(def: &Def) -> (&'static str, Vec<Part<'_>>) {
    let (role, members) = match &def.body {
        Body::Enum { values, .. } => {
            let values =
                values.iter().map(|value| Part { name: &value.name, span: value.span, features: &value.features });
            return ("value", values.collect());
        }
        Body::Alternate { branches } => ("branch", branches.as_slice()),
        Body::Struct { members, .. } => ("member", members.as_slice()),
        Body::Union { base: data, .. } | Body::Command { data, .. } | Body::Event { data, .. } => match data {
            Data::Inline(members) => ("member", members.as_slice()),
            _ => ("member", &[][..]),
        },
    };
    let parts = members.iter().map(|member| Part { name: &member.name, span: member.span, features: &member.features });
    (role, parts.collect())
}
