"""Long and large runs. Started by tools/soak, which explains itself."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.environ["SOURCE_DIR"], "tests/integration"))
from dtls_pipe import Session, normal_terms  # noqa: E402
from netns import Hosts  # noqa: E402
from onboard import DEVICE4, JUST_WORKS, OBT, Device, Owner  # noqa: E402
from secd import PROGRAM, SOURCE, get, join_namespace, wait_for  # noqa: E402

OCF_OBT = f"{os.environ['BUILD_DIR']}/tools/ocf-obt/ocf-obt"
RFPRO, RFNOP = 2, 3
NEIGHBOURS = "/proc/sys/net/ipv4/neigh/default/gc_thresh{}", "/proc/sys/net/ipv6/neigh/default/gc_thresh{}"


def say(name, value, unit=""):
    print(f"{name} {value} {unit}".rstrip(), flush=True)


def private_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private_Dirty"))


# ---- hosts ----


class Bridge:
    """A bridge with `n` devices and one tool, each in a network namespace."""

    def __init__(self, n, folder):
        self.prefix, self.n, self.folder = f"soak{os.getpid()}", n, folder
        self.devices = [f"{self.prefix}-{i}" for i in range(n)]
        self.tool, self.middle = f"{self.prefix}-obt", f"{self.prefix}-br"
        self.processes = []
        self.saved = {}

    def batch(self, *lines):
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)

    def __enter__(self):
        self._room_for_neighbours()
        names = [*self.devices, self.tool]
        self.batch(*(f"netns add {n}" for n in [self.middle, *names]))
        run = ["ip", "-n", self.middle, "-batch", "-"]
        cables = ["link add br0 type bridge mcast_snooping 0", "link set br0 up"]
        for i, name in enumerate(names):
            cables += [f"link add p{i} type veth peer name eth0 netns {name}", f"link set p{i} master br0 up"]
        subprocess.run(run, input="\n".join(cables), text=True, check=True)
        for i, name in enumerate(names):
            subprocess.run(["ip", "-n", name, "-batch", "-"], check=True, text=True, input=(
                f"link set lo up\naddr add 10.77.{i >> 8}.{i & 255 or 256 - 1}/16 dev eth0\n"
                f"link set eth0 up\nroute add 224.0.0.0/4 dev eth0\n"))
        return self

    def _room_for_neighbours(self):
        """The kernel counts the neighbours of all namespaces together."""
        for pattern in NEIGHBOURS:
            for level in "123":
                path = pattern.format(level)
                with open(path) as f:
                    self.saved[path] = f.read()
                with open(path, "w") as f:
                    f.write(str(16 * self.n + 1024))

    def start(self):
        with open(f"{self.folder}/secd.conf", "w") as f:
            f.write("[Network]\nMulticastLeisure=2s\n[Onboarding]\nPinDisplayCommand=/bin/true\n")
        env = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={self.folder}/nobus/bus")
        os.mkdir(f"{self.folder}/nobus")
        for i, name in enumerate(self.devices):
            state = f"{self.folder}/{i}"
            os.mkdir(state, 0o700)
            self.processes.append(subprocess.Popen(
                ["ip", "netns", "exec", name, PROGRAM, "-c", f"{self.folder}/secd.conf", "-s", state],
                env=env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def __exit__(self, *_):
        for p in self.processes:
            p.kill()
        for p in self.processes:
            p.wait()
        self.batch(*(f"netns del {n}" for n in [*self.devices, self.tool, self.middle]))
        for path, value in self.saved.items():
            with open(path, "w") as f:
                f.write(value)


def hosts(n):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, Bridge(n, folder) as bridge:
        start = time.monotonic()
        bridge.start()
        pid = os.fork()
        if pid == 0:
            join_namespace(bridge.tool)
            os._exit(ask_all(bridge, start))
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def ask_all(bridge, start):
    for i in range(bridge.n):
        wait_for(lambda: get("/oic/sec/doxm", host=f"10.77.{i >> 8}.{i & 255 or 256 - 1}", timeout=0.5),
                 f"answer of device {i}")
    say("hosts_ready", f"{time.monotonic() - start:.2f}", "s")
    say("memory_of_each", sum(private_kib(p.pid) for p in bridge.processes) // bridge.n, "KiB")
    start = time.monotonic()
    done = subprocess.run([OCF_OBT, "discover", "--json", "--timeout", "5", "--dir", f"{bridge.folder}/obt"],
                          capture_output=True, text=True, timeout=120)
    found = json.loads(done.stdout or "[]")
    found = found if isinstance(found, list) else found.get("devices", [])
    say("hosts", bridge.n)
    say("hosts_found", len({d["uuid"] for d in found}))
    say("discovery", f"{time.monotonic() - start:.2f}", "s")
    return 0 if len(found) == bridge.n else 1


# ---- one device, many times ----


def on_a_cable(work):
    with Hosts() as names:
        pid = os.fork()
        if pid == 0:
            join_namespace(names.names["obt"])
            os._exit(work(names))
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def settled(pid):
    """Memory once nothing more is given back for half a second."""
    least, until = private_kib(pid), time.monotonic() + 0.5
    while time.monotonic() < until:
        time.sleep(0.05)
        now = private_kib(pid)
        if now < least:
            least, until = now, time.monotonic() + 0.5
    return least


def own(device):
    owner = Owner(device, DEVICE4, JUST_WORKS)
    owner.open_doc()
    owner.transfer()
    owner.state(RFPRO)
    owner.state(RFNOP)
    owner.come_back()
    return owner


def many_sessions(names, n):
    limits = f"MaxSessions={n + 8}\nMaxSessionsPerPeer={n + 8}\nMaxHandshakes=64\n"
    with Device(names, network=limits) as device:
        device.start()
        with own(device) as owner:
            pid = device.process.pid
            before = private_kib(pid)
            sessions = [Session(DEVICE4) for _ in range(n)]
            for s in sessions:
                s.open(*normal_terms(OBT, owner.key))
            at_most = private_kib(pid)
            say("sessions", n)
            say("memory_of_a_session", f"{(at_most - before) * 1024 / n:.0f}", "octets")
            for s in sessions:
                s.close()
            after = settled(pid)
            say("memory_before", before, "KiB")
            say("memory_at_most", at_most, "KiB")
            say("memory_after", after, "KiB")
            for s in sessions:
                s.__exit__()
    return 0 if (at_most - before) * 1024 <= 16000 * n and after - before <= (at_most - before) // 10 else 1


def sessions(n):
    return on_a_cable(lambda names: many_sessions(names, n))


def many_cycles(names, n):
    marks, start = [], time.monotonic()
    with Device(names, network="MaxHandshakes=64\n") as device:
        device.start()
        for i in range(n + 1):
            if i * 10 % n == 0:
                marks.append(private_kib(device.process.pid))
                say("cycle", f"{i} memory {marks[-1]} KiB {time.monotonic() - start:.0f} s")
            with own(device) as owner:
                former = get("/oic/sec/doxm", host=DEVICE4)
                owner.state(0)
                owner.session.say("close")  # unless the device was first
            device.drain_status()
            wait_for(lambda: (get("/oic/sec/doxm", host=DEVICE4, timeout=0.2) or (0,))[0] == 205, "reset device")
            if i % 500 == 0:
                os.truncate(device.log_path, 0)
    say("cycles", n)
    say("memory_growth", marks[-1] - marks[1], "KiB from the second mark to the last")
    return 0 if marks[-1] - marks[1] <= 64 else 1


def cycles(n):
    return on_a_cable(lambda names: many_cycles(names, n))


RUNS = {"hosts": (hosts, 500), "sessions": (sessions, 300), "cycles": (cycles, 10000)}


def main():
    run, n = RUNS[sys.argv[1]]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # takes the namespaces away
    status = run(int(sys.argv[2]) if len(sys.argv) > 2 else n)
    print("met" if status == 0 else "NOT MET")
    return status


sys.exit(main())
