/* lib/dtls/hello.h - first ClientHellos and their cookies (RFC 6347 4.2.1); internal to lib/dtls.
 */
#pragma once

#include "base/buf.h"

#define HELLO_RANDOM_LEN  ((size_t)32)
#define HELLO_KEY_LEN     ((size_t)32)
#define HELLO_KEY_LIFE_US (60 * UINT64_C(1000000)) /* a cookie is good for one to two of these */

/* Start of a ClientHello that a new association may begin with. */
struct hello {
	uint8_t random[HELLO_RANDOM_LEN];
	uint8_t record_seq, message_seq; /* low octets, as GnuTLS goes on from them */
};

struct hello_keys {
	uint8_t now[HELLO_KEY_LEN], before[HELLO_KEY_LEN];
	uint64_t since_us; /* when `now` was drawn */
};

void hello_keys_init(struct hello_keys *keys);
/* Draws new keys when it is time. */
void hello_keys_turn(struct hello_keys *keys, uint64_t now_us);
/* False: no first fragment of a ClientHello in epoch 0; *ret is untouched. */
MUST_USE bool hello_parse(struct span datagram, struct hello *ret);
/* Does the hello carry a cookie made for `peer` with one of the keys? */
MUST_USE bool hello_is_verified(const struct hello_keys *keys, struct span datagram,
				struct span peer);
/* Appends a HelloVerifyRequest for `peer`. False: it does not fit. */
MUST_USE bool hello_verify_request(const struct hello_keys *keys, const struct hello *hello,
				   struct span peer, struct buf *reply);
