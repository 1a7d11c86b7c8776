//! QEMU's own schemas and schema tests, found through `QAPI_CORPUS`; without it nothing is run.

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
    let Some(corpus) = corpus("whole_schemas_are_accepted") else { return };
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
