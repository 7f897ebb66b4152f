/* daemons/ocf-fw-write/check.h - an image that is kept elsewhere, judged before a slot is touched.
 */
#pragma once

#include "child/proto.h"

/* Reads what was delivered for image `i` from `fd`; nothing is written. Ends with the connection
 * `control` (-1: none). */
void check_image(const struct proto_image *i, int fd, int control,
		 void (*progress)(uint64_t octets), struct proto_done *ret);
