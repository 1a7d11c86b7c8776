//! `-global`: properties of objects that have no option of their own, here those of the migration stream's format.

use migration::{Settings, ZeroPageDetection};

use super::draft::{Done, Draft};
use super::keyval::Keyval;

/// The argument of `-global`: `DRIVER.PROPERTY=VALUE`, or the three as parameters.
pub(super) fn global(draft: &mut Draft, text: &str) -> Done {
    let (driver, property, value) = match split(text) {
        Some(parts) => parts,
        None => {
            let mut keys = Keyval::parse(text, None, &[])?;
            let parts = (keys.require("driver")?, keys.require("property")?, keys.require("value")?);
            keys.finish()?;
            parts
        }
    };
    let failed = |reason| format!("can't apply global {driver}.{property}={value}: {reason}");
    if driver != "migration" {
        return Err(failed("only migration has such properties here".into()));
    }
    set(&mut draft.migration, &property, &value).map_err(failed)?;
    Ok(None)
}

/// The short notation's parts.
fn split(text: &str) -> Option<(String, String, String)> {
    let (driver, rest) = text.split_once('.')?;
    let (property, value) = rest.split_once('=')?;
    // A comma or an equals sign before the dot belongs to the long notation.
    let short = !driver.contains(['=', ',']) && !driver.is_empty() && !property.is_empty();
    short.then(|| (driver.to_owned(), property.to_owned(), value.to_owned()))
}

/// Sets a property; the names are QEMU's.
fn set(settings: &mut Settings, property: &str, value: &str) -> Result<(), String> {
    let flag = match property {
        "send-configuration" => &mut settings.send_configuration,
        "send-section-footer" => &mut settings.section_footers,
        "send-switchover-start" => &mut settings.send_switchover_start,
        "multifd-flush-after-each-section" => &mut settings.multifd_flush_after_each_section,
        "zero-page-detection" => {
            settings.zero_page_detection = match value {
                "none" => ZeroPageDetection::None,
                "legacy" => ZeroPageDetection::Legacy,
                "multifd" => ZeroPageDetection::Multifd,
                _ => return Err(format!("Parameter '{property}' does not accept value '{value}'")),
            };
            return Ok(());
        }
        _ => return Err(format!("Property 'migration.{property}' not found")),
    };
    *flag = match value {
        "on" | "yes" | "true" | "y" => true,
        "off" | "no" | "false" | "n" => false,
        _ => return Err(format!("Parameter '{property}' expects 'on' or 'off'")),
    };
    Ok(())
}
