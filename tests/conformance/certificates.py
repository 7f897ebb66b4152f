"""Certificates: the factory's, requests, identities, sessions and roles."""
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import unowned
from certs import ANY, IDENTITY, ROLE, TLS, Cert, intermediate, root
from hello import CCM_SUITES, Hello
from lab import (ACL2, CRED, CSR, DELETE, DEVICE6, DOXM, FRIEND, GET, OBT, POST, PSTAT, RENAMED, RESET, RFNOP,
                 RFPRO, ROLES, SP, STRANGER, ace, check, clear, psk, same, wait_for)
from secd import BUILD

PEM = "oic.sec.encoding.pem"
MFG = 2


def public(usage, pem, subject="*", **more):
    return {"credtype": 8, "subjectuuid": subject, "credusage": f"oic.sec.cred.{usage}",
            "publicdata": {"encoding": PEM, "data": pem}, **more}


def from_the_factory(lab):
    """Prepares a device as its maker does."""
    folder = lab.stack.enter_context(tempfile.TemporaryDirectory())
    maker = root("Maker")
    cert, key = Cert("Gateway 4711", intermediate(maker)).save(f"{folder}/device")
    trust = maker.save(f"{folder}/root")[0]

    def prepare(d):
        subprocess.run([f"{BUILD}/tools/ocfctl/ocfctl", "factory", "import", "--cert", cert, "--key", key,
                        "--dir", f"{d.dir}/factory", "--group", "root", "--trust", trust], check=True,
                       stdout=subprocess.DEVNULL)
        with open(d.conf, "a") as f:
            f.write(f"FactoryDirectory={d.dir}/factory\n")
    prepare.trust = trust
    return prepare


def line_027_suites_of_the_selected_method(lab):
    lab.device(prepare=from_the_factory(lab))
    unowned.only(1, [unowned.PSK])
    unowned.only(0, [unowned.JUST_WORKS])
    unowned.only(MFG, CCM_SUITES)


def factory_creds(session):
    return [(c["credusage"], c["publicdata"]["data"]) for c in session.transfer(GET, CRED)[1]["creds"]
            if c.get("credusage", "").startswith("oic.sec.cred.mfg")]


def line_035_the_factory_survives_reset(lab):
    owner = lab.doc(prepare=from_the_factory(lab))
    first = factory_creds(owner.session)
    same("there", sorted(usage for usage, _ in first), ["oic.sec.cred.mfgcert", "oic.sec.cred.mfgtrustca"])
    owner.transfer()
    owner.state(RFPRO)
    owner.post(PSTAT, {"dos": {"s": RESET}})
    owner.device.wait_log("state RESET to RFOTM")
    again = lab.doc(device=owner.device)
    same("after RESET", factory_creds(again.session), first)
    again.session.close()
    wait_for(lambda: clear(POST, DOXM, body={"oxmsel": MFG}) == 204, "the method")
    with Hello(DEVICE6) as h:
        same("its key", h.offer(*CCM_SUITES), CCM_SUITES[0])


def request_of(owner):
    code, body = owner.session.transfer(GET, CSR)
    same("code, encoding", (code, body["encoding"]), (205, PEM))
    return x509.load_pem_x509_csr(body["csr"].encode())


def common_name(csr):
    return [a.value for a in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def line_066_the_request_for_a_certificate(lab):
    owner = lab.doc()
    same("CN of the temporal one", common_name(request_of(owner)), [f"uuid:{owner.temporal}"])
    owner.transfer()
    csr = request_of(owner)
    same("CN", common_name(csr), [f"uuid:{RENAMED}"])
    check(isinstance(csr.public_key(), ec.EllipticCurvePublicKey), "EC")
    same("curve, hash", (csr.public_key().curve.name, csr.signature_hash_algorithm.name),
         ("secp256r1", hashes.SHA256.name))
    check(csr.is_signature_valid, "self-signature")


def line_067_its_key_changes_with_a_reset(lab):
    owner = lab.doc()
    before = request_of(owner).public_key().public_numbers()
    same("the same until then", request_of(owner).public_key().public_numbers(), before)
    owner.session.close()
    owner.device.wait_log("connection closed")
    again = lab.doc(device=owner.device)
    check(request_of(again).public_key().public_numbers() != before, "another key")


def line_068_identity_certificates_are_checked(lab):
    owner, ca = lab.owned(RFPRO), root("CMS")
    same("anchor", owner.session.transfer(POST, CRED, body={"creds": [public("trustca", ca.pem())]})[0], 204)
    key, cn = request_of(owner).public_key(), f"uuid:{RENAMED}"
    for what, cert, want in (("wrong CN", Cert(f"uuid:{FRIEND}", ca, public=key), 400),
                             ("no CN", Cert("Gateway", ca, public=key), 400),
                             ("foreign key", Cert(cn, ca), 400),
                             ("both right", Cert(cn, ca, public=key), 204)):
        same(what, owner.session.transfer(POST, CRED, body={"creds": [public("cert", cert.pem())]})[0], want)
    stored = [c for c in owner.session.transfer(GET, CRED)[1]["creds"] if c.get("credusage", "").endswith(".cert")]
    same("stored", len(stored), 1)


def with_identity(lab, ca, anchor_subject="*", *aces):
    """An owner's device in RFNOP that has an identity and this anchor for its peers."""
    owner = lab.owned(RFPRO)
    identity = Cert(f"uuid:{RENAMED}", ca, public=request_of(owner).public_key())
    for cred in (public("trustca", ca.pem(), anchor_subject), public("cert", identity.pem())):
        same(cred["credusage"], owner.session.transfer(POST, CRED, body={"creds": [cred]})[0], 204)
    owner.post(ACL2, {"aclist2": [ace({"uuid": FRIEND}, SP, 2), *aces]})
    owner.state(RFNOP)
    return owner


class Peer:
    """Files of a peer's certificate, and sessions with it."""

    def __init__(self, lab, trust, cert):
        self.lab, self.folder = lab, lab.stack.enter_context(tempfile.TemporaryDirectory())
        self.files = (trust.save(f"{self.folder}/trust")[0], *cert.save(f"{self.folder}/peer"))

    def session(self):
        s = self.lab.session()
        s.open_cert(*self.files)
        return s

    def is_let_in(self):
        """Does the device speak with it?"""
        s = self.lab.session()
        s.say("open cert " + " ".join(self.files))
        while True:
            kind = s.next().split()[0]
            if kind != "peer":
                return kind == "open" and s.get(SP)[0] == 205


def line_069_peers_certificates_are_checked(lab):
    ca = root("CMS")
    with_identity(lab, ca)
    cn = f"uuid:{FRIEND}"
    check(Peer(lab, ca, Cert(cn, ca)).is_let_in(), "a good one")
    for what, cert in (("without the identity purpose", Cert(cn, ca, ekus=TLS)),
                       ("with anyExtendedKeyUsage", Cert(cn, ca, ekus=(*TLS, IDENTITY, ANY))),
                       ("with keyEncipherment", Cert(cn, ca, encipher=True)),
                       ("a role certificate", Cert(cn, ca, ekus=(*TLS, ROLE), role=("x",))),
                       ("of another CA", Cert(cn, root("CMS"))),
                       ("expired", Cert(cn, ca, days=(-9, -1)))):
        check(not Peer(lab, ca, cert).is_let_in(), what)


def line_070_an_anchor_for_one_peer(lab):
    for subject, want in (("*", True), (FRIEND, True), (STRANGER, False)):
        ca = root("CMS")
        owner = with_identity(lab, ca, subject)
        same(f"anchor for {subject}", Peer(lab, ca, Cert(f"uuid:{FRIEND}", ca)).is_let_in(), want)
        owner.device.stop()


def with_roles(lab, *aces):
    """A CA that the device trusts for roles, and a peer by pairwise key."""
    ca, owner = root("CMS"), lab.owned(RFPRO)
    for cred in (public("trustca", ca.pem()), psk(FRIEND)):
        same("cred", owner.session.transfer(POST, CRED, body={"creds": [cred]})[0], 204)
    owner.post(ACL2, {"aclist2": list(aces)})
    owner.state(RFNOP)
    return ca


def assert_role(session, ca, *role, cn=FRIEND):
    cert = Cert(f"uuid:{cn}", ca, ekus=(*TLS, ROLE), role=role)
    return session.transfer(POST, ROLES, body={"roles": [public("rolecert", cert.pem())]})[0]


def roles_of(session):
    return len(session.transfer(GET, ROLES)[1]["roles"])


def line_071_roles_belong_to_one_session(lab):
    ca = with_roles(lab, ace({"role": "gardener", "authority": "acme"}, SP, 2))
    one, other = lab.peer(FRIEND), lab.peer(FRIEND)
    same("before", one.get(SP)[0], 401)
    same("another's role", assert_role(one, ca, "gardener", "acme", cn=STRANGER), 400)
    same("asserted", assert_role(one, ca, "gardener", "acme"), 204)
    same("listed", (roles_of(one), roles_of(other)), (1, 0))
    same("in force", (one.get(SP)[0], other.get(SP)[0]), (205, 401))
    same("retracted", one.request(DELETE, ROLES)[0], 202)
    same("in force", one.get(SP)[0], 401)
    same("asserted again", assert_role(one, ca, "gardener", "acme"), 204)
    one.close()
    again = lab.peer(FRIEND)
    same("after the session", (roles_of(again), again.get(SP)[0]), (0, 401))


def line_072_reserved_roles(lab):
    ca = with_roles(lab)
    peer = lab.peer(FRIEND)
    for role in ("oic.role.foo", "oic.role.", "oic.role.ownerx"):
        same(role, assert_role(peer, ca, role), 400)
    paths = (DOXM, PSTAT, CRED, ACL2, CSR, SP)
    same("before", [peer.transfer(GET, p)[0] for p in paths], [401] * len(paths))
    same("oic.role.owner", assert_role(peer, ca, "oic.role.owner"), 204)
    same("after", [peer.transfer(GET, p)[0] for p in paths], [205] * len(paths))
    same("the state", peer.request(POST, PSTAT, body={"dos": {"s": RFPRO}})[0], 204)
    same("access", peer.request(POST, ACL2, body={"aclist2": [ace({"uuid": OBT}, SP, 2)]})[0], 204)
