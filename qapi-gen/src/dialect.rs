//! Releases of QEMU and what their front ends accept.
//!
//! No single language fits all releases. Rules elsewhere ask a [`Dialect`]; nothing but this file
//! compares releases.

use std::fmt;
use std::str::FromStr;

/// The schema language as one release of QEMU reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each variant is the release it names")]
pub enum Dialect {
    V5_2,
    V6_0,
    V6_1,
    V6_2,
    V7_0,
    V7_1,
    V7_2,
    V8_0,
    V8_1,
    V8_2,
    V9_0,
    V9_1,
    V9_2,
    V10_0,
    V10_1,
    V10_2,
}

use Dialect::*;

/// Release numbers, oldest first.
const RELEASES: [((u32, u32), Dialect); 16] = [
    ((5, 2), V5_2),
    ((6, 0), V6_0),
    ((6, 1), V6_1),
    ((6, 2), V6_2),
    ((7, 0), V7_0),
    ((7, 1), V7_1),
    ((7, 2), V7_2),
    ((8, 0), V8_0),
    ((8, 1), V8_1),
    ((8, 2), V8_2),
    ((9, 0), V9_0),
    ((9, 1), V9_1),
    ((9, 2), V9_2),
    ((10, 0), V10_0),
    ((10, 1), V10_1),
    ((10, 2), V10_2),
];

/// A text that is not the number of a release with a known dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a QEMU release with a known schema language: give a number from 5.2 on, such as 7.2.22")]
pub struct UnknownDialect(String);

impl Dialect {
    /// The newest one.
    pub const NEWEST: Self = V10_2;

    /// One of each distinct language: the order in which detection tries them. Newest first, but 10.1 behind 10.0,
    /// which knows headings in documentation and whose schemas 10.1 accepts as well.
    pub const DETECTED: [Self; 10] = [V10_2, V10_0, V10_1, V9_1, V9_0, V8_1, V7_2, V6_2, V6_1, V5_2];

    /// `if` is a C expression or a list of such.
    pub(crate) fn c_conditions(self) -> bool {
        self <= V6_1
    }

    /// Unions without discriminator.
    pub(crate) fn simple_unions(self) -> bool {
        self <= V6_1
    }

    /// Names follow one case rule per kind, as opposed to hardly any.
    pub(crate) fn name_case_rules(self) -> bool {
        self >= V6_0
    }

    /// Names of types must not end in `Kind`.
    pub(crate) fn kind_reserved(self) -> bool {
        self <= V6_1
    }

    /// Features follow the case rules of names too; QEMU had lost that for some releases.
    pub(crate) fn feature_case_rules(self) -> bool {
        !(V6_0..=V6_2).contains(&self)
    }

    /// Of several keys that introduce a definition the first in QEMU's order counts, and the others are unknown keys.
    pub(crate) fn first_meta_counts(self) -> bool {
        self <= V5_2
    }

    /// An empty base of a union is none.
    pub(crate) fn empty_base_is_none(self) -> bool {
        self <= V5_2
    }

    /// Whatever stands at top level but is no object is a mistake in syntax, which is found before others in it.
    pub(crate) fn objects_only(self) -> bool {
        self <= V5_2
    }

    /// Messages say that `null` might be a value, although it never was.
    pub(crate) fn null_expected(self) -> bool {
        self <= V5_2
    }

    /// Messages cite what is no token up to a double quote.
    pub(crate) fn quote_ends_stray_text(self) -> bool {
        self <= V8_0
    }

    /// Messages about members of implicit types say whose they are.
    pub(crate) fn implicit_owner_named(self) -> bool {
        self >= V8_1
    }

    /// The message about a documentation comment for nothing says what is required.
    pub(crate) fn doc_name_required(self) -> bool {
        self >= V6_0
    }

    /// Enum values can have features.
    pub(crate) fn enum_value_features(self) -> bool {
        self >= V6_2
    }

    /// The answer to `query-qmp-schema` describes enums by `members` too, not by `values` alone.
    pub(crate) fn enum_members_introspected(self) -> bool {
        self >= V6_2
    }

    /// `unstable` has a meaning.
    pub(crate) fn unstable_feature(self) -> bool {
        self >= V6_2
    }

    /// Branches of alternates can be arrays.
    pub(crate) fn array_alternatives(self) -> bool {
        self >= V7_2
    }

    /// Branches of unions can be unions.
    pub(crate) fn nested_unions(self) -> bool {
        self >= V8_1
    }

    /// The type of a branch is checked before the next branch is looked up.
    pub(crate) fn branches_checked_singly(self) -> bool {
        self <= V8_2
    }

    /// Conditional members in arguments need `boxed`.
    pub(crate) fn conditional_arguments_boxed(self) -> bool {
        self >= V8_1
    }

    /// How messages about type names are worded: arrays are told apart.
    pub(crate) fn array_wording(self) -> bool {
        self >= V8_1
    }

    /// Number of distinct feature names is limited to 64.
    pub(crate) fn feature_limit(self) -> bool {
        self >= V10_0
    }

    /// Pragma names as 6.0 spelt them first.
    pub(crate) fn exception_pragmas(self) -> bool {
        self >= V6_0
    }

    /// Members must be documented; pragma `documentation-exceptions`.
    pub(crate) fn members_documented(self) -> bool {
        self >= V9_0
    }

    /// What a message calls a feature that is documented but does not exist.
    pub(crate) fn undocumented_feature(self) -> &'static str {
        if self >= V6_0 { "feature" } else { "member" }
    }

    /// Text of a documentation section is indented as its second line is, not to where it starts.
    pub(crate) fn hanging_docs(self) -> bool {
        self >= V8_1
    }

    /// Documentation sections start at paragraphs, not at any line; mistakes that are found after parsing are reported
    /// at the section, not at the comment.
    pub(crate) fn doc_paragraphs(self) -> bool {
        self >= V9_0
    }

    /// Messages name an empty documentation section by its kind, not by what it describes.
    pub(crate) fn doc_kinds(self) -> bool {
        self >= V10_0
    }

    /// Notes and examples are reStructuredText; the old sections are errors.
    pub(crate) fn rst_admonitions(self) -> bool {
        self >= V9_1
    }

    /// Documentation lines that start with `=` are headings.
    pub(crate) fn doc_headings(self) -> bool {
        self <= V10_0
    }

    /// Width and spacing of documentation text are checked.
    pub(crate) fn doc_style(self) -> bool {
        self >= V10_2
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    /// Takes any release number: `7.2`, `7.2.22`, also one newer than the newest dialect.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownDialect(text.to_owned());
        let numbers: Result<Vec<u32>, _> = text.trim_start_matches('v').split('.').map(str::parse).collect();
        let release = match numbers.map_err(|_| unknown())?.as_slice() {
            [major] => (*major, 0),
            [major, minor, ..] => (*major, *minor),
            [] => return Err(unknown()),
        };
        let at_most = RELEASES.iter().rev().find(|(known, _)| *known <= release);
        at_most.map(|(_, dialect)| *dialect).ok_or_else(unknown)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let release = RELEASES.iter().find(|(_, dialect)| dialect == self);
        release.map_or(Ok(()), |((major, minor), _)| write!(f, "{major}.{minor}"))
    }
}
