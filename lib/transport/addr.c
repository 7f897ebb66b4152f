#include "transport/remote.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>

#include "base/parse.h"

#define COAP_PORT  5683
#define COAPS_PORT 5684

uint32_t endpoint_addr_hash(const struct endpoint_addr *a)
{
	uint32_t w[4], h = a->sa.sin6_port;

	memcpy(w, &a->sa.sin6_addr, sizeof(w));
	for (size_t i = 0; i < ARRAY_SIZE(w); i++)
		h = (h ^ w[i]) * UINT32_C(0x9e3779b1);
	return h ^ h >> 16;
}

bool remote_eq(const struct remote *a, const struct remote *b)
{
	if (a->session != 0 || b->session != 0)
		return a->session == b->session;
	return endpoint_addr_eq(&a->addr, &b->addr);
}

uint32_t remote_hash(const struct remote *r)
{
	return r->session != 0 ? (uint32_t)r->session : endpoint_addr_hash(&r->addr);
}

static bool needs_scope(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LINKLOCAL(a) || IN6_IS_ADDR_MC_LINKLOCAL(a);
}

/* "eth0" or "2"; 0: no such interface. */
static uint32_t zone_index(struct span zone)
{
	char name[IF_NAMESIZE];
	uint32_t index;

	if (parse_u32(zone, &index))
		return index;
	return span_to_str(zone, name, sizeof(name)) == 0 ? if_nametoindex(name) : 0;
}

static int read_address(struct span text, struct in6_addr *ret)
{
	char s[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (span_to_str(text, s, sizeof(s)) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, s, &v4) == 1) {
		*ret = (struct in6_addr){
			.s6_addr = {[10] = 0xff, [11] = 0xff}
                };
		memcpy(&ret->s6_addr[12], &v4, sizeof(v4));
		return 0;
	}
	return inet_pton(AF_INET6, s, ret) == 1 ? 0 : -EINVAL;
}

int endpoint_addr_parse(struct endpoint_addr *ret, struct span host, uint16_t port)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct span address;

	if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = span_of(host.ptr + 1, host.len - 2);
	address = span_cut(&host, '%');
	if (read_address(address, &sa.sin6_addr) < 0)
		return -EINVAL;
	if (needs_scope(&sa.sin6_addr) && host.len > 0) {
		sa.sin6_scope_id = zone_index(host);
		if (sa.sin6_scope_id == 0)
			return -EINVAL;
	}
	ret->sa = sa;
	return 0;
}

void endpoint_addr_format(const struct endpoint_addr *a, char ret[ENDPOINT_ADDR_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "", zone[IF_NAMESIZE] = "";

	if (IN6_IS_ADDR_V4MAPPED(&a->sa.sin6_addr)) {
		(void)inet_ntop(AF_INET, &a->sa.sin6_addr.s6_addr[12], host, sizeof(host));
		(void)snprintf(ret, ENDPOINT_ADDR_TEXT, "%s:%u", host, ntohs(a->sa.sin6_port));
		return;
	}
	(void)inet_ntop(AF_INET6, &a->sa.sin6_addr, host, sizeof(host));
	if (a->sa.sin6_scope_id != 0 && !if_indextoname(a->sa.sin6_scope_id, zone))
		(void)snprintf(zone, sizeof(zone), "%u", a->sa.sin6_scope_id);
	(void)snprintf(ret, ENDPOINT_ADDR_TEXT, "[%s%s%s]:%u", host, zone[0] ? "%" : "", zone,
		       ntohs(a->sa.sin6_port));
}

/* Cuts ":port" off the authority; without one *port stays. */
static int read_port(struct span *authority, uint16_t *port)
{
	const uint8_t *colon = NULL;
	struct span digits;
	uint32_t n;

	if (authority->len > 0 && authority->ptr[authority->len - 1] != ']')
		colon = memrchr(authority->ptr, ':', authority->len);
	if (!colon)
		return 0;
	digits = span_skip(*authority, (size_t)(colon - authority->ptr) + 1);
	if (!parse_u32(digits, &n) || n == 0 || n > UINT16_MAX)
		return -EINVAL;
	authority->len = (size_t)(colon - authority->ptr);
	*port = (uint16_t)n;
	return 0;
}

int endpoint_uri_parse(struct span uri, const struct endpoint_addr *via, struct endpoint_addr *ret,
		       bool *ret_secure)
{
	bool secure = span_is_nocase(span_of(uri.ptr, uri.len < 5 ? uri.len : 5), "coaps");
	struct span authority = span_skip(uri, secure ? strlen("coaps://") : strlen("coap://"));
	uint16_t port = secure ? COAPS_PORT : COAP_PORT;
	bool bracketed;
	struct endpoint_addr a;

	if (uri.len <= authority.len || !span_is_nocase(span_of(uri.ptr, uri.len - authority.len),
							secure ? "coaps://" : "coap://"))
		return -EINVAL;
	if (authority.len > 0 && authority.ptr[authority.len - 1] == '/')
		authority.len--;
	if (authority.len == 0 || memchr(authority.ptr, '%', authority.len) != NULL ||
	    read_port(&authority, &port) < 0)
		return -EINVAL;
	bracketed = authority.len > 0 && authority.ptr[0] == '[';
	if (endpoint_addr_parse(&a, authority, port) < 0 ||
	    bracketed == IN6_IS_ADDR_V4MAPPED(&a.sa.sin6_addr))
		return -EINVAL;
	if (needs_scope(&a.sa.sin6_addr)) {
		if (via->sa.sin6_scope_id == 0)
			return -EINVAL;
		a.sa.sin6_scope_id = via->sa.sin6_scope_id;
	}
	*ret = a;
	*ret_secure = secure;
	return 0;
}
