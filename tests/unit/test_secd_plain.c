/* ocf-secd: plain.c, small records with and without a number. */
#include "test.h"

#include "plain.h"

static char dir[] = "/tmp/test_plain.XXXXXX";
static struct store *store;

static int open_store(void **state)
{
	(void)state;
	return mkdtemp(dir) && store_open(&store, dir) == 0 ? 0 : -1;
}

static int close_store(void **state)
{
	int r = store_del(store, "x");

	(void)state;
	store = store_free(store);
	return r < 0 || rmdir(dir) < 0 ? -1 : 0;
}

static void plain_get__knows_its_formats(void **state)
{
	static const struct {
		const char *name;
		struct span record;
		int want;
		unsigned found;
	} ROWS[] = {
		{"bare",               SPAN_LIT("abcd"),      0,        1},
		{"with its number",    SPAN_LIT("\2abcd"),    0,        2},
		{"empty",              SPAN_LIT(""),          -EBADMSG, 0},
		{"too short",          SPAN_LIT("abc"),       -EBADMSG, 0},
		{"too long",           SPAN_LIT("\2abcde"),   -EBADMSG, 0},
		{"the number of bare", SPAN_LIT("\1abcd"),    -EBADMSG, 0},
		{"no number",          SPAN_LIT("xabcd"),     -EBADMSG, 0},
		{"newer",              SPAN_LIT("\3abcd"),    -ENOTSUP, 0},
		{"newer and longer",   SPAN_LIT("\37abcdef"), -ENOTSUP, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct plain p = {"x", 4, 0};
		char got[5] = "";
		int r;

		assert_int_equal(store_put(store, "x", ROWS[i].record), 0);
		r = plain_get(store, &p, got);
		if (r != ROWS[i].want || p.found != ROWS[i].found ||
		    strcmp(got, r == 0 ? "abcd" : "") != 0)
			fail_msg("%s: %d, format %u, '%s'", ROWS[i].name, r, p.found, got);
	}
}

static void plain_put__raises_the_format_once_confirmed(void **state)
{
	static const struct {
		const char *name;
		unsigned found;
		bool confirmed;
		unsigned want;
	} ROWS[] = {
		{"nothing there, on trial", 0, false, 1},
                {"bare, on trial",          1, false, 1},
		{"bare, confirmed",         1, true,  2},
                {"nothing there",           0, true,  2},
		{"numbered, on trial",      2, false, 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct plain p = {"x", 4, ROWS[i].found}, again = {"x", 4, 0};
		char got[5] = "";

		assert_int_equal(plain_put(store, &p, "wxyz", ROWS[i].confirmed), 0);
		assert_int_equal(plain_get(store, &again, got), 0);
		assert_string_equal(got, "wxyz");
		if (p.found != ROWS[i].want || again.found != ROWS[i].want)
			fail_msg("%s: %u, read back %u", ROWS[i].name, p.found, again.found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_get__knows_its_formats),
		cmocka_unit_test(plain_put__raises_the_format_once_confirmed),
	};

	return cmocka_run_group_tests(tests, open_store, close_store);
}
