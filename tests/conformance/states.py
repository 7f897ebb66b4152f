"""pstat: the state machine and its reset."""
import time

from dtls_pipe import NOTIFY
from lab import (ACL2, CRED, DEVICE4, DEVICE6, DOXM, FRIEND, GET, NIL, NON, OBT, POST, PSTAT, RENAMED, RESET,
                 RFNOP, RFOTM, RFPRO, SDI, SRESET, STRANGER, ace, check, clear, decode, each_once, get,
                 message, plain_socket, psk, request, same, silence, wait_for)

OWNERS = (DOXM, PSTAT, ACL2, CRED)


def dos(owner):
    return owner.session.get(PSTAT)[1]["dos"]["s"]


def ask(owner, s):
    return owner.session.request(POST, PSTAT, body={"dos": {"s": s}})[0]


def line_049_no_rfpro_without_owned(lab):
    owner = lab.doc()
    owner.post(PSTAT, {"om": 4})
    owner.post(DOXM, {"devowneruuid": OBT})
    owner.post(CRED, {"creds": [psk(OBT)], "rowneruuid": OBT})
    for path in (DOXM, PSTAT, ACL2):
        owner.post(path, {"rowneruuid": OBT})
    same("s=2", ask(owner, RFPRO), 400)
    same("state", dos(owner), RFOTM)
    owner.post(DOXM, {"owned": True})
    same("s=2, owned", ask(owner, RFPRO), 204)


def transfer_but(owner, path, rowner):
    """All that RFPRO asks for, but for one resource's owner (None: left nil)."""
    owner.post(DOXM, {"devowneruuid": OBT, "rowneruuid": OBT})
    owner.post(CRED, {"creds": [psk(OBT)]})
    owner.post(DOXM, {"owned": True})
    for each in OWNERS:
        value = rowner if each == path else OBT
        owner.post(each, {"rowneruuid": value or NIL})


def line_050_nor_without_each_resource_owner(lab):
    d = lab.device()
    for path in OWNERS:
        for rowner in (None, STRANGER):
            with lab.doc(device=d) as owner:
                transfer_but(owner, path, rowner)
                same(f"s=2, {path} owned by {rowner}", ask(owner, RFPRO), 400)
                same("state", dos(owner), RFOTM)
                if rowner:
                    owner.post(CRED, {"creds": [psk(rowner)]})
                else:
                    owner.post(path, {"rowneruuid": OBT})
                same("s=2, mended", ask(owner, RFPRO), 204)
                same("s=0", ask(owner, RESET), 204)
                owner.session.close()
                wait_for(lambda: clear(GET, DOXM) == 205, "device after reset")


def line_051_steps_that_are_not(lab):
    owner = lab.doc()
    owner.transfer()
    for to in (RFNOP, SRESET):
        same(f"1->{to}", (ask(owner, to), dos(owner)), (400, RFOTM))
    owner.state(RFPRO)
    owner.come_back()
    for at, to in ((RFPRO, RFOTM), (RFNOP, RFOTM), (SRESET, RFNOP)):
        if dos(owner) != at:
            owner.state(at)
        same(f"{at}->{to}", (ask(owner, to), dos(owner)), (400, at))


def line_052_steps_that_are(lab):
    owner = lab.doc()
    owner.transfer()
    for to in (RFPRO, RFNOP, RFPRO, SRESET, RFPRO, RFNOP, SRESET):
        if to == RFNOP:
            owner.come_back()
        same(f"to {to}", (ask(owner, to), dos(owner)), (204, to))
    owner.device.stop()
    for at in (RFPRO, RFNOP, SRESET):
        owner = lab.owned(at)
        same(f"{at}->0", ask(owner, RESET), 204)
        owner.device.wait_log("state RESET to RFOTM")
        owner.device.stop()
    owner = lab.doc()
    same("1->0", ask(owner, RESET), 204)
    owner.device.wait_log("state RESET to RFOTM")


def line_053_what_each_state_shows(lab):
    owner, want = lab.doc(), {RFOTM: 2, RFPRO: 0, RFNOP: 0, SRESET: 1}
    owner.transfer()
    for state in (RFOTM, RFPRO, RFNOP, SRESET):
        if state != RFOTM:
            owner.state(state)
        if state == RFPRO:
            owner.come_back()
        p = owner.session.get(PSTAT)[1]
        same(f"state {state}", (p["dos"], p["isop"], p["cm"] & 3, p["tm"]),
             ({"s": state, "p": False}, state == RFNOP, want[state], 0))


def line_054_what_only_the_device_sets(lab):
    owner = lab.doc()
    before = owner.session.get(PSTAT)
    for body in ({"isop": True}, {"cm": 2}, {"sm": 4}, {"dos": {"p": True}}, {"dos": {"s": 1, "p": False}},
                 {"om": 4, "isop": False}):
        same(body, owner.session.request(POST, PSTAT, body=body)[0], 400)
        same("pstat", owner.session.get(PSTAT), before)


def line_055_owner_of_pstat(lab):
    owner = lab.doc()
    owner.post(PSTAT, {"rowneruuid": OBT})
    same("RFOTM", owner.session.get(PSTAT)[1]["rowneruuid"], OBT)
    owner.transfer()
    owner.state(RFPRO)
    owner.come_back()
    for state in (RFPRO, RFNOP):
        same(f"state {state}", owner.session.request(POST, PSTAT, body={"rowneruuid": OBT})[0], 400)
        owner.state(RFNOP)
    same("unchanged", owner.session.get(PSTAT)[1]["rowneruuid"], OBT)


def line_056_client_directed(lab):
    owner = lab.doc()
    owner.post(PSTAT, {"om": 4})
    p = owner.session.get(PSTAT)[1]
    same("om, sm", (p["om"], p["sm"]), (4, 4))


def line_057_reset_over_the_owners_session(lab):
    owner = lab.owned()
    began = time.monotonic()
    same("s=0", ask(owner, RESET), 204)
    same("close_notify", int(owner.session.expect("end")), NOTIFY)
    wait_for(lambda: clear(GET, DOXM) == 205, "unowned device")
    check(time.monotonic() - began < 5, "within 5 s")
    same("state", get(PSTAT, host=DEVICE6)[1]["dos"]["s"], RFOTM)


def line_058_nothing_happens_while_a_reset_is_pending(lab):
    """The device waits 300 ms for the owner to go: all is sent before anything is awaited."""
    owner, groups = lab.owned(RFPRO), lab.groups()
    reset = message(POST, PSTAT, body={"dos": {"s": RESET}})
    writes = [message(POST, ACL2, body={"aclist2": [ace({"uuid": FRIEND}, DOXM, 2)]}),
              message(POST, PSTAT, body={"dos": {"s": RFNOP}}), message(GET, ACL2)]
    owner.session.say(*("send " + m.hex() for m in (reset, *writes)))
    same("s=0", decode(reset, bytes.fromhex(owner.session.expect("data")))[0], 204)
    with plain_socket(DEVICE6) as s:
        select = message(POST, DOXM, body={"oxmsel": 1})
        s.send(select)
        for family in (4, 6):
            groups.send(message(GET, DOXM, kind=NON), family)
            groups.send(message(GET, "/oic/res", kind=NON), family)
        for m in writes:
            same("secured", decode(m, bytes.fromhex(owner.session.expect("data")))[0], 503)
        same("unsecured", decode(select, s.recv(2048))[0], 503)
    check("RESET to RFOTM" not in owner.device.log(), "all this was before the wipe")
    same("multicast", groups.collect(), [])
    owner.device.wait_log("state RESET to RFOTM")
    each_once(groups, None)
