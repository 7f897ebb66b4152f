/* daemons/ocf-fw-fetch/coap_target.h - a URL as options of a request (RFC 7252 6.4). */
#pragma once

#include "fw/url.h"

#define COAP_SEGMENTS_MAX ((size_t)32)
#define COAP_QUERIES_MAX  ((size_t)8)
#define COAP_OPTION_MAX   ((size_t)255) /* octets of a segment or query */

struct coap_target {
	bool secure;
	uint16_t port;
	char host[URL_HOST_MAX + 1]; /* without brackets */
	struct span segments[COAP_SEGMENTS_MAX];
	size_t n_segments;
	const char *queries[COAP_QUERIES_MAX];
	size_t n_queries;
	char room[2 * URL_MAX]; /* of both, decoded */
	size_t used;
};

/* False: not coap or coaps, or beyond the limits. */
MUST_USE bool coap_target_parse(struct span url, struct coap_target *ret);
