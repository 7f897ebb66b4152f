"""A device on a cable, discovery in its groups, and an owner that speaks for itself."""
import os
import select
import socket
import struct
import time

from dtls_pipe import JUST_WORKS_LABEL, PIN_LABEL, Session, normal_terms, pin_terms
from secd import DEADLINE, POST, Secd, check, get, request, wait_for

JUST_WORKS, RANDOM_PIN, FIXED = 0, 1, 0xFF00
LABELS = {JUST_WORKS: JUST_WORKS_LABEL, RANDOM_PIN: PIN_LABEL, FIXED: "x.org.ocfgw.doxm.pin"}
FIXED_PIN = "LABEL2718"
QUIET_S = 0.3  # silence this long, behind the leisure, is no answer
DEVICE4, DEVICE6 = "10.77.0.2", "fd77::2"
OBT = "2b8ccdc9-149b-4162-579d-5e5d57d66961"
RENAMED = "1944475f-c9bf-421c-4ca1-26f1a6580d23"


class Device(Secd):
    """ocf-secd on the host `dev`, whose PIN the test can read."""

    def __init__(self, hosts, leisure="50ms", network="", onboarding="", env=None):
        super().__init__(f"[Device]\nName=Lamp\n[Network]\nMulticastLeisure={leisure}\n{network}",
                         wrap=hosts.command("dev", []), env=env)
        self.shown = f"{self.dir}/pin"
        with open(f"{self.dir}/display", "w") as f:
            f.write(f"#!/bin/sh\ncat >{self.shown}.new\nmv {self.shown}.new {self.shown}\n")
        os.chmod(f"{self.dir}/display", 0o755)
        with open(self.conf, "a") as f:
            f.write(f"[Onboarding]\nPinDisplayCommand={self.dir}/display\n{onboarding}")

    def offer_fixed_pin(self):
        with open(f"{self.dir}/label", "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(FIXED_PIN + "\n")
        with open(self.conf, "a") as f:
            f.write(f"FixedPinFile={self.dir}/label\nOwnerTransferMethods=random-pin fixed-pin\n")
        return self

    def pin(self):
        """The PIN that is shown; once."""
        wait_for(lambda: os.path.exists(self.shown), "PIN on the display")
        with open(self.shown) as f:
            pin = f.read().strip()
        os.unlink(self.shown)
        return pin


class Groups:
    """A socket for discovery in each family."""

    def __init__(self):
        index = socket.if_nametoindex("eth0")
        self.sockets = {4: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
                        6: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)}
        self.sockets[4].setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                                   struct.pack("4s4si", b"", b"", index))
        self.to = {4: ("224.0.1.187", 5683), 6: ("ff02::158", 5683, 0, index)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.sockets.values():
            s.close()

    def send(self, message, *families):
        for family in families:
            self.sockets[family].sendto(message, self.to[family])

    def collect(self, seconds=QUIET_S, want=0):
        """All that comes back, as (octets, source): `want` of them, however long that takes, and more
        for some seconds."""
        answers, begun = [], time.monotonic()
        while True:
            missing = len(answers) < want
            left = begun + (DEADLINE if missing else seconds) - time.monotonic()
            ready = select.select(list(self.sockets.values()), [], [], max(0, left))[0]
            if not ready:
                return answers
            answers += [s.recvfrom(2048) for s in ready]
            begun = time.monotonic() if missing else begun


class Owner:
    """Owns a device by Random PIN, step by step; then comes back with the owner credential."""

    def __init__(self, device, host=DEVICE6, method=RANDOM_PIN):
        self.device, self.host, self.method = device, host, method
        self.session, self.key, self.temporal = Session(host), None, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.__exit__()

    def post(self, path, body, want=204):
        got = self.session.request(POST, path, body=body)[0]
        check(got == want, f"POST {path} {body}: {got}")

    def select(self):
        check(request(POST, "/oic/sec/doxm", body={"oxmsel": self.method}, host=self.host)[0] == 204,
              "oxmsel")

    def open_doc(self):
        former = self.temporal = get("/oic/sec/doxm", host=self.host)[1]["deviceuuid"]
        self.select()
        if self.method == JUST_WORKS:
            self.session.open("anon")
        else:
            pin = self.device.pin() if self.method == RANDOM_PIN else FIXED_PIN
            self.session.open(*pin_terms(pin, former))

    def transfer(self):
        """Up to owned, still in RFOTM."""
        self.post("/oic/sec/pstat", {"om": 4})
        self.post("/oic/sec/doxm", {"devowneruuid": OBT})
        self.post("/oic/sec/doxm", {"deviceuuid": RENAMED})
        for path in ("doxm", "acl2", "pstat"):
            self.post(f"/oic/sec/{path}", {"rowneruuid": OBT})
        self.key = self.session.owner_key(LABELS[self.method], OBT, RENAMED)
        raw = {"encoding": "oic.sec.encoding.raw", "data": b""}
        self.post("/oic/sec/cred", {"rowneruuid": OBT, "creds": [
            {"credtype": 1, "subjectuuid": OBT, "privatedata": raw}]})
        self.post("/oic/sec/doxm", {"owned": True})

    def state(self, s):
        self.post("/oic/sec/pstat", {"dos": {"s": s}})

    def come_back(self):
        self.session.close()
        check(self.session.open(*normal_terms(OBT, self.key)) == "c037", "the owner is back")
