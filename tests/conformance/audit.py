"""/oic/sec/ael: what is of note."""
from lab import ACL2, AEL, CRED, DEVICE6, FRIEND, GET, OBT, RFPRO, ace, check, clear, normal_terms, same

ACCESS, AUTHENTICATION, ALL = 1, 8, 255


def events(owner):
    return [e["aeid"] for e in owner.session.transfer(GET, AEL)[1]["events"]]


def make_events(lab):
    """A request that is refused, and a handshake that fails."""
    same("refused", clear(GET, CRED), 401)
    s = lab.session()
    s.say(s.opening(*normal_terms(FRIEND, bytes(16))))
    s.expect("end")


def line_090_what_is_recorded(lab):
    owner = lab.owned(RFPRO)
    owner.post(ACL2, {"aclist2": [ace({"uuid": OBT}, AEL, 6)]})

    def recorded(**filters):
        owner.post(AEL, filters)
        before = events(owner)
        make_events(lab)
        now = events(owner)
        same("the former ones are kept", now[:len(before)], before)
        return [e for e in now[len(before):] if e in ("AC-1", "AUTH-1")]
    same("all", recorded(categoryfilter=ALL, priorityfilter=4), ["AC-1", "AUTH-1"])
    last = next(e for e in reversed(owner.session.transfer(GET, AEL)[1]["events"]) if e["aeid"] == "AC-1")
    same("category, priority", (last["category"], last["priority"]), (ACCESS, 2))
    check(any(CRED in info for info in last["auxiliaryinfo"]), last)
    same("authentication", recorded(categoryfilter=AUTHENTICATION, priorityfilter=4), ["AUTH-1"])
    same("access", recorded(categoryfilter=ACCESS, priorityfilter=4), ["AC-1"])
    same("by priority", recorded(categoryfilter=ALL, priorityfilter=1), ["AUTH-1"])
    same("nothing", recorded(categoryfilter=0, priorityfilter=4), [])
