//! The generated service: finding commands, reading arguments, calling handlers, writing replies.

use std::cell::RefCell;

use qapi_golden::golden::{self, golden_plants};
use qapi_runtime::json::Raw;
use qapi_runtime::{
    Arguments, Command as _, CommandFlags, Context, Dict, Encoder, Error, Event as _, EventSink, Service as _, Value,
};

/// Notes what it was asked.
#[derive(Debug, Default)]
struct House {
    asked: RefCell<Vec<String>>,
}

impl House {
    fn note(&self, what: impl Into<String>) {
        self.asked.borrow_mut().push(what.into());
    }
}

impl golden_plants::Commands for House {
    async fn plant_add(&self, _: &Context, args: golden::Plant) -> Result<(), Error> {
        self.note(format!("add {:?}", args.u));
        Ok(())
    }

    async fn query_plants(&self, _: &Context) -> Result<Vec<golden::Plant>, Error> {
        Ok(vec![golden::Plant { age: Some(3), ..Default::default() }])
    }

    async fn count_plants(&self, _: &Context) -> Result<i64, Error> {
        Ok(7)
    }

    async fn plant_raw(&self, _: &Context, args: Dict) -> Result<Value, Error> {
        self.note(format!("raw {}", args.len()));
        Ok(Value::from(true))
    }

    async fn leave(&self, _: &Context) -> Result<(), Error> {
        Err(Error::generic("nowhere to go"))
    }
}

impl golden::Commands for House {
    async fn greenhouse_heat(&self, _: &Context, args: golden::GreenhouseHeat) -> Result<(), Error> {
        self.note(format!("heat {} {:?}", args.heater.power, args.hours));
        Ok(())
    }

    async fn stop(&self, _: &Context) -> Result<(), Error> {
        Ok(())
    }

    fn panic_off(&self, _: &Context, args: golden::PanicOff) -> Result<golden::Heater, Error> {
        Ok(golden::Heater { power: args.seconds as u32, ..Default::default() })
    }
}

/// Calls a command as a session does and gives its reply or error as text.
async fn call(house: &golden::Service<House>, name: &str, args: &str) -> Result<String, String> {
    let index = house.find(name).ok_or("not found")?;
    let events = EventSink::new();
    let ctx = Context::detached(&events);
    let raw = Raw::new(args.as_bytes()).map_err(|error| error.to_string())?;
    let mut reply = Encoder::new();
    let result = house.call(index, &ctx, Arguments::new(Some(raw)), &mut reply).await;
    result.map_err(|error| error.to_string())?;
    Ok(reply.into_string())
}

#[tokio::test(flavor = "current_thread")]
async fn handlers_are_reached() {
    let house = golden::service(House::default());
    assert_eq!(call(&house, "count-plants", "{}").await.unwrap(), "7");
    assert_eq!(call(&house, "plant_add", r#"{"kind": "fern"}"#).await.unwrap(), "{}");
    assert_eq!(call(&house, "query-plants", "{}").await.unwrap(), r#"[{"kind": "fern", "age": 3}]"#);
    assert_eq!(call(&house, "plant-raw", r#"{"a": 1, "b": []}"#).await.unwrap(), "true");
    assert_eq!(call(&house, "greenhouse-heat", r#"{"heater": {"power": 5}}"#).await.unwrap(), "{}");
    assert_eq!(call(&house, "panic-off", r#"{"seconds": 4}"#).await.unwrap(), r#"{"power": 4}"#);
}

#[tokio::test(flavor = "current_thread")]
async fn mistakes_never_reach_a_handler() {
    let house = golden::service(House::default());
    for (name, args, error) in [
        ("greenhouse-heat", "{}", "Parameter 'heater' is missing"),
        (
            "greenhouse-heat",
            r#"{"heater": {"power": 1}, "hours": "x"}"#,
            "Invalid parameter type for 'hours', expected: integer",
        ),
        ("stop", r#"{"now": 1}"#, "Parameter 'now' is unexpected"),
        ("leave", "{}", "nowhere to go"),
        ("query-weeds", "{}", "not found"),
    ] {
        assert_eq!(call(&house, name, args).await.unwrap_err(), error, "{name}");
    }
}

#[test]
fn tables_tell_the_flags() {
    let house = golden::service(House::default());
    for (index, command) in (0..).map_while(|index| house.command(index)).enumerate() {
        assert_eq!(house.find(command.name), Some(index));
    }
    let flags = |name: &str| house.command(house.find(name).unwrap()).unwrap().flags;
    let none = CommandFlags::NONE;
    assert_eq!(flags("panic-off"), CommandFlags { oob: true, ..none });
    assert_eq!(flags("query-plants"), CommandFlags { preconfig: true, ..none });
    assert_eq!(flags("count-plants"), CommandFlags { coroutine: true, ..none });
    assert_eq!(flags("leave"), CommandFlags { success_response: false, ..none });
    assert_eq!(flags("plant_add"), none);
    // A client reads the same from the command's type.
    assert_eq!((golden::PanicOff::NAME, golden::PanicOff::FLAGS), ("panic-off", flags("panic-off")));
    // `stop` and `STOP` are one word in Rust.
    assert_eq!((golden::StopEvent::NAME, golden::HeaterOverload::NAME), ("STOP", "HEATER_OVERLOAD"));
    let introspection: serde_json::Value = serde_json::from_str(house.introspection()).unwrap();
    assert!(introspection.as_array().unwrap().iter().any(|entity| entity["name"] == "plant_add"));
}
