/* lib/fw/url.h - URLs and references that may be followed (RFC 3986), strictly.
 *
 * Taken: http, https, coap and coaps, with a host name of letters, digits, '.', '-' and '_' or an
 * address literal. Refused: user information, fragments, octets outside the URI alphabet, empty or
 * zero ports, and anything longer than URL_MAX. */
#pragma once

#include "base/buf.h"

#define URL_MAX      ((size_t)2048) /* octets, without a NUL */
#define URL_HOST_MAX ((size_t)253)

enum url_scheme { URL_HTTP, URL_HTTPS, URL_COAP, URL_COAPS };
extern const char *const URL_SCHEME_NAMES[]; /* ends with NULL */

enum url_err {
	URL_OK,
	URL_BAD,    /* not a URL that we would follow */
	URL_SCHEME, /* a URL, of another scheme */
};

/* Borrows from the text that was parsed. */
struct url {
	enum url_scheme scheme;
	struct span host;  /* an IPv6 literal has its brackets; a name no dot at its end */
	struct span path;  /* empty, or begins with '/' */
	struct span query; /* without the '?'; ptr is NULL if there is none */
	uint16_t port;     /* 0: the scheme's own */
};

/* An absolute URL. */
MUST_USE enum url_err url_parse(struct span text, struct url *ret);
/* What firmwareLocation may hold: an absolute URL or a relative reference. */
MUST_USE enum url_err url_check_ref(struct span text);
/* Resolves `ref` against the absolute `base` (RFC 3986 5.2, with dot segments removed); *ret is
 * NUL-terminated and written only on URL_OK. */
MUST_USE enum url_err url_resolve(struct span base, struct span ref, char ret[URL_MAX + 1]);
/* A path as it stands in a URL: all but '/' and the unreserved octets encoded (RFC 3986 2.3). */
void url_put_path(struct buf *out, const char *path);
/* Same host, without case? */
MUST_USE bool url_same_host(const struct url *a, const struct url *b);
