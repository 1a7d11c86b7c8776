#!/usr/bin/env python3
"""Passes descriptors to a monitor with PyPI's qemu.qmp, as its users do.

usage: pass_fds.py SOCKET

Ends with status 0 and the line "pass_fds.py: all steps passed" when everything held.
"""

import asyncio
import sys
import tempfile

from qemu.qmp import ExecuteError, QMPClient


def expect(condition, message):
    if not condition:
        raise SystemExit(f"pass_fds.py: {message}")
    print(f"ok: {message}")


async def refusal(qmp, command, arguments):
    try:
        await qmp.execute(command, arguments)
    except ExecuteError as error:
        return str(error)
    return None


async def main(socket):
    qmp = QMPClient("pass-fds")
    await qmp.connect(socket)
    with tempfile.TemporaryFile() as file:
        said = await refusal(qmp, "getfd", {"fdname": "mine"})
        expect(said == "No file descriptor supplied via SCM_RIGHTS", f"refused: {said}")
        for _ in range(2):
            qmp.send_fd_scm(file.fileno())
            expect(await qmp.execute("getfd", {"fdname": "mine"}) == {}, "kept under a name")
        expect(await qmp.execute("closefd", {"fdname": "mine"}) == {}, "closed by its name")
        said = await refusal(qmp, "closefd", {"fdname": "mine"})
        expect(said == "File descriptor named 'mine' not found", f"refused: {said}")

        qmp.send_fd_scm(file.fileno())
        added = await qmp.execute("add-fd", {"fdset-id": 3, "opaque": "rdwr:mine"})
        expect(added["fdset-id"] == 3, f"added: {added}")
        sets = await qmp.execute("query-fdsets")
        listed = [{"fds": [{"fd": added["fd"], "opaque": "rdwr:mine"}], "fdset-id": 3}]
        expect(sets == listed, f"listed: {sets}")
        expect(await qmp.execute("remove-fd", {"fdset-id": 3}) == {}, "removed")
        expect(await qmp.execute("query-fdsets") == [], "nothing is left")
    await qmp.disconnect()
    print("pass_fds.py: all steps passed")


asyncio.run(main(sys.argv[1]))
