/* daemons/ocf-fw-fetch/http.h - one GET at a time, within limits (libcurl). */
#pragma once

#include "child/proto.h"
#include "config.h"
#include "ranges.h"

#define HTTP_REDIRECTS_MAX 3

struct http; /* opaque: keeps its connections for the next request */

/* -ENOMEM. `config` is borrowed for life. */
MUST_USE int http_new(struct http **ret, const struct config *config);
struct http *http_free(struct http *h); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct http *, http_free)

/* Gets f->url and writes the body to `body`, a pipe: the whole, what follows f->offset, or `ranges`
 * (NULL: not that). At most one octet beyond f->limit, so that the reader, too, sees that it is too
 * long. Ends early when `control` becomes readable or the reader is gone. `ret` is always filled;
 * what it says is what was seen, and the reader decides by what it has read. */
void http_get(struct http *h, const struct proto_fetch *f, struct ranges *ranges, int body,
	      int control, struct proto_fetched *ret);
