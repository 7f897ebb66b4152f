/* lib/crypto/cose.h - COSE messages (RFC 9052): what signed and encrypted ones have in common.
 *
 * Envelopes need not be deterministic, but have no key twice in any map. Strings may come in
 * chunks, though not inside a protected bucket, which is read where it lies. */
#pragma once

#include "base/buf.h"
#include "base/fwerr.h"
#include "codec/cbr.h"

#define COSE_BYTES_MAX  ((size_t)1024 * 1024) /* of a message; callers have lower limits */
#define COSE_DEPTH_MAX  16u
#define COSE_PARAMS_MAX ((size_t)16) /* of one header, both buckets */
#define COSE_KID_MAX    ((size_t)96) /* octets: 128 characters of base64url */

/* By tag. */
enum cose_kind { COSE_ENCRYPT0 = 16, COSE_SIGN1 = 18, COSE_ENCRYPT = 96, COSE_SIGN = 98 };

/* Header parameters, RFC 9052 3.1 and RFC 9360. */
enum cose_label {
	COSE_ALG = 1,
	COSE_CRIT = 2,
	COSE_CONTENT_TYPE = 3,
	COSE_KID = 4,
	COSE_IV = 5,
	COSE_PARTIAL_IV = 6,
	COSE_X5BAG = 32,
	COSE_X5CHAIN = 33,
	COSE_X5U = 35,
	COSE_EPHEMERAL_KEY = -1,
};

struct cose_param {
	bool protected;
	bool is_text; /* the label is `text`, not `number` */
	int64_t number;
	struct span text;
	struct span value; /* one CBOR item */
};

struct cose_header {
	struct span protected; /* content of the byte string, empty for an empty map */
	size_t n;
	struct cose_param params[COSE_PARAMS_MAX];
};

/* Limits for reading parts of a message that cose_open() has taken. */
extern const struct cbr_limits COSE_LIMITS;

/* Finds out what `octets` are, by tag or form, and leaves the reader before the array. It reads a
 * copy in *room, where strings are in one piece; all spans are borrowed from there. Without a tag,
 * three elements are COSE_Encrypt0, four COSE_Sign1, or COSE_Sign or COSE_Encrypt if the last is an
 * array: the latter has the algorithm of its content in the header. FWE_MANIFEST_FORMAT_UNKNOWN:
 * another tag, or no array. FWE_MANIFEST_CBOR_INVALID: not one whole item. */
MUST_USE enum fw_error cose_open(struct cbr *c, struct span octets, struct buf *room,
				 enum cose_kind *ret);
/* That alone. */
MUST_USE enum fw_error cose_kind_of(struct span octets, enum cose_kind *ret);

/* Is this a whole message of COSE, tagged or not? Its headers are looked at, nothing else. */
MUST_USE bool cose_is(struct span octets);

/* There must be another element of the array; without one the reader fails. */
MUST_USE bool cose_element(struct cbr *c);
/* Reads the two buckets. FWE_MANIFEST_CBOR_INVALID: a repeated label, or no header at all.
 * FWE_MANIFEST_HEADER_INVALID: a label in both, no map in the protected bucket, too many. */
MUST_USE enum fw_error cose_header_read(struct cbr *c, struct cose_header *ret);
/* One map alone, such as a key: as an unprotected bucket. */
MUST_USE enum fw_error cose_map_read(struct cbr *c, struct cose_header *ret);
/* NULL: there is none. */
const struct cose_param *cose_param(const struct cose_header *h, int64_t label);
/* A parameter's value as octets or integer; false if it is not there or of another type. */
MUST_USE bool cose_param_bytes(const struct cose_header *h, int64_t label, struct span *ret);
MUST_USE bool cose_param_int(const struct cose_header *h, int64_t label, int64_t *ret);

/* Rules for every header: no keys or pointers to keys inside the message, no crit that we would
 * have to understand, one kind of IV, and the content type, if there is one, is `content_type`
 * (NULL: not looked at). FWE_MANIFEST_KEY_EMBEDDED, _CRIT_INVALID, _CRIT_UNSUPPORTED,
 * _HEADER_INVALID, _TYPE_MISMATCH. */
MUST_USE enum fw_error cose_header_check(const struct cose_header *h, const char *content_type);
