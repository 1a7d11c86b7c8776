#!/usr/bin/env python3
"""Drives a monitor with PyPI's qemu.qmp, as its users do.

usage: drive.py SOCKET COUNTER SCRATCH

The machine behind SOCKET runs the built-in guest; COUNTER is the guest-physical
address of its 64-bit counter, SCRATCH a file that pmemsave may write. Ends with
status 0 and the line "drive.py: all steps passed" when everything held.
"""

import asyncio
import os
import struct
import subprocess
import sys
import time

from qemu.qmp import ExecuteError, QMPClient


def expect(condition, message):
    if not condition:
        raise SystemExit(f"drive.py: {message}")
    print(f"ok: {message}")


class Session:
    """One QMPClient with the counter of the built-in guest at hand."""

    def __init__(self, counter, scratch):
        self.qmp = QMPClient("drive")
        self.counter = counter
        self.scratch = scratch

    async def read_counter(self):
        await self.qmp.execute(
            "pmemsave", {"val": self.counter, "size": 8, "filename": self.scratch}
        )
        with open(self.scratch, "rb") as file:
            return struct.unpack("<Q", file.read())[0]

    async def with_event(self, command, name):
        """Executes a command; its event must have come before its reply did."""
        with self.qmp.listener(name) as listener:
            reply = await self.qmp.execute(command)
            expect(not listener.empty(), f"{name} came before the reply to {command}")
            event = await listener.get()
            expect("timestamp" in event, f"{name} carries a timestamp")
        return reply, event


async def drive_client(socket, counter, scratch):
    session = Session(counter, scratch)
    qmp = session.qmp
    await qmp.connect(socket)

    status = await qmp.execute("query-status")
    expect(status == {"running": True, "singlestep": False, "status": "running"}, f"status {status}")
    commands = await qmp.execute("query-commands")
    expect({"name": "query-status"} in commands, f"{len(commands)} commands are listed")
    schema = await qmp.execute("query-qmp-schema")
    named = {entry["name"] for entry in schema if entry["meta-type"] == "command"}
    expect(named == {c["name"] for c in commands}, "schema and command list agree")

    await session.with_event("stop", "STOP")
    first = await session.read_counter()
    await asyncio.sleep(0.3)
    expect(await session.read_counter() == first, f"stopped, the counter stands at {first}")
    with qmp.listener("STOP") as listener:
        await qmp.execute("stop")
        expect(listener.empty(), "a second stop tells nothing new")

    await session.with_event("cont", "RESUME")
    await asyncio.sleep(0.5)
    moved = await session.read_counter()
    expect(moved > first, f"continued, the counter moved to {moved}")

    # Let it run ahead first, so that starting over is seen whatever the speed of the machine.
    await asyncio.sleep(1.0)
    _, event = await session.with_event("system_reset", "RESET")
    expect(event["data"]["guest"] is False, f"reset by the host: {event['data']}")
    before = moved
    await session.with_event("stop", "STOP")
    after = await session.read_counter()
    expect(after < before, f"reset, the counter starts over: {after}")
    await session.with_event("cont", "RESUME")

    for arguments, text in (
        ({"bogus": 1}, "Parameter 'bogus' is unexpected"),
        ({"val": "1", "size": 1, "filename": "x"}, "Invalid parameter type for 'val', expected: integer"),
        ({"val": 0, "size": 1}, "Parameter 'filename' is missing"),
    ):
        command = "query-name" if "bogus" in arguments else "pmemsave"
        try:
            await qmp.execute(command, arguments)
        except ExecuteError as error:
            expect(str(error) == text, f"refused: {error}")
        else:
            raise SystemExit(f"drive.py: {command} took {arguments}")

    _, event = await session.with_event("quit", "SHUTDOWN")
    expect(event["data"] == {"guest": False, "reason": "host-qmp-quit"}, f"shut down: {event['data']}")
    try:
        await qmp.disconnect()
    except EOFError:
        pass  # The machine hung up first.


def drive_shell(socket):
    """The same monitor by qmp-shell, a line at a time."""
    shell = [sys.executable, "-m", "qemu.qmp.qmp_shell", socket]
    lines = "query-status\nquery-name\nstop\nquery-status\ncont\nno-such-command\n"
    done = subprocess.run(shell, input=lines, capture_output=True, text=True, timeout=60)
    output = done.stdout + done.stderr
    for text in ('"status": "running"', '"status": "paused"', '"CommandNotFound"'):
        plain = output.replace("'", '"')
        expect(text in plain, f"qmp-shell showed {text}" if text in plain else f"qmp-shell lacks {text}:\n{output}")


def main():
    socket, counter, scratch = sys.argv[1], int(sys.argv[2], 0), sys.argv[3]
    drive_shell(socket)
    asyncio.run(drive_client(socket, counter, scratch))
    deadline = time.monotonic() + 10
    while os.path.exists(socket) and time.monotonic() < deadline:
        time.sleep(0.05)
    expect(not os.path.exists(socket), "quit removed the socket")
    print("drive.py: all steps passed")


main()
