/* tools/ocf-manifest/container.h - signing: a header, the octets to sign, and the message with the
 * new signature in it. JSON goes into JWS, CBOR into COSE. */
#pragma once

#include "document.h"

enum container_style {
	CONTAINER_DEFAULT, /* general JSON; COSE_Sign1, but COSE_Sign where there is one already */
	CONTAINER_COMPACT,
	CONTAINER_FLATTENED,
	CONTAINER_SEVERAL, /* COSE_Sign from the first signature on */
};

struct signing {
	const struct document *d;
	enum container_style style;
	struct buf protected; /* header of the new signature */
	struct buf input;     /* what it covers */
};

/* The signature that the key, public or private, is to make. 0: *ret borrows from `d`; in any case
 * it is ended by signing_done(). Otherwise it was told to the user: this style cannot be had, the
 * key has signed already, no memory. */
MUST_USE int signing_prepare(const struct document *d, const struct key *k,
			     enum container_style style, struct signing *ret);
/* Appends the signed manifest with the signature in it; 0, -ENOMEM. */
MUST_USE int signing_finish(const struct signing *s, struct span signature, struct buf *out);
void signing_done(struct signing *s);
