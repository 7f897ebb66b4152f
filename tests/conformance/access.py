"""Who may do what: subjects, wildcards, permissions, owners of resources."""
from lab import (ACL2, CRED, DELETE, DEVICE6, DOXM, FRIEND, GET, KEY, OBT, POST, PSTAT, RFNOP, RFPRO, ROLES,
                 SDI, SP, SRESET, STRANGER, ace, check, clear, psk, request, same)

ANYONE, KNOWN = {"conntype": "anon-clear"}, {"conntype": "auth-crypt"}


def with_peers(lab, *aces, state=RFNOP):
    """An owner whose device knows two more peers and has these rules."""
    owner = lab.owned(RFPRO)
    owner.post(CRED, {"creds": [psk(FRIEND), psk(STRANGER)]})
    owner.post(ACL2, {"aclist2": list(aces)})
    if state != RFPRO:
        owner.state(state)
    return owner


def line_078_anon_clear_opens_no_svr(lab):
    with_peers(lab, ace(ANYONE, CRED, 31), ace(ANYONE, "/oic/p", 2))
    same("cred, unsecured", clear(GET, CRED), 401)
    same("the same rule elsewhere", clear(GET, "/oic/p"), 205)
    peer = lab.peer(STRANGER)
    same("cred, secured", peer.get(CRED)[0], 401)
    same("POST", clear(POST, CRED, body={"creds": []}), 401)


def line_079_auth_crypt_opens_no_svr(lab):
    paths = (DOXM, PSTAT, CRED, ACL2, SP, SDI, "/oic/sec/csr", "/oic/sec/ael")
    with_peers(lab, *(ace(KNOWN, p, 31) for p in (*paths, "/oic/p")))
    peer = lab.peer(STRANGER)
    for path in paths:
        same(path, peer.get(path)[0], 401)
    same("the same rule elsewhere", peer.get("/oic/p")[0], 205)
    same("roles", peer.get(ROLES)[0], 205)


def line_081_the_wildcard_is_for_applications(lab):
    with_peers(lab, ace({"uuid": FRIEND}, "*", 31), ace(ANYONE, "*", 31))
    peer = lab.peer(FRIEND)
    for path in (DOXM, PSTAT, CRED, ACL2, SP, SDI, "/oic/d", "/oic/p", "/oic/res"):
        same(path, peer.get(path)[0], 401)
        same(f"{path} unsecured", clear(GET, path), 401)


def line_083_permissions(lab):
    body = {"aclist2": []}
    for permission, get, post, delete in ((2, 205, 401, 401), (4, 401, 204, 401), (8, 401, 401, 202)):
        owner = with_peers(lab, ace({"uuid": FRIEND}, ACL2, permission), state=RFPRO)
        peer = lab.peer(FRIEND)
        same(f"permission {permission}",
             (peer.get(ACL2)[0], peer.request(POST, ACL2, body=body)[0], peer.request(DELETE, ACL2)[0]),
             (get, post, delete))
        owner.device.stop()


def line_084_one_subject_in_a_rule(lab):
    owner = lab.owned(RFPRO)
    for subject in ({"uuid": FRIEND, "conntype": "auth-crypt"}, {"uuid": FRIEND, "role": "x"},
                    {"role": "x", "conntype": "anon-clear"}, {}):
        same(subject, owner.session.request(POST, ACL2, body={"aclist2": [ace(subject, DOXM, 2)]})[0], 400)
    same("stored", owner.session.get(ACL2)[1]["aclist2"], [])


def line_085_owners_of_different_resources(lab):
    owner = with_peers(lab, state=SRESET)
    owner.post(CRED, {"rowneruuid": FRIEND})
    owner.post(ACL2, {"rowneruuid": STRANGER})
    owner.state(RFPRO)
    write_cred = {"creds": [psk("5d1f7a3e-6a40-4b6f-9a1c-0c2f6f1b8e03")]}
    write_acl = {"aclist2": [ace({"uuid": OBT}, SP, 2)]}
    for name, uuid, cred, acl in (("cred's owner", FRIEND, 204, 401), ("acl2's owner", STRANGER, 401, 204)):
        peer = lab.peer(uuid)
        same(name, (peer.request(POST, CRED, body=write_cred)[0], peer.request(POST, ACL2, body=write_acl)[0]),
             (cred, acl))


def line_086_owners_need_no_rule(lab):
    owner = lab.owned(RFPRO)
    for state in (RFPRO, RFNOP, SRESET):
        if state != RFPRO:
            owner.state(state)
        same("the ACL", owner.session.get(ACL2)[1]["aclist2"], [])
        for path in (DOXM, PSTAT, CRED, ACL2):
            same(f"{path}, state {state}", owner.session.get(path)[0], 205)
    owner.post(PSTAT, {"dos": {"s": RFPRO}})
    owner.post(CRED, {"creds": [psk(FRIEND, KEY)]})
