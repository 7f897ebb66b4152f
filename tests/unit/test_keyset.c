/* Keys over time: what key-info puts in force, and the end of single keys. */
#include "vector.h"

#include "base/timestamp.h"
#include "codec/b64.h"
#include "tests/signing.h"
#include "fw/judge.h"
#include "fw/keyset.h"

#define MAKER "example.com"

enum who { ROOT, RELEASE, NEXT, OTHER, WHO_COUNT }; /* OTHER: of another manufacturer */

static struct key *keys[WHO_COUNT];

static int group_setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < WHO_COUNT; i++)
		assert_int_equal(key_generate(KEY_ED25519, &keys[i]), 0);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < WHO_COUNT; i++)
		keys[i] = key_free(keys[i]);
	return 0;
}

static struct jsn *texts(const char *a, const char *b)
{
	struct jsn *array = jsn_new_array();

	jsn_add(array, jsn_new_text(span_str(a)));
	if (b)
		jsn_add(array, jsn_new_text(span_str(b)));
	return array;
}

static struct jsn *entry(enum who who, const char *role, const char *role2, const char *maker)
{
	struct jsn *jwk = jwk_export(keys[who]);

	jsn_set(jwk, "x-ocf-roles", texts(role, role2));
	jsn_set(jwk, "x-ocf-manufacturers", texts(maker, NULL));
	return jwk;
}

static struct trust *parse(const struct jsn *set)
{
	struct buf text = BUF_INIT(VECTOR_MAX);
	struct trust *t = NULL;
	char error[128] = "";

	assert_int_equal(jsn_write(set, JSN_COMPACT, &text), 0);
	if (trust_parse(buf_span(&text), &t, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	buf_done(&text);
	return t;
}

static struct jsn *new_store(void)
{
	struct jsn *set = jsn_new_object(), *list = jsn_new_array();

	jsn_add(list, entry(ROOT, "root", "manifest", MAKER));
	jsn_add(list, entry(RELEASE, "manifest", NULL, MAKER));
	jsn_add(list, entry(OTHER, "manifest", NULL, "other.example"));
	jsn_set(set, "keys", list);
	return set;
}

static struct trust *installed(void)
{
	CLEANUP(jsn_freep) struct jsn *set = new_store();

	return parse(set);
}

static struct jsn *manifest(int64_t version, const struct jsn *info_keys, const char *revoked)
{
	struct jsn *m = jsn_new_object(), *crypto = jsn_new_object(), *digest = jsn_new_object(),
		   *hash = jsn_new_array(), *info = jsn_new_object();

	jsn_set_str(m, "manifestVersion", "1.0");
	jsn_set_str(m, "timestamp", "2026-06-01T12:00:00Z");
	jsn_set_str(m, "manufacturer", MAKER);
	jsn_set_str(m, "model", "gw-100");
	jsn_set_str(m, "firmwareVersion", "2.4.1");
	jsn_set_str(m, "firmwareLocation", "image.bin");
	jsn_set_str(digest, "digestAlgo", "sha256");
	jsn_set_str(digest, "hash",
		    "dfe7980018247b55ec7d0a1544800433d59bbdb645b141aeef06df138bfdc411");
	jsn_add(hash, digest);
	jsn_set(crypto, "commitHash", hash);
	jsn_set(m, "firmwareCryptoInfo", crypto);
	jsn_set_int(info, "version", version);
	jsn_set(info, "keys", jsn_copy(info_keys));
	if (revoked)
		jsn_set(info, "revoked", texts(revoked, NULL));
	jsn_set(m, "key-info", info);
	return m;
}

static struct buf sign(enum who who, const struct jsn *payload)
{
	struct buf text = BUF_INIT(VECTOR_MAX), b64 = BUF_INIT(VECTOR_MAX),
		   out = BUF_INIT(VECTOR_MAX);
	CLEANUP(jsn_freep) struct jsn *signature = NULL;

	assert_int_equal(jsn_write(payload, JSN_COMPACT, &text), 0);
	b64_encode(buf_span(&text), &b64);
	assert_int_equal(jws_sign(keys[who], MANIFEST_TYP, buf_span(&b64), &signature), 0);
	buf_put(&out, jsn_text(jsn_get(signature, "protected")));
	buf_put_byte(&out, '.');
	buf_put(&out, buf_span(&b64));
	buf_put_byte(&out, '.');
	buf_put(&out, jsn_text(jsn_get(signature, "signature")));
	buf_done(&text);
	buf_done(&b64);
	return out;
}

static struct fw_context device(uint64_t key_info_version)
{
	struct fw_context c = {
		.manufacturer = MAKER,
		.model = "gw-100",
		.clock_trusted = true,
		.key_info_version = key_info_version,
	};

	assert_true(timestamp_parse(SPAN_LIT("2026-06-15T00:00:00Z"), &c.now_us));
	return c;
}

/* Signs a manifest with key-info {version, keys of `members`} as `who`, and judges it. */
static void judge(enum who who, int64_t version, const enum who *members, size_t n,
		  const char *revoked, const struct trust *trust, uint64_t in_force,
		  struct fw_judgement *ret)
{
	CLEANUP(jsn_freep) struct jsn *list = jsn_new_array(), *m = NULL;
	const struct fw_context c = device(in_force);
	struct buf octets;

	for (size_t i = 0; i < n; i++)
		jsn_add(list, jwk_export(keys[members[i]]));
	m = manifest(version, list, revoked);
	octets = sign(who, m);
	fw_judge(&c, trust, buf_span(&octets), ret);
	buf_done(&octets);
}

/* The record after root has signed a key-info with `members`. */
static struct buf rotate(const struct trust *store, int64_t version, const enum who *members,
			 size_t n, const char *revoked)
{
	struct buf record = BUF_INIT(KEYSET_RECORD_MAX);
	struct fw_judgement j;
	char error[128] = "";

	judge(ROOT, version, members, n, revoked, store, 0, &j);
	assert_int_equal(j.verdict, FW_ACCEPT);
	assert_true(j.rotates_keys);
	if (keyset_rotate(store, span_of(NULL, 0), j.manifest, &record, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	fw_judgement_done(&j);
	return record;
}

static struct trust *in_force(const struct trust *store, struct span record, uint64_t version)
{
	struct trust *t = NULL;
	char error[128] = "";
	uint64_t got;

	if (keyset_trust(store, record, &t, &got, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	assert_int_equal(got, version);
	return t;
}

static enum fw_error signed_by(enum who who, const struct trust *t)
{
	static const enum who MEMBERS[] = {NEXT};
	struct fw_judgement j;
	enum fw_error e;

	judge(who, 1, MEMBERS, 1, NULL, t, 9, &j);
	e = j.error;
	fw_judgement_done(&j);
	return e;
}

static void keyset_trust__is_the_installed_store_without_a_record(void **state)
{
	CLEANUP(trust_freep) struct trust *store = installed();
	CLEANUP(trust_freep) struct trust *t = in_force(store, span_of(NULL, 0), 0);

	(void)state;
	assert_int_equal(trust_count(t), 3);
	assert_int_equal(signed_by(RELEASE, t), FWE_OK);
	assert_int_equal(signed_by(NEXT, t), FWE_MANIFEST_KEY_UNKNOWN);
}

static void keyset_rotate__retires_the_keys_that_are_not_in_the_new_set(void **state)
{
	static const enum who MEMBERS[] = {NEXT};
	CLEANUP(trust_freep) struct trust *store = installed(), *t = NULL;
	struct buf record = rotate(store, 2, MEMBERS, 1, NULL);
	const struct trust_key *other;

	(void)state;
	t = in_force(store, buf_span(&record), 2);
	assert_int_equal(signed_by(NEXT, t), FWE_OK);
	assert_int_equal(signed_by(ROOT, t), FWE_OK);
	assert_int_equal(signed_by(RELEASE, t), FWE_MANIFEST_KEY_ROLE);
	other = trust_at(t, 2);
	assert_true(trust_key_may(other, TRUST_MANIFEST, "other.example"));
	buf_done(&record);
}

static void keyset_rotate__keeps_keys_that_are_in_both_sets(void **state)
{
	static const enum who MEMBERS[] = {RELEASE, NEXT, ROOT, OTHER};
	CLEANUP(trust_freep) struct trust *store = installed(), *t = NULL;
	struct buf record = rotate(store, 2, MEMBERS, ARRAY_SIZE(MEMBERS), NULL);

	(void)state;
	t = in_force(store, buf_span(&record), 2);
	assert_int_equal(trust_count(t), 4);
	for (enum who who = ROOT; who < WHO_COUNT; who++)
		assert_int_equal(signed_by(who, t), FWE_OK);
	for (size_t i = 0; i < trust_count(t); i++) {
		const struct trust_key *k = trust_at(t, i);
		char root[JWK_THUMBPRINT_LEN + 1];
		CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(keys[ROOT]);

		assert_int_equal(jwk_thumbprint(jwk, root), 0);
		assert_int_equal(trust_key_may(k, TRUST_ROOT, MAKER),
				 strcmp(k->thumbprint, root) == 0);
	}
	buf_done(&record);
}

static void keyset_trust__prefers_a_store_that_is_newer(void **state)
{
	static const enum who MEMBERS[] = {NEXT};
	CLEANUP(jsn_freep) struct jsn *set = new_store(), *jwk = jwk_export(keys[OTHER]);
	CLEANUP(trust_freep) struct trust *store = installed(), *newer = NULL, *t = NULL;
	struct buf record = rotate(store, 2, MEMBERS, 1, jsn_str(jsn_get(jwk, "kid")));

	(void)state;
	jsn_set_int(set, "x-ocf-key-info-version", 2);
	newer = parse(set);
	t = in_force(newer, buf_span(&record), 2);
	assert_int_equal(signed_by(RELEASE, t), FWE_OK);
	assert_int_equal(signed_by(NEXT, t), FWE_MANIFEST_KEY_UNKNOWN);
	/* What was revoked stays revoked. */
	assert_true(trust_key_revoked(t, trust_at(t, 2)));
	buf_done(&record);
}

static void revocation__adds_up(void **state)
{
	static const enum who MEMBERS[] = {RELEASE, NEXT};
	CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(keys[RELEASE]);
	CLEANUP(trust_freep) struct trust *store = installed(), *t = NULL, *after = NULL;
	struct buf first = rotate(store, 2, MEMBERS, 2, jsn_str(jsn_get(jwk, "kid")));
	struct buf second = BUF_INIT(KEYSET_RECORD_MAX);
	struct fw_judgement j;
	char error[128] = "";

	(void)state;
	t = in_force(store, buf_span(&first), 2);
	assert_int_equal(signed_by(RELEASE, t), FWE_MANIFEST_KEY_REVOKED);
	judge(ROOT, 3, MEMBERS, 2, NULL, t, 2, &j);
	assert_true(j.rotates_keys);
	assert_int_equal(
		keyset_rotate(store, buf_span(&first), j.manifest, &second, error, sizeof(error)),
		0);
	fw_judgement_done(&j);
	after = in_force(store, buf_span(&second), 3);
	assert_int_equal(signed_by(RELEASE, after), FWE_MANIFEST_KEY_REVOKED);
	assert_int_equal(signed_by(NEXT, after), FWE_OK);
	buf_done(&first);
	buf_done(&second);
}

/* {"payload", "signatures"} of several keys over one manifest with key-info. */
static struct buf sign_all(const enum who *who, size_t n, const struct jsn *payload)
{
	struct buf text = BUF_INIT(VECTOR_MAX), b64 = BUF_INIT(VECTOR_MAX),
		   out = BUF_INIT(VECTOR_MAX);
	CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();
	struct jsn *signatures = jsn_new_array(), *one = NULL;

	assert_int_equal(jsn_write(payload, JSN_COMPACT, &text), 0);
	b64_encode(buf_span(&text), &b64);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(jws_sign(keys[who[i]], MANIFEST_TYP, buf_span(&b64), &one), 0);
		jsn_add(signatures, one);
	}
	jsn_set_text(root, "payload", buf_span(&b64));
	jsn_set(root, "signatures", signatures);
	assert_int_equal(jsn_write(root, JSN_COMPACT, &out), 0);
	buf_done(&text);
	buf_done(&b64);
	return out;
}

/* A key under a name of its own. */
static struct jsn *named(enum who who, const char *kid)
{
	struct jsn *jwk = jwk_export(keys[who]);

	jsn_set_str(jwk, "kid", kid);
	return jwk;
}

/* Judges a key-info with these keys, which are taken. *record becomes the one that follows. */
static int follow(const struct trust *store, struct buf *record, int64_t version, struct jsn *a,
		  struct jsn *b, const char *revoked)
{
	static const enum who SIGNERS[] = {ROOT, RELEASE};
	CLEANUP(jsn_freep) struct jsn *list = jsn_new_array(), *info = NULL;
	struct fw_context c = device((uint64_t)version - 1);
	struct buf older = *record, octets;
	struct fw_judgement j;
	char error[128] = "";
	int r;

	jsn_add(list, a);
	if (b)
		jsn_add(list, b);
	info = manifest(version, list, revoked);
	octets = sign_all(SIGNERS, ARRAY_SIZE(SIGNERS), info);
	fw_judge(&c, store, buf_span(&octets), &j);
	assert_true(j.rotates_keys);
	*record = BUF_INIT(KEYSET_RECORD_MAX);
	r = keyset_rotate(store, buf_span(&older), j.manifest, record, error, sizeof(error));
	assert_int_equal(r < 0, error[0] != '\0');
	fw_judgement_done(&j);
	buf_done(&octets);
	buf_done(&older);
	return r;
}

/* The store with keys that it revokes by their names. */
static struct trust *store_revoking(const char *kid, const struct jsn *more)
{
	CLEANUP(jsn_freep) struct jsn *set = new_store(), *list = NULL;

	if (more) {
		list = jsn_copy(jsn_get(set, "keys"));
		jsn_add(list, jsn_copy(more));
		jsn_set(set, "keys", jsn_copy(list));
	}
	if (kid)
		jsn_set(set, "x-ocf-revoked", texts(kid, NULL));
	return parse(set);
}

static bool is_revoked(const struct trust *t, const char *kid)
{
	const struct trust_key *k = trust_find(t, span_str(kid));

	assert_non_null(k);
	return trust_key_revoked(t, k);
}

/* A key that was revoked by a kid of its own does not come back under another one: whoever has
 * brought it, and whoever has revoked it. */
static void revocation__is_of_the_key_whatever_its_name(void **state)
{
	static const struct {
		const char *name;
		bool installed, brought_before, brought_along, by_store;
	} ROWS[] = {
		{"brought before",            false, true,  false, false},
		{"brought along",             false, false, true,  false},
		{"installed",                 true,  false, false, false},
		{"brought, revoked at home",  false, true,  false, true },
		{"revoked at home by chance", true,  true,  false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(jsn_freep) struct jsn *spring = named(NEXT, "spring");
		const char *home = ROWS[i].by_store ? "spring" : NULL;
		CLEANUP(trust_freep) struct trust *t = NULL;
		CLEANUP(trust_freep)
		struct trust *store = store_revoking(home, ROWS[i].installed ? spring : NULL);
		CLEANUP(trust_freep) struct trust *later = store_revoking(NULL, NULL);
		struct buf record = BUF_INIT(KEYSET_RECORD_MAX);

		if (ROWS[i].brought_before)
			assert_int_equal(
				follow(store, &record, 1, named(NEXT, "spring"), NULL, NULL), 0);
		assert_int_equal(follow(store, &record, 2, jwk_export(keys[RELEASE]),
					ROWS[i].brought_along ? named(NEXT, "spring") : NULL,
					ROWS[i].by_store ? NULL : "spring"),
				 0);
		assert_int_equal(follow(later, &record, 3, named(NEXT, "summer"),
					jwk_export(keys[RELEASE]), NULL),
				 0);
		t = in_force(later, buf_span(&record), 3);
		if (!is_revoked(t, "summer"))
			fail_msg("%s", ROWS[i].name);
		assert_int_equal(signed_by(RELEASE, t), FWE_OK);
		buf_done(&record);
	}
}

/* x-ocf-revoked is the administrator's, whatever key-info says. */
static void revocation__by_the_store_holds(void **state)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(keys[RELEASE]);
	CLEANUP(trust_freep)
	struct trust *store = store_revoking(jsn_str(jsn_get(jwk, "kid")), NULL);
	CLEANUP(trust_freep) struct trust *before = in_force(store, span_of(NULL, 0), 0), *t = NULL;
	struct buf record = BUF_INIT(KEYSET_RECORD_MAX);

	(void)state;
	assert_int_equal(signed_by(RELEASE, before), FWE_MANIFEST_KEY_REVOKED);
	assert_int_equal(signed_by(ROOT, before), FWE_OK);
	assert_int_equal(
		follow(store, &record, 2, jwk_export(keys[RELEASE]), jwk_export(keys[NEXT]), NULL),
		0);
	t = in_force(store, buf_span(&record), 2);
	assert_int_equal(signed_by(RELEASE, t), FWE_MANIFEST_KEY_REVOKED);
	assert_int_equal(signed_by(NEXT, t), FWE_OK);
	buf_done(&record);
}

#define PAST   "2026-05-01T00:00:00Z" /* before the manifest was made */
#define FUTURE "2026-07-01T00:00:00Z"
#define NOROOT FWE_KEY_ROTATION_NOT_AUTHORISED
#define NOROLE FWE_MANIFEST_KEY_ROLE
#define TOOFEW FWE_MANIFEST_THRESHOLD_NOT_MET

/* A root key that may sign nothing but key sets, until `end`, and two release keys. */
static struct trust *store_with_root_apart(const char *end)
{
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *list = jsn_new_array(), *root = entry(ROOT, "root", NULL, MAKER);

	jsn_set_str(root, "x-ocf-not-after", end);
	jsn_add(list, root);
	jsn_add(list, entry(RELEASE, "manifest", NULL, MAKER));
	jsn_add(list, entry(NEXT, "manifest", NULL, MAKER));
	jsn_set(set, "keys", list);
	return parse(set);
}

/* All that it brings was revoked before, and root keys sign no manifests here. */
static void keyset_rotate__refuses_a_set_without_a_signer(void **state)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(keys[RELEASE]);
	CLEANUP(trust_freep) struct trust *store = store_with_root_apart(FUTURE);
	struct buf record = BUF_INIT(KEYSET_RECORD_MAX);

	(void)state;
	assert_int_equal(follow(store, &record, 1, jwk_export(keys[NEXT]), NULL,
				jsn_str(jsn_get(jwk, "kid"))),
			 0);
	assert_int_equal(follow(store, &record, 2, jwk_export(keys[RELEASE]), NULL, NULL),
			 -EBADMSG);
	buf_done(&record);
}

static void key_info__is_for_root_keys_that_sign_beside_release_keys(void **state)
{
	static const struct {
		const char *name, *end;
		enum who who[3];
		size_t n;
		unsigned threshold;
		bool clock;
		enum fw_error error, warning;
	} ROWS[] = {
		{"root alone",      FUTURE, {ROOT},                1, 1, true,  NOROLE, FWE_OK},
		{"release alone",   FUTURE, {RELEASE},             1, 1, true,  FWE_OK, NOROOT},
		{"both",            FUTURE, {RELEASE, ROOT},       2, 1, true,  FWE_OK, FWE_OK},
		{"in other order",  FUTURE, {ROOT, RELEASE},       2, 1, true,  FWE_OK, FWE_OK},
		{"root is over",    PAST,   {RELEASE, ROOT},       2, 1, true,  FWE_OK, NOROOT},
		{"without a clock", PAST,   {RELEASE, ROOT},       2, 1, false, FWE_OK, FWE_OK},
		{"one of two",      FUTURE, {RELEASE, NEXT, ROOT}, 3, 2, true,  FWE_OK, NOROOT},
		{"twice",           FUTURE, {RELEASE, ROOT, ROOT}, 3, 1, true,  FWE_OK, FWE_OK},
		{"twice for two",   FUTURE, {RELEASE, ROOT, ROOT}, 3, 2, true,  TOOFEW, FWE_OK},
	};
	CLEANUP(jsn_freep) struct jsn *new_keys = jsn_new_array(), *info = NULL;

	(void)state;
	jsn_add(new_keys, jwk_export(keys[NEXT]));
	info = manifest(1, new_keys, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(trust_freep) struct trust *store = store_with_root_apart(ROWS[i].end);
		struct buf octets = sign_all(ROWS[i].who, ROWS[i].n, info);
		struct fw_context c = device(0);
		struct fw_judgement j;

		c.threshold = ROWS[i].threshold;
		c.clock_trusted = ROWS[i].clock;
		fw_judge(&c, store, buf_span(&octets), &j);
		if (j.error != ROWS[i].error || j.warning != ROWS[i].warning ||
		    j.rotates_keys != (j.error == FWE_OK && j.warning == FWE_OK))
			fail_msg("%s: %s, warning %s", ROWS[i].name, fw_error_name(j.error),
				 fw_error_name(j.warning));
		fw_judgement_done(&j);
		buf_done(&octets);
	}
}

static void key_info__of_a_release_key_or_an_old_version_does_nothing(void **state)
{
	static const struct {
		const char *name;
		enum who who;
		int64_t version;
		enum fw_error warning;
	} ROWS[] = {
		{"release key",    RELEASE, 3, FWE_KEY_ROTATION_NOT_AUTHORISED},
		{"same version",   ROOT,    2, FWE_KEY_ROTATION_STALE         },
		{"older version",  ROOT,    1, FWE_KEY_ROTATION_STALE         },
		{"root and newer", ROOT,    3, FWE_OK                         },
	};
	static const enum who MEMBERS[] = {NEXT};
	CLEANUP(trust_freep) struct trust *store = installed();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct fw_judgement j;

		judge(ROWS[i].who, ROWS[i].version, MEMBERS, 1, NULL, store, 2, &j);
		assert_int_equal(j.verdict, FW_ACCEPT);
		if (j.warning != ROWS[i].warning || j.rotates_keys != (j.warning == FWE_OK))
			fail_msg("%s: %s", ROWS[i].name, fw_error_name(j.warning));
		fw_judgement_done(&j);
	}
}

static void refuse_record(const struct trust *store, struct span record, const char *why)
{
	struct trust *t = NULL;
	char error[128] = "";
	uint64_t version;

	assert_int_equal(keyset_trust(store, record, &t, &version, error, sizeof(error)), -EBADMSG);
	assert_non_null(strstr(error, why));
	assert_true(error[0] != '\0');
}

static void keyset_trust__refuses_a_damaged_record(void **state)
{
	static const char *const ROWS[] = {
		"{",
		"[]",
		"{\"format\":2,\"version\":2,\"manufacturer\":\"m\",\"keys\":[],\"revoked\":[]}",
		"{\"format\":1,\"version\":-1,\"manufacturer\":\"m\",\"keys\":[],\"revoked\":[]}",
		"{\"format\":1,\"version\":2,\"keys\":[],\"revoked\":[]}",
		"{\"format\":1,\"version\":2,\"manufacturer\":\"m\",\"revoked\":[]}",
		"{\"format\":1,\"version\":2,\"manufacturer\":\"m\",\"keys\":[]}",
		("{\"format\":1,\"version\":2,\"manufacturer\":\"m\",\"keys\":[{\"kty\":\"OKP\","
		 "\"crv\":\"Ed25519\",\"x\":\"AA\"}],\"revoked\":[]}"),
	};
	CLEANUP(trust_freep) struct trust *store = installed();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		refuse_record(store, span_str(ROWS[i]), "");
}

/* Each key is compared with each, and each name. */
static void keyset_trust__refuses_lists_beyond_their_limits(void **state)
{
	static const struct {
		const char *before, *item, *after;
		size_t max;
	} ROWS[] = {
		{"\"keys\":[",                "{}",    "],\"revoked\":[]", TRUST_KEYS_MAX   },
		{"\"keys\":[],\"revoked\":[", "\"a\"", "]",                TRUST_REVOKED_MAX},
	};
	CLEANUP(trust_freep) struct trust *store = installed();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(buf_done) struct buf b = BUF_INIT(8192);

		buf_printf(&b, "{\"format\":1,\"version\":2,\"manufacturer\":\"m\",%s",
			   ROWS[i].before);
		for (size_t k = 0; k < ROWS[i].max; k++)
			buf_printf(&b, "%s,", ROWS[i].item);
		buf_printf(&b, "%s%s}", ROWS[i].item, ROWS[i].after);
		assert_true(buf_ok(&b));
		refuse_record(store, buf_span(&b), "too long");
	}
}

static void key_end__is_asked_with_a_trusted_clock_only(void **state)
{
	static const struct {
		const char *end;
		bool trusted;
		enum fw_error want;
	} ROWS[] = {
		{"2026-06-01T12:00:00Z", true,  FWE_OK                  }, /* that of the manifest */
		{"2026-06-01T11:59:59Z", true,  FWE_MANIFEST_KEY_REVOKED},
		{"2026-06-01T11:59:59Z", false, FWE_OK                  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(jsn_freep) struct jsn *set = jsn_new_object(), *m = NULL;
		CLEANUP(trust_freep) struct trust *t = NULL;
		struct jsn *list = jsn_new_array(), *k = entry(RELEASE, "manifest", NULL, MAKER);
		struct fw_context c = device(0);
		struct fw_judgement j;
		struct buf octets;

		jsn_set_str(k, "x-ocf-not-after", ROWS[i].end);
		jsn_add(list, k);
		jsn_set(set, "keys", list);
		t = parse(set);
		m = manifest(1, list, NULL);
		octets = sign(RELEASE, m);
		c.clock_trusted = ROWS[i].trusted;
		fw_judge(&c, t, buf_span(&octets), &j);
		assert_int_equal(j.error, ROWS[i].want);
		fw_judgement_done(&j);
		buf_done(&octets);
	}
}

static void trust_parse__refuses_an_end_that_is_no_date(void **state)
{
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *list = jsn_new_array(), *k = entry(RELEASE, "manifest", NULL, MAKER);
	struct buf text = BUF_INIT(VECTOR_MAX);
	struct trust *t = NULL;
	char error[128] = "";

	(void)state;
	jsn_set_str(k, "x-ocf-not-after", "soon");
	jsn_add(list, k);
	jsn_set(set, "keys", list);
	assert_int_equal(jsn_write(set, JSN_COMPACT, &text), 0);
	assert_int_equal(trust_parse(buf_span(&text), &t, error, sizeof(error)), -EBADMSG);
	assert_non_null(strstr(error, "x-ocf-not-after"));
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keyset_trust__is_the_installed_store_without_a_record),
		cmocka_unit_test(keyset_rotate__retires_the_keys_that_are_not_in_the_new_set),
		cmocka_unit_test(keyset_rotate__keeps_keys_that_are_in_both_sets),
		cmocka_unit_test(keyset_trust__prefers_a_store_that_is_newer),
		cmocka_unit_test(revocation__adds_up),
		cmocka_unit_test(revocation__is_of_the_key_whatever_its_name),
		cmocka_unit_test(revocation__by_the_store_holds),
		cmocka_unit_test(keyset_rotate__refuses_a_set_without_a_signer),
		cmocka_unit_test(key_info__is_for_root_keys_that_sign_beside_release_keys),
		cmocka_unit_test(key_info__of_a_release_key_or_an_old_version_does_nothing),
		cmocka_unit_test(keyset_trust__refuses_a_damaged_record),
		cmocka_unit_test(keyset_trust__refuses_lists_beyond_their_limits),
		cmocka_unit_test(key_end__is_asked_with_a_trusted_clock_only),
		cmocka_unit_test(trust_parse__refuses_an_end_that_is_no_date),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
