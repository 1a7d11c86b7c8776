//! Tests of documentation comments.
