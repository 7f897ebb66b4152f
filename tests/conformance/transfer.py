"""The onboarding connection: what opens it, what it may, what its end leaves behind."""
import hashlib
import uuid

from dtls_pipe import PIN_IDENTITY
from hello import PSK, Hello
from lab import (ACL2, AEL, CRED, CSR, DEVICE6, DOXM, GET, NIL, OBT, POST, PSTAT, RENAMED, RFPRO, ROLES,
                 SDI, SP, STRANGER, ace, among, check, clear, get, pin_terms, psk, request,
                 same, wait_for)


def doxm(host=DEVICE6):
    return get(DOXM, host=host)[1]


def line_028_one_connection_at_a_time(lab):
    owner = lab.doc()
    for _ in range(2):
        with Hello(DEVICE6) as h:
            same("second client", (h.offer(PSK), h.messages, h.alert), (None, {}, None))
    owner.transfer()
    owner.state(RFPRO)
    owner.come_back()


def line_029_the_doc_alone_is_heard(lab):
    lab.doc()
    for path in (DOXM, "/oic/res"):
        among(path, clear(GET, path), (401, 403))


def line_030_the_doc_reaches_every_svr(lab):
    owner = lab.doc()
    for path in (DOXM, PSTAT, CRED, ACL2, CSR, ROLES, SP, SDI, AEL):
        same(f"GET {path}", owner.session.transfer(GET, path)[0], 205)
    same("the ACL", owner.session.get(ACL2)[1]["aclist2"], [])
    owner.post(DOXM, {"devowneruuid": OBT})
    owner.post(PSTAT, {"om": 4, "rowneruuid": OBT})
    owner.post(CRED, {"creds": [psk(STRANGER)]})
    owner.post(ACL2, {"aclist2": [ace({"uuid": OBT}, SP, 14)]})
    owner.post(SP, {"currentprofile": owner.session.get(SP)[1]["supportedprofiles"][0]})
    owner.post(SDI, {"uuid": RENAMED, "name": "home", "priv": False})
    owner.post(AEL, {"categoryfilter": 255, "priorityfilter": 4})


def line_031_the_method_is_fixed_by_now(lab):
    owner = lab.doc()
    for oxm in (0, 1):
        same(f"oxmsel {oxm}", owner.session.request(POST, DOXM, body={"oxmsel": oxm})[0], 400)
    same("oxmsel", owner.session.get(DOXM)[1]["oxmsel"], 1)


def expect_fresh(lab, owner, former):
    """A device as new, and nothing of the lost transfer in it."""
    wait_for(lambda: doxm() and doxm()["deviceuuid"] not in former, "new identity")
    now = doxm()
    same("doxm", (now["owned"], now["devowneruuid"], now["rowneruuid"], now["oxmsel"]),
         (False, NIL, NIL, 4))
    pstat = get(PSTAT, host=DEVICE6)[1]
    same("pstat", (pstat["dos"]["s"], pstat["rowneruuid"]), (1, NIL))
    again = lab.doc(device=owner.device)
    same("credentials", again.session.get(CRED)[1], {"creds": [], "rowneruuid": NIL})
    same("ACL", again.session.get(ACL2)[1], {"aclist2": [], "rowneruuid": NIL})


def line_032_closing_the_doc_undoes_the_transfer(lab):
    owner = lab.doc()
    owner.transfer()
    owner.post(ACL2, {"aclist2": [ace({"uuid": OBT}, SP, 2)]})
    owner.session.close()
    expect_fresh(lab, owner, (owner.temporal, RENAMED))


def line_033_so_does_its_silence(lab):
    owner = lab.doc(network="IdleTimeout=1s\n")
    owner.transfer()
    owner.session.close("drop")
    owner.device.wait_log("why=idle")
    expect_fresh(lab, owner, (owner.temporal, RENAMED))


def line_034_a_wrong_pin_costs_the_identity(lab):
    d = lab.device()
    former = doxm()["deviceuuid"]
    same("select", clear(POST, DOXM, body={"oxmsel": 1}), 204)
    pin = d.pin()
    s = lab.session()
    s.say(s.opening(*pin_terms(f"{(int(pin) + 1) % 10**8:08}", former)))
    s.expect("end")
    wait_for(lambda: doxm()["deviceuuid"] != former, "new identity")
    same("oxmsel", doxm()["oxmsel"], 4)
    s.say(s.opening(*pin_terms(pin, doxm()["deviceuuid"])))  # right once, void now
    same("select again", clear(POST, DOXM, body={"oxmsel": 1}), 204)
    check(d.pin() != pin, "a new PIN")


def line_036_a_power_cut_leaves_no_half_owner(lab):
    owner = lab.doc()
    owner.post(PSTAT, {"om": 4})
    owner.post(DOXM, {"devowneruuid": OBT})
    owner.post(DOXM, {"deviceuuid": RENAMED})
    for path in (DOXM, ACL2, PSTAT):
        owner.post(path, {"rowneruuid": OBT})
    owner.post(CRED, {"rowneruuid": OBT, "creds": [psk(OBT, b"")]})
    d = owner.device
    d.process.kill()
    d.process.wait()
    d.start()
    expect_fresh(lab, owner, (owner.temporal, RENAMED))


def line_037_hint_of_the_pin_handshake(lab):
    lab.device()
    same("select", clear(POST, DOXM, body={"oxmsel": 1}), 204)
    with Hello(DEVICE6) as h:
        same("suite", h.offer(PSK), PSK)
        same("hint", h.hint(), b"oic.sec.doxm.rdp:" + uuid.UUID(doxm()["deviceuuid"]).bytes)


def line_038_identity_of_the_pin_handshake(lab):
    d = lab.device()

    def attempt(identity):
        former = doxm()["deviceuuid"]
        same("select", clear(POST, DOXM, body={"oxmsel": 1}), 204)
        profile, _, key = pin_terms(d.pin(), former)
        s = lab.session()
        s.say(s.opening(profile, identity, key))
        event = s.next()
        if event.startswith("open"):
            s.close()
            wait_for(lambda: doxm() and doxm()["deviceuuid"] != former, "reset")
        return event.split()[0]
    same("the text", attempt(PIN_IDENTITY), "open")
    same("a raw UUID", attempt(uuid.UUID(OBT).bytes), "open")
    for identity in (b"someone", PIN_IDENTITY + b":", PIN_IDENTITY[:-1]):
        same(identity, attempt(identity), "end")


def line_039_key_of_a_pin(lab):
    salt = uuid.UUID("a71c3000-0000-4000-8000-000000000002").bytes
    same("vector", hashlib.pbkdf2_hmac("sha256", b"12345678", salt, 1000, 16).hex(),
         "4d4c01cb658a49bbade27e696620e81a")
    lab.doc()  # with a key from the same function, over the PIN and deviceuuid of now
