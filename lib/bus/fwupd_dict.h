/* lib/bus/fwupd_dict.h - what org.ocfgw.Firmware1 tells as a{sv}; for lib/bus only. */
#pragma once

#include "bus/fwupd_vtable.h"

struct sd_bus_message;

/* a{sv}. Errors of sd-bus. */
MUST_USE int fwupd_dict_append(struct sd_bus_message *m, const struct fwupd_dict *d);
/* The same, with "images" as aa{sv}. */
MUST_USE int fwupd_description_append(struct sd_bus_message *m, const struct fwupd_description *d);
