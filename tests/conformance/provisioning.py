"""Credentials, access rules and the rest, as the owner writes them from RFPRO to SRESET."""
from lab import (ACL2, AEL, CRED, DELETE, DOXM, FRIEND, GET, KEY, OBT, POST, RENAMED, RFNOP, RFOTM, RFPRO, SDI,
                 SP, SRESET, STRANGER, ace, check, psk, same)

OTHER_KEY = bytes(range(0x20, 0x30))
BLACK = "1.3.6.1.4.1.51414.0.0.2.0"


def reach(owner, path, permission=31):
    """The owner gets a resource that belongs to nobody."""
    owner.post(ACL2, {"aclist2": [ace({"uuid": OBT}, path, permission)]})


def code(owner, method, path, *query, body=None):
    return owner.session.request(method, path, query, body)[0]


def creds(owner):
    return owner.session.transfer(GET, CRED)[1]["creds"]


def line_059_rfnop_is_read_only(lab):
    owner = lab.owned(RFPRO)
    for path in (DOXM, SDI, SP, AEL):
        reach(owner, path)
    owner.state(RFNOP)
    before = [owner.session.transfer(GET, p) for p in (CRED, ACL2, DOXM, SDI, SP)]
    for path, body in (
            (CRED, {"creds": [psk(FRIEND)]}), (ACL2, {"aclist2": [ace({"uuid": FRIEND}, DOXM, 2)]}),
            (DOXM, {"oxmsel": 1}), (DOXM, {"owned": False}), (DOXM, {"deviceuuid": FRIEND}),
            (DOXM, {"devowneruuid": FRIEND}), (DOXM, {"rowneruuid": FRIEND}),
            (SDI, {"uuid": FRIEND}), (SDI, {"name": "x"}), (SDI, {"priv": True}),
            (SP, {"currentprofile": "1.3.6.1.4.1.51414.0.0.1.0"}),
            (SP, {"supportedprofiles": ["1.3.6.1.4.1.51414.0.0.1.0"]})):
        same(f"{path} {body}", code(owner, POST, path, body=body), 400)
    same(AEL, code(owner, POST, AEL, body={"categoryfilter": 1}), 403)
    same("all as before", [owner.session.transfer(GET, p) for p in (CRED, ACL2, DOXM, SDI, SP)], before)


def line_060_rfnop_deletes_nothing(lab):
    owner = lab.owned()
    for path in (CRED, ACL2):
        same(path, code(owner, DELETE, path), 403)
    same("credentials", len(creds(owner)), 1)


def line_061_a_credential_is_deleted_once(lab):
    owner = lab.owned(RFPRO)
    owner.post(CRED, {"creds": [psk(FRIEND, credid=7), psk(STRANGER, credid=8)]})
    same("first", code(owner, DELETE, CRED, "credid=7"), 202)
    same("again", code(owner, DELETE, CRED, "credid=7"), 404)
    same("left", {c["subjectuuid"] for c in creds(owner)}, {OBT, STRANGER})


def line_062_credentials_of_one_subject(lab):
    owner = lab.owned(RFPRO)
    owner.post(CRED, {"creds": [psk(FRIEND), psk(STRANGER), psk(FRIEND, OTHER_KEY)]})
    same("code", code(owner, DELETE, CRED, f"subjectuuid={FRIEND}"), 202)
    same("left", [c["subjectuuid"] for c in creds(owner)], [OBT, STRANGER])


def line_063_access_rules_are_deleted(lab):
    owner = lab.owned(RFPRO)
    owner.post(ACL2, {"aclist2": [ace({"uuid": FRIEND}, DOXM, 2, aceid=n) for n in (5, 6, 7)]})
    same("one", code(owner, DELETE, ACL2, "aceid=6"), 202)
    for unknown in ("aceid=6", "aceid=0", "aceid=99"):
        same(unknown, code(owner, DELETE, ACL2, unknown), 404)
    same("left", [a["aceid"] for a in owner.session.get(ACL2)[1]["aclist2"]], [5, 7])
    same("all", code(owner, DELETE, ACL2), 202)
    same("none left", owner.session.get(ACL2)[1]["aclist2"], [])


def line_064_a_known_credid_replaces(lab):
    owner = lab.owned(RFPRO)
    owner.post(CRED, {"creds": [psk(FRIEND, credid=7)]})
    owner.post(CRED, {"creds": [psk(STRANGER, OTHER_KEY, credid=7)]})
    same("entries", [(c["credid"], c["subjectuuid"]) for c in creds(owner) if c["credid"] == 7],
         [(7, STRANGER)])
    lab.peer(STRANGER, OTHER_KEY)
    s = lab.session()
    s.say(s.opening("normal", bytes.fromhex(FRIEND.replace("-", "")), KEY))
    s.expect("end")


def line_065_when_resource_owners_change(lab):
    owner = lab.doc()
    for path in (CRED, ACL2):
        owner.post(path, {"rowneruuid": OBT})
        same(path, owner.session.get(path)[1]["rowneruuid"], OBT)
    owner.transfer()
    owner.state(RFPRO)
    owner.come_back()
    for state, want in ((RFPRO, 400), (RFNOP, 400), (SRESET, 204)):
        if state != RFPRO:
            owner.state(state)
        for path in (CRED, ACL2):
            same(f"{path}, state {state}", code(owner, POST, path, body={"rowneruuid": OBT}), want)


def line_073_when_the_security_domain_changes(lab):
    owner = lab.doc()
    whole = {"uuid": RENAMED, "name": "home", "priv": False}
    owner.post(SDI, whole)
    same("RFOTM", {k: owner.session.get(SDI)[1][k] for k in whole}, whole)
    owner.transfer()
    owner.state(RFPRO)
    owner.come_back()
    reach(owner, SDI)
    for state, want in ((RFPRO, 204), (RFNOP, 400), (SRESET, 204)):
        if state != RFPRO:
            owner.state(state)
        same(f"uuid, state {state}", code(owner, POST, SDI, body={"uuid": FRIEND}), 400)
        same(f"name, state {state}", code(owner, POST, SDI, body={"name": f"n{state}"}), want)
        same(f"priv, state {state}", code(owner, POST, SDI, body={"priv": state == SRESET}), want)
    got = owner.session.get(SDI)[1]
    same("at the end", (got["uuid"], got["name"], got["priv"]), (RENAMED, f"n{SRESET}", True))


def line_089_security_profiles(lab):
    owner = lab.owned(RFPRO)
    reach(owner, SP)
    sp = owner.session.get(SP)[1]
    check(sp["currentprofile"] in sp["supportedprofiles"], sp)
    check(BLACK not in sp["supportedprofiles"], "another one by default")
    same("not supported", code(owner, POST, SP, body={"currentprofile": BLACK}), 400)
    owner.post(SP, {"supportedprofiles": [*sp["supportedprofiles"], BLACK]})
    owner.post(SP, {"currentprofile": BLACK})
    same("now", owner.session.get(SP)[1]["currentprofile"], BLACK)
    owner.state(RFNOP)
    same("RFNOP", code(owner, POST, SP, body={"currentprofile": sp["currentprofile"]}), 400)
