//! Options as QEMU reads them: the real one is asked, and must say what we say.

#[macro_use]
#[path = "samples/macros.rs"]
mod macros;
#[path = "samples/null_block.rs"]
mod null_block;

use std::path::Path;
use std::process::{Command, Stdio};

use null_block::NullBlock;
use qapi_runtime::{Error, Policy, Visit, from_option, string};

/// An option that nobody has: QEMU fails there when everything before it is in order.
const END: &str = "Parameter 'the-end' is unexpected";

/// What QEMU says about an option, without its own prefix; [`END`] when nothing.
fn qemu(program: &Path, option: &str, text: &str) -> String {
    let output = Command::new(program)
        .args(["-machine", "none", "-nodefaults", "-display", "none", "-S", "-monitor", "none"])
        .args([option, text, "-compat", "the-end=1"])
        .stdin(Stdio::null())
        .output()
        .expect("QEMU starts");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    let said = said.trim_end().split_once(": ").map_or(said.as_str(), |(_, said)| said).trim_end();
    let said = said.strip_prefix("-compat the-end=1: ").unwrap_or(said);
    said.strip_prefix(&format!("{option} {text}: ")).unwrap_or(said).to_owned()
}

fn ours<T>(read: Result<T, Error>) -> String {
    read.map_or_else(|error| error.to_string(), |_| END.to_owned())
}

fn compare<T: Visit + Default>(test: &str, option: &str, implied: Option<&str>, texts: &[&str]) {
    let Some(program) = qapi_test_support::qemu(test) else {
        return;
    };
    for text in texts {
        assert_eq!(ours(from_option::<T>(text, implied)), qemu(&program, option, text), "{option} {text}");
    }
}

#[test]
fn qemu_reads_the_syntax_alike() {
    let long = "a".repeat(128);
    let [long, inner, digits] = [format!("{long}=1"), format!("b.{long}=1"), format!("a.{}=1", "1".repeat(128))];
    compare::<Policy>(
        "qemu_reads_the_syntax_alike",
        "-compat",
        None,
        &[
            "",
            "a",
            "a=b",
            "=x",
            "a.=x",
            ".a=x",
            "a..b=x",
            "-a=x",
            "_a=x",
            "0=x",
            "0.a=1",
            "1a=x",
            "a.-b=x",
            "a.0=x",
            "a.0b=x",
            "a.+0=1",
            "a b=1",
            "é=1",
            "A.B.0.C=1",
            "a-=1",
            ",",
            ",a=b",
            "a=,=x",
            "a=b,.=x",
            "a,b=1",
            "a=1,b",
            "a==",
            "a=b,,,c=d",
            "a=b,,,,",
            "__=1",
            "__com=1",
            "__com.ex_=1",
            "__com.example_x=1",
            "__-c_x=1",
            "__a_0=1",
            "___x=1",
            "x.__a=2",
            "x.__com.ex_y=1",
            &long,
            &inner,
            &digits,
            "a=1,a.b=2",
            "a.b=1,a=2",
            "a.b=1,a.0=2",
            "a.0=1,a.b=2",
            "a.b.c=1,a.b=2",
            "a.b=1,a.b.c=2",
            "a.0.b=1,a.0=1",
            "a=1,a.b",
            "a=1,a.-b=2",
            "a=1,a.b.-c=2",
            "a.0=1,a.2=2",
            "a.1=1",
            "a.01=1",
            "a.00=1",
            "a.0=1,a.00=2",
            "a.2147483648=1",
            "a.999999999999999999999=1",
            "a.0.0=1,a.0.2=2",
            "a.1.1=1",
            "help",
            "?",
            "help,a=1",
            "a=1,help",
            "a=help",
            "help=x",
            "?=x",
            "??",
            "help,,x",
            "help.a=x",
            "helpx",
            "a.1=x,help",
            "{",
            "{}",
            "{}x",
            "{} }",
            " {}",
            "[]",
            "{\"a\":1}",
            "{\"a\":1,\"a\":2}",
            "{'deprecated-input':'accept'}",
            "{'deprecated-input':1}",
            "deprecated-input",
            "deprecated-input=",
            "deprecated-input=foo",
            "deprecated-input=accept,",
            "deprecated-input=accept,,x",
            "deprecated-input.x=1",
            "deprecated-input.0=1",
            "deprecated-input=foo,deprecated-input=accept",
            "unstable-input=reject,deprecated-output=hide",
        ],
    );
}

#[test]
fn qemu_reads_types_alike() {
    compare::<NullBlock>(
        "qemu_reads_types_alike",
        "-blockdev",
        Some("driver"),
        &[
            "",
            "null-co",
            "foo",
            "x.y",
            "-7",
            ",",
            "=x",
            "null,,co",
            "help",
            "null-co,help",
            "node-name=n",
            "node-name=n,null-co",
            "driver=null-co,node-name=a,,b",
            "null-co,bogus=1",
            "null-co,a.b=1",
            "null-co,node-name.x=n",
            "null-co,size=0x10",
            "null-co,size=010",
            "null-co,size=08",
            "null-co,size= 1",
            "null-co,size=+1",
            "null-co,size=1 ",
            "null-co,size=",
            "null-co,size=x",
            "null-co,size=1G",
            "null-co,size=1.0",
            "null-co,size=9223372036854775807",
            "null-co,size=9223372036854775808",
            "null-co,size=1,size=x",
            "null-co,size.x=1",
            "null-co,latency-ns=18446744073709551615",
            "null-co,latency-ns=18446744073709551616",
            "null-co,latency-ns=-1",
            "null-co,latency-ns=-18446744073709551616",
            "null-co,latency-ns=x",
            "null-co,read-zeroes=on",
            "null-co,read-zeroes=y",
            "null-co,read-zeroes=no",
            "null-co,read-zeroes=false",
            "null-co,read-zeroes=ON",
            "null-co,read-zeroes=1",
            "null-co,read-zeroes=",
            "null-co,read-zeroes.0=on",
            "null-co,cache=x",
            "null-co,cache.0=x",
            "null-co,cache.direct=x",
            "null-co,cache.bogus=x",
            "null-co,cache.direct=on,cache.no-flush=off",
            "null-co,discard=x",
            "null-co,discard.0=x",
            "null-co,discard=unmap",
            "{\"driver\":\"null-co\"",
            "{\"driver\":\"null-co\",\"size\":\"1\"}",
            "{\"driver\":\"null-co\",\"read-zeroes\":\"on\"}",
            "{\"driver\":\"null-co\",\"latency-ns\":\"1\"}",
            "{\"driver\":\"null-co\",\"cache\":{\"direct\":1}}",
            "{\"driver\":\"null-co\",\"size\":1}",
        ],
    );
}

/// Lets QEMU read a property of a device from text, as `-global` has it.
fn global(program: &Path, property: &str, text: &str) -> String {
    let output = Command::new(program)
        .args(["-machine", "none", "-nodefaults", "-display", "none", "-S", "-monitor", "none"])
        .args(["-global", &format!("migration.{property}={text}"), "-device", "the-end"])
        .stdin(Stdio::null())
        .output()
        .expect("QEMU starts");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    let problem = said.lines().find_map(|line| line.split_once(&format!("migration.{property}={text}: ")));
    problem.map_or(END, |(_, problem)| problem).to_owned()
}

#[test]
fn qemu_reads_bare_text_alike() {
    let Some(program) = qapi_test_support::qemu("qemu_reads_bare_text_alike") else {
        return;
    };
    for text in
        ["0", "0x10", "010", "08", "x", "", "1k", " 2", "2 ", "+3", "-1", "4294967295", "4294967296", "1-2", "1,2"]
    {
        let property = "x-checkpoint-delay";
        assert_eq!(ours(string::parse::<u32>(property, text)), global(&program, property, text), "{text:?}");
    }
    for text in ["255", "256", "-1", "18446744073709551616"] {
        let property = "multifd-channels";
        assert_eq!(ours(string::parse::<u8>(property, text)), global(&program, property, text), "{text:?}");
    }
    for text in ["on", "off", "y", "n", "yes", "no", "true", "false", "On", "1", "", " on", "maybe"] {
        let property = "x-events";
        assert_eq!(ours(string::parse::<bool>(property, text)), global(&program, property, text), "{text:?}");
    }
}
