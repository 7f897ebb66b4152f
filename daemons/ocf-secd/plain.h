/* daemons/ocf-secd/plain.h - small records of a fixed length. In format 1 they are bare octets, in
 * format 2 their number stands before them. */
#pragma once

#include "store/format.h"
#include "store/store.h"

#define PLAIN_MAX         ((size_t)32) /* octets of content */
#define PLAIN_FORMATS_MAX 31u          /* what begins with more is no number */
#ifndef PLAIN_NEWEST                   /* a test builds a forerunner */
#define PLAIN_NEWEST 2u
#endif

struct plain {
	const char *name;
	size_t len;
	unsigned found; /* format on the disk; 0: none, or not known */
};

/* 0; -ENOENT; -EBADMSG: damaged; -ENOTSUP: of a newer format; -errno of the store. */
MUST_USE int plain_get(struct store *s, struct plain *p, void *ret);
MUST_USE int plain_put(struct store *s, struct plain *p, const void *data, bool confirmed);
