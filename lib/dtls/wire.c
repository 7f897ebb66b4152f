/* Between GnuTLS and the datagrams. */
#include <gnutls/gnutls.h>

#include "dtls/record.h"
#include "dtls/session.h"

#define RECORDS_MAX 32 /* of one datagram that we look at */

static void send_datagram(struct dtls_session *s, const void *data, size_t len)
{
	(void)s->ops->send(s->arg, span_of(data, len)); /* lost is lost: timers repeat it */
}

static void send_flight(struct dtls_session *s)
{
	if (s->flight->len)
		send_datagram(s, s->flight->b, s->flight->len);
	s->flight->len = 0;
}

void wire_begin(struct dtls_session *s, struct flight *flight)
{
	flight->len = 0;
	s->flight = flight;
}

void wire_end(struct dtls_session *s)
{
	send_flight(s);
	s->flight = NULL;
}

/* With its interval of 0 GnuTLS repeats its flight whenever it runs out of input, and for every old
 * message in a datagram. It goes out when a timer or the peer's repeated hello asks for it, and
 * then once. Encrypted records share the fate of the plain ones before them. */
static bool is_unasked(struct dtls_session *s, struct span record)
{
	uint64_t message;

	if (!record_message(record, &message))
		return s->mute;
	s->mute = message < s->next_message;
	if (!s->mute)
		s->next_message = message + 1;
	if (s->sent_messages < s->next_message)
		s->sent_messages = s->next_message;
	return s->mute;
}

static ssize_t push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	struct dtls_session *s = arg;

	if (!s->flight) {
		send_datagram(s, data, len);
		return (ssize_t)len;
	}
	if (is_unasked(s, span_of(data, len)))
		return (ssize_t)len;
	if (len > sizeof(s->flight->b) - s->flight->len)
		send_flight(s);
	if (len <= sizeof(s->flight->b)) {
		memcpy(s->flight->b + s->flight->len, data, len);
		s->flight->len += len;
		s->sent = true;
	}
	return (ssize_t)len;
}

/* GnuTLS allocates what a fragment claims to be the length of its message, and keeps 17 kB for each
 * ChangeCipherSpec that comes early: one is enough. */
static bool is_affordable(const struct dtls_session *s, struct span record)
{
	switch (record_plain_type(record)) {
	case RECORD_CHANGE_CIPHER_SPEC:
		return gnutls_record_check_pending(s->tls) == 0;
	case RECORD_HANDSHAKE:
		return record_is_modest(record);
	default:
		return true;
	}
}

/* The next record that is worth GnuTLS's time; empty: none. */
static struct span next_record(struct dtls_session *s)
{
	while (s->in.len > 0 && s->in_records < RECORDS_MAX) {
		struct span record = record_cut(&s->in);

		s->in_records++;
		if (record.len > 0 && is_affordable(s, record))
			return record;
	}
	s->in = span_of(NULL, 0);
	return s->in;
}

/* Gives GnuTLS one record at a time. It stops at the first record it cannot use and would keep the
 * rest of the datagram until the next one comes. */
static ssize_t pull(gnutls_transport_ptr_t arg, void *data, size_t room)
{
	struct dtls_session *s = arg;
	struct span record = next_record(s);
	size_t len = record.len < room ? record.len : room; /* cut short, it is dropped */

	if (len == 0) {
		gnutls_transport_set_errno(s->tls, EAGAIN);
		return -1;
	}
	s->in_encrypted = record_is_encrypted(record);
	memcpy(data, record.ptr, len);
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t arg, unsigned ms)
{
	const struct dtls_session *s = arg;

	(void)ms; /* never waits */
	return s->in.len > 0;
}

void wire_attach(struct dtls_session *s)
{
	gnutls_transport_set_ptr(s->tls, s);
	gnutls_transport_set_push_function(s->tls, push);
	gnutls_transport_set_pull_function(s->tls, pull);
	gnutls_transport_set_pull_timeout_function(s->tls, pull_timeout);
}
