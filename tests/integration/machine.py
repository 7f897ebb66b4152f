#!/usr/bin/python3
"""What systemd, logind and ocf-secd say of a machine's health, as far as ocf-fwupd asks them.

As a program: machine.py ADDRESS; each line of standard input is a command as a JSON list, answered
by a line with a JSON value: unit NAME STATE, selftest OK TEXT, inhibit WHO (or null), reboots,
appear NAME, vanish NAME."""
import json
import pathlib
import subprocess
import sys
import time

SYSTEMD, LOGIN, SECURITY = ("org.freedesktop.systemd1", "org.freedesktop.login1",
                            "org.ocfgw.Security1")


class Machine:
    """with Machine(address) as machine: machine.unit("lamp.service", "failed")"""

    def __init__(self, address):
        self.process = subprocess.Popen(["/usr/bin/python3", __file__, address],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __getattr__(self, verb):
        def tell(*words):
            self.process.stdin.write(json.dumps([verb, *words]) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        return tell

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def policy(directory):
    """Anyone may call the fakes, as the policies of the real ones allow."""
    path = pathlib.Path(directory) / "machine.conf"
    allowed = "".join(f'<allow send_destination="{n}"/>' for n in (SYSTEMD, LOGIN, SECURITY))
    path.write_text(f'<busconfig><policy context="default">{allowed}</policy></busconfig>')
    return str(path)


def main():
    import dbus
    import dbus.bus
    import dbus.mainloop.glib
    import dbus.service
    from gi.repository import GLib

    class Units(dbus.service.FallbackObject):
        states = {}

        @dbus.service.method("org.freedesktop.DBus.Properties", in_signature="s",
                             out_signature="a{sv}", path_keyword="path")
        def GetAll(self, interface, path=None):
            assert interface == SYSTEMD + ".Unit", interface
            escaped = path.rsplit("/", 1)[1].replace("_2e", ".").replace("_2d", "-")
            state, since = self.states.get(escaped, ("inactive", 0))
            return dbus.Dictionary({"Id": escaped, "ActiveState": state,
                                    "Names": dbus.Array([escaped], signature="s"),
                                    "ActiveEnterTimestampMonotonic": dbus.UInt64(since)},
                                   signature="sv")

    class Login(dbus.service.Object):
        who, reboots = None, 0

        @dbus.service.method(LOGIN + ".Manager", out_signature="a(ssssuu)")
        def ListInhibitors(self):
            rows = [("sleep", "player", "plays", "block", 0, 1),
                    ("shutdown:sleep", "editor", "may be late", "delay", 0, 1)]
            if self.who:
                rows.append(("idle:shutdown", self.who, "works", "block", 0, 1))
            return dbus.Array([dbus.Struct(r, signature="ssssuu") for r in rows],
                              signature="(ssssuu)")

        @dbus.service.method(LOGIN + ".Manager", in_signature="b")
        def Reboot(self, interactive):
            assert not interactive
            Login.reboots += 1

    class Security(dbus.service.Object):
        result = (True, "")

        @dbus.service.method(SECURITY, out_signature="bs")
        def SelfTest(self):
            return self.result

    mainloop, loop = dbus.mainloop.glib.DBusGMainLoop(), GLib.MainLoop()
    connections = {n: dbus.bus.BusConnection(sys.argv[1], mainloop=mainloop)
                   for n in (SYSTEMD, LOGIN, SECURITY)}
    units = Units(connections[SYSTEMD], "/org/freedesktop/systemd1/unit")
    login = Login(connections[LOGIN], "/org/freedesktop/login1")
    security = Security(connections[SECURITY], "/org/ocfgw/Security1")

    def obey(verb, *words):
        if verb == "unit":
            units.states[words[0]] = (words[1], int(time.monotonic() * 1_000_000))
        elif verb == "selftest":
            security.result = words
        elif verb == "inhibit":
            login.who = words[0]
        elif verb == "reboots":
            return login.reboots
        elif verb == "appear":
            connections[words[0]].request_name(words[0])
        elif verb == "vanish":
            connections[words[0]].release_name(words[0])
        return None

    def on_line(source, _condition):
        line = source.readline()
        if not line:
            loop.quit()
            return False
        print(json.dumps(obey(*json.loads(line))), flush=True)
        return True

    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_line)
    loop.run()


if __name__ == "__main__":
    main()
