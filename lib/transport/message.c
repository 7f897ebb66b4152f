#include "transport/message.h"

#include <coap3/coap.h>

#define OPTION_OCF_ACCEPT_VERSION  2049
#define OPTION_OCF_CONTENT_VERSION 2053
#define COAP_VERSION               1u
#define HEADER_LEN                 ((size_t)4)
#define PAYLOAD_MARKER             0xff
#define SZX_RESERVED               7u

void message_init(struct message *m, enum message_type type, uint8_t code, uint16_t id)
{
	memset(m, 0, offsetof(struct message, path));
	m->type = type;
	m->code = code;
	m->id = id;
	m->content_format = m->accept = MESSAGE_ABSENT;
	m->accept_version = m->content_version = MESSAGE_ABSENT;
	m->observe = m->size1 = m->size2 = MESSAGE_ABSENT;
}

bool message_is_request(const struct message *m)
{
	return m->code != MC_EMPTY && m->code >> 5 == 0;
}

/* Classes 2, 4 and 5. */
static bool is_response(const struct message *m)
{
	unsigned class = m->code >> 5;

	return class == 2 || class == 4 || class == 5;
}

bool message_set_path(struct message *m, struct span path)
{
	if (path.len == 0 || path.ptr[0] != '/' || path.len > sizeof(m->path))
		return false;
	memcpy(m->path, path.ptr, path.len);
	m->path_len = path.len;
	return true;
}

/* ---- reading ---- */

enum option_kind { OPT_UINT, OPT_BLOCK, OPT_ETAG, OPT_PATH, OPT_QUERY, OPT_PROXY, OPT_UNUSED };

#define AT(member) offsetof(struct message, member)

/* The options we recognise, by number; what is not here is ignored if elective and refused if
 * critical. */
static const struct option_rule {
	uint16_t number;
	enum option_kind kind;
	uint16_t min, max; /* octets; another length counts as not recognised (RFC 7252 5.4.3) */
	size_t member;     /* of struct message: uint32_t or struct message_block */
} RULES[] = {
	{COAP_OPTION_URI_HOST,       OPT_UNUSED, 1, 255,  0                  },
	{COAP_OPTION_ETAG,           OPT_ETAG,   1, 8,    0                  },
	{COAP_OPTION_OBSERVE,        OPT_UINT,   0, 3,    AT(observe)        },
	{COAP_OPTION_URI_PORT,       OPT_UNUSED, 0, 2,    0                  },
	{COAP_OPTION_URI_PATH,       OPT_PATH,   0, 255,  0                  },
	{COAP_OPTION_CONTENT_FORMAT, OPT_UINT,   0, 2,    AT(content_format) },
	{COAP_OPTION_URI_QUERY,      OPT_QUERY,  0, 255,  0                  },
	{COAP_OPTION_ACCEPT,         OPT_UINT,   0, 2,    AT(accept)         },
	{COAP_OPTION_BLOCK2,         OPT_BLOCK,  0, 3,    AT(block2)         },
	{COAP_OPTION_BLOCK1,         OPT_BLOCK,  0, 3,    AT(block1)         },
	{COAP_OPTION_SIZE2,          OPT_UINT,   0, 4,    AT(size2)          },
	{COAP_OPTION_PROXY_URI,      OPT_PROXY,  1, 1034, 0                  },
	{COAP_OPTION_PROXY_SCHEME,   OPT_PROXY,  1, 255,  0                  },
	{COAP_OPTION_SIZE1,          OPT_UINT,   0, 4,    AT(size1)          },
	{OPTION_OCF_ACCEPT_VERSION,  OPT_UINT,   0, 2,    AT(accept_version) },
	{OPTION_OCF_CONTENT_VERSION, OPT_UINT,   0, 2,    AT(content_version)},
};

/* Options come in ascending order: the search goes on where it ended for the last one. */
static const struct option_rule *find_rule(uint32_t number, size_t len, size_t *at)
{
	const struct option_rule *rule;

	while (*at < ARRAY_SIZE(RULES) && RULES[*at].number < number)
		++*at;
	rule = &RULES[*at];
	return *at < ARRAY_SIZE(RULES) && rule->number == number && len >= rule->min &&
			       len <= rule->max
		       ? rule
		       : NULL;
}

static void refuse(struct message *m, enum message_code code)
{
	if (m->refusal == 0)
		m->refusal = (uint8_t)code;
}

/* No resource of ours has a path that is long or holds "/" or NUL inside a segment: 4.04. */
static void read_path(struct message *m, struct span segment)
{
	size_t n = m->path_len;
	bool bad = segment.len >= sizeof(m->path) - n;

	if (!bad)
		m->path[n++] = '/';
	for (size_t i = 0; !bad && i < segment.len; i++) {
		bad = segment.ptr[i] == '/' || segment.ptr[i] == '\0';
		m->path[n++] = (char)segment.ptr[i];
	}
	if (bad)
		refuse(m, MC_NOT_FOUND);
	else
		m->path_len = n;
}

static void read_block(struct message *m, struct message_block *ret, uint32_t value)
{
	if ((value & 7) == SZX_RESERVED)
		refuse(m, MC_BAD_REQUEST); /* RFC 7959 2.2 */
	else
		*ret = (struct message_block){.present = true,
					      .more = (value & 8) != 0,
					      .szx = value & 7,
					      .num = value >> 4};
}

static void read_option(struct message *m, const struct option_rule *rule, struct span value)
{
	void *member = (uint8_t *)m + rule->member;
	uint32_t number = value.len <= 4 ? coap_decode_var_bytes(value.ptr, value.len) : 0;

	switch (rule->kind) {
	case OPT_UINT: /* the largest Size1 must not read as an absent one */
		*(uint32_t *)member = number == MESSAGE_ABSENT ? number - 1 : number;
		break;
	case OPT_BLOCK:
		read_block(m, member, number);
		break;
	case OPT_ETAG:
		m->etag = value;
		break;
	case OPT_PATH:
		read_path(m, value);
		break;
	case OPT_QUERY:
		if (m->n_query < REQ_QUERY_MAX)
			m->query[m->n_query++] = value;
		else
			refuse(m, MC_BAD_REQUEST);
		break;
	case OPT_PROXY:
		refuse(m, MC_NO_PROXY); /* RFC 7252 5.10.2 */
		break;
	case OPT_UNUSED: /* Uri-Host, Uri-Port: every name leads to our one set of resources */
		break;
	}
}

static bool is_repeatable(enum option_kind kind)
{
	return kind == OPT_PATH || kind == OPT_QUERY;
}

static int read_options(struct message *m, struct span rest)
{
	uint32_t number = 0;
	size_t at = 0;

	while (rest.len > 0 && rest.ptr[0] != PAYLOAD_MARKER) {
		const struct option_rule *rule;
		coap_option_t opt;
		bool repeated;
		size_t used = coap_opt_parse(rest.ptr, rest.len, &opt);

		if (used == 0 || opt.delta > UINT16_MAX - number)
			return -EBADMSG;
		repeated = number > 0 && opt.delta == 0;
		number += opt.delta;
		rule = find_rule(number, opt.length, &at);
		if (rule && (!repeated || is_repeatable(rule->kind)))
			read_option(m, rule, span_of(opt.value, opt.length));
		else if (number & 1)
			refuse(m, MC_BAD_OPTION); /* critical and not recognised: RFC 7252 5.4.1 */
		rest = span_skip(rest, used);
	}
	if (rest.len == 1)
		return -EBADMSG; /* a marker with nothing behind it: RFC 7252 3 */
	m->payload = span_skip(rest, 1);
	return 0;
}

int message_parse(struct message *ret, struct span datagram)
{
	const uint8_t *p = datagram.ptr;
	size_t token_len;
	int r;

	if (datagram.len < HEADER_LEN || p[0] >> 6 != COAP_VERSION)
		return -EPROTO;
	message_init(ret, (enum message_type)(p[0] >> 4 & 3), p[1], (uint16_t)(p[2] << 8 | p[3]));
	token_len = p[0] & 0xf;
	if (ret->code == MC_EMPTY)
		return datagram.len == HEADER_LEN && token_len == 0 ? 0 : -EBADMSG;
	if (token_len > MESSAGE_TOKEN_MAX || token_len > datagram.len - HEADER_LEN)
		return -EBADMSG;
	if (!message_is_request(ret) && !is_response(ret))
		return -EBADMSG;
	memcpy(ret->token, p + HEADER_LEN, token_len);
	ret->token_len = token_len;
	r = read_options(ret, span_skip(datagram, HEADER_LEN + token_len));
	if (r == 0 && ret->path_len == 0)
		ret->path[ret->path_len++] = '/';
	return r;
}

/* ---- writing ---- */

struct writer {
	uint8_t *p;
	size_t room;
	uint16_t number; /* of the last option */
	bool failed;
};

static void write_option(struct writer *w, uint16_t number, struct span value)
{
	size_t n = 0;

	if (!w->failed && w->room > 0)
		n = coap_opt_encode(w->p, w->room, (uint16_t)(number - w->number), value.ptr,
				    value.len);
	if (n == 0) {
		w->failed = true;
		return;
	}
	w->p += n;
	w->room -= n;
	w->number = number;
}

static void write_uint(struct writer *w, uint16_t number, uint32_t value)
{
	uint8_t octets[4];

	if (value != MESSAGE_ABSENT)
		write_option(w, number,
			     span_of(octets, coap_encode_var_safe(octets, sizeof(octets), value)));
}

static void write_block(struct writer *w, uint16_t number, struct message_block b)
{
	if (!b.present)
		return;
	if (b.num > MESSAGE_NUM_MAX)
		w->failed = true;
	else
		write_uint(w, number, b.num << 4 | (b.more ? 8u : 0u) | b.szx);
}

/* "/" is the empty path; else a "/" at the end stands for an empty last segment. */
static void write_path(struct writer *w, struct span path)
{
	if (path.len <= 1)
		return;
	path = span_skip(path, 1);
	do {
		write_option(w, COAP_OPTION_URI_PATH, span_cut(&path, '/'));
	} while (path.ptr);
}

static void write_segments(struct writer *w, const struct message *m)
{
	for (size_t i = 0; i < m->n_segments; i++)
		write_option(w, COAP_OPTION_URI_PATH, m->segments[i]);
}

static void write_options(struct writer *w, const struct message *m)
{
	if (m->host.len > 0)
		write_option(w, COAP_OPTION_URI_HOST, m->host);
	if (m->etag.len > 0)
		write_option(w, COAP_OPTION_ETAG, m->etag);
	write_uint(w, COAP_OPTION_OBSERVE, m->observe);
	if (m->segments)
		write_segments(w, m);
	else
		write_path(w, span_of(m->path, m->path_len));
	write_uint(w, COAP_OPTION_CONTENT_FORMAT, m->content_format);
	for (size_t i = 0; i < m->n_query; i++)
		write_option(w, COAP_OPTION_URI_QUERY, m->query[i]);
	write_uint(w, COAP_OPTION_ACCEPT, m->accept);
	write_block(w, COAP_OPTION_BLOCK2, m->block2);
	write_block(w, COAP_OPTION_BLOCK1, m->block1);
	write_uint(w, COAP_OPTION_SIZE2, m->size2);
	write_uint(w, COAP_OPTION_SIZE1, m->size1);
	write_uint(w, OPTION_OCF_ACCEPT_VERSION, m->accept_version);
	write_uint(w, OPTION_OCF_CONTENT_VERSION, m->content_version);
}

size_t message_write(const struct message *m, uint8_t *ret, size_t room)
{
	struct writer w = {.p = ret, .room = room};

	if (room < HEADER_LEN + m->token_len)
		return 0;
	w.p[0] = (uint8_t)(COAP_VERSION << 6 | (unsigned)m->type << 4 | m->token_len);
	w.p[1] = m->code;
	w.p[2] = (uint8_t)(m->id >> 8);
	w.p[3] = (uint8_t)m->id;
	memcpy(w.p + HEADER_LEN, m->token, m->token_len);
	w.p += HEADER_LEN + m->token_len;
	w.room -= HEADER_LEN + m->token_len;
	write_options(&w, m);
	if (w.failed)
		return 0;
	if (m->payload.len > 0) {
		if (w.room < 1 || m->payload.len > w.room - 1)
			return 0;
		*w.p++ = PAYLOAD_MARKER;
		memcpy(w.p, m->payload.ptr, m->payload.len);
		w.p += m->payload.len;
	}
	return (size_t)(w.p - ret);
}
