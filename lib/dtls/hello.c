#include "dtls/hello.h"

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

#include "crypto/rng.h"

enum {
	REC_TYPE = 0,
	REC_VERSION = 1,
	REC_EPOCH = 3,
	REC_SEQ_LOW = 10,
	REC_LEN = 11,
	MSG_TYPE = 13,
	MSG_SEQ_LOW = 18,
	MSG_OFFSET = 19,
	MSG_RANDOM = 27,
	HELLO_MIN = 60, /* up to the length of the session id */
};
#define TYPE_HANDSHAKE    22
#define TYPE_CLIENT_HELLO 1
#define DTLS_MAJOR        0xFE

void hello_keys_init(struct hello_keys *keys)
{
	rng_fill(keys->now, sizeof(keys->now));
	rng_fill(keys->before, sizeof(keys->before));
	keys->since_us = 0;
}

void hello_keys_turn(struct hello_keys *keys, uint64_t now_us)
{
	if (now_us - keys->since_us < HELLO_KEY_LIFE_US)
		return;
	if (now_us - keys->since_us < 2 * HELLO_KEY_LIFE_US)
		memcpy(keys->before, keys->now, sizeof(keys->before));
	else /* nobody came for so long that even the younger key is too old */
		rng_fill(keys->before, sizeof(keys->before));
	rng_fill(keys->now, sizeof(keys->now));
	keys->since_us = now_us;
}

bool hello_parse(struct span datagram, struct hello *ret)
{
	static const uint8_t zero[3];
	const uint8_t *p = datagram.ptr;

	if (datagram.len < HELLO_MIN || p[REC_TYPE] != TYPE_HANDSHAKE ||
	    p[REC_VERSION] != DTLS_MAJOR || memcmp(p + REC_EPOCH, zero, 2) != 0 ||
	    p[MSG_TYPE] != TYPE_CLIENT_HELLO || memcmp(p + MSG_OFFSET, zero, 3) != 0 ||
	    ((size_t)p[REC_LEN] << 8 | p[REC_LEN + 1]) > datagram.len - MSG_TYPE)
		return false;
	memcpy(ret->random, p + MSG_RANDOM, sizeof(ret->random));
	ret->record_seq = p[REC_SEQ_LOW];
	ret->message_seq = p[MSG_SEQ_LOW];
	return true;
}

/* GnuTLS only reads these, but its prototypes have no const. */
static void *unconst(const void *p)
{
	return (void *)(uintptr_t)p;
}

static gnutls_datum_t key_datum(const uint8_t key[HELLO_KEY_LEN])
{
	return (gnutls_datum_t){unconst(key), HELLO_KEY_LEN};
}

bool hello_is_verified(const struct hello_keys *keys, struct span datagram, struct span peer)
{
	const uint8_t *const both[] = {keys->now, keys->before};

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		gnutls_dtls_prestate_st state = {0};
		gnutls_datum_t key = key_datum(both[i]);

		if (gnutls_dtls_cookie_verify(&key, unconst(peer.ptr), peer.len,
					      unconst(datagram.ptr), datagram.len, &state) == 0)
			return true;
	}
	return false;
}

static ssize_t push_to_buf(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	struct buf *reply = arg;

	buf_put(reply, span_of(data, len));
	return buf_ok(reply) ? (ssize_t)len : -1;
}

bool hello_verify_request(const struct hello_keys *keys, const struct hello *hello,
			  struct span peer, struct buf *reply)
{
	/* The reply takes the number of the record it answers (RFC 6347 4.2.1). */
	gnutls_dtls_prestate_st state = {.record_seq = hello->record_seq};
	gnutls_datum_t key = key_datum(keys->now);

	return gnutls_dtls_cookie_send(&key, unconst(peer.ptr), peer.len, &state, reply,
				       push_to_buf) > 0;
}
