/* daemons/ocf-fw-write/verify.h - what was written, read again from the disk. */
#pragma once

#include "child/proto.h"

/* Reads the first `octets` of `fd` past the page cache where the file system lets us, else after
 * dropping it. 0: they have the digests `want`. -EILSEQ: they have not; -ECANCELED: the other end
 * of `control` is closed; or what reading gave. */
MUST_USE int verify_written(int fd, uint64_t octets, const struct proto_digests *want, int control);
