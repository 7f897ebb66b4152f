"""JOSE by hand over pyca, for tests: what a header should say, and whatever is wrong with it."""
import base64
import hashlib
import hmac
import json
import os
import struct

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

P256_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
ED25519_L = 2**252 + 27742317777372353535851937790883648493


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(v, width=None):
    return b64(v.to_bytes(width or (v.bit_length() + 7) // 8, "big"))


def dumps(v):
    return json.dumps(v, separators=(",", ":"))


def sha256(data):
    return hashlib.sha256(data).digest()


class Key:
    """A signature key and what its JWK says. `kid` None: the thumbprint."""

    CURVES = {"P-256": (ec.SECP256R1, 32, hashes.SHA256),
              "P-384": (ec.SECP384R1, 48, hashes.SHA384),
              "P-521": (ec.SECP521R1, 66, hashes.SHA512),
              "secp256k1": (ec.SECP256K1, 32, hashes.SHA256)}

    def __init__(self, kind, kid=None, bits=2048):
        self.kind = kind
        if kind == "Ed25519":
            self.private = ed25519.Ed25519PrivateKey.generate()
            self.public = {"kty": "OKP", "crv": kind, "x": b64(raw_public(self.private))}
        elif kind == "RSA":
            self.private = rsa.generate_private_key(65537, bits)
            n = self.private.public_key().public_numbers()
            self.public = {"kty": "RSA", "n": number(n.n), "e": number(n.e)}
        else:
            curve, width, _ = self.CURVES[kind]
            self.private = ec.generate_private_key(curve())
            n = self.private.public_key().public_numbers()
            self.public = {"kty": "EC", "crv": kind, "x": number(n.x, width),
                           "y": number(n.y, width)}
        self.alg = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA",
                    "RSA": "PS256", "secp256k1": "ES256K"}[kind]
        self.thumbprint = b64(sha256(json.dumps(self.public, sort_keys=True,
                                                separators=(",", ":")).encode()))
        self.kid = kid or self.thumbprint

    def trusted(self, roles=("manifest",), manufacturers=("example.com",), **more):
        return self.public | {"kid": self.kid, "x-ocf-roles": list(roles),
                              "x-ocf-manufacturers": list(manufacturers)} | more

    def rs(self, data, digest=None):
        _, width, own = self.CURVES[self.kind]
        r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA((digest or own)())))
        return r, s, width

    def sign(self, data, digest=None, salt=None, pss=True):
        if self.kind == "Ed25519":
            return self.private.sign(data)
        if self.kind == "RSA":
            digest = (digest or hashes.SHA256)()
            how = padding.PSS(padding.MGF1(digest), digest.digest_size if salt is None else salt)
            return self.private.sign(data, how if pss else padding.PKCS1v15(), digest)
        r, s, width = self.rs(data, digest)
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def raw_public(private):
    return private.public_key().public_bytes(serialization.Encoding.Raw,
                                             serialization.PublicFormat.Raw)


def raw_private(private):
    return private.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
                                 serialization.NoEncryption())


def mac(name, key, data):
    return hmac.new(key, data, name).digest()


class Entry:
    """One signature: `header` an object, or the text of one; its parts can be replaced before and
    after signing."""

    def __init__(self, key, header=None, payload=b"", *, unprotected=None, sign=None, text=None,
                 payload_text=None, kid=True, **more):
        if header is None:
            header = {"alg": key.alg} | ({"kid": key.kid} if kid else {}) | more
        raw = header if isinstance(header, bytes) else dumps(header).encode()
        self.protected = b64(raw) if text is None else text
        self.payload = b64(payload) if payload_text is None else payload_text
        self.unprotected = unprotected
        data = f"{self.protected}.{self.payload}".encode("latin-1")
        self.signature = b64(sign(data) if sign else key.sign(data))

    def object(self):
        v = {"protected": self.protected, "signature": self.signature}
        if self.unprotected is not None:
            v["header"] = self.unprotected
        return v

    def compact(self):
        return f"{self.protected}.{self.payload}.{self.signature}".encode("latin-1")

    def flattened(self, **more):
        return dumps({"payload": self.payload} | self.object() | more).encode()

    def general(self, **more):
        return general(self, **more)


def general(*entries, **more):
    return dumps({"payload": entries[0].payload,
                  "signatures": [e.object() for e in entries]} | more).encode()


class EncKey:
    """A key to decrypt with, bound to `alg`."""

    def __init__(self, alg, curve=None, size=None, kid=None):
        self.alg, self.curve = alg, curve
        if curve == "P-256":
            self.private = ec.generate_private_key(ec.SECP256R1())
            n = self.private.public_key().public_numbers()
            self.jwk = {"kty": "EC", "crv": curve, "x": number(n.x, 32), "y": number(n.y, 32),
                        "d": number(self.private.private_numbers().private_value, 32)}
        elif curve:
            self.private = x25519.X25519PrivateKey.generate()
            self.jwk = {"kty": "OKP", "crv": curve, "x": b64(raw_public(self.private)),
                        "d": b64(raw_private(self.private))}
        else:
            self.secret = os.urandom(size or {"A128KW": 16}.get(alg, 32))
            self.jwk = {"kty": "oct", "k": b64(self.secret)}
        self.kid = kid or f"{alg}-{curve or len(self.secret)}"
        self.jwk |= {"alg": alg, "use": "enc", "kid": self.kid}

    def agree(self):
        """An ephemeral public key, and what it gives with this one."""
        if self.curve == "P-256":
            own = ec.generate_private_key(ec.SECP256R1())
            n = own.public_key().public_numbers()
            return ({"kty": "EC", "crv": "P-256", "x": number(n.x, 32), "y": number(n.y, 32)},
                    own.exchange(ec.ECDH(), self.private.public_key()))
        own = x25519.X25519PrivateKey.generate()
        return ({"kty": "OKP", "crv": "X25519", "x": b64(raw_public(own))},
                own.exchange(self.private.public_key()))


def concat_kdf(z, name, apu, apv, size):
    def counted(v):
        return struct.pack(">I", len(v)) + v

    return sha256(struct.pack(">I", 1) + z + counted(name) + counted(apu) + counted(apv) +
                  struct.pack(">I", size * 8))[:size]


class Recipient:
    """How the content key gets to `key`: header members and encrypted key."""

    def __init__(self, key, enc="A128GCM", *, cek=None, z=None, kid=True, **more):
        size = {"A128GCM": 16, "A256GCM": 32}.get(enc, 16)
        self.header = {"alg": key.alg} | ({"kid": key.kid} if kid else {}) | more
        self.encrypted_key = b""
        kek = getattr(key, "secret", None)
        wrap = {"A128KW": 16, "A256KW": 32}.get(key.alg.rpartition("+")[2])
        if key.curve:
            epk, agreed = key.agree()
            self.header = {"epk": epk} | self.header
            parties = [unb64(v) if isinstance(v, str) else b"" for v in
                       (self.header.get("apu"), self.header.get("apv"))]
            kek = concat_kdf(agreed if z is None else z, (key.alg if wrap else enc).encode(),
                             *parties, wrap or size)
        self.cek = kek if wrap is None else cek or os.urandom(size)
        if wrap:
            self.encrypted_key = keywrap.aes_key_wrap(kek, self.cek)


class Jwe:
    def __init__(self, recipient, plaintext, enc="A128GCM", *, protected=None, aad=None, iv=None,
                 tag=None, shared=None, **more):
        """`protected` None: all of the recipient's header, and enc."""
        header = recipient.header | {"enc": enc} | more if protected is None else protected
        raw = header if isinstance(header, bytes) else dumps(header).encode()
        self.protected = b64(raw) if header != {} else ""
        self.aad, self.shared, self.one = aad, shared, recipient
        cover = self.protected + ("" if aad is None else "." + aad)
        self.iv = os.urandom(12) if iv is None else iv
        sealed = AESGCM(recipient.cek).encrypt(self.iv, plaintext, cover.encode())
        self.ciphertext, self.tag = sealed[:-16], sealed[-16:] if tag is None else tag(sealed[-16:])

    def parts(self):
        return [self.protected, b64(self.one.encrypted_key), b64(self.iv), b64(self.ciphertext),
                b64(self.tag)]

    def compact(self):
        return ".".join(self.parts()).encode()

    def json(self, **more):
        names = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
        v = {n: p for n, p in zip(names, self.parts()) if p != ""}
        if self.aad is not None:
            v["aad"] = self.aad
        if self.shared is not None:
            v["unprotected"] = self.shared
        v |= more
        return dumps({n: p for n, p in v.items() if p is not None}).encode()

    def flattened(self, **more):
        return self.json(**more)

    def general(self, *recipients, **more):
        """Each of `recipients`: (header, encrypted key)."""
        entries = [{"header": h, "encrypted_key": b64(k)} if k else {"header": h}
                   for h, k in recipients] or [{"encrypted_key": b64(self.one.encrypted_key)}
                                               if self.one.encrypted_key else {}]
        return self.json(encrypted_key=None, recipients=entries, **more)
