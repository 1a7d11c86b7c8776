#!/usr/bin/env python3
"""The scenario of tests/pairings.rs, played with PyPI's qemu.qmp.

usage: pairing.py SOCKET

Prints what was seen, a JSON list a line: the name of a step and its outcome.
"""

import asyncio
import json
import os
import sys

from qemu.qmp import ExecuteError, QMPClient


class Scenario:
    """A connection, and every event that came over it."""

    def __init__(self):
        self.qmp = QMPClient("pairing")
        self.seen = []

    def tell(self, step, *outcome):
        print(json.dumps([step, *outcome]), flush=True)

    async def refusal(self, command, arguments=None, oob=False):
        try:
            result = await self.qmp.execute(command, arguments, oob=oob)
        except ExecuteError as error:
            return [error.error_class, str(error)]
        return result

    async def with_events(self, command):
        """Executes a command; gives the events that came before its reply did."""
        with self.qmp.listener() as listener:
            await self.qmp.execute(command)
            return [[event["event"], event.get("data", {})] for event in listener.clear()]

    async def play(self, socket, wanted):
        qmp = self.qmp
        await qmp.connect(socket)
        version = qmp.greeting.QMP.version["qemu"]
        self.tell("greeting", version["major"], version["minor"], list(qmp.greeting.QMP.capabilities))
        version = (await qmp.execute("query-version"))["qemu"]
        self.tell("query-version", version["major"], version["minor"])
        status = await qmp.execute("query-status")
        self.tell("query-status", status["status"], status["running"])
        await self.introspect(wanted)

        for command in ("stop", "stop", "cont", "system_reset"):
            self.tell(command, await self.with_events(command))
        self.tell("no command", await self.refusal("no-such-command"))
        self.tell("unexpected", await self.refusal("query-name", {"bogus": 1}))
        self.tell("wrong type", await self.refusal("pmemsave", {"val": "1", "size": 1, "filename": "x"}))
        self.tell("missing", await self.refusal("pmemsave", {"val": 1, "size": 1}))

        commands = ["query-status" if number % 2 else "query-name" for number in range(20)]
        results = await asyncio.gather(*(qmp.execute(command) for command in commands))
        kept = all(("status" in result) == (command == "query-status") for command, result in zip(commands, results))
        self.tell("concurrent", len(results), kept)
        self.tell("out of band", await self.refusal("migrate-pause", oob=True))
        self.tell("not out of band", await self.refusal("query-status", oob=True))

        with qmp.listener(("STOP",)) as listener:
            for command in ("stop", "cont", "stop", "cont"):
                await qmp.execute(command)
            self.tell("filter", [event["event"] for event in listener.clear()])

        self.tell("no descriptor", await self.refusal("getfd", {"fdname": "f"}))
        with open(os.devnull, "rb") as file:
            qmp.send_fd_scm(file.fileno())
        for command in ("getfd", "closefd", "closefd"):
            self.tell(command, await self.refusal(command, {"fdname": "f"}))

        self.tell("quit", await self.with_events("quit"))
        try:
            await qmp.disconnect()
        except EOFError:
            pass  # The server hung up first.
        self.tell("end", qmp.runstate.name)

    async def introspect(self, wanted):
        commands = {command["name"] for command in await self.qmp.execute("query-commands")}
        self.tell("commands", sorted(commands & set(wanted)))
        schema = await self.qmp.execute("query-qmp-schema")
        entries = {entry["name"]: entry for entry in schema if entry["meta-type"] == "command"}
        # QEMU's list leaves out what its own build lacks, its schema has commands of other architectures too.
        pause = entries["migrate-pause"]
        self.tell("schema", commands <= set(entries), pause["allow-oob"])


asyncio.run(Scenario().play(sys.argv[1], sys.argv[2:]))
