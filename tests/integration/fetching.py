"""One request to ocf-fw-fetch and what comes of it."""
import array
import base64
import datetime
import fcntl
import hashlib
import os
import select
import struct
import tempfile
import termios
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import fwupd
import helper
from prompt import Watch

LIMIT = 10240  # octets, unless a test says otherwise
DEADLINE = 40  # seconds for what should take milliseconds


def check(name, got, want):
    assert got == want, f"{name}: got {str(got):.300}, want {str(want):.300}"


def own_network():
    """Of this process, before it has threads: no port is taken, and nobody else is there."""
    fwupd.unshare(0x40000000)  # CLONE_NEWNET
    fwupd.run("ip", "link", "set", "lo", "up")


def send_ranges(h, ranges, claim=None):
    with tempfile.TemporaryFile() as f:
        f.write(b"".join(struct.pack("=QQ", *r) for r in ranges))
        f.flush()
        h.send(helper.RANGES, fd=f.fileno(), n=len(ranges) if claim is None else claim)


def fetch(h, url, limit=LIMIT, ranges=None, claim=None, **fields):
    """The answer and the body."""
    r, w = os.pipe()
    if ranges is not None:
        send_ranges(h, ranges, claim)
    settings = dict(kind=helper.IMAGE_BODY, reach=helper.LOOPBACK, connect_ms=2000, total_ms=10000,
                    slow_s=60)
    settings.update(fields)
    body = []
    reader = threading.Thread(target=lambda: body.append(os.fdopen(r, "rb").read()))
    h.send(helper.FETCH, fd=w, url=url, limit=limit, **settings)
    os.close(w)
    reader.start()
    answer = h.receive()
    reader.join()
    return answer, body[0]


# Where a request can be, by the process and both ends of the pipe for the body.

def has_octets(_pid, r, _w):
    n = array.array("i", [0])
    fcntl.ioctl(r, termios.FIONREAD, n)
    return n[0] > 0


def is_full(_pid, _r, w):
    return not select.select([], [w], [], 0)[1]


def talks_to(protocol, peer, state=""):
    """`peer` and `state` as in /proc/net: hexadecimal, addresses in the order of this machine."""
    def is_there(pid, *_):
        with open(f"/proc/{pid}/net/{protocol}") as f:
            return any(words[2:4] == [peer, state or words[3]] for words in map(str.split, f))
    return is_there


def cancelled(name, url, is_there, wrap=(), args=(), **fields):
    """Whoever asked hangs up once the request is there: it ends in 0.2 s."""
    with helper.Helper("ocf-fw-fetch", *args, wrap=wrap) as h:
        r, w = os.pipe()
        h.send(helper.FETCH, fd=w, url=url, **{"limit": 1 << 30, "connect_ms": 9000, "reach": 2} | fields)
        until = time.monotonic() + DEADLINE
        while not is_there(h.process.pid, r, w):
            assert time.monotonic() < until and h.process.poll() is None, f"{name}: not there"
            time.sleep(0.005)
        watch, process = Watch(h.process.pid), os.pidfd_open(h.process.pid)
        h.socket.close()
        check(f"cancelled {name}", select.select([process], [], [], DEADLINE)[0], [process])
        took = watch.seconds()
        status, log = h.close()
        check(f"cancelled {name} {took} {log}", (status, took < 0.2), (0, True))
        assert "install.cancelled" in log, log
        for fd in (r, w, process):
            os.close(fd)


def pin_of(key):
    spki = key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)
    return "sha256//" + base64.b64encode(hashlib.sha256(spki).digest()).decode()


def certificate(directory, host, days=(-1, 1)):
    """A self-signed one; returns the pin of its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.utcnow()
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "test")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(),
        *(now + datetime.timedelta(days=n) for n in days),
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False).sign(key, hashes.SHA256())
    os.mkdir(directory)
    with open(f"{directory}/cert", "wb") as f:
        f.write(made.public_bytes(serialization.Encoding.PEM))
    with open(f"{directory}/key", "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                  serialization.NoEncryption()))
    return pin_of(key)
