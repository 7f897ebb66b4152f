"""Application resources: when they are there, and how wildcards see them. A lamp on D-Bus stands for all."""
import subprocess
import sys

from bus import Bus
from lab import (ACL2, CRED, DEVICE6, FRIEND, GET, OBT, POST, RFNOP, RFPRO, ace, check, get, psk, request, same,
                 wait_for)
from secd import SOURCE

LAMP = "/lamp"
SECURE, CLEAR, ALL = "+-*"


def with_lamp(lab, *aces):
    """(owner in RFPRO, peer): the device has a lamp and these rules."""
    bus = lab.stack.enter_context(Bus())
    owner = lab.owned(RFPRO, env=bus.env)
    owner.device.wait_log("bus: connected")
    program = lab.stack.enter_context(subprocess.Popen(
        [sys.executable, f"{SOURCE}/docs/examples/lamp.py"], env=bus.env, stdout=subprocess.DEVNULL))
    lab.stack.callback(program.kill)
    owner.post(CRED, {"creds": [psk(FRIEND)]})
    owner.post(ACL2, {"aclist2": [ace({"uuid": OBT}, "/oic/res", 2), *aces]})
    wait_for(lambda: LAMP in [link["href"] for link in owner.session.transfer(GET, "/oic/res")[1]], "lamp")
    return owner, lab.peer(FRIEND)


def line_080_applications_run_in_rfnop(lab):
    owner, peer = with_lamp(lab, ace({"uuid": FRIEND}, ALL, 31), ace({"uuid": FRIEND}, LAMP, 31))
    same("RFPRO", (peer.get(LAMP)[0], peer.request(POST, LAMP, body={"value": True})[0]), (401, 401))
    owner.state(RFNOP)
    same("RFNOP", peer.get(LAMP), (205, {"value": False}))
    same("RFNOP", peer.request(POST, LAMP, body={"value": True})[0], 204)
    same("never unsecured", request(GET, LAMP, host=DEVICE6)[0], 401)


def line_082_wildcards_by_endpoint(lab):
    for wildcard, want in ((CLEAR, 401), (SECURE, 205)):
        owner, peer = with_lamp(lab, ace({"uuid": FRIEND}, wildcard, 31))
        links = owner.session.transfer(GET, "/oic/res")[1]
        eps = next(link["eps"] for link in links if link["href"] == LAMP)
        same("its endpoints", {e["ep"].split(":")[0] for e in eps}, {"coaps"})
        owner.state(RFNOP)
        same(f'"{wildcard}"', peer.get(LAMP)[0], want)
        owner.device.stop()
