"""Installations that are cut at seeded points, by kill -9 or by loss of power, over real daemons.
Started by tools/powercut, which explains itself.

What must survive lies in one file system in one file: a copy of that file (a reflink, hence atomic) is
what a disk would hold if the power were lost at that moment. strace stops a program in place of a call
that changes something; then either everything is killed, or the copy is taken first and replaces the
disk."""
import argparse
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import dbus
import dbus.lowlevel

sys.path.insert(0, os.path.join(os.environ["SOURCE_DIR"], "tests/integration"))
import fwupd  # noqa: E402
from fwupd import DOMAIN, USERS, run, wait_for  # noqa: E402

CALLS = ("openat", "write", "pwrite64", "fallocate", "fsync", "fdatasync", "sync_file_range", "renameat",
         "unlinkat", "symlinkat")
OUTER_MIB, INNER_MIB, SLOT_MIB = 700, 96, 24
OLD, NEW, NEXT = "1.0.0", "2.0.0", "3.0.0"
SIZE = 9_000_000  # of an image: longer than what may be behind on the disk


def image(version):
    return random.Random(version).randbytes(SIZE)


IMAGES = {v: image(v) for v in (OLD, NEW, NEXT)}
DIGESTS = {hashlib.sha256(body).digest(): v for v, body in IMAGES.items()}


def version_of(octets):
    return DIGESTS.get(hashlib.sha256(octets[:SIZE]).digest())


class Disk:
    """The file system that is cut, and its copies."""

    def __init__(self, site):
        self.at = site.dir / "disk"
        self.outer = site.dir / "outer"
        for folder in (self.at, self.outer):
            folder.mkdir()
        store = site.dir / "outer.img"
        store.touch()
        os.truncate(store, OUTER_MIB << 20)
        run("mkfs.xfs", "-q", "-m", "reflink=1", store)
        run("mount", "-o", "loop", store, self.outer)
        self.image("base").touch()
        os.truncate(self.image("base"), INNER_MIB << 20)
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", self.image("base"))

    def image(self, name):
        return self.outer / f"{name}.img"

    def mount(self, name):
        run("mount", "-o", "loop,nodiscard", self.image(name), self.at)

    def umount(self):
        """Who held it has ended, but a loop device may let go of its file a moment later."""
        wait_for(lambda: subprocess.run(["umount", self.at], stderr=subprocess.DEVNULL).returncode == 0,
                 "end of who holds the disk")

    def copy(self, old, new):
        """What is on the disk at this moment."""
        run("cp", "--reflink=always", self.image(old), self.image(new))

    def close(self):
        for folder in (self.at, self.outer):
            subprocess.run(["umount", "-l", folder], stderr=subprocess.DEVNULL)


class World:
    """One kind of slots. Its state is below `disk`."""
    programs = ("ocf-fw-write", "ocf-fwupd")

    def __init__(self, site, disk):
        self.site, self.disk, self.loops = site, disk, {}

    def make(self):
        """On the empty disk."""
        for name in ("slots", "state"):
            (self.disk.at / name).mkdir()
            user = USERS["ocf-fw-write" if name == "slots" else "ocf-fwupd"]
            os.chown(self.disk.at / name, user, user)
        (self.disk.at / "state").chmod(0o700)

    def attach(self):
        """The disk is there."""
        self.site.slots, self.site.state = self.disk.at / "slots", self.disk.at / "state"

    def detach(self):
        pass

    def sections(self):
        return {}

    def boots(self):
        """The version that the next start gets, None if that is not a whole one."""
        raise NotImplementedError

    def booted(self):
        """What boots() said has become true."""


class Folder(World):
    name = "folder"

    def boots(self):
        release = (self.site.slots / "current/os-release").read_text()
        told = re.search(r"^IMAGE_VERSION=(\S+)$", release, re.M)[1]
        found = version_of((self.site.slots / "current/firmware").read_bytes())
        return found if found == told else None


class Loops(World):
    """Block devices, by a boot loader whose variables are read as its own script reads them."""
    programs = ("ocf-fw-write", "ocf-fwupd", "boot")

    def make(self):
        super().make()
        for slot in "ab":
            (self.disk.at / f"{slot}.img").write_bytes(IMAGES[OLD])  # from the factory
            os.truncate(self.disk.at / f"{slot}.img", SLOT_MIB << 20)
        self.make_env()

    def attach(self):
        super().attach()
        for slot in "ab":
            loop = run("losetup", "-f", "--show", self.disk.at / f"{slot}.img",
                       stdout=subprocess.PIPE).stdout.strip()
            node = self.site.dir / f"dev-{slot}"
            node.unlink(missing_ok=True)
            os.mknod(node, 0o600 | 0o060000, os.stat(loop).st_rdev)
            os.chown(node, USERS["ocf-fw-write"], USERS["ocf-fw-write"])
            self.loops[slot] = loop
        (self.site.dir / "release").write_text("IMAGE_VERSION=0.9.0\n")
        self.booted()

    def detach(self):
        while self.loops:
            run("losetup", "-d", self.loops.popitem()[1])

    def sections(self):
        return {"Slots": {"Type": "block", "DevicesA": f"firmware:{self.site.dir}/dev-a",
                          "DevicesB": f"firmware:{self.site.dir}/dev-b",
                          "Release": self.site.dir / "release"},
                "Boot": {"Type": self.name, "CommandLine": self.site.dir / "cmdline", **self.loader()}}

    def booted(self):
        (self.site.dir / "cmdline").write_text(f"quiet ocfgw.slot={self.startable()[0]}\n")

    def boots(self):
        slots = self.startable()
        versions = [version_of((self.disk.at / f"{s}.img").read_bytes()) for s in slots]
        return versions[0] if versions and all(versions) else None


class Uboot(Loops):
    name = "uboot"

    @property
    def config(self):
        return self.site.dir / "fw_env.config"

    def make_env(self):
        (self.disk.at / "env").write_bytes(b"\0" * 0x8000)
        os.chown(self.disk.at / "env", USERS["ocf-fw-write"], USERS["ocf-fw-write"])
        self.config.write_text("".join(f"{self.disk.at}/env {at} 0x4000\n" for at in ("0", "0x4000")))
        defaults = self.site.dir / "defaults"
        defaults.write_text("BOOT_ORDER=B A\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n")
        run("fw_setenv", "-c", self.config, "-f", defaults, "x", "y")

    def loader(self):
        return {"EnvConfig": self.config}

    def startable(self):
        text = run("fw_printenv", "-c", self.config, stdout=subprocess.PIPE).stdout
        v = dict(line.split("=", 1) for line in text.splitlines())
        return [s.lower() for s in v["BOOT_ORDER"].split() if int(v[f"BOOT_{s}_LEFT"], 16) > 0]


class Grub(Loops):
    name = "grub"

    @property
    def block(self):
        return self.disk.at / "env"

    def make_env(self):
        run("grub-editenv", self.block, "create")
        run("grub-editenv", self.block, "set", "ORDER=B A", "B_OK=1", "B_TRY=0", "A_OK=0", "A_TRY=0")
        os.chown(self.block, USERS["ocf-fw-write"], USERS["ocf-fw-write"])

    def loader(self):
        return {"GrubEnv": self.block}

    def startable(self):
        text = run("grub-editenv", self.block, "list", stdout=subprocess.PIPE).stdout
        v = dict(line.split("=", 1) for line in text.splitlines())
        return [s.lower() for s in v["ORDER"].split() if v.get(f"{s}_OK") == "1" and
                v.get(f"{s}_TRY", "0") == "0"]


# ---- one installation, watched or cut ----


class Wrap:
    """strace around one program; `boot` is ocf-fw-write and what it starts, where the loader's
    variables lie."""

    def __init__(self, site, program, call=None, n=0):
        self.site, self.program = site, program
        self.trace = site.dir / "trace" / "log"
        self.trace.unlink(missing_ok=True)
        words = ["/usr/bin/strace", "-D", "-qq", "-o", self.trace]
        if program == "boot":
            words += ["-f", "-P", site.disk.at / "env"]
        elif program == "ocf-fw-write":
            words += ["-f"]
        words += ["-e", f"trace={call or ','.join(CALLS)}"]
        if call:
            words += ["-e", f"inject={call}:signal=STOP:error=EINTR:when={n}"]
        self.words = [str(w) for w in words]
        binary = "ocf-fwupd" if program == "ocf-fwupd" else "ocf-fw-write"
        self.path = None
        if binary == "ocf-fw-write":
            self.path = site.bin / binary
            self.real = site.dir / "real" / binary
            self.path.write_text(f"#!/bin/sh\nexec {' '.join(self.words)} {self.real} \"$@\"\n")
            self.path.chmod(0o755)

    def daemon(self):
        return () if self.path else self.words

    def remove(self):
        if self.path:
            self.path.unlink()
            shutil.copy(self.real, self.path)

    def text(self):
        return self.trace.read_text(errors="replace") if self.trace.exists() else ""

    def has_stopped(self):
        return "stopped by SIGSTOP" in self.text()

    def counts(self):
        """Of each call, as often as the busiest process made it."""
        seen = {}
        for line in self.text().splitlines():
            m = re.match(r"(?:(\d+) +)?(\w+)\(", line)
            if m and m[2] in CALLS:
                seen[m[2], m[1]] = seen.get((m[2], m[1]), 0) + 1
        return {call: max(n for (c, _), n in seen.items() if c == call) for call in CALLS
                if any(c == call for c, _ in seen)}


def descendants(pid):
    found = []
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (p / "stat").read_text().rpartition(")")[2].split()
            found.append((int(p.name), int(fields[1])))
        except OSError:
            pass
    all_of, new = set(), {pid}
    while new:
        all_of |= new
        new = {c for c, parent in found if parent in new} - all_of
    return all_of


def kill_all(site):
    """As the loss of power would, but for the disk."""
    tree = descendants(site.daemon.pid)
    for pid in tree:
        try:
            os.kill(pid, signal.SIGSTOP)
        except ProcessLookupError:
            pass
    tree |= descendants(site.daemon.pid)
    tree |= {int(p.name) for p in pathlib.Path("/proc").glob("[0-9]*") if is_ours(site, p)}
    for pid in tree:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    site.daemon.wait()
    site.daemon = None
    wait_for(lambda: not any(is_ours(site, p) for p in pathlib.Path("/proc").glob("[0-9]*")), "end of all")
    wait_for(lambda: not site.connection.name_has_owner(fwupd.NAME), "end on the bus")


def is_ours(site, p):
    """Runs one of the site's programs, traces one, or changes the environment for one."""
    try:
        exe = os.readlink(p / "exe")
        if not exe.startswith(str(site.dir)) and not (
                os.path.basename(exe) in ("strace", "fw_setenv", "fw_printenv") and
                str(site.dir).encode() in (p / "cmdline").read_bytes()):
            return False
        return (p / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start_and_install(site, wrap, sections):
    """Without waiting for an answer: whoever would give it may be stopped at any time."""
    site.configure(**sections)
    site.log.write_text("")
    with open(site.log, "a") as log:
        site.daemon = subprocess.Popen(
            [*wrap.daemon(), str(site.bin / "ocf-fwupd"), "-c", str(site.dir / "fwupd.conf"), "-s",
             str(site.state)], stdin=subprocess.DEVNULL, stderr=log, env=site.bus.env)
    wait_for(lambda: site.connection.name_has_owner(fwupd.NAME) or wrap.has_stopped(), "name on the bus")
    wait_for(lambda: wrap.has_stopped() or "write: confirm" in site.log.read_text() or not sections,
             "confirmation")  # which an installation would have to wait for
    message = dbus.lowlevel.MethodCallMessage(fwupd.NAME, fwupd.PATH, fwupd.NAME, "Install")
    message.append({}, signature="a{sv}")
    message.set_no_reply(True)
    site.connection.send_message(message)
    site.connection.flush()
    wait_for(lambda: wrap.has_stopped() or re.search(r"update: install (done|failed) ", site.log.read_text()),
             "stop or end")


class Bench:
    def __init__(self, site, seed):
        self.site, self.random = site, random.Random(seed)
        self.disk = site.disk = Disk(site)
        self.world = World(site, self.disk)

    def prepare(self, world):
        """1.0.0 runs; the disk at rest is what each cut begins with. Returns the points."""
        self.world = world
        self.disk.mount("base")
        for entry in self.disk.at.iterdir():
            subprocess.run(["rm", "-rf", entry], check=True)
        self.world.make()
        self.world.attach()
        self.site.publish(OLD, image=IMAGES[OLD], sequence=1)
        self.site.start(**self.world.sections())
        self.install(OLD)
        self.site.stop()
        self.world.booted()
        self.site.start(**self.world.sections())
        wait_for(lambda: self.site.prop("Confirmed"), "confirmation")
        self.site.stop()
        self.site.publish(NEW, image=IMAGES[NEW], sequence=2)
        self.world.detach()
        self.disk.umount()
        self.disk.copy("base", world.name)
        return [(world, program, call, n) for program in world.programs
                for call, count in self.watch(program).items() for n in range(1, count + 1)]

    def install(self, version):
        """What runs may be on trial still, and then proves itself first."""
        if version != OLD:
            wait_for(lambda: self.site.prop("Confirmed"), "confirmation")
        job = self.site.install()
        assert job["Result"] in ("installed", "no-update"), job
        assert self.world.boots() == version, f"{self.world.boots()} after {version}: {job} {getattr(self.world, 'startable', str)()}"

    def begin(self, world):
        self.world = world
        self.disk.copy(world.name, "work")
        self.disk.mount("work")
        self.world.attach()

    def end(self):
        self.world.detach()
        self.disk.umount()

    def watch(self, program):
        self.begin(self.world)
        wrap = Wrap(self.site, program)
        self.site.start(wrap=wrap.daemon(), **self.world.sections())
        self.install(NEW)
        self.site.stop()
        wrap.remove()
        self.end()
        return wrap.counts()

    def cut(self, point, power):
        world, program, call, n = point
        name = f"{world.name} {'power' if power else 'kill'} {program} {call} {n}"
        self.begin(world)
        wrap = Wrap(self.site, program, call, n)
        start_and_install(self.site, wrap, self.world.sections())
        reached = wrap.has_stopped()
        if power:
            self.disk.copy("work", "cut")
        kill_all(self.site)
        wrap.remove()
        if power:
            self.end()
            self.disk.mount("cut")
            self.world.attach()
        version = self.world.boots()
        assert version in (OLD, NEW), f"{name}: {version} would boot"
        self.recover(name)
        self.end()
        return reached, version

    def recover(self, name):
        """The next installation is not disturbed by what was left behind."""
        self.world.booted()
        self.site.start(**self.world.sections())
        try:
            self.install(NEW)
        except AssertionError as e:
            raise AssertionError(f"{name}: afterwards: {e}") from None
        self.site.stop()

    def run(self, points, n):
        """Each point once before any of them twice; half of the cuts are losses of power. How often a
        program writes what it tells others depends on their pace, so a run may end before its point:
        then the next one makes up for it, and the run has shown what an installation without a cut leaves."""
        self.random.shuffle(points)
        counts, at = {}, 0
        while sum(c for k, c in counts.items() if k[2] != "not reached") < n:
            if at == 2 * n:
                sys.exit(f"half of {at} points were not reached")
            point, power = points[at % len(points)], self.random.random() < 0.5
            at += 1
            reached, version = self.cut(point, power)
            if not reached:
                print(f"not reached: {' '.join(map(str, point[1:]))}", file=sys.stderr)
            key = (point[0].name, "power" if power else "kill",
                   ("old" if version == OLD else "new") if reached else "not reached")
            counts[key] = counts.get(key, 0) + 1
            if at % 50 == 0:
                print(f"{at} runs", file=sys.stderr, flush=True)
        return counts


WORLDS = {w.name: w for w in (Folder, Uboot, Grub)}


def main():
    parser = argparse.ArgumentParser(prog="tools/powercut")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slots", choices=WORLDS, action="append")
    parser.add_argument("n", type=int)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and clean up
    with fwupd.Site() as site:
        (site.dir / "trace").mkdir()
        (site.dir / "trace").chmod(0o777)
        (site.dir / "real").mkdir()
        shutil.copy(site.bin / "ocf-fw-write", site.dir / "real")
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "none", "/run/lock")  # fw_setenv's
        site.address()
        site.domain(DOMAIN)
        bench = Bench(site, options.seed)
        try:
            points = [p for w in options.slots or WORLDS for p in bench.prepare(WORLDS[w](site, bench.disk))]
            began = time.monotonic()
            counts = bench.run(points, options.n)
        finally:
            try:
                if site.daemon:
                    kill_all(site)
            finally:  # even if the bus has gone already
                bench.world.detach()
                bench.disk.close()
    for key in sorted(counts):
        print(f"{counts[key]:5} {' '.join(key)}")
    print(f"{options.n} cuts at {min(sum(counts.values()), len(points))} of {len(points)} points, seed {options.seed}, "
          f"{time.monotonic() - began:.0f} s: always a whole version, the next installation succeeds")


main()
