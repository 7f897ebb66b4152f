"""Figures of ocf-fwupd, and those of both daemons at rest."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from figure import BUILD, DISK, TMPFS, bench, figure, rounds_of
from fwupd import DOMAIN, MAKER, MODEL, OCF_MANIFEST, SERVER, Site, wait_for
from secd import Secd
from secd import get as coap_get

IDLE_S = 10
SETTLE_S = 3  # what start-up has set going is over by then
PRIVATE_MAX_KIB = 976  # 1 MB
SMALL_MIB = 16


def wait_s(seconds):
    threading.Event().wait(seconds)


def nginx(site):
    """In place of the site's web server of Python: what it takes must not be the figure."""
    site.httpd.terminate()
    site.httpd.wait()
    conf = site.dir / "nginx.conf"
    conf.write_text(f"""daemon off;
pid {site.dir}/nginx.pid;
error_log stderr;
worker_processes 1;
user root;
events {{ }}
http {{
    access_log off;
    sendfile on;
    server {{ listen 80; root {site.www}/$host; }}
}}
""")
    site.spawn(*site.site_command("nginx", "-c", conf, "-p", site.dir), stderr=subprocess.DEVNULL)
    wait_for(lambda: "LISTEN" in subprocess.run(
        site.site_command("ss", "-Hltn", "sport = 80"), capture_output=True, text=True).stdout,
        "web server")


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


# ---- download ----


class Peak(threading.Thread):
    """Peak memory of the daemon and of the helpers that it starts, by program, until stop()."""

    def __init__(self, site):
        super().__init__()
        self.pids = {site.daemon.pid}
        self.starters = children(site.daemon.pid)
        self.kib = {}
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.005):
            for starter in self.starters:
                self.pids |= {starter, *children(starter)}
            for pid in self.pids:
                self.look(pid)

    def look(self, pid):
        try:
            with open(f"/proc/{pid}/status") as f:
                fields = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
            self.kib[fields["Name"]] = max(self.kib.get(fields["Name"], 0),
                                           int(fields["VmHWM"].split()[0]))
        except (FileNotFoundError, ProcessLookupError, KeyError):
            pass  # it has ended

    def stop(self):
        self.over.set()
        self.join()


def publish(site, mib):
    for entry in (site.www, site.dir / "work"):
        subprocess.run(["rm", "-rf", entry], check=True)
    site.www.mkdir()
    site.publish(f"{mib}.0.0", layouts=("firmware",), image=os.urandom(1 << 20) * mib, digests=("sha256",))
    os.sync()


def install_ms(site):
    job = site.install(reinstall=True)
    if job["Result"] != "installed":
        raise RuntimeError(f"{job}")
    return site.history(1)[0]["usec"] / 1000


def floor_ms(site):
    host = f"_firmware.{DOMAIN}"
    line = bench("http", SERVER, host, f"/.well-known/firmware/{MAKER}/{MODEL}/image.bin",
                 site.slots / "floor")[0]
    return float(line[0]) / 1000


def peak_kib(site, mib):
    publish(site, mib)
    install_ms(site)
    peak = Peak(site)
    try:
        install_ms(site)
    finally:
        peak.stop()
    return peak.kib


def download(options):
    tempfile.tempdir = DISK
    figures = []
    with Site() as site:
        nginx(site)
        site.address()
        site.domain(DOMAIN)
        site.start()
        small = peak_kib(site, SMALL_MIB)
        large = peak_kib(site, options.size)
        floor_ms(site)
        for place in ("disk", "tmpfs"):
            if place == "tmpfs":
                subprocess.run(["mount", "-t", "tmpfs", "none", site.slots], check=True)
            ours, floor = [], []
            for _ in range(options.rounds):
                ours.append(install_ms(site))
                floor.append(floor_ms(site))
            figures.append(figure(f"HTTP to verified slot on {place}, {options.size} MiB", "ms",
                                  ours, floor, 1.3, of="ratio"))
        site.stop()
        subprocess.run(["umount", site.slots], check=True)
    for name in large:
        figures.append(figure(f"peak memory of {name}, {options.size} against {SMALL_MIB} MiB", "KiB",
                              [large[name]], [small[name]], 1.05, of="ratio"))
    return figures


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
