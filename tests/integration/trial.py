"""A site whose boots a test tells, and what is checked of a trial there."""
import signal
import subprocess

import fwupd
from fwupd import DOMAIN, check, wait_for

LOCAL = f"_firmware.{DOMAIN}"
LAMP = "lamp-1.service"
REBOOT = {"Slots": {"Activation": "reboot"}}


class Site(fwupd.Site):
    """Whose boots are the test's to tell."""

    boots = 0
    loader = ""  # lines of [Boot]

    def configure(self, **sections):
        super().configure(**sections)
        with open(self.dir / "fw-write.conf", "a") as f:
            f.write(f"[Boot]\nBootIdFile={self.dir}/boot-id\n{self.loader}")
        self.next_boot(0)

    def next_boot(self, n=1):
        self.boots += n
        new = self.dir / "boot-id.new"
        new.write_text(f"boot-{self.boots}\n")
        new.rename(self.dir / "boot-id")

    def boot(self, how=signal.SIGTERM, **sections):
        """The machine goes down and up again."""
        self.stop(how)
        self.next_boot()
        self.start(**sections)

    def trial(self):
        return (self.prop("CurrentVersion"), self.prop("State"), self.prop("Confirmed"))

    def outcome(self):
        h = self.history(1)[0]
        return h["result"], h["error"], h["text"]


def fresh(site, **sections):
    """Version 1.5.0 runs, which an accepted manifest brought; its octets are kept."""
    site.stop()
    site.clear()
    slot = site.slots / "a"
    slot.mkdir()
    (slot / "firmware").write_bytes(site.image("1.0.0"))
    (slot / "os-release").write_text("IMAGE_VERSION=1.0.0\n")
    (site.slots / "current").symlink_to("a")
    uid = fwupd.USERS["ocf-fw-write"]
    subprocess.run(["chown", "-R", f"{uid}:{uid}", site.slots], check=True)
    site.next_boot()
    site.start(Trial={"Mode": "never"})
    site.publish("1.5.0", extra=("--security-version", "5"))
    site.manifest = (site.folder(LOCAL) / "manifest.json").read_bytes()
    check("first", site.install()["Result"], "installed")
    site.stop()
    site.publish("2.0.0", extra=("--security-version", "7"))
    site.start(**sections)
    wait_for(lambda: site.prop("Confirmed"), "confirmed")
    check("before", (site.prop("CurrentVersion"), site.prop("SecurityFloor")), ("1.5.0", 5))


def installed(site, **options):
    job = site.install(**options)
    check(f"{job}", (job["Result"], job["Error"]), ("installed", ""))


def turned(site, version):
    """That one runs on, but the next boot starts the other one."""
    wait_for(lambda: (*site.trial(), site.prop("PendingVersion") != "") ==
             (version, "pending-reboot", False, True), "way back")


def check_old(site, reason):
    """Everything is as before the update, but for what is remembered of it."""
    wait_for(lambda: site.trial() == ("1.5.0", "idle", True), "old version")
    check("history", site.outcome(), ("rolled-back", "install.rolled-back", reason))
    check("LastError", site.prop("LastError"), "install.rolled-back")
    check("floor", site.prop("SecurityFloor"), 5)
    check("slot", site.current(), ("1.5.0", site.image("1.5.0")))
    check("attempts", site.prop("BootAttemptsLeft"), 0)
    job = site.install()
    check("not again", (job["Result"], "rolled back" in job["Text"]), ("no-update", True))
    check("nothing is offered", site.prop("AvailableVersion"), "")
    # The manifest of what runs counts again, though a newer one was accepted in between.
    (site.folder(LOCAL) / "manifest.json").write_bytes(site.manifest)
    job = site.check_now()
    check(f"{job}", (job["Result"], job["Error"]), ("no-update", ""))
    check("LastError", site.prop("LastError"), "")
