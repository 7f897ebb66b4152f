/* lib/dtls with certificates: a transfer by the manufacturer's, normal operation by both. */
#include "dtls_world.h"

#include <malloc.h>

#include "tests/unit/x509_maker.h"

#define DEVICE_NAME "CN=uuid:a71c3000-0000-4000-8000-000000000002"
#define OBT_NAME    "CN=uuid:" MAKER_UUID
#define LONG_UNIT   ",OU=0123456789012345678901234567890123456789012345678901234567890123"
/* It stands in two certificates: together they are longer than a datagram. */
#define SUB_NAME "CN=Sub" LONG_UNIT LONG_UNIT LONG_UNIT LONG_UNIT LONG_UNIT

/* Two makers' worlds are enough for all tests: keys take time. */
static struct made root, sub, device, obt, stranger_root, stranger, no_eku;
static struct x509_trust *trust, *stranger_trust;

static struct x509_own *own_of(const struct made *leaf, const struct made *above, enum x509_use use)
{
	char pem[2 * sizeof(leaf->pem)];
	struct x509_own *o = NULL;
	struct x509_key *k = NULL;
	const char *why = "";

	(void)snprintf(pem, sizeof(pem), "%s%s", leaf->pem, above ? above->pem : "");
	assert_int_equal(x509_key_from_pem(span_str(leaf->key_pem), &k, &why), 0);
	if (x509_own_new(&o, span_str(pem), k, use, &why) < 0)
		fail_msg("%s", why);
	return o;
}

static int make_all(void **state)
{
	struct spec end = SPEC_END(DEVICE_NAME);
	const char *why;

	(void)state;
	make(&root, &SPEC_CA("CN=Root", -1), NULL);
	make(&sub, &SPEC_CA(SUB_NAME, 0), &root);
	make(&device, &end, &sub);
	end.dn = OBT_NAME;
	make(&obt, &end, &root);
	make(&stranger_root, &SPEC_CA("CN=Root", -1), NULL);
	make(&stranger, &end, &stranger_root);
	end.ekus[2] = NULL;
	make(&no_eku, &end, &root);
	assert_int_equal(x509_trust_new(&trust), 0);
	assert_int_equal(x509_trust_add(trust, span_str(root.pem), NULL, &why), 0);
	assert_int_equal(x509_trust_new(&stranger_trust), 0);
	assert_int_equal(x509_trust_add(stranger_trust, span_str(stranger_root.pem), NULL, &why),
			 0);
	return 0;
}

static int unmake_all(void **state)
{
	struct made *all[] = {&root, &sub, &device, &obt, &stranger_root, &stranger, &no_eku};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		unmake(all[i]);
	x509_trust_free(trust);
	x509_trust_free(stranger_trust);
	return 0;
}

/* Certificates only: the client has no key. */
static void cert_world(struct world *w, enum dtls_profile profile)
{
	struct side *sides[] = {&w->client, &w->server};

	world_init(w, profile);
	w->client.offer.key = (struct secret){0};
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		sides[i]->trust = trust;
		sides[i]->date = (struct x509_time){.us = MAKER_NOW, .trusted = true};
	}
	w->server.offer.own = own_of(&device, &sub, X509_MANUFACTURER);
	if (profile == DTLS_NORMAL)
		w->client.offer.own = own_of(&obt, NULL, X509_IDENTITY);
}

static void cert_done(struct world *w)
{
	(void)x509_own_unref(w->server.offer.own); /* sessions keep theirs */
	(void)x509_own_unref(w->client.offer.own);
	world_done(w);
}

static const char *const NAMES[] = {[DTLS_MFG] = "transfer", [DTLS_NORMAL] = "normal"};

static void dtls_mfg__shows_the_device_to_the_owner(void **state)
{
	const struct dtls_facts *facts;
	struct world w;

	(void)state;
	cert_world(&w, DTLS_MFG);
	connect_client(&w);
	run(&w);
	assert_true(both_open(&w));
	facts = dtls_facts(w.client.s);
	assert_int_equal(facts->suite, 0xC0AE);
	assert_true(facts->has_cert && facts->has_peer);
	assert_memory_equal(facts->peer.b, DEVICE_UUID, 16);
	assert_memory_equal(&facts->key, x509_chain_key(x509_own_chain(w.server.offer.own)),
			    sizeof(facts->key));
	assert_int_equal(w.client.chain_len, 2);
	facts = dtls_facts(w.server.s); /* the owner is asked for nothing */
	assert_false(facts->has_cert || facts->has_peer);
	assert_int_equal(w.server.chain_len, 0);
	assert_true(w.server.sent_max <= DTLS_DATAGRAM_MAX);
	assert_true(talks(&w));
	cert_done(&w);
}

/* Asked for one, the owner's manufacturer is judged, and names nobody. */
static void dtls_mfg__asks_the_owner_if_told_to(void **state)
{
	struct world w;

	(void)state;
	cert_world(&w, DTLS_MFG);
	w.server.offer.ask = true;
	w.client.offer.own = own_of(&obt, NULL, X509_MANUFACTURER);
	connect_client(&w);
	run(&w);
	assert_true(both_open(&w));
	assert_int_equal(w.server.chain_len, 1);
	assert_false(dtls_facts(w.server.s)->has_cert || dtls_facts(w.server.s)->has_peer);
	cert_done(&w);

	cert_world(&w, DTLS_MFG); /* who has none */
	w.server.offer.ask = true;
	connect_client(&w);
	run(&w);
	assert_int_equal(dtls_end(w.server.s), DTLS_END_CERT);
	assert_int_equal(dtls_state(w.client.s), DTLS_ENDED);
	cert_done(&w);
}

static void dtls_normal__shows_both(void **state)
{
	const struct dtls_facts *facts;
	struct world w;

	(void)state;
	cert_world(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	assert_true(both_open(&w));
	facts = dtls_facts(w.server.s);
	assert_int_equal(facts->suite, 0xC0AE);
	assert_true(facts->has_cert && facts->has_peer);
	assert_memory_equal(facts->peer.b, OBT_UUID, 16);
	assert_memory_equal(&facts->key, x509_chain_key(x509_own_chain(w.client.offer.own)),
			    sizeof(facts->key));
	facts = dtls_facts(w.client.s);
	assert_memory_equal(facts->peer.b, DEVICE_UUID, 16);
	assert_true(talks(&w));
	cert_done(&w);
}

/* A server with a certificate still takes a key, and one without takes only that. */
static void dtls_normal__takes_a_key_beside_certificates(void **state)
{
	const struct dtls_facts *facts;
	struct world w;

	(void)state;
	cert_world(&w, DTLS_NORMAL);
	w.client.offer.own = x509_own_unref(w.client.offer.own);
	w.client.offer.key = w.server.key;
	connect_client(&w);
	run(&w);
	assert_true(both_open(&w));
	facts = dtls_facts(w.server.s);
	assert_int_equal(facts->suite, 0xC037);
	assert_true(facts->has_peer && !facts->has_cert);
	cert_done(&w);

	cert_world(&w, DTLS_NORMAL);
	w.server.offer.own = x509_own_unref(w.server.offer.own);
	connect_client(&w);
	run(&w);
	assert_true(both_ended(&w, DTLS_END_ALERT, DTLS_END_FAILED));
	cert_done(&w);

	cert_world(&w, DTLS_NORMAL);
	w.server.offer.own = x509_own_unref(w.server.offer.own);
	w.client.offer.key = w.server.key; /* and a certificate */
	connect_client(&w);
	run(&w);
	assert_true(both_open(&w));
	assert_int_equal(dtls_facts(w.server.s)->suite, 0xC037);
	cert_done(&w);
}

/* --- refusals --- */

static void strange_server(struct world *w)
{
	w->client.trust = stranger_trust;
}

static void strange_client(struct world *w)
{
	(void)x509_own_unref(w->client.offer.own);
	w->client.offer.own = own_of(&stranger, NULL, X509_IDENTITY);
}

static void late_client(struct world *w)
{
	w->client.date.us = (uint64_t)(MAKER_TO + 1) * 1000000;
}

static void late_server(struct world *w)
{
	w->server.date.us = (uint64_t)(MAKER_TO + 1) * 1000000;
}

static void trusting_nobody(struct world *w)
{
	w->client.trust = NULL;
}

static const struct {
	const char *name;
	enum dtls_profile profile;
	void (*spoil)(struct world *w);
	const char *why_client, *why_server; /* who refuses, and its reason */
} REFUSALS[] = {
	{"strange device, transfer",  DTLS_MFG,    strange_server,  "no trust anchor issued it", NULL                       },
	{"strange device, normal",    DTLS_NORMAL, strange_server,  "no trust anchor issued it", NULL                       },
	{"device too late, transfer", DTLS_MFG,    late_client,     "certificate has expired",   NULL                       },
	{"nobody is trusted",         DTLS_MFG,    trusting_nobody, NULL,                        NULL                       },
	{"strange client",            DTLS_NORMAL, strange_client,  NULL,                        "no trust anchor issued it"},
	{"client too late",           DTLS_NORMAL, late_server,     NULL,                        "certificate has expired"  },
};

static bool reason_is(const char *got, const char *want)
{
	return want ? got && strcmp(got, want) == 0 : true;
}

static void dtls_cert__ends_the_handshake_on_both_sides(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(REFUSALS); i++) {
		cert_world(&w, REFUSALS[i].profile);
		REFUSALS[i].spoil(&w);
		connect_client(&w);
		run(&w);
		if (!both_ended(&w, DTLS_END_CERT, DTLS_END_CERT) ||
		    !reason_is(w.client.why, REFUSALS[i].why_client) ||
		    !reason_is(w.server.why, REFUSALS[i].why_server))
			fail_msg("%s: %d %s %s", REFUSALS[i].name, dtls_end(w.server.s),
				 w.client.why, w.server.why);
		assert_int_equal(w.now_us, START_US); /* by an alert, not by a timeout */
		cert_done(&w);
	}
}

static void dtls_connect__wants_a_certificate_where_one_is_needed(void **state)
{
	struct dtls_session *s = NULL;
	struct world w;

	(void)state;
	world_init(&w, DTLS_MFG);
	assert_int_equal(dtls_connect(&s, w.client.d, &w.client.offer, &OPS, &w.client, w.now_us),
			 0); /* a client needs none */
	s = dtls_session_free(s);
	w.client.offer.profile = DTLS_NORMAL;
	w.client.offer.key = (struct secret){0};
	assert_int_equal(dtls_connect(&s, w.client.d, &w.client.offer, &OPS, &w.client, w.now_us),
			 -EINVAL);
	world_done(&w);
}

/* --- the wire --- */

/* Datagrams of a handshake that goes well. */
static size_t count_datagrams(enum dtls_profile p)
{
	struct world w;
	size_t n;

	cert_world(&w, p);
	connect_client(&w);
	run(&w);
	assert_true(both_open(&w));
	n = w.sent;
	assert_true(w.server.sent_max > DTLS_DATAGRAM_MAX - 100); /* one is full, */
	assert_true(w.server.sent_max <= DTLS_DATAGRAM_MAX);
	assert_true(n >= 7); /* and the certificates need a second one */
	cert_done(&w);
	return n;
}

static void dtls_cert__survives_a_bad_wire(void **state)
{
	static const struct {
		const char *name;
		enum fate fate;
	} mishaps[] = {
		{"lost",    DROP },
		{"doubled", TWICE},
		{"late",    LATER},
	};
	struct world w;

	(void)state;
	for (enum dtls_profile p = DTLS_MFG; p <= DTLS_NORMAL; p++) {
		const size_t n = count_datagrams(p);

		for (size_t m = 0; m < ARRAY_SIZE(mishaps); m++) {
			for (size_t at = 0; at < n; at++) {
				cert_world(&w, p);
				w.plan[at] = mishaps[m].fate;
				connect_client(&w);
				run(&w);
				if (!both_open(&w) || !talks(&w))
					fail_msg("%s, %s at %zu", NAMES[p], mishaps[m].name, at);
				if (w.now_us - START_US > 3 * USEC_PER_SEC)
					fail_msg("%s, %s at %zu: slow", NAMES[p], mishaps[m].name,
						 at);
				cert_done(&w);
			}
		}
	}
}

static void dtls_cert__survives_fragments(void **state)
{
	static const size_t cuts[] = {1000, 300, 100};
	struct world w;

	(void)state;
	for (enum dtls_profile p = DTLS_MFG; p <= DTLS_NORMAL; p++) {
		for (size_t i = 0; i < 2 * ARRAY_SIZE(cuts); i++) {
			cert_world(&w, p);
			w.cut = cuts[i / 2];
			w.cut_server = i % 2;
			connect_client(&w);
			run(&w);
			if (!both_open(&w) || !talks(&w))
				fail_msg("%s in pieces of %zu", NAMES[p], w.cut);
			cert_done(&w);
		}
	}
}

/* --- what follows from it --- */

static void dtls_owner_key__is_the_same_at_both_ends(void **state)
{
	uint8_t a[16], b[16];
	struct uuid o, d;
	struct world w;

	(void)state;
	memcpy(o.b, OBT_UUID, 16);
	memcpy(d.b, DEVICE_UUID, 16);
	cert_world(&w, DTLS_MFG);
	connect_client(&w);
	run(&w);
	assert_true(both_open(&w));
	assert_int_equal(dtls_owner_key(w.client.s, "oic.sec.doxm.mfgcert", &o, &d, a), 0);
	assert_int_equal(dtls_owner_key(w.server.s, "oic.sec.doxm.mfgcert", &o, &d, b), 0);
	assert_memory_equal(a, b, 16);
	cert_done(&w);
}

#define MANY 100

static void dtls_cert__costs_little_and_gives_it_back(void **state)
{
	static struct dtls_session *kept[MANY];
	struct mallinfo2 before, open, after;
	struct world w;
	size_t each;

	(void)state;
	cert_world(&w, DTLS_NORMAL);
	connect_client(&w); /* what is allocated once */
	run(&w);
	w.server.s = dtls_session_free(w.server.s);
	before = mallinfo2();
	for (size_t i = 0; i < MANY; i++) {
		connect_client(&w);
		run(&w);
		assert_true(both_open(&w));
		kept[i] = w.server.s;
		w.server.s = NULL;
	}
	open = mallinfo2();
	for (size_t i = 0; i < MANY; i++)
		(void)dtls_session_free(kept[i]);
	after = mallinfo2();
	each = (open.uordblks - before.uordblks) / MANY;
	print_message("%zu octets a certificate session\n", each);
	assert_true(each < 24000);
	assert_true(after.uordblks < before.uordblks + 20000);
	cert_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dtls_mfg__shows_the_device_to_the_owner),
		cmocka_unit_test(dtls_mfg__asks_the_owner_if_told_to),
		cmocka_unit_test(dtls_normal__shows_both),
		cmocka_unit_test(dtls_normal__takes_a_key_beside_certificates),
		cmocka_unit_test(dtls_cert__ends_the_handshake_on_both_sides),
		cmocka_unit_test(dtls_connect__wants_a_certificate_where_one_is_needed),
		cmocka_unit_test(dtls_cert__survives_a_bad_wire),
		cmocka_unit_test(dtls_cert__survives_fragments),
		cmocka_unit_test(dtls_owner_key__is_the_same_at_both_ends),
		cmocka_unit_test(dtls_cert__costs_little_and_gives_it_back),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
