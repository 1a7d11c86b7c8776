//! Front ends: schema in, code out, as a process each.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use qapi_gen::{DiskLoader, Format, Settings};
use qapi_perf::{ChildError, Cost, Subject};

use crate::Failure;
use crate::projects::{Projects, Workplace};

/// QEMU's compiler, whose only form is to check and to generate C.
pub(crate) const RIVAL: &str = "QEMU's qapi-gen.py";
const CHECK: &str = "qapi-gen check";
const PLAIN: &str = "generate, plain, one file";
const READABLE: &str = "qapi-gen generate, readable files";
const SCRIPT: &str = "unoptimised build script";

/// Rows of the table with their goals.
pub(crate) const ROWS: &[(&str, &str)] =
    &[(RIVAL, ""), (CHECK, "15 ms"), (PLAIN, "40 ms, 25 MiB"), (READABLE, "120 ms, 25 MiB"), (SCRIPT, "500 ms")];

/// QEMU's compiler.
pub(crate) struct Rival {
    python: PathBuf,
    script: PathBuf,
}

impl Rival {
    /// Says so when it is absent.
    pub(crate) fn find() -> Option<Self> {
        let python = std::env::var_os("QAPI_PYTHON").unwrap_or_else(|| "python3".into());
        // The interpreter itself: a version manager's wrapper in front of it is not what is measured.
        let real = Command::new(python).args(["-c", "import sys; print(sys.executable)"]).output().ok();
        let python = real.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
        let script = std::env::var_os("QEMU_QAPI_GEN").map(PathBuf::from).filter(|path| path.is_file());
        let rival = python.filter(|path| path.is_file()).zip(script).map(|(python, script)| Self { python, script });
        if rival.is_none() {
            eprintln!("skipped: {RIVAL}: QEMU_QAPI_GEN names no file, or there is no python3");
        }
        rival
    }
}

/// What runs in turns.
pub(crate) fn subjects<'a>(
    place: &'a Workplace,
    qapi_gen: &'a Path,
    schema: &'a Path,
    rival: Option<&'a Rival>,
    projects: &'a Projects,
) -> Vec<Subject<'a>> {
    let mut subjects = vec![
        writer(CHECK, place, move |_| {
            let mut command = Command::new(qapi_gen);
            command.arg("check").arg(schema);
            command
        }),
        writer(PLAIN, place, move |out| {
            let mut command = Command::new(&place.program);
            command.arg("plain").arg(schema).arg(out);
            command
        }),
        writer(READABLE, place, move |out| {
            let mut command = Command::new(qapi_gen);
            command.args(["generate", "--cfg", "all", "-o"]).arg(out).arg(schema);
            command
        }),
        writer(SCRIPT, place, move |out| {
            let mut command = Command::new(&projects.build_script);
            command.env("OUT_DIR", out).current_dir(&projects.script);
            command
        }),
    ];
    if let Some(Rival { python, script }) = rival {
        subjects.push(writer(RIVAL, place, move |out| {
            let mut command = Command::new(python);
            command.arg(script).args(["-b", "-o"]).arg(out).arg(schema);
            command
        }));
    }
    subjects
}

/// A subject that writes to a directory, which is empty at the start of each run.
fn writer<'a>(name: &str, place: &'a Workplace, command: impl Fn(&Path) -> Command + 'a) -> Subject<'a> {
    Subject::new(name, move || -> Result<Cost, ChildError> {
        let out = place.dir.join("out");
        let failed = |source| ChildError::Run { program: format!("a fresh {}", out.display()), source };
        if out.exists() {
            std::fs::remove_dir_all(&out).map_err(failed)?;
        }
        std::fs::create_dir_all(&out).map_err(failed)?;
        qapi_perf::run(&mut command(&out), &place.log())
    })
}

/// What a build script does, optimised: `plain SCHEMA DIRECTORY`.
pub(crate) fn plain(mut args: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let (Some(schema), Some(directory)) = (args.next(), args.next()) else {
        return Err("plain SCHEMA DIRECTORY".into());
    };
    let output = qapi_gen::compile(schema.as_ref(), &Settings::new().cfg("all"), &DiskLoader)
        .map_err(|diagnostics| diagnostics.render(Format::Gnu))?;
    let path = Path::new(&directory).join(format!("{}.rs", output.module()));
    qapi_gen::write_if_changed(&path, &output.text())?;
    Ok(())
}
