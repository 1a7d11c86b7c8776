//! Paths from a type to what is inside it.

use super::types::{Type, TypeKind};

/// How many types a step may look through: lists and alternates around what the step names. A schema whose lists contain
/// themselves would go on for ever.
const LOOK_THROUGH: usize = 64;

impl<'a> Type<'a> {
    /// What is at the end of a path.
    ///
    /// The steps of a path are separated by points. A step `name` goes to the type of that member; `name=value` demands
    /// that the member is an enumeration that has the value, and goes on to what the value brings with it if the member is
    /// a union's discriminator. Lists and alternates need no step of their own: the step after them looks inside; `[]`
    /// after a name goes to a list's elements where the path ends.
    ///
    /// | path from the arguments of | | asks |
    /// |---|---|---|
    /// | `blockdev-add` | `driver=qcow2.data-file` | is there a `data-file` for the driver `qcow2` |
    /// | `blockdev-add` | `driver=qcow2.file.driver=nbd` | can the file below it be a network block device |
    /// | `transaction` | `actions.type=block-dirty-bitmap-add` | is that action known |
    /// | `migrate` | `channels` | can it be told channels |
    ///
    /// A name that contains a point, as some vendors' do, cannot be a step: go there by [`member`](Self::member).
    pub fn at(self, path: &str) -> Option<Type<'a>> {
        path.split('.').try_fold(self, Self::step)
    }

    fn step(self, step: &str) -> Option<Type<'a>> {
        let (name, value) = match step.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (step, None),
        };
        let bare = name.trim_end_matches("[]");
        let lists = (name.len() - bare.len()) / 2;
        let (object, member) =
            self.within().find_map(|object| object.member(bare).map(|member| (object, member.ty())))?;
        let mut ty = member;
        for _ in 0..lists {
            ty = ty.element()?;
        }
        let Some(value) = value else { return Some(ty) };
        let enumeration = ty.within().find(|ty| ty.has_value(value))?;
        let is_tag = object.tag().is_some_and(|tag| tag.name() == bare);
        Some(object.variant(value).filter(|_| is_tag).unwrap_or(enumeration))
    }

    /// The type itself and those that lists and alternates wrap.
    fn within(self) -> impl Iterator<Item = Type<'a>> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            match next.kind() {
                TypeKind::Array => waiting.extend(next.element()),
                TypeKind::Alternate => waiting.extend(next.alternatives().take(LOOK_THROUGH)),
                _ => {}
            }
            Some(next)
        })
        .take(LOOK_THROUGH)
    }
}
