//! What is offered, and what is hinted.

use super::*;
use crate::samples;

/// What a line can become when `|` is the cursor.
fn offered(line: &str) -> Vec<String> {
    let position = line.find('|').expect("a cursor");
    let line = line.replace('|', "");
    let completion = complete(&line, position, &samples::knowledge());
    completion.candidates.into_iter().map(|c| format!("{}{}", &line[..completion.start], c.text)).collect()
}

fn displayed(line: &str) -> Vec<String> {
    complete(line, line.len(), &samples::knowledge()).candidates.into_iter().map(|c| c.display).collect()
}

fn hinted(line: &str) -> Option<String> {
    hint(line, line.len(), &samples::knowledge(), 100)
}

#[test]
fn names_of_commands() {
    assert_eq!(offered("|"), ["add ", "help ", "migrate-pause ", "remove-all ", "set "]);
    assert_eq!(offered("  re|"), ["  remove-all "]);
    assert_eq!(offered("help s|"), ["help set "]);
    assert_eq!(offered("help A|"), ["help ADDED "]);
    assert_eq!(offered(".rec|"), [".reconnect "]);
    assert!(offered("zz|").is_empty());
}

#[test]
fn names_of_arguments_required_first() {
    assert_eq!(
        displayed("set "),
        [
            "id=<str>",
            "mode=<fast|slow>",
            "[name=<str>]",
            "[size=<int>]",
            "[ratio=<number>]",
            "[on=<bool>]",
            "[modes=<[fast|slow]>]",
            "[any=<any>]"
        ]
    );
    assert_eq!(offered("set m|"), ["set mode=", "set modes="]);
    assert_eq!(offered("set mode=fast m|"), ["set mode=fast modes="]);
    assert_eq!(offered("set i| mode=fast"), ["set id="]);
    assert!(offered("set modes=fast id=1 i|").is_empty());
}

#[test]
fn members_inside() {
    assert_eq!(offered("add b|"), ["add backing.", "add backing="]);
    assert_eq!(offered("add backing.d|"), ["add backing.driver="]);
    assert_eq!(offered("add backing.driver=null backing.l|"), ["add backing.driver=null backing.latency="]);
    // The branch of the object above does not matter, nor is it known before its discriminator.
    assert_eq!(offered("add driver=null backing.f|"), Vec::<String>::new());
    assert_eq!(offered("add driver=file f|"), ["add driver=file filename="]);
    assert_eq!(offered("add f| driver=file"), ["add filename="]);
    assert_eq!(offered("add driver=file backing.driver=null b|"), ["add driver=file backing.driver=null backing."]);
}

#[test]
fn values_of_enumerations() {
    assert_eq!(offered("set on=|"), ["set on=true ", "set on=false "]);
    assert_eq!(offered("set mode=s|"), ["set mode=slow "]);
    assert_eq!(offered("set modes=fast,|"), ["set modes=fast,slow"]);
    assert_eq!(offered("set modes.0=f|"), ["set modes.0=fast "]);
    assert_eq!(offered("set modes.0=fast modes.|"), ["set modes.0=fast modes.1="]);
    assert_eq!(offered("add backing.driver=n|"), ["add backing.driver=none ", "add backing.driver=null "]);
    assert_eq!(offered("add start=a|"), ["add start=auto "]);
    assert!(offered("set id=|").is_empty());
    assert!(offered("set any={'a|").is_empty());
    assert!(offered("nothing x|").is_empty());
}

#[test]
fn help_knows_branches_too() {
    assert_eq!(offered("help add driver=f|"), ["help add driver=file "]);
}

#[test]
fn hints_name_what_is_expected() {
    let all = "driver=<file|null|none> [node=<str>] [port=<int or str>] [start=<int or auto>] [backing=<str>]";
    assert_eq!(hinted("add").unwrap(), format!(" {all}"));
    assert_eq!(hinted("add ").unwrap(), all);
    assert_eq!(
        hinted("add driver=file node=x port=1 start=1 ").unwrap(),
        "filename=<str> [backing=<str>] [size=<str>]"
    );
    assert_eq!(hinted("set i").unwrap(), "d=<str>");
    assert_eq!(hinted("set on=").unwrap(), "<bool>");
    assert_eq!(hinted("set m"), None);
    assert_eq!(hinted("se"), None);
    assert_eq!(hinted("remove-all"), None);
}

#[test]
fn hints_keep_to_the_line() {
    let knowledge = samples::knowledge();
    assert_eq!(hint("set ", 4, &knowledge, 20).unwrap(), "id=<str> …");
    assert_eq!(hint("set ", 4, &knowledge, 5), None);
    assert_eq!(hint("set ", 2, &knowledge, 80), None);
}

#[test]
fn nothing_panics() {
    let bits = ["set", "add", " ", "=", ".", "backing", "driver", "modes", "0", "'", "{", "é", ",", "help", "\n"];
    let knowledge = samples::knowledge();
    let mut state = 7u32;
    for _ in 0..1_000 {
        let mut line = String::from("add ");
        for _ in 0..8 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            line.push_str(bits[(state >> 16) as usize % bits.len()]);
        }
        for position in (0..=line.len()).filter(|at| line.is_char_boundary(*at)) {
            let completion = complete(&line, position, &knowledge);
            assert!(completion.start <= position);
            hint(&line, position, &knowledge, 40);
        }
    }
}
