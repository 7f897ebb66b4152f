/* lib/codec/cbr.h - bounded CBOR reader (RFC 8949) for octets of a hostile peer.
 *
 * A cursor over one item: it allocates nothing, believes no claimed length, and keeps its first
 * error. After an error every read yields zero or the empty span and every loop ends, so a
 * parser reads straight through and asks once, with cbr_close().
 * Definite and indefinite arrays and maps are taken; strings in chunks, floats (but see
 * cbr_limits), simple values other than booleans and null, and tags (but see cbr_tag) are
 * CBR_MALFORMED. Text is checked to be UTF-8.
 *
 *	cbr_open(&c, body, &LIMITS);
 *	cbr_map(&c);
 *	while (cbr_next(&c, &key)) {
 *		if (cbr_member(&c, key, "om", &seen, OM))
 *			om = cbr_uint(&c, 7);
 *		else
 *			cbr_fail(&c, CBR_VALUE);
 *	}
 *	if (cbr_close_with(&c, seen, OM) != CBR_OK) ...
 */
#pragma once

#include "base/uuid.h"

#define CBR_DEPTH_MAX 16

struct cbr_limits {
	size_t bytes;   /* of the whole message */
	unsigned depth; /* of open arrays and maps, <= CBR_DEPTH_MAX */
	size_t items;   /* heads of any kind */
	size_t text;    /* octets of one text or byte string */
	bool floats;    /* finite floating-point numbers are taken */
	bool any;       /* cbr_skip() passes over tags, numbers and simple values of any kind */
};

enum cbr_err {
	CBR_OK,
	CBR_MALFORMED, /* not well-formed, or a kind of item never taken */
	CBR_LIMIT,     /* beyond a limit */
	CBR_TYPE,      /* well-formed, another type than asked for */
	CBR_VALUE,     /* outside the asked range; also what callers report by cbr_fail */
	CBR_DUPLICATE, /* a key met twice */
	CBR_LOOSE,     /* cbd_check(): well-formed, but not the deterministic form */
};

enum cbr_type {
	CBR_NONE,
	CBR_UINT,
	CBR_NEGINT,
	CBR_BYTES,
	CBR_TEXT,
	CBR_ARRAY,
	CBR_MAP,
	CBR_BOOL,
	CBR_NULL,
	CBR_FLOAT
};

struct cbr {
	struct span rest;
	const struct cbr_limits *limits;
	size_t items;
	enum cbr_err err;
	unsigned depth;
	struct {
		uint64_t left; /* pairs or elements to come; UINT64_MAX while indefinite */
		bool map, odd; /* odd: skipping, a key has been met without its value */
	} open[CBR_DEPTH_MAX];
};

/* `body` and `limits` are borrowed until cbr_close. */
void cbr_open(struct cbr *c, struct span body, const struct cbr_limits *limits);
/* What the next item is, without reading it; CBR_NONE at an end or after an error. */
enum cbr_type cbr_peek(const struct cbr *c);

/* Reads a tag, if the next item has one. False, *ret untouched: it has none. */
bool cbr_tag(struct cbr *c, uint64_t *ret);

void cbr_map(struct cbr *c);
/* The next key of the map entered last (text keys only); false closes the map. The caller then
 * reads or skips exactly one value. */
MUST_USE bool cbr_next(struct cbr *c, struct span *ret_key);
void cbr_array(struct cbr *c);
/* Is there another element, or pair of a map entered last? false closes it. */
MUST_USE bool cbr_more(struct cbr *c);

uint64_t cbr_uint(struct cbr *c, uint64_t max);
int64_t cbr_int(struct cbr *c, int64_t min, int64_t max);
double cbr_float(struct cbr *c); /* of any width */
bool cbr_bool(struct cbr *c);
struct span cbr_text(struct cbr *c);  /* borrowed from the body */
struct span cbr_bytes(struct cbr *c); /* borrowed from the body */
struct uuid cbr_uuid(struct cbr *c);  /* from its text; CBR_VALUE: it is none */
/* One whole item of any taken kind (but see cbr_limits), nested ones included; returns its octets.
 */
struct span cbr_skip(struct cbr *c);

/* Marks `bit` in *seen; a second time is CBR_DUPLICATE. */
void cbr_once(struct cbr *c, unsigned *seen, unsigned bit);
/* Is this the key of that name? Then it is also marked, as cbr_once() does. */
MUST_USE bool cbr_member(struct cbr *c, struct span key, const char *name, unsigned *seen,
			 unsigned bit);
/* Keeps the first error. */
void cbr_fail(struct cbr *c, enum cbr_err err);
/* The first error, or CBR_MALFORMED if a container is open or octets remain. */
MUST_USE enum cbr_err cbr_close(struct cbr *c);
/* As cbr_close(); CBR_VALUE also when a bit of `wanted` was not met. */
MUST_USE enum cbr_err cbr_close_with(struct cbr *c, unsigned seen, unsigned wanted);
