/* daemons/ocf-fw-write/devices.h - which block device holds which component: root's table. */
#pragma once

#include "backend.h"
#include "bootenv.h"

#define DEVICES_PATH_MAX ((size_t)128)
#define DEVICES_MAX      ((size_t)8) /* components of a slot */

struct device {
	char component[PROTO_LABEL];
	char path[DEVICES_PATH_MAX];
};

struct devices {
	size_t n;
	struct device slot[BOOT_SLOTS][DEVICES_MAX];
};

/* "rootfs:/dev/sda2 kernel:/dev/sda3" of each slot, for exactly the words of `components`. False:
 * *ret_why says what is wrong. */
MUST_USE bool devices_parse(struct devices *ret, const char *components,
			    const char *const texts[BOOT_SLOTS], const char **ret_why);
/* NULL: none of that name. */
MUST_USE const struct device *devices_find(const struct devices *d, int slot,
					   const char *component);

/* The slot that the kernel's command line names: ocfgw.slot= or rauc.slot= with one of its `names`,
 * a or b, else the one whose device root= is. BOOT_NO_SLOT: it tells nothing. */
int devices_booted(const struct devices *d, struct span command_line, const struct bootenv *names);

/* How many octets it has; 0 if that cannot be told. */
uint64_t devices_size(const struct device *d);

/* A device of that slot that has another place in the table, too, by whatever name. NULL: none. */
MUST_USE const struct device *devices_twin(const struct devices *d, int slot);

/* Opens a device of the table. `write`: alone, as a mount would, so that one in use is refused:
 * -EBUSY. -EEXIST: it has another place in the table, too. -ENOTBLK: no block device; -EFBIG:
 * smaller than `size` (PROTO_SIZE_ANY: any). */
MUST_USE int devices_open(const struct devices *all, const struct device *d, bool write,
			  uint64_t size, int *ret_fd);
