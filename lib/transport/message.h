/* lib/transport/message.h - one CoAP message as a plain struct (RFC 7252 3, 5.4); the only door to
 * libcoap. */
#pragma once

#include "svr/req.h"

#define MESSAGE_MAX       ((size_t)1120) /* octets we write at most: one DTLS datagram of ours */
#define MESSAGE_BLOCK_MAX ((size_t)1024) /* octets of payload */
#define MESSAGE_SZX_MAX   6u             /* its size exponent (RFC 7959 2.2) */
#define MESSAGE_NUM_MAX   0xfffffu
#define MESSAGE_TOKEN_MAX ((size_t)8)
#define MESSAGE_ABSENT    CF_NONE /* of a numeric option */
#define MESSAGE_OCF_1_0   2048u   /* version 1.0.0 in options 2049 and 2053 */

enum message_type { MT_CON, MT_NON, MT_ACK, MT_RST };

#define MESSAGE_CODE(class, detail) ((class) << 5 | (detail))
#define MESSAGE_CODE_TEXT(code)     ((unsigned)((code) >> 5) * 100 + ((code)&0x1f)) /* 404 */
enum message_code {
	MC_EMPTY = 0,
	MC_GET = 1,
	MC_POST = 2,
	MC_PUT = 3,
	MC_DELETE = 4,
	MC_CREATED = MESSAGE_CODE(2, 1),
	MC_DELETED = MESSAGE_CODE(2, 2),
	MC_VALID = MESSAGE_CODE(2, 3),
	MC_CHANGED = MESSAGE_CODE(2, 4),
	MC_CONTENT = MESSAGE_CODE(2, 5),
	MC_CONTINUE = MESSAGE_CODE(2, 31),
	MC_BAD_REQUEST = MESSAGE_CODE(4, 0),
	MC_UNAUTHORIZED = MESSAGE_CODE(4, 1),
	MC_BAD_OPTION = MESSAGE_CODE(4, 2),
	MC_FORBIDDEN = MESSAGE_CODE(4, 3),
	MC_NOT_FOUND = MESSAGE_CODE(4, 4),
	MC_NO_METHOD = MESSAGE_CODE(4, 5),
	MC_NOT_ACCEPTABLE = MESSAGE_CODE(4, 6),
	MC_INCOMPLETE = MESSAGE_CODE(4, 8),
	MC_TOO_LARGE = MESSAGE_CODE(4, 13),
	MC_BAD_FORMAT = MESSAGE_CODE(4, 15),
	MC_INTERNAL = MESSAGE_CODE(5, 0),
	MC_UNAVAILABLE = MESSAGE_CODE(5, 3),
	MC_NO_PROXY = MESSAGE_CODE(5, 5),
};

/* Block1 or Block2 (RFC 7959 2.2). */
struct message_block {
	bool present, more;
	uint8_t szx; /* size is 16 << szx, at most 1024 */
	uint32_t num;
};

static inline size_t message_block_size(struct message_block b)
{
	return (size_t)16 << b.szx;
}

struct message {
	enum message_type type;
	uint8_t code; /* enum message_code, or another one of a peer */
	uint16_t id;
	uint8_t token[MESSAGE_TOKEN_MAX];
	size_t token_len;

	size_t path_len, n_query;
	uint32_t content_format, accept; /* these and the next: MESSAGE_ABSENT */
	uint32_t accept_version, content_version;
	uint32_t observe, size1, size2;
	struct message_block block1, block2;
	struct span etag, payload;   /* into the datagram */
	struct span host;            /* these two are only written */
	const struct span *segments; /* instead of `path`; NULL: that */
	size_t n_segments;

	uint8_t refusal; /* what a request with these options is answered with; 0: they are fine */

	/* Of these only what path_len and n_query count is ever set. */
	char path[REQ_PATH_MAX];          /* "/oic/res", no NUL */
	struct span query[REQ_QUERY_MAX]; /* into the datagram */
};

/* An empty message with no options. */
void message_init(struct message *m, enum message_type type, uint8_t code, uint16_t id);
/* True for 0.01 to 0.31. */
bool message_is_request(const struct message *m);

/* Reads a datagram; spans of *ret point into it. 0. -EPROTO: no CoAP version 1, to be ignored.
 * -EBADMSG: a format error, type and id are valid (RFC 7252 4.2). */
MUST_USE int message_parse(struct message *ret, struct span datagram);
/* The octets written; 0: no room. */
size_t message_write(const struct message *m, uint8_t *ret, size_t room);

/* False: does not fit REQ_PATH_MAX or does not begin with "/". */
MUST_USE bool message_set_path(struct message *m, struct span path);
