"""One request to ocf-fw-fetch and what comes of it."""
import base64
import datetime
import hashlib
import os
import struct
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

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
