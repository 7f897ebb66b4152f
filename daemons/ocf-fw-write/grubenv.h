/* daemons/ocf-fw-write/grubenv.h - GRUB's environment block: 1024 octets, a first line, lines
 * NAME=VALUE, and '#' up to the end. */
#pragma once

#include "bootenv.h"

#define GRUBENV_SIZE   ((size_t)1024)
#define GRUBENV_SECTOR ((size_t)512) /* what any disk writes as a whole */

/* Its lines, as GRUB reads them: what has no end of line is padding. False: it is no such block. */
MUST_USE bool grubenv_lines(struct span block, struct span *ret);
/* The block with these values set: ours come right behind the comments at its start, the others
 * follow in their order. -E2BIG: ours would end behind the first sector, or all behind the block.
 * -EBADMSG: `block` is none. */
MUST_USE int grubenv_set(struct span block, const struct bootenv_change *c,
			 uint8_t ret[GRUBENV_SIZE]);
