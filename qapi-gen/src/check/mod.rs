//! Rules that need no other definition: directives, keys, names, documentation before its
//! definition. What each release of QEMU asks for is in [`Dialect`].

mod body;
mod cond;
pub(crate) mod def;
mod expr;
mod names;
mod parts;
mod pragma;
#[cfg(test)]
mod tests;
mod wording;

pub(crate) use names::c_name;
pub(crate) use pragma::Pragma;

use crate::diag::{Diagnostic, Findings, catalogue};
use crate::dialect::Dialect;
use crate::source::{SourceMap, Span};
use crate::syntax::doc::Doc;
use crate::syntax::{Item, Loaded, Value};
use def::{Def, Meta};
use expr::Context;
use std::collections::HashSet;

/// A piece of a checked schema, in source order.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A definition.
    Def(Box<Def>),
    /// Module `0` mentions module `1` here.
    Include(usize, usize),
    /// Free-form documentation of a module.
    Text(usize, Doc),
}

/// The well-formed part of a schema.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) pragma: Pragma,
    /// Names whose definition has a mistake; uses of them are not reported.
    pub(crate) broken: HashSet<String>,
}

/// How far to go on behind a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Find every mistake.
    All,
    /// One mistake is enough to know.
    First,
}

/// Checks everything that was loaded as `dialect` has it. Mistakes go to `out`.
pub(crate) fn check(loaded: &Loaded, dialect: Dialect, depth: Depth, out: &mut Findings) -> Checked {
    let enough = |out: &Findings| depth == Depth::First && !out.is_empty();
    let mut reader = Reader {
        sources: &loaded.sources,
        dialect,
        out,
        slots: Vec::with_capacity(loaded.items.len()),
        pragma: Pragma::default(),
        broken: HashSet::new(),
        pending: Pending::None,
    };
    for (module, item) in &loaded.items {
        reader.item(*module, item);
        if enough(reader.out) {
            return Checked::default();
        }
    }
    let Reader { slots, pragma, mut broken, .. } = reader;
    // Pragmas hold for definitions before them too, so definitions come after all of them.
    let mut pieces = Vec::with_capacity(slots.len());
    for slot in slots {
        match slot {
            Slot::Ready(piece) => pieces.push(piece),
            Slot::Expr { module, expr, doc } => {
                match definition(module, expr, doc, dialect, &pragma, out) {
                    Some(def) => pieces.push(Piece::Def(Box::new(def))),
                    None => broken.extend(names_in(expr)),
                }
                if enough(out) {
                    return Checked::default();
                }
            }
        }
    }
    Checked { pieces, pragma, broken }
}

/// A piece, or a definition that waits for the pragmas.
enum Slot<'l> {
    Ready(Piece),
    Expr { module: usize, expr: &'l Value, doc: Comment },
}

/// The comment before a definition.
enum Comment {
    None,
    Good(Doc),
    /// There is one, but it has a mistake.
    Broken,
}

/// A comment that waits for what follows it.
enum Pending {
    None,
    Definition(Doc),
    FreeForm(Span),
    Broken,
}

/// Goes through the pieces of all files in order and gives comments to definitions.
struct Reader<'l, 'o> {
    sources: &'l SourceMap,
    dialect: Dialect,
    out: &'o mut Findings,
    slots: Vec<Slot<'l>>,
    pragma: Pragma,
    broken: HashSet<String>,
    pending: Pending,
}

impl<'l> Reader<'l, '_> {
    fn item(&mut self, module: usize, item: &'l Item) {
        match item {
            Item::Doc(block) => {
                self.no_definition();
                match block.parse(self.sources.text(block.file), self.dialect) {
                    Ok(docs) => docs.into_iter().for_each(|doc| self.comment(module, doc)),
                    Err(diagnostic) => {
                        self.out.push(diagnostic);
                        self.pending = Pending::Broken;
                    }
                }
            }
            Item::Definition(expr) => {
                let doc = match std::mem::replace(&mut self.pending, Pending::None) {
                    Pending::None => Comment::None,
                    Pending::Definition(doc) => Comment::Good(doc),
                    Pending::Broken => Comment::Broken,
                    Pending::FreeForm(span) => {
                        let message = "definition documentation required";
                        self.out.push(Diagnostic::new(&catalogue::DOC_REQUIRED, message, span));
                        Comment::Broken
                    }
                };
                self.slots.push(Slot::Expr { module, expr, doc });
            }
            Item::Include(target) => {
                self.no_definition();
                self.slots.push(Slot::Ready(Piece::Include(module, *target)));
            }
            Item::Pragma(directive) => {
                self.no_definition();
                self.pragma.apply(directive, self.dialect, self.out);
            }
            Item::Broken { diagnostic, name, other } => {
                let directive = [&catalogue::INCLUDE_INVALID, &catalogue::INCLUDE_LOOP, &catalogue::INCLUDE_UNREADABLE];
                if directive.contains(&diagnostic.rule) {
                    self.no_definition();
                }
                // The comment may well belong to what cannot be read.
                self.pending = Pending::None;
                self.out.push(wording::of(diagnostic, other, self.dialect));
                self.broken.extend(name.clone());
            }
            Item::End => self.no_definition(),
        }
    }

    fn comment(&mut self, module: usize, doc: Doc) {
        if doc.symbol.is_some() {
            self.pending = Pending::Definition(doc);
        } else {
            self.pending = Pending::FreeForm(doc.span);
            self.slots.push(Slot::Ready(Piece::Text(module, doc)));
        }
    }

    /// What comes next is no definition, so that a comment for one is lost.
    fn no_definition(&mut self) {
        if let Pending::Definition(doc) = std::mem::replace(&mut self.pending, Pending::None) {
            let symbol = doc.symbol.unwrap_or_default();
            let message = format!("documentation for '{symbol}' is not followed by the definition");
            self.out.push(Diagnostic::new(&catalogue::DOC_MISPLACED, message, doc.span));
        }
    }
}

/// Names that `expr` seems to define.
fn names_in(expr: &Value) -> impl Iterator<Item = String> {
    Meta::ALL.into_iter().filter_map(|meta| Some(expr.get(meta.key())?.as_str()?.to_owned()))
}

/// The kind of definition that `expr` is, or what to say if that cannot be told.
fn meta(expr: &Value, dialect: Dialect) -> Result<Meta, String> {
    let is_in = |meta: &Meta| expr.get(meta.key()).is_some();
    if dialect.first_meta_counts() {
        return Meta::FIRST.into_iter().find(is_in).ok_or_else(|| "expression is missing metatype".to_owned());
    }
    let mut metas = Meta::ALL.into_iter().filter(is_in);
    match (metas.next(), metas.next()) {
        (Some(meta), None) => Ok(meta),
        _ => {
            let keys: Vec<String> = Meta::ALL.iter().map(|meta| format!("'{}'", meta.key())).collect();
            Err(format!("expression must have exactly one key {}", keys.join(", ")))
        }
    }
}

/// Checks one definition. `None` if too little of it can be understood.
fn definition(
    module: usize,
    expr: &Value,
    comment: Comment,
    dialect: Dialect,
    pragma: &Pragma,
    out: &mut Findings,
) -> Option<Def> {
    let meta = match meta(expr, dialect) {
        Ok(meta) => meta,
        Err(message) => {
            out.push(Diagnostic::new(&catalogue::META_AMBIGUOUS, message, expr.span));
            return None;
        }
    };
    let name_value = expr.get(meta.key())?;
    let Some(name) = name_value.as_str() else {
        let message = format!("'{}' requires a string name", meta.key());
        out.push(Diagnostic::new(&catalogue::NAME_NOT_STRING, message, expr.span));
        return None;
    };
    let mut cx = Context { dialect, pragma, meta, name, span: expr.span, out, failed: false };
    expr::definition_name(&mut cx, name_value.span);
    let doc = documentation(&mut cx, expr, comment);
    let body = body::body(&mut cx, expr);
    let cond = cond::condition(&mut cx, expr, expr::What::Meta(meta));
    let features = parts::features(&mut cx, expr);
    body::flags(&mut cx, expr);
    let partial = cx.failed;
    Some(Def {
        module,
        meta,
        name: name.to_owned(),
        name_span: name_value.span,
        span: expr.span,
        cond,
        features,
        body: body?,
        doc,
        partial,
    })
}

/// Checks the comment of a definition, as far as the definition alone allows.
fn documentation(cx: &mut Context<'_>, expr: &Value, comment: Comment) -> Option<Doc> {
    let doc = match comment {
        Comment::Good(doc) => doc,
        Comment::Broken => return None,
        Comment::None => {
            if cx.pragma.doc_required {
                let message = "documentation comment required".to_owned();
                cx.error(&catalogue::DOC_REQUIRED, expr.span, message);
            }
            return None;
        }
    };
    let symbol = doc.symbol.as_deref().unwrap_or("");
    if symbol != cx.name {
        let message = format!("documentation comment is for '{symbol}'");
        cx.error(&catalogue::DOC_SYMBOL, expr.span, message);
        return None;
    }
    let mut wrong = |span: Span, message: &str| {
        // These are about the comment; QEMU does not name the definition.
        cx.out.push(Diagnostic::new(&catalogue::DOC_SECTION, message, span));
    };
    let command = cx.meta == Meta::Command;
    let section = |tag: &str| doc.sections.iter().find(|section| section.name == tag);
    if !cx.dialect.doc_paragraphs() {
        if section("Returns").is_some() && !command {
            wrong(doc.span, "'Returns:' is only valid for commands");
        }
        return Some(doc);
    }
    if let Some(returns) = section("Returns") {
        if !command {
            wrong(returns.span, "'Returns' section is only valid for commands");
        } else if expr.get("returns").is_none() && cx.dialect.members_documented() {
            wrong(returns.span, "'Returns' section, but command doesn't return anything");
        }
    }
    if let Some(errors) = section("Errors").filter(|_| !command) {
        wrong(errors.span, "'Errors' section is only valid for commands");
    }
    Some(doc)
}
