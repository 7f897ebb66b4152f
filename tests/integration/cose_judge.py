"""A second reading of COSE: what RFC 8949, 9052 and 9053 and our own rules say of a message, by
nothing of lib/. It tells the first fault by name, as the agent does."""
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cose_maker import enc, unb64

DEPTH = 16
PAIRS = 32  # of a map that is only passed over
PARAMS = 16


class Fault(Exception):
    """Its argument is a name, without `manifest.`"""


class Map(list):
    """Pairs (key, value, octets of the key)."""


class Tagged:
    def __init__(self, value):
        self.value = value


class Odd:
    """A float or simple value."""


UNDEFINED = Odd()


class Reader:
    """Well-formed CBOR; `loose` is set by what is not the deterministic form."""

    def __init__(self, octets, strict=False, chunks=True):
        self.b, self.at, self.strict, self.chunks = octets, 0, strict, chunks

    def take(self, n):
        if n > len(self.b) - self.at:
            raise Fault("cbor-invalid")
        self.at += n
        return self.b[self.at - n:self.at]

    def loose(self):
        if self.strict:
            raise Fault("cbor-not-deterministic")

    def head(self):
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        if info == 31:
            return major, info, None
        if info > 27:
            raise Fault("cbor-invalid")
        size = 1 << info - 24
        n = int.from_bytes(self.take(size), "big")
        return major, info, n

    def check_shortest(self, info, n):
        if info == 31 or info >= 24 and n < {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}[info]:
            self.loose()

    def at_break(self):
        return self.at < len(self.b) and self.b[self.at] == 0xff

    def string(self, major, info, n):
        if info != 31:
            data = self.take(n)
        else:
            self.loose()
            if not self.chunks:
                raise Fault("cbor-invalid")
            data = b""
            while not self.at_break():
                m, i, n = self.head()
                if m != major or i == 31:
                    raise Fault("cbor-invalid")
                data += self.take(n)
            self.take(1)
        if major == 2:
            self.check_shortest(info, n)
            return data
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise Fault("cbor-invalid")
        self.check_shortest(info, n)
        return text

    def elements(self, info, n, one):
        if info == 31:
            while not self.at_break():
                one()
            self.take(1)
        else:
            for _ in range(n):
                one()

    def item(self, depth=0):
        major, info, n = self.head()
        if major in (0, 1):
            if info == 31:
                raise Fault("cbor-invalid")
            self.check_shortest(info, n)
            return n if major == 0 else -1 - n
        if major in (2, 3):
            return self.string(major, info, n)
        if major in (4, 5):
            if depth == DEPTH or info != 31 and n * (major - 3) > len(self.b) - self.at:
                raise Fault("cbor-invalid")
            self.check_shortest(info, n)
            out = [] if major == 4 else Map()
            self.elements(info, n, (lambda: out.append(self.item(depth + 1))) if major == 4
                          else lambda: self.pair(out, depth + 1))
            return out
        if major == 6:
            if info == 31 or self.strict:
                raise Fault("cbor-invalid")
            return Tagged(self.item(depth))
        if info in (20, 21, 22):
            return {20: False, 21: True, 22: None}[info]
        if info == 31 or info == 24 and n < 32 or self.strict:
            raise Fault("cbor-invalid")
        return UNDEFINED if info == 23 else Odd()

    def pair(self, out, depth):
        start = self.at
        key = self.item(depth)
        octets = self.b[start:self.at]
        if self.strict and out and octets <= out[-1][2]:
            if any(octets == k for _, _, k in out):
                raise Fault("cbor-invalid")
            self.loose()
        out.append((key, self.item(depth), octets))


def whole(octets, strict=False, chunks=True):
    r = Reader(octets, strict, chunks)
    v = r.item()
    if r.at != len(octets):
        raise Fault("cbor-invalid")
    return v


def form_of(octets):
    """None, or the fault of octets as the payload of a manifest."""
    try:
        whole(octets, True)
    except Fault as f:
        return f.args[0]
    return None


# ---- headers ----

def check_keys(v):
    """No key twice in any map further in."""
    if isinstance(v, Tagged):
        check_keys(v.value)
    elif isinstance(v, Map):
        seen = []
        for n, (key, value, octets) in enumerate(v):
            check_keys(key)
            if n >= PAIRS:
                raise Fault("header-invalid")
            if octets in seen:
                raise Fault("cbor-invalid")
            seen.append(octets)
            check_keys(value)
    elif isinstance(v, list):
        for e in v:
            check_keys(e)


def is_label(v):
    return isinstance(v, str) or isinstance(v, int) and not isinstance(v, bool) and \
        -(1 << 63) <= v < 1 << 63


class Header:
    def __init__(self, protected, unprotected):
        self.params = {}  # label -> (value, is it protected?)
        self.covered = b""
        if not isinstance(protected, bytes):
            raise Fault("cbor-invalid")
        if protected:
            try:
                m = whole(protected, chunks=False) # whose octets are borrowed
            except Fault:
                m = None
            if not isinstance(m, Map) or not all(is_label(k) for k, _, _ in m):
                self.partly(protected)
            self.add(m, True)
            if m:
                self.covered = protected
        if not isinstance(unprotected, Map):
            raise Fault("cbor-invalid")
        self.add(unprotected, False)

    def partly(self, protected):
        """What is no map of labels may have shown another fault before."""
        raise Fault("header-invalid")

    def add(self, pairs, protected):
        for label, value, _ in pairs:
            if not is_label(label):
                raise Fault("cbor-invalid")
            if label in self.params:
                raise Fault("cbor-invalid" if self.params[label][1] == protected
                            else "header-invalid")
            check_keys(value)
            if len(self.params) == PARAMS:
                raise Fault("header-invalid")
            self.params[label] = value, protected

    def get(self, label):
        return self.params.get(label, (UNDEFINED, False))[0]

    def has(self, label):
        return label in self.params

    def number(self, label):
        v = self.get(label)
        return v if isinstance(v, int) and not isinstance(v, bool) else None

    def check(self, content_type):
        if any(self.has(n) for n in (32, 33, 35)):
            raise Fault("key-embedded")
        if self.has(2):
            crit, protected = self.params[2]
            if not isinstance(crit, list) or isinstance(crit, Map) or not crit or not protected or \
                    not all(is_label(c) for c in crit) or len(set(crit)) != len(crit) or \
                    not all(self.params.get(c, (0, False))[1] for c in crit) or \
                    any(c in range(8) for c in crit):
                raise Fault("crit-invalid")
            raise Fault("crit-unsupported")
        if self.has(5) and self.has(6):
            raise Fault("header-invalid")
        if content_type and self.has(3) and self.get(3) != content_type:
            raise Fault("type-mismatch")


# ---- signatures ----

SIGN = {-7: "ES256", -9: "ES256", -35: "ES384", -51: "ES384", -8: "EdDSA", -19: "EdDSA",
        -37: "PS256", -46: "HSS-LMS"}


def verifies(jwk, data, signature):
    def number(name):
        return int.from_bytes(unb64(jwk[name]), "big")

    try:
        if jwk["kty"] == "OKP":
            ed25519.Ed25519PublicKey.from_public_bytes(unb64(jwk["x"])).verify(signature, data)
        elif jwk["kty"] == "RSA":
            rsa.RSAPublicNumbers(number("e"), number("n")).public_key().verify(
                signature, data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        else:
            curve, digest, size = {"P-256": (ec.SECP256R1(), hashes.SHA256(), 32),
                                   "P-384": (ec.SECP384R1(), hashes.SHA384(), 48)}[jwk["crv"]]
            if len(signature) != 2 * size:
                return False
            der = utils.encode_dss_signature(int.from_bytes(signature[:size], "big"),
                                             int.from_bytes(signature[size:], "big"))
            ec.EllipticCurvePublicNumbers(number("x"), number("y"), curve).public_key().verify(
                der, data, ec.ECDSA(digest))
        return True
    except (InvalidSignature, ValueError):
        return False


def one_signature(keys, revoked, header, data, signature):
    """The key that has signed, or the reason why it does not count; a fault refuses all."""
    alg = SIGN.get(header.number(1))
    if alg is None:
        return "alg-not-allowed"
    if not header.has(4):
        for jwk in [k for k in keys if k["alg"] == alg and unb64(k["kid"]) not in revoked][:8]:
            if verifies(jwk, data, signature):
                return jwk
        return "key-unknown"
    kid = header.get(4)
    if kid in revoked:
        return "key-revoked"
    known = [k for k in keys if unb64(k["kid"]) == kid]
    if not known:
        return "key-unknown"
    if known[0]["alg"] != alg:
        return "alg-key-mismatch"
    if not verifies(known[0], data, signature):
        raise Fault("signature-invalid")
    return known[0]


def open_signed(kind, v, keys, revoked, manufacturer, content_type):
    body = Header(*element(v, 0, 2))
    payload, last = element(v, 2, 2)
    entries = []
    if payload is not None and not isinstance(payload, bytes):
        raise Fault("cbor-invalid")
    if kind == 18:
        if not isinstance(last, bytes):
            raise Fault("cbor-invalid")
        entries = [(body, last)]
        n = 1
    else:
        if not isinstance(last, list) or isinstance(last, Map) or not last:
            raise Fault("cbor-invalid")
        n = len(last)
        for e in last[:8]:
            if not isinstance(e, list) or isinstance(e, Map):
                raise Fault("cbor-invalid")
            h = Header(*element(e, 0, 2))
            if len(e) != 3 or not isinstance(e[2], bytes):
                raise Fault("cbor-invalid")
            entries.append((h, e[2]))
    if len(v) != 4:
        raise Fault("cbor-invalid")
    if payload is None:
        raise Fault("format-unknown")
    for h, _ in entries:
        if h.has(4) and (not isinstance(h.get(4), bytes) or not 0 < len(h.get(4)) <= 96):
            raise Fault("header-invalid")
    for h, _ in entries:
        if not h.has(1):
            raise Fault("header-invalid")
        if not h.params[1][1]:
            raise Fault("alg-unprotected")
    for h in ([body] if kind == 98 else []) + [h for h, _ in entries]:
        h.check(content_type)
    if n > 8:
        raise Fault("too-many-signatures")
    good, met = [], set()
    for h, signature in entries:
        data = ["Signature1", h.covered, b"", payload] if kind == 18 else \
            ["Signature", body.covered, h.covered, b"", payload]
        r = one_signature(keys, revoked, h, enc(data), signature)
        if isinstance(r, dict) and manufacturer not in r["x-ocf-manufacturers"]:
            r = "key-role"
        (met.add if isinstance(r, str) else good.append)(r)
    if not good:
        raise Fault(next(r for r in ("key-revoked", "key-role", "alg-key-mismatch", "key-unknown",
                                     "alg-not-allowed") if r in met))
    return payload


def element(v, first, n):
    """Elements that are missing are a fault of form; but first that of those that are there."""
    have = v[first:first + n]
    if len(have) < n:
        if first == 0 and have:
            Header(have[0], Map())
        raise Fault("cbor-invalid")
    return have


# ---- encryption ----

CONTENT = {1: 16, 3: 32}
RECIPIENT = {-6: ("dir", 0), -3: ("A128KW", 16), -5: ("A256KW", 32), -25: ("ECDH-ES", 0),
             -29: ("ECDH-ES+A128KW", 16), -31: ("ECDH-ES+A256KW", 32)}


def agreed(jwk, epk):
    """Of an ephemeral COSE_Key; None: it does not fit."""
    if not isinstance(epk, Map) or not all(is_label(k) for k, _, _ in epk):
        return None
    epk = {k: v for k, v, _ in epk}
    if any(isinstance(epk.get(n), bool) for n in (1, -1)): # True == 1 in Python
        return None
    x, y = epk.get(-2), epk.get(-3)
    if -4 in epk or not isinstance(x, bytes) or len(x) != 32:
        return None
    try:
        if jwk["crv"] == "X25519":
            if (epk.get(1), epk.get(-1)) != (1, 4):
                return None
            return x25519.X25519PrivateKey.from_private_bytes(unb64(jwk["d"])).exchange(
                x25519.X25519PublicKey.from_public_bytes(x))
        if (epk.get(1), epk.get(-1)) != (2, 1):
            return None
        curve = ec.SECP256R1()
        if isinstance(y, bool):
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(curve, bytes([2 + y]) + x)
        elif isinstance(y, bytes) and len(y) == 32:
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\4" + x + y)
        else:
            return None
        return ec.derive_private_key(int.from_bytes(unb64(jwk["d"]), "big"), curve).exchange(
            ec.ECDH(), theirs)
    except ValueError:
        return None


def content_key(jwk, content, alg, header, wrapped):
    """None: it does not fit."""
    name, size = RECIPIENT[alg]
    if name.startswith("ECDH"):
        z = agreed(jwk, header.get(-1))
        parties = [[header.get(n) if header.has(n) else None for n in range(first, first - 3, -1)]
                   for first in (-21, -24)]
        salt = header.get(-20) if header.has(-20) else None
        for side, first in zip(parties, (-21, -24)):
            for i, v in enumerate(side):
                if header.has(first - i) and not isinstance(v, bytes) and not (
                        i == 1 and isinstance(v, int) and not isinstance(v, bool)):
                    return None
        if z is None or header.has(-20) and not isinstance(salt, bytes):
            return None
        bits = size or CONTENT[content]
        number = {"ECDH-ES": content, "ECDH-ES+A128KW": -3, "ECDH-ES+A256KW": -5}[name]
        kek = HKDF(hashes.SHA256(), bits, salt, enc(
            [number, *parties, [bits * 8, header.covered]])).derive(z)
    else:
        kek = unb64(jwk["k"])
    if size == 0:
        return kek if not wrapped and len(kek) == CONTENT[content] else None
    try:
        key = keywrap.aes_key_unwrap(kek, wrapped)
    except (keywrap.InvalidUnwrap, ValueError):
        return None
    return key if len(key) == CONTENT[content] else None


def open_encrypted(kind, v, devices):
    body = Header(*element(v, 0, 2))
    ciphertext, = element(v, 2, 1)
    recipients = []
    if ciphertext is not None and not isinstance(ciphertext, bytes):
        raise Fault("cbor-invalid")
    if kind == 96:
        listed, = element(v, 3, 1)
        if not isinstance(listed, list) or isinstance(listed, Map):
            raise Fault("cbor-invalid")
        for n, r in enumerate(listed):
            if n == 8:
                raise Fault("decrypt-failed")
            if not isinstance(r, list) or isinstance(r, Map):
                raise Fault("cbor-invalid")
            h = Header(*element(r, 0, 2))
            wrapped, = element(r, 2, 1)
            if wrapped is not None and not isinstance(wrapped, bytes):
                raise Fault("cbor-invalid")
            if len(r) > 3:
                raise Fault("enc-not-allowed")
            recipients.append((h, wrapped or b""))
        if not recipients:
            raise Fault("cbor-invalid")
    if len(v) != (4 if kind == 96 else 3):
        raise Fault("cbor-invalid")
    if ciphertext is None:
        raise Fault("format-unknown")
    for h in [body] + [h for h, _ in recipients]:
        h.check(None)
    if not body.has(1):
        raise Fault("header-invalid")
    if not body.params[1][1]:
        raise Fault("alg-unprotected")
    content = body.number(1)
    for h, _ in recipients:
        if h.number(1) in (-6, -3, -5) and h.covered:
            raise Fault("header-invalid")
        if h.number(1) in (-6, -25) and len(recipients) > 1:
            raise Fault("enc-not-allowed")
    if content not in CONTENT:
        raise Fault("enc-not-allowed")
    aad = enc(["Encrypt" if kind == 96 else "Encrypt0", body.covered, b""])
    worst = "enc-not-allowed"
    for h, wrapped in recipients or [(body, b"")]:
        alg = h.number(1) if recipients else -6
        if alg not in RECIPIENT:
            continue
        kid = h.get(4)
        if h.has(4) and (not isinstance(kid, bytes) or len(kid) > 96):
            worst = "decrypt-failed"
            continue
        fits, named = False, False
        for jwk in devices:
            if h.has(4) and unb64(jwk["kid"]) != kid:
                continue
            named = True
            if {"A128GCM": "dir", "A256GCM": "dir"}.get(jwk["alg"], jwk["alg"]) != \
                    RECIPIENT[alg][0]:
                continue
            fits = True
            iv = body.get(5)
            key = content_key(jwk, content, alg, h, wrapped)
            if key is None or not isinstance(iv, bytes) or len(iv) != 12:
                continue
            try:
                return AESGCM(key).decrypt(iv, ciphertext, aad)
            except (InvalidTag, ValueError):
                pass
        if fits or not (h.has(4) and named):
            worst = "decrypt-failed"
    raise Fault(worst)


# ---- messages ----

def kind_of(octets):
    """(kind, array); the tag or the form decides."""
    tag, r = None, Reader(octets)
    if octets and octets[0] >> 5 == 6:
        try:
            _, info, tag = r.head()
        except Fault:
            raise Fault("format-unknown")
        if info == 31 or tag not in (16, 18, 96, 98):
            raise Fault("format-unknown")
    rest = octets[r.at:]
    if rest and rest[0] >> 5 != 4:
        raise Fault("format-unknown")
    v = whole(rest)
    if tag is not None:
        return tag, v
    if len(v) < 4:
        return 16, v
    if not isinstance(v[3], list) or isinstance(v[3], Map):
        return 18, v
    try:
        return (96 if Header(v[0], v[1]).number(1) in CONTENT else 98), v
    except Fault:
        return 98, v


def judge(octets, keys, revoked, manufacturer, devices, content_type):
    """(payload, None) or (None, name of the fault)"""
    try:
        if not octets:
            raise Fault("empty")
        try:
            kind, v = kind_of(octets)
        except Fault:
            try:
                if isinstance(whole(octets), Map):
                    raise Fault("unsigned")
            except Fault as f:
                if f.args[0] == "unsigned":
                    raise
            raise
        if kind in (16, 96):
            inner = open_encrypted(kind, v, devices)
            try:
                kind, v = kind_of(inner)
            except Fault:
                raise Fault("unsigned")
            if kind in (16, 96):
                raise Fault("nesting-invalid")
        return open_signed(kind, v, keys, revoked, manufacturer, content_type), None
    except Fault as f:
        return None, f.args[0]
