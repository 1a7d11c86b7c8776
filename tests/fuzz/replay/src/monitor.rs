//! The monitor's targets: framing of a stream, decoding of typed values.

use qapi_runtime::introspection::{Schema, Type};
use qapi_runtime::json::{self, Pretty, Stream};
use qapi_runtime::{from_json, from_json_lenient, from_value, to_json};

qapi_runtime::qapi! { schema: "schema/fuzz.json" }

pub(crate) use fuzz::Everything;

/// Any bytes as a stream of messages. How they are cut into pieces must not matter.
pub fn qmp_stream(data: &[u8]) {
    let (first, text) = crate::choice(data);
    let whole = messages(text, text.len());
    assert_eq!(whole, messages(text, first % 16 + 1), "in pieces of {}", first % 16 + 1);
    if let [Ok(only)] = &*whole {
        stable(only);
    }
}

/// What was written can be read, and reads the same for ever. Only the first time may differ: a double without a fraction is
/// written as an integer, which has no negative zero.
fn stable(text: &str) {
    let again = |text: &str| to_json(&json::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}")));
    let once = again(text);
    assert_eq!(again(&once), once);
    let (mut whole, mut pieces) = (Vec::new(), Vec::new());
    Pretty::new().feed(once.as_bytes(), &mut whole, usize::MAX);
    let mut pretty = Pretty::new();
    once.as_bytes().chunks(3).for_each(|piece| {
        pretty.feed(piece, &mut pieces, usize::MAX);
    });
    assert_eq!(pieces, whole);
    assert_eq!(again(&String::from_utf8_lossy(&whole)), once, "laid out, it says something else");
}

/// What comes out of the stream when it is fed by the piece: messages, written again, and errors.
fn messages(text: &[u8], piece: usize) -> Vec<Result<String, String>> {
    let mut stream = Stream::new();
    let mut found = Vec::new();
    for piece in text.chunks(piece.max(1)) {
        stream.feed(piece);
        while let Some(next) = stream.next() {
            found.push(next.map(|frame| to_json(&frame.to_value())).map_err(|error| error.to_string()));
        }
    }
    found
}

/// Any bytes as the arguments of a command. The text and its tree must say the same, strictly and leniently.
pub fn qmp_decode(data: &[u8]) {
    let strict = from_json::<Everything>(data);
    let tree = json::parse(data);
    let Ok(tree) = tree else {
        assert!(strict.is_err(), "no JSON, and yet decoded");
        return;
    };
    match (&strict, from_value::<Everything>(&tree)) {
        (Ok(text), Ok(value)) => assert_eq!(to_json(text), to_json(&value)),
        (Err(text), Err(value)) => assert_eq!(text.to_string(), value.to_string()),
        (text, value) => panic!("the text gives {text:?}, its tree {value:?}"),
    }
    if let Ok(strict) = strict {
        let lenient = from_json_lenient::<Everything>(data).expect("lenient takes what strict takes");
        assert_eq!(to_json(&lenient), to_json(&strict));
        // As in `stable`.
        let again = |value: &Everything| -> Everything {
            let text = to_json(value);
            from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
        };
        let once = again(&strict);
        assert_eq!(again(&once), once);
    }
}

/// Any bytes as an answer to `query-qmp-schema`. What is made of it can be walked, whatever refers to what, and written and
/// read again.
pub fn introspection(data: &[u8]) {
    let Ok(schema) = Schema::from_json(data) else { return };
    for command in schema.commands() {
        walk(command.arguments(), 0);
        walk(command.returns(), 0);
        assert!(schema.command(command.name()).is_some());
    }
    schema.events().for_each(|event| walk(event.data(), 0));
    schema.types().for_each(|ty| walk(ty, 0));
    let text = schema.to_json();
    let again = Schema::from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(again.to_json(), text);
}

/// Looks at all there is to a type, two levels down: types may contain themselves.
fn walk(ty: Type<'_>, level: usize) {
    if level > 2 {
        return;
    }
    for member in ty.members().take(8) {
        assert!(ty.member(member.name()).is_some());
        ty.at(member.name());
        walk(member.ty(), level + 1);
    }
    for (value, variant) in ty.variants().take(8) {
        ty.at(&format!("{}={value}.x[].y", ty.tag().map_or("", |tag| tag.name())));
        walk(variant, level + 1);
    }
    ty.alternatives().take(8).chain(ty.element()).for_each(|inner| walk(inner, level + 1));
    ty.values().take(8).for_each(|value| assert!(ty.has_value(value.name())));
}
