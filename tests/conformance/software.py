"""/oc/swu, and the bits of pstat that stand for software: with a real ocf-fwupd behind the device."""
import datetime
import subprocess

import fwupd
from lab import ACL2, GET, OBT, POST, PSTAT, RFNOP, RFPRO, SRESET, Device, Owner, ace, check, same, wait_for

SWU = "/oc/swu"
AVAILABLE, VALIDATE, UPGRADE = 0x100, 0x40, 0x80
SOFTWARE = AVAILABLE | VALIDATE | UPGRADE
HERE = "::1"


class Here:
    """In the place of two hosts: this one."""

    def command(self, _, argv):
        return argv


def policy(directory):
    return f"{fwupd.SOURCE}/dbus/org.ocfgw.Security1.conf"


def owned_with_firmware(stack):
    """(site of the maker's servers, owner in RFNOP): the gateway runs 1.0.0."""
    site = stack.enter_context(fwupd.Site(policy))
    site.address()
    site.domain(fwupd.DOMAIN)
    site.publish("1.0.0")
    site.start()
    same("first image", site.install()["Result"], "installed")
    d = stack.enter_context(Device(Here(), env=site.bus.env)).start()
    d.wait_log("bus: connected")
    owner = stack.enter_context(Owner(d, HERE))
    owner.open_doc()
    owner.transfer()
    owner.state(RFPRO)
    owner.come_back()
    owner.post(ACL2, {"aclist2": [ace({"uuid": OBT}, SWU, 6)]})
    owner.state(RFNOP)
    return site, owner


def modes(owner):
    p = owner.session.get(PSTAT)[1]
    return p["cm"] & SOFTWARE, p["tm"]


def validate(owner):
    """cm after tm = 64 has run its course."""
    owner.post(PSTAT, {"tm": VALIDATE})
    wait_for(lambda: modes(owner)[1] == 0 and
             owner.session.transfer(GET, SWU)[1]["swupdateaction"] == "idle", "end of the validation")
    return modes(owner)[0]


def line_091_updates_that_are_refused(lab):
    owner = lab.owned(RFPRO)
    owner.post(ACL2, {"aclist2": [ace({"uuid": OBT}, SWU, 6)]})
    owner.state(RFNOP)
    before = owner.session.transfer(GET, SWU)
    same("GET", before[0], 205)
    past = (datetime.datetime.utcnow() - datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    good = {"purl": "https://example.test", "swupdateaction": "isac", "updatetime": "2099-01-01T00:00:00Z"}
    for what, body in (("without updatetime", {k: v for k, v in good.items() if k != "updatetime"}),
                       ("in the past", {**good, "updatetime": past}), ("with nv", {**good, "nv": "2.0.0"})):
        same(what, owner.session.request(POST, SWU, body=body)[0], 406)
        same("as before", owner.session.transfer(GET, SWU), before)
    same("a good one", owner.session.request(POST, SWU, body=good)[0], 204)


def line_092_validation_by_tm(lab):
    site, owner = lab.once(owned_with_firmware)
    same("at first", modes(owner), (0, 0))
    site.publish("2.0.0")
    check(validate(owner) & VALIDATE, "validated")
    same("not installed", site.current()[0], "1.0.0")
    stranger = site.dir / "stranger.jwk"
    fwupd.run(fwupd.OCF_MANIFEST, "key", "generate", "--out", stranger, stdout=subprocess.DEVNULL)
    site.publish("2.1.0", key=stranger)
    same("a stranger's", validate(owner) & VALIDATE, 0)


def line_093_state_changes_keep_the_bits(lab):
    site, owner = lab.once(owned_with_firmware)
    site.publish("3.0.0")
    bits = validate(owner)
    check(bits & VALIDATE, f"something to keep: {bits:#x}")
    for state in (RFPRO, RFNOP, SRESET, RFPRO, RFNOP):
        owner.state(state)
        same(f"state {state}", modes(owner), (bits, 0))
