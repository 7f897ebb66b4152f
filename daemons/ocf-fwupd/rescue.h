/* daemons/ocf-fwupd/rescue.h - what a device that erases its only slot must remember before it does
 * (secfu 5.6): the manifest that was accepted, as it was signed, and where the images are. */
#pragma once

#include "base/buf.h"
#include "fw/discover.h"
#include "fw/manifest.h"

struct store;

struct rescue {
	struct buf
		octets; /* of the manifest, or of a direct file up to its image; empty: nothing */
	bool direct;    /* the latter */
	bool private_peer; /* they came from a private address */
	bool allow_downgrade;
	char server[URL_MAX + 1]; /* that was asked */
	char url[URL_MAX + 1];    /* of the manifest, after redirects */
	/* Of the device, for a rescue system without configuration. */
	char manufacturer[DISCOVER_NAME_MAX + 1], model[DISCOVER_NAME_MAX + 1];
	char hardware[256]; /* empty: unknown */
};

#define RESCUE_OCTETS_MAX (MANIFEST_BYTES_MAX + 64)

void rescue_done(struct rescue *r);
/* Durable when it returns. Errors of store_put(). */
MUST_USE int rescue_save(struct store *s, const struct rescue *r);
/* -ENOENT: no installation is to be finished. -EBADMSG: the record is damaged. *ret is ended by
 * rescue_done() in any case. */
MUST_USE int rescue_load(struct store *s, struct rescue *ret);
/* Errors of store_del(). */
MUST_USE int rescue_forget(struct store *s);
/* The same of a state folder that nobody has opened. Errors of store_open(), too. */
MUST_USE int rescue_peek(const char *dir, struct rescue *ret);
/* The record as text, for tests. False: not one of ours. */
MUST_USE bool rescue_read(struct span text, struct rescue *ret);
