//! The monitor's targets: framing of a stream, decoding of typed values.

use qapi_runtime::json::{self, Stream};
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
