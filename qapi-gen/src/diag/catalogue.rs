//! Every rule that a schema can break: stable id, label under the marked text, help.

/// A rule of the language or of the tool.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable name in kebab case.
    pub id: &'static str,
    /// Written beside the marked text.
    pub label: &'static str,
    /// What to do about it.
    pub help: &'static str,
}

macro_rules! rules {
    ($($name:ident = $id:literal, $label:literal, $help:literal;)*) => {
        $(#[doc = concat!("`", $id, "`")] pub static $name: Rule = Rule { id: $id, label: $label, help: $help };)*
        /// All rules, ordered by stage.
        pub static ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    // Files.
    FILE_UNREADABLE = "file-unreadable", "", "check that the file exists and may be read";
    INCLUDE_UNREADABLE = "include-unreadable", "included here", "the path is relative to the file with the directive";
    INCLUDE_LOOP = "include-loop", "already being read", "remove one of the directives; a file may be included twice, but not by itself";
    FILE_NOT_UTF8 = "file-not-utf8", "", "save the file as UTF-8";
    FILE_TOO_LARGE = "file-too-large", "", "split the schema in several files";
    // Tokens and expressions.
    STRAY_TEXT = "stray-text", "not a token", "only { } [ ] : , 'string', true, false and # comments may stand here";
    STRING_UNTERMINATED = "string-unterminated", "string starts here", "a string ends on its own line with '";
    STRING_BAD_CHARACTER = "string-bad-character", "in this string", "a string holds printable ASCII only";
    STRING_BAD_ESCAPE = "string-bad-escape", "in this string", "the only escape is \\\\";
    UNEXPECTED_TOKEN = "unexpected-token", "not allowed here", "";
    DUPLICATE_KEY = "duplicate-key", "key used before", "";
    NESTING_TOO_DEEP = "nesting-too-deep", "nested deeper than any schema needs", "";
    TOP_LEVEL_NOT_OBJECT = "top-level-not-object", "", "a schema is a sequence of { 'META': ... } objects";
    // Directives.
    INCLUDE_INVALID = "include-invalid", "", "write { 'include': 'FILE' }";
    PRAGMA_INVALID = "pragma-invalid", "", "write { 'pragma': { 'NAME': VALUE } }";
    PRAGMA_UNKNOWN = "pragma-unknown", "", "";
    PRAGMA_VALUE = "pragma-value", "", "";
    // Documentation comments.
    DOC_DELIMITER = "doc-delimiter", "", "a documentation comment starts and ends with a line that is just ##";
    DOC_SPACE = "doc-space", "", "write '# text' inside a documentation comment";
    DOC_SYMBOL = "doc-symbol", "", "the first line of a definition's documentation is '# @NAME:'";
    DOC_MISPLACED = "doc-misplaced", "", "documentation stands directly before its definition";
    DOC_REQUIRED = "doc-required", "", "add a documentation comment";
    DOC_SECTION = "doc-section", "", "";
    DOC_EMPTY_SECTION = "doc-empty-section", "", "write some text, or remove the section";
    DOC_INDENT = "doc-indent", "", "indent all lines of a section alike";
    DOC_DUPLICATE = "doc-duplicate", "", "";
    DOC_MEMBER_UNKNOWN = "doc-member-unknown", "", "";
    DOC_MEMBER_MISSING = "doc-member-missing", "", "describe it with '# @NAME: text'";
    DOC_FEATURE_MISSING = "doc-feature-missing", "", "describe it in the 'Features:' section";
    DOC_STYLE = "doc-style", "", "";
    // Definitions.
    META_AMBIGUOUS = "meta-ambiguous", "", "";
    KEY_MISSING = "key-missing", "", "";
    KEY_UNKNOWN = "key-unknown", "", "";
    NAME_NOT_STRING = "name-not-string", "", "";
    NAME_INVALID = "name-invalid", "", "a name is letters, digits, '-' and '_', starting with a letter";
    NAME_CASE = "name-case", "", "";
    NAME_RESERVED = "name-reserved", "", "choose another name";
    VALUE_SHAPE = "value-shape", "", "";
    FLAG_VALUE = "flag-value", "", "leave the flag out for its default";
    FLAG_CONFLICT = "flag-conflict", "", "";
    CONDITION_INVALID = "condition-invalid", "", "";
    BOXED_NEEDS_DATA = "boxed-needs-data", "", "";
    // The schema as a whole.
    ALREADY_DEFINED = "already-defined", "defined again here", "all definitions share one name space";
    NAME_CLASH = "name-clash", "", "names that differ only in '-', '_' and '.' clash";
    MEMBER_TYPE_UNKNOWN = "member-type-unknown", "no such type", "";
    TYPE_UNKNOWN = "type-unknown", "no such type", "";
    BASE_NOT_STRUCT = "base-not-struct", "", "";
    CONTAINS_ITSELF = "contains-itself", "", "";
    DISCRIMINATOR = "discriminator", "", "";
    BRANCH_UNKNOWN = "branch-unknown", "", "";
    BRANCH_TYPE = "branch-type", "", "";
    BRANCHES_MISSING = "branches-missing", "", "";
    ALTERNATE_CONFLICT = "alternate-conflict", "", "the JSON type of a value must select one branch";
    ARRAY_ELEMENT = "array-element", "", "arrays cannot be nested";
    DATA_TYPE = "data-type", "", "";
    RETURNS_TYPE = "returns-type", "", "return an object type or an array of one, or list the command in pragma 'command-returns-exceptions'";
    CONDITIONAL_ARGUMENTS = "conditional-arguments", "", "";
    FEATURE_NOT_SUPPORTED = "feature-not-supported", "", "";
    TOO_MANY_FEATURES = "too-many-features", "", "";
}
