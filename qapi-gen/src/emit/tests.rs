//! Emitted code for small schemas: what exists, under which name, in which module.

use std::path::Path;

use crate::{ConditionMode, MemoryLoader, Policy, Settings};

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

#[test]
fn policies_hide_and_gate() {
    let schema = "{ 'enum': 'Ee', 'data': [ 'a', { 'name': 'b', 'features': [ 'deprecated' ] } ] }
         { 'struct': 'Ss', 'data': { 'e': 'Ee', '*old': { 'type': 'int', 'features': [ 'deprecated' ] } } }
         { 'command': 'c', 'features': [ 'unstable' ], 'data': 'Ss' }
         { 'event': 'E', 'features': [ { 'name': 'deprecated', 'if': 'X' } ] }";
    let hidden = Settings::new().deprecated(Policy::Hide).unstable(Policy::Hide);
    let code = emitted(schema, &hidden);
    for absent in ["structC", "pubold", "\"b\"", "\"old\"", "\"name\":\"c\""] {
        assert!(!code.contains(absent), "{absent} in {code}");
    }
    assert!(code.contains("structSs") && code.contains("structE{"), "{code}");
    assert!(!emitted(schema, &hidden.cfg("X")).contains("structE{"));

    let gate = |name: &str| Policy::Gate(name.to_owned());
    let code = emitted(schema, &Settings::new().deprecated(gate("old")).unstable(gate("new")));
    for part in [
        "#[cfg(feature=\"old\")]#[deprecated=\"deprecatedintheschema\"]pubold:Option<i64>",
        "required:&rt::mask::<1>(&[true,#[cfg(feature=\"old\")]false,])",
        "#[cfg(feature=\"new\")]asyncfnc(",
        "constSPECIAL:&'static[(usize,rt::Special)]=&[#[cfg(feature=\"old\")](1,rt::Special::DEPRECATED),]",
        "Cargofeaturesthatdecideonpartsofit:`new`,`old`.",
    ] {
        assert!(code.contains(part), "{part} in {code}");
    }
}

#[test]
fn kept_conditions_are_named() {
    let schema = "{ 'struct': 'Ss', 'data': { 'x': { 'type': 'int', 'if': { 'all': [ 'A', { 'not': 'B' } ] } } } }
         { 'command': 'c', 'if': { 'not': 'A' } }";
    let code = emitted(schema, &Settings::new().conditions(ConditionMode::KeepAll));
    assert!(code.contains("**Condition:**`A`andnot`B`") && code.contains("pubx:i64"), "{code}");
    assert!(code.contains("structC{") && !code.contains("cfg("), "{code}");
    assert!(!emitted(schema, &Settings::new().cfg("A")).contains("Condition"));
}

#[test]
fn types_exist_where_something_uses_them() {
    let schema = "{ 'struct': 'Own', 'data': {}, 'if': 'A' } { 'struct': 'User', 'data': { 'own': 'Own' }, 'if': 'B' }
         { 'struct': 'Implied', 'data': { 'own': 'Own' }, 'if': { 'all': [ 'A', 'C' ] } }";
    let code = emitted(schema, &Settings::new().conditions(ConditionMode::Features));
    let before = |name: &str| {
        let at = code.find(&format!("pubstruct{name}")).unwrap();
        let derive = code[..at].rfind("#[derive").unwrap();
        code[..derive].rsplit("///").next().unwrap().to_owned()
    };
    assert!(before("Own").ends_with("#[cfg(any(feature=\"a\",feature=\"b\"))]"), "{}", before("Own"));
    assert!(before("User").ends_with("#[cfg(feature=\"b\")]"), "{}", before("User"));
}

/// A crate that uses five types of a thousand is to compile five: see "Decisions" in ARCHITECTURE.md.
#[test]
fn functions_of_types_are_made_where_they_are_used() {
    let schema = "{ 'enum': 'Kind', 'data': [ 'a', 'b' ] } { 'struct': 'Aa', 'data': { 'x': 'int' } }
         { 'union': 'Uu', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', 'data': { 'a': 'Aa' } }
         { 'alternate': 'Alt', 'data': { 's': 'str', 'u': 'Uu' } }
         { 'command': 'c', 'data': 'Uu', 'boxed': true, 'returns': 'Aa' } { 'event': 'E', 'data': { 'k': 'Kind', 'alt': 'Alt' } }";
    let loader = MemoryLoader::new().with("s.json", schema);
    let settings = Settings::new().server(false);
    let code = crate::compile(Path::new("s.json"), &settings, &loader).expect("a valid schema").text();
    let lines: Vec<_> = code.lines().map(str::trim).collect();
    let functions: Vec<_> = (0..lines.len()).filter(|&at| lines[at].starts_with("fn ")).collect();
    assert!(functions.len() > 20, "{code}");
    for at in functions {
        assert_eq!(lines[at - 1], "#[inline]", "{}", lines[at]);
    }
}
