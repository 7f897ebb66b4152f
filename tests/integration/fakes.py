#!/usr/bin/python3
"""NetworkManager, systemd-resolved and ocf-secd, as far as ocf-fwupd looks at them.

usage: fakes.py ADDRESS; each line of standard input is a command as a JSON list, answered by a
line `done`: appear NAME, vanish NAME, network_manager {VERSION: OPTIONS}, resolved DOMAINS,
hosts {NAME: ADDRESS}, metered NUMBER, security STATE ONBOARDING."""
import json
import socket
import sys

import dbus
import dbus.bus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

PROPERTIES = "org.freedesktop.DBus.Properties"
NM = "org.freedesktop.NetworkManager"
RESOLVED = "org.freedesktop.resolve1"
SECURITY = "org.ocfgw.Security1"


def variants(options):
    return dbus.Dictionary(options, signature="sv")


class NetworkManager(dbus.service.Object):
    """What NetworkManager 1.42 shows of link e0 with DHCP options 15 and 119."""

    options = {}

    @dbus.service.method("org.freedesktop.DBus.ObjectManager", out_signature="a{oa{sa{sv}}}")
    def GetManagedObjects(self):
        objects = {
            "/org/freedesktop/NetworkManager": {NM: variants({"Version": "1.42.4"})},
            "/org/freedesktop/NetworkManager/IP4Config/1": {
                f"{NM}.IP4Config": variants({"Domains": dbus.Array(["no.test"], signature="s")})},
        }
        device = {"Interface": "e0", "Dhcp4Config": dbus.ObjectPath("/"),
                  "Dhcp6Config": dbus.ObjectPath("/"), "Ip6Config": dbus.ObjectPath("/")}
        for i, (version, options) in enumerate(self.options.items()):
            path = f"/org/freedesktop/NetworkManager/DHCP/{i}"
            if version == "ra":
                content = {f"{NM}.IP6Config": variants(
                    {"Searches": dbus.Array(options, signature="s")})}
                device["Ip6Config"] = dbus.ObjectPath(path)
            else:
                content = {f"{NM}.DHCP{version[1]}Config":
                           variants({"Options": variants(options)})}
                device[f"Dhcp{version[1]}Config"] = dbus.ObjectPath(path)
            objects[path] = content
        objects["/org/freedesktop/NetworkManager/Devices/2"] = {f"{NM}.Device": variants(device)}
        return dbus.Dictionary({dbus.ObjectPath(p): dbus.Dictionary(o, signature="sa{sv}")
                                for p, o in objects.items()}, signature="oa{sa{sv}}")


class Network(dbus.service.Object):
    """Its main object: whether octets cost money here."""

    value = 0

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, _interface):
        return variants({"Metered": dbus.UInt32(self.value)})

    @dbus.service.signal(PROPERTIES, signature="sa{sv}as")
    def PropertiesChanged(self, interface, changed, invalidated):
        pass

    def become(self, value):
        self.value = value
        self.PropertiesChanged(NM, self.GetAll(NM), dbus.Array([], signature="s"))


class NoSuchName(dbus.DBusException):
    _dbus_error_name = f"{RESOLVED}.DnsError.NXDOMAIN"


class Resolved(dbus.service.Object):
    domains, hosts = [], None

    @dbus.service.method(f"{RESOLVED}.Manager", in_signature="isit", out_signature="a(iiay)st")
    def ResolveHostname(self, link, name, _family, _flags):
        if self.hosts is None:
            raise dbus.DBusException(name="org.freedesktop.DBus.Error.UnknownMethod")
        if name not in self.hosts:
            raise NoSuchName(name)
        address = dbus.ByteArray(socket.inet_aton(self.hosts[name]))
        return [(dbus.Int32(link), dbus.Int32(socket.AF_INET), address)], name, dbus.UInt64(0)

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, _interface, _name):
        return dbus.Array([dbus.Struct((dbus.Int32(i), d, dbus.Boolean(r)), signature="isb")
                           for i, d, r in self.domains], signature="(isb)", variant_level=1)


class Security(dbus.service.Object):
    state, onboarding = "RFNOP", False

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, _interface):
        return variants({"State": self.state, "OnboardingOpen": self.onboarding})

    @dbus.service.signal(PROPERTIES, signature="sa{sv}as")
    def PropertiesChanged(self, interface, changed, invalidated):
        pass

    def become(self, state, onboarding):
        self.state, self.onboarding = state, onboarding
        self.PropertiesChanged(SECURITY, self.GetAll(SECURITY), dbus.Array([], signature="s"))


def main():
    mainloop, loop = dbus.mainloop.glib.DBusGMainLoop(), GLib.MainLoop()
    connections, objects = {}, {}
    for name, kind, path in ((NM, NetworkManager, "/org/freedesktop"),
                             (RESOLVED, Resolved, "/org/freedesktop/resolve1"),
                             (SECURITY, Security, "/org/ocfgw/Security1")):
        connections[name] = dbus.bus.BusConnection(sys.argv[1], mainloop=mainloop)
        objects[name] = kind(connections[name], path)

    network = Network(connections[NM], "/org/freedesktop/NetworkManager")

    def obey(verb, *words):
        if verb == "appear":
            connections[words[0]].request_name(words[0])
        elif verb == "vanish":
            connections[words[0]].release_name(words[0])
        elif verb == "network_manager":
            objects[NM].options = words[0]
        elif verb == "metered":
            network.become(words[0])
            connections[NM].flush()
        elif verb == "resolved":
            objects[RESOLVED].domains = words[0]
        elif verb == "hosts":
            objects[RESOLVED].hosts = words[0]
        elif verb == "security":
            objects[SECURITY].become(*words)
            connections[SECURITY].flush()

    def on_line(source, _condition):
        line = source.readline()
        if not line:
            loop.quit()
            return False
        obey(*json.loads(line))
        print("done", flush=True)
        return True

    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_line)
    loop.run()


main()
