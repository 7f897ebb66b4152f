/* daemons/ocf-fw-fetch/reply.h - what to make of the head and the body of an HTTP reply; knows
 * nothing of the library that brings them. */
#pragma once

#include "byteranges.h"
#include "child/proto.h"
#include "ranges.h"
#include "sink.h"

/* Of a reply that nobody wants, or around the parts of one: read to keep the connection. */
#define REPLY_OTHER_MAX ((uint64_t)64 * 1024)

/* Values of headers, NULL: not there. */
struct reply_head {
	const char *type, *coding, *etag, *range;
	const char *modified; /* Last-Modified, if it is a strong validator (RFC 9110 8.8.2.2) */
};

struct reply {
	const struct proto_fetch *f;
	struct proto_fetched *out;
	struct sink *sink;
	struct ranges *ranges; /* NULL: the body from f->offset */
	char etag[PROTO_ETAG]; /* all octets must be of this body; empty: of any */
	/* Of the request at hand: */
	uint64_t other_octets;
	bool declined; /* something else than what was asked for, of which nothing is passed on */
	enum fw_error error;
	bool in_parts;
	struct byteranges parts;
};

/* Is only a part of the body asked for, with status 206? */
MUST_USE bool reply_is_partial(const struct reply *r);
void reply_begin(struct reply *r);
/* False: this reply is not worth reading on; r->declined or r->error says why. */
MUST_USE bool reply_take_head(struct reply *r, const struct reply_head *head);
MUST_USE bool reply_take_body(struct reply *r, struct span data);
/* Octets of a reply of another status. */
MUST_USE bool reply_take_other(struct reply *r, size_t n);
/* Sets the error and its text. Always false. */
bool reply_stop(struct reply *r, enum fw_error why, const char *text);
