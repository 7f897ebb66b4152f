"""Another reading of the rules for JOSE: what a container is worth, over pyca and Python's JSON. It
shares nothing with lib/crypto, so that the two can be held against each other."""
import json
import re

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jose import concat_kdf, unb64

DEPTH, SIGNATURES, RECIPIENTS, KID, TRIED, MEMBERS = 16, 8, 8, 128, 8, 64
ALGS = {"ES256": "P-256", "ES384": "P-384", "EdDSA": "Ed25519", "Ed25519": "Ed25519",
        "PS256": "RSA",
        "HSS-LMS": "HSS"}
ENC_ALGS = ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "A128KW", "A256KW", "dir")
CONTENTS = {"A128GCM": 16, "A256GCM": 32}
STANDARD = set("alg jku jwk kid x5u x5c x5t x5t#S256 typ cty crit enc zip epk apu apv iv tag p2s "
               "p2c".split())
TELLING = ("key-revoked", "key-role", "alg-key-mismatch", "key-unknown", "alg-not-allowed")


class Refused(Exception):
    pass


def refuse(condition, name):
    if condition:
        raise Refused(name)


class Duplicate(ValueError):
    pass


def parse(octets, depth=DEPTH):
    """JSON as strict as it can be."""
    def pairs(members):
        names = [n for n, _ in members]
        if len(set(names)) < len(names):
            raise Duplicate
        return dict(members)

    def never(text):
        raise ValueError(text)

    def whole(text):
        if not -2**63 <= int(text) < 2**63:
            raise ValueError(text)
        return int(text)

    def real(text):
        if float(text) in (float("inf"), -float("inf")):
            raise ValueError(text)
        return float(text)

    def check(v):
        if isinstance(v, str):
            v.encode() # no lone surrogates
            if "\0" in v:
                raise ValueError("NUL")
        for member in v if isinstance(v, list) else v.values() if isinstance(v, dict) else ():
            check(member)
        for name in v if isinstance(v, dict) else ():
            check(name)

    text = octets.decode()
    level = 0
    for c in re.sub(r'"(?:[^"\\]|\\.)*"', "", text, flags=re.S):
        level += (c in "{[") - (c in "}]")
        refuse(level > depth, "json-too-deep")
    v = json.loads(text, object_pairs_hook=pairs, parse_constant=never, parse_int=whole,
                   parse_float=real)
    check(v)
    return v


def base64url(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        return None
    octets = unb64(text)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".find(text[-1:])
    unused = {0: 0, 2: 15, 3: 3}[len(text) % 4]
    return None if last & unused and text else octets


def classify(octets):
    if octets[:1] == b"{":
        try:
            root = parse(octets)
        except Duplicate:
            raise Refused("json-duplicate-member") from None
        except ValueError: # UnicodeDecodeError is one
            raise Refused("json-invalid") from None
        return ("jwe" if "ciphertext" in root else "jws" if "payload" in root else "bare"), root
    if re.match(rb"[A-Za-z0-9_-]", octets) and b"." in octets:
        return ("jwe" if octets.count(b".") == 4 else "jws"), None
    return "cose" if octets[:1] >= b"\x80" else "unknown", None


def check_crit(header, protected):
    crit = protected.get("crit")
    refuse("crit" in header and "crit" not in protected, "crit-invalid")
    if "crit" in protected:
        refuse(not isinstance(crit, list) or not crit or len(crit) > MEMBERS, "crit-invalid")
        refuse(any(not isinstance(n,
                                  str) or not n or n in STANDARD or n not in header for n in crit),
               "crit-invalid")
        refuse(len(set(crit)) < len(crit), "crit-invalid")
    refuse("crit" in protected or "b64" in header, "crit-unsupported")


class Judge:
    def __init__(self, trust, keys, revoked=(), manufacturer="example.com", threshold=1, typ=None,
                 enc=()):
        """`trust`: public JWKs by kid with x-ocf-roles and x-ocf-manufacturers, in order; `keys`:
        the signature keys by kid; `enc`: keys to decrypt with."""
        self.trust, self.keys, self.revoked, self.enc = trust, keys, set(revoked), enc
        self.manufacturer, self.threshold, self.typ = manufacturer, threshold, typ

    def open(self, octets):
        """(True, payload) or (False, name)."""
        try:
            refuse(not octets, "empty")
            kind, root = classify(octets)
            if kind == "jwe":
                octets = self.decrypt(octets, root)
                refuse(not octets, "unsigned")
                try:
                    kind, root = classify(octets)
                except Refused as e:
                    raise Refused("unsigned" if str(e) == "json-invalid" else str(e)) from None
                refuse(kind == "jwe", "nesting-invalid")
                refuse(kind != "jws", "unsigned")
            refuse(kind == "bare", "unsigned")
            refuse(kind != "jws", "format-unknown")
            return True, self.verify(octets, root)
        except Refused as e:
            return False, f"manifest.{e}"

    # ---- JWS ----

    @staticmethod
    def entries(octets, root):
        if root is None:
            parts = octets.decode("latin-1").split(".")
            refuse(len(parts) != 3, "jws-malformed")
            return [{"protected": parts[0], "signature": parts[2]}], parts[1]
        several = "signatures" in root
        refuse(several and any(n in root for n in ("signature", "protected", "header")),
               "jws-malformed")
        list_ = root["signatures"] if several else [root]
        refuse(not isinstance(list_, list) or not list_, "jws-malformed")
        refuse(not isinstance(root["payload"], str), "jws-malformed")
        for e in list_:
            refuse(not isinstance(e, dict) or not isinstance(e.get("signature"), str) or
                   not isinstance(e.get("protected", ""), str) or
                   not isinstance(e.get("header", {}), dict), "jws-malformed")
        return list_, root["payload"]

    def verify(self, octets, root):
        entries, text = self.entries(octets, root)
        read = [{"text": e.get("protected", ""), "own": e.get("header", {}),
                 "raw": e} for e in entries]
        for step in (self.parts, self.header, self.names, self.alg, self.none, self.embedded,
                     self.crit, self.check_typ):
            for e in read:
                step(e)
        payload = base64url(text)
        refuse(payload is None, "base64-invalid")
        refuse(len(read) > SIGNATURES, "too-many-signatures")
        counted, why = set(), set()
        for e in read:
            try:
                counted.add(self.signer(e, f"{e['text']}.{text}".encode()))
            except Refused as reason:
                refuse(str(reason) == "signature-invalid", "signature-invalid")
                why.add(str(reason))
        if not counted:
            raise Refused(next((t for t in TELLING if t in why), "threshold-not-met"))
        refuse(len(counted) < self.threshold, "threshold-not-met")
        return payload

    @staticmethod
    def parts(e):
        e["protected"], e["signature"] = base64url(e["text"]), base64url(e["raw"]["signature"])
        refuse(e["protected"] is None or e["signature"] is None, "base64-invalid")

    @staticmethod
    def header(e):
        try:
            e["header"] = parse(e["protected"]) if e["protected"] else {}
        except (ValueError, Refused):
            raise Refused("header-invalid") from None
        refuse(not isinstance(e["header"], dict), "header-invalid")
        e["all"] = e["header"] | e["own"]

    @staticmethod
    def names(e):
        kid = e["all"].get("kid", "")
        refuse(set(e["header"]) & set(e["own"]), "header-invalid")
        refuse(max(len(e["header"]), len(e["own"])) > MEMBERS, "header-invalid")
        refuse(not isinstance(kid, str) or len(kid.encode()) > KID, "header-invalid")

    @staticmethod
    def alg(e):
        refuse("alg" not in e["header"] and "alg" in e["own"], "alg-unprotected")
        refuse(not isinstance(e["header"].get("alg"), str), "header-invalid")

    @staticmethod
    def none(e):
        refuse(e["header"]["alg"].lower() == "none", "alg-none")

    @staticmethod
    def embedded(e):
        refuse({"jwk", "jku", "x5u", "x5c"} & set(e["all"]), "key-embedded")

    @staticmethod
    def crit(e):
        check_crit(e["all"], e["header"])

    def check_typ(self, e):
        refuse(self.typ and "typ" in e["all"] and e["all"]["typ"] != self.typ, "type-mismatch")

    def signer(self, e, data):
        alg = e["header"]["alg"]
        refuse(alg not in ALGS, "alg-not-allowed")
        if "kid" in e["all"]:
            kid = e["all"]["kid"]
            refuse(self.is_revoked(kid), "key-revoked")
            refuse(kid not in self.trust, "key-unknown")
            refuse(self.keys[kid].kind != ALGS[alg], "alg-key-mismatch")
            refuse(not self.is_good(self.keys[kid], data, e["signature"]), "signature-invalid")
        else:
            fit = [k for k in self.trust if self.keys[k].kind == ALGS[alg] and
                   not self.is_revoked(k)][:TRIED]
            kid = next((k for k in fit if self.is_good(self.keys[k], data, e["signature"])), None)
            refuse(kid is None, "key-unknown")
        jwk = self.trust[kid]
        refuse("manifest" not in jwk.get("x-ocf-roles", []) or
               self.manufacturer not in jwk.get("x-ocf-manufacturers", []), "key-role")
        return self.keys[kid].thumbprint

    def is_revoked(self, kid):
        return kid in self.revoked or kid in self.keys and self.keys[kid].thumbprint in self.revoked

    @staticmethod
    def is_good(key, data, signature):
        public = key.private.public_key()
        try:
            if key.kind == "Ed25519":
                public.verify(signature, data)
            elif key.kind == "RSA":
                public.verify(signature, data, padding.PSS(padding.MGF1(hashes.SHA256()), 32),
                              hashes.SHA256())
            else:
                _, width, digest = key.CURVES[key.kind]
                if len(signature) != 2 * width:
                    return False
                r, s = (int.from_bytes(v, "big") for v in (signature[:width], signature[width:]))
                public.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(digest()))
            return True
        except InvalidSignature:
            return False

    # ---- JWE: whatever is malformed, wrong or not ours has one name ----

    def decrypt(self, octets, root):
        names = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
        m = dict(zip(names, octets.decode("latin-1").split("."))) if root is None else root
        refuse(any(not isinstance(m.get(n, ""), str) for n in (*names, "aad")), "decrypt-failed")
        several = m.get("recipients", [m])
        refuse("recipients" in m and ("header" in m or "encrypted_key" in m), "decrypt-failed")
        refuse(not isinstance(several, list) or not 1 <= len(several) <= RECIPIENTS,
               "decrypt-failed")
        refuse(any(not isinstance(r, dict) or not isinstance(r.get("encrypted_key", ""), str)
                   for r in several), "decrypt-failed")
        part = {n: base64url(m.get(n, "")) for n in ("protected", "aad", "iv", "ciphertext", "tag")}
        refuse(None in part.values(), "decrypt-failed")
        try:
            protected = parse(part["protected"]) if part["protected"] else {}
        except (ValueError, Refused):
            raise Refused("decrypt-failed") from None
        shared = m.get("unprotected", {})
        headers = [self.jwe_header(protected, shared, r.get("header", {})) for r in several]
        encs = [h.get("enc") for h, _ in headers]
        refuse(len({e if isinstance(e, str) else "" for e in encs}) > 1, "decrypt-failed")
        aad = m.get("protected", "") + ("." + m["aad"] if "aad" in m else "")
        answers = set()
        for (header, fault), r in zip(headers, several):
            if fault:
                answers.add(fault)
                continue
            keys = [k for k in self.enc if "kid" not in header or header["kid"] == k.kid]
            answers.add("enc-not-allowed" if "kid" in header and keys and
                        all(k.alg != header["alg"] for k in keys) else "decrypt-failed")
            for k in keys:
                if k.alg != header["alg"]:
                    continue
                try:
                    refuse(len(part["iv"]) != 12 or len(part["tag"]) != 16, "decrypt-failed")
                    cek = self.content_key(k, header, base64url(r.get("encrypted_key", "")))
                    refuse(len(cek) != CONTENTS[header["enc"]], "decrypt-failed")
                    return AESGCM(cek).decrypt(part["iv"], part["ciphertext"] + part["tag"],
                                               aad.encode("latin-1"))
                except (Refused, InvalidTag, keywrap.InvalidUnwrap, ValueError, TypeError,
                        KeyError):
                    pass
        raise Refused("decrypt-failed" if "decrypt-failed" in answers else answers.pop())

    @staticmethod
    def jwe_header(*objects):
        refuse(any(not isinstance(o, dict) or len(o) > MEMBERS for o in objects), "decrypt-failed")
        header = {n: v for o in objects for n, v in o.items()}
        refuse(len(header) < sum(map(len, objects)), "decrypt-failed")
        epk = header.get("epk")
        crv = epk.get("crv", "P-256") if isinstance(epk, dict) else "P-256"
        if header.get("alg") not in ENC_ALGS or header.get("enc") not in tuple(CONTENTS) or \
                crv not in ("P-256", "X25519"):
            return header, "enc-not-allowed"
        refuse("zip" in header, "zip-unsupported")
        refuse({"jwk", "jku", "x5u", "x5c"} & set(header), "key-embedded")
        check_crit(header, objects[0])
        return header, None

    @staticmethod
    def content_key(key, header, encrypted):
        refuse(encrypted is None, "decrypt-failed")
        wrap = {"A128KW": 16, "A256KW": 32}.get(key.alg.rpartition("+")[2])
        kek = getattr(key, "secret", None)
        if key.curve:
            refuse({"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & set(header["epk"]),
                   "decrypt-failed")
            epk, parties = header["epk"], [header.get(n, "") for n in ("apu", "apv")]
            refuse(any(not isinstance(p, str) or base64url(p) is None or len(base64url(p)) > 256
                       for p in parties), "decrypt-failed")
            refuse((epk["kty"], epk["crv"]) != (key.jwk["kty"], key.curve), "decrypt-failed")
            point = [base64url(epk[n]) for n in ("xy" if key.curve == "P-256" else "x")]
            refuse(any(c is None or len(c) != 32 for c in point), "decrypt-failed")
            if key.curve == "P-256":
                z = key.private.exchange(ec.ECDH(), ec.EllipticCurvePublicNumbers(
                    *(int.from_bytes(c, "big") for c in point), ec.SECP256R1()).public_key())
            else:
                z = key.private.exchange(x25519.X25519PublicKey.from_public_bytes(point[0]))
            kek = concat_kdf(z, (key.alg if wrap else header["enc"]).encode(),
                             *map(base64url, parties), wrap or CONTENTS[header["enc"]])
        refuse(not wrap and encrypted, "decrypt-failed")
        return keywrap.aes_key_unwrap(kek, encrypted) if wrap else kek
