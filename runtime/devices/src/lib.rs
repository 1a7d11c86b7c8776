//! Device models: registers apart from wiring
