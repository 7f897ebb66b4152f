/* ocf-fwupd/tag: what is stored comes back, and nothing else is taken for it. */
#include "test.h"

#include <stdio.h>

#include "daemons/ocf-fwupd/tag.h"
#include "store/store.h"

static void tag__comes_back(void **state)
{
	struct tag t = {.manifest = {7}, .url = "http://h/x", .etag = "\"a\\\"b\""}, got;
	char dir[] = "/tmp/ocf-tag-XXXXXX", path[64];
	struct store *s = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(store_open(&s, dir), 0);
	tag_load(s, &got);
	assert_string_equal(got.etag, "");
	assert_int_equal(tag_save(s, &t), 0);
	tag_load(s, &got);
	assert_memory_equal(got.manifest, t.manifest, sizeof(t.manifest));
	assert_string_equal(got.url, t.url);
	assert_string_equal(got.etag, t.etag);
	assert_int_equal(store_put(s, "tag", SPAN_LIT("{}")), 0);
	tag_load(s, &got);
	assert_string_equal(got.url, "");
	assert_int_equal(store_del(s, "tag"), 0);
	store_free(s);
	(void)snprintf(path, sizeof(path), "%s/.lock", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void tag_read__refuses_others(void **state)
{
#define HEX "0000000000000000000000000000000000000000000000000000000000000000"
	static const struct {
		const char *text;
		bool want;
	} ROWS[] = {
		{"{\"format\":1,\"manifest\":\"" HEX "\",\"url\":\"u\",\"etag\":\"\"}", true },
		{"{\"format\":2,\"manifest\":\"" HEX "\",\"url\":\"u\",\"etag\":\"\"}", false},
		{"{\"format\":1,\"manifest\":\"00\",\"url\":\"u\",\"etag\":\"\"}",      false},
		{"{\"format\":1,\"manifest\":\"" HEX "\",\"etag\":\"\"}",               false},
		{"{\"format\":1,\"manifest\":\"" HEX "\",\"url\":1,\"etag\":\"\"}",     false},
		{"{\"format\":1,\"manifest\":\"" HEX "\",\"url\":\"u\"}",               false},
		{"",								    false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct tag t;

		if (tag_read(span_str(ROWS[i].text), &t) != ROWS[i].want)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tag__comes_back),
		cmocka_unit_test(tag_read__refuses_others),
	};

	return cmocka_run_group_tests_name("fwupd_tag", tests, NULL, NULL);
}
