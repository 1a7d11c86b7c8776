//! The explanations, one for every rule of the catalogue, in its order.

use super::Explanation;

const fn rule(
    id: &'static str,
    dialect: &'static str,
    meaning: &'static str,
    example: &'static str,
    mended: &'static str,
) -> Explanation {
    Explanation { id, dialect, meaning, example, mended }
}

/// One explanation for every rule.
#[rustfmt::skip]
pub static EXPLANATIONS: &[Explanation] = &[
    // Files.
    rule("file-unreadable", "",
        "The schema file named on the command line, in the macro or in the build script cannot be read: it does not \
         exist, is a directory, or may not be read.",
        "", ""),
    rule("include-unreadable", "",
        "The file of an include directive cannot be read. Its path is relative to the directory of the file that has \
         the directive, not to where the compiler was started.",
        "{ 'include': 'missing.json' }", ""),
    rule("include-loop", "",
        "A file includes itself, directly or through others. To mention a file twice is fine: it is read once. Move \
         what both files need to a third one.",
        "{ 'include': 'example.json' }", ""),
    rule("file-not-utf8", "",
        "The file holds bytes that are not UTF-8, as an editor set to Latin-1 writes them. Comments may hold any \
         character, but in this encoding.",
        "", ""),
    rule("file-too-large", "",
        "The file has 4 GiB or more. No hand wrote it: make what writes it write several files.",
        "", ""),
    // Tokens and expressions.
    rule("stray-text", "",
        "A character starts no token. A schema knows { } [ ] : , strings in single quotes, true, false and # comments; \
         it has no numbers, no double quotes and no null.",
        "{ 'enum': 'Tint', 'data': [ \"warm\" ] }",
        "{ 'enum': 'Tint', 'data': [ 'warm' ] }"),
    rule("string-unterminated", "",
        "A string does not end on the line it starts on.",
        "{ 'enum': 'Tint', 'data': [ 'warm ] }",
        "{ 'enum': 'Tint', 'data': [ 'warm' ] }"),
    rule("string-bad-character", "",
        "A string holds something else than printable ASCII. Names are ASCII only; other text belongs in comments.",
        "{ 'enum': 'Tint', 'data': [ 'bläulich' ] }",
        "{ 'enum': 'Tint', 'data': [ 'blaeulich' ] }"),
    rule("string-bad-escape", "",
        "A string holds a backslash that is not doubled. There is no other escape, and paths have slashes everywhere.",
        "{ 'include': 'parts\\lamp.json' }", ""),
    rule("unexpected-token", "",
        "A token stands where the grammar allows only others: a comma, colon or bracket is missing, or there is one \
         too many. A comma before a closing bracket is one too many.",
        "{ 'enum': 'Tint', 'data': [ 'warm', 'cold', ] }",
        "{ 'enum': 'Tint', 'data': [ 'warm', 'cold' ] }"),
    rule("duplicate-key", "",
        "A key occurs twice in one object. One of the two values would be lost without a word.",
        "{ 'struct': 'Lamp',\n  'data': { 'id': 'str', 'id': 'int' } }",
        "{ 'struct': 'Lamp',\n  'data': { 'id': 'str', 'number': 'int' } }"),
    rule("nesting-too-deep", "",
        "Brackets, conditions, bases or branches are nested more than 100 deep. The limit keeps hostile schemas from \
         exhausting the stack; real ones need less than ten.",
        "", ""),
    rule("top-level-not-object", "",
        "Something stands between definitions that is no object. A schema is a sequence of definitions and \
         directives, each in braces.",
        "[ 'enum', 'Tint' ]",
        "{ 'enum': 'Tint', 'data': [] }"),
    // Directives.
    rule("include-invalid", "",
        "An include directive has exactly one key, and its value is one path. Write a directive for each file.",
        "{ 'include': [ 'lamp.json', 'light.json' ] }", ""),
    rule("pragma-invalid", "",
        "A pragma directive has exactly one key, and its value is an object of pragmas.",
        "{ 'pragma': 'doc-required' }",
        "{ 'pragma': { 'doc-required': false } }"),
    rule("pragma-unknown", "",
        "No pragma of this name exists in the dialect. QEMU 6.0 renamed returns-whitelist to \
         command-returns-exceptions and name-case-whitelist to member-name-exceptions; documentation-exceptions \
         exists from 9.0 on.",
        "{ 'pragma': { 'returns-whitelist': [ 'get' ] } }",
        "{ 'pragma': { 'command-returns-exceptions': [ 'get' ] } }"),
    rule("pragma-value", "",
        "The value has the wrong form: doc-required is true or false, all other pragmas are lists of names.",
        "{ 'pragma': { 'doc-required': 'yes' } }",
        "{ 'pragma': { 'doc-required': false } }"),
    // Documentation comments.
    rule("doc-delimiter", "",
        "A documentation comment starts and ends with a line that is ## and nothing else.",
        "## A lamp.\n# @Lamp:\n##\n{ 'struct': 'Lamp', 'data': {} }",
        "##\n# @Lamp:\n#\n# A lamp.\n##\n{ 'struct': 'Lamp', 'data': {} }"),
    rule("doc-space", "",
        "A line of a documentation comment is # alone, or # and a space before the text.",
        "##\n#@Lamp:\n##\n{ 'struct': 'Lamp', 'data': {} }",
        "##\n# @Lamp:\n##\n{ 'struct': 'Lamp', 'data': {} }"),
    rule("doc-symbol", "",
        "The first line of a definition's documentation is the definition's name between @ and a colon. It says \
         which definition is meant, so that one that was moved or renamed cannot keep the text of another.",
        "##\n# @Lantern:\n##\n{ 'struct': 'Lamp', 'data': {} }",
        "##\n# @Lamp:\n##\n{ 'struct': 'Lamp', 'data': {} }"),
    rule("doc-misplaced", "",
        "A documentation comment names a definition, but something else follows. It stands directly before its \
         definition, with nothing but ordinary comments in between.",
        "##\n# @Lamp:\n##\n\n{ 'pragma': { 'doc-required': true } }",
        "{ 'pragma': { 'doc-required': true } }\n\n##\n# @Lamp:\n##\n{ 'struct': 'Lamp', 'data': {} }"),
    rule("doc-required", "",
        "With pragma doc-required every definition needs a documentation comment. A free-form comment right before a \
         definition is refused in any case: its first line '# @NAME:' was probably forgotten.",
        "{ 'pragma': { 'doc-required': true } }\n{ 'enum': 'Tint', 'data': [] }",
        "{ 'pragma': { 'doc-required': true } }\n##\n# @Tint:\n#\n# Colours of light.\n##\n{ 'enum': 'Tint', 'data': [] }"),
    rule("doc-section", "",
        "A section of a documentation comment is not allowed where it stands: 'Returns:' and 'Errors:' are for \
         commands, '@name:' is for definitions, and descriptions of members come before all other sections. \
         'Note:' and 'Example:' were replaced by reStructuredText in 9.1.",
        "##\n# @Lamp:\n#\n# Returns: light\n##\n{ 'struct': 'Lamp', 'data': {} }",
        "##\n# @Lamp:\n#\n# Gives light.\n##\n{ 'struct': 'Lamp', 'data': {} }"),
    rule("doc-empty-section", "",
        "A section has no text. Write some, or leave the section out.",
        "##\n# @Lamp:\n#\n# Since:\n##\n{ 'struct': 'Lamp', 'data': {} }",
        "##\n# @Lamp:\n#\n# Since: 1.0\n##\n{ 'struct': 'Lamp', 'data': {} }"),
    rule("doc-indent", "",
        "A line is indented less than the section that it belongs to. All lines of a description are indented alike.",
        "##\n# @Lamp:\n#\n# @id: name of the lamp,\n#     by which\n#   it is known\n##\n{ 'struct': 'Lamp', 'data': { 'id': 'str' } }",
        "##\n# @Lamp:\n#\n# @id: name of the lamp,\n#     by which\n#     it is known\n##\n{ 'struct': 'Lamp', 'data': { 'id': 'str' } }"),
    rule("doc-duplicate", "",
        "A member is described twice, or a section that may occur once is there again.",
        "##\n# @Lamp:\n#\n# @id: name\n#\n# @id: number\n##\n{ 'struct': 'Lamp', 'data': { 'id': 'str' } }",
        "##\n# @Lamp:\n#\n# @id: name\n##\n{ 'struct': 'Lamp', 'data': { 'id': 'str' } }"),
    rule("doc-member-unknown", "",
        "The comment describes a member, value or feature that the definition does not have; a name may have \
         changed in one of the two places only.",
        "##\n# @Tint:\n#\n# @wram: like a candle\n##\n{ 'enum': 'Tint', 'data': [] }",
        "##\n# @Tint:\n#\n# @warm: like a candle\n##\n{ 'enum': 'Tint', 'data': [ 'warm' ] }"),
    rule("doc-member-missing", "",
        "From QEMU 9.0 on a documentation comment describes every member, value and branch. Definitions listed in \
         pragma documentation-exceptions are excused.",
        "##\n# @Tint:\n##\n{ 'enum': 'Tint', 'data': [ 'warm' ] }",
        "##\n# @Tint:\n#\n# @warm: like a candle\n##\n{ 'enum': 'Tint', 'data': [ 'warm' ] }"),
    rule("doc-feature-missing", "",
        "A documentation comment describes every feature of the definition and of its members, in its section \
         'Features:'.",
        "##\n# @get:\n##\n{ 'command': 'get', 'features': [ 'unstable' ] }",
        "##\n# @get:\n#\n# Features:\n#\n# @unstable: may change\n##\n{ 'command': 'get', 'features': [ 'unstable' ] }"),
    rule("doc-style", "10.2",
        "From QEMU 10.2 on lines of documentation comments are at most 70 columns wide, and sentences are separated \
         by two spaces. Literal text and lines that are just an address are excused.",
        "##\n# @Lamp:\n#\n# A lamp. It gives light.\n##\n{ 'struct': 'Lamp', 'data': {} }",
        "##\n# @Lamp:\n#\n# A lamp.  It gives light.\n##\n{ 'struct': 'Lamp', 'data': {} }"),
    // Definitions.
    rule("meta-ambiguous", "",
        "What an object defines is told by the one key it has of enum, struct, union, alternate, command and event. \
         Here there is none of them, or more than one.",
        "{ 'name': 'Lamp', 'data': {} }",
        "{ 'struct': 'Lamp', 'data': {} }"),
    rule("key-missing", "",
        "A definition or a part of one lacks a key that it must have.",
        "{ 'struct': 'Lamp' }",
        "{ 'struct': 'Lamp', 'data': {} }"),
    rule("key-unknown", "",
        "A definition or a part of one has a key that means nothing there. The message lists the keys that do.",
        "{ 'struct': 'Lamp', 'data': {}, 'flavour': 'bright' }",
        "{ 'struct': 'Lamp', 'data': {} }"),
    rule("name-not-string", "",
        "Something that is a name is not written as a string.",
        "{ 'enum': 'Tint', 'data': [ true ] }",
        "{ 'enum': 'Tint', 'data': [ 'yes' ] }"),
    rule("name-invalid", "",
        "A name is a letter, then letters, digits, '-' and '_'. It may begin with 'x-', and with '__DOMAIN_' for \
         downstream extensions; values of enums may begin with a digit. Names that begin with 'q_' belong to the compiler.",
        "{ 'command': 'get light' }",
        "{ 'command': 'get-light' }"),
    rule("name-case", "",
        "From QEMU 6.0 on names have one form for each kind of thing: TypeName, EVENT_NAME, and command-name for \
         commands, members, values and features. Pragmas command-name-exceptions and member-name-exceptions \
         excuse names that cannot be changed any more.",
        "{ 'command': 'getLight' }",
        "{ 'command': 'get-light' }"),
    rule("name-reserved", "",
        "The compiler needs the name itself: types do not end in 'List', members are not called 'u' and do not begin \
         with 'has-' or 'has_'.",
        "{ 'struct': 'LampList', 'data': {} }",
        "{ 'struct': 'Lamps', 'data': {} }"),
    rule("value-shape", "",
        "A value has the wrong form: a string stands where a list or an object is needed, a list of types has not \
         exactly one element, and so on.",
        "{ 'enum': 'Tint', 'data': 'warm' }",
        "{ 'enum': 'Tint', 'data': [ 'warm' ] }"),
    rule("flag-value", "",
        "A flag is written only to depart from its default: 'gen' and 'success-response' are given as false only, \
         the others as true only. Leave it out for the default.",
        "{ 'command': 'get', 'allow-oob': false }",
        "{ 'command': 'get' }"),
    rule("flag-conflict", "",
        "A command that is executed out of band must not run in a coroutine: it must not wait for anything.",
        "{ 'command': 'get', 'allow-oob': true, 'coroutine': true }",
        "{ 'command': 'get', 'allow-oob': true }"),
    rule("condition-invalid", "",
        "From QEMU 6.2 on a condition is a symbol in capitals, or an object with one of 'all', 'any' (lists) and \
         'not'. Earlier it is C: 'defined(CONFIG_KVM)'; read such schemas by their dialect.",
        "{ 'command': 'get', 'if': 'defined(CONFIG_KVM)' }",
        "{ 'command': 'get', 'if': 'CONFIG_KVM' }"),
    rule("boxed-needs-data", "",
        "'boxed' asks for the arguments as one structure, so that there must be arguments, given by the name of a type.",
        "{ 'command': 'set', 'boxed': true }",
        "{ 'struct': 'Light', 'data': { 'lit': 'bool' } }\n{ 'command': 'set', 'data': 'Light', 'boxed': true }"),
    // The schema as a whole.
    rule("already-defined", "",
        "Two definitions have the same name. Types, commands and events share one name space with the built-in types.",
        "{ 'enum': 'Tint', 'data': [] }\n{ 'struct': 'Tint', 'data': {} }",
        "{ 'enum': 'Tint', 'data': [] }\n{ 'struct': 'Light', 'data': {} }"),
    rule("name-clash", "",
        "Two members, values, branches or features of one definition have the same name, or names that are equal \
         when '-', '_' and '.' are. Inherited members and the members of branches count.",
        "{ 'struct': 'Thing', 'data': { 'id': 'str' } }\n{ 'struct': 'Lamp', 'base': 'Thing', 'data': { 'id': 'int' } }",
        "{ 'struct': 'Thing', 'data': { 'id': 'str' } }\n{ 'struct': 'Lamp', 'base': 'Thing', 'data': { 'number': 'int' } }"),
    rule("member-type-unknown", "",
        "The type of a member, argument or branch is defined nowhere. Order of definitions does not matter, but the \
         file that has it must be included somewhere.",
        "{ 'struct': 'Lamp', 'data': { 'tint': 'Tint' } }",
        "{ 'struct': 'Lamp', 'data': { 'tint': 'Tint' } }\n{ 'enum': 'Tint', 'data': [ 'warm', 'cold' ] }"),
    rule("type-unknown", "",
        "A base, the arguments or the reply of a command, or the data of an event name a type that is defined nowhere.",
        "{ 'command': 'get', 'returns': 'Light' }",
        "{ 'command': 'get', 'returns': 'Light' }\n{ 'struct': 'Light', 'data': { 'lit': 'bool' } }"),
    rule("base-not-struct", "",
        "Only a struct can be a base: what it is about is its members, and others have none, or have branches.",
        "{ 'enum': 'Tint', 'data': [] }\n{ 'struct': 'Lamp', 'base': 'Tint', 'data': {} }",
        "{ 'enum': 'Tint', 'data': [] }\n{ 'struct': 'Lamp', 'data': { 'tint': 'Tint' } }"),
    rule("contains-itself", "",
        "An object type is its own base, or a branch of itself, directly or through others, so that it would never \
         end. A member may have the type that it is in.",
        "{ 'struct': 'Lamp', 'base': 'Lamp', 'data': {} }",
        "{ 'struct': 'Lamp', 'data': { '*spare': 'Lamp' } }"),
    rule("discriminator", "",
        "The discriminator of a union is the name of a member of its base. This has an enum for type, is not optional \
         and has no condition.",
        "{ 'union': 'Light', 'base': { 'kind': 'str' }, 'discriminator': 'kind', 'data': {} }",
        "{ 'enum': 'Kind', 'data': [ 'ray' ] }\n{ 'union': 'Light', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', 'data': {} }"),
    rule("branch-unknown", "",
        "The name of a branch is not a value of the discriminator's type.",
        "{ 'enum': 'Kind', 'data': [ 'ray' ] }\n{ 'struct': 'Wave', 'data': {} }\n\
         { 'union': 'Light', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', 'data': { 'wave': 'Wave' } }",
        "{ 'enum': 'Kind', 'data': [ 'ray', 'wave' ] }\n{ 'struct': 'Wave', 'data': {} }\n\
         { 'union': 'Light', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', 'data': { 'wave': 'Wave' } }"),
    rule("branch-type", "",
        "A branch of a union is a struct, from QEMU 8.1 on also a union: its members stand beside those of the base. \
         A branch of an alternate is anything but 'any' and other alternates, whose JSON type could not be told.",
        "{ 'alternate': 'LightRef', 'data': { 'value': 'any' } }",
        "{ 'alternate': 'LightRef', 'data': { 'name': 'str' } }"),
    rule("branches-missing", "",
        "The discriminator's type has no values, so that there can be no value of the union.",
        "{ 'enum': 'Kind', 'data': [] }\n{ 'union': 'Light', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', 'data': {} }",
        "{ 'enum': 'Kind', 'data': [ 'ray' ] }\n{ 'union': 'Light', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', 'data': {} }"),
    rule("alternate-conflict", "",
        "Two branches of an alternate have the same JSON type. A string is also refused beside numbers and booleans, \
         because on the command line these are strings too, and an enum if one of its values reads like one.",
        "{ 'alternate': 'LightRef', 'data': { 'name': 'str', 'number': 'int' } }",
        "{ 'alternate': 'LightRef', 'data': { 'name': 'str', 'none': 'null' } }"),
    rule("array-element", "",
        "An array cannot have arrays for elements. Put the inner one in a struct.",
        "{ 'struct': 'Lamp', 'data': { 'rows': [ 'intList' ], 'row': [ 'int' ] } }",
        "{ 'struct': 'Row', 'data': { 'row': [ 'int' ] } }\n{ 'struct': 'Lamp', 'data': { 'rows': [ 'Row' ] } }"),
    rule("data-type", "",
        "Arguments of commands and data of events are objects: a struct, or a union with 'boxed': true.",
        "{ 'enum': 'Tint', 'data': [] }\n{ 'command': 'set', 'data': 'Tint' }",
        "{ 'enum': 'Tint', 'data': [] }\n{ 'command': 'set', 'data': { 'tint': 'Tint' } }"),
    rule("returns-type", "",
        "A command returns an object or an array of objects, so that members can be added later without breaking \
         anybody. Pragma command-returns-exceptions excuses commands that cannot be changed any more.",
        "{ 'command': 'get', 'returns': 'int' }",
        "{ 'struct': 'Light', 'data': { 'level': 'int' } }\n{ 'command': 'get', 'returns': 'Light' }"),
    rule("conditional-arguments", "",
        "From QEMU 8.1 on an argument with a condition needs a named type and 'boxed': true: otherwise the signature \
         of the command's handler would depend on the configuration.",
        "{ 'command': 'set', 'data': { 'tint': { 'type': 'str', 'if': 'CONFIG_TINT' } } }",
        "{ 'struct': 'Light', 'data': { 'tint': { 'type': 'str', 'if': 'CONFIG_TINT' } } }\n\
         { 'command': 'set', 'data': 'Light', 'boxed': true }"),
    rule("feature-not-supported", "",
        "'deprecated' and 'unstable' are for commands, events, members and values: what a client can avoid. A type is \
         nothing that a client sees.",
        "{ 'struct': 'Lamp', 'data': { 'id': 'str' }, 'features': [ 'deprecated' ] }",
        "{ 'struct': 'Lamp', 'data': { 'id': { 'type': 'str', 'features': [ 'deprecated' ] } } }"),
    rule("too-many-features", "",
        "From QEMU 10.0 on a schema has at most 64 different names of features, 'deprecated' and 'unstable' included.",
        "", ""),
];
