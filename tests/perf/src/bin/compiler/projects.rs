//! The packages whose builds are measured, written below the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Failure;

/// Where things are.
pub(crate) struct Workplace {
    /// This program.
    pub(crate) program: PathBuf,
    /// Root of the workspace.
    pub(crate) root: PathBuf,
    /// The workspace's target directory.
    pub(crate) target: PathBuf,
    /// Where everything that is measured is written.
    pub(crate) dir: PathBuf,
}

impl Workplace {
    pub(crate) fn new() -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        // TARGET/PROFILE/compiler
        let target = program.ancestors().nth(2).ok_or("this program lies in no target directory")?.to_owned();
        let root = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))?;
        let dir = target.join("perf");
        fs::create_dir_all(&dir)?;
        Ok(Self { program, root, target, dir })
    }

    /// Where the program that runs now prints to.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Cargo for the package in `project`, untouched by how this program was built.
    pub(crate) fn cargo(&self, project: &Path, target: &str) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(project).env("CARGO_TARGET_DIR", self.dir.join(target));
        for name in ["CARGO_INCREMENTAL", "RUSTC_WRAPPER", "CARGO_BUILD_JOBS", "CARGO_ENCODED_RUSTFLAGS"] {
            cargo.env_remove(name);
        }
        cargo
    }
}

/// The packages.
pub(crate) struct Projects {
    /// Everything, from files that the command line wrote.
    pub(crate) generated: PathBuf,
    /// Only types and events.
    pub(crate) types: PathBuf,
    /// Everything, from a build script.
    pub(crate) script: PathBuf,
    /// That build script's program.
    pub(crate) build_script: PathBuf,
    /// The published crate.
    pub(crate) published: Option<PathBuf>,
    /// A build script that names the compiler.
    pub(crate) cold: PathBuf,
    /// A build script that names the compiler's dependencies.
    pub(crate) cold_dependencies: PathBuf,
}

/// Target directory that the packages share whose dependencies are built before.
pub(crate) const WARM: &str = "warm";
/// The rest of the command line for one that is to hold types alone.
const TYPES_ONLY: &[&str] = &["--no-server", "--no-client", "--no-introspection"];

impl Projects {
    /// Writes the packages and builds what must be there before measuring starts.
    pub(crate) fn prepare(place: &Workplace, qapi_gen: &Path, schema: &Path) -> Result<Self, Failure> {
        let runtime = format!("qapi-runtime = {{ path = {:?} }}\n", place.root.join("runtime/qmp"));
        let compiler = format!("qapi-gen = {{ path = {:?}, default-features = false }}\n", place.root.join("qapi-gen"));
        let generated = from_files(place, "generated-all", &runtime, qapi_gen, schema, &[])?;
        let types = from_files(place, "generated-types", &runtime, qapi_gen, schema, TYPES_ONLY)?;
        let script = from_script(place, &runtime, &compiler, schema)?;
        for project in [&generated, &types, &script] {
            qapi_perf::run(place.cargo(project, WARM).args(["build", "-q"]), &place.log())?;
        }
        // What is built without incremental data is kept apart from what is built with it.
        let mut single = place.cargo(&generated, WARM);
        qapi_perf::run(single.args(["build", "-q"]).env("CARGO_INCREMENTAL", "0"), &place.log())?;
        let build_script = newest_build_script(&place.dir.join(WARM).join("debug/build"))?;
        let cold = package(place, "cold", "", &compiler, "fn main() { let _ = qapi_gen::Settings::new(); }\n")?;
        let cold_dependencies = package(place, "cold-dependencies", "", &dependencies(place)?, "fn main() {}\n")?;
        let published = published(place).inspect_err(|error| eprintln!("skipped: qapi-qmp: {error}")).ok();
        Ok(Self { generated, types, script, build_script, published, cold, cold_dependencies })
    }
}

/// A package whose source the command line writes.
fn from_files(
    place: &Workplace,
    name: &str,
    dependencies: &str,
    qapi_gen: &Path,
    schema: &Path,
    options: &[&str],
) -> Result<PathBuf, Failure> {
    let dir = package(place, name, dependencies, "", "")?;
    let mut command = Command::new(qapi_gen);
    command.args(["generate", "--cfg", "all", "--crate", name]).args(options).arg("-o").arg(&dir).arg(schema);
    qapi_perf::run(&mut command, &place.log())?;
    Ok(dir)
}

/// A package whose build script compiles the schema.
fn from_script(place: &Workplace, runtime: &str, compiler: &str, schema: &Path) -> Result<PathBuf, Failure> {
    let script = format!("fn main() {{ qapi_gen::Settings::new().cfg(\"all\").compile_for_cargo({schema:?}); }}\n");
    let dir = package(place, "generated-script", runtime, compiler, &script)?;
    let include = "include!(concat!(env!(\"OUT_DIR\"), \"/qapi_schema.rs\"));\n";
    fs::write(dir.join("src/lib.rs"), include)?;
    Ok(dir)
}

/// The rival: a package that uses it, with all that it needs built.
fn published(place: &Workplace) -> Result<PathBuf, Failure> {
    let dir = package(place, "published", "qapi-qmp = \"=0.15.0\"\n", "", "")?;
    qapi_perf::run(place.cargo(&dir, WARM).args(["build", "-q"]), &place.log())?;
    Ok(dir)
}

/// Writes a package without source; a build script unless `script` is empty.
fn package(
    place: &Workplace,
    name: &str,
    dependencies: &str,
    build_dependencies: &str,
    script: &str,
) -> Result<PathBuf, Failure> {
    let dir = place.dir.join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(dir.join("src"))?;
    let manifest = format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\n{dependencies}\n[build-dependencies]\n{build_dependencies}"
    );
    fs::write(dir.join("Cargo.toml"), manifest)?;
    fs::write(dir.join("src/lib.rs"), "")?;
    // The versions that this tree is built with.
    fs::copy(place.root.join("Cargo.lock"), dir.join("Cargo.lock"))?;
    if !script.is_empty() {
        fs::write(dir.join("build.rs"), script)?;
    }
    Ok(dir)
}

/// The compiler's own dependencies, as a build script that uses it gets them.
fn dependencies(place: &Workplace) -> Result<String, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version", "1", "--no-deps"]).current_dir(&place.root);
    let metadata: Value = serde_json::from_slice(&cargo.output()?.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata tells no packages")?;
    let package = packages.iter().find(|package| package["name"] == "qapi-gen").ok_or("no package qapi-gen")?;
    let mut lines = String::new();
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        if dependency["kind"].is_null() && dependency["optional"] == false {
            lines += &format!(
                "{} = {{ version = {}, default-features = {}, features = {} }}\n",
                dependency["name"].as_str().unwrap_or_default(),
                dependency["req"],
                dependency["uses_default_features"],
                dependency["features"],
            );
        }
    }
    Ok(lines)
}

/// The build script's program that was built last.
fn newest_build_script(dir: &Path) -> Result<PathBuf, Failure> {
    let mut newest = None;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let program = entry.path().join("build-script-build");
        if entry.file_name().to_string_lossy().starts_with("generated-script-") && program.is_file() {
            newest = newest.max(Some((program.metadata()?.modified()?, program)));
        }
    }
    newest.map(|(_, program)| program).ok_or_else(|| format!("no build script below {}", dir.display()).into())
}
