/* lib/svr/ncr.h - application resources: those that other programs on this host serve through us.
 *
 * The device knows their names and the last representation it heard of. Who may reach them is
 * decided here; what they say comes from their program: svr_out.ncr says which one is asked.
 */
#pragma once

#include "base/buf.h"
#include "svr/req.h"

#define NCRS_MAX           ((size_t)256)
#define NCR_TYPES_MAX      ((size_t)4)
#define NCR_TYPE_LEN       ((size_t)64)        /* octets */
#define NCR_INTERFACES_MAX ((size_t)4)         /* baseline included */
#define NCR_REP_MAX        ((size_t)16 * 1024) /* octets of a representation */

struct ncr {
	char href[REQ_PATH_MAX];
	char types[NCR_TYPES_MAX][NCR_TYPE_LEN + 1]; /* "rt"; empty ones at the end */
	const char *interfaces[NCR_INTERFACES_MAX];  /* static texts; the first is the default */
	bool discoverable, observable;
	bool known;      /* ... and this is its last representation: */
	struct buf kept; /* entries of a CBOR map, without its head */
};

/* All of them; owned by whoever fills it, as are the entries. */
struct ncrs {
	size_t n;
	struct ncr *v[NCRS_MAX];
};

/* Filling in a zeroed one; false: refused.
 * "/lamp", "/kitchen/lamp": unreserved characters (RFC 3986 2.3), nothing below /oic, /oc and
 * /.well-known. */
MUST_USE bool ncr_set_href(struct ncr *ncr, struct span href);
/* Not one of the device's own. */
MUST_USE bool ncr_add_type(struct ncr *ncr, struct span type);
/* Of r, s, rw, a and baseline. */
MUST_USE bool ncr_add_interface(struct ncr *ncr, struct span interface);
/* Adds baseline, which every resource has. False: href or type are missing, or no room for it. */
MUST_USE bool ncr_finish(struct ncr *ncr);

/* Does it have an interface for UPDATE? */
bool ncr_is_writable(const struct ncr *ncr);
/* What its program said of it last. False, nothing changed: not a map, beyond limits, no memory, or
 * with a key "rt" or "if". */
MUST_USE bool ncr_keep(struct ncr *ncr, struct span map);

struct ncr *ncrs_find(const struct ncrs *ncrs, struct span href); /* NULL: none */
/* False: there is one of this href, or too many. */
MUST_USE bool ncrs_add(struct ncrs *ncrs, struct ncr *ncr);
void ncrs_remove(struct ncrs *ncrs, const struct ncr *ncr);
