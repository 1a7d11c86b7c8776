//! Requests that a schema suggests: valid ones, and ones that are wrong in one place.

use std::collections::HashMap;
use std::fmt;

use qapi_test_support::Random;
use serde_json::Value;

/// Values that fit nowhere, somewhere, or just not.
const ODD: &[&str] = &[
    "null",
    "true",
    "\"x\"",
    "\"\"",
    "\"\\u00e9\\u007f\"",
    "5",
    "0.5",
    "1e3",
    "-0",
    "9223372036854775808",
    "18446744073709551616",
    "1e400",
    "[]",
    "[1]",
    "{}",
    "{\"a\": 1}",
];

/// JSON that may have a member twice.
#[derive(Debug, Clone)]
enum Json {
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A schema as `query-qmp-schema` tells it, as a source of requests.
#[derive(Debug)]
pub struct Requests {
    entries: HashMap<String, Value>,
    commands: Vec<String>,
    /// Members' names and the values they may have, instead of what their type would allow.
    values: HashMap<&'static str, Vec<String>>,
}

/// A request and what is known of its reply.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to send.
    pub text: String,
    /// Its command, if it has one.
    pub command: String,
    /// Whether the reply repeats the id: not when the text is no JSON.
    pub identified: bool,
}

impl Requests {
    /// Of the answer to `query-qmp-schema`, for the commands that `wanted` accepts.
    ///
    /// # Panics
    /// When that is not what the text is.
    pub fn new(schema: &Value, wanted: impl Fn(&str) -> bool) -> Self {
        let entries = schema.as_array().expect("a list of entries").iter();
        let entries: HashMap<_, _> = entries.map(|entry| (text(entry, "name").to_owned(), entry.clone())).collect();
        let commands = entries.values().filter(|entry| entry["meta-type"] == "command");
        let mut commands: Vec<_> = commands.map(|entry| text(entry, "name").to_owned()).collect();
        commands.retain(|name| wanted(name));
        // Maps have no order, tests have.
        commands.sort();
        Self { entries, commands, values: HashMap::new() }
    }

    /// Restricts the members of this name, wherever they are, to these values, written as JSON.
    #[must_use]
    pub fn with_values<S: ToString>(mut self, member: &'static str, values: &[S]) -> Self {
        self.values.insert(member, values.iter().map(ToString::to_string).collect());
        self
    }

    /// The commands, by name.
    pub fn commands(&self) -> &[String] {
        &self.commands
    }

    /// A request under this id; two of three are wrong somewhere.
    pub fn next(&self, random: &mut Random, id: u64) -> Request {
        let mut command = random.one_of(&self.commands);
        // Commands that take arguments have more that can be wrong.
        while self.takes_nothing(command) && !random.once_in(4) {
            command = random.one_of(&self.commands);
        }
        let command = command.clone();
        let mut arguments = self.value(random, text(&self.entries[&command], "arg-type"), 0);
        let wrong = !random.once_in(3);
        let inside = wrong && !(self.takes_nothing(&command) || random.once_in(6));
        if inside {
            arguments.spoil(random);
        }
        let mut members = vec![("execute".to_owned(), quoted(&command))];
        if !matches!(&arguments, Json::Object(members) if members.is_empty()) || random.once_in(4) {
            members.push(("arguments".to_owned(), arguments));
        }
        let mut request = Json::Object(members);
        if wrong && !inside {
            request.spoil(random);
        }
        let mut identified = false;
        if let Json::Object(members) = &mut request {
            let place = random.below(members.len() + 1);
            members.insert(place, ("id".to_owned(), Json::Text(id.to_string())));
            identified = !request.repeats_a_name();
        }
        Request { text: request.to_string(), command, identified }
    }

    fn takes_nothing(&self, command: &str) -> bool {
        let arguments = &self.entries[text(&self.entries[command], "arg-type")];
        arguments["members"].as_array().is_some_and(Vec::is_empty)
    }

    /// A value of a type.
    fn value(&self, random: &mut Random, name: &str, depth: usize) -> Json {
        let entry = &self.entries[name];
        match text(entry, "meta-type") {
            "builtin" => builtin(random, text(entry, "json-type")),
            "enum" => {
                let values = entry["values"].as_array().expect("an enum has values");
                quoted(random.one_of(values).as_str().expect("a value is text"))
            }
            "array" => {
                let length = if depth > 4 { 0 } else { random.below(4) };
                Json::List((0..length).map(|_| self.value(random, text(entry, "element-type"), depth + 1)).collect())
            }
            "alternate" => {
                let members = entry["members"].as_array().expect("an alternate has members");
                let one = text(random.one_of(members), "type");
                self.value(random, one, depth + 1)
            }
            _ => Json::Object(self.members(random, entry, depth)),
        }
    }

    /// The members of an object, in the schema's order.
    fn members(&self, random: &mut Random, entry: &Value, depth: usize) -> Vec<(String, Json)> {
        let mut members = Vec::new();
        let tag = entry["tag"].as_str();
        for member in entry["members"].as_array().expect("an object has members") {
            let name = text(member, "name");
            let optional = member.get("default").is_some() && tag != Some(name);
            if optional && (depth > 4 || random.once_in(2)) {
                continue;
            }
            let value = match self.values.get(name) {
                Some(values) => Json::Text(random.one_of(values).clone()),
                None => self.value(random, text(member, "type"), depth + 1),
            };
            members.push((name.to_owned(), value));
        }
        let chosen =
            tag.and_then(|tag| members.iter().find(|(name, _)| name == tag)).map(|(_, value)| value.to_string());
        let variants = entry["variants"].as_array().into_iter().flatten();
        let branch = variants.into_iter().find(|variant| chosen == Some(variant["case"].to_string()));
        if let Some(branch) = branch {
            members.extend(self.members(random, &self.entries[text(branch, "type")], depth + 1));
        }
        members
    }
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_else(|| panic!("no text '{name}' in {entry}"))
}

fn quoted(text: &str) -> Json {
    Json::Text(Value::from(text).to_string())
}

fn builtin(random: &mut Random, kind: &str) -> Json {
    let choices: &[&str] = match kind {
        "string" => &["\"x\"", "\"\"", "\"a b\"", "\"\\u20ac\""],
        "int" => &["0", "1", "7", "4096"],
        "number" => &["0", "1.5", "1e3", "-7"],
        "boolean" => &["true", "false"],
        "null" => &["null"],
        _ => ODD,
    };
    Json::Text((*random.one_of(choices)).to_owned())
}

impl Json {
    /// Makes one place wrong, most likely.
    fn spoil(&mut self, random: &mut Random) {
        let place = random.below(self.places());
        self.at(place).spoil_here(random);
    }

    fn spoil_here(&mut self, random: &mut Random) {
        match self {
            Json::Object(members) if !random.once_in(4) => match random.below(4) {
                0 if !members.is_empty() => drop(members.remove(random.below(members.len()))),
                1 if !members.is_empty() => {
                    let twin = random.one_of(members).clone();
                    members.push(twin);
                }
                2 if !members.is_empty() => {
                    let member = random.below(members.len());
                    members[member].1 = odd(random);
                }
                _ => {
                    let place = random.below(members.len() + 1);
                    members.insert(place, ("nobody".to_owned(), odd(random)));
                }
            },
            Json::List(list) if random.once_in(2) => {
                let place = random.below(list.len() + 1);
                list.insert(place, odd(random));
            }
            other => *other = odd(random),
        }
    }

    /// How many values there are in it, itself included.
    fn places(&self) -> usize {
        match self {
            Json::Text(_) => 1,
            Json::List(list) => 1 + list.iter().map(Json::places).sum::<usize>(),
            Json::Object(members) => 1 + members.iter().map(|(_, value)| value.places()).sum::<usize>(),
        }
    }

    /// The value at a place, counted from outside.
    fn at(&mut self, place: usize) -> &mut Json {
        let Some(mut place) = place.checked_sub(1) else { return self };
        let inner: Vec<&mut Json> = match self {
            Json::Text(_) => return self,
            Json::List(list) => list.iter_mut().collect(),
            Json::Object(members) => members.iter_mut().map(|(_, value)| value).collect(),
        };
        for value in inner {
            match place.checked_sub(value.places()) {
                None => return value.at(place),
                Some(rest) => place = rest,
            }
        }
        unreachable!("a place is below the number of places")
    }

    fn repeats_a_name(&self) -> bool {
        match self {
            Json::Text(_) => false,
            Json::List(list) => list.iter().any(Json::repeats_a_name),
            Json::Object(members) => members.iter().enumerate().any(|(number, (name, value))| {
                value.repeats_a_name() || members.iter().skip(number + 1).any(|(other, _)| other == name)
            }),
        }
    }
}

fn odd(random: &mut Random) -> Json {
    Json::Text((*random.one_of(ODD)).to_owned())
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Text(text) => f.write_str(text),
            Json::List(list) => {
                f.write_str("[")?;
                for (number, value) in list.iter().enumerate() {
                    write!(f, "{}{value}", if number == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Json::Object(members) => {
                f.write_str("{")?;
                for (number, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{}: {value}", if number == 0 { "" } else { ", " }, Value::from(name.as_str()))?;
                }
                f.write_str("}")
            }
        }
    }
}
