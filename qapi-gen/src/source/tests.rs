//! Tests of places, include chains and path handling.

use super::loader::{lexically_normal, relative_to};
use super::*;

fn map(text: &str) -> SourceMap {
    let mut map = SourceMap::default();
    map.add("a.json".into(), text.into(), None);
    map
}

fn at(map: &SourceMap, start: usize) -> (usize, usize) {
    let place = map.locate(Span::new(FileId(0), start, start));
    (place.line, place.column)
}

#[test]
fn every_kind_of_line_end_counts() {
    let map = map("a\nb\r\nc\rd");
    assert_eq!(at(&map, 0), (1, 1));
    assert_eq!(at(&map, 2), (2, 1));
    assert_eq!(at(&map, 5), (3, 1));
    assert_eq!(at(&map, 7), (4, 1));
    assert_eq!(map.file(FileId(0)).map(|f| f.line_text(2)), Some("b"));
}

#[test]
fn a_tab_advances_to_the_next_multiple_of_eight() {
    let map = map("\tx\n  \ty\n1234567\tz\n12345678\tz");
    assert_eq!(at(&map, 1), (1, 9));
    assert_eq!(at(&map, 6), (2, 9));
    assert_eq!(at(&map, 16), (3, 9));
    assert_eq!(at(&map, 27), (4, 17));
}

#[test]
fn the_include_chain_is_outermost_first() {
    let mut map = map("one");
    let first = Span::new(FileId(0), 0, 1);
    let b = map.add("b".into(), String::new(), Some(first)).unwrap_or_default();
    let second = Span::new(b, 0, 0);
    let c = map.add("c".into(), String::new(), Some(second)).unwrap_or_default();
    assert_eq!(map.include_chain(c), [first, second]);
}

#[test]
fn paths_are_compared_by_spelling() {
    assert_eq!(lexically_normal(Path::new("a/./b/../c")), Path::new("a/c"));
    assert_eq!(lexically_normal(Path::new("../../a")), Path::new("../../a"));
    assert_eq!(relative_to(Path::new("s/qapi/../../qapi/x.json"), Path::new("s/qapi")), Path::new("../../qapi/x.json"));
    assert_eq!(relative_to(Path::new("q/x.json"), Path::new("q")), Path::new("x.json"));
    assert_eq!(relative_to(Path::new("x.json"), Path::new("")), Path::new("x.json"));
}
