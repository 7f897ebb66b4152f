"""Whole transfers, in the order and the words of IoTivity-lite's onboarding tool."""
import cbor2

import lite_tool as lite
from certificates import MFG, from_the_factory
from dtls_pipe import JUST_WORKS_LABEL, MFG_LABEL, PIN_LABEL
from lab import (ACL2, CRED, CSR, DELETE, DEVICE6, DOXM, GET, NIL, OBT, POST, PSTAT, RENAMED, SDI, SP, check,
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


def owned_by_lite(lab, method):
    prepare = from_the_factory(lab)
    d = lab.device(prepare=prepare)
    tool = lite.Tool(lab, prepare.trust)
    former = tool.discover()
    pin = ()
    if method == lite.RANDOM_PIN:
        tool.done(lite.ASK_FOR_PIN, 0)
        pin = (d.pin(),)
    uuid = tool.own(method, 0, *pin)
    tool.parted()
    check(uuid != former, f"{uuid} is the device's first name")
    same("who it is", get("/oic/d", host=DEVICE6)[1]["di"], uuid)
    same("owned", (clear(GET, DOXM), clear(GET, "/oic/p")), (401, 205))
    return d, tool


def provisioned_by_lite(tool):
    tool.do(lite.READ_ACL, 0, answer="connection type: anon-clear")
    aceid = [line for line in tool.said if line.startswith("aceid: ")][-1].split()[1]
    tool.done(lite.DELETE_ACE, 0, aceid)
    tool.parted()
    same("without the ACE", clear(GET, "/oic/p"), 401)
    tool.done(lite.ACE, 0, lite.ANON_CLEAR, 1, 1, "/oic/p", *lite.RETRIEVE)
    tool.parted()
    same("with an ACE", clear(GET, "/oic/p"), 205)
    for words in ((lite.ROLE_ACE, 0, "operator", 0), (lite.IDENTITY, 0), (lite.ROLE, 0, "operator", 0, 0)):
        tool.done(*words)
        tool.parted()
    tool.do(lite.READ_CRED, 0, answer=r"credusage: oic.sec.cred.cert$")
    tool.until(r"credusage: oic.sec.cred.rolecert$")


def line_105_against_iotivity_lite(lab):
    """Its own onboarding tool owns, provisions and resets a device, by each method."""
    def story(method):
        d, tool = owned_by_lite(lab, method)
        provisioned_by_lite(tool)
        tool.done(lite.RESET, 0)
        d.wait_log("state RESET to RFOTM")

    for method in (lite.JUST_WORKS, lite.RANDOM_PIN, lite.CERTIFICATE):
        lite.patiently(lab, story, method)
