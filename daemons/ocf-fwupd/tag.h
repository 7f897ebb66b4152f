/* daemons/ocf-fwupd/tag.h - by which tag a server knows the file that an image comes from, so that
 * the rest can be asked of the very same file after a cut (RFC 9110 13.1.5).
 *
 * Only a hint: what is put together is judged by its digests. */
#pragma once

#include "child/proto.h"
#include "fw/url.h"

struct store;

struct tag {
	uint8_t manifest[32]; /* SHA-256 of the one that names the image */
	char url[URL_MAX + 1];
	char etag[PROTO_ETAG]; /* empty: none is known */
};

/* Errors of store_put(). */
MUST_USE int tag_save(struct store *s, const struct tag *t);
/* *ret is empty if there is none, or none that can be read. */
void tag_load(struct store *s, struct tag *ret);
/* The record as text, for tests. False: not one of ours. */
MUST_USE bool tag_read(struct span text, struct tag *ret);
