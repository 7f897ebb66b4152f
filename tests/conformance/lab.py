"""What the tests of conformance have in common: a device on a cable, and its owner on the other end.

A test is a function line_NNN_what_it_shows(lab) for line NNN of lines.tsv, with a device of its own."""
import contextlib
import os
import sys

sys.path.insert(0, f"{os.environ['SOURCE_DIR']}/tests/integration")
from dtls_pipe import Session, normal_terms, pin_terms  # noqa: E402
from onboard import (DEVICE4, DEVICE6, OBT, RANDOM_PIN, RENAMED, Device, Groups, Owner)  # noqa: E402
from secd import (DELETE, GET, POST, check, decode, fetch, get, message, parse, plain_socket,  # noqa: E402
                  request, wait_for)

DOXM, PSTAT, CRED, ACL2, CSR, ROLES, SP, SDI, AEL, CRL = (
    f"/oic/sec/{name}" for name in
    ("doxm", "pstat", "cred", "acl2", "csr", "roles", "sp", "sdi", "ael", "crl"))
SVRS = (DOXM, PSTAT, CRED, ACL2, CSR, ROLES, SP, SDI, AEL)
RESET, RFOTM, RFPRO, RFNOP, SRESET = range(5)
PUT = 3
NON = 1
NIL = "00000000-0000-0000-0000-000000000000"
FRIEND = "5d1f7a3e-6a40-4b6f-9a1c-0c2f6f1b8e01"
STRANGER = "5d1f7a3e-6a40-4b6f-9a1c-0c2f6f1b8e02"
KEY = bytes(range(1, 17))
RAW = "oic.sec.encoding.raw"


class Skip(Exception):
    """Why a test cannot be made here; tests/skips must know it."""


def same(what, got, want):
    check(got == want, f"{what}: {got}, not {want}")


def among(what, got, wanted):
    check(got in wanted, f"{what}: {got}, not one of {wanted}")


def psk(subject, key=KEY, **more):
    return {"credtype": 1, "subjectuuid": subject, "privatedata": {"encoding": RAW, "data": key}, **more}


def ace(subject, href, permission, **more):
    resource = {"wc": href} if href in "+-*" else {"href": href}
    return {"subject": subject, "resources": [resource], "permission": permission, **more}


class Theme(contextlib.ExitStack):
    """The life of one file of tests."""

    def __init__(self):
        super().__init__()
        self.had = {}


class Lab:
    """All that a test takes from here is gone when it ends, but for what its theme has once()."""

    def __init__(self, hosts, theme):
        self.hosts, self.theme, self.stack = hosts, theme, contextlib.ExitStack()

    def once(self, make):
        """What make(stack) gave when it was first asked for."""
        if make not in self.theme.had:
            self.theme.had[make] = make(self.theme)
        return self.theme.had[make]

    def device(self, prepare=None, **config):
        d = self.stack.enter_context(Device(self.hosts, **config))
        if prepare:
            prepare(d)
        return d.start()

    def doc(self, method=RANDOM_PIN, host=DEVICE6, device=None, **config):
        """An owner with an onboarding connection to a new device."""
        owner = self.stack.enter_context(Owner(device or self.device(**config), host, method))
        owner.open_doc()
        return owner

    def owned(self, state=RFNOP, **config):
        """An owner who has come back to the device, which is in this state."""
        owner = self.doc(**config)
        owner.transfer()
        owner.state(RFPRO)
        owner.come_back()
        if state != RFPRO:
            owner.state(state)
        return owner

    def session(self, *terms, host=DEVICE6):
        """Another peer's session; without terms it is still to be opened."""
        session = self.stack.enter_context(Session(host))
        if terms:
            session.open(*terms)
        return session

    def peer(self, uuid, key=KEY):
        return self.session(*normal_terms(uuid, key))

    def groups(self):
        return self.stack.enter_context(Groups())


def ask_groups(groups, *queries, path=DOXM, want=0):
    """{(family, query): answers}, `want` of each; a query of None asks without one."""
    asked = {(family, q): message(GET, path, [q] if q else (), kind=NON)
             for family in (4, 6) for q in queries}
    for (family, _), octets in asked.items():
        groups.send(octets, family)
    answers = [octets for octets, _ in groups.collect(want=want * len(asked))]
    counts = {key: sum(a[4:8] == octets[4:8] for a in answers) for key, octets in asked.items()}
    same("answers to nobody", len(answers) - sum(counts.values()), 0)
    return counts


def each_once(groups, *queries, **more):
    for key, n in ask_groups(groups, *queries, **more, want=1).items():
        same(f"answers to {key}", n, 1)


def silence(groups, *queries, **more):
    for key, n in ask_groups(groups, *queries, **more).items():
        same(f"answers to {key}", n, 0)


def clear(code, path, *query, body=None):
    """The code of an unsecured unicast request."""
    return request(code, path, query, body, host=DEVICE6)[0]
