//! What the measuring programs share: what a child process cost, medians of interleaved runs, tables.
//!
//! Nothing here judges: machines are noisy, so figures are put side by side with those of a rival that ran in between.

pub mod child;
pub mod grid;
pub mod series;
pub mod table;

pub use child::{ChildError, Cost, run};
pub use grid::Grid;
pub use series::{Series, Subject, interleave};
pub use table::Table;
