//! Single texts: scalars, sizes, lists of integers with ranges; read, refused, and written.

#[macro_use]
#[path = "samples/macros.rs"]
mod macros;

use qapi_runtime::string::{format, format_human, format_size_human, parse, parse_size};
use qapi_runtime::{Dict, Null, Number, Str, Value, Visit};

enum_of!(Colour: Red = "red", Green = "green");
struct_of!(Named, 0b1: 0 name: Str = "name");

fn error<T: Visit + Default + std::fmt::Debug>(text: &str) -> String {
    parse::<T>("x", text).unwrap_err().to_string()
}

#[test]
fn scalars_are_read() {
    assert_eq!(parse("x", "0x1f"), Ok(31u8));
    assert_eq!(parse("x", "010"), Ok(8u16));
    assert_eq!(parse("x", " +7"), Ok(7i32));
    assert_eq!(parse("x", "-1"), Ok(-1i8));
    assert_eq!(parse("x", "-1"), Ok(u64::MAX));
    assert_eq!(parse("x", "-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(parse("x", "1.5"), Ok(1.5));
    assert_eq!(parse("x", "y"), Ok(true));
    assert_eq!(parse("x", "no"), Ok(false));
    assert_eq!(parse("x", " any, text "), Ok(Str::from(" any, text ")));
    assert_eq!(parse("x", ""), Ok(Str::default()));
    assert_eq!(parse("x", ""), Ok(Null));
    assert_eq!(parse("x", "green"), Ok(Colour::Green));
    assert_eq!(parse("x", "7"), Ok(Some(7i64)));
    assert_eq!(parse("x", "7"), Ok(Value::from("7")));
}

#[test]
fn scalars_are_refused_in_qemus_words() {
    for text in ["", "x", "1k", "08", "1-2", "1,2", "1.0", "2 ", "9223372036854775808"] {
        assert_eq!(error::<i64>(text), "Parameter 'x' expects int64", "{text:?}");
    }
    for text in ["", "x", "1k", "18446744073709551616"] {
        assert_eq!(error::<u64>(text), "Parameter 'x' expects uint64", "{text:?}");
    }
    assert_eq!(error::<u8>("256"), "Parameter 'x' expects uint8_t");
    assert_eq!(error::<u32>("-1"), "Parameter 'x' expects uint32_t");
    assert_eq!(error::<i32>("-2147483649"), "Parameter 'x' expects int32_t");
    for text in ["", "On", "1", "maybe", "on "] {
        assert_eq!(error::<bool>(text), "Parameter 'x' expects 'on' or 'off'", "{text:?}");
    }
    assert_eq!(error::<f64>("x"), "Invalid parameter type for 'x', expected: number");
    assert_eq!(error::<Null>("x"), "Invalid parameter type for 'x', expected: null");
    assert_eq!(error::<Colour>("blue"), "Parameter 'x' does not accept value 'blue'");
    assert_eq!(error::<Named>("name=y"), "Invalid parameter type for 'x', expected: object");
    assert_eq!(error::<Dict>(""), "Invalid parameter type for 'x', expected: object");
}

#[test]
fn sizes_are_read() {
    assert_eq!(parse_size("x", "1.5G"), Ok(3 << 29));
    assert_eq!(parse_size("x", " +16k"), Ok(16384));
    for text in ["", "x", "1.5", "-1", ".5k", "1KiB"] {
        let error = parse_size("x", text).unwrap_err().to_string();
        assert_eq!(error, "Parameter 'x' expects a non-negative number below 2^64", "{text:?}");
    }
    let error = parse_size("x", "16E").unwrap_err().to_string();
    assert_eq!(error, "Value '16E' is out of range for parameter 'x'");
}

#[test]
fn lists_have_ranges() {
    let list = |text: &str| parse::<Vec<u16>>("x", text);
    for (text, expected) in [
        ("", &[][..]),
        ("7", &[7]),
        ("1-3,7", &[1, 2, 3, 7]),
        ("7,1-3,2,2-2", &[7, 1, 2, 3, 2, 2]),
        ("0,", &[0]),
        ("0-1,", &[0, 1]),
        (" 0, +1,0x2-  03", &[0, 1, 2, 3]),
    ] {
        assert_eq!(list(text).as_deref(), Ok(expected), "{text:?}");
    }
    assert_eq!(list("0-65535").map(|list| list.len()), Ok(65536));
    for text in [
        "0-",
        "-",
        "0--1",
        "1-0",
        "-1-1",
        "0-65536",
        "0 ",
        "0 -1",
        "x",
        ",",
        ",0",
        "0,,1",
        "0,x",
        "0-x",
        "0-1-2",
        "1.5",
        "1;2",
        "18446744073709551616",
    ] {
        assert_eq!(error::<Vec<u16>>(text), "Parameter 'null' expects list of uint64 values or ranges", "{text:?}");
        assert_eq!(error::<Vec<u64>>(text), "Parameter 'null' expects list of uint64 values or ranges", "{text:?}");
    }
    for text in ["65536", "-1", "65530-65540", "18446744073709551610-18446744073709551615"] {
        assert_eq!(error::<Vec<u16>>(text), "Parameter 'null' expects uint16_t", "{text:?}");
    }
    assert_eq!(parse("x", "-3--1,5,-9223372036854775808"), Ok(vec![-3i64, -2, -1, 5, i64::MIN]));
    assert_eq!(error::<Vec<i64>>("1-0"), "Parameter 'null' expects list of int64 values or ranges");
    assert_eq!(
        error::<Vec<i64>>("-9223372036854775808-9223372036854775807"),
        "Parameter 'null' expects list of int64 values or ranges"
    );
    assert_eq!(parse("x", "18446744073709551614-18446744073709551615"), Ok(vec![u64::MAX - 1, u64::MAX]));
}

#[test]
fn lists_end() {
    let long = "0-65535,".repeat(17);
    assert_eq!(error::<Vec<u64>>(&long), "Parameter 'x' expects at most 1048576 elements");
    // Elements that are not integers, some of which would read nothing.
    assert_eq!(error::<Vec<Str>>("a,b"), "Invalid parameter type for 'null', expected: string");
    assert_eq!(error::<Vec<bool>>("on"), "Invalid parameter type for 'null', expected: boolean");
    assert_eq!(error::<Vec<Value>>("1"), "Invalid parameter type for 'null', expected: string");
    assert_eq!(error::<Vec<()>>("1"), "Invalid parameter type for 'null', expected: object");
    assert_eq!(error::<Vec<Vec<u64>>>("1"), "Invalid parameter type for 'null', expected: array");
}

#[test]
fn values_are_written() {
    let both = |value: &dyn Visit| (format(value).unwrap(), format_human(value).unwrap());
    let pair = |plain: &str, human: &str| (plain.to_owned(), human.to_owned());
    assert_eq!(both(&true), pair("true", "true"));
    assert_eq!(both(&42u8), pair("42", "42 (0x2a)"));
    assert_eq!(both(&-1i64), pair("-1", "-1 (0xffffffffffffffff)"));
    assert_eq!(both(&u64::MAX), pair("18446744073709551615", "18446744073709551615 (0xffffffffffffffff)"));
    assert_eq!(both(&1.5), pair("1.5", "1.5"));
    assert_eq!(both(&Value::from(Number::Double(0.1))), pair("0.10000000000000001", "0.10000000000000001"));
    assert_eq!(both(&Str::from("a b")), pair("a b", "\"a b\""));
    assert_eq!(both(&Colour::Red), pair("red", "\"red\""));
    assert_eq!(both(&Null), pair("", "<null>"));
    assert_eq!(both(&Vec::<u16>::new()), pair("", ""));
    assert_eq!(both(&vec![7u16, 1, 3, 2, 2]), pair("1-3,7", "1-3,7 (0x1-0x3,0x7)"));
    assert_eq!(both(&vec![-2i64, -1, 0]), pair("-2-0", "-2-0 (0xfffffffffffffffe-0x0)"));
    assert_eq!(
        both(&vec![0, u64::MAX]),
        pair("0,18446744073709551615", "0,18446744073709551615 (0x0,0xffffffffffffffff)")
    );
    for refused in [&Named::default() as &dyn Visit, &vec![true], &vec![vec![1u8]]] {
        assert!(format(refused).is_err());
        assert!(format_human(refused).is_err());
    }
}

#[test]
fn sizes_are_written_for_people() {
    for (size, expected) in [
        (0, "0 (0 B)"),
        (1, "1 (1 B)"),
        (999, "999 (999 B)"),
        (1000, "1000 (0.977 KiB)"),
        (1024, "1024 (1 KiB)"),
        (1536, "1536 (1.5 KiB)"),
        (1126, "1126 (1.1 KiB)"),
        (10240, "10240 (10 KiB)"),
        (102400, "102400 (100 KiB)"),
        (1023999, "1023999 (1e+03 KiB)"),
        (1 << 20, "1048576 (1 MiB)"),
        (3 << 29, "1610612736 (1.5 GiB)"),
        (1 << 40, "1099511627776 (1 TiB)"),
        (u64::MAX, "18446744073709551615 (16 EiB)"),
    ] {
        assert_eq!(format_size_human(size), expected);
    }
}
