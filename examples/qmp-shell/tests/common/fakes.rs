//! A server that does what a test tells it to.

use qapi_runtime::fake::Fake;

/// What the fake server understands.
const SCHEMA: &str = r#"[
    {"name": "set", "meta-type": "command", "arg-type": "1", "ret-type": "0"},
    {"name": "secret", "meta-type": "command", "arg-type": "0", "ret-type": "str", "features": ["deprecated"]},
    {"name": "start-job", "meta-type": "command", "arg-type": "2", "ret-type": "0"},
    {"name": "query-jobs", "meta-type": "command", "arg-type": "0", "ret-type": "[3]"},
    {"name": "migrate", "meta-type": "command", "arg-type": "4", "ret-type": "0"},
    {"name": "query-migrate", "meta-type": "command", "arg-type": "0", "ret-type": "5"},
    {"name": "JOB_STATUS_CHANGE", "meta-type": "event", "arg-type": "6"},
    {"name": "STOP", "meta-type": "event", "arg-type": "0"},
    {"name": "0", "meta-type": "object", "members": []},
    {"name": "1", "meta-type": "object", "members": [
        {"name": "id", "type": "str"}, {"name": "size", "type": "int", "default": null},
        {"name": "mode", "type": "7", "default": null}]},
    {"name": "2", "meta-type": "object", "members": [{"name": "id", "type": "str"}]},
    {"name": "3", "meta-type": "object", "members": [
        {"name": "id", "type": "str"}, {"name": "type", "type": "str"}, {"name": "status", "type": "str"},
        {"name": "current-progress", "type": "int"}, {"name": "total-progress", "type": "int"},
        {"name": "error", "type": "str", "default": null}]},
    {"name": "4", "meta-type": "object", "members": [{"name": "uri", "type": "str"}]},
    {"name": "5", "meta-type": "object", "members": [
        {"name": "status", "type": "str", "default": null}, {"name": "error-desc", "type": "str", "default": null}]},
    {"name": "6", "meta-type": "object", "members": [{"name": "id", "type": "str"}, {"name": "status", "type": "str"}]},
    {"name": "7", "meta-type": "enum", "values": ["fast", "slow"]},
    {"name": "[3]", "meta-type": "array", "element-type": "3"},
    {"name": "str", "meta-type": "builtin", "json-type": "string"},
    {"name": "int", "meta-type": "builtin", "json-type": "int"}
]"#;

/// Starts the server.
pub(crate) fn start() -> Fake {
    Fake::start(SCHEMA).expect("the fake starts")
}

/// Lets `start-job` begin a job that goes through these states, with so many percent done; the last ones stay.
pub(crate) fn plan_job(fake: &Fake, states: &[(&str, u32)], error: Option<&str>) {
    let created = r#"{"id": "j", "status": "created"}"#;
    fake.on_name("start-job").emit_json("JOB_STATUS_CHANGE", created).returns_json("{}");
    let error = error.map_or_else(String::new, |error| format!(r#", "error": "{error}""#));
    for (i, (status, percent)) in states.iter().enumerate() {
        let jobs = format!(
            r#"[{{"id": "j", "type": "backup", "status": "{status}", "current-progress": {percent},
                "total-progress": 100{error}}}]"#
        );
        let on = fake.on_name("query-jobs");
        if i + 1 < states.len() { on.once() } else { on }.returns_json(&jobs);
    }
}
