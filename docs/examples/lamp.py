#!/usr/bin/python3
"""A lamp that OCF clients read, switch and observe. Its user is in group ocf-resources."""
import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

BROKER, RESOURCE = "org.ocfgw.Resources1", "org.ocfgw.Resource1"


class Lamp(dbus.service.Object):
    on = False

    @dbus.service.method(RESOURCE, out_signature="a{sv}")
    def Retrieve(self):
        return {"value": self.on}

    @dbus.service.method(RESOURCE, in_signature="a{sv}", out_signature="a{sv}")
    def Update(self, values):
        if list(values) != ["value"] or not isinstance(values["value"], dbus.Boolean):
            raise dbus.DBusException("value: true or false", name=RESOURCE + ".Error.InvalidValue")
        self.on = bool(values["value"])
        print("on" if self.on else "off", flush=True)
        self.Changed({"value": self.on})
        return {"value": self.on}

    @dbus.service.signal(RESOURCE, signature="a{sv}")
    def Changed(self, values):
        pass


def register(owner):
    """Whenever the broker appears."""
    if owner:
        dbus.Interface(bus.get_object(BROKER, "/org/ocfgw/Resources1"), BROKER).RegisterResource(
            "/lamp", {"Href": "/lamp", "Types": ["oic.r.switch.binary"], "Interfaces": ["oic.if.a"]})


DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
lamp = Lamp(bus, "/lamp")
bus.watch_name_owner(BROKER, register)
GLib.MainLoop().run()
