//! Generated code under the strictest lints: what compiles here compiles for users.
#![deny(warnings, missing_docs, rustdoc::all)]

include!(concat!(env!("OUT_DIR"), "/golden.rs"));
include!(concat!(env!("OUT_DIR"), "/events.rs"));
include!(concat!(env!("OUT_DIR"), "/conditions.rs"));

qapi_runtime::qapi! { schema: "schema/legacy.json", dialect: "5.2", cfg: ["CONFIG_DEBT"] }
