"""Who is answered when somebody asks the groups, and what /oic/res tells."""
import ipaddress
import socket

import cbor2

from lab import (DEVICE6, DOXM, GET, NIL, NON, OBT, POST, PSTAT, RENAMED, RESET, RFNOP, RFPRO,
                 SDI, SRESET, ace, ACL2, check, clear, each_once, fetch, get, message, parse, pin_terms, request,
                 same, silence, wait_for)
from prompt import Watch

FALSE = ("owned=false", "owned=FALSE", "Owned=False")
FORMS = (None, "owned=false", "owned=true")
GROUPS6 = ("ff02::158", "ff03::158", "ff05::158")
DOMAIN, OTHER_DOMAIN = "6e1ff0c2-9f5a-4d1b-8a55-3a6f6d2f0001", "6e1ff0c2-9f5a-4d1b-8a55-3a6f6d2f0002"


def line_001_joins_all_groups(lab):
    lab.device()
    groups = lab.groups()
    index = socket.if_nametoindex("eth0")
    same("224.0.1.187", sum(1 for _ in ask(groups, 4, ("224.0.1.187", 5683))), 1)
    for group in GROUPS6:
        same(group, sum(1 for _ in ask(groups, 6, (group, 5683, 0, index))), 1)


def ask(groups, family, to):
    groups.sockets[family].sendto(message(GET, DOXM, kind=NON), to)
    return groups.collect(want=1)


def line_007_one_answer_in_time(lab):
    d, groups = lab.device(leisure="300ms"), lab.groups()
    for family in (4, 6):
        sent, watch = message(GET, DOXM, kind=NON), Watch(d.process.pid)
        groups.send(sent, family)
        answer, source = groups.sockets[family].recvfrom(2048)
        took = watch.seconds()
        same("from the unicast socket", (source[1], ipaddress.ip_address(source[0]).is_multicast), (5683, False))
        same("code and kind", (parse(answer)[0], answer[0] >> 4 & 3), (205, NON))
        same("token", answer[4:8], sent[4:8])
        check(took < 0.3 + 0.3, f"within 300 ms and the time of this machine: {took:.2f} s")
        same("others", groups.collect(0.5), [])


def line_008_owned_false_in_any_case(lab):
    lab.device()
    each_once(lab.groups(), *FALSE)


def line_009_owned_true_is_not_answered(lab):
    lab.device()
    groups = lab.groups()
    silence(groups, "owned=true", "owned=TRUE")
    each_once(groups, None)


def line_010_owned_foo_is_not_answered(lab):
    lab.device()
    groups = lab.groups()
    silence(groups, "owned=foo", "owned=", "owned")
    each_once(groups, None)


def line_011_silent_while_the_doc_is_open(lab):
    owner, groups = lab.doc(), lab.groups()
    silence(groups, *FORMS)
    owner.transfer()
    silence(groups, *FORMS)


def line_012_silent_in_rfpro(lab):
    lab.owned(RFPRO)
    silence(lab.groups(), *FORMS)


def open_doxm(owner):
    owner.post(ACL2, {"aclist2": [ace({"conntype": "anon-clear"}, DOXM, 31)]})


def line_013_silent_in_rfnop_whatever_the_acl_says(lab):
    owner = lab.owned(RFPRO)
    open_doxm(owner)
    owner.state(RFNOP)
    silence(lab.groups(), None, "owned=false")


def line_014_silent_in_rfnop_to_owned_true(lab):
    owner = lab.owned(RFPRO)
    open_doxm(owner)
    owner.state(RFNOP)
    silence(lab.groups(), "owned=true")


def line_015_found_again_after_reset(lab):
    owner, groups = lab.owned(), lab.groups()
    owner.post(PSTAT, {"dos": {"s": RESET}})
    owner.device.wait_log("state RESET to RFOTM")
    sent = message(GET, DOXM, ("owned=false",), kind=NON)
    groups.send(sent, 6)
    answers = groups.collect(want=1)
    same("answers", len(answers), 1)
    code, _, payload = parse(answers[0][0])
    doxm = cbor2.loads(payload)
    same("code, owned", (code, doxm["owned"]), (205, False))
    check(doxm["deviceuuid"] not in (RENAMED, owner.temporal), "a new deviceuuid")


def line_016_a_doc_opened_meanwhile_suppresses_the_answer(lab):
    d, groups = lab.device(leisure="3s"), lab.groups()
    former = get(DOXM, host=DEVICE6)[1]["deviceuuid"]
    same("select", clear(POST, DOXM, body={"oxmsel": 1}), 204)
    terms = pin_terms(d.pin(), former)
    for _ in range(8):
        groups.send(message(GET, DOXM, kind=NON), 6)
    lab.session(*terms)
    early = groups.collect(0)
    check(len(early) < 8, "some were to come later")
    same("asked before, due now", groups.collect(3.2), [])


def line_017_one_answer_to_a_repeated_request(lab):
    lab.device(leisure="300ms")
    groups = lab.groups()
    sent = message(GET, DOXM, kind=NON)
    groups.send(sent, 4, 6, 4, 6)
    same("answers to one request", len(groups.collect(0.6, 1)), 1)
    others = [lab.groups() for _ in range(8)]
    for n, other in enumerate(others):
        other.send(message(GET, DOXM, kind=NON), 4 if n % 2 else 6)
    same("answers to each of eight", [len(o.collect(0.6 if o is others[0] else 0, 1)) for o in others], [1] * 8)


def line_074_a_private_domain_is_not_told(lab):
    owner = lab.doc()
    owner.post(SDI, {"uuid": DOMAIN, "name": "home", "priv": False})
    owner.transfer()
    owner.state(RFPRO)
    owner.post(ACL2, {"aclist2": [ace({"conntype": "anon-clear"}, "/oic/res", 2)]})

    def baseline():
        return fetch("/oic/res", "if=oic.if.baseline", host=DEVICE6)[1][0]
    told = baseline()
    same("domain", (told["sduuid"], told["sdname"]), (DOMAIN, "home"))
    same("asked by domain", fetch("/oic/res", f"sduuid={DOMAIN.upper()}", host=DEVICE6)[0], 205)
    owner.post(SDI, {"priv": True})
    check(not {"sduuid", "sdname"} & set(baseline()), "hidden")
    same("asked by domain", request(GET, "/oic/res", (f"sduuid={DOMAIN}",), host=DEVICE6, timeout=0.5), None)
    silence(lab.groups(), f"sduuid={DOMAIN}", path="/oic/res")


def line_075_another_domain_gets_no_answer(lab):
    lab.device()
    groups = lab.groups()
    same("unicast", request(GET, "/oic/res", (f"sduuid={OTHER_DOMAIN}",), host=DEVICE6, timeout=0.5), None)
    silence(groups, f"sduuid={OTHER_DOMAIN}", path="/oic/res")
    each_once(groups, None, f"sduuid={NIL}", path="/oic/res")  # the present one


def schemes(links):
    """Of the endpoints of the one link to doxm."""
    same("links", [link["href"] for link in links], [DOXM])
    return [e["ep"].split(":")[0] for e in links[0]["eps"]]


def line_076_endpoints_of_doxm_follow_the_state(lab):
    d = lab.device()

    def by_type(ask=lambda: get("/oic/res", "rt=oic.r.doxm", host=DEVICE6)):
        return schemes(ask()[1])
    same("idle", sorted(by_type()), ["coap", "coaps"])
    owner = lab.doc(device=d)

    def over():
        return owner.session.get("/oic/res", "rt=oic.r.doxm")
    same("DOC", by_type(over), ["coaps"])
    owner.transfer()
    owner.state(RFPRO)
    same("RFPRO", by_type(over), ["coaps"])
    owner.post(ACL2, {"aclist2": [ace({"conntype": "anon-clear"}, "/oic/res", 2)]})
    owner.state(RFNOP)
    same("RFNOP", by_type(), ["coaps"])
    owner.come_back()
    owner.state(SRESET)
    same("SRESET", by_type(), ["coaps"])


def line_077_anchors_follow_deviceuuid_at_once(lab):
    owner = lab.doc()

    def anchors():
        return {link["anchor"] for link in owner.session.transfer(GET, "/oic/res")[1]}
    same("before", anchors(), {f"ocf://{owner.temporal}"})
    owner.post(DOXM, {"devowneruuid": OBT})
    owner.post(DOXM, {"deviceuuid": RENAMED})
    same("after", anchors(), {f"ocf://{RENAMED}"})
    same("/oic/d", owner.session.get("/oic/d")[1]["di"], RENAMED)
