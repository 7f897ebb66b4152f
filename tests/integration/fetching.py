"""One request to ocf-fw-fetch and what comes of it."""
import os
import struct
import tempfile
import threading

import helper

LIMIT = 10240  # octets, unless a test says otherwise


def check(name, got, want):
    assert got == want, f"{name}: got {str(got):.300}, want {str(want):.300}"


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
