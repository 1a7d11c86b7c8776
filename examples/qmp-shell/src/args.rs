//! The program's own command line.

use std::ffi::OsString;

use lexopt::prelude::*;
use qapi_runtime::transport::Endpoint;

/// How replies and events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people: indented, coloured where the terminal can.
    Pretty,
    /// For programs: one message of the protocol per line.
    Raw,
}

/// Where commands come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A person at a terminal, or standard input when it is none.
    Input,
    /// Standard input, read as a script even at a terminal.
    Script,
    /// The command line.
    Given(Vec<String>),
}

/// What the program was asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) address: String,
    /// `None`: pretty.
    pub(crate) format: Option<Format>,
    pub(crate) source: Source,
    /// A failed command does not end a script.
    pub(crate) keep_going: bool,
    /// A script prints events too.
    pub(crate) events: bool,
    /// A script waits for the jobs and migrations that it starts.
    pub(crate) wait_jobs: bool,
    /// Connecting is tried until it succeeds.
    pub(crate) wait: bool,
    /// The peer is a guest agent.
    pub(crate) agent: bool,
}

/// What to do, or text to print instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Run(Options),
    Print(&'static str),
}

/// What `--help` prints.
pub(crate) const HELP: &str = "\
A shell for QMP, the monitor protocol of QEMU and its kin

Usage: qmp-shell [OPTIONS] ADDRESS

ADDRESS is unix:PATH, tcp:HOST:PORT, or a path. At a terminal the shell is interactive, with Tab completing from what
the server knows; otherwise it reads one command per line from standard input and stops at the first that fails.

Options:
  -c, --command LINE  Execute LINE and leave; may be repeated
      --script        Read standard input as a script even at a terminal
  -k, --keep-going    Go on after a failed command
  -r, --raw           Print messages of the protocol, one per line
  -p, --pretty        Print values for people (default)
  -e, --events        In a script, print events too
  -j, --wait-jobs     In a script, wait for the jobs and migrations it starts
  -w, --wait          Wait until the server can be reached
  -a, --agent         The server is a QEMU guest agent
  -h, --help          Print this
  -V, --version       Print the version

Commands:
  migrate uri=tcp:host:4444             the schema says that uri is text, size a number, ...
  blockdev-add driver=file node-name=d0 filename='my disk'
  object-add qom-type=memory-backend-ram id=m0 size=1G
  send-key keys=[{\"type\":\"qcode\",\"data\":\"f1\"}]
  device.driver=x file.0=y              dots make objects and lists
  {\"execute\": \"query-status\"}         a request as it goes over the wire
  help [COMMAND | EVENT]                what there is, and what it takes
  .help                                 the shell's own commands

Exit status: 0; 1 when a command failed; 2 when the server could not be reached or an option is wrong.
";

/// What `--version` prints.
const VERSION: &str = concat!("qmp-shell ", env!("CARGO_PKG_VERSION"), "\n");

/// Reads the arguments, the program's name left out.
pub(crate) fn parse(args: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Parsed, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut address = None;
    let mut commands = Vec::new();
    let mut script = false;
    let mut options = Options {
        address: String::new(),
        format: None,
        source: Source::Input,
        keep_going: false,
        events: false,
        wait_jobs: false,
        wait: false,
        agent: false,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('c') | Long("command") => commands.push(parser.value()?.string()?),
            Long("script") => script = true,
            Short('k') | Long("keep-going") => options.keep_going = true,
            Short('r') | Long("raw") => options.format = Some(Format::Raw),
            Short('p') | Long("pretty") => options.format = Some(Format::Pretty),
            Short('e') | Long("events") => options.events = true,
            Short('j') | Long("wait-jobs") => options.wait_jobs = true,
            Short('w') | Long("wait") => options.wait = true,
            Short('a') | Long("agent") => options.agent = true,
            Short('h') | Long("help") => return Ok(Parsed::Print(HELP)),
            Short('V') | Long("version") => return Ok(Parsed::Print(VERSION)),
            Value(text) if address.is_none() => address = Some(text.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let address = address.ok_or("no address given: use unix:PATH, tcp:HOST:PORT, or a path; --help says more")?;
    options.address = complete_address(&address);
    options.source = match (commands.is_empty(), script) {
        (true, false) => Source::Input,
        (true, true) => Source::Script,
        (false, false) => Source::Given(commands),
        (false, true) => return Err("--command and --script exclude each other".into()),
    };
    Ok(Parsed::Run(options))
}

/// A bare path is a unix socket, and `HOST:PORT` a TCP port, as other shells have it.
pub(crate) fn complete_address(text: &str) -> String {
    if ["unix:", "tcp:"].iter().any(|kind| text.starts_with(kind)) {
        return text.to_owned();
    }
    let port = text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    if port.is_some() && !text.contains('/') { format!("tcp:{text}") } else { Endpoint::Unix(text.into()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> Options {
        match parse(args).unwrap() {
            Parsed::Run(options) => options,
            Parsed::Print(text) => panic!("prints {text}"),
        }
    }

    #[test]
    fn addresses_may_be_short() {
        assert_eq!(options(&["/run/qmp.sock"]).address, "unix:/run/qmp.sock");
        assert_eq!(options(&["a,b"]).address, "unix:a,,b");
        assert_eq!(options(&["localhost:4444"]).address, "tcp:localhost:4444");
        assert_eq!(options(&["./odd:4444"]).address, "unix:./odd:4444");
        assert_eq!(options(&["tcp:[::1]:4444"]).address, "tcp:[::1]:4444");
    }

    #[test]
    fn commands_keep_their_order() {
        let options = options(&["-c", "stop", "--raw", "sock", "--command=cont", "-kj"]);
        assert_eq!(options.source, Source::Given(vec!["stop".into(), "cont".into()]));
        assert_eq!(options.format, Some(Format::Raw));
        assert!(options.keep_going && options.wait_jobs && !options.events);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |args: &[&str]| parse(args).unwrap_err().to_string();
        assert!(error(&[]).contains("no address"));
        assert!(error(&["a", "b"]).contains("\"b\""));
        assert!(error(&["a", "--colour"]).contains("--colour"));
        assert!(error(&["a", "--script", "-c", "stop"]).contains("exclude"));
        assert_eq!(parse(["--help"]).unwrap(), Parsed::Print(HELP));
    }
}
