//! A daemon with a QMP monitor, whole. Try it:
//!
//! ```console
//! $ cargo run &  # or: cargo run tcp:127.0.0.1:4444
//! $ qmp-shell /tmp/lamp.sock
//! (QEMU) set-light lit=true colour=red
//! ```

use std::cell::RefCell;

use qapi_runtime::{Context, Error, Server};

// Written by build.rs. Gives the module `lamp`: types, commands, events, the trait to implement, introspection.
include!(concat!(env!("OUT_DIR"), "/lamp.rs"));

/// What there is to control. One thread carries all monitors, so nothing needs a lock.
#[derive(Default)]
struct Lamp {
    light: RefCell<lamp::LightInfo>,
}

// Forget a command and this does not compile: error[E0046] names it.
impl lamp::Commands for Lamp {
    async fn set_light(&self, ctx: &Context, args: lamp::SetLight) -> Result<(), Error> {
        let mut light = self.light.borrow_mut();
        if matches!(args.colour, Some(lamp::Colour::Red)) && !args.lit {
            return Err(Error::generic("the lamp shines red only while it is on"));
        }
        light.lit = args.lit;
        light.colour = args.colour.unwrap_or_else(|| light.colour.clone());
        // Clients see the event before the reply to the command that caused it.
        ctx.events().emit(&lamp::LightChanged { light: light.clone() });
        Ok(())
    }

    async fn query_light(&self, _: &Context) -> Result<lamp::LightInfo, Error> {
        Ok(self.light.borrow().clone())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "unix:/tmp/lamp.sock".to_owned());
    let server = Server::new(lamp::service(Lamp::default())).listen(&address)?;
    println!("serving QMP on {address}; stop with Ctrl-C");
    server.run_until(tokio::signal::ctrl_c()).await?;
    Ok(())
}
