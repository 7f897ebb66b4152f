/* crypto/hss: the published vectors, each altered copy of one, and every truncation. */
#include "vector.h"

#include "base/parse.h"
#include "crypto/hss.h"

struct parts {
	struct buf public_key, message, signature;
};

static struct buf bytes(const struct jsn *text)
{
	struct buf b = BUF_INIT(VECTOR_MAX);
	size_t len = jsn_text(text).len / 2;
	uint8_t *at = buf_room(&b, len + 1);

	assert_non_null(at);
	assert_true(hex_decode(jsn_text(text), at, len));
	b.len = len;
	return b;
}

static struct parts parts_of(const struct jsn *c)
{
	return (struct parts){
		.public_key = bytes(jsn_get(c, "publicKey")),
		.message = bytes(jsn_get(c, "message")),
		.signature = bytes(jsn_get(c, "signature")),
	};
}

static void parts_done(struct parts *p)
{
	buf_done(&p->public_key);
	buf_done(&p->message);
	buf_done(&p->signature);
}

static bool verify(const struct parts *p)
{
	return hss_verify(buf_span(&p->public_key), buf_span(&p->message), buf_span(&p->signature));
}

static const struct jsn *by_id(const struct jsn *cases, const char *id)
{
	for (size_t i = 0; i < jsn_len(cases); i++) {
		if (strcmp(jsn_str(jsn_get(jsn_at(cases, i), "id")), id) == 0)
			return jsn_at(cases, i);
	}
	fail_msg("no case %s", id);
	return NULL;
}

static void transform(struct parts *p, const struct jsn *how)
{
	const char *field = jsn_str(jsn_get(how, "field")), *op = jsn_str(jsn_get(how, "op"));
	struct buf *b = strcmp(field, "message") == 0     ? &p->message
			: strcmp(field, "publicKey") == 0 ? &p->public_key
							  : &p->signature;
	CLEANUP(buf_done) struct buf value = bytes(jsn_get(how, "value"));
	size_t offset = (size_t)jsn_int(jsn_get(how, "offset"));

	if (strcmp(op, "truncate") == 0) {
		b->len = (size_t)jsn_int(jsn_get(how, "length"));
	} else if (strcmp(op, "append") == 0) {
		buf_put(b, buf_span(&value));
	} else if (strcmp(op, "replace-prefix") == 0) {
		size_t drop = (size_t)jsn_int(jsn_get(how, "drop"));
		CLEANUP(buf_done) struct buf rest = BUF_INIT(VECTOR_MAX);

		buf_put(&rest, span_skip(buf_span(b), drop));
		buf_reset(b);
		buf_put(b, buf_span(&value));
		buf_put(b, buf_span(&rest));
	} else {
		bool xor = strcmp(op, "xor") == 0;

		assert_true(xor || strcmp(op, "set") == 0);
		assert_true(offset + value.len <= b->len);
		for (size_t i = 0; i < value.len; i++)
			b->ptr[offset + i] =
				(uint8_t)(value.ptr[i] ^ (xor? b->ptr[offset + i] : 0));
	}
}

static void hss_verify__takes_the_published_signatures(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("hss-lms/hss-lms.json");
	const struct jsn *cases = jsn_get(root, "cases");

	(void)state;
	assert_int_equal(jsn_len(cases), 5);
	for (size_t i = 0; i < jsn_len(cases); i++) {
		CLEANUP(parts_done) struct parts p = parts_of(jsn_at(cases, i));

		if (!verify(&p))
			fail_msg("%s", jsn_str(jsn_get(jsn_at(cases, i), "id")));
		assert_true(hss_public_is_valid(buf_span(&p.public_key)));
	}
}

static void hss_verify__refuses_the_altered_ones(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("hss-lms/hss-lms.json");
	const struct jsn *bases = jsn_get(root, "cases"),
			 *cases = jsn_get(root, "derived_negative_cases");

	(void)state;
	assert_int_equal(jsn_len(cases), 21);
	for (size_t i = 0; i < jsn_len(cases); i++) {
		const struct jsn *c = jsn_at(cases, i);
		CLEANUP(parts_done)
		struct parts p = parts_of(by_id(bases, jsn_str(jsn_get(c, "base"))));

		transform(&p, jsn_get(c, "transform"));
		if (verify(&p))
			fail_msg("%s", jsn_str(jsn_get(c, "id")));
	}
}

/* Each copy is of exactly the length that is said, so that a sanitizer sees a step beyond. */
static void hss_verify__refuses_every_truncation(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("hss-lms/hss-lms.json");

	(void)state;
	for (size_t i = 0; i < jsn_len(jsn_get(root, "cases")); i++) {
		CLEANUP(parts_done) struct parts p = parts_of(jsn_at(jsn_get(root, "cases"), i));

		for (size_t n = 0; n < p.signature.len; n += n < 32 ? 1 : 29) {
			uint8_t *copy = malloc(n + 1);

			assert_non_null(copy);
			memcpy(copy + 1, p.signature.ptr, n);
			assert_false(hss_verify(buf_span(&p.public_key), buf_span(&p.message),
						span_of(copy + 1, n)));
			free(copy);
		}
		for (size_t n = 0; n < p.public_key.len; n++)
			assert_false(hss_public_is_valid(span_of(p.public_key.ptr, n)));
	}
}

static void hss_public_is_valid__wants_types_of_one_hash(void **state)
{
	static const struct {
		const char *name;
		uint8_t levels, lms, ots;
		size_t len;
		bool want;
	} CASES[] = {
		{"SHA-256 H5 W1",          1, 5,  1,  60, true },
		{"SHA-256 H25 W8",         8, 9,  4,  60, true },
		{"SHA-256/192 H10 W4",     2, 11, 7,  52, true },
		{"SHAKE256 H15 W2",        1, 17, 10, 60, true },
		{"SHAKE256/192 H25 W8",    1, 24, 16, 52, true },
		{"no level",               0, 5,  1,  60, false},
		{"nine levels",            9, 5,  1,  60, false},
		{"SHA-256 under SHAKE256", 1, 15, 1,  60, false},
		{"32 octets under 24",     1, 10, 1,  52, false},
		{"LMS type 4",             1, 4,  1,  60, false},
		{"LMS type 25",            1, 25, 17, 60, false},
		{"no LM-OTS type",         1, 5,  0,  60, false},
		{"short",                  1, 10, 5,  51, false},
		{"long",                   1, 10, 5,  53, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		uint8_t key[64] = {0};

		key[3] = CASES[i].levels;
		key[7] = CASES[i].lms;
		key[11] = CASES[i].ots;
		if (hss_public_is_valid(span_of(key, CASES[i].len)) != CASES[i].want)
			fail_msg("%s", CASES[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hss_verify__takes_the_published_signatures),
		cmocka_unit_test(hss_verify__refuses_the_altered_ones),
		cmocka_unit_test(hss_verify__refuses_every_truncation),
		cmocka_unit_test(hss_public_is_valid__wants_types_of_one_hash),
	};

	return cmocka_run_group_tests_name("hss", tests, NULL, NULL);
}
