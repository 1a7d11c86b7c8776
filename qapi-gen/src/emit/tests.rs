//! Emitted code for small schemas: what exists, under which name, in which module.

use std::path::Path;

use crate::{MemoryLoader, Settings};

/// The code for a one-file schema, without spaces.
fn emitted(schema: &str, settings: &Settings) -> String {
    let loader = MemoryLoader::new().with("s.json", schema);
    squeezed(&loader, settings)
}

fn squeezed(loader: &MemoryLoader, settings: &Settings) -> String {
    let output = crate::compile(Path::new("s.json"), settings, loader).unwrap_or_else(|errors| panic!("{errors}"));
    output.text().replace(char::is_whitespace, "")
}

#[test]
fn names_that_meet_get_suffixes() {
    let code = emitted(
        "{ 'struct': 'Halt', 'data': {} } { 'command': 'halt' } { 'event': 'HALT' }
         { 'command': 'stop' } { 'event': 'STOP' } { 'struct': 'Commands', 'data': {} }",
        &Settings::new(),
    );
    for name in ["Halt{", "HaltCommand{", "HaltEvent{", "Stop{", "StopEvent{", "CommandsType{"] {
        assert!(code.contains(&format!("pubstruct{name}")), "{name}");
    }
}

#[test]
fn boxes_stand_in_cycles_only() {
    let code = emitted(
        "{ 'struct': 'Aa', 'data': { '*a': 'Aa', 'b': 'Bb', 'list': [ 'Aa' ] } } { 'struct': 'Bb', 'data': { 'x': 'int' } }",
        &Settings::new(),
    );
    assert!(code.contains("puba:Option<Box<Aa>>"), "{code}");
    assert!(code.contains("pubb:Bb"), "{code}");
    assert!(code.contains("publist:Vec<Aa>"), "{code}");
}

#[test]
fn false_conditions_leave_nothing_behind() {
    let schema = "{ 'enum': 'Ee', 'data': [ 'a', { 'name': 'b', 'if': 'X' } ] }
         { 'struct': 'Gone', 'data': {}, 'if': 'X' } { 'struct': 'Used', 'data': {}, 'if': 'X' }
         { 'struct': 'Ss', 'data': { 'm': { 'type': 'int', 'if': 'X' }, 'used': 'Used' } }
         { 'command': 'c', 'if': { 'not': 'X' } }";
    let without = emitted(schema, &Settings::new());
    assert!(!without.contains("Gone") && !without.contains("pubm:") && without.contains("structC"), "{without}");
    assert!(without.contains("structUsed"), "a kept member refers to it");
    let with = emitted(schema, &Settings::new().cfg("X"));
    assert!(with.contains("structGone") && with.contains("pubm:i64") && !with.contains("structC{"), "{with}");
}

#[test]
fn modules_follow_files() {
    let loader = MemoryLoader::new()
        .with("s.json", "{ 'include': 'sub/type.json' } { 'include': 'block-core.json' }")
        .with("sub/type.json", "{ 'struct': 'Tt', 'data': { 'b': 'Bb' } }")
        .with("block-core.json", "{ 'struct': 'Bb', 'data': {} } { 'command': 'go', 'returns': 'Tt' }");
    let code = squeezed(&loader, &Settings::new());
    for part in [
        "pubmods{",
        "pubuseself::r#type::{Tt};",
        "pubmodr#type{",
        "pubb:super::Bb",
        "pubmodblock_core{",
        "asyncfngo(&self,ctx:&rt::Context)->Result<super::Tt,rt::Error>",
        "pubtraitCommands:block_core::Commands{}",
    ] {
        assert!(code.contains(part), "{part} in {code}");
    }
}

#[test]
fn sides_can_be_left_out() {
    let schema = "{ 'command': 'c', 'data': { 'x': 'int' } } { 'command': 'd' } { 'event': 'E' }";
    let server = emitted(schema, &Settings::new().client(false).introspection(false));
    assert!(
        server.contains("traitCommands") && server.contains("structC{") && !server.contains("rt::Commandfor"),
        "{server}"
    );
    assert!(!server.contains("structD{") && server.contains("INTROSPECTION:&str=\"[]\""), "{server}");
    let client = emitted(schema, &Settings::new().server(false).module("m").runtime("crate::rt2"));
    assert!(!client.contains("traitCommands") && client.contains("rt::CommandforD"), "{client}");
    assert!(client.contains("pubmodm{usecrate::rt2asrt;"), "{client}");
}

#[test]
fn deprecation_reaches_rust() {
    let code = emitted(
        "##\n# @c:\n#\n# Features:\n# @deprecated: Use d.\n##\n{ 'command': 'c', 'features': [ 'deprecated' ] }
         { 'struct': 'Ss', 'data': { 'old': { 'type': 'int', 'features': [ 'deprecated' ] } } }",
        &Settings::new().dialect("7.2".parse().unwrap()),
    );
    assert!(code.contains("#[deprecated=\"Used.\"]"), "{code}");
    assert!(code.contains("#[deprecated=\"deprecatedintheschema\"]pubold:i64"), "{code}");
}

#[test]
fn marks_reach_the_runtime_and_nothing_else_does() {
    let schema = "{ 'enum': 'Ee', 'data': [ 'a', { 'name': 'b', 'features': [ 'unstable' ] } ] }
         { 'struct': 'Ss', 'data': { 'x': 'str', 'old': { 'type': 'int', 'features': [ 'deprecated', 'unstable' ] } } }
         { 'union': 'Uu', 'base': { 't': 'Ee' }, 'discriminator': 't', 'data': { 'a': 'Ss' } }
         { 'command': 'c', 'features': [ 'deprecated' ], 'allow-oob': true }
         { 'event': 'E', 'features': [ 'unstable', 'other' ] }";
    let code = emitted(schema, &Settings::new().dialect("7.2".parse().unwrap()));
    for part in [
        "constSPECIAL:&'static[(usize,rt::Special)]=&[(1,rt::Special::UNSTABLE)];",
        "constSPECIAL:&'static[(usize,rt::Special)]=<Eeasrt::Enum>::SPECIAL;",
        "0=>rt::Visit::get(&mutself.x,d),",
        "1=>{d.permit(rt::Special::BOTH)?;rt::Visit::get(&mutself.old,d)}",
        "e.member(\"x\",&self.x);e.special(rt::Special::BOTH,\"old\",&self.old);",
        "rt::CommandFlags{oob:true,special:rt::Special::DEPRECATED,..rt::CommandFlags::NONE}",
        "constNAME:&'staticstr=\"E\";constSPECIAL:rt::Special=rt::Special::UNSTABLE;",
    ] {
        assert!(code.contains(part), "{part} in {code}");
    }
    let plain = emitted("{ 'enum': 'Ee', 'data': [ 'a' ] } { 'event': 'E', 'data': { 'e': 'Ee' } }", &Settings::new());
    assert!(!plain.to_lowercase().contains("special"), "{plain}");
}

#[test]
fn sizes_are_told_from_other_integers() {
    let code =
        emitted("{ 'struct': 'Ss', 'data': { 'a': 'size', '*b': [ 'size' ], 'c': 'uint64' } }", &Settings::new());
    for part in ["0=>d.size(&mutself.a),", "1=>d.size(&mutself.b),", "2=>rt::Visit::get(&mutself.c,d),"] {
        assert!(code.contains(part), "{part} in {code}");
    }
}
