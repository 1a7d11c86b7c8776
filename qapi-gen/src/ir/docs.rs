//! Documentation against what it documents.

use super::declare::about;
use super::resolve::Resolver;
use crate::check::def::{Body, Data, Def};
use crate::diag::{Diagnostic, catalogue};
use crate::syntax::doc::Section;

/// Checks that what the comment of `def` describes exists, and that nothing lacks description.
pub(super) fn check(resolver: &mut Resolver<'_, '_>, def: &Def) {
    let Some(doc) = &def.doc else { return };
    let (role, members) = parts(def);
    let mut found = Vec::new();
    let mut features: Vec<&str> = def
        .features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect();
    let excepted = resolver.checked.pragma.documentation.contains(&def.name);
    let required = resolver.dialect.members_documented() && !excepted;
    for (name, span, own) in members {
        let described = doc.args.iter().any(|section| section.name == name);
        if !described && required {
            let message = format!("{role} '{name}' lacks documentation");
            found.push(about(def, &catalogue::DOC_MEMBER_MISSING, span, message));
        }
        features.extend(own.iter().map(|feature| feature.name.as_str()));
    }
    for name in &features {
        if !doc.features.iter().any(|section| section.name == *name) {
            let message = format!("feature '{name}' lacks documentation");
            found.push(about(
                def,
                &catalogue::DOC_FEATURE_MISSING,
                def.name_span,
                message,
            ));
        }
    }
    let (_, members) = parts(def);
    let names: Vec<&str> = members.into_iter().map(|(name, ..)| name).collect();
    let by_section = resolver.dialect.section_positions();
    let mut unknown = |kind: &str, sections: &[Section], known: &[&str]| {
        let bogus: Vec<&Section> = sections
            .iter()
            .filter(|section| !known.contains(&section.name.as_str()))
            .collect();
        let Some(first) = bogus.first() else { return };
        let list: Vec<String> = bogus
            .iter()
            .map(|section| format!("'{}'", section.name))
            .collect();
        let (plural, verb) = if bogus.len() == 1 {
            ("", "does")
        } else {
            ("s", "do")
        };
        let message = format!(
            "documented {kind}{plural} {} {verb} not exist",
            list.join(", ")
        );
        let mut diagnostic = Diagnostic::new(&catalogue::DOC_MEMBER_UNKNOWN, message, first.span);
        diagnostic.reported = Some(if by_section { first.span } else { doc.span });
        found.push(diagnostic);
    };
    unknown("member", &doc.args, &names);
    unknown("feature", &doc.features, &features);
    resolver.out.extend(found);
}

type Part<'d> = (&'d str, crate::source::Span, &'d [super::Feature]);

/// What the comment of `def` should describe: how messages call it, and each by name.
fn parts(def: &Def) -> (&'static str, Vec<Part<'_>>) {
    let members = match &def.body {
        Body::Enum { values, .. } => {
            let values = values
                .iter()
                .map(|value| (value.name.as_str(), value.span, value.features.as_slice()));
            return ("value", values.collect());
        }
        Body::Alternate { branches } => branches,
        Body::Struct { members, .. } => members,
        Body::Union { base: data, .. } | Body::Command { data, .. } | Body::Event { data, .. } => {
            match data {
                Data::Inline(members) => members,
                _ => return ("member", Vec::new()),
            }
        }
    };
    let role = match &def.body {
        Body::Alternate { .. } => "branch",
        Body::Command { .. } | Body::Event { .. } | Body::Struct { .. } => "member",
        _ => "member",
    };
    let parts = members.iter().map(|member| {
        (
            member.name.as_str(),
            member.span,
            member.features.as_slice(),
        )
    });
    (role, parts.collect())
}
