#include "address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

/* The first row whose first `bits` bits fit wins. Not public is what IANA's registries of special
 * purpose addresses do not call globally reachable. */
struct range {
	uint8_t prefix[4];
	uint8_t bits;
	enum proto_reach reach;
};

static const struct range RANGES_4[] = {
	{{0},            8,  PROTO_LOOPBACK}, /* "this host": Linux connects to itself */
	{{127},          8,  PROTO_LOOPBACK},
	{{224},          4,  PROTO_LOOPBACK}, /* multicast */
	{{240},          4,  PROTO_LOOPBACK}, /* reserved, broadcast */
	{{10},           8,  PROTO_PRIVATE }, /* RFC 1918 */
	{{172, 16},      12, PROTO_PRIVATE },
	{{192, 168},     16, PROTO_PRIVATE },
	{{169, 254},     16, PROTO_PRIVATE }, /* link-local */
	{{100, 64},      10, PROTO_PRIVATE }, /* RFC 6598 */
	{{192, 0, 0},    24, PROTO_PRIVATE }, /* IETF protocols */
	{{192, 88, 99},  24, PROTO_PRIVATE }, /* 6to4 relays */
	{{198, 18},      15, PROTO_PRIVATE }, /* benchmarks */
	{{192, 0, 2},    24, PROTO_PRIVATE }, /* documentation */
	{{198, 51, 100}, 24, PROTO_PRIVATE },
	{{203, 0, 113},  24, PROTO_PRIVATE },
	{{0},            0,  PROTO_PUBLIC  },
};

static const struct range RANGES_6[] = {
	{{0xff},		   8,  PROTO_LOOPBACK}, /* multicast */
	{{0x20, 0x01},             23, PROTO_PRIVATE }, /* IETF protocols, Teredo */
	{{0x20, 0x01, 0x0d, 0xb8}, 32, PROTO_PRIVATE }, /* documentation */
	{{0x3f, 0xff},             20, PROTO_PRIVATE },
	{{0x20},		   3,  PROTO_PUBLIC  }, /* all that is global: RFC 4291 2.4 */
	{{0},		      0,  PROTO_PRIVATE },
};

static const struct {
	uint8_t prefix[12];
	size_t len, at; /* where the IPv4 address stands */
} EMBEDDED[] = {
	{{[10] = 0xff, [11] = 0xff}, 12, 12}, /* RFC 4291 2.5.5.2: mapped */
	{{[8] = 0xff, [9] = 0xff},   12, 12}, /* RFC 2765 2.1: translated */
	{{0x00, 0x64, 0xff, 0x9b},   12, 12}, /* RFC 6052: NAT64 */
	{{0x20, 0x02},               2,  2 }, /* RFC 3056: 6to4 */
};

/* The last row of all ranges fits everything. */
static enum proto_reach look_up(const uint8_t *address, const struct range *range)
{
	for (;; range++) {
		size_t octets = range->bits / 8;
		uint8_t mask = (uint8_t)(0xff00 >> range->bits % 8);

		if (memcmp(address, range->prefix, octets) == 0 &&
		    (mask == 0 || (address[octets] & mask) == range->prefix[octets]))
			return range->reach;
	}
}

static enum proto_reach reach_4(const uint8_t *address)
{
	return look_up(address, RANGES_4);
}

static enum proto_reach reach_6(const uint8_t *address)
{
	static const uint8_t ZERO[12];

	for (size_t i = 0; i < ARRAY_SIZE(EMBEDDED); i++)
		if (memcmp(address, EMBEDDED[i].prefix, EMBEDDED[i].len) == 0)
			return reach_4(address + EMBEDDED[i].at);
	if (memcmp(address, ZERO, sizeof(ZERO)) == 0) /* ::, ::1, and the old IPv4-compatible */
		return PROTO_LOOPBACK;
	return look_up(address, RANGES_6);
}

enum proto_reach address_reach(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return reach_4((const uint8_t *)a + offsetof(struct sockaddr_in, sin_addr));
	if (a->sa_family == AF_INET6)
		return reach_6((const uint8_t *)a + offsetof(struct sockaddr_in6, sin6_addr));
	return PROTO_LOOPBACK;
}

enum proto_reach address_text_reach(const char *text)
{
	char plain[INET6_ADDRSTRLEN];
	uint8_t octets[16];
	size_t n = strcspn(text, "%");

	if (n >= sizeof(plain))
		return PROTO_LOOPBACK;
	memcpy(plain, text, n);
	plain[n] = '\0';
	if (inet_pton(AF_INET, plain, octets) == 1)
		return reach_4(octets);
	if (inet_pton(AF_INET6, plain, octets) == 1)
		return reach_6(octets);
	return PROTO_LOOPBACK;
}

static bool is_own_name(const char *host)
{
	static const char NAME[] = "localhost";
	size_t n = strlen(host), len = strlen(NAME);

	if (n > 0 && host[n - 1] == '.')
		n--;
	return n >= len && strncasecmp(host + n - len, NAME, len) == 0 &&
	       (n == len || host[n - len - 1] == '.');
}

enum proto_reach address_host_reach(struct span host)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
	enum proto_reach reach = PROTO_PUBLIC;
	struct addrinfo *found = NULL;
	char text[NI_MAXHOST];

	if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = span_of(host.ptr + 1, host.len - 2);
	if (span_to_str(host, text, sizeof(text)) < 0 || is_own_name(text))
		return PROTO_LOOPBACK;
	if (getaddrinfo(text, NULL, &hints, &found) != 0)
		return PROTO_PUBLIC;
	for (const struct addrinfo *a = found; a; a = a->ai_next)
		if (address_reach(a->ai_addr) > reach)
			reach = address_reach(a->ai_addr);
	freeaddrinfo(found);
	return reach;
}
