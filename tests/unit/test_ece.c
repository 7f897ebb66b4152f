/* crypto/ece: the examples of RFC 8188, generated streams, and every way to spoil one. */
#include "vector.h"

#include "base/parse.h"
#include "codec/b64.h"
#include "crypto/ece.h"

struct collector {
	struct buf b;
	size_t limit; /* of octets that it takes; 0: none */
};

static int collect(void *arg, struct span data)
{
	struct collector *c = arg;

	if (c->limit > 0 && c->b.len + data.len > c->limit)
		return -ENOSPC;
	buf_put(&c->b, data);
	return buf_ok(&c->b) ? 0 : -ENOMEM;
}

/* Decrypts in pieces of `step` octets. */
static int open_all(struct span ikm, struct span body, size_t step, struct collector *c)
{
	const struct ece_sink sink = {collect, c};
	CLEANUP(ece_freep) struct ece *e = NULL;
	int r = ece_open_new(&e, ikm, &sink);

	buf_reset(&c->b);
	for (size_t at = 0; at < body.len && r == 0; at += step)
		r = ece_feed(e,
			     span_of(body.ptr + at, body.len - at < step ? body.len - at : step));
	if (r < 0)
		assert_int_equal(ece_end(e), r); /* it sticks */
	return r < 0 ? r : ece_end(e);
}

static int seal_all(struct span ikm, size_t record, struct span text, size_t step,
		    struct collector *c)
{
	const struct ece_sink sink = {collect, c};
	CLEANUP(ece_freep) struct ece *e = NULL;
	int r = ece_seal_new(&e, ikm, SPAN_LIT("id"), record, &sink);

	for (size_t at = 0; at < text.len && r == 0; at += step)
		r = ece_feed(e,
			     span_of(text.ptr + at, text.len - at < step ? text.len - at : step));
	return r < 0 ? r : ece_end(e);
}

static struct buf from_b64(const struct jsn *c, const char *name)
{
	struct buf b = BUF_INIT(VECTOR_MAX);

	assert_int_equal(b64_decode(jsn_text(jsn_get(c, name)), &b), 0);
	return b;
}

static void ece_open__answers_the_vectors(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("primitives/primitives.json");
	const struct jsn *cases = jsn_get(root, "rfc8188");
	size_t valid = 0;

	(void)state;
	assert_int_equal(jsn_len(cases), 10);
	for (size_t i = 0; i < jsn_len(cases); i++) {
		static const size_t STEPS[] = {1, 7, 21, 273, 65536};
		const struct jsn *c = jsn_at(cases, i);
		CLEANUP(buf_done)
		struct buf ikm = from_b64(c, "ikm_b64u"), body = from_b64(c, "body_b64u");
		const bool want = span_is(jsn_text(jsn_get(c, "expect")), "valid");
		struct collector got = {.b = BUF_INIT(VECTOR_MAX)};

		valid += want;
		for (size_t s = 0; s < ARRAY_SIZE(STEPS); s++) {
			int r = open_all(buf_span(&ikm), buf_span(&body), STEPS[s], &got);

			if (r != (want ? 0 : -EBADMSG))
				fail_msg("%s: %d", jsn_str(jsn_get(c, "id")), r);
			if (want) {
				struct span hex = jsn_text(jsn_get(c, "plaintext_hex"));
				CLEANUP(buf_done) struct buf text = BUF_INIT(VECTOR_MAX);
				uint8_t *at = buf_room(&text, hex.len / 2);

				assert_true(hex_decode(hex, at, hex.len / 2));
				assert_int_equal(got.b.len, hex.len / 2);
				assert_memory_equal(got.b.ptr, at, hex.len / 2);
			}
		}
		buf_done(&got.b);
	}
	assert_int_equal(valid, 3);
}

static void ece_seal__makes_what_ece_open_takes(void **state)
{
	static const size_t RECORDS[] = {18, 19, 64, 1000, ECE_RECORD_OURS, ECE_RECORD_MAX};
	static const uint8_t IKM[ECE_IKM_LEN] = {1};
	uint8_t *text = malloc(300000);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < 300000; i++)
		text[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t r = 0; r < ARRAY_SIZE(RECORDS); r++) {
		const size_t content = RECORDS[r] - 17;
		const size_t lengths[] = {0,           1,           content - 1,    content,
					  content + 1, 2 * content, 3 * content + 1};

		for (size_t l = 0; l < ARRAY_SIZE(lengths); l++) {
			const size_t n = lengths[l] < 300000 ? lengths[l] : 300000;
			struct collector sealed = {.b = BUF_INIT(2000000)},
					 got = {.b = BUF_INIT(2000000)};
			size_t records = n == 0 ? 1 : (n + content - 1) / content;

			assert_int_equal(seal_all(span_of(IKM, sizeof(IKM)), RECORDS[r],
						  span_of(text, n), 1 + n / 3, &sealed),
					 0);
			assert_int_equal(sealed.b.len, 21 + 2 + n + 17 * records);
			assert_int_equal(open_all(span_of(IKM, sizeof(IKM)), buf_span(&sealed.b),
						  5000, &got),
					 0);
			assert_int_equal(got.b.len, n);
			if (n > 0)
				assert_memory_equal(got.b.ptr, text, n);
			buf_done(&sealed.b);
			buf_done(&got.b);
		}
	}
	free(text);
}

/* The key id is not authentic, and nothing depends on it; every other octet counts. */
static void ece_open__finds_every_alteration_and_cut(void **state)
{
	static const uint8_t IKM[ECE_IKM_LEN] = {1}, TEXT[40] = {2};
	struct collector sealed = {.b = BUF_INIT(1000)}, got = {.b = BUF_INIT(1000)};

	(void)state;
	assert_int_equal(seal_all(span_of(IKM, 32), 33, span_of(TEXT, 40), 40, &sealed), 0);
	assert_int_equal(sealed.b.len, 23 + 33 + 33 + 25);
	for (size_t i = 0; i < sealed.b.len; i++) {
		int r;

		sealed.b.ptr[i] ^= 1;
		r = open_all(span_of(IKM, 32), buf_span(&sealed.b), 10, &got);
		if (r != (i == 21 || i == 22 ? 0 : -EBADMSG))
			fail_msg("octet %zu: %d", i, r);
		sealed.b.ptr[i] ^= 1;
		assert_int_equal(open_all(span_of(IKM, 32), span_of(sealed.b.ptr, i), 10, &got),
				 -EBADMSG);
	}
	buf_put_byte(&sealed.b, 0);
	assert_int_equal(open_all(span_of(IKM, 32), buf_span(&sealed.b), 10, &got), -EBADMSG);
	assert_int_equal(
		open_all(span_of(IKM, 31), span_of(sealed.b.ptr, sealed.b.len - 1), 10, &got),
		-EBADMSG);
	buf_done(&sealed.b);
	buf_done(&got.b);
}

/* Nothing of a record is handed on before its tag was checked. */
static void ece_open__hands_on_whole_good_records_only(void **state)
{
	static const uint8_t IKM[ECE_IKM_LEN] = {1}, TEXT[40] = {2};
	struct collector sealed = {.b = BUF_INIT(1000)}, got = {.b = BUF_INIT(1000)};

	(void)state;
	assert_int_equal(seal_all(span_of(IKM, 32), 33, span_of(TEXT, 40), 40, &sealed), 0);
	sealed.b.ptr[23 + 33 + 5] ^= 1;
	assert_int_equal(open_all(span_of(IKM, 32), buf_span(&sealed.b), 1, &got), -EBADMSG);
	assert_int_equal(got.b.len, 16);
	buf_done(&sealed.b);
	buf_done(&got.b);
}

static void ece_feed__ends_with_the_error_of_the_sink(void **state)
{
	static const uint8_t IKM[ECE_IKM_LEN] = {1}, TEXT[40] = {2};
	struct collector sealed = {.b = BUF_INIT(1000)}, full = {.b = BUF_INIT(1000), .limit = 20};

	(void)state;
	assert_int_equal(seal_all(span_of(IKM, 32), 33, span_of(TEXT, 40), 40, &sealed), 0);
	assert_int_equal(open_all(span_of(IKM, 32), buf_span(&sealed.b), 10, &full), -ENOSPC);
	full.limit = 10; /* not even the header */
	buf_reset(&full.b);
	assert_int_equal(seal_all(span_of(IKM, 32), 33, span_of(TEXT, 40), 40, &full), -ENOSPC);
	buf_done(&sealed.b);
	buf_done(&full.b);
}

static void ece__has_limits(void **state)
{
	static const uint8_t IKM[65] = {1}, ID[256] = {1};
	static const struct {
		uint8_t size[4];
		int want;
	} SIZES[] = {
		{{0, 0, 0, 17},            -EBADMSG},
		{{0, 0, 0, 18},            0       },
		{{0, 0x10, 0, 0},          0       },
		{{0, 0x10, 0, 1},          -EBADMSG},
		{{0xff, 0xff, 0xff, 0xff}, -EBADMSG},
		{{0, 0, 0, 0},             -EBADMSG},
	};
	struct collector c = {.b = BUF_INIT(1000)};
	const struct ece_sink sink = {collect, &c};
	struct ece *e = NULL;

	(void)state;
	assert_int_equal(ece_open_new(&e, span_of(IKM, 65), &sink), -EINVAL);
	assert_int_equal(ece_open_new(&e, span_of(IKM, 0), &sink), -EINVAL);
	assert_int_equal(ece_seal_new(&e, span_of(IKM, 0), SPAN_LIT(""), 18, &sink), -EINVAL);
	assert_int_equal(ece_seal_new(&e, span_of(IKM, 32), SPAN_LIT(""), 17, &sink), -EINVAL);
	assert_int_equal(
		ece_seal_new(&e, span_of(IKM, 32), SPAN_LIT(""), ECE_RECORD_MAX + 1, &sink),
		-EINVAL);
	assert_int_equal(ece_seal_new(&e, span_of(IKM, 32), span_of(ID, 256), 18, &sink), -EINVAL);
	assert_null(ece_free(NULL));
	for (size_t i = 0; i < ARRAY_SIZE(SIZES); i++) {
		uint8_t header[22] = {0};

		memcpy(header + 16, SIZES[i].size, 4);
		assert_int_equal(ece_open_new(&e, span_of(IKM, 32), &sink), 0);
		assert_int_equal(ece_feed(e, span_of(header, 22)), SIZES[i].want);
		assert_int_equal(ece_end(e), -EBADMSG);
		e = ece_free(e);
	}
	buf_done(&c.b);
}

/* A stream of `records` whole ones and a last one that is shorter. */
static void ece__goes_on_behind_any_record(void **state)
{
	static const uint8_t IKM[ECE_IKM_LEN] = {1}, OTHER[ECE_IKM_LEN] = {2};
	const size_t record = 64, content = 47, whole = 5;
	struct collector sealed = {.b = BUF_INIT(VECTOR_MAX)}, got = {.b = BUF_INIT(VECTOR_MAX)};
	const struct ece_sink sink = {collect, &got};
	uint8_t text[5 * 47 + 9];
	struct ece *e = NULL;
	struct span body;
	size_t head;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7);
	assert_int_equal(
		seal_all(span_of(IKM, 32), record, span_of(text, sizeof(text)), 11, &sealed), 0);
	body = buf_span(&sealed.b);
	head = ece_header_len(body);
	assert_int_equal(head, 23); /* of which two are "id" */
	assert_int_equal(ece_header_len(span_of(body.ptr, head)), head);
	assert_int_equal(ece_header_len(span_of(body.ptr, head - 1)), 0);
	assert_int_equal(ece_record_data(body), content);
	for (size_t n = 0; n <= whole; n++) {
		struct span rest = span_skip(body, head + n * record);

		buf_reset(&got.b);
		assert_int_equal(
			ece_open_at(&e, span_of(IKM, 32), span_of(body.ptr, head), n, &sink), 0);
		assert_int_equal(ece_feed(e, rest), 0);
		assert_int_equal(ece_end(e), 0);
		e = ece_free(e);
		assert_true(span_eq(buf_span(&got.b),
				    span_skip(span_of(text, sizeof(text)), n * content)));
		assert_int_equal(
			ece_open_at(&e, span_of(IKM, 32), span_of(body.ptr, head), n + 1, &sink),
			0);
		assert_int_equal(ece_feed(e, rest) == 0 ? ece_end(e) : -EBADMSG, -EBADMSG);
		e = ece_free(e);
	}
	buf_reset(&got.b);
	assert_int_equal(ece_seal_again(&e, span_of(IKM, 32), body, &sink), 0);
	assert_int_equal(ece_feed(e, span_of(text, sizeof(text))), 0);
	assert_int_equal(ece_end(e), 0);
	e = ece_free(e);
	assert_true(span_eq(buf_span(&got.b), body));
	buf_reset(&got.b);
	assert_int_equal(ece_seal_again(&e, span_of(OTHER, 32), body, &sink), 0);
	assert_int_equal(ece_feed(e, span_of(text, sizeof(text))), 0);
	e = ece_free(e);
	assert_true(memcmp(got.b.ptr + head, body.ptr + head, record) != 0);
	assert_int_equal(ece_seal_again(&e, span_of(IKM, 32), span_of(body.ptr, head - 1), &sink),
			 -EINVAL);
	sealed.b.ptr[19] = 17; /* a record without room for anything */
	assert_int_equal(ece_record_data(body), 0);
	assert_int_equal(ece_open_at(&e, span_of(IKM, 32), body, 0, &sink), -EINVAL);
	buf_done(&sealed.b);
	buf_done(&got.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ece_open__answers_the_vectors),
		cmocka_unit_test(ece_seal__makes_what_ece_open_takes),
		cmocka_unit_test(ece_open__finds_every_alteration_and_cut),
		cmocka_unit_test(ece_open__hands_on_whole_good_records_only),
		cmocka_unit_test(ece_feed__ends_with_the_error_of_the_sink),
		cmocka_unit_test(ece__goes_on_behind_any_record),
		cmocka_unit_test(ece__has_limits),
	};

	return cmocka_run_group_tests_name("ece", tests, NULL, NULL);
}
