#!/usr/bin/python3
"""Stands between ocf-fwupd and one of its helpers, and does as a test says.

with Between(site, "ocf-fw-write") as b: b.rule(swallow=[BEGIN]); ...; b.saw(BEGIN)

Rules: `swallow` messages of these types to the helper, say nothing `after` one of these to it,
`patch` what it says by [type, offset, octets in hex]; `hold`: read nothing of what is sent to it;
`dead`: the program does not even start."""
import array
import json
import os
import pathlib
import select
import socket
import subprocess
import sys

# lib/child/proto.h, enum proto_type
FETCH, FETCHED, SLOTS, SLOTS_ARE, BEGIN, IMAGE, _, COMMIT, DONE = range(1, 10)
CONFIRM, REJECT = 14, 15
# Where fields lie in a message.
SLOT, OCTETS = 90, 24  # of SLOTS_ARE, of FETCHED


class Between:
    """In the place of the program while it lasts; a running service keeps what it has opened."""

    def __init__(self, site, name, **rules):
        self.program = site.bin / name
        self.real = site.bin / f"{name}.real"
        self.folder = site.dir / f"between-{name}"
        self.rules = rules

    def __enter__(self):
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)
        self.rule(**self.rules)
        self.program.rename(self.real)
        ours = self.folder / "between.py"  # where its user can read it
        ours.write_text(pathlib.Path(__file__).read_text())
        self.program.write_text("#!/bin/sh\n"
                                f"exec /usr/bin/python3 {ours} {self.folder} {self.real} $1\n")
        self.program.chmod(0o755)
        return self

    def __exit__(self, *_):
        self.real.rename(self.program)

    def rule(self, **rules):
        new = self.folder / "new"
        new.write_text(json.dumps(rules))
        new.rename(self.folder / "rules")
        (self.folder / "seen").write_text("")
        (self.folder / "seen").chmod(0o666)

    def saw(self, kind):
        return str(kind) in (self.folder / "seen").read_text().split()


def type_of(data):
    return int.from_bytes(data[:4], sys.byteorder)


def patched(data, rules):
    kind, at, octets = rules.get("patch", [0, 0, ""])
    octets = bytes.fromhex(octets)
    return data[:at] + octets + data[at + len(octets):] if kind == type_of(data) else data


def main():
    folder = pathlib.Path(sys.argv[1])

    def rules():
        return json.loads((folder / "rules").read_text())

    if rules().get("dead"):
        sys.exit(1)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    agent = socket.socket(fileno=os.dup(3))
    subprocess.Popen(sys.argv[2:], preexec_fn=lambda: os.dup2(theirs.fileno(), 3), close_fds=False)
    theirs.close()
    os.close(3)
    mute = False
    while True:
        sources = [ours] if rules().get("hold") else [agent, ours]
        for source in select.select(sources, [], [], 0.01)[0]:
            data, fds, _flags, _ = socket.recv_fds(source, 65536, 1)
            if not data:
                return
            now = rules()
            if source is agent:
                passes = type_of(data) not in now.get("swallow", [])
                mute = mute or type_of(data) in now.get("after", [])
                with open(folder / "seen", "a") as f:
                    f.write(f"{type_of(data)} ")
            else:
                passes, data = not mute, patched(data, now)
            if passes:
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
                (ours if source is agent else agent).sendmsg([data], ancillary if fds else [])
            for fd in fds:
                os.close(fd)


if __name__ == "__main__":
    main()
