/* systemd/ocfgw.catalog says what the table of advice says. With a file name it is written anew:
 *	test_catalog systemd/ocfgw.catalog */
#include "vector.h"

#include "catalog.h"
#include "fw/message_id.h"

static void catalog_write__is_what_is_installed(void **state)
{
	struct buf want = BUF_INIT(VECTOR_MAX), got = vector_read("../../systemd/ocfgw.catalog");

	(void)state;
	catalog_write(&want);
	assert_true(buf_ok(&want));
	if (!span_eq(buf_span(&want), buf_span(&got)))
		fail_msg("it is not: test_catalog systemd/ocfgw.catalog writes it anew");
	buf_done(&want);
	buf_done(&got);
}

/* Journals keep them, and people search for them. */
static void message_id__never_changes(void **state)
{
	char id[MESSAGE_ID];

	(void)state;
	assert_int_equal(message_id("installed", id), 0);
	assert_string_equal(id, "760f9db069ac5f8f115ec305efc70223");
	assert_int_equal(message_id("manifest.signature-invalid", id), 0);
	assert_string_equal(id, "1b90735554831a3f8d1ecb918a6f114f");
	assert_int_equal(
		message_id(
			"a name that is so long that there is no room for it, since it is longer "
			"than any name of an error, and goes on and on and on",
			id),
		-EIO);
}

static int write_file(const char *path)
{
	struct buf out = BUF_INIT(VECTOR_MAX);
	FILE *f = fopen(path, "we");
	bool ok;

	catalog_write(&out);
	ok = f && buf_ok(&out) && fwrite(out.ptr, 1, out.len, f) == out.len;
	ok = f && fclose(f) == 0 && ok;
	buf_done(&out);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(catalog_write__is_what_is_installed),
		cmocka_unit_test(message_id__never_changes),
	};

	return argc > 1 ? write_file(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
