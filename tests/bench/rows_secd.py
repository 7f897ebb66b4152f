"""Figures of ocf-secd and of the transfer of ownership by ocf-obt."""
import json
import os
import re
import subprocess
import tempfile

from figure import BUILD, DISK, TMPFS, bench, figure, rounds_of, value_of
from netns import Hosts
from secd import Secd, enter_namespace, join_namespace, wait_for
from secd import get as coap_get

OBT = f"{BUILD}/tools/ocf-obt/ocf-obt"
FLOOR = f"{BUILD}/tests/bench/bench_floor"
DEVICE = "fd77::2"
ANSWER = 200  # octets, about what a datagram of the transfer has


def start(options):
    """From exec to the first answer of a device that has started before."""
    enter_namespace()
    tempfile.tempdir = TMPFS  # waiting for a bus in a folder of many files would be the figure
    with Secd() as secd:
        secd.start()
        secd.stop()
        os.environ.update(secd.env)
        del os.environ["NOTIFY_SOCKET"]  # nobody reads there
        with open(secd.log_path, "a") as log:
            pairs = [(bench("start", 5683, *secd.argv, stderr=log)[0],
                      bench("start", 5683, FLOOR, "answer", 5683, ANSWER)[0])
                     for _ in range(options.rounds)]
    wall, cpu = ([[float(side[i]) / 1000 for side in p] for p in pairs] for i in (0, 1))
    return [figure("exec to first answer", "ms", [p[0] for p in wall], [p[1] for p in wall], 15),
            figure("CPU of it", "ms", [p[0] for p in cpu], [p[1] for p in cpu], 15)]


def get(_):
    """A real device, unowned, against the echoes."""
    enter_namespace()
    with Secd() as secd:
        secd.start()
        lines = bench("coap", "::1", 5683, secd.process.pid)
    figures = []
    for name, kind in (("echo", ""), ("echo_segments", "segments_")):
        text = "doxm GET, 32 in flight" + (", echo with segments" if kind else "")
        ours, floor = rounds_of(lines, f"coap_get_{kind}round")
        figures += [figure(text, "1/s", ours, floor, 0.9, of="ratio", least=True),
                    figure("CPU of it", "us", [value_of(lines, "coap_get_server_cpu")],
                           [value_of(lines, f"coap_get_{name}_cpu")], 1 / 0.9, of="ratio")]
    return figures


def handshake(_):
    ours, floor = rounds_of(bench("dtls"), "dtls_handshake_round")
    return [figure("CPU of a PSK handshake", "us", ours, floor, 1.3, of="ratio")]


def acl(_):
    ours, floor = rounds_of(bench("acl"), "acl_decision_round")
    return [figure("access decision, 10,000 ACEs against 10", "ns", ours, floor, 2, of="ratio")]


# ---- transfer of ownership ----


class Pair:
    """A device on one host, a tool on the other; all their state below one directory."""

    def __init__(self, hosts, place):
        tempfile.tempdir = place
        self.hosts = hosts
        self.secd = Secd("[Network]\nMulticastLeisure=50ms\n", wrap=hosts.command("dev", []))
        self.fifo = f"{self.secd.dir}/pin"
        os.mkfifo(self.fifo)
        with open(self.secd.conf, "a") as f:
            f.write(f"[Onboarding]\nPinDisplayCommand=/usr/bin/tee {self.fifo}\n")
        self.env = dict(os.environ, OCF_OBT_DIR=f"{self.secd.dir}/obt")

    def obt(self, *words, wrap=()):
        p = subprocess.run([*wrap, OBT, words[0], "--json", "--yes", "--timeout", "1", *words[1:]],
                           env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                           timeout=60)
        if p.returncode != 0:
            raise RuntimeError(f"ocf-obt {words}: {p.stdout}\n{self.secd.log()}")
        return json.loads(p.stdout)

    def transfer(self, method, wrap=()):
        uuid = coap_get("/oic/sec/doxm", host=DEVICE)[1]["deviceuuid"]
        return self.obt("own", "--method", method, "--pin-file", self.fifo, uuid, wrap=wrap)

    def reset(self, uuid):
        self.obt("reset", uuid)
        self.drain()
        wait_for(lambda: (coap_get("/oic/sec/doxm", host=DEVICE) or [0])[0] == 205, "reset device")

    def own(self, method):
        """The ms that it took, after which the device is unowned again."""
        done = self.transfer(method)
        self.reset(done["uuid"])
        return done["elapsed_us"] / 1000

    def drain(self):
        """Reads what the device tells its service manager, as that would."""
        self.secd.notify.setblocking(False)
        try:
            while self.secd.notify.recv(256):
                pass
        except BlockingIOError:
            pass

    def needs(self, method):
        """(datagrams that the tool gets, fsyncs of both up to the last of them) in a transfer."""
        pid = self.secd.process.pid
        traces = [f"{self.secd.dir}/trace.{who}" for who in ("secd", "obt")]
        strace = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,recvmmsg", "-o"]
        device = subprocess.Popen([*strace, traces[0], "-p", str(pid)])
        wait_for(lambda: "TracerPid:\t0" not in open(f"/proc/{pid}/status").read(), "tracer")
        done = self.transfer(method, wrap=[*strace, traces[1]])
        device.terminate()
        device.wait()
        self.reset(done["uuid"])
        theirs, ours = (open(t).read() for t in traces)
        received = list(re.finditer(r"recvmmsg\(.* = [1-9]", ours))
        return len(received), (theirs + ours[:received[-1].end()]).count("sync(")

    def __enter__(self):
        self.secd.start()
        return self

    def __exit__(self, *args):
        self.secd.__exit__(*args)


def transfers(name, method, target, options):
    figures = []
    with Hosts() as hosts:
        join_namespace(hosts.names["obt"])
        for place, where in ((TMPFS, "tmpfs"), (DISK, "disk")):
            with Pair(hosts, place) as pair:
                datagrams, syncs = pair.needs(method)
                ours, floor = [], []
                for _ in range(options.rounds):
                    ours.append(pair.own(method))
                    floor.append(transfer_floor(pair, datagrams, syncs))
                figures.append(figure(f"{name}, state on {where}", "ms", ours, floor, target))
    return figures


def transfer_floor(pair, datagrams, syncs):
    """ms of as many round trips, one handshake by bare GnuTLS, and as many stores."""
    us = float(bench("floor", "trips", datagrams, ANSWER)[0][0])
    us += float(bench("floor", "store", pair.secd.dir, syncs // 2)[0][0])
    return (us + rounds_of(bench("dtls", 10), "dtls_handshake_round")[1][-1]) / 1000


def just_works(options):
    return transfers("Just Works from the yes", "just-works", 15, options)


def pin(options):
    return transfers("PIN transfer from the PIN", "random-pin", 20, options)
