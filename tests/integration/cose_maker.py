"""COSE messages, CBOR manifests and HSS signatures, good and bad ones, made over pyca and hashlib:
nothing in here comes from lib/, so that both read the standards for themselves."""
import base64
import hashlib
import json
import os
import pathlib
import random
import struct

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VECTORS = pathlib.Path(os.environ["SOURCE_DIR"]) / "tests/vectors/manifests"
CONTENT_TYPE = "application/vnd.ocf-fw-manifest+cbor"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- CBOR, RFC 8949 4.2.1 ----

class Raw(bytes):
    """Octets that stand for themselves."""


class Tag:
    def __init__(self, number, value):
        self.number, self.value = number, value


class Pairs(list):
    """A map whose pairs stay as they are: in this order, and twice if they are there twice."""


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    info = 0 if n < 1 << 8 else 1 if n < 1 << 16 else 2 if n < 1 << 32 else 3
    return bytes([major << 5 | 24 + info]) + n.to_bytes(1 << info, "big")


def enc(v):
    if isinstance(v, Raw):
        return bytes(v)
    if v is None or isinstance(v, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[v]
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, float):
        return b"\xfb" + struct.pack(">d", v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, Tag):
        return head(6, v.number) + enc(v.value)
    if isinstance(v, Pairs):
        return head(5, len(v)) + b"".join(enc(k) + enc(x) for k, x in v)
    if isinstance(v, dict):
        pairs = sorted((enc(k), enc(x)) for k, x in v.items())
        return head(5, len(pairs)) + b"".join(k + x for k, x in pairs)
    return head(4, len(v)) + b"".join(map(enc, v))


# ---- HSS/LMS, RFC 8554 and SP 800-208 ----

class Lms:
    """A key with one leaf that can sign: the rest of the tree is random, which no verifier can
    tell. So a tree of any height costs one leaf."""

    def __init__(self, lms, ots, q=None, seed=0):
        self.lms, self.ots = lms, ots
        group = (lms - 5) // 5
        self.n, self.shake = (32, 24)[group % 2], group >= 2
        self.height, self.w = 5 * ((lms - 5) % 5 + 1), 1 << (ots - 1) % 4
        self.last = (1 << self.w) - 1
        self.ls = {(32, 1): 7, (24, 1): 8}.get((self.n, self.w), {2: 6, 4: 4, 8: 0}.get(self.w))
        groups = 8 * self.n // self.w
        self.p = groups + -(-(self.last * groups).bit_length() // self.w)
        r = random.Random(f"{lms} {ots} {seed}")
        self.id, self.q = r.randbytes(16), r.randrange(1 << self.height) if q is None else q
        self.x = [r.randbytes(self.n) for _ in range(self.p)]
        self.path = [r.randbytes(self.n) for _ in range(self.height)]
        self.c = r.randbytes(self.n)
        ends = b"".join(self.chain(i, self.x[i], 0, self.last) for i in range(self.p))
        node = (1 << self.height) + self.q
        t = self.hash(node, 0x8282, self.hash(self.q, 0x8080, ends))
        for s in self.path:
            pair = s + t if node % 2 else t + s
            node //= 2
            t = self.hash(node, 0x8383, pair)
        self.public = struct.pack(">II", lms, ots) + self.id + t

    def hash(self, number, tag, data):
        octets = self.id + struct.pack(">IH", number, tag) + data
        if self.shake:
            return hashlib.shake_256(octets).digest(self.n)
        return hashlib.sha256(octets).digest()[:self.n]

    def chain(self, i, t, start, end):
        for j in range(start, end):
            t = self.hash(self.q, i, bytes([j]) + t)
        return t

    def sign(self, message):
        digest = self.hash(self.q, 0x8181, self.c + message)

        def coef(octets, i):
            at = i * self.w
            return octets[at // 8] >> 8 - self.w - at % 8 & self.last

        total = sum(self.last - coef(digest, i) for i in range(8 * self.n // self.w))
        digest += struct.pack(">H", total << self.ls)
        y = [self.chain(i, self.x[i], 0, coef(digest, i)) for i in range(self.p)]
        return struct.pack(">II", self.q, self.ots) + self.c + b"".join(y) + \
            struct.pack(">I", self.lms) + b"".join(self.path)


class Hss:
    """The levels from the root down."""

    def __init__(self, *levels):
        self.levels = levels
        self.public = struct.pack(">I", len(levels)) + levels[0].public

    def sign(self, message):
        out = struct.pack(">I", len(self.levels) - 1)
        for above, below in zip(self.levels, self.levels[1:]):
            out += above.sign(below.public) + below.public
        return out + self.levels[-1].sign(message)


# ---- keys ----

COSE_ALG = {"ES256": -7, "ES384": -35, "EdDSA": -8, "PS256": -37, "HSS-LMS": -46}


class Key:
    """A signature key: `kid` in octets, `alg` as COSE numbers it."""

    def __init__(self, jwk, hss=None):
        self.jwk, self.hss, self.private = jwk, hss, None
        self.kid, self.alg = unb64(jwk["kid"]), COSE_ALG[jwk["alg"]]

    @classmethod
    def load(cls, name):
        return cls(json.loads((VECTORS / f"keys/{name}.private.jwk").read_text()))

    @classmethod
    def of_hss(cls, hss):
        return cls({"kty": "HSS-LMS", "alg": "HSS-LMS", "pub": b64(hss.public),
                    "kid": b64(hashlib.sha256(hss.public).digest())}, hss)

    def number(self, name):
        return int.from_bytes(unb64(self.jwk[name]), "big")

    def public(self, **more):
        members = ("kty", "crv", "x", "y", "n", "e", "pub", "alg", "kid")
        return {m: self.jwk[m] for m in members if m in self.jwk} | more

    def sign(self, data):
        if self.hss:
            return self.hss.sign(data)
        if self.jwk["kty"] == "OKP":
            return ed25519.Ed25519PrivateKey.from_private_bytes(unb64(self.jwk["d"])).sign(data)
        if self.jwk["kty"] == "RSA":
            if not self.private: # it takes long
                public = rsa.RSAPublicNumbers(self.number("e"), self.number("n"))
                self.private = rsa.RSAPrivateNumbers(
                    *map(self.number, ("p", "q", "d", "dp", "dq", "qi")), public).private_key()
            return self.private.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        curve, hash_, size = {"P-256": (ec.SECP256R1(), hashes.SHA256(), 32),
                              "P-384": (ec.SECP384R1(), hashes.SHA384(), 48)}[self.jwk["crv"]]
        der = ec.derive_private_key(self.number("d"), curve).sign(data, ec.ECDSA(hash_))
        return b"".join(n.to_bytes(size, "big") for n in utils.decode_dss_signature(der))


# ---- signing, RFC 9052 4 ----

def bstr_map(v):
    """The protected bucket: of a map, or octets as they are."""
    return v if isinstance(v, bytes) else enc(v) if v else b""


def covered(protected):
    """As what it is signed: an empty map counts as no octets."""
    return b"" if protected in (b"\xa0", b"\xbf\xff", b"\xb8\x00") else protected


def sign1(payload, key, protected=None, unprotected=None, tag=18, aad=b"", change=lambda s: s,
          signed=None, context="Signature1", detached=False):
    protected = bstr_map({1: key.alg} if protected is None else protected)
    unprotected = {4: key.kid} if unprotected is None else unprotected
    data = enc([context, covered(protected) if signed is None else signed, aad, payload])
    m = [protected, unprotected, None if detached else payload, change(key.sign(data))]
    return enc(m if tag is None else Tag(tag, m))


def signer(payload, key, protected=None, unprotected=None, body=b"", aad=b"",
           change=lambda s: s, context="Signature"):
    """One entry of a COSE_Sign."""
    protected = bstr_map({1: key.alg} if protected is None else protected)
    unprotected = {4: key.kid} if unprotected is None else unprotected
    data = enc([context, covered(body), covered(protected), aad, payload])
    return [protected, unprotected, change(key.sign(data))]


def sign(payload, *entries, protected=b"", unprotected=None, tag=98):
    m = [bstr_map(protected), unprotected or {}, payload, list(entries)]
    return enc(m if tag is None else Tag(tag, m))


# ---- encrypting, RFC 9052 5, RFC 9053 6 ----

def agree(private, public_jwk_or_epk):
    return private.exchange(ec.ECDH(), public_jwk_or_epk) if isinstance(
        private, ec.EllipticCurvePrivateKey) else private.exchange(public_jwk_or_epk)


class Recipient:
    """To a key of the device (a JWK); `content` is the number of the content algorithm."""

    def __init__(self, jwk, content=3):
        self.jwk, self.content = jwk, content
        self.size = {1: 16, 3: 32}.get(content, 32)
        self.kid = unb64(jwk["kid"])

    def wrap(self, cek, alg=-5, unprotected=None, protected=b""):
        unprotected = {1: alg, 4: self.kid} if unprotected is None else unprotected
        return [protected, unprotected, keywrap.aes_key_wrap(unb64(self.jwk["k"]), cek)]

    def ecdh(self, cek=None, alg=-31, protected=None, more=None, compressed=False, point=None,
             parties=((None,) * 3, (None,) * 3), salt=None, algorithm=None, bits=None, kid=True):
        """`cek` None: the agreed key itself, which is returned with the entry."""
        size = self.size if cek is None else {-29: 16, -31: 32}[alg]
        protected = bstr_map({1: alg} if protected is None else protected)
        if self.jwk["crv"] == "X25519":
            mine = x25519.X25519PrivateKey.generate()
            theirs = x25519.X25519PublicKey.from_public_bytes(unb64(self.jwk["x"]))
            epk = {1: 1, -1: 4, -2: mine.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw)}
        else:
            mine = ec.generate_private_key(ec.SECP256R1())
            theirs = ec.EllipticCurvePublicNumbers(
                *(int.from_bytes(unb64(self.jwk[c]), "big") for c in "xy"),
                ec.SECP256R1()).public_key()
            n = mine.public_key().public_numbers()
            epk = {1: 2, -1: 1, -2: n.x.to_bytes(32, "big"),
                   -3: bool(n.y & 1) if compressed else n.y.to_bytes(32, "big")}
        if algorithm is None:
            algorithm = self.content if cek is None else {-29: -3, -31: -5}[alg]
        context = enc([algorithm, list(parties[0]), list(parties[1]),
                       [size * 8 if bits is None else bits, covered(protected)]])
        derived = HKDF(hashes.SHA256(), size, salt, context).derive(agree(mine, theirs))
        unprotected = {-1: epk if point is None else point(epk)} | (more or {})
        if kid:
            unprotected[4] = self.kid
        for side, first in zip(parties, (-21, -24)):
            unprotected |= {first - i: v for i, v in enumerate(side) if v is not None}
        if salt is not None:
            unprotected[-20] = salt
        entry = [protected, unprotected, keywrap.aes_key_wrap(derived, cek) if cek else b""]
        return entry if cek else (derived, entry)


def encrypt(plaintext, cek, *recipients, content=3, iv=bytes(range(12)), protected=None,
            unprotected=None, tag=96, aad=b"", change=lambda s: s, context="Encrypt"):
    protected = bstr_map({1: content} if protected is None else protected)
    unprotected = {5: iv} if unprotected is None else unprotected
    data = enc([context, covered(protected), aad])
    m = [protected, unprotected, change(AESGCM(cek).encrypt(iv, plaintext, data))]
    if recipients:
        m.append(list(recipients))
    return enc(m if tag is None else Tag(tag, m))
