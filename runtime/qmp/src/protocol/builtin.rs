//! The commands a server answers from its own knowledge, whether or not the schema declares them.

use crate::Error;
use crate::command::{Arguments, Service};
use crate::visit::Encoder;

const NAMES: [&str; 3] = ["qmp_capabilities", "query-commands", "query-qmp-schema"];

/// Whether the runtime itself answers the command.
pub(super) fn is_builtin(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Writes the reply to `query-commands` up to its id: the schema's commands in its order, then those it lacks.
pub(super) fn query_commands(service: &dyn Service, arguments: Arguments<'_>, out: &mut Encoder) -> Result<(), Error> {
    arguments.none()?;
    out.raw(b"{\"return\": ");
    out.begin_list();
    let declared = (0..).map_while(|index| service.command(index)).map(|info| info.name);
    let missing = NAMES.into_iter().filter(|name| service.find(name).is_none());
    for name in declared.chain(missing) {
        out.element();
        out.raw(b"{\"name\": ");
        out.str(name);
        out.raw(b"}");
    }
    out.end_list();
    Ok(())
}

/// Begins the reply to `query-qmp-schema` and gives what it goes on with: a text that the service has ready.
pub(super) fn query_schema<'a>(
    service: &'a dyn Service,
    arguments: Arguments<'_>,
    out: &mut Encoder,
) -> Result<&'a str, Error> {
    arguments.none()?;
    out.raw(b"{\"return\": ");
    Ok(service.introspection())
}
