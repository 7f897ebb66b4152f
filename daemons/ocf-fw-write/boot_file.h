/* daemons/ocf-fw-write/boot_file.h - the boot variables of slots in a folder, where no loader
 * counts: whoever looks first after a boot does.
 *
 *   current    a link to the slot that runs or, with Activation=reboot, starts next
 *   .booted    ID SLOT [SLOT LEFT [used]]: this boot, what it started with, and a slot that is
 *              not confirmed with its attempts; `used`: it has started until none was left;
 *              replaced as a whole
 *
 * A slot without os-release holds nothing, unless `current` leads to it. With the last attempt
 * `current` already leads back, so that only a confirmation makes the slot start again. */
#pragma once

#include "boot.h"
#include "files.h"

#define BOOT_FILE_ID ((size_t)48)

struct boot_file_config {
	int dir;        /* of the slots, borrowed for life */
	bool immediate; /* what `current` leads to runs */
	const char *id; /* of this boot, borrowed for life */
};

extern const char *const BOOT_FILE_NAMES[BOOT_SLOTS]; /* of the slots: "a", "b" */

/* 0: *ret is owned by the caller. -ENOMEM. */
MUST_USE int boot_file_open(struct boot **ret, const struct boot_file_config *config);
/* What this boot started with, as of the last read; BOOT_NO_SLOT: nothing. */
int boot_file_booted(const struct boot *b);
/* Another slot, which was never confirmed in all its starts; BOOT_NO_SLOT: none. */
int boot_file_failed(const struct boot *b);
