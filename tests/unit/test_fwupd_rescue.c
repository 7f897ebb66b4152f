/* ocf-fwupd/rescue: the record comes back as it was, and nothing else is taken for it. */
#include "test.h"

#include <stdio.h>

#include "daemons/ocf-fwupd/rescue.h"
#include "store/store.h"

static void rescue__comes_back(void **state)
{
	struct rescue r = {.octets = BUF_INIT(RESCUE_OCTETS_MAX),
			   .direct = true,
			   .allow_downgrade = true,
			   .server = "http://h/firmware.img",
			   .url = "http://h/x",
			   .manufacturer = "m",
			   .model = "gw \"7\"",
			   .hardware = "B"};
	struct rescue got;
	char dir[] = "/tmp/ocf-rescue-XXXXXX", path[64];
	struct store *s = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(rescue_peek(dir, &got), -ENOENT);
	buf_put(&r.octets, SPAN_LIT("OCFSIMG1\0\0\0\1x"));
	assert_int_equal(store_open(&s, dir), 0);
	assert_int_equal(rescue_save(s, &r), 0);
	store_free(s);
	assert_int_equal(rescue_peek(dir, &got), 0);
	assert_true(span_eq(buf_span(&got.octets), buf_span(&r.octets)));
	assert_true(got.direct && got.allow_downgrade && !got.private_peer);
	assert_string_equal(got.server, r.server);
	assert_string_equal(got.url, r.url);
	assert_string_equal(got.manufacturer, r.manufacturer);
	assert_string_equal(got.model, r.model);
	assert_string_equal(got.hardware, r.hardware);
	rescue_done(&got);
	assert_int_equal(store_open(&s, dir), 0);
	assert_int_equal(store_put(s, "rescue", SPAN_LIT("{\"format\":1}")), 0);
	assert_int_equal(rescue_load(s, &got), -EBADMSG);
	rescue_done(&got);
	assert_int_equal(rescue_forget(s), 0);
	assert_int_equal(rescue_forget(s), 0);
	assert_int_equal(rescue_load(s, &got), -ENOENT);
	store_free(s);
	rescue_done(&r);
	(void)snprintf(path, sizeof(path), "%s/.lock", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void rescue_read__refuses_others(void **state)
{
#define TEXTS                                                                                      \
	"\"server\":\"s\",\"url\":\"u\",\"manufacturer\":\"m\",\"model\":\"m\",\"hardware\":\"\""
#define FLAGS ",\"direct\":0,\"private\":1,\"allowDowngrade\":0"
	static const struct {
		const char *text;
		bool want;
	} ROWS[] = {
		{"{\"format\":1,\"manifest\":\"e30\"," TEXTS FLAGS "}",        true },
		{"{\"format\":2,\"manifest\":\"e30\"," TEXTS FLAGS "}",        false},
		{"{\"format\":1,\"manifest\":\"e3\"," TEXTS FLAGS "}",         false},
		{"{\"format\":1,\"manifest\":\"\"," TEXTS FLAGS "}",           false},
		{"{\"format\":1," TEXTS FLAGS "}",                             false},
		{"{\"format\":1,\"manifest\":\"e30\"," TEXTS "}",              false},
		{"{\"format\":1,\"manifest\":\"e30\"" FLAGS "}",               false},
		{"{\"format\":1,\"manifest\":\"e30\"," TEXTS ",\"direct\":2}", false},
		{"x",							  false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct rescue r;

		if (rescue_read(span_str(ROWS[i].text), &r) != ROWS[i].want)
			fail_msg("row %zu", i);
		rescue_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rescue__comes_back),
		cmocka_unit_test(rescue_read__refuses_others),
	};

	return cmocka_run_group_tests_name("fwupd_rescue", tests, NULL, NULL);
}
