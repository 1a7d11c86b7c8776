#!/usr/bin/env python3
"""Drives a fake server, made from the schema of a real QEMU, with PyPI's qemu.qmp.

usage: fake.py SOCKET

Asks everything that can be asked without arguments. Ends with status 0 and the
line "fake.py: all steps passed" when everything held.
"""

import asyncio
import sys

from qemu.qmp import ExecuteError, QMPClient


def expect(condition, message):
    if not condition:
        raise SystemExit(f"fake.py: {message}")
    print(f"ok: {message}")


def without_arguments(schema):
    """The queries that need no arguments, and the type of what they return."""
    types = {entity["name"]: entity for entity in schema}
    for entity in schema:
        if entity["meta-type"] == "command" and entity["name"].startswith("query-"):
            members = types[entity["arg-type"]]["members"]
            if all("default" in member for member in members):
                yield entity["name"], types[entity["ret-type"]]


def is_of(value, entity):
    """Whether a value can be of a type, looked at from outside."""
    kinds = {"array": list, "enum": str, "object": dict}
    builtins = {"string": str, "int": int, "number": (int, float), "boolean": bool, "null": type(None)}
    kind = entity["meta-type"]
    if kind == "builtin":
        return isinstance(value, builtins.get(entity["json-type"], object))
    if kind == "object":
        required = {member["name"] for member in entity["members"] if "default" not in member}
        return isinstance(value, dict) and required <= value.keys()
    return isinstance(value, kinds.get(kind, object))


async def drive(socket):
    qmp = QMPClient("fake")
    await qmp.connect(socket)
    schema = await qmp.execute("query-qmp-schema")
    asked = 0
    for command, returns in without_arguments(schema):
        if command not in ("query-qmp-schema", "query-commands"):
            reply = await qmp.execute(command)
            if not is_of(reply, returns):
                raise SystemExit(f"fake.py: {command} returned {reply}")
            asked += 1
    expect(asked > 50, f"{asked} queries are answered as the schema says")

    for arguments, text in (
        ({"bogus": 1}, "Parameter 'bogus' is unexpected"),
        ({"id": 1}, "Invalid parameter type for 'id', expected: string"),
        ({}, "Parameter 'id' is missing"),
    ):
        command = "query-name" if "bogus" in arguments else "device_del"
        try:
            await qmp.execute(command, arguments)
        except ExecuteError as error:
            expect(str(error) == text, f"refused: {error}")
        else:
            raise SystemExit(f"fake.py: {command} took {arguments}")

    with qmp.listener("STOP") as listener:
        await qmp.execute("stop")
        expect(not listener.empty(), "the scripted event came before the reply")
    try:
        await qmp.execute("cont")
    except ExecuteError as error:
        expect(error.error_class == "DeviceNotFound" and str(error) == "no machine", f"scripted: {error}")
    else:
        raise SystemExit("fake.py: the script for cont did not hold")
    await qmp.disconnect()
    print("fake.py: all steps passed")


asyncio.run(drive(sys.argv[1]))
