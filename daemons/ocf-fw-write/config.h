/* daemons/ocf-fw-write/config.h - fw-write.conf. */
#pragma once

#include "install.h"
#include "slots.h"

struct config {
	struct install_config install;
	struct slots_config slots;
};

/* Defaults, then the file, which may be missing. -EINVAL: ret_error says what is wrong where. */
MUST_USE int config_load(const char *path, struct config *ret, char *ret_error, size_t room);
