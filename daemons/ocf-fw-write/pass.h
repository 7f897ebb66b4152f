/* daemons/ocf-fw-write/pass.h - an image in one pass: out of a pipe, through decryption and
 * digests, to where it is kept. */
#pragma once

#include "crypto/hash.h"
#include "durable.h"
#include "reuse.h"
#include "sealed.h"

#define PASS_PIECE ((size_t)512 * 1024) /* octets read at once */
#define PASS_PAGE  ((size_t)4096)       /* a device is written in whole ones */

struct pass {
	int fd; /* gets the image; -1: what is read is there already */
	struct sealed
		*sealed; /* what is read goes through it, to pass_put(); NULL: it is the image */
	const struct reuse *reuse; /* has the octets that `in` does not give; NULL: none */
	uint32_t image;            /* its number there */
	uint64_t sealed_size;      /* octets that may be read then */
	uint64_t limit;            /* octets of image that may be */
	struct hash_set *own;      /* digests of this image; NULL: none */
	struct hash_set *all;      /* and over all images */
	struct durable *durable;   /* NULL: nothing is to be kept */
	int (*begins)(void *arg);  /* before the first octet of image; NULL: nothing to do */
	void *begins_arg;
	int control;    /* the end of its connection ends this, too; -1: none */
	uint8_t *piece; /* room for PASS_PIECE octets */
	void (*progress)(uint64_t octets);
	/* What came of it. */
	uint64_t octets;            /* of image; more than `limit`: it is too long */
	enum fw_error sealed_error; /* why what was read is not what was sealed */
	/* Its own. */
	uint64_t received, told_us;
	size_t carried; /* octets in `carry`: passed, not written yet */
	uint8_t carry[PASS_PAGE];
};

/* Whether the connection has ended. */
MUST_USE bool pass_is_alone(int control);
/* Until `in` has something, or its end. Whoever holds its other end may keep silent for ever, so
 * the end of the connection ends this, too: -ECANCELED. */
MUST_USE int pass_wait(int in, int control);
/* Takes what `fd` holds, `octets` of it, through the digests as if it came now; fd stands behind it
 * then. A sealed image must be whole records, or all of it (`whole`), and sealed_again() have
 * been called. 0; -ECANCELED; -ENODATA: there is less; or what reading gave. */
MUST_USE int pass_again(struct pass *p, uint64_t octets, bool whole);
/* Everything `in` gives, but no more than a piece beyond the limit. 0: p->octets and
 * p->sealed_error tell; -ECANCELED: nobody waits for it; or what reading or writing gave. */
MUST_USE int pass_run(struct pass *p, int in);
/* A piece of the image, for the sink of `sealed`. */
MUST_USE int pass_put(void *pass, struct span data);
