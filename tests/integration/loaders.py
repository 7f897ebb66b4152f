"""Machines whose loaders are acted: this does with the variables what the scripts of
docs/integration do, by the loaders' own tools."""
import os
import pathlib
import signal
import subprocess

import fwupd
from trial import LAMP

BASE = pathlib.Path("/mnt")  # ours alone, and root's: programs may lie there
UID = fwupd.USERS["ocf-fw-write"]
SIZE = 8 << 20


def output(*words, **options):
    return fwupd.run(*words, stdout=subprocess.PIPE, **options).stdout


class Blocks:
    """A machine with two slots, each a loop device."""

    starts = (2, 1, 0)  # that a version on trial has left in each of them; None: it is not known

    def __init__(self, site):
        self.site, self.loops = site, []
        fwupd.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", BASE)
        self.vars = BASE / "vars"
        self.vars.mkdir()
        for name in "AB":
            image = BASE / f"{name}.img"
            image.touch()
            os.truncate(image, SIZE)
            self.loops.append(output("losetup", "-f", "--show", image).strip())
        self.install()
        for path in (self.vars, *self.vars.iterdir()):
            os.chown(path, UID, UID)

    def install(self):
        """The first system and the loader, as the factory leaves them."""
        self.slots = {"Type": "block", "Release": BASE / "release"}
        for name, loop in zip("AB", self.loops):
            node = BASE / f"device-{name}"
            os.mknod(node, 0o660 | 0o60000, os.stat(loop).st_rdev)
            os.chown(node, UID, UID)
            self.slots[f"Devices{name}"] = f"firmware:{node}"
        (BASE / "release").write_text("IMAGE_VERSION=1.0.0\n")
        self.site.loader = f"CommandLine={BASE}/cmdline\n" + self.loader()

    def close(self):
        self.site.stop(signal.SIGKILL)
        self.site.loader = ""
        for loop in self.loops:
            fwupd.run("losetup", "-d", loop)
        fwupd.run("umount", "-l", BASE)

    def power_on(self):
        """The machine starts, as far as the loader goes."""
        self.site.stop(signal.SIGKILL)
        self.site.next_boot()
        (BASE / "cmdline").write_text(f"quiet ocfgw.slot={self.choose().lower()}\n")

    def start(self):
        self.power_on()
        self.site.start(Slots=self.slots, Trial={"HealthUnits": LAMP, "HealthSecd": "no"})

    def image(self, version):
        return self.site.image(version)

    def holds(self, slot, version):
        """Whether the slot has that version's octets."""
        body = self.site.image(version)
        with open(BASE / f"{slot}.img", "rb") as f:
            return f.read(len(body)) == body


class Uboot(Blocks):
    """As docs/integration/uboot.cmd."""

    def tool(self, *words):
        return output(words[0], "-c", self.vars / "fw_env.config", *words[1:])

    def loader(self):
        (self.vars / "env").write_bytes(b"\0" * 0x8000)
        (self.vars / "fw_env.config").write_text(
            f"{self.vars}/env 0 0x4000\n{self.vars}/env 0x4000 0x4000\n")
        (self.vars / "defaults").write_text("BOOT_ORDER=A B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n")
        self.tool("fw_setenv", "-f", self.vars / "defaults", "x", "y")
        return f"Type=uboot\nEnvConfig={self.vars}/fw_env.config\n"

    def variables(self):
        return dict(line.split("=", 1) for line in self.tool("fw_printenv").splitlines())

    def next(self, v):
        return next(s for s in v["BOOT_ORDER"].split() if int(v[f"BOOT_{s}_LEFT"], 16))

    def choose(self):
        v = self.variables()
        slot = self.next(v)
        self.tool("fw_setenv", f"BOOT_{slot}_LEFT", f"{int(v[f'BOOT_{slot}_LEFT'], 16) - 1:x}")
        return slot

    def is_settled(self, slot):
        v = self.variables()
        return (self.next(v), v[f"BOOT_{slot}_LEFT"]) == (slot, "3")

    def is_bad(self, slot):
        return self.variables()[f"BOOT_{slot}_LEFT"] == "0"
