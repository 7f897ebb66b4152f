/* lib/crypto without memory: each operation once for each allocation that it makes, or thread that
 * it starts, which then fails. It must say so, or have managed without; nothing leaks (the
 * sanitizer build looks). What a JSON value is made of is left out: there the process ends
 * (codec/jsn.h). */
#include "vector.h"

#include <jansson.h>
#include <pthread.h>

#include "codec/b64.h"
#include "crypto/cose_encrypt.h"
#include "crypto/cose_key.h"
#include "crypto/cose_sign.h"
#include "crypto/ece.h"
#include "crypto/hash.h"
#include "crypto/jwe.h"
#include "crypto/jws.h"

static struct {
	bool counts;
	size_t calls, fails; /* `fails` is the number of the one that does; 0: none */
} memory;

/* What the linker makes of --wrap: calls go to the second one, which calls the first. */
void *real_malloc(size_t n) __asm__("__real_malloc");
void *real_calloc(size_t n, size_t size) __asm__("__real_calloc");
int real_create(pthread_t *thread, const pthread_attr_t *attr, void *(*work)(void *),
		void *arg) __asm__("__real_pthread_create");
void real_set_b64(struct jsn *object, const char *name,
		  struct span octets) __asm__("__real_jsn_set_b64");
void *wrap_malloc(size_t n) __asm__("__wrap_malloc");
void *wrap_calloc(size_t n, size_t size) __asm__("__wrap_calloc");
int wrap_create(pthread_t *thread, const pthread_attr_t *attr, void *(*work)(void *),
		void *arg) __asm__("__wrap_pthread_create");
void wrap_set_b64(struct jsn *object, const char *name,
		  struct span octets) __asm__("__wrap_jsn_set_b64");

static bool is_to_fail(void)
{
	return memory.counts && ++memory.calls == memory.fails;
}

void *wrap_malloc(size_t n)
{
	return is_to_fail() ? NULL : real_malloc(n);
}

void *wrap_calloc(size_t n, size_t size)
{
	return is_to_fail() ? NULL : real_calloc(n, size);
}

int wrap_create(pthread_t *thread, const pthread_attr_t *attr, void *(*work)(void *), void *arg)
{
	return is_to_fail() ? EAGAIN : real_create(thread, attr, work, arg);
}

void wrap_set_b64(struct jsn *object, const char *name, struct span octets)
{
	const bool counts = memory.counts;

	memory.counts = false;
	real_set_b64(object, name, octets);
	memory.counts = counts;
}

static struct trust *trust;
static struct enc_ring ring;
static struct enc_key *devices[3], *p256;
static struct key *signer;

/* From here to the other one allocations count. Nothing is asserted between them. */
static void begin(void)
{
	memory.counts = true;
}

static void end(void)
{
	memory.counts = false;
}

/* `run` tells whether it got an answer; it asserts itself that it is the right one. */
static void fail_each(const char *name, bool (*run)(const char *arg), const char *arg)
{
	size_t n = 0;
	bool good;

	do {
		memory.calls = 0;
		memory.fails = ++n;
		good = run(arg);
	} while (memory.calls >= n);
	if (!good || n < 2)
		fail_msg("%s: %zu allocations, good: %d", name, n - 1, good);
}

/* ---- Reading ---- */

static const struct envelope_policy POLICY = {
	.bytes_max = 65536,
	.algs = SIG_ALL,
	.role = TRUST_MANIFEST,
	.manufacturer = "example.com",
	.ring = &ring,
};

static bool open_octets(struct span octets)
{
	struct envelope whole = {0}, e = {0};
	enum fw_error error;

	assert_int_equal(envelope_open(octets, trust, &POLICY, &whole), FWE_OK);
	begin();
	error = envelope_open(octets, trust, &POLICY, &e);
	end();
	if (error == FWE_OK) {
		assert_true(span_eq(buf_span(&whole.payload), buf_span(&e.payload)));
		assert_int_equal(whole.n_signers, e.n_signers);
		assert_memory_equal(whole.signers, e.signers, sizeof(e.signers));
	}
	envelope_done(&whole);
	envelope_done(&e);
	return error == FWE_OK;
}

static bool open_file(const char *name)
{
	CLEANUP(buf_done) struct buf octets = vector_read(name);

	return open_octets(buf_span(&octets));
}

static void envelope_open__says_so(void **state)
{
	static const char *const FILES[] = {
		"g01-compact-es256.jws",   "g02-flat-es256.json",  "g04-general-two.json",
		"g05-ed25519.jws",         "g08-ps256.jws",        "g09-hss.jws",
		"g11-no-kid.jws",          "g20-jwe-ecdh.jwe",     "g21-jwe-a256kw.json",
		"g22-jwe-ecdh-direct.jwe", "c01-sign1-es256.cose", "c03-sign1-hss.cose",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "manifests/%s", FILES[i]);
		fail_each(FILES[i], open_file, path);
	}
}

static bool read_trust(const char *name)
{
	CLEANUP(buf_done) struct buf text = vector_read(name);
	struct trust *t = NULL;
	char error[128];
	int r;

	begin();
	r = trust_parse(buf_span(&text), &t, error, sizeof(error));
	end();
	if (r == 0) {
		assert_int_equal(trust_count(t), trust_count(trust));
		for (size_t i = 0; i < trust_count(t); i++)
			assert_string_equal(trust_at(t, i)->thumbprint,
					    trust_at(trust, i)->thumbprint);
	}
	t = trust_free(t);
	return r == 0;
}

static bool read_cose_key(const char *unused)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(signer), *back = NULL;
	CLEANUP(buf_done) struct buf cbor = BUF_INIT(4096);
	CLEANUP(key_freep) struct key *k = NULL;
	const char *why;
	bool good;

	(void)unused;
	begin();
	good = cose_key_put(jwk, &cbor) == 0 &&
	       cose_key_to_jwk(buf_span(&cbor), &back, &why) == JWK_OK &&
	       jwk_import(back, &k, &why) == JWK_OK;
	end();
	if (good)
		assert_true(span_eq(key_public_parts(k).x, key_public_parts(signer).x));
	return good;
}

static void keys__say_so(void **state)
{
	(void)state;
	fail_each("trust", read_trust, "manifests/keys/trust.jwks");
	fail_each("COSE_Key", read_cose_key, NULL);
}

/* ---- Making ---- */

static bool sign(const char *unused)
{
	CLEANUP(buf_done) struct buf header = BUF_INIT(1024), input = BUF_INIT(4096);
	CLEANUP(buf_done) struct buf signature = BUF_INIT(4096), text = BUF_INIT(8192);
	CLEANUP(jws_freep) struct jws *j = NULL;
	bool good;

	(void)unused;
	begin();
	good = jws_put_header(signer, "t", &header) == 0;
	buf_put(&input, buf_span(&header));
	buf_put_str(&input, ".cGF5bG9hZA");
	good = good && buf_ok(&input) && key_sign(signer, buf_span(&input), &signature) == 0;
	end();
	if (!good)
		return false;
	assert_int_equal(key_verify(signer, buf_span(&input), buf_span(&signature)), 0);
	buf_printf(&text, "%.*s.", (int)input.len, input.ptr);
	b64_encode(buf_span(&signature), &text);
	assert_int_equal(jws_parse_compact(buf_span(&text), "t", &j), FWE_OK);
	assert_true(j->entries[0].kid.len > 0);
	return true;
}

static bool sign_cose(const char *unused)
{
	CLEANUP(buf_done) struct buf header = BUF_INIT(1024), again = BUF_INIT(1024);
	int r;

	(void)unused;
	assert_int_equal(cose_put_header(signer, "t", &again), 0);
	begin();
	r = cose_put_header(signer, "t", &header);
	end();
	if (r == 0)
		assert_true(span_eq(buf_span(&header), buf_span(&again)));
	return r == 0;
}

static bool export_keys(const char *unused)
{
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	CLEANUP(key_freep) struct key *k = NULL;
	const char *why;

	(void)unused;
	begin();
	jwk = jwk_export_private(signer);
	end();
	if (jwk)
		assert_int_equal(jwk_import_private(jwk, &k, &why), JWK_OK);
	return jwk;
}

static bool encrypt_jwe(const char *unused)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(8192), got = {0};
	const struct enc_ring own = {1, {p256}};
	int r;

	(void)unused;
	begin();
	r = jwe_encrypt(p256, ENC_A256GCM, "t", "c", SPAN_LIT("plain"), &text);
	end();
	if (r == 0) {
		assert_int_equal(jwe_decrypt(buf_span(&text), NULL, &own, &got), FWE_OK);
		assert_true(span_is(buf_span(&got), "plain"));
	}
	return r == 0;
}

static bool encrypt_cose(const char *unused)
{
	CLEANUP(buf_done) struct buf m = BUF_INIT(8192), got = {0}, again = {0};
	const struct enc_ring own = {1, {p256}};
	enum fw_error e = FWE_INTERNAL;
	int r;

	(void)unused;
	begin();
	r = cose_encrypt(p256, ENC_A256GCM, SPAN_LIT("aad"), SPAN_LIT("plain"), &m);
	if (r == 0)
		e = cose_decrypt(buf_span(&m), SPAN_LIT("aad"), &own, &got);
	end();
	if (e == FWE_OK)
		assert_true(span_is(buf_span(&got), "plain"));
	if (r == 0)
		assert_int_equal(cose_decrypt(buf_span(&m), SPAN_LIT("aad"), &own, &again), FWE_OK);
	return e == FWE_OK;
}

static bool make_enc_key(const char *unused)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	int r;

	(void)unused;
	begin();
	r = enc_key_generate(ENC_ECDH_A128KW, EC_P256, 0, &k);
	end();
	if (r == 0)
		assert_int_equal(strlen(enc_key_kid(k)), JWK_THUMBPRINT_LEN);
	return r == 0;
}

static void making__says_so(void **state)
{
	(void)state;
	fail_each("JWS", sign, NULL);
	fail_each("header of COSE", sign_cose, NULL);
	fail_each("private JWK", export_keys, NULL);
	fail_each("JWE", encrypt_jwe, NULL);
	fail_each("COSE_Encrypt", encrypt_cose, NULL);
	fail_each("key to encrypt to", make_enc_key, NULL);
}

/* ---- Streams ---- */

struct collector {
	uint8_t b[1024];
	size_t len;
};

static int collect(void *arg, struct span data)
{
	struct collector *c = arg;

	if (data.len > sizeof(c->b) - c->len)
		return -ENOSPC;
	memcpy(c->b + c->len, data.ptr, data.len);
	c->len += data.len;
	return 0;
}

static bool seal_and_open(const char *unused)
{
	static const uint8_t TEXT[600];
	struct collector sealed = {.len = 0}, plain = {.len = 0};
	const struct ece_sink to_sealed = {collect, &sealed}, to_plain = {collect, &plain};
	CLEANUP(ece_freep) struct ece *seal = NULL, *open = NULL;
	const struct span ikm = SPAN_LIT("0123456789abcdef"), all = span_of(TEXT, sizeof(TEXT));
	bool good;

	(void)unused;
	begin();
	good = ece_seal_new(&seal, ikm, SPAN_LIT("k"), 512, &to_sealed) == 0 &&
	       ece_feed(seal, all) == 0 && ece_end(seal) == 0 &&
	       ece_open_new(&open, ikm, &to_plain) == 0 &&
	       ece_feed(open, span_of(sealed.b, sealed.len)) == 0 && ece_end(open) == 0;
	end();
	if (good)
		assert_true(span_eq(span_of(plain.b, plain.len), all));
	return good;
}

static bool hash_in_threads(const char *unused)
{
	static const uint8_t DATA[65536];
	CLEANUP(hash_set_freep) struct hash_set *s = NULL;
	struct digests d = {0};
	uint8_t want[HASH_MAX];
	bool good;

	(void)unused;
	begin();
	good = hash_set_new(&s, HASH_BIT(HASH_COUNT) - 1) == 0 &&
	       hash_set_update(s, span_of(DATA, sizeof(DATA))) == 0;
	end();
	if (!good)
		return false;
	hash_set_final(s, &d);
	for (unsigned a = 0; a < HASH_COUNT; a++) {
		assert_int_equal(hash_once((enum hash_alg)a, span_of(DATA, sizeof(DATA)), want), 0);
		assert_memory_equal(d.b[a], want, hash_len((enum hash_alg)a));
	}
	return true;
}

static void streams__say_so(void **state)
{
	(void)state;
	fail_each("RFC 8188", seal_and_open, NULL);
	fail_each("digests", hash_in_threads, NULL);
}

static int group_setup(void **state)
{
	static const char *const FILES[ARRAY_SIZE(devices)] = {"dev-aes256", "dev-ecdh-p256",
							       "dev-ecdh-direct-p256"};
	struct buf text = vector_read("manifests/keys/trust.jwks");
	char error[128], path[128];
	const char *why;

	(void)state;
	json_set_alloc_funcs(real_malloc, free);
	assert_int_equal(trust_parse(buf_span(&text), &trust, error, sizeof(error)), 0);
	buf_done(&text);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		(void)snprintf(path, sizeof(path), "manifests/keys/%s.private.jwk", FILES[i]);
		text = vector_read(path);
		assert_int_equal(enc_key_parse(buf_span(&text), &devices[i], &why), 0);
		buf_done(&text);
		ring.keys[ring.n++] = devices[i];
	}
	assert_int_equal(enc_key_generate(ENC_ECDH_A128KW, EC_P256, 0, &p256), 0);
	return key_generate(KEY_P256, &signer);
}

static int group_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		devices[i] = enc_key_free(devices[i]);
	p256 = enc_key_free(p256);
	signer = key_free(signer);
	trust = trust_free(trust);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(envelope_open__says_so),
		cmocka_unit_test(keys__say_so),
		cmocka_unit_test(making__says_so),
		cmocka_unit_test(streams__say_so),
	};

	return cmocka_run_group_tests(TESTS, group_setup, group_teardown);
}
