"""Whole transfers, in the order and the words of IoTivity-lite's onboarding tool."""
import cbor2

from certificates import MFG, from_the_factory
from dtls_pipe import JUST_WORKS_LABEL, MFG_LABEL, PIN_LABEL
from lab import (ACL2, CRED, DELETE, DEVICE6, DOXM, NIL, OBT, POST, PSTAT, RENAMED, SDI, SP, CSR, Skip, check,
                 clear, get, normal_terms, pin_terms, psk, same)
from openssl import OpenSsl
from ownercred import owner_credential

JUST_WORKS, PIN = 0, 1
ANON = {"conntype": "anon-clear"}


def rules():
    open_paths = ("/oic/d", "/oic/p", "/oic/res", SDI)
    return {"aclist2": [
        {"subject": {"uuid": OBT}, "resources": [{"href": SP}], "permission": 14},
        {"subject": {"uuid": OBT}, "resources": [{"href": CSR}], "permission": 2},
        {"subject": ANON, "resources": [{"href": p} for p in open_paths], "permission": 2}]}


STEPS = (  # behind oxmsel and the handshake
    (POST, PSTAT, {"om": 4}),
    (POST, DOXM, {"devowneruuid": OBT}),
    (POST, DOXM, {"deviceuuid": RENAMED}),
    (POST, DOXM, {"rowneruuid": OBT}),
    (POST, ACL2, {"rowneruuid": OBT}),
    (POST, PSTAT, {"rowneruuid": OBT}),
    (POST, CRED, {"creds": [psk(OBT, b"")], "rowneruuid": OBT}),
    (POST, SDI, {"uuid": NIL, "name": "", "priv": False}),
    (POST, DOXM, {"owned": True}),
    (POST, PSTAT, {"dos": {"s": 2}}),
    (DELETE, ACL2, None),
    (POST, ACL2, rules()),
    (POST, PSTAT, {"dos": {"s": 3}}),
)


def indefinite(value):
    """CBOR as that tool writes it: maps and arrays without a length."""
    if isinstance(value, dict):
        return b"\xbf" + b"".join(cbor2.dumps(k) + indefinite(v) for k, v in value.items()) + b"\xff"
    if isinstance(value, list):
        return b"\x9f" + b"".join(map(indefinite, value)) + b"\xff"
    return cbor2.dumps(value)


def transfer(session):
    for code, path, body in STEPS:
        got = session.request(code, path, body=None if body is None else indefinite(body))[0]
        same(f"{path} {body}", got, 202 if code == DELETE else 204)


def comes_back(lab, key):
    s = lab.session(*normal_terms(OBT, key))
    same("pstat", s.get(PSTAT)[1]["dos"]["s"], 3)
    same("doxm", s.get(DOXM)[1]["owned"], True)
    same("an ACE that it wrote", clear(1, "/oic/d"), 205)


def begin(lab, method):
    """(device, its temporal UUID)"""
    d = lab.device(prepare=from_the_factory(lab))
    doxm = get(DOXM, host=DEVICE6)[1]
    check(method in doxm["oxms"], f"{method} is offered")
    same("oxmsel", clear(POST, DOXM, body=indefinite({"oxmsel": method})), 204)
    return d, doxm["deviceuuid"]


def line_105_each_method_as_lite_does_it(lab):
    d, _ = begin(lab, JUST_WORKS)
    s = lab.session()
    same("suite", s.open("anon"), "ff00")
    key = s.owner_key(JUST_WORKS_LABEL, OBT, RENAMED)
    transfer(s)
    comes_back(lab, key)
    d.stop()
    for method, cipher, label, block in ((PIN, "ECDHE-PSK-AES128-CBC-SHA256", PIN_LABEL, 96),
                                         (MFG, "ECDHE-ECDSA-AES128-CCM8", MFG_LABEL, 40)):
        d, temporal = begin(lab, method)
        auth = ()
        if method == PIN:
            _, identity, key = pin_terms(d.pin(), temporal)
            auth = ("-psk_identity", identity.decode(), "-psk", key.hex())
        with OpenSsl(cipher, *auth) as s:
            transfer(s)
            master, client, server = s.secrets()
        comes_back(lab, owner_credential(master, client, server, label, block, OBT, RENAMED))
        d.stop()


def line_105_against_iotivity_lite(lab):
    raise Skip("no build of IoTivity-lite here; what it said once is replayed by tools/check replay")
