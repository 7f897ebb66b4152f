"""How fast programs are, whatever else keeps this machine busy."""
import os
import time


def _queued(pid):
    """Seconds in which its main thread could have run and others did (proc(5), schedstat)."""
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[1]) / 1e9


class Watch:
    """Counts the time since it was made, but for what these processes and this one spent in the
    queue for a processor. They may have ended meanwhile, but not been waited for."""

    def __init__(self, *pids):
        self.pids = (os.getpid(), *pids)
        self.begun, self.queued = time.monotonic(), sum(map(_queued, self.pids))

    def waited(self):
        """What they all spent there."""
        return sum(map(_queued, self.pids)) - self.queued

    def seconds(self):
        return time.monotonic() - self.begun - self.waited()
