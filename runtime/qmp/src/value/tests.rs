//! Tests of the value tree.

use super::{Dict, Kind, Null, Number, Value};

#[test]
fn dicts_keep_order_and_names_are_unique() {
    let mut dict = Dict::new();
    // Enough for the index to come into being.
    for i in 0..40 {
        assert_eq!(dict.insert(format!("k{i}"), i), None);
    }
    assert_eq!(dict.insert("k3", "new"), Some(Value::from(3)));
    assert!(!dict.insert_new("k39".into(), Value::Null));
    assert_eq!(dict.len(), 40);
    assert_eq!(dict.remove("k0"), Some(Value::from(0)));
    assert_eq!(dict.position("k1"), Some(0));
    assert_eq!(dict.get("k3").and_then(Value::as_str), Some("new"));
    let names: Vec<_> = dict.iter().map(|(name, _)| name.to_owned()).collect();
    let expected: Vec<_> = (1..40).map(|i| format!("k{i}")).collect();
    assert_eq!(names, expected);
    for i in 1..30 {
        assert!(dict.remove(&format!("k{i}")).is_some());
    }
    assert_eq!(dict.position("k39"), Some(9));
    assert!(!dict.contains_key("k29"));
}

#[test]
fn dicts_compare_by_members_not_by_order() {
    let a: Dict = [("x", 1), ("y", 2)].into_iter().collect();
    let b: Dict = [("y", 2), ("x", 1)].into_iter().collect();
    assert_eq!(a, b);
    assert_ne!(a, [("x", 1)].into_iter().collect());
}

#[test]
fn numbers_convert_only_where_they_fit() {
    assert_eq!(Number::from(-1i64).as_u64(), None);
    assert_eq!(Number::from(u64::MAX).as_i64(), None);
    assert_eq!(Number::from(7u64), Number::Int(7));
    assert_eq!(Number::Uint(7), Number::Int(7));
    assert_ne!(Number::Double(7.0), Number::Int(7));
    assert_eq!(Number::Double(7.0).as_i64(), None);
    assert_eq!(Number::Int(7).as_f64(), 7.0);
}

#[test]
fn rust_values_become_qapi_values() {
    let value: Value = [("list", Value::from(vec![1u8, 2])), ("none", Null.into()), ("half", 0.5f64.into())]
        .into_iter()
        .collect::<Dict>()
        .into();
    assert_eq!(value.to_string(), r#"{"list": [1, 2], "none": null, "half": 0.5}"#);
    assert_eq!(value.get("none").map(Value::kind), Some(Kind::Null));
}

#[test]
fn serde_sees_json() {
    let text = r#"{"b":[1,-1,18446744073709551615,0.5,"x",null,true],"a":{}}"#;
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&value).unwrap(), text);
    assert!(serde_json::from_str::<Value>(r#"{"a":1,"a":2}"#).is_err());
    assert!(serde_json::from_str::<Dict>("[1]").is_err());
}

#[test]
fn doubles_are_printed_as_c_prints_them() {
    let cases = [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.10000000000000001"),
        (2.5, "2.5"),
        (0.0001, "0.0001"),
        (0.00001, "1.0000000000000001e-05"),
        (1e-7, "9.9999999999999995e-08"),
        (1e16, "10000000000000000"),
        (1e17, "1e+17"),
        (1e22, "1e+22"),
        (1e100, "1e+100"),
        (5e-324, "4.9406564584124654e-324"),
        (-9223372036854775809.0, "-9.2233720368547758e+18"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::INFINITY, "null"),
        (f64::NAN, "null"),
    ];
    for (n, text) in cases {
        assert_eq!(Value::from(n).to_string(), text);
    }
}
