#include "reply.h"

bool reply_is_partial(const struct reply *r)
{
	return r->ranges || r->f->offset > 0;
}

void reply_begin(struct reply *r)
{
	r->other_octets = 0;
	r->declined = r->in_parts = false;
	r->error = FWE_OK;
}

bool reply_stop(struct reply *r, enum fw_error why, const char *text)
{
	r->error = why;
	proto_text(r->out->text, sizeof(r->out->text), text);
	return false;
}

static bool decline(struct reply *r)
{
	r->declined = true;
	return false;
}

static bool type_is(const char *type, const char *what)
{
	size_t n = strlen(what);

	return strncasecmp(type, what, n) == 0 && strchr("; \t", type[n]);
}

static bool is_strong(const char *etag)
{
	size_t n = etag ? strlen(etag) : 0;

	return n >= 2 && etag[0] == '"' && etag[n - 1] == '"';
}

/* Only a strong validator says that the octets are the same (RFC 9110 8.8.1). Either kind may stand
 * in If-Range (13.1.5); a date is no quoted text, so they are not taken for each other. */
static void note_etag(struct reply *r, const struct reply_head *head)
{
	const char *validator = is_strong(head->etag) ? head->etag : head->modified;
	size_t n = validator ? strlen(validator) : 0;

	if (n == 0 || n >= PROTO_ETAG)
		return;
	for (size_t i = 0; i < n; i++)
		if (validator[i] < ' ' || validator[i] > '~')
			return;
	memcpy(r->out->etag, validator, n + 1);
}

/* What comes is of the body at hand: the rest of it, the next range or several ranges. */
static bool take_partial(struct reply *r, const struct reply_head *head)
{
	struct content_range range;

	if (r->etag[0] && r->out->etag[0] && strcmp(r->etag, r->out->etag) != 0)
		return false;
	memcpy(r->etag, r->out->etag[0] ? r->out->etag : r->etag, sizeof(r->etag));
	if (r->ranges && head->type && type_is(head->type, "multipart/byteranges")) {
		r->in_parts = byteranges_open(&r->parts, span_str(head->type));
		return r->in_parts;
	}
	if (!head->range || !content_range_parse(span_str(head->range), &range))
		return false;
	if (r->ranges)
		return ranges_is_next(r->ranges, &range);
	return range.first == r->f->offset &&
	       (range.total == CONTENT_RANGE_UNKNOWN || range.last + 1 == range.total);
}

/* A page for people is what captive portals give; a coding is nothing that we asked for. */
bool reply_take_head(struct reply *r, const struct reply_head *head)
{
	if (head->type &&
	    (type_is(head->type, "text/html") || type_is(head->type, "application/xhtml+xml")))
		return reply_stop(r, FWE_FETCH_CONTENT_TYPE, head->type);
	if (head->coding && strcasecmp(head->coding, "identity") != 0)
		return reply_stop(r, FWE_FETCH_CONTENT_TYPE, head->coding);
	note_etag(r, head);
	return !reply_is_partial(r) || take_partial(r, head) || decline(r);
}

static bool pass_on(struct reply *r, struct span data)
{
	r->error = sink_pass(r->sink, data, r->f->kind, r->out);
	return r->error == FWE_OK;
}

static bool pass_range(struct reply *r, struct span data)
{
	if (data.len > ranges_left(r->ranges))
		return decline(r);
	ranges_took(r->ranges, data.len);
	return pass_on(r, data);
}

static bool take_parts(struct reply *r, struct span data)
{
	while (data.len > 0) {
		size_t before = data.len;
		struct span piece;
		int e = byteranges_feed(&r->parts, &data, &piece);

		if (e < 0)
			return decline(r);
		if (e == 0)
			return reply_take_other(r, before);
		if (!reply_take_other(r, before - data.len - piece.len))
			return false;
		if (r->parts.left + piece.len == r->parts.part.last - r->parts.part.first + 1 &&
		    !ranges_is_next(r->ranges, &r->parts.part))
			return decline(r);
		if (!pass_range(r, piece))
			return false;
	}
	return true;
}

bool reply_take_body(struct reply *r, struct span data)
{
	if (r->in_parts)
		return take_parts(r, data);
	return r->ranges ? pass_range(r, data) : pass_on(r, data);
}

bool reply_take_other(struct reply *r, size_t n)
{
	r->other_octets += n;
	return r->other_octets <= REPLY_OTHER_MAX;
}
