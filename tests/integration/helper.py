"""The two helpers of ocf-fwupd, driven without it: lib/child/proto.h in ctypes."""
import ctypes
import os
import re
import socket
import subprocess

SOURCE = os.environ["SOURCE_DIR"]
BUILD = os.environ["BUILD_DIR"]
u32, u64, char = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_char
SIZE_ANY = 2**64 - 1
MANIFEST, IMAGE_BODY = 0, 1
PUBLIC, PRIVATE, LOOPBACK = 0, 1, 2
(FETCH, FETCHED, SLOTS, SLOTS_ARE, BEGIN, IMAGE, WRITTEN, COMMIT, DONE, KEPT, RANGES, CHUNKS,
 STARTED, CONFIRM, REJECT, PROBE, PROBED, VERIFY) = range(1, 19)


def error_names():
    with open(f"{SOURCE}/lib/base/fwerr.h") as header, open(f"{SOURCE}/lib/base/fwerr.c") as body:
        order = re.findall(r"^\t(FWE_\w+)", header.read(), re.M)
        names = dict(re.findall(r'\[(FWE_\w+)\] = "([^"]*)"', body.read()))
    return [names.get(e, e) for e in order]


ERRORS = error_names()


def struct(*fields):
    return type("Struct", (ctypes.Structure,), {"_fields_": list(fields)})


Digests = struct(("algs", u32), ("b", ctypes.c_uint8 * 64 * 3))
BODIES = {
    FETCH: struct(("kind", u32), ("reach", u32), ("same_host", u32), ("connect_ms", u32), ("answer_ms", u32),
                  ("total_ms", u32), ("slow_s", u32), ("limit", u64), ("offset", u64),
                  ("rate", u64), ("etag", char * 129), ("interface", char * 16),
                  ("addresses", char * 256), ("servers", char * 256), ("url", char * 2049)),
    FETCHED: struct(("error", u32), ("status", u32), ("private_peer", u32), ("ranged", u32),
                    ("octets", u64), ("etag", char * 129), ("url", char * 2049),
                    ("text", char * 128)),
    RANGES: struct(("n", u32)),
    SLOTS_ARE: struct(("error", u32), ("standing", u32), ("left", u32), ("immediate", u32),
                      ("running", char * 33), ("pending", char * 33), ("slot", char * 65),
                      ("primary", char * 65), ("boot", char * 65), ("failed", char * 33)),
    COMMIT: struct(("attempts", u32)),
    CONFIRM: struct(("slot", char * 65)),
    REJECT: struct(("slot", char * 65)),
    BEGIN: struct(("model", char * 129), ("version", char * 33), ("images", u32), ("keep", u32), ("size", u64),
                  ("digests", Digests), ("transaction", char * 65)),
    IMAGE: struct(("component", char * 65), ("size", u64), ("digests", Digests), ("resume", u32),
                  ("reuse", u32), ("is_sealed", u32),
                  ("ikm", ctypes.c_uint8 * 32), ("sealed_size", u64), ("sealed", Digests)),
    WRITTEN: struct(("octets", u64)),
    KEPT: struct(("octets", u64)),
    PROBE: struct(("size", u64), ("n", u32),
                  ("images", struct(("component", char * 65), ("size", u64)) * 32)),
    PROBED: struct(("room", u64), ("n", u32),
                   ("problems", struct(("name", char * 65), ("text", char * 128)) * 12)),
    STARTED: struct(("private_peer", u32), ("size", u64), ("etag", char * 129),
                    ("url", char * 2049)),
    DONE: struct(("error", u32), ("octets", u64), ("text", char * 128)),
}
BODIES[VERIFY] = BODIES[IMAGE]


def digests(**by_name):
    d = Digests()
    for name, value in by_name.items():
        i = ("sha256", "sha384", "sha512").index(name)
        d.algs |= 1 << i
        ctypes.memmove(d.b[i], bytes(value), len(value))
    return d


class _Union(ctypes.Union):
    _fields_ = [(f"t{t}", body) for t, body in BODIES.items()]


class Message(ctypes.Structure):
    _fields_ = [("type", u32), ("u", _Union)]


class Helper:
    """Starts a helper with a connection as descriptor 3."""

    def __init__(self, program, *args, wrap=(), env=None):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(30)
        path = f"{BUILD}/daemons/{program}/{program}"
        self.process = subprocess.Popen(
            ["bash", "-c", 'exec 3<&"$0" "$@"', str(theirs.fileno()), *wrap, "env",
             *(f"{k}={v}" for k, v in (env or {}).items()), path, *args],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        theirs.close()

    def send(self, message, fd=None, **fields):
        m = Message(type=message)
        size = Message.type.size
        if message in BODIES:
            body = getattr(m.u, f"t{message}")
            size = Message.u.offset + ctypes.sizeof(body)
            for name, value in fields.items():
                setattr(body, name, value.encode() if isinstance(value, str) else value)
        data = bytes(m)[:size]
        if fd is None:
            self.socket.send(data)
        else:
            socket.send_fds(self.socket, [data], [fd])

    def receive(self):
        """The next message but for progress; None at the end of the connection."""
        while True:
            data = self.socket.recv(8192)
            if not data:
                return None
            m = Message.from_buffer_copy(data.ljust(ctypes.sizeof(Message), b"\0"))
            if m.type not in (WRITTEN, STARTED):
                body = getattr(m.u, f"t{m.type}")
                return {name: self._plain(name, getattr(body, name)) for name, _ in body._fields_}

    def probe(self, images=(), size=SIZE_ANY):
        """What is in the way of these images, {component: size}: the names of the problems."""
        m = Message(type=PROBE)
        body = m.u.t16
        body.size, body.n = size, len(images)
        for i, (component, octets) in enumerate(dict(images).items()):
            body.images[i].component, body.images[i].size = component.encode(), octets
        self.socket.send(bytes(m)[:Message.u.offset + ctypes.sizeof(body)])
        answer = Message.from_buffer_copy(
            self.socket.recv(8192).ljust(ctypes.sizeof(Message), b"\0"))
        assert answer.type == PROBED, answer.type
        found = answer.u.t17
        self.room = found.room
        return [p.name.decode() for p in found.problems[:found.n]]

    @staticmethod
    def _plain(name, value):
        if name == "error":
            return ERRORS[value]
        return value.decode() if isinstance(value, bytes) else value

    def close(self):
        """Its exit status and log."""
        self.socket.close()
        _, log = self.process.communicate(timeout=10)
        return self.process.returncode, log.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.close()


def check_probe(h, allowed):
    """`h` was started with probe.so: what it could do must be exactly `allowed`."""
    status, log = h.close()
    seen = dict(re.findall(r"^probe: (\S+) (\S+)$", log, re.M))
    assert status == 0 and len(seen) == 22, log
    assert "no Landlock" not in log and "no seccomp" not in log, log
    for what, outcome in seen.items():
        want = "OK" if what in allowed else "refused"
        assert outcome == want, f"{what}: {outcome}, want {want}"
