//! Runtime of generated QAPI code: visitors, QMP server and client
//!
//! The only crate that generated code names. [`visit`] reads and writes values, [`json`] is the text they travel as,
//! [`Value`] is what they are when no type is at hand, [`Command`] and [`Service`] are how generated code meets a server.

pub mod bridge;
pub mod client;
mod command;
mod context;
mod error;
mod events;
pub mod fake;
pub mod fds;
mod index;
pub mod introspection;
pub mod json;
pub mod keyval;
#[macro_use]
mod macros;
mod monitors;
mod option;
mod policy;
mod protocol;
mod server;
pub mod string;
mod tables;
pub mod transport;
mod value;
pub mod visit;

pub use client::{Client, ClientError, blocking};
pub use command::{Arguments, Command, CommandFlags, CommandInfo, Event, Reply, Service, serve, serve_bare};
pub use context::Context;
pub use error::{Error, ErrorClass};
pub use events::{EventSink, Limit};
pub use index::CommandIndex;
pub use monitors::{MonitorInfo, Monitors};
pub use option::from_option;
pub use policy::{InputPolicy, OutputPolicy, Policy, Special};
pub use protocol::{Preconfig, Version};
pub use qapi_macros::qapi;
pub use server::{Server, ServerError};
pub use tables::mask;
pub use value::{Dict, Null, Number, Str, Value};
pub use visit::{
    Alternate, Decoder, Encoder, Enum, Failed, Kind, Mode, Object, Outcome, Shape, UnknownValue, Visit, from_json,
    from_json_lenient, from_keyval, from_value, from_value_lenient, parse_enum, to_json, to_value,
};
