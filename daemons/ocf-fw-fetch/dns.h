/* daemons/ocf-fw-fetch/dns.h - one question to a recursive name server, and its answer (RFC 1035).
 * Pure: octets in, texts out. */
#pragma once

#include "base/buf.h"

#define DNS_MESSAGE_MAX                                                                            \
	((size_t)1232) /* taken over UDP; longer answers come cut, and are refused */

enum dns_type { DNS_A = 1, DNS_AAAA = 28 };

enum dns_result {
	DNS_OTHER,  /* not the answer to that question */
	DNS_FOUND,  /* addresses were added */
	DNS_NONE,   /* the server knows that there is none */
	DNS_FAILED, /* the server cannot say */
};

/* False: `host` is no name that can be asked for. */
MUST_USE bool dns_query(uint16_t id, const char *host, enum dns_type type, struct buf *out);
/* Adds the addresses as literals, separated by commas, as many as there is room for. */
enum dns_result dns_answer(struct span message, uint16_t id, const char *host, enum dns_type type,
			   struct buf *addresses);
