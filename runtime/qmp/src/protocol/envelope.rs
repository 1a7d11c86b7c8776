//! The outer object of a request: which command, with what arguments, under which id.

use std::borrow::Cow;

use crate::Error;
use crate::json::{Frame, Raw};
use crate::value::Kind;
use crate::visit::Encoder;

/// A request in order, as far as the protocol is concerned. Arguments and id stay text.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) command: Cow<'a, str>,
    pub(crate) oob: bool,
    pub(crate) arguments: Option<Raw<'a>>,
    pub(crate) id: Id<'a>,
}

/// What a reply repeats so that the client knows which request it answers, if the request had it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id<'a>(Option<Raw<'a>>);

impl Id<'_> {
    /// Of input that is no request.
    pub(crate) const NONE: Id<'static> = Id(None);

    /// The id as it came.
    pub(crate) fn text(&self) -> Option<Raw<'_>> {
        self.0
    }

    /// Writes `"id": X` between what comes before and after it; nothing at all if there is none.
    pub(crate) fn put(self, before: &[u8], after: &[u8], out: &mut Encoder) {
        if let Some(id) = self.0 {
            out.raw(before);
            out.raw(b"\"id\": ");
            id.put(out);
            out.raw(after);
        }
    }
}

impl<'a> Envelope<'a> {
    /// Reads a request. `oob_enabled` tells whether the session negotiated out-of-band execution.
    ///
    /// A request that is refused is refused under its id.
    pub(crate) fn read(frame: &Frame<'a>, oob_enabled: bool) -> Result<Self, (Error, Id<'a>)> {
        if !frame.is_object() {
            return Err((Error::generic("QMP input must be a JSON object"), Id::NONE));
        }
        let id = Id(frame.get("id"));
        Self::members(frame, id, oob_enabled).map_err(|error| (error, id))
    }

    fn members(frame: &Frame<'a>, id: Id<'a>, oob_enabled: bool) -> Result<Self, Error> {
        let (mut execute, mut exec_oob, mut arguments) = (None, None, None);
        for (name, value) in frame.members() {
            match &*name {
                "execute" => execute = Some(text(&name, value)?),
                "exec-oob" if oob_enabled => exec_oob = Some(text(&name, value)?),
                "arguments" if value.kind() == Kind::Dict => arguments = Some(value),
                "arguments" => return Err(problem(&name, "must be an object")),
                "id" => {}
                _ => return Err(problem(&name, "is unexpected")),
            }
        }
        let (command, oob) = match (execute, exec_oob) {
            (Some(command), None) => (command, false),
            (None, Some(command)) => (command, true),
            (Some(_), Some(_)) => return Err(problem("execute", "clashes with 'exec-oob'")),
            (None, None) => return Err(Error::generic("QMP input lacks member 'execute'")),
        };
        Ok(Self { command, oob, arguments, id })
    }
}

fn text<'a>(name: &str, value: Raw<'a>) -> Result<Cow<'a, str>, Error> {
    value.as_str().ok_or_else(|| problem(name, "must be a string"))
}

fn problem(name: &str, what: &str) -> Error {
    Error::generic(format!("QMP input member '{name}' {what}"))
}
