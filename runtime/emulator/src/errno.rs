//! System errors in words, as C's `strerror` gives them and clients of QEMU expect them.

use std::fmt::Display;

/// The text of an error without the numbers that Rust appends to the system's words.
pub(crate) fn plain(error: &impl Display) -> String {
    let mut text = error.to_string();
    while let Some(start) = text.find(" (os error ")
        && let Some(length) = text.get(start..).and_then(|rest| rest.find(')'))
    {
        text.replace_range(start..=start + length, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn numbers_go_and_words_stay() {
        let error = std::io::Error::from_raw_os_error(2);
        assert_eq!(plain(&error), "No such file or directory");
        assert_eq!(
            plain(&format!("a: {error}; b: {error}.")),
            "a: No such file or directory; b: No such file or directory."
        );
        assert_eq!(plain(&"cut (os error 2"), "cut (os error 2");
    }
}
