"""CoAP options, formats and codes that every resource shares."""
import struct

import cbor2

from lab import (ACL2, AEL, CRED, CSR, DEVICE6, DOXM, FRIEND, GET, OBT, POST, PSTAT, PUT, RFPRO, ROLES, SDI, SP,
                 SVRS, check, message, parse, plain_socket, request, same)
from secd import ACCEPT, FORMAT, uint

CBOR, OCF_CBOR, TEXT = 60, 10000, 0
ACCEPT_VERSION, FORMAT_VERSION = 2049, 2053
V2047, V2048 = struct.pack(">H", 2047), struct.pack(">H", 2048)
OM = {"om": 4}


def exchange(*args, **more):
    """(code, options, payload) of the answer."""
    with plain_socket(DEVICE6) as s:
        s.send(message(*args, **more))
        return parse(s.recv(2048))


def line_002_version_options_are_known(lab):
    lab.device()
    both = [(ACCEPT_VERSION, V2048), (FORMAT_VERSION, V2048)]
    same("GET", request(GET, DOXM, extra=both, host=DEVICE6)[0], 205)
    same("POST", request(POST, DOXM, body={"oxmsel": 1}, extra=both, host=DEVICE6)[0], 204)
    same("an option that nobody knows", request(GET, DOXM, extra=[(2051, V2048)], host=DEVICE6)[0], 402)


def line_003_an_older_version_is_refused(lab):
    lab.device()
    old = [(FORMAT_VERSION, V2047)]
    same("body", request(POST, DOXM, body={"oxmsel": 1}, extra=old, host=DEVICE6)[0], 415)
    same("it did nothing", request(GET, DOXM, host=DEVICE6)[1]["oxmsel"], 4)
    same("wanted", request(GET, DOXM, extra=[(ACCEPT_VERSION, V2047)], host=DEVICE6)[0], 415)


def line_004_answers_tell_format_and_version(lab):
    lab.device()
    for path in ("/oic/res", "/oic/d", "/oic/p", DOXM, PSTAT):
        for accept in (OCF_CBOR, None):
            code, options, payload = exchange(GET, path, accept=accept)
            check(code == 205 and payload, f"{path}: {code}")
            same(f"{path}, Accept {accept}", (options.get(FORMAT), options.get(FORMAT_VERSION)),
                 (uint(OCF_CBOR), b"\x08\x00"))


def line_005_formats_of_a_body(lab):
    owner = lab.doc()
    same("text", owner.session.request(POST, PSTAT, body=OM, extra=[(FORMAT, uint(TEXT))])[0], 415)
    for value in (uint(CBOR), uint(OCF_CBOR), None):
        same(f"format {value}", owner.session.request(POST, PSTAT, body=OM, extra=[(FORMAT, value)])[0], 204)


def line_006_definite_and_indefinite_lengths(lab):
    owner = lab.doc()
    for name, body in (("definite", b"\xa1\x6cdevowneruuid\x78\x24" + OBT.encode()),
                       ("indefinite", b"\xbf\x6cdevowneruuid\x78\x24" + FRIEND.encode() + b"\xff")):
        same(name, owner.session.request(POST, DOXM, body=body)[0], 204)
        same(name, owner.session.get(DOXM)[1]["devowneruuid"].encode(), body[16:52])
    item = {"subject": {"conntype": "anon-clear"}, "resources": [{"href": "/oic/p"}], "permission": 2}
    indefinite = b"\xbf\x67aclist2\x9f" + 2 * cbor2.dumps(item) + b"\xff\xff"
    for body, entries in ((cbor2.dumps({"aclist2": [item]}), 1), (indefinite, 3)):
        same("array", owner.session.request(POST, ACL2, body=body)[0], 204)
        same("entries", len(owner.session.get(ACL2)[1]["aclist2"]), entries)


TYPES = {"/oic/res": "oic.wk.res", "/oic/d": "oic.wk.d", "/oic/p": "oic.wk.p", DOXM: "oic.r.doxm",
         PSTAT: "oic.r.pstat", CRED: "oic.r.cred", ACL2: "oic.r.acl2", CSR: "oic.r.csr",
         ROLES: "oic.r.roles", SP: "oic.r.sp", SDI: "oic.r.sdi", AEL: "oic.r.ael"}


def line_087_interfaces(lab):
    owner = lab.doc()
    for path, rt in TYPES.items():
        code, body = owner.session.transfer(GET, path, ["if=oic.if.baseline"])
        same(f"{path} baseline", code, 205)
        base = body[0] if path == "/oic/res" else body
        check(rt in base["rt"] and "oic.if.baseline" in base["if"], f"{path}: {base['rt']} {base['if']}")
        if path != "/oic/res":
            check("rt" not in owner.session.transfer(GET, path)[1], f"{path} by default without rt")
        same(f"{path} unsupported", owner.session.get(path, "if=oic.if.a")[0], 403)


def line_088_put_is_no_method(lab):
    owner = lab.doc()
    for path in SVRS:
        same(f"PUT {path}, RFOTM", owner.session.request(PUT, path, body={})[0], 405)
    owner.transfer()
    owner.state(RFPRO)
    for path in SVRS:
        same(f"PUT {path}, RFPRO", owner.session.request(PUT, path, body={})[0], 405)
    same("who has no right is not told", request(PUT, CRED, body={}, host=DEVICE6)[0], 401)
