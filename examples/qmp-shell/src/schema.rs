//! What is known of the server: its schema, or at least the names of its commands.

use qapi_runtime::introspection::{Command, JsonType, Member, Schema, Type, TypeKind};

/// How deep branches of unions are followed into further unions.
const MAX_BRANCHES: usize = 8;

/// What the server understands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Knowledge {
    /// Its schema, unless it does not tell.
    pub(crate) schema: Option<Schema>,
    /// The names of its commands, sorted.
    pub(crate) commands: Vec<String>,
    /// The names of those that answer nothing when they succeed.
    pub(crate) silent: Vec<String>,
}

impl Knowledge {
    /// Knowledge of a server that tells its schema.
    pub(crate) fn from_schema(schema: Schema) -> Self {
        let mut commands: Vec<_> = schema.commands().map(|command| command.name().to_owned()).collect();
        commands.sort_unstable();
        Self { schema: Some(schema), commands, silent: Vec::new() }
    }

    /// Knowledge of a server that tells names only.
    pub(crate) fn from_names(mut commands: Vec<String>) -> Self {
        commands.sort_unstable();
        Self { schema: None, commands, silent: Vec::new() }
    }

    /// The command of that name, if its arguments are known.
    pub(crate) fn command(&self, name: &str) -> Option<Command<'_>> {
        self.schema.as_ref()?.command(name)
    }

    /// Whether the server has such a command.
    pub(crate) fn has_command(&self, name: &str) -> bool {
        self.commands.binary_search_by(|command| command.as_str().cmp(name)).is_ok()
    }

    /// The commands whose names look like this one, best first.
    pub(crate) fn close_to(&self, name: &str) -> Vec<&str> {
        close(name, self.commands.iter().map(String::as_str))
    }
}

/// At most three names that somebody may have meant, best first.
pub(crate) fn close<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let plain = |text: &str| text.replace('_', "-").to_ascii_lowercase();
    let meant = plain(name);
    let mut found: Vec<_> = among
        .into_iter()
        .map(|other| (strsim::jaro_winkler(&meant, &plain(other)), other))
        .filter(|(likeness, _)| *likeness > 0.86)
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().take(3).map(|(_, other)| other).collect()
}

/// The members that an object of this type has: its own, then those that a union's discriminator brings. `given` tells
/// what discriminators were given.
pub(crate) fn members<'a>(ty: Type<'a>, given: &dyn Fn(&str) -> Option<String>) -> Vec<Member<'a>> {
    let mut found: Vec<_> = ty.members().collect();
    let mut ty = ty;
    for _ in 0..MAX_BRANCHES {
        let Some(branch) = ty.tag().and_then(|tag| given(tag.name())).and_then(|value| ty.variant(&value)) else {
            break;
        };
        found.extend(branch.members());
        ty = branch;
    }
    found
}

/// The member of that name; in a union whose discriminator was not given, that of any branch.
pub(crate) fn member<'a>(ty: Type<'a>, given: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<Member<'a>> {
    let known = members(ty, given).into_iter().find(|member| member.name() == name);
    known.or_else(|| {
        let tag = ty.tag().filter(|tag| given(tag.name()).is_none());
        tag.and_then(|_| ty.variants().find_map(|(_, branch)| branch.member(name)))
    })
}

/// What a value of a type may be written as, alternates taken apart.
pub(crate) fn alternatives(ty: Type<'_>) -> Vec<Type<'_>> {
    let branches: Vec<_> = ty.alternatives().collect();
    if branches.is_empty() { vec![ty] } else { branches }
}

/// The type as an object, if it is one or can be one.
pub(crate) fn as_object(ty: Type<'_>) -> Option<Type<'_>> {
    alternatives(ty).into_iter().find(|ty| ty.kind() == TypeKind::Object)
}

/// The type of a list's elements, if it is a list or can be one.
pub(crate) fn as_list(ty: Type<'_>) -> Option<Type<'_>> {
    alternatives(ty).into_iter().find_map(Type::element)
}

/// Types in few words, as they stand behind `=` in a hint: `<str>`, `<on|off|auto>`, `<[int] or str>`.
pub(crate) fn describe(types: &[Type<'_>]) -> String {
    format!("<{}>", types.iter().map(|ty| words(*ty, 3)).collect::<Vec<_>>().join(" or "))
}

/// The type in few words; of an enumeration so many values.
pub(crate) fn words(ty: Type<'_>, values: usize) -> String {
    match ty.kind() {
        TypeKind::Builtin(JsonType::String) => "str".to_owned(),
        TypeKind::Builtin(JsonType::Boolean) => "bool".to_owned(),
        TypeKind::Builtin(JsonType::Value) | TypeKind::Unknown => "any".to_owned(),
        TypeKind::Builtin(other) => other.as_str().to_owned(),
        TypeKind::Enum => {
            let all = ty.values();
            let more = if all.len() > values { "|…" } else { "" };
            all.take(values).map(|value| value.name()).collect::<Vec<_>>().join("|") + more
        }
        TypeKind::Array => format!("[{}]", ty.element().map_or_else(String::new, |element| words(element, values))),
        TypeKind::Object => "{…}".to_owned(),
        TypeKind::Alternate => ty.alternatives().map(|ty| words(ty, values)).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}
