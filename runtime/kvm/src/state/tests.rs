//! Tests of the saved state, with no kernel around.
