/* transport/peers: when sessions end, and who is told. */
#include "test.h"

#include "tests/unit/x509_maker.h"
#include "transport/peers.h"

#define START_US (1000 * USEC_PER_SEC)
#define NAME     "CN=uuid:" MAKER_UUID

struct side {
	struct peers *peers;
	struct side *other;
	struct x509_own *own;
	struct secret key; /* server: of any identity; empty: unknown */
	int verdict;       /* about the peer's certificate */
	unsigned opened, data, asked, ended;
	uint64_t session;
	enum dtls_end why;
	uint8_t queue[64][2048];
	size_t len[64], head, tail;
};

static void on_send(void *arg, const struct remote *to, struct span datagram)
{
	struct side *s = arg;

	(void)to;
	assert_true(s->tail < ARRAY_SIZE(s->len) && datagram.len <= sizeof(s->queue[0]));
	memcpy(s->queue[s->tail], datagram.ptr, datagram.len);
	s->len[s->tail++] = datagram.len;
}

static void on_data(void *arg, const struct remote *from, struct span plain, uint64_t now_us)
{
	(void)from, (void)plain, (void)now_us;
	((struct side *)arg)->data++;
}

static void on_ended(void *arg, uint64_t session, enum dtls_end why, bool was_open,
		     const struct endpoint_addr *peer)
{
	struct side *s = arg;

	(void)session, (void)was_open, (void)peer;
	s->ended++;
	s->why = why;
}

static void on_offer(void *arg, struct dtls_offer *ret)
{
	struct side *s = arg;

	*ret = (struct dtls_offer){
		.profile = DTLS_NORMAL, .own = s->own, .hint = SPAN_LIT("0123456789abcdef")};
}

static int on_psk(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
{
	const struct side *s = arg;

	(void)profile, (void)identity;
	*ret = s->key;
	return s->key.len ? 0 : -ENOENT;
}

static int on_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	struct side *s = arg;

	(void)profile, (void)chain;
	s->asked++;
	return s->verdict;
}

static void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
		      const struct endpoint_addr *peer)
{
	struct side *s = arg;

	(void)facts, (void)peer;
	s->opened++;
	s->session = session;
}

static const struct peers_ops SERVER = {.send = on_send,
					.data = on_data,
					.ended = on_ended,
					.offer = on_offer,
					.psk = on_psk,
					.cert = on_cert,
					.opened = on_opened};
static const struct peers_ops CLIENT = {.send = on_send,
					.data = on_data,
					.ended = on_ended,
					.psk = on_psk,
					.cert = on_cert,
					.opened = on_opened};

static struct x509_own *own_of(const struct made *leaf)
{
	struct x509_own *o = NULL;
	struct x509_key *k = NULL;
	const char *why = "";

	assert_int_equal(x509_key_from_pem(span_str(leaf->key_pem), &k, &why), 0);
	assert_int_equal(x509_own_new(&o, span_str(leaf->pem), k, X509_IDENTITY, &why), 0);
	return o;
}

static const struct peers_limits LIMITS = {8, 8, 8, 20 * USEC_PER_SEC, 600 * USEC_PER_SEC};
static const struct remote AT = {
	.addr.sa = {
		    .sin6_family = AF_INET6, .sin6_port = 5684, .sin6_addr = IN6ADDR_LOOPBACK_INIT}
};

static void open_both(struct side *server, struct side *client)
{
	*server = (struct side){.other = client};
	*client = (struct side){.other = server};
	assert_int_equal(peers_new(&server->peers, &LIMITS, &SERVER, server), 0);
	assert_int_equal(peers_new(&client->peers, &LIMITS, &CLIENT, client), 0);
}

/* What one side has sent arrives. */
static void deliver_from(struct side *s, uint64_t now_us)
{
	for (; s->head < s->tail; s->head++)
		peers_receive(s->other->peers, &AT, span_of(s->queue[s->head], s->len[s->head]),
			      now_us);
	s->head = s->tail = 0;
	peers_reap(s->other->peers);
}

/* All that is under way arrives. */
static void deliver(struct side *s, uint64_t now_us)
{
	while (s->tail || s->other->tail) {
		deliver_from(s, now_us);
		deliver_from(s->other, now_us);
	}
}

static void peers_receive__judges_certificates_again(void **state)
{
	static struct side server, client;
	struct dtls_offer offer = {.profile = DTLS_NORMAL};
	struct spec end = SPEC_END(NAME);
	struct made root, leaf;
	uint64_t now_us = START_US, session;

	(void)state;
	make(&root, &SPEC_CA("CN=Root", -1), NULL);
	make(&leaf, &end, &root);
	open_both(&server, &client);
	server.own = own_of(&leaf);
	offer.own = server.own;
	assert_int_equal(peers_connect(client.peers, &AT.addr, &offer, now_us, &session), 0);
	deliver(&client, now_us);
	assert_true(server.opened == 1 && client.opened == 1);

	/* Not at each record: it costs. */
	server.verdict = -EKEYEXPIRED;
	now_us += PEERS_JUDGE_EACH_US - 1;
	peers_send(client.peers, session, SPAN_LIT("x"), now_us);
	deliver(&client, now_us);
	assert_true(server.data == 1 && server.asked == 1);

	/* What comes after that is not heard. */
	now_us++;
	peers_send(client.peers, session, SPAN_LIT("x"), now_us);
	deliver(&client, now_us);
	assert_true(server.data == 1 && server.asked == 2 && server.ended == 1);
	assert_int_equal(server.why, DTLS_END_CERT);

	(void)peers_free(server.peers);
	(void)peers_free(client.peers);
	(void)x509_own_unref(server.own);
	unmake(&root);
	unmake(&leaf);
}

/* Else an owner's tool that is interrupted would leave a device that hears nobody else until the
 * session has idled out. */
static void peers_free__tells_a_server_that_has_finished_before_us(void **state)
{
	static struct side server, client;
	struct dtls_offer offer = {.profile = DTLS_NORMAL,
				   .identity = SPAN_LIT("0123456789abcdef")};
	uint64_t session;

	(void)state;
	open_both(&server, &client);
	assert_true(secret_set(&offer.key, offer.identity));
	server.key = offer.key;
	assert_int_equal(peers_connect(client.peers, &AT.addr, &offer, START_US, &session), 0);
	while (server.opened == 0) {
		assert_true(client.tail + server.tail > 0);
		deliver_from(&server, START_US);
		deliver_from(&client, START_US);
	}
	assert_int_equal(client.opened, 0);
	client.peers = peers_free(client.peers);
	deliver_from(&client, START_US);
	assert_true(server.ended == 1 && server.why == DTLS_END_NOTIFY);
	(void)peers_free(server.peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_receive__judges_certificates_again),
		cmocka_unit_test(peers_free__tells_a_server_that_has_finished_before_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
