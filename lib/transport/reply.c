#include "transport/reply.h"

#include "transport/block.h"

enum message_code reply_code(enum verdict v)
{
	switch (v) {
	case V_IGNORE:
	case V_LATER:
		return MC_EMPTY;
	case V_CONTENT:
		return MC_CONTENT;
	case V_CHANGED:
		return MC_CHANGED;
	case V_DELETED:
		return MC_DELETED;
	case V_CREATED:
		return MC_CREATED;
	case V_BAD_REQUEST:
		return MC_BAD_REQUEST;
	case V_UNAUTHORIZED:
		return MC_UNAUTHORIZED;
	case V_BAD_OPTION:
		return MC_BAD_OPTION;
	case V_FORBIDDEN:
		return MC_FORBIDDEN;
	case V_NOT_FOUND:
		return MC_NOT_FOUND;
	case V_NO_METHOD:
		return MC_NO_METHOD;
	case V_NOT_ACCEPTABLE:
		return MC_NOT_ACCEPTABLE;
	case V_INCOMPLETE:
		return MC_INCOMPLETE;
	case V_TOO_LARGE:
		return MC_TOO_LARGE;
	case V_BAD_FORMAT:
		return MC_BAD_FORMAT;
	case V_INTERNAL:
		return MC_INTERNAL;
	case V_UNAVAILABLE:
		return MC_UNAVAILABLE;
	}
	return MC_INTERNAL;
}

void reply_set_body(struct message *reply, const struct message *m, const struct answer *answer,
		    uint8_t etag[4])
{
	struct span body = buf_span(&answer->body);

	if (body.len == 0 || reply->code == MC_INTERNAL)
		return;
	if (m->code != MC_GET && body.len > MESSAGE_BLOCK_MAX) {
		reply->code = MC_INTERNAL;
		return;
	}
	if (!block_slice(reply, body, m->block2, etag)) {
		reply->code = MC_BAD_REQUEST;
		return;
	}
	if (reply->code == MC_CONTENT && reply->etag.len > 0 && span_eq(reply->etag, m->etag)) {
		reply->code = MC_VALID;
		reply->payload = span_of(NULL, 0);
		reply->block2 = (struct message_block){0};
		reply->size2 = MESSAGE_ABSENT;
		return;
	}
	reply->content_format = answer->content_format;
	if (reply->content_format == CF_OCF_CBOR)
		reply->content_version = MESSAGE_OCF_1_0;
}

/* FNV-1a. */
uint64_t reply_digest(const struct answer *answer)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < answer->body.len; i++)
		h = (h ^ answer->body.ptr[i]) * UINT64_C(1099511628211);
	return h;
}
