#include "dns.h"

#include <arpa/inet.h>

#define HEAD        12
#define LABEL_MAX   63
#define NAME_OCTETS 255 /* octets, RFC 1035 2.3.4 */
#define CLASS_IN    1
#define RESPONSE    0x8000u
#define TRUNCATED   0x0200u
#define RECURSION   0x0100u
#define RCODE       0x000fu
#define NXDOMAIN    3
#define POINTER     0xc0u
#define RECORD_HEAD 10 /* type, class, time, length */

static void put_u16(struct buf *b, unsigned v)
{
	buf_put_byte(b, (uint8_t)(v >> 8));
	buf_put_byte(b, (uint8_t)v);
}

static unsigned u16_at(struct span s, size_t at)
{
	return (unsigned)s.ptr[at] << 8 | s.ptr[at + 1];
}

/* The question alone: name, type, class. */
static bool put_question(struct buf *out, const char *host, enum dns_type type)
{
	struct span rest = span_str(host);
	size_t before = out->len;

	while (rest.ptr) {
		struct span label = span_cut(&rest, '.');

		if (label.len == 0 || label.len > LABEL_MAX)
			return false;
		buf_put_byte(out, (uint8_t)label.len);
		buf_put(out, label);
	}
	buf_put_byte(out, 0);
	if (out->len - before > NAME_OCTETS)
		return false;
	put_u16(out, type);
	put_u16(out, CLASS_IN);
	return buf_ok(out);
}

bool dns_query(uint16_t id, const char *host, enum dns_type type, struct buf *out)
{
	put_u16(out, id);
	put_u16(out, RECURSION);
	put_u16(out, 1);
	put_u16(out, 0);
	put_u16(out, 0);
	put_u16(out, 0);
	return put_question(out, host, type);
}

/* The question comes back as it was asked, but perhaps in another case. */
static bool is_answer(struct span m, uint16_t id, const char *host, enum dns_type type,
		      size_t *ret_end)
{
	struct buf question = BUF_INIT(DNS_MESSAGE_MAX);
	bool same = m.len >= HEAD && u16_at(m, 0) == id && (u16_at(m, 2) & RESPONSE) != 0 &&
		    u16_at(m, 4) == 1 && put_question(&question, host, type) &&
		    m.len - HEAD >= question.len;

	/* Octets of lengths are no letters. */
	same = same &&
	       strncasecmp((const char *)m.ptr + HEAD, (const char *)question.ptr, question.len) ==
		       0 &&
	       memcmp(m.ptr + HEAD + question.len - 4, question.ptr + question.len - 4, 4) == 0;
	*ret_end = HEAD + question.len;
	buf_done(&question);
	return same;
}

/* Goes behind a name; where a pointer leads is of no interest. */
static bool skip_name(struct span m, size_t *at)
{
	while (*at < m.len) {
		uint8_t n = m.ptr[*at];

		if (n == 0 || (n & POINTER) == POINTER) {
			*at += n == 0 ? 1 : 2;
			return *at <= m.len;
		}
		if (n > LABEL_MAX)
			return false;
		*at += (size_t)n + 1;
	}
	return false;
}

static bool put_address(struct buf *out, enum dns_type type, struct span data)
{
	char text[INET6_ADDRSTRLEN];
	int family = type == DNS_A ? AF_INET : AF_INET6;
	size_t len = type == DNS_A ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	if (data.len != len || !inet_ntop(family, data.ptr, text, sizeof(text)))
		return false;
	if (out->len + strlen(text) + 2 <= out->max) { /* a comma, and the NUL of the caller */
		if (out->len > 0)
			buf_put_byte(out, ',');
		buf_put_str(out, text);
	}
	return true;
}

enum dns_result dns_answer(struct span m, uint16_t id, const char *host, enum dns_type type,
			   struct buf *addresses)
{
	enum dns_result result = DNS_NONE;
	unsigned flags, n;
	size_t at;

	if (!is_answer(m, id, host, type, &at))
		return DNS_OTHER;
	flags = u16_at(m, 2);
	if ((flags & TRUNCATED) != 0 || ((flags & RCODE) != 0 && (flags & RCODE) != NXDOMAIN))
		return DNS_FAILED;
	n = u16_at(m, 6);
	for (unsigned i = 0; i < n; i++) {
		unsigned kind, class;
		size_t len;

		if (!skip_name(m, &at) || m.len - at < RECORD_HEAD)
			return DNS_FAILED;
		kind = u16_at(m, at);
		class = u16_at(m, at + 2);
		len = u16_at(m, at + 8);
		at += RECORD_HEAD;
		if (len > m.len - at)
			return DNS_FAILED;
		if (kind == (unsigned)type && class == CLASS_IN &&
		    put_address(addresses, type, span_of(m.ptr + at, len)))
			result = DNS_FOUND;
		at += len;
	}
	return result;
}
