//! Values as they are written. JSON here is that of the monitor, single quotes included, and also takes Python's `True`,
//! `False` and `None`, which people paste.

use qapi_runtime::{Dict, Value, json};

use super::words::string_end;
use super::{Literal, ParseError};

/// Levels of brackets; more than any schema has.
const MAX_DEPTH: usize = 200;

/// Reads the value that is the text from `start` to `end`.
pub(super) fn read(text: &str, start: usize, end: usize) -> Result<Literal, ParseError> {
    match text.as_bytes().get(start) {
        Some(b'{' | b'[') => json(text, start, end),
        Some(b'"' | b'\'') if start < end => {
            let mut reader = Reader { text, at: start, end };
            let string = reader.string()?;
            reader.finish("a space must follow the closing quote")?;
            Ok(Literal::Quoted(string))
        }
        _ => Ok(Literal::Bare(text[start..end].to_owned())),
    }
}

/// Reads the text from `start` to `end` as JSON.
pub(super) fn json(text: &str, start: usize, end: usize) -> Result<Literal, ParseError> {
    let mut reader = Reader { text, at: start, end };
    let value = reader.value(0)?;
    reader.finish("nothing may follow the closing bracket")?;
    Ok(Literal::Json(value))
}

/// Reads the structure itself, to know where it breaks; strings, numbers and words are left to the runtime's reader.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..self.end)?;
        self.at += rest.len() - rest.trim_start().len();
        self.text.as_bytes()[..self.end].get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expected<T>(&mut self, what: &str) -> Result<T, ParseError> {
        if self.peek().is_none() {
            let place = self.end.saturating_sub(1)..self.end;
            return Err(ParseError { unfinished: true, ..ParseError::new(format!("expected {what}"), place) });
        }
        let len = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
        Err(ParseError::new(format!("expected {what}"), self.at..self.at + len))
    }

    fn finish(&mut self, message: &str) -> Result<(), ParseError> {
        if self.at < self.end { Err(ParseError::new(message, self.at..self.end)) } else { Ok(()) }
    }

    fn value(&mut self, depth: usize) -> Result<Value, ParseError> {
        if depth > MAX_DEPTH {
            return Err(ParseError::new("this is nested too deeply", self.at..self.at + 1));
        }
        match self.peek() {
            Some(b'{') => self.object(depth).map(Value::Dict),
            Some(b'[') => self.list(depth).map(Value::List),
            Some(b'"' | b'\'') => self.string().map(Value::from),
            Some(b'}' | b']' | b',' | b':') | None => self.expected("a value"),
            Some(_) => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Dict, ParseError> {
        let mut members = Dict::new();
        self.take(b'{');
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            if !matches!(self.peek(), Some(b'"' | b'\'')) {
                return self.expected("a name in quotes");
            }
            let start = self.at;
            let name = self.string()?;
            if members.contains_key(&name) {
                return Err(ParseError::new(format!("'{name}' is given twice"), start..self.at));
            }
            if !self.take(b':') {
                return self.expected("':'");
            }
            let value = self.value(depth + 1)?;
            members.insert(name, value);
            if self.take(b'}') {
                return Ok(members);
            }
            if !self.take(b',') {
                return self.expected("',' or '}'");
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, ParseError> {
        let mut list = Vec::new();
        self.take(b'[');
        if self.take(b']') {
            return Ok(list);
        }
        loop {
            list.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(list);
            }
            if !self.take(b',') {
                return self.expected("',' or ']'");
            }
        }
    }

    fn string(&mut self) -> Result<String, ParseError> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        let quote = bytes[start];
        let end = string_end(&bytes[..self.end], start + 1, quote);
        if end == start + 1 || bytes[end - 1] != quote {
            return Err(ParseError::new("the closing quote is missing", start..self.end));
        }
        self.at = end;
        match json::parse(&bytes[start..end]) {
            Ok(Value::String(string)) => Ok(string.into()),
            Ok(_) => Err(ParseError::new("expected text in quotes", start..end)),
            Err(error) => Err(ParseError::new(plain(&error), start..end)),
        }
    }

    fn word(&mut self) -> Result<Value, ParseError> {
        let start = self.at;
        let rest = &self.text[start..self.end];
        let len = rest.find(|c: char| c.is_whitespace() || ",:{}[]\"'".contains(c)).unwrap_or(rest.len());
        self.at += len;
        let word = match &rest[..len] {
            "True" => "true",
            "False" => "false",
            "None" => "null",
            word => word,
        };
        json::parse(word.as_bytes()).map_err(|_| {
            let message = format!("'{word}' is no number, true, false or null: text needs quotes");
            ParseError::new(message, start..start + len)
        })
    }
}

/// The reader's sentence without its preamble.
fn plain(error: &json::SyntaxError) -> String {
    let text = error.to_string();
    text.strip_prefix("JSON parse error, ").unwrap_or(&text).to_owned()
}
