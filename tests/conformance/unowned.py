"""RFOTM before there is an onboarding connection."""
from hello import CCM_SUITES, JUST_WORKS, OTHER_SUITES, PSK, Hello
from lab import (ACL2, AEL, CRED, CSR, DEVICE4, DEVICE6, DOXM, GET, NIL, OBT, POST, PSTAT, RENAMED, SDI, SP,
                 check, clear, fetch, get, request, same)


def line_018_owned_query_has_to_agree(lab):
    lab.device()
    for query in ("owned=true", "owned=tttt", "owned"):
        same(query, clear(GET, DOXM, query), 400)
    same("owned=false", clear(GET, DOXM, "owned=false"), 205)


def line_019_what_doxm_shows(lab):
    lab.device()
    code, doxm = get(DOXM, host=DEVICE6)
    same("code", code, 205)
    check(doxm["oxms"] and all(isinstance(n, int) and n != 4 for n in doxm["oxms"]), doxm["oxms"])
    check(any(n < 0xFF00 for n in doxm["oxms"]), "one of the standard's methods")
    check(doxm["sct"] & 1, "pairwise keys")
    same("selected, owned", (doxm["oxmsel"], doxm["owned"]), (4, False))
    same("owners", (doxm["devowneruuid"], doxm["rowneruuid"]), (NIL, NIL))
    check(doxm["deviceuuid"] != NIL and len(doxm["deviceuuid"]) == 36, doxm["deviceuuid"])


def line_020_only_offered_methods_can_be_selected(lab):
    lab.device()
    offered = get(DOXM, host=DEVICE6)[1]["oxms"]
    for oxm in offered:
        same(f"oxmsel {oxm}", clear(POST, DOXM, body={"oxmsel": oxm}), 204)
        same("oxmsel", get(DOXM, host=DEVICE6)[1]["oxmsel"], oxm)
    for oxm in {2, 3, 4, 5, 7, 0xFF00, 0xFF01, 0xFFFF} - set(offered):
        same(f"oxmsel {oxm}", clear(POST, DOXM, body={"oxmsel": oxm}), 400)
        same("oxmsel", get(DOXM, host=DEVICE6)[1]["oxmsel"], offered[-1])


def line_021_ownership_is_not_taken_in_the_clear(lab):
    lab.device()
    before = get(DOXM, host=DEVICE6)
    for body in ({"owned": True}, {"deviceuuid": RENAMED}, {"devowneruuid": OBT}, {"rowneruuid": OBT}):
        same(body, clear(POST, DOXM, body=body), 400)
        same("doxm", get(DOXM, host=DEVICE6), before)


def line_022_a_good_property_does_not_carry_a_bad_one(lab):
    lab.device()
    before = get(DOXM, host=DEVICE6)
    same("code", clear(POST, DOXM, body={"oxmsel": 0, "devowneruuid": OBT}), 400)
    same("code", clear(POST, DOXM, body={"devowneruuid": OBT, "oxmsel": 1}), 400)
    same("doxm", get(DOXM, host=DEVICE6), before)


def line_023_pstat_is_read_only(lab):
    lab.device()
    before = get(PSTAT, host=DEVICE6)
    same("GET", (before[0], before[1]["dos"]), (205, {"s": 1, "p": False}))
    for body in ({"dos": {"s": 2}}, {"om": 4}, {"rowneruuid": OBT}):
        same(f"POST {body}", clear(POST, PSTAT, body=body), 401)
    same("pstat", get(PSTAT, host=DEVICE6), before)


def line_024_other_svrs_are_closed(lab):
    lab.device()
    for path in (CRED, ACL2, CSR, SP, SDI, AEL):
        same(path, request(GET, path, host=DEVICE6), (401, None))


def line_025_discovery_is_open_without_an_acl(lab):
    d = lab.device()
    for host in (DEVICE4, DEVICE6):
        for path in ("/oic/res", "/oic/d", "/oic/p"):
            same(path, fetch(path, host=host)[0], 205)
    owner = lab.doc(device=d)
    same("the ACL", owner.session.get(ACL2)[1]["aclist2"], [])


def line_026_no_handshake_before_a_method_is_selected(lab):
    lab.device()
    for host in (DEVICE4, DEVICE6):
        with Hello(host) as h:
            same("answer", (h.offer(JUST_WORKS, PSK, *CCM_SUITES), h.messages, h.alert), (None, {}, None))
    same("select", clear(POST, DOXM, body={"oxmsel": 1}), 204)
    with Hello(DEVICE6) as h:
        same("afterwards", h.offer(PSK), PSK)


ALL = (*OTHER_SUITES, JUST_WORKS, PSK, *CCM_SUITES)


def only(method, suites):
    """Each of these suites is chosen, alone and among all others; without them, none."""
    same(f"oxmsel {method}", clear(POST, DOXM, body={"oxmsel": method}), 204)
    for suite in suites:
        with Hello(DEVICE6) as h:
            same(f"{suite:04x} offered", h.offer(suite), suite)
    with Hello(DEVICE6) as h:
        check(h.offer(*ALL) in suites, f"among all: {h.messages}")
    others = [s for s in ALL if s not in suites]
    with Hello(DEVICE6) as h:
        same("the others offered", h.offer(*others), None)
        check(h.alert is not None, "an alert")
    for suite in others:
        with Hello(DEVICE6) as h:
            same(f"{suite:04x} offered", h.offer(suite), None)
