//! What commands and events there are, and what they take.

use qapi_runtime::introspection::{Type, TypeKind};

use crate::display::{Look, Style, harmless};
use crate::parse::{self, Line, Literal};
use crate::schema::{self, Knowledge};

/// Levels of members shown inside others.
const DEPTH: usize = 2;
/// Columns between two names of a list.
const GAP: usize = 2;

/// The names of all commands.
pub(crate) fn commands(knowledge: &Knowledge, look: &Look) -> String {
    let names: Vec<&str> = knowledge.commands.iter().map(String::as_str).collect();
    let more = match knowledge.schema {
        Some(_) => "help COMMAND tells what it takes, help events lists the events,\n.help the shell's own commands.",
        None if names.is_empty() => return "This server does not tell its commands.".to_owned(),
        None => "This server does not tell what its commands take.\n.help lists the shell's own commands.",
    };
    format!("{}\n\n{more}", in_columns(&names, look))
}

/// The names of all events.
pub(crate) fn events(knowledge: &Knowledge, look: &Look) -> String {
    let mut names: Vec<&str> = knowledge.schema.iter().flat_map(|schema| schema.events()).map(|e| e.name()).collect();
    names.sort_unstable();
    if names.is_empty() { "This server does not tell its events.".to_owned() } else { in_columns(&names, look) }
}

/// All about a command or an event. `line` may go on with arguments, to say which branch of a union is meant.
///
/// # Errors
/// There is no such thing, or nothing is known of it; the text says so.
pub(crate) fn topic<'l>(name: &str, line: &str, knowledge: &'l Knowledge, look: &'l Look) -> Result<String, String> {
    let mut page = Page { out: String::new(), look, command: None };
    if let Some(command) = knowledge.command(name) {
        let mut marks: Vec<_> = command.features().map(str::to_owned).collect();
        marks.extend(command.allow_oob().then(|| "may be executed out of band".to_owned()));
        page.title(name, &marks);
        page.object(command.arguments(), &given(line), "takes no arguments", Some(command.name()));
        page.returns(command.returns());
        return Ok(page.out.trim_end().to_owned());
    }
    if let Some(event) = knowledge.schema.as_ref().and_then(|schema| schema.event(name)) {
        let marks: Vec<_> = std::iter::once("event").chain(event.features()).map(str::to_owned).collect();
        page.title(name, &marks);
        page.object(event.data(), &[], "has no data", None);
        return Ok(page.out.trim_end().to_owned());
    }
    let name = harmless(name);
    if knowledge.has_command(&name) {
        return Err(format!("{name} is a command, and the server does not tell what it takes"));
    }
    let events = knowledge.schema.iter().flat_map(|schema| schema.events()).map(|event| event.name());
    let close = schema::close(&name, knowledge.commands.iter().map(String::as_str).chain(events));
    let hint = if close.is_empty() {
        "help lists the commands".to_owned()
    } else {
        format!("did you mean {}?", close.join(" or "))
    };
    Err(format!("there is no command or event {name}; {hint}"))
}

/// The arguments behind `help COMMAND`, by their whole keys.
fn given(line: &str) -> Vec<(String, String)> {
    let call = line.trim_start().strip_prefix("help").unwrap_or_default();
    let Ok(Line::Call(call)) = parse::parse(call) else { return Vec::new() };
    let pairs = call.arguments.into_iter().filter_map(|argument| match argument.value {
        // Which element of a list it is does not matter.
        Literal::Bare(text) | Literal::Quoted(text) => {
            let names = argument.key.iter().filter(|part| !part.bytes().all(|b| b.is_ascii_digit()));
            Some((names.map(String::as_str).collect::<Vec<_>>().join("."), text))
        }
        Literal::Json(_) => None,
    });
    pairs.collect()
}

/// Names in columns, read downwards.
fn in_columns(names: &[&str], look: &Look) -> String {
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) + GAP;
    let columns = (look.width / widest).max(1);
    let rows = names.len().div_ceil(columns);
    let line = |row: usize| {
        let cells: String = names.iter().skip(row).step_by(rows.max(1)).map(|name| format!("{name:widest$}")).collect();
        harmless(cells.trim_end())
    };
    (0..rows).map(line).collect::<Vec<_>>().join("\n")
}

struct Page<'l> {
    out: String,
    look: &'l Look,
    /// The command that it is about, while its arguments are described.
    command: Option<&'l str>,
}

impl<'l> Page<'l> {
    fn title(&mut self, name: &str, marks: &[String]) {
        self.out.push_str(&self.look.palette.paint(Style::Heading, &harmless(name)));
        self.marks(marks.iter().map(String::as_str));
        self.out.push('\n');
    }

    fn marks<'m>(&mut self, marks: impl Iterator<Item = &'m str>) {
        let marks: Vec<_> = marks.map(harmless).collect();
        if !marks.is_empty() {
            let style = if marks.iter().any(|mark| mark == "deprecated") { Style::Error } else { Style::Event };
            self.out.push_str(&format!("  {}", self.look.palette.paint(style, &marks.join(", "))));
        }
    }

    /// Arguments or data, or what to say when there are none.
    fn object(&mut self, ty: Type<'_>, given: &[(String, String)], nothing: &str, command: Option<&'l str>) {
        if ty.members().len() == 0 && ty.tag().is_none() {
            self.out.push_str(&format!("  {nothing}\n"));
        }
        self.command = command;
        self.members(ty, given, "", 1);
        self.command = None;
    }

    /// Members of an object, and those of the branches that were given, moved in by so many levels.
    fn members(&mut self, ty: Type<'_>, given: &[(String, String)], path: &str, depth: usize) {
        let tag =
            |name: &str| given.iter().find(|(key, _)| *key == format!("{path}{name}")).map(|(_, value)| value.clone());
        let members = schema::members(ty, &tag);
        let written = |member: &qapi_runtime::introspection::Member<'_>| {
            if member.optional() { format!("[{}]", member.name()) } else { member.name().to_owned() }
        };
        let widest = members.iter().map(|member| written(member).chars().count()).max().unwrap_or(0).min(30);
        for member in members {
            let indent = depth * 2;
            let name = harmless(&format!("{:widest$}", written(&member)));
            let column = indent + name.chars().count() + 2;
            self.out.push_str(&" ".repeat(indent));
            self.out.push_str(&self.look.palette.paint(Style::Name, &name));
            self.out.push_str("  ");
            self.describe(member.ty(), column);
            self.marks(member.features());
            self.out.push('\n');
            let inner = format!("{path}{}.", member.name());
            let chosen = given.iter().any(|(key, _)| key.starts_with(&inner));
            let object =
                schema::as_object(member.ty()).or_else(|| schema::as_list(member.ty()).and_then(schema::as_object));
            if let Some(object) = object.filter(|_| depth < DEPTH || chosen) {
                self.members(object, given, &inner, depth + 1);
            }
        }
        if let Some(open) = ty.tag().filter(|open| tag(open.name()).is_none()) {
            let key = harmless(&format!("{path}{}", open.name()));
            let usage = self.command.map_or_else(String::new, |command| format!(": help {command} {key}=VALUE"));
            let more = format!("more depends on {key}{usage}");
            self.out.push_str(&format!(
                "{:indent$}{}\n",
                "",
                self.look.palette.paint(Style::Faint, &more),
                indent = depth * 2
            ));
        }
    }

    fn returns(&mut self, ty: Type<'_>) {
        if ty.kind() == TypeKind::Object && ty.members().len() == 0 {
            return;
        }
        self.out.push_str("\nReturns ");
        self.describe(ty, "Returns ".len());
        self.out.push('\n');
        let object = schema::as_object(ty).or_else(|| schema::as_list(ty).and_then(schema::as_object));
        if let Some(object) = object {
            self.members(object, &[], "", 1);
        }
    }

    /// A type with all its values, wrapped at the line's end and moved in to `column`.
    fn describe(&mut self, ty: Type<'_>, column: usize) {
        let words = harmless(&schema::words(ty, usize::MAX));
        let mut at = column;
        for (i, value) in words.split('|').enumerate() {
            let len = value.chars().count() + 1;
            if i > 0 {
                self.out.push('|');
                if at + len > self.look.width {
                    self.out.push('\n');
                    self.out.push_str(&" ".repeat(column));
                    at = column;
                }
            }
            self.out.push_str(value);
            at += len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Format;
    use crate::display::Palette;
    use crate::samples;

    fn help(line: &str) -> Result<String, String> {
        let look = Look { format: Format::Pretty, palette: Palette { colours: false }, width: 60 };
        let name = line.split_whitespace().nth(1).expect("a topic");
        topic(name, line, &samples::knowledge(), &look)
    }

    #[test]
    fn commands_tell_what_they_take_and_return() {
        let expected = "\
add  unstable
  [node]     str
  driver     file|null|none
  [port]     int or str
  [start]    int or auto
  [backing]  {…} or str
    [node]     str
    driver     file|null|none
    [port]     int or str
    [start]    int or auto
    [backing]  {…} or str
    more depends on backing.driver: help add backing.driver=VALUE
  more depends on driver: help add driver=VALUE

Returns {…}
  node   str
  parts  [{…}]
    filename  str
    [size]    str";
        assert_eq!(help("help add").unwrap(), expected);
    }

    #[test]
    fn branches_can_be_chosen() {
        let page = help("help add driver=file backing.backing.driver=null").unwrap();
        assert!(page.contains("\n  filename   str\n"), "{page}");
        assert!(page.contains("\n      [latency]  int\n"), "{page}");
        assert!(!page.contains("depends on driver"), "{page}");
    }

    #[test]
    fn marks_and_events_are_shown() {
        assert_eq!(help("help remove-all").unwrap(), "remove-all  deprecated\n  takes no arguments");
        assert_eq!(
            help("help migrate-pause").unwrap().lines().next(),
            Some("migrate-pause  may be executed out of band")
        );
        assert!(help("help set").unwrap().contains("[any]    any  deprecated"));
        assert!(help("help ADDED").unwrap().starts_with("ADDED  event\n  node   str\n"));
        assert_eq!(help("help sett").unwrap_err(), "there is no command or event sett; did you mean set?");
    }

    #[test]
    fn lists_are_read_downwards() {
        let look = Look { format: Format::Pretty, palette: Palette { colours: false }, width: 12 };
        assert_eq!(in_columns(&["a", "bb", "c", "d", "e"], &look), "a   c   e\nbb  d");
        assert_eq!(in_columns(&[], &look), "");
    }
}
