"""Two hosts, `dev` and `obt`, on a cable that is a program: it drops, doubles and delays UDP frames.

Everything else (ARP, neighbour discovery) passes unharmed, so that only the protocols under test are
tried."""
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import threading
import time

from netns import Hosts, ip

ALL = 3  # ETH_P_ALL
OUTGOING = 4


def is_udp(frame):
    kind = struct.unpack_from(">H", frame, 12)[0]
    return (kind == 0x0800 and frame[23] == 17) or (kind == 0x86dd and frame[20] == 17)


def checksummed(frame):
    """With the UDP checksum that the sending kernel left to a network card."""
    v6 = frame[12:14] == b"\x86\xdd"
    at = 54 if v6 else 14 + (frame[14] & 15) * 4
    length = struct.unpack_from(">H", frame, at + 4)[0]
    segment = frame[at:at + 6] + b"\0\0" + frame[at + 8:at + length]
    words = (frame[22:54] if v6 else frame[26:34]) + struct.pack(">HH", 17, length) + segment
    total = sum(struct.unpack(f">{(len(words) + 1) // 2}H", words + b"\0" * (len(words) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return frame[:at + 6] + struct.pack(">H", ~total & 0xffff or 0xffff) + frame[at + 8:]


class RelayedHosts(Hosts):
    """with RelayedHosts(loss=0.3, double=0.1, late=0.1) as hosts: as Hosts"""

    def __init__(self, loss=0.0, double=0.0, late=0.0, seed=1):
        super().__init__()
        self.loss, self.double, self.late = loss, double, late
        self.random, self.stopping = random.Random(seed), False
        self.passed = self.dropped = 0

    def __enter__(self):
        super().__enter__()
        # The cable between them is cut in two, and each end comes out at this process.
        self.ends = {}
        for host, name in self.names.items():
            ip("-n", name, "link", "set", "eth0", "down")
        ip("-n", self.names["dev"], "link", "del", "eth0")
        for host, name in self.names.items():
            end = f"r{os.getpid()}{host}"
            ip("link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", name)
            subprocess.run(["sysctl", "-qw", f"net.ipv6.conf.{end}.disable_ipv6=1"], check=True)
            self.run(host, ["sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0"], check=True)
            for address in self.ADDRESSES[host]:
                ip("-n", name, "addr", "add", address, "dev", "eth0")
            ip("link", "set", end, "up", "promisc", "on")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "route", "add", "224.0.0.0/4", "dev", "eth0")
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            s.bind((end, 0))
            self.ends[s] = end
        self.thread = threading.Thread(target=self.pump, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *what):
        self.stopping = True
        self.thread.join()
        for s, end in self.ends.items():
            s.close()
            subprocess.run(["ip", "link", "del", end], check=False)
        super().__exit__(*what)

    def pump(self):
        one, other = self.ends
        waiting = []  # (when, number, to, frame)
        number = 0
        while not self.stopping:
            ready, _, _ = select.select([one, other], [], [], 0.002 if waiting else 0.05)
            for s in ready:
                frame, address = s.recvfrom(65536)
                if address[2] == OUTGOING:
                    continue
                fate = self.fate(frame)
                if fate and is_udp(frame):
                    frame = checksummed(frame)
                for delay in fate:
                    number += 1
                    heapq.heappush(waiting, (time.monotonic() + delay, number,
                                             other if s is one else one, frame))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, to, frame = heapq.heappop(waiting)
                to.send(frame)

    def fate(self, frame):
        """The delays with which copies of the frame go on."""
        if not is_udp(frame):
            return [0]
        if self.random.random() < self.loss:
            self.dropped += 1
            return []
        self.passed += 1
        copies = 2 if self.random.random() < self.double else 1
        return [self.random.uniform(0.002, 0.03) if self.random.random() < self.late else 0
                for _ in range(copies)]
