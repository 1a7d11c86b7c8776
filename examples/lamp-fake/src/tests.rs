//! The tool against a fake lamp.

use qapi_runtime::fake::{Builder, Fake};
use qapi_runtime::{ClientError, Error, Version};

use super::*;

fn light(lit: bool, colour: Colour) -> LightInfo {
    LightInfo { lit, colour }
}

/// What nobody scripts is answered as the schema says: the lamp is off, and takes every order.
#[tokio::test]
async fn a_lamp_that_does_not_light_up_is_noticed() {
    let fake = Fake::start(lamp::INTROSPECTION).unwrap();
    let lamp = fake.client().await.unwrap();
    assert_eq!(light_up(&lamp, Colour::Red).await.unwrap(), None);
    fake.assert_received(&SetLight { lit: true, colour: Some(Colour::Red) });
}

#[tokio::test]
async fn a_dark_lamp_is_switched_on() {
    let fake = Fake::start(lamp::INTROSPECTION).unwrap();
    fake.on::<SetLight>().once().emit(&LightChanged { light: light(true, Colour::Red) }).automatically();
    let lamp = fake.client().await.unwrap();
    assert_eq!(light_up(&lamp, Colour::Red).await.unwrap(), Some(light(true, Colour::Red)));
    fake.verify();
}

#[tokio::test]
async fn a_lamp_that_is_on_is_left_alone() {
    let fake = Fake::start(lamp::INTROSPECTION).unwrap();
    fake.on::<QueryLight>().returns(light(true, Colour::White));
    let lamp = fake.client().await.unwrap();
    assert_eq!(light_up(&lamp, Colour::White).await.unwrap(), Some(light(true, Colour::White)));
    fake.assert_asked(&["query-light"]);
}

#[tokio::test]
async fn refusals_and_lost_lamps_are_reported() {
    let fake =
        Builder::from_json(lamp::INTROSPECTION.as_bytes()).unwrap().version(Version::new(1, 0, 0)).start().unwrap();
    let lamp = fake.client().await.unwrap();
    fake.on::<SetLight>().once().fails(Error::generic("the bulb is broken"));
    let refused = light_up(&lamp, Colour::Red).await.unwrap_err();
    assert_eq!(refused.to_string(), "set-light: the bulb is broken");

    // The connection breaks in the middle of the reply.
    fake.on::<SetLight>().once().disconnects_after(r#"{"return": "#);
    assert!(matches!(light_up(&lamp, Colour::Red).await, Err(ClientError::Closed)));
    fake.assert_asked(&["query-light", "set-light", "query-light", "set-light"]);
}
