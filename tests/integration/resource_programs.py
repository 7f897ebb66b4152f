"""Programs that serve resources oddly, for secd-resources: all in one process of its own."""
import sys

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

BROKER, PATH, RESOURCE = "org.ocfgw.Resources1", "/org/ocfgw/Resources1", "org.ocfgw.Resource1"


class Echo(dbus.service.Object):
    """Says what it was told last."""
    values = {}

    @dbus.service.method(RESOURCE, out_signature="a{sv}")
    def Retrieve(self):
        return self.values

    @dbus.service.method(RESOURCE, in_signature="a{sv}", out_signature="a{sv}")
    def Update(self, values):
        if "refuse" in values:
            raise dbus.DBusException("no", name=str(values["refuse"]))
        self.values = values
        return {}


class Slow(dbus.service.Object):
    """Answers after a second, or never."""
    asked = 0

    @dbus.service.method(RESOURCE, out_signature="a{sv}", async_callbacks=("done", "failed"))
    def Retrieve(self, done, failed):
        self.asked += 1
        GLib.timeout_add(1000, lambda: done({"slow": True, "asked": self.asked}))

    @dbus.service.method(RESOURCE, in_signature="a{sv}", out_signature="a{sv}",
                         async_callbacks=("done", "failed"))
    def Update(self, values, done, failed):
        pass


class Odd(dbus.service.Object):
    @dbus.service.method(RESOURCE, out_signature="a{sv}")
    def Retrieve(self):
        return {"rt": "oic.r.doxm"}


def main():
    DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    broker = dbus.Interface(bus.get_object(BROKER, PATH), BROKER)
    keep = []
    for kind in (Echo, Slow, Odd):
        path = "/" + kind.__name__.lower()
        keep.append(kind(bus, path))
        broker.RegisterResource(path, {"Href": path, "Types": ["x.test" + path.replace("/", ".")]})
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    sys.exit(main())
