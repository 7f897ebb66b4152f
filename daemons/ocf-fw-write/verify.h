/* daemons/ocf-fw-write/verify.h - whether octets are those that were signed: passing by, or read
 * again from the disk. */
#pragma once

#include "child/proto.h"
#include "crypto/hash.h"

/* Ends `hashes`, which has every digest of `want`: they are equal. False if `want` is empty. */
MUST_USE bool verify_digests(const struct proto_digests *want, struct hash_set *hashes);

/* Reads the first `octets` of `fd` past the page cache where the file system lets us, else after
 * dropping it. 0: they have the digests `want`. -EILSEQ: they have not; -ECANCELED: the other end
 * of `control` is closed; or what reading gave. */
MUST_USE int verify_written(int fd, uint64_t octets, const struct proto_digests *want, int control);
