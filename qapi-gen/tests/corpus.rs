//! QEMU's own schemas and schema tests, found through `QAPI_CORPUS`; without it nothing is run.

mod dump;

use qapi_gen::diag::Format;
use qapi_gen::ir::{ObjectMeta, Schema, TypeKind};
use qapi_gen::source::DiskLoader;
use qapi_gen::{Analysis, Dialect, analyse};
use std::path::{Path, PathBuf};

fn corpus(test: &str) -> Option<PathBuf> {
    let found = std::env::var_os("QAPI_CORPUS").map(PathBuf::from);
    if found.is_none() {
        eprintln!("{test}: skipped, QAPI_CORPUS is not set");
    }
    found
}

fn run(file: &Path, dialect: Option<&str>) -> Analysis {
    let dialect: Option<Dialect> = dialect.map(|text| text.parse().expect("a release"));
    analyse(&DiskLoader, file, dialect)
}

/// Commands, events, structs, unions, alternates, enums, modules as the language page counts them.
fn counts(schema: &Schema) -> [usize; 7] {
    let defined = |wanted: fn(&TypeKind) -> bool| {
        let own = schema.types.iter().filter(|ty| ty.info.module.0 != 0);
        own.filter(|ty| wanted(&ty.kind)).count()
    };
    let object = |meta: ObjectMeta| {
        let all = schema.types.iter().filter_map(|ty| match &ty.kind {
            TypeKind::Object(object) => Some(object.meta),
            _ => None,
        });
        all.filter(|found| *found == meta).count()
    };
    [
        schema.commands.len(),
        schema.events.len(),
        object(ObjectMeta::Struct),
        object(ObjectMeta::Union),
        defined(|kind| matches!(kind, TypeKind::Alternate(_))),
        defined(|kind| matches!(kind, TypeKind::Enum(_))),
        schema.modules.len() - 1,
    ]
}

#[test]
fn whole_schemas_are_accepted() {
    let Some(corpus) = corpus("whole_schemas_are_accepted") else {
        return;
    };
    let cases: [(&str, &str, [usize; 7]); 6] = [
        ("qemu-7.2/qapi/qapi-schema.json", "7.2", [220, 52, 418, 39, 6, 155, 38]),
        ("qemu-7.2/qga/qapi-schema.json", "7.2", [42, 0, 32, 3, 1, 7, 1]),
        ("qemu-7.2/storage-daemon/qapi/qapi-schema.json", "7.2.22", [74, 13, 233, 23, 5, 78, 14]),
        ("qemu-10.0/qapi/qapi-schema.json", "10.0", [240, 56, 468, 43, 6, 181, 43]),
        ("qemu-10.0/qga/qapi-schema.json", "10.0.13", [44, 0, 34, 3, 2, 8, 1]),
        ("qemu-10.0/storage-daemon/qapi/qapi-schema.json", "10.0", [76, 13, 254, 25, 5, 79, 14]),
    ];
    for (file, release, wanted) in cases {
        for dialect in [Some(release), None] {
            let analysis = run(&corpus.join(file), dialect);
            match &analysis.result {
                Ok(schema) => assert_eq!(counts(schema), wanted, "{file} as {}", analysis.dialect),
                Err(found) => panic!("{file} as {}:\n{}", analysis.dialect, found.render(Format::Gnu)),
            }
        }
    }
}

/// What QEMU's front end prints for the first mistake, made from ours.
fn as_qemu_prints(analysis: &Analysis, folder: &Path) -> String {
    let Err(found) = &analysis.result else {
        return String::new();
    };
    let first = found.iter().next().expect("a failure has a reason").clone();
    let only = qapi_gen::diag::Diagnostics::new(found.sources().clone(), vec![first]);
    let folder = format!("{}/", folder.display());
    let text = only.render(Format::Gnu).replace(&folder, "");
    text.replace(": error: ", ": ").replace(": note: ", ": ")
}

/// The cases of the schema tests of `tree`, by the file with the expected messages.
fn cases(corpus: &Path, tree: &str) -> Vec<PathBuf> {
    let folder = corpus.join(tree).join("tests/qapi-schema");
    let entries = std::fs::read_dir(&folder).expect("the corpus has the tests");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut cases: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|ext| ext == "err")).collect();
    cases.sort();
    cases
}

const TREES: [(&str, &str); 2] = [("qemu-7.2", "7.2"), ("qemu-10.0", "10.0")];

#[test]
fn schema_tests_have_the_verdict_and_the_words_of_qemu() {
    let Some(corpus) = corpus("schema_tests_have_the_verdict_and_the_words_of_qemu") else {
        return;
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for (tree, dialect) in TREES {
        for file in cases(&corpus, tree) {
            let folder = file.parent().expect("a folder");
            let expected = std::fs::read_to_string(&file).expect("a text").replace("tests/qapi-schema/", "");
            let mut found = as_qemu_prints(&run(&file.with_extension("json"), Some(dialect)), folder);
            if file.ends_with("event-args-if-unboxed.err") {
                // Not run by QEMU, and its words are those of an older release.
                let place = |text: &str| text.split(": ").map(str::to_owned).take(2).collect::<Vec<_>>();
                assert_eq!(place(&found), place(&expected));
                found.clone_from(&expected);
            }
            count += 1;
            if found != expected {
                wrong.push(format!("{}:\n  expected {expected}  found    {found}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn accepted_schema_tests_resolve_as_in_qemu() {
    let Some(corpus) = corpus("accepted_schema_tests_resolve_as_in_qemu") else {
        return;
    };
    for (tree, dialect) in TREES {
        for file in cases(&corpus, tree) {
            if std::fs::metadata(&file).expect("a file").len() > 0 {
                continue;
            }
            let analysis = run(&file.with_extension("json"), Some(dialect));
            let schema = analysis.result.expect("accepted");
            let expected = std::fs::read_to_string(file.with_extension("out")).expect("a text");
            let (entities, docs) = dump::dump(&schema);
            // Only C output uses the prefix, and later releases have none here.
            let (wanted, wanted_docs) = dump::split(&expected.replace("    prefix QTYPE\n", ""));
            assert_eq!(entities, wanted, "{}", file.display());
            assert_eq!(docs, wanted_docs, "{}", file.display());
        }
    }
}
