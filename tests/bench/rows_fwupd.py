"""Figures of ocf-fwupd, and those of both daemons at rest."""
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time

import fwupd
from account import Account
from figure import BUILD, DISK, TMPFS, bench, figure, rounds_of
from fwupd import DOMAIN, MAKER, MODEL, NAME, OCF_MANIFEST, SERVER, Site, wait_for
from peers import Peers
from secd import Secd
from secd import get as coap_get

fwupd.DEADLINE = 600  # for images of some GiB
IDLE_S = 10
SETTLE_S = 3  # what start-up has set going is over by then
PRIVATE_MAX_KIB = 976  # 1 MB
SMALL_MIB = 16
PEAK_MAX_KIB = 16 * 1024


def wait_s(seconds):
    threading.Event().wait(seconds)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(p) for p in f.read().split()]


# ---- at rest ----


def at_rest(measure):
    """Both daemons on a bus; gives measure({name: pids}) after they have come to rest."""
    with Site() as site:
        os.sync()  # else the pages of programs that were just copied count as dirty
        site.address()
        site.domain(DOMAIN)
        site.start()
        with Secd(env=site.bus.env) as secd:
            secd.start()
            wait_for(lambda: site.connection.name_has_owner("org.ocfgw.Security1"), "ocf-secd")
            wait_for(lambda: coap_get("/oic/sec/doxm"), "answer")
            wait_for(lambda: not site.helpers("ocf-fw-write"), "end of helpers")
            wait_s(SETTLE_S)
            fwupd = site.daemon.pid
            return measure({"ocf-secd": [secd.process.pid], "ocf-fwupd": [fwupd, *children(fwupd)]})


def calls(pids):
    """How many system calls return in that time; strace finds and leaves them in one that waits."""
    with tempfile.NamedTemporaryFile("r") as log:
        p = subprocess.Popen(["strace", "-f", "-qq", "-o", log.name, *(f"-p{pid}" for pid in pids)])
        wait_s(IDLE_S)
        p.send_signal(signal.SIGINT)
        p.wait()
        lines = log.read().splitlines()
    return sum(1 for line in lines if re.search(r"\) += ", line))


def idle(_):
    return at_rest(lambda daemons: [
        figure(f"system calls of idle {name} in {IDLE_S} s", "", [calls(pids)], [0], 0)
        for name, pids in daemons.items()])


def private_kib(pids):
    """Of a process and those that it has forked: what they share with each other is theirs, too."""
    fields = []
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            fields.append(dict(re.findall(r"^(\w+):\s+(\d+) kB", f.read(), re.M)))
    return int(fields[0]["Shared_Dirty"]) + sum(int(f["Private_Dirty"]) for f in fields)


def bare_kib(program):
    """A minimal program that has loaded the same libraries."""
    ldd = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    libraries = re.findall(r"=> (/\S+)", ldd)
    p = subprocess.Popen([f"{BUILD}/tests/bench/bench_floor", "answer", "5999", "10"],
                         env={"LD_PRELOAD": " ".join(libraries)})
    try:
        wait_for(lambda: "recvfrom" in open(f"/proc/{p.pid}/wchan").read() or
                 open(f"/proc/{p.pid}/stat").read().split()[2] == "S", "bare program")
        return private_kib([p.pid])
    finally:
        p.kill()
        p.wait()


def memory(_):
    return at_rest(lambda daemons: [
        figure(f"private dirty memory of idle {name}", "KiB", [private_kib(pids)],
               [bare_kib(f"{BUILD}/daemons/{name}/{name}")], PRIVATE_MAX_KIB)
        for name, pids in daemons.items()])


# ---- the bus ----


def name_ms(site):
    """From exec to the name on the bus, and how long a property then takes."""
    owned = site.connection.get_object("org.freedesktop.DBus", "/org/freedesktop/DBus", introspect=False)
    begin = time.perf_counter()
    site.daemon = subprocess.Popen(
        [site.bin / "ocf-fwupd", "-c", site.dir / "fwupd.conf", "-s", site.state],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=site.bus.env)
    while not owned.NameHasOwner(NAME, dbus_interface="org.freedesktop.DBus"):
        pass
    name = (time.perf_counter() - begin) * 1000
    site.prop("State")
    begin = time.perf_counter()
    for _ in range(100):
        site.prop("State")
    prop = (time.perf_counter() - begin) * 10
    begin = time.perf_counter()
    for _ in range(100):
        owned.NameHasOwner(NAME, dbus_interface="org.freedesktop.DBus")
    return name, prop, (time.perf_counter() - begin) * 10


def bus(options):
    with Site() as site:
        site.address()
        site.domain(DOMAIN)
        site.configure()
        rows = []
        for _ in range(options.rounds):
            rows.append(name_ms(site))
            site.stop()
    name, prop, daemon = zip(*rows)
    return [figure("ocf-fwupd: exec to name on the bus", "ms", name, [], 10),
            figure("a property, against a question to the bus itself", "ms", prop, daemon, 3, of="ratio")]


# ---- download ----


class Peak(threading.Thread):
    """Peaks of the daemon, its starter and the helpers, all together, until stop(): of their
    proportional memory, and of that part of it that is no file's."""

    def __init__(self, site):
        super().__init__()
        self.daemon_pid = site.daemon.pid
        self.starters = children(site.daemon.pid)
        self.pss = self.anonymous = 0
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.01):
            pids = [self.daemon_pid, *self.starters, *(p for s in self.starters for p in children(s))]
            now = [self.look(pid) for pid in pids]
            self.pss = max(self.pss, sum(n.get("Pss", 0) for n in now))
            self.anonymous = max(self.anonymous, sum(n.get("Pss_Anon", 0) for n in now))

    @staticmethod
    def look(pid):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                return {name: int(kib) for name, kib in re.findall(r"^(Pss\w*):\s+(\d+) kB", f.read(), re.M)}
        except (FileNotFoundError, ProcessLookupError):
            return {}  # it has ended

    def stop(self):
        self.over.set()
        self.join()


def publish(site, mib, extra=()):
    for entry in (site.www, site.dir / "work"):
        subprocess.run(["rm", "-rf", entry], check=True)
    site.www.mkdir()
    piece = os.urandom(1 << 20)
    image = site.dir / "image"
    with open(image, "wb") as f:
        for _ in range(mib):
            f.write(piece)
    site.publish(f"{mib}.{site.sequence}.0", layouts=("firmware",), image=image, digests=("sha256",),
                 extra=extra)
    os.sync()


def cpu_ms(site):
    """The helpers end with the job, a moment later."""
    wait_for(lambda: not any(children(s) for s in children(site.daemon.pid)), "end of the helpers")
    return site.account.ms()


def install_ms(site):
    """Wall clock and CPU."""
    before = cpu_ms(site)
    job = site.install(reinstall=True)
    if job["Result"] != "installed":
        raise RuntimeError(f"{job}")
    return site.history(1)[0]["usec"] / 1000, cpu_ms(site) - before


def floor_ms(site):
    """Into two files in turns, as there are two slots: else its pages are warmer than ours."""
    host = f"_firmware.{DOMAIN}"
    site.turn = 1 - getattr(site, "turn", 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = bench("http", SERVER, host, f"/.well-known/firmware/{MAKER}/{MODEL}/image.bin",
                 site.slots / f"floor-{site.turn}")[0]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(line[0]) / 1000, cpu * 1000


def compare_verified(site, mib, rounds):
    """Also with all that was written read once more."""
    ended(site)
    restarted(site, Slots={"VerifyWritten": "yes"})
    wait_for(lambda: site.prop("CurrentVersion"), "version")
    pairs = [(install_ms(site)[0], floor_ms(site)[0]) for _ in range(rounds)]
    ended(site)
    restarted(site)
    wait_for(lambda: site.prop("CurrentVersion"), "version")
    return [figure(f"the same with VerifyWritten, {mib} MiB", "ms", *zip(*pairs), 2, of="ratio")]


def compare(site, where, mib, rounds):
    pairs = []
    with Peers(site) as peers:
        for _ in range(rounds):
            pairs.append((install_ms(site), floor_ms(site)))
            peers.install()
        return [figure(f"HTTP to verified slot on {where}, {mib} MiB{of}", "ms", [p[0][i] for p in pairs],
                       [p[1][i] for p in pairs], target, of="ratio")
                for i, of, target in ((0, "", 1.1), (1, ", CPU", 1.15))
                ] + peers.figures(f"{where}, {mib} MiB", [p[1] for p in pairs])


def started(site):
    site.nginx()
    site.address()
    site.domain(DOMAIN)
    restarted(site)


def restarted(site, **sections):
    site.start(**sections)
    site.account = Account("ours", (site.daemon.pid, *children(site.daemon.pid)))


def ended(site):
    site.stop()
    site.account.close()


def download(options):
    tempfile.tempdir = DISK
    figures = []
    with Site() as site:
        started(site)
        for mib in options.size:
            publish(site, mib)
            install_ms(site)
            floor_ms(site)
            figures += compare(site, "disk", mib, options.rounds)
            figures += compare_verified(site, mib, options.rounds)
            subprocess.run(["mount", "-t", "tmpfs", "none", site.slots], check=True)
            figures += compare(site, "tmpfs", mib, options.rounds)
            subprocess.run(["umount", "-l", site.slots], check=True)
        ended(site)
    return figures


def peaks(site, mib, times=1):
    publish(site, mib)
    seen = Peak(site)
    try:
        for _ in range(times):
            install_ms(site)
    finally:
        seen.stop()
    return seen


def peak(options):
    tempfile.tempdir = DISK
    with Site() as site:
        started(site)
        # One small image is over in a few samples, of which none may be where the most is in use.
        small, large = peaks(site, SMALL_MIB, options.rounds), peaks(site, options.size[-1])
        ended(site)
    return [figure("peak memory of all processes together", "KiB", [large.pss], [small.pss], PEAK_MAX_KIB),
            figure(f"without pages of files, {options.size[-1]} against {SMALL_MIB} MiB", "KiB",
                   [large.anonymous], [small.anonymous], 1.05, of="ratio")]


# ---- block reuse ----


def scatter(site, share, seed):
    """The image with that share of its blocks changed; nothing else remains of the old one."""
    image = site.dir / "image"
    blocks = image.stat().st_size // 4096
    other = site.dir / "other"
    subprocess.run(["cp", "--sparse=never", image, other], check=True)
    with open(other, "r+b") as f:
        for i in random.Random(seed).sample(range(blocks), int(blocks * share)):
            f.seek(i * 4096 + 99)
            f.write(os.urandom(8))
    os.rename(other, image)
    site.publish(f"9999.{site.sequence}.0", layouts=("firmware",), image=image, digests=("sha256",),
                 extra=("--chunks",))
    site.sent.write_text("")


def sent_share(site, size):
    """What the server has sent for image and index, heads included; it writes its log a bit later."""
    wait_s(0.2)
    lines = [line.split() for line in site.sent.read_text().splitlines()]
    return 100 * sum(int(w[3]) for w in lines if "/image.bin" in w[1]) / size


def reuse(options):
    tempfile.tempdir = DISK
    shares = []
    with Site() as site:
        started(site)
        publish(site, options.size[0], extra=("--chunks",))
        install_ms(site)
        for i in range(options.rounds):
            scatter(site, 0.01, i)
            install_ms(site)
            shares.append(sent_share(site, options.size[0] << 20))
        ended(site)
    return [figure(f"sent with 1 % of the blocks changed, {options.size[0]} MiB", "%", shares, [], 5)]


# ---- digests ----


def digests(_):
    both, slower = rounds_of(bench("hash"), "hash_round")
    return [figure("two digests of one image", "s", both, slower, 1.3, of="ratio")]


# ---- manifests ----


def one_verify(site):
    start = time.perf_counter()
    subprocess.run([OCF_MANIFEST, "verify", "--trust", site / "trust", site / "manifest.json"], check=True,
                   stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def nothing():
    start = time.perf_counter()
    subprocess.run([f"{BUILD}/tests/bench/bench_floor"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def verify(options):
    ours, floor = rounds_of(bench("verify", options.rounds), "verify_round")
    with tempfile.TemporaryDirectory(dir=TMPFS) as d:
        site = pathlib.Path(d)
        tool = [OCF_MANIFEST]
        (site / "image").write_bytes(b"image")
        for words in (["key", "generate", "--out", site / "key"],
                      ["key", "trust", "--manufacturer", MAKER, site / "trust", site / "key"],
                      ["create", "--manufacturer", MAKER, "--model", MODEL, "--version", "1.0.0", "--notes",
                       "n" * 2000, "--out", site / "m.json", site / "image"],
                      ["sign", "--key", site / "key", "--out", site / "manifest.json", site / "m.json"]):
            subprocess.run([*tool, *words], check=True, stdout=subprocess.DEVNULL)
        pairs = [(one_verify(site), nothing()) for _ in range(options.rounds)]
    return [figure("judging a 4 KiB ES256 manifest", "us", ours, floor, 300),
            figure("ocf-manifest verify, as a process", "ms", [p[0] for p in pairs], [p[1] for p in pairs], 5)]
