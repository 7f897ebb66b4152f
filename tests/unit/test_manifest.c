/* Every signed manifest of the vectors reaches its verdict, by the name of its first failing check.
 */
#include "vector.h"

#include "fw/judge.h"
#include "base/timestamp.h"

struct fixture {
	struct jsn *index;
	struct trust *trust;
	struct enc_ring ring;
	const struct jsn *overrides; /* of the case at hand */
};

static const struct jsn *setting(const struct fixture *f, const char *name)
{
	const struct jsn *v = jsn_get(f->overrides, name);

	return v ? v : jsn_get(jsn_get(f->index, "defaults"), name);
}

static uint64_t date(const struct fixture *f, const char *name)
{
	uint64_t us = 0;

	assert_true(timestamp_parse(jsn_text(setting(f, name)), &us));
	return us;
}

static struct fw_context context(const struct fixture *f)
{
	struct fw_context c = {
		.manufacturer = jsn_str(setting(f, "manufacturer")),
		.model = jsn_str(setting(f, "model")),
		.hardware = jsn_str(setting(f, "hardwareRevision")),
		.ring = &f->ring,
		.has_current = true,
		.security_floor = (uint64_t)jsn_int(setting(f, "securityVersionFloor")),
		.last_timestamp_us = date(f, "lastTimestamp"),
		.clock_trusted = jsn_bool(setting(f, "clockTrusted")),
		.now_us = date(f, "now"),
		.bytes_max = (size_t)jsn_int(setting(f, "maxManifestSize")),
		.threshold = (unsigned)jsn_int(setting(f, "threshold")),
	};

	assert_true(fw_version_parse(jsn_text(setting(f, "currentVersion")), &c.current));
	if (jsn_type(setting(f, "lastSequenceNumber")) == JSN_INT) {
		c.seen = MANIFEST_SEQUENCE;
		c.last_sequence = (uint64_t)jsn_int(setting(f, "lastSequenceNumber"));
	}
	c.strict = jsn_bool(setting(f, "requireSequenceNumber"));
	assert_int_equal(c.strict, jsn_bool(setting(f, "requireExpires")));
	return c;
}

/* Feeds one served file to the running digests, up to one octet more than the image has. */
static enum fw_error feed(const char *file, uint64_t limit, struct hash_set *one,
			  struct hash_set *all, uint64_t *ret_size)
{
	char path[128];
	struct buf b;
	size_t n;

	(void)snprintf(path, sizeof(path), "manifests/%s", file);
	b = vector_read(path);
	n = b.len <= limit ? b.len : (size_t)limit + 1;
	assert_int_equal(hash_set_update(one, span_of(b.ptr, n)), 0);
	assert_int_equal(hash_set_update(all, span_of(b.ptr, n)), 0);
	buf_done(&b);
	*ret_size = n;
	return FWE_OK;
}

/* Receives the images in list order, as the agent does. */
static enum fw_error receive(const struct manifest *m, const struct jsn *c)
{
	CLEANUP(hash_set_freep) struct hash_set *all = NULL;
	uint64_t total = 0;
	struct digests d;

	assert_int_equal(hash_set_new(&all, m->digests.algs), 0);
	for (size_t i = 0; i < m->n_images; i++) {
		CLEANUP(hash_set_freep) struct hash_set *one = NULL;
		const char *file = jsn_get(c, "image") ? jsn_str(jsn_get(c, "image"))
						       : jsn_str(jsn_at(jsn_get(c, "images"), i));
		uint64_t size = 0;
		enum fw_error e;

		assert_non_null(file);
		assert_int_equal(hash_set_new(&one, m->images[i].digests.algs), 0);
		e = feed(file, m->images[i].size, one, all, &size);
		hash_set_final(one, &d);
		if (e == FWE_OK)
			e = fw_image_check(&m->images[i], size, &d);
		if (e != FWE_OK)
			return e;
		total += size;
	}
	hash_set_final(all, &d);
	return manifest_images_check(m, total, &d);
}

static void check_case(struct fixture *f, const struct jsn *c)
{
	const char *file = jsn_str(jsn_get(c, "file"));
	const char *verdict = jsn_str(jsn_get(c, "expect"));
	const char *error = jsn_str(jsn_get(c, "error"));
	const char *warning = jsn_str(jsn_get(c, "warning"));
	struct fw_judgement j;
	struct fw_context ctx;
	char path[128];
	struct buf octets;

	f->overrides = jsn_get(c, "context");
	ctx = context(f);
	(void)snprintf(path, sizeof(path), "manifests/%s", file);
	octets = vector_read(path);
	fw_judge(&ctx, f->trust, buf_span(&octets), &j);
	if (j.verdict == FW_ACCEPT)
		j.error = receive(j.manifest, c);
	if (j.error != FWE_OK && j.verdict == FW_ACCEPT)
		j.verdict = FW_REJECT;

	if (strcmp(fw_verdict_name(j.verdict), verdict) != 0 ||
	    strcmp(fw_error_name(j.error), error ? error : "") != 0)
		fail_msg("%s: %s %s, want %s %s", file, fw_verdict_name(j.verdict),
			 fw_error_name(j.error), verdict, error ? error : "");
	assert_string_equal(fw_error_name(j.warning), warning ? warning : "");
	if (jsn_get(c, "newKeys"))
		assert_int_equal(j.rotates_keys, jsn_len(jsn_get(c, "newKeys")) > 0);
	fw_judgement_done(&j);
	buf_done(&octets);
}

static void add_key(struct fixture *f, const char *file)
{
	struct buf text = vector_read(file);
	struct enc_key *k = NULL;
	const char *why;

	assert_int_equal(enc_key_parse(buf_span(&text), &k, &why), 0);
	buf_done(&text);
	f->ring.keys[f->ring.n++] = k;
}

static struct fixture fixture_new(void)
{
	struct fixture f = {.index = vector_json("manifests/index.json")};
	struct buf text = vector_read("manifests/keys/trust.jwks");
	char error[128];

	assert_int_equal(trust_parse(buf_span(&text), &f.trust, error, sizeof(error)), 0);
	buf_done(&text);
	add_key(&f, "manifests/keys/dev-ecdh-p256.private.jwk");
	add_key(&f, "manifests/keys/dev-ecdh-direct-p256.private.jwk");
	add_key(&f, "manifests/keys/dev-aes256.private.jwk");
	return f;
}

static void fixture_done(struct fixture *f)
{
	f->index = jsn_free(f->index);
	f->trust = trust_free(f->trust);
	for (size_t i = 0; i < f->ring.n; i++)
		(void)enc_key_free((struct enc_key *)(uintptr_t)f->ring.keys[i]);
}

static void fw_judge__reaches_the_verdict_of_every_vector(void **state)
{
	struct fixture f = fixture_new();
	const struct jsn *cases = jsn_get(f.index, "cases");

	(void)state;
	assert_int_equal(jsn_len(cases), 131);
	for (size_t i = 0; i < jsn_len(cases); i++)
		check_case(&f, jsn_at(cases, i));
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fw_judge__reaches_the_verdict_of_every_vector),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
