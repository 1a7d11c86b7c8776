//! The examples as a user has them: outside this workspace, rebuilt when and only when their schema changes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A copy of one example in a folder of its own.
struct Downstream {
    folder: PathBuf,
}

impl Downstream {
    /// Copies `example` for `test`. The folder is the same in every run, so that builds leave no heap behind.
    fn copy(example: &str, test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test).join(example);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        copy(&root.join("examples").join(example), &folder);
        let manifest = folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, text.replace("\"../../", &format!("\"{}/", root.display()))).unwrap();
        Self { folder }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    fn edit(&self, file: &str, change: impl FnOnce(String) -> String) {
        let path = self.path(file);
        std::fs::write(&path, change(std::fs::read_to_string(&path).unwrap())).unwrap();
    }

    fn build(&self) -> Output {
        Command::new(env!("CARGO"))
            .args(["build", "--offline"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", downstream_target())
            .env_remove("RUSTFLAGS")
            .output()
            .unwrap()
    }

    /// Builds and tells whether the package itself was compiled.
    fn rebuilds(&self) -> bool {
        let output = self.build();
        let messages = messages(&output);
        assert!(output.status.success(), "{messages}");
        messages.contains("Compiling lamp-")
    }
}

/// Outside the workspace's own target directory, and shared, so that dependencies are built once.
fn downstream_target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("downstream-target")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_name() == "target" {
        } else if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn messages(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Follows one example from its first build to the mistakes its author may make.
fn lives_with_its_schema(example: &str) {
    let lamp = Downstream::copy(example, "lives-with-its-schema");
    assert!(lamp.rebuilds(), "the first build compiles");
    assert!(!lamp.rebuilds(), "nothing changed");

    // Files are compared by time stamp.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    lamp.edit("schema/light.json", |text| text.replace("'colour': 'Colour'", "'colour': 'Colour', '*watts': 'int'"));
    lamp.edit("schema/light.json", |text| text.replace("# @colour: its", "# @watts: what it draws\n#\n# @colour: its"));
    assert!(lamp.rebuilds(), "an included file changed");
    assert!(!lamp.rebuilds(), "nothing changed since");

    std::thread::sleep(std::time::Duration::from_millis(1100));
    lamp.edit("schema/lamp.json", |text| text + "\n##\n# @dim:\n#\n# Less of it.\n##\n{ 'command': 'dim' }\n");
    let output = lamp.build();
    let text = messages(&output);
    assert!(!output.status.success());
    assert!(text.contains("E0046") && text.contains("`dim`"), "{text}");
}

#[test]
#[ignore = "builds an example several times: a minute"]
fn the_macro_example_lives_with_its_schema() {
    lives_with_its_schema("lamp-macro");
}

#[test]
#[ignore = "builds an example several times: a minute"]
fn the_build_script_example_lives_with_its_schema() {
    lives_with_its_schema("lamp-build");
}

/// Three mistakes in two files; what every front end has to say about them.
fn break_schema(lamp: &Downstream) {
    lamp.edit("schema/light.json", |text| text.replace("'colour': 'Colour'", "'colour': 'Color'"));
    lamp.edit("schema/lamp.json", |text| {
        text.replace("'*colour': 'Colour'", "'*colour': 'Hue'").replace("'returns': 'LightInfo'", "'returns': 'Lamp'")
    });
}

#[test]
#[ignore = "builds both examples: a minute"]
fn three_mistakes_show_as_three_everywhere() {
    let checked = Downstream::copy("lamp-build", "three-mistakes");
    break_schema(&checked);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../qapi-gen/Cargo.toml");
    let command_line = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline", "--manifest-path"])
        .arg(root)
        .args(["--", "check", "schema/lamp.json", "--message-format", "gnu"])
        .current_dir(&checked.folder)
        .output()
        .unwrap();
    let expected = messages(&command_line);
    assert_eq!(command_line.status.code(), Some(1), "{expected}");
    let errors: Vec<_> = expected.lines().filter(|line| line.contains(": error: ")).collect();
    assert_eq!(errors.len(), 3, "{expected}");

    let by_macro = Downstream::copy("lamp-macro", "three-mistakes");
    break_schema(&by_macro);
    for lamp in [&checked, &by_macro] {
        let output = lamp.build();
        let text = messages(&output);
        assert!(!output.status.success());
        for error in &errors {
            assert!(text.contains(error), "{error} is missing in:\n{text}");
        }
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
#[ignore = "builds an example: half a minute"]
fn the_debug_switch_gives_a_file_to_read() {
    let lamp = Downstream::copy("lamp-macro", "debug-switch");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--offline"])
        .current_dir(&lamp.folder)
        .env("CARGO_TARGET_DIR", downstream_target())
        .env("QAPI_DEBUG", "1")
        .env("TMPDIR", &lamp.folder)
        // Cargo sets it for this test, whose package has a build script.
        .env_remove("OUT_DIR")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", messages(&output));
    let expansion = std::fs::read_to_string(lamp.path("qapi-lamp-macro-lamp.rs")).unwrap();
    assert!(expansion.lines().count() > 100, "{expansion}");
    assert!(expansion.contains("pub struct SetLight"), "{expansion}");
}
