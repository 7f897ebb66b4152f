/* daemons/ocf-fw-write/boot_grub.h - GRUB's environment block, in a file.
 *
 * The block is written where it lies, in one write of its 1024 octets, and never by a new file and
 * a rename: GRUB reads the file system without replaying its journal, so after a cut it may still
 * follow the old name to blocks that have been given away. What we change lies in the first sector
 * (grubenv.h), which a disk writes as a whole, and nothing else in the block moves. */
#pragma once

#include "boot.h"
#include "bootenv.h"

/* Opens `file`, before the program confines itself. `env` is borrowed for life. 0: *ret is owned by
 * the caller. -errno. */
MUST_USE int boot_grub_new(struct boot **ret, const struct bootenv *env, const char *file);
