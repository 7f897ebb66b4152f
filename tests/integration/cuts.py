"""Cuts in the middle of installations, and a web server that counts what it sends."""
import json
import os
import random
import shutil
import signal
import subprocess

import fwupd
from fwupd import DOMAIN, MAKER, MODEL, SOURCE, check, wait_for

LOCAL = f"_firmware.{DOMAIN}"
FOLDER = f"/.well-known/firmware/{MAKER}/{MODEL}"
IMAGE = f"{FOLDER}/image.bin"
MIB = 1024 * 1024
PER_CUT = 4 * MIB


def outcome(job):
    return job["Result"], job["Error"]


class Server:
    """The server of the site, in its network."""

    def __init__(self, site):
        site.httpd.terminate()
        site.httpd.wait()
        self.process = subprocess.Popen(
            site.site_command("/usr/bin/python3", f"{SOURCE}/tests/integration/counting_httpd.py",
                              str(site.www)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        site.processes.append(self.process)
        check("server", self.process.stdout.readline(), "null\n")

    def tell(self, *words):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def slow(self, rate, path=IMAGE):
        """So many octets a second and, until free(), never the last one: it stays under way."""
        self.tell("hold", [path, -1])
        self.tell("rate", rate)

    def free(self):
        self.tell("hold", None)
        self.tell("rate", 0)


def start(site, policy=(), **sections):
    site.start(Policy={"CheckInterval": "0", "StallTimeout": "2s"} | dict(policy), **sections)


def fresh(site, server, current="1.0.0"):
    site.stop()
    site.clear()
    site.sequence = 0
    for name, value in (("rate", 0), ("ranges", True), ("tags", True), ("refuse", False), ("hold", None)):
        server.tell(name, value)
    site.publish(current)
    start(site)
    check("first", outcome(site.install()), ("installed", ""))
    subprocess.run(["rm", "-rf", site.www / LOCAL], check=True)
    server.tell("stats")


def target(site):
    """The slot that does not run."""
    return site.slots / ("b" if os.readlink(site.slots / "current") == "a" else "a")


def written(site):
    try:
        return (target(site) / "firmware").stat().st_size
    except OSError:
        return 0


def kill(site, *names):
    for name in names:
        for pid in site.helpers(name):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def cut(site, server, kind, restart):
    """True: the job is gone with its agent."""
    if kind == "connection":
        server.tell("cut")
    elif kind == "link":
        site.in_site("ip", "link", "set", "s0", "down")
        server.tell("cut")  # which the gateway does not hear of
        site.in_site("ip", "link", "set", "s0", "up")
    elif kind in ("ocf-fw-fetch", "ocf-fw-write"):
        kill(site, kind)
    elif kind == "power":
        site.power_cut()
        restart(site)
        wait_for(lambda: site.prop("CurrentVersion"), "version")
        return True
    else:
        names = ["ocf-fwupd"] if kind == "agent" else ["ocf-fwupd", "ocf-fw-fetch", "ocf-fw-write"]
        kill(site, *names)
        site.stop(signal.SIGKILL)
        wait_for(lambda: not any(site.helpers(p) for p in fwupd.PROGRAMS), "end of all")
        restart(site)
        wait_for(lambda: site.prop("CurrentVersion"), "version")
        return True
    return False


KINDS = ("connection", "ocf-fw-fetch", "ocf-fw-write", "agent", "all")


def is_underway(site, job, kind):
    """A new job finds the octets of the one before, but has to get as far as that again: who loses a
    helper or a connection before it writes has failed."""
    return kind in ("agent", "all", "power") or site.job(job)["Phase"] not in (
        "discovering", "fetching-manifest", "validating")


def with_cuts(site, server, path, size, cuts, seed, restart=start, progress=written,
              kinds=None):
    """Installs with so many cuts at seeded points, and gives what the server has sent."""
    chance = random.Random(seed)
    # Not so near the end that it is over when the cut comes.
    points = sorted(chance.randrange(MIB // 4, size * 9 // 10) for _ in range(cuts))
    # A silent link takes seconds to be noticed, so there is only one in ten.
    kinds = kinds or ["link" if i % 10 == 0 else KINDS[i % len(KINDS)] for i in range(cuts)]
    chance.shuffle(kinds)
    job = site.begin("Install")
    for at, kind in zip(points, kinds):
        # However late we are, the job is not over when the cut comes.
        server.tell("hold", [path, min(at + PER_CUT, size - 1)])
        wait_for(lambda: site.job(job)["Result"] or (progress(site) >= at and
                                                     is_underway(site, job, kind)), f"octet {at}")
        check(f"{kind} at {at}", site.job(job)["Result"], "")
        if cut(site, server, kind, restart):
            job = site.begin("Install")
    server.tell("hold", None)
    ended = site.finish(job)
    check(f"{ended}", outcome(ended), ("installed", ""))
    stats = server.tell("stats")
    sent = stats["sent"][path]
    print(f"{cuts} cuts, seed {seed}: {size} octets, {sent} sent, {(sent - size) / cuts / MIB:.2f} "
          f"MiB again a cut, {len(stats['asked'][path])} requests", flush=True)
    assert sent <= size + cuts * PER_CUT, (sent, size, cuts)


def in_spool(site):
    try:
        return sum(p.stat().st_size for p in (site.state / "spool").iterdir())
    except OSError:
        return 0


def tool(*words):
    fwupd.run(fwupd.OCF_MANIFEST, *words, stdout=subprocess.DEVNULL)


def device_key(site):
    """Of this device, to which images are encrypted: its secret and its public half."""
    secret, public = site.dir / "device.jwk", site.dir / "device.pub.jwk"
    if not secret.exists():
        tool("key", "generate", "--alg", "ECDH-ES+A256KW", "--out", secret)
        public.write_text(fwupd.run(fwupd.OCF_MANIFEST, "key", "public", secret,
                                    stdout=subprocess.PIPE).stdout)
        os.chown(secret, 0, fwupd.USERS["ocf-fwupd"])
        os.chmod(secret, 0o640)
    return secret, public


def publish_plain(site, version, bodies):
    """Two images: components boot and firmware. Gives their folder."""
    work, folder = site.dir / "work", site.folder(LOCAL)
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in zip(("boot.bin", "firmware.bin"), bodies):
        (folder / name).write_bytes(body)
    site.sequence += 1
    tool("create", "--manufacturer", MAKER, "--model", MODEL, "--version", version, "--sequence",
         site.sequence, "--expires", "30d", "--image", f"boot={folder / 'boot.bin'}", "--image",
         f"firmware={folder / 'firmware.bin'}", "--out", work / "m.json")
    tool("sign", "--key", site.key, "--out", folder / "manifest.json", work / "m.json")
    return folder


def publish_two(site, version, sizes):
    """An image as it is and an encrypted one: components boot and firmware."""
    _, public = device_key(site)
    work, folder = site.dir / "work", site.folder(LOCAL)
    folder.mkdir(parents=True, exist_ok=True)
    bodies = [os.urandom(n) for n in sizes]
    for name, body in zip(("boot.bin", "firmware.bin"), bodies):
        (work / name).write_bytes(body)
    tool("encrypt-image", "--key", public, "--info", work / "info.json", work / "firmware.bin",
         folder / "firmware.enc")
    shutil.copy(work / "boot.bin", folder / "boot.bin")
    site.sequence += 1
    tool("create", "--manufacturer", MAKER, "--model", MODEL, "--version", version, "--sequence",
         site.sequence, "--expires", "30d", "--image", f"boot={work / 'boot.bin'}", "--image",
         f"firmware={work / 'firmware.bin'}", "--encryption", f"firmware={work / 'info.json'}",
         "--out", work / "m.json")
    tool("sign", "--key", site.key, "--out", folder / "manifest.json", work / "m.json")
    return bodies
