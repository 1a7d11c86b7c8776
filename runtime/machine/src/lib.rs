//! Boards: configuration becomes an assembled machine
