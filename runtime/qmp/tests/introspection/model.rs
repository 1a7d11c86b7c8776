//! The schema model on whole schemas: QEMU's recorded ones, and what a real QEMU answers.

use qapi_runtime::Value;
use qapi_runtime::introspection::{JsonType, Schema, TypeKind};
use qapi_runtime::json::parse;

/// Reads a recorded schema and makes sure that nothing of it is lost.
fn whole(text: &[u8], what: &str) -> Schema {
    let schema = Schema::from_json(text).unwrap_or_else(|error| panic!("{what}: {error}"));
    let entities = match parse(text).unwrap() {
        // A record has the version before the entities.
        Value::List(list) if list.get(1).is_some_and(|second| second.as_list().is_some()) => list[1].clone(),
        entities => entities,
    };
    assert_eq!(parse(schema.to_json().as_bytes()).unwrap(), entities, "{what}");
    let count = schema.commands().count() + schema.events().count() + schema.types().count();
    assert_eq!(Some(count), entities.as_list().map(<[_]>::len), "{what}");
    for ty in schema.types() {
        assert!(ty.kind() != TypeKind::Unknown && schema.ty(ty.name()) == Some(ty), "{what}: {ty:?}");
        let parts = ty.members().map(|member| member.ty()).chain(ty.variants().map(|(_, ty)| ty));
        assert!(parts.chain(ty.alternatives()).chain(ty.element()).all(|part| part.kind() != TypeKind::Unknown));
        assert_eq!(ty.tag().is_some(), ty.variants().len() > 0, "{what}: {ty:?}");
    }
    for command in schema.commands() {
        assert!(schema.command(command.name()).is_some() && command.arguments().kind() == TypeKind::Object);
    }
    for event in schema.events() {
        assert!(schema.event(event.name()).is_some() && event.data().kind() == TypeKind::Object);
    }
    schema
}

/// What management programs ask of QEMU.
fn probed(schema: &Schema) {
    let has = |command: &str, path: &str| schema.command(command).is_some_and(|command| command.has_argument(path));
    assert!(has("blockdev-add", "driver=qcow2.data-file"));
    assert!(has("blockdev-add", "driver=qcow2.data-file.driver=nbd.tls-creds"), "through an alternate");
    assert!(!has("blockdev-add", "driver=raw.data-file") && !has("blockdev-add", "driver=floppy"));
    assert!(has("blockdev-add", "driver=nbd.server.type=unix.path"));
    assert!(has("transaction", "actions.type=block-dirty-bitmap-add.data.persistent"), "through a list");
    assert!(has("migrate-set-capabilities", "capabilities.capability=multifd"));
    assert!(has("migrate-set-parameters", "multifd-channels") && !has("migrate-set-parameters", "warp"));
    assert!(has("object-add", "qom-type=iothread.poll-max-ns"));
    let status = schema.command("query-status").unwrap().returns();
    assert!(status.at("status=inmigrate").is_some());
    assert_eq!(status.at("running").map(|ty| ty.kind()), Some(TypeKind::Builtin(JsonType::Boolean)));
    let nodes = schema.command("query-named-block-nodes").unwrap().returns();
    assert!(
        nodes.kind() == TypeKind::Array && nodes.at("image.format-specific.type=qcow2.data.lazy-refcounts").is_some()
    );
    assert!(schema.command("migrate-pause").unwrap().allow_oob());
    assert!(!schema.command("query-status").unwrap().allow_oob());
    assert!(schema.event("JOB_STATUS_CHANGE").unwrap().data().at("status=concluded").is_some());
    let device_add = schema.command("device_add").unwrap();
    assert!(device_add.has_feature("json-cli") && device_add.arguments().member("bus").unwrap().optional());
}

#[test]
fn recorded_schemas_are_read_whole() {
    let Some(corpus) = qapi_test_support::corpus("recorded_schemas_are_read_whole") else { return };
    let mut files = 0;
    for file in std::fs::read_dir(corpus.join("qemu-7.2/introspect")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        files += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let schema = whole(&std::fs::read(&path).unwrap(), &name);
        if name.starts_with("qga") {
            assert!(schema.command("guest-set-time").unwrap().argument("time").is_some());
        } else if !name.contains("none") {
            probed(&schema);
        }
    }
    assert_eq!(files, 7);
}

#[test]
fn a_real_qemu_is_probed() {
    let Some(text) = super::reply("a_real_qemu_is_probed") else { return };
    probed(&whole(&text, "the answer"));
}
