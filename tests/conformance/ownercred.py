"""The owner credential: how it is asked for, made, and used."""
import hashlib
import hmac
import uuid

import cbor2

from certificates import from_the_factory
from hello import PSK, Hello
from lab import (CRED, DEVICE6, DOXM, GET, KEY, NIL, OBT, POST, PSTAT, RAW, RENAMED, RFNOP, RFPRO, STRANGER,
                 ACL2, Owner, check, clear, get, normal_terms, pin_terms, psk, same)
from openssl import OpenSsl
from dtls_pipe import JUST_WORKS_LABEL, PIN_LABEL

BASE64 = "oic.sec.encoding.base64"
MASTER = bytes(range(48))
CLIENT, SERVER = bytes(range(0x40, 0x60)), bytes(range(0x80, 0xa0))
OBT_V, DEVICE_V = ("b0b00000-0000-4000-8000-000000000001", "a71c3000-0000-4000-8000-000000000002")
MFG_LABEL = "oic.sec.doxm.mfgcert"
VECTORS = (  # label, octets of key block, credential, with the UUIDs swapped
    (JUST_WORKS_LABEL, 96, "caaa37e93c1a2b949b84050a5fab1340", "039f9346cefbcd564d2c44c6b26847be"),
    (PIN_LABEL, 96, "5097d76ccabfc0a9349a29fb37f595e8", "de1ceea5c13fa07caa0904e5353685ed"),
    (MFG_LABEL, 40, "51481f2f4a934376a47ad2ec53e592b2", "460ddbfd35d6e83fa40fdd0d9690656d"),
    (MFG_LABEL, 72, "e6a4e70ff5b9ed41a6c4dfc196a8e81b", "499ab50880d64213e5f67e6109c230b6"),
    (MFG_LABEL, 120, "1574c1a69de3c075c8e6e34768d957da", "da6ccf50fcf40d57f00c0dd4c4c80387"),
)


def p_sha256(secret, seed, size):
    """RFC 5246 section 5."""
    out, a = b"", seed
    while len(out) < size:
        a = hmac.digest(secret, a, hashlib.sha256)
        out += hmac.digest(secret, a + seed, hashlib.sha256)
    return out[:size]


def owner_credential(master, client, server, label, block, obt, device):
    keys = p_sha256(master, b"key expansion" + server + client, block)
    return p_sha256(keys, label.encode() + uuid.UUID(obt).bytes + uuid.UUID(device).bytes, 16)


def live_credential(owner, session, label, block):
    """What the device derives, from a session whose secrets the test knows."""
    owner.session, own = session, owner.session
    try:
        prepare(owner)
        master, client, server = session.secrets()
        owner.post(CRED, {"creds": [psk(OBT, b"")], "rowneruuid": OBT})
        finish(owner)
    finally:
        owner.session = own
    return owner_credential(master, client, server, label, block, OBT, RENAMED)


def line_040_owner_credentials(lab):
    for label, block, want, swapped in VECTORS:
        same(f"{label} {block}", owner_credential(MASTER, CLIENT, SERVER, label, block, OBT_V, DEVICE_V).hex(),
             want)
        same("swapped", owner_credential(MASTER, CLIENT, SERVER, label, block, DEVICE_V, OBT_V).hex(), swapped)
    # The same function beside a live device: its peer is OpenSSL, but for Just Works.
    factory = from_the_factory(lab)
    for method, cipher, label, block in ((1, "ECDHE-PSK-AES128-CBC-SHA256", PIN_LABEL, 96),
                                         (2, "ECDHE-ECDSA-AES128-CCM8", MFG_LABEL, 40),
                                         (2, "ECDHE-ECDSA-AES256-CCM", MFG_LABEL, 72)):
        d = lab.device(prepare=factory)
        former = get(DOXM, host=DEVICE6)[1]["deviceuuid"]
        same("select", clear(POST, DOXM, body={"oxmsel": method}), 204)
        auth = ()
        if method == 1:
            _, identity, key = pin_terms(d.pin(), former)
            auth = ("-psk_identity", identity.decode(), "-psk", key.hex())
        with OpenSsl(cipher, *auth) as session, Owner(d) as owner:
            key = live_credential(owner, session, label, block)
            check(comes_back(lab, key), f"derived over {cipher}")
        d.stop()
    owner = lab.doc(method=0)
    owner.transfer()
    owner.state(RFPRO)
    owner.come_back()


def prepare(owner):
    """All but the credential and what follows it."""
    owner.post(PSTAT, {"om": 4})
    owner.post(DOXM, {"devowneruuid": OBT})
    owner.post(DOXM, {"deviceuuid": RENAMED})
    for path in (DOXM, ACL2, PSTAT):
        owner.post(path, {"rowneruuid": OBT})


def finish(owner):
    owner.post(DOXM, {"owned": True})
    owner.state(RFPRO)
    owner.state(RFNOP)


def empty(data, encoding):
    private = {"encoding": encoding} if data is None else {"encoding": encoding, "data": data}
    return {"credtype": 1, "subjectuuid": OBT, "privatedata": private}


def comes_back(lab, key):
    s = lab.session()
    s.say(s.opening(*normal_terms(OBT, key)))
    return s.next() == "open c037"


def line_041_forms_of_the_empty_key(lab):
    for data, encoding in ((b"", RAW), ("", BASE64), (None, RAW)):
        with lab.doc() as owner:
            prepare(owner)
            key = owner.session.owner_key(PIN_LABEL, OBT, RENAMED)
            owner.post(CRED, {"creds": [empty(data, encoding)], "rowneruuid": OBT})
            shown = owner.session.get(CRED)[1]["creds"]
            same("GET", [c["privatedata"]["data"] for c in shown], [b""])
            finish(owner)
            check(comes_back(lab, key), f"derived for {data} {encoding}")
        owner.device.stop()


def line_042_made_from_the_final_deviceuuid(lab):
    owner = lab.doc()
    prepare(owner)
    keys = [owner.session.owner_key(PIN_LABEL, OBT, u) for u in (owner.temporal, RENAMED)]
    owner.post(CRED, {"creds": [psk(OBT, b"")], "rowneruuid": OBT})
    finish(owner)
    same("temporal, final", [comes_back(lab, key) for key in keys], [False, True])


def line_043_rowneruuid_behind_creds(lab):
    owner = lab.doc()
    owner.post(PSTAT, {"om": 4})
    body = cbor2.dumps({"creds": [psk(OBT, b"")], "rowneruuid": OBT})
    check(body.index(b"creds") < body.index(b"rowneruuid"), "the order on the wire")
    owner.post(CRED, body)  # nothing else says yet who the owner is
    cred = owner.session.get(CRED)[1]
    same("cred", (cred["rowneruuid"], [c["subjectuuid"] for c in cred["creds"]]), (OBT, [OBT]))


def line_044_an_explicit_key_is_used(lab):
    owner = lab.doc()
    prepare(owner)
    owner.post(CRED, {"creds": [psk(OBT, KEY)], "rowneruuid": OBT})
    finish(owner)
    check(comes_back(lab, KEY), "the session with that key")


def line_045_no_empty_key_for_others(lab):
    owner = lab.doc()
    prepare(owner)
    owner.post(CRED, {"rowneruuid": OBT})
    for subject in (STRANGER, NIL):
        same(subject, owner.session.request(POST, CRED, body={"creds": [psk(subject, b"")]})[0], 400)
    both = {"creds": [psk(OBT, b""), psk(STRANGER, b"")]}
    same("beside the owner's", owner.session.request(POST, CRED, body=both)[0], 400)
    same("stored", owner.session.get(CRED)[1]["creds"], [])


def line_046_the_owner_comes_back_with_it(lab):
    owner = lab.owned()
    check(comes_back(lab, owner.key), "with the owner credential")
    check(not comes_back(lab, bytes(16)), "not with another key")
    same("as the owner", owner.session.get(DOXM)[0], 205)


def line_047_hint_of_that_session(lab):
    lab.owned()
    with Hello(DEVICE6) as h:
        same("suite", h.offer(PSK), PSK)
        same("hint", h.hint(), uuid.UUID(RENAMED).bytes)


def line_048_subject_of_the_owner_credential(lab):
    owner = lab.owned()
    creds, doxm = owner.session.get(CRED)[1]["creds"], owner.session.get(DOXM)[1]
    same("subject", ([c["subjectuuid"] for c in creds], doxm["rowneruuid"]), ([OBT], OBT))
    same("type", creds[0]["credtype"], 1)
