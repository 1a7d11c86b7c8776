//! The schema compiler against the real thing, over QEMU 10.0's whole schema, as one table.
//!
//! `cargo run --release -p qapi-perf --bin compiler [-- --rounds N] [--builds N]`
//!
//! `QAPI_CORPUS` names the folder with QEMU's schemas, `QEMU_QAPI_GEN` QEMU's own `scripts/qapi-gen.py`, and
//! `QAPI_PYTHON` an interpreter for it other than `python3`. What is absent leaves its rows out, by name.
//!
//! Front ends are processes, start and end included, which write to an empty directory. A build is cargo with
//! everything it starts; dependencies are built before, unless the row says cold.

mod builds;
mod front;
mod projects;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use projects::{Projects, Workplace};
use qapi_perf::{Series, Table, interleave};

/// What ends the program early.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let result = match args.next() {
        // This program is its own subject where no command line does what a build script does.
        Some(word) if word == "plain" => front::plain(args),
        first => measure(first.into_iter().chain(args).map(|word| word.to_string_lossy().into_owned())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compiler: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How often to run what.
struct Rounds {
    front: usize,
    builds: usize,
}

fn rounds(mut args: impl Iterator<Item = String>) -> Result<Rounds, Failure> {
    let mut rounds = Rounds { front: 15, builds: 3 };
    while let Some(option) = args.next() {
        let count = args.next().and_then(|count| count.parse().ok());
        match (&*option, count) {
            ("--rounds", Some(count)) => rounds.front = count,
            ("--builds", Some(count)) => rounds.builds = count,
            _ => return Err(format!("'{option}': expected --rounds N or --builds N").into()),
        }
    }
    Ok(rounds)
}

fn measure(args: impl Iterator<Item = String>) -> Result<(), Failure> {
    let rounds = rounds(args)?;
    let Some(corpus) = qapi_test_support::corpus("compiler") else { return Ok(()) };
    let schema = corpus.join("qemu-10.0/qapi/qapi-schema.json");
    let place = Workplace::new()?;
    eprintln!("building qapi-gen and the projects to measure in {}", place.dir.display());
    let qapi_gen = release_qapi_gen(&place)?;
    let projects = Projects::prepare(&place, &qapi_gen, &schema)?;
    let rival = front::Rival::find();

    let fronts = interleave(front::subjects(&place, &qapi_gen, &schema, rival.as_ref(), &projects), rounds.front);
    let builds = interleave(builds::subjects(&place, &projects), rounds.builds);

    println!(
        "{}",
        std::fs::read_to_string("/proc/loadavg").map_or_else(|_| String::new(), |l| format!("load {l}")).trim()
    );
    let absent = Series::default();
    let find = |list: &[Series], name: &str| list.iter().find(|s| s.name == name).unwrap_or(&absent).clone();
    let mut table = Table::new(format!("Front ends over {} (ratios to {})", name_of(&schema), front::RIVAL));
    for (name, goal) in front::ROWS {
        table.row(&find(&fronts, name), Some(&find(&fronts, front::RIVAL)), goal);
    }
    println!("{table}");
    let mut table = Table::new(format!("Builds of the code generated from it (ratios to {})", builds::RIVAL));
    for (name, compared, goal) in builds::ROWS {
        let rival = find(&builds, builds::RIVAL);
        table.row(&find(&builds, name), compared.then_some(&rival), goal);
    }
    println!("{table}");
    Ok(())
}

/// The schema as the table names it: release, folder and file.
fn name_of(schema: &Path) -> String {
    let parts: Vec<_> = schema.iter().rev().take(3).map(|part| part.to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// Builds the command line as users get it.
fn release_qapi_gen(place: &Workplace) -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "-q", "--release", "-p", "qapi-gen", "--features", "cli"]);
    cargo.current_dir(&place.root).env("CARGO_TARGET_DIR", &place.target);
    qapi_perf::run(&mut cargo, &place.log())?;
    Ok(place.target.join("release/qapi-gen"))
}
