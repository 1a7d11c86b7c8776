//! x
pub(crate) struct Own { pub(crate) name: &'static str }
pub(crate) const OWN_COMMANDS: &[Own] = &[Own{name:"reconnect"}];
