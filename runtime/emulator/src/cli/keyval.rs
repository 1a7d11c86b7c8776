//! QEMU's `key=value,key=value` notation for the argument of one option.
//!
//! A doubled comma stands for a comma inside a value; the first value may omit its key where the
//! option names an implied one; a bare later `key` means `key=on` and `nokey` means `key=off`, which
//! QEMU still accepts from the days of `server,nowait`.

/// The parameters of one option, each to be taken out once; what is left over is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keyval {
    pairs: Vec<(String, String)>,
}

impl Keyval {
    /// Splits `text`; `implied` is the key of a first value that comes without one, and `flags` are
    /// the keys that may stand alone.
    pub(crate) fn parse(text: &str, implied: Option<&str>, flags: &[&str]) -> Result<Self, String> {
        let mut pairs = Vec::new();
        for (position, piece) in split(text).into_iter().enumerate() {
            if piece.is_empty() {
                return Err("an empty parameter is not allowed".into());
            }
            let pair = match (piece.split_once('='), implied) {
                (Some((key, value)), _) => (key.to_owned(), value.to_owned()),
                (None, Some(key)) if position == 0 => (key.to_owned(), piece),
                (None, _) => flag(&piece, flags).ok_or_else(|| format!("Expected '=' after parameter '{piece}'"))?,
            };
            if pair.0.is_empty() {
                return Err("a parameter has no name before '='".into());
            }
            pairs.push(pair);
        }
        Ok(Self { pairs })
    }

    /// Parameters that come from elsewhere, such as the JSON form of an option.
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    /// Takes a parameter; of several with one name the last counts, as in QEMU.
    pub(crate) fn take(&mut self, key: &str) -> Option<String> {
        let mut last = None;
        self.pairs.retain_mut(|(name, value)| {
            if name == key {
                last = Some(std::mem::take(value));
                return false;
            }
            true
        });
        last
    }

    /// Takes a parameter that must be there.
    pub(crate) fn require(&mut self, key: &str) -> Result<String, String> {
        self.take(key).ok_or_else(|| format!("Parameter '{key}' is missing"))
    }

    /// Takes a parameter that is `on` or `off`.
    pub(crate) fn take_bool(&mut self, key: &str) -> Result<Option<bool>, String> {
        self.take(key)
            .map(|value| match value.as_str() {
                "on" | "yes" | "true" | "y" => Ok(true),
                "off" | "no" | "false" | "n" => Ok(false),
                _ => Err(format!("Parameter '{key}' expects 'on' or 'off'")),
            })
            .transpose()
    }

    /// Refuses what was not taken.
    pub(crate) fn finish(self) -> Result<(), String> {
        match self.pairs.first() {
            None => Ok(()),
            Some((key, _)) => Err(format!("Invalid parameter '{key}'")),
        }
    }
}

/// Splits at single commas and undoubles the doubled ones.
fn split(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == ',' && rest.next_if_eq(&',').is_none() {
            pieces.push(String::new());
            continue;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// A key that stands alone, or with `no` before it.
fn flag(piece: &str, flags: &[&str]) -> Option<(String, String)> {
    if flags.contains(&piece) {
        return Some((piece.to_owned(), "on".into()));
    }
    let positive = piece.strip_prefix("no")?;
    flags.contains(&positive).then(|| (positive.to_owned(), "off".into()))
}

/// Whether `text` can name an object: a letter, then letters, digits, `-`, `.` and `_`.
pub(crate) fn identifier(text: &str) -> Result<(), String> {
    let mut chars = text.chars();
    let starts = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
    if starts && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')) {
        return Ok(());
    }
    Err("Parameter 'id' expects an identifier: a letter, then letters, digits, '-', '.', '_'".into())
}
