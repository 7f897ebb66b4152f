"""CPU time of programs that start others."""
import os
import pathlib
import re

from fwupd import wait_for


class Account:
    """The CPU of processes and of all that they start: a control group, in either version."""

    def __init__(self, name, pids=()):
        v1 = pathlib.Path("/sys/fs/cgroup/cpuacct")
        self.dir = (v1 if v1.is_dir() else pathlib.Path("/sys/fs/cgroup")) / f"ocf-bench-{name}-{os.getpid()}"
        self.dir.mkdir(exist_ok=True)
        for pid in pids:
            self.add(pid)

    def add(self, pid):
        """0: the caller itself."""
        (self.dir / "cgroup.procs").write_text(str(pid))

    def ms(self):
        if (self.dir / "cpuacct.usage").exists():
            return int((self.dir / "cpuacct.usage").read_text()) / 1e6
        return int(re.search(r"usage_usec (\d+)", (self.dir / "cpu.stat").read_text())[1]) / 1e3

    def close(self):
        wait_for(lambda: not (self.dir / "cgroup.procs").read_text(), "end of all processes")
        self.dir.rmdir()
