/* CPU of a PSK handshake (0xC037, cookie exchange included, both ends) by lib/dtls and by bare
 * GnuTLS calls, in turns so that a noisy machine disturbs both; and the heap of open sessions.
 * Prints "name value unit" lines; those called round hold our value and that of the bare calls.
 *
 * usage: bench_dtls [HANDSHAKES] */
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <malloc.h>
#include <stdio.h>
#include <time.h>

#include "base/parse.h"
#include "dtls/dtls.h"

#define ROUNDS       10
#define SESSIONS     100
#define QUEUE_MAX    16
#define HANDSHAKE_US (20 * USEC_PER_SEC)
#define KEY          "0123456789abcdef"
#define IDENTITY     "\xb0\xb0\x00\x00\x00\x00\x40\x00\x80\x00\x00\x00\x00\x00\x00\x01"
#define HINT         "\xa7\x1c\x30\x01\x01\x01\x40\x01\x80\x01\x01\x01\x01\x01\x01\x02"

static const struct span PEER = {(const uint8_t *)"peer", 4};

struct datagram {
	uint8_t b[DTLS_DATAGRAM_MAX];
	size_t len;
};

struct queue {
	struct datagram at[QUEUE_MAX];
	size_t head, tail;
};

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_dtls: %s\n", what);
	exit(1);
}

static void queue_put(struct queue *q, const void *data, size_t len)
{
	struct datagram *d = &q->at[q->tail++ % QUEUE_MAX];

	check(len <= sizeof(d->b) && q->tail - q->head <= QUEUE_MAX, "queue");
	memcpy(d->b, data, len);
	d->len = len;
}

static struct span queue_get(struct queue *q)
{
	const struct datagram *d = &q->at[q->head++ % QUEUE_MAX];

	return span_of(d->b, d->len);
}

static double cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* --- lib/dtls --- */

struct ours {
	struct dtls *d;
	struct queue to_server, to_client;
	struct dtls_session *client, *server;
};

static int put_for_server(void *arg, struct span datagram)
{
	queue_put(&((struct ours *)arg)->to_server, datagram.ptr, datagram.len);
	return 0;
}

static int put_for_client(void *arg, struct span datagram)
{
	queue_put(&((struct ours *)arg)->to_client, datagram.ptr, datagram.len);
	return 0;
}

static int find_key(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
{
	(void)arg, (void)profile, (void)identity;
	return secret_set(ret, SPAN_LIT(KEY)) ? 0 : -ENOENT;
}

static void no_data(void *arg, struct span plain)
{
	(void)arg, (void)plain;
}

static const struct dtls_ops SERVER = {.send = put_for_client, .psk = find_key, .data = no_data};
static const struct dtls_ops CLIENT = {.send = put_for_server, .data = no_data};

static void ours_serve(struct ours *o, struct span in)
{
	const struct dtls_offer offer = {
		.profile = DTLS_NORMAL, .hint = SPAN_LIT(HINT), .handshake_us = HANDSHAKE_US};
	struct buf reply = BUF_INIT(64);

	if (o->server) {
		dtls_feed(o->server, in, 0);
	} else if (dtls_hello(o->d, in, PEER, 0, &reply) == DTLS_HELLO_VERIFY) {
		queue_put(&o->to_client, reply.ptr, reply.len);
	} else {
		check(dtls_accept(&o->server, o->d, &offer, in, PEER, &SERVER, o, 0) == 0,
		      "dtls_accept");
	}
	buf_done(&reply);
}

static void ours_handshake(struct ours *o)
{
	const struct dtls_offer offer = {
		.profile = DTLS_NORMAL,
		.identity = SPAN_LIT(IDENTITY),
		.key = {.b = KEY, .len = sizeof(KEY) - 1},
		.handshake_us = HANDSHAKE_US
        };

	check(dtls_connect(&o->client, o->d, &offer, &CLIENT, o, 0) == 0, "dtls_connect");
	for (;;) {
		if (o->to_server.head != o->to_server.tail)
			ours_serve(o, queue_get(&o->to_server));
		else if (o->to_client.head != o->to_client.tail)
			dtls_feed(o->client, queue_get(&o->to_client), 0);
		else
			break;
	}
	check(dtls_state(o->client) == DTLS_OPEN && dtls_state(o->server) == DTLS_OPEN,
	      "lib/dtls: not open");
}

static double ours_run(struct ours *o, unsigned n)
{
	double start = cpu_us();

	for (unsigned i = 0; i < n; i++) {
		ours_handshake(o);
		o->client = dtls_session_free(o->client);
		o->server = dtls_session_free(o->server);
	}
	return (cpu_us() - start) / n;
}

/* --- bare GnuTLS --- */

struct end {
	gnutls_session_t tls;
	struct queue *in, *out;
	bool open;
};

struct bare {
	gnutls_priority_t priority;
	gnutls_psk_server_credentials_t server_keys;
	gnutls_psk_client_credentials_t client_keys;
	gnutls_datum_t cookie_key;
	struct queue to_server, to_client;
	struct end client, server;
};

static ssize_t end_push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	queue_put(((struct end *)arg)->out, data, len);
	return (ssize_t)len;
}

static ssize_t end_pull(gnutls_transport_ptr_t arg, void *data, size_t room)
{
	struct end *e = arg;
	struct span in;

	if (e->in->head == e->in->tail) {
		gnutls_transport_set_errno(e->tls, EAGAIN);
		return -1;
	}
	in = queue_get(e->in);
	check(in.len <= room, "room");
	memcpy(data, in.ptr, in.len);
	return (ssize_t)in.len;
}

static int end_pull_timeout(gnutls_transport_ptr_t arg, unsigned ms)
{
	const struct end *e = arg;

	(void)ms;
	return e->in->head != e->in->tail;
}

static int end_key(gnutls_session_t tls, const gnutls_datum_t *identity, gnutls_datum_t *ret)
{
	(void)tls, (void)identity;
	ret->data = gnutls_malloc(sizeof(KEY) - 1);
	check(ret->data, "memory");
	memcpy(ret->data, KEY, sizeof(KEY) - 1);
	ret->size = sizeof(KEY) - 1;
	return 0;
}

static void end_init(struct end *e, const struct bare *b, unsigned role, void *keys)
{
	e->open = false;
	check(gnutls_init(&e->tls, role | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS) ==
			      0 &&
		      gnutls_priority_set(e->tls, b->priority) == 0 &&
		      gnutls_credentials_set(e->tls, GNUTLS_CRD_PSK, keys) == 0,
	      "session");
	gnutls_dtls_set_mtu(e->tls, DTLS_DATAGRAM_MAX);
	gnutls_transport_set_ptr(e->tls, e);
	gnutls_transport_set_push_function(e->tls, end_push);
	gnutls_transport_set_pull_function(e->tls, end_pull);
	gnutls_transport_set_pull_timeout_function(e->tls, end_pull_timeout);
}

static void end_step(struct end *e)
{
	int r = gnutls_handshake(e->tls);

	check(r == 0 || r == GNUTLS_E_AGAIN, "bare handshake");
	e->open = r == 0;
}

/* The server's session begins when a cookie has come back; the datagram stays for it to read. */
static void bare_hello(struct bare *b)
{
	struct datagram *d = &b->to_server.at[b->to_server.head % QUEUE_MAX];
	gnutls_dtls_prestate_st state = {0};
	char peer[] = "peer";

	if (gnutls_dtls_cookie_verify(&b->cookie_key, peer, sizeof(peer), d->b, d->len, &state) <
	    0) {
		b->to_server.head++;
		check(gnutls_dtls_cookie_send(&b->cookie_key, peer, sizeof(peer), &state,
					      &b->server, end_push) > 0,
		      "cookie");
		return;
	}
	end_init(&b->server, b, GNUTLS_SERVER, b->server_keys);
	gnutls_dtls_prestate_set(b->server.tls, &state);
	end_step(&b->server);
}

static void bare_handshake(struct bare *b)
{
	end_init(&b->client, b, GNUTLS_CLIENT, b->client_keys);
	end_step(&b->client);
	while (!b->client.open || !b->server.tls || !b->server.open) {
		if (b->to_server.head != b->to_server.tail && !b->server.tls)
			bare_hello(b);
		else if (b->to_server.head != b->to_server.tail)
			end_step(&b->server);
		else
			end_step(&b->client);
	}
}

static double bare_run(struct bare *b, unsigned n)
{
	double start = cpu_us();

	for (unsigned i = 0; i < n; i++) {
		bare_handshake(b);
		gnutls_deinit(b->client.tls);
		gnutls_deinit(b->server.tls);
		b->server.tls = NULL;
		b->to_server.head = b->to_server.tail;
		b->to_client.head = b->to_client.tail;
	}
	return (cpu_us() - start) / n;
}

static void bare_init(struct bare *b)
{
	static char identity[] = IDENTITY, key[] = KEY;
	const gnutls_datum_t identity_datum = {(void *)identity, sizeof(identity) - 1};
	const gnutls_datum_t key_datum = {(void *)key, sizeof(key) - 1};

	b->server.in = b->client.out = &b->to_server;
	b->client.in = b->server.out = &b->to_client;
	check(gnutls_priority_init(&b->priority,
				   "NONE:+VERS-DTLS1.2:+ECDHE-PSK:+AES-128-CBC:+SHA256:+COMP-NULL:"
				   "+GROUP-SECP256R1:+SIGN-ECDSA-SHA256",
				   NULL) == 0 &&
		      gnutls_psk_allocate_server_credentials(&b->server_keys) == 0 &&
		      gnutls_psk_set_server_credentials_hint(b->server_keys, HINT) == 0 &&
		      gnutls_psk_allocate_client_credentials(&b->client_keys) == 0 &&
		      gnutls_psk_set_client_credentials2(b->client_keys, &identity_datum,
							 &key_datum, GNUTLS_PSK_KEY_RAW) == 0 &&
		      gnutls_key_generate(&b->cookie_key, GNUTLS_COOKIE_KEY_SIZE) == 0,
	      "credentials");
	gnutls_psk_set_server_credentials_function2(b->server_keys, end_key);
}

static void bare_done(struct bare *b)
{
	gnutls_free(b->cookie_key.data);
	gnutls_psk_free_server_credentials(b->server_keys);
	gnutls_psk_free_client_credentials(b->client_keys);
	gnutls_priority_deinit(b->priority);
}

/* --- heap --- */

/* Heap of one open server session after its first record, and what is left when all are closed. */
static void heap(struct ours *o)
{
	struct dtls_session *s[SESSIONS];
	size_t before = mallinfo2().uordblks, open;

	for (size_t i = 0; i < SESSIONS; i++) {
		ours_handshake(o);
		check(dtls_send(o->client, SPAN_LIT("data")) == 0, "dtls_send");
		dtls_feed(o->server, queue_get(&o->to_server), 0);
		s[i] = o->server;
		o->server = NULL;
		o->client = dtls_session_free(o->client);
	}
	open = mallinfo2().uordblks;
	for (size_t i = 0; i < SESSIONS; i++)
		(void)dtls_session_free(s[i]);
	(void)printf("dtls_session_heap %zu bytes\n", (open - before) / SESSIONS);
	(void)printf("dtls_session_heap_left %zd bytes\n",
		     ((ssize_t)mallinfo2().uordblks - (ssize_t)before) / SESSIONS);
}

int main(int argc, char **argv)
{
	double ours_us = 0, bare_us = 0;
	static struct ours o;
	static struct bare b;
	uint32_t n = 500;

	check(argc < 2 || (parse_u32(span_str(argv[1]), &n) && n >= ROUNDS), "HANDSHAKES?");
	check(dtls_new(&o.d) == 0, "dtls_new");
	bare_init(&b);
	(void)ours_run(&o, ROUNDS); /* what is made once is made now */
	(void)bare_run(&b, ROUNDS);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double ours = ours_run(&o, n / ROUNDS), bare = bare_run(&b, n / ROUNDS);

		(void)printf("dtls_handshake_round %.1f %.1f us\n", ours, bare);
		ours_us += ours / ROUNDS;
		bare_us += bare / ROUNDS;
	}
	(void)printf("dtls_handshake_cpu %.1f us\n", ours_us);
	(void)printf("dtls_handshake_cpu_floor %.1f us\n", bare_us);
	(void)printf("dtls_handshake_cpu_ratio %.2f\n", ours_us / bare_us);
	heap(&o);
	bare_done(&b);
	o.d = dtls_free(o.d);
	return 0;
}
