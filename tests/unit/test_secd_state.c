/* ocf-secd: state.c, the device and its one record on disk. */
#include "folder.h"

#include <stdio.h>

#include "state.h"

static void fill(void *ctx, void *ret, size_t len)
{
	(void)ctx;
	memset(ret, 0x5a, len);
}

static const struct svr_env ENV = {.random = fill};

static void state_identity__is_made_once(void **state)
{
	struct device_info first = {0}, second = {0};
	struct state s;

	assert_int_equal(state_open(&s, *state), 0);
	assert_int_equal(state_identity(&s, &first), 0);
	assert_int_equal(state_identity(&s, &second), 0);
	assert_false(uuid_is_nil(&first.piid));
	assert_false(uuid_eq(&first.piid, &first.pi));
	assert_true(uuid_eq(&first.piid, &second.piid));
	assert_true(uuid_eq(&first.pi, &second.pi));
	state_done(&s);
}

static void state_load__starts_unowned_without_a_record(void **state)
{
	struct device_info info = {0};
	const char *damaged = "";
	struct state s;

	assert_int_equal(state_open(&s, *state), 0);
	assert_int_equal(state_load(&s, &info, &ENV, &damaged), 0);
	assert_null(damaged);
	assert_int_equal(device_dos(s.dev), DOS_RFOTM);
	state_done(&s);
}

static void state_reread__finds_what_is_in_memory(void **state)
{
	struct device_info info = {0};
	struct device *dev = NULL;
	struct buf probe = BUF_INIT(8);
	const char *why = "";
	struct state s;

	assert_int_equal(state_open(&s, *state), 0);
	assert_int_equal(state_load(&s, &info, &ENV, &why), 0);
	assert_int_equal(state_reread(&s, &info, &ENV, &dev, &why), 0);
	assert_null(why);
	assert_int_equal(device_dos(dev), DOS_RFOTM);
	dev = device_free(dev);
	assert_int_equal(store_get(s.store, "probe", &probe), -ENOENT);
	assert_int_equal(store_put(s.store, "device", SPAN_LIT("garbage")), 0);
	assert_int_equal(state_reread(&s, &info, &ENV, &dev, &why), -EBADMSG);
	assert_non_null(why);
	assert_null(dev);
	state_done(&s);
}

static void state_load__waits_for_repair_after_damage(void **state)
{
	struct device_info info = {0};
	const char *damaged = NULL;
	struct state s;

	assert_int_equal(state_open(&s, *state), 0);
	assert_int_equal(store_put(s.store, "device", SPAN_LIT("garbage")), 0);
	assert_int_equal(state_load(&s, &info, &ENV, &damaged), 0);
	assert_non_null(damaged);
	assert_int_equal(device_dos(s.dev), DOS_SRESET);
	state_done(&s);
}

/* An event that stores nothing; then the store is made to refuse one that does. */
static void state_commit__keeps_the_device_if_it_cannot_store(void **state)
{
	struct device_info info = {0};
	struct svr_out out = {0};
	const char *damaged;
	struct device *before;
	struct state s;
	char path[64];

	assert_int_equal(state_open(&s, *state), 0);
	assert_int_equal(state_load(&s, &info, &ENV, &damaged), 0);
	before = s.dev;
	(void)snprintf(path, sizeof(path), "%s/.tmp", (char *)*state);
	assert_int_equal(symlink("/nonexistent", path), 0); /* where the record would be written */

	svr_event(s.dev, EV_RESET, 0, &ENV, &out);
	assert_non_null(out.staged);
	out.store = true;
	assert_int_equal(state_commit(&s, &out), -ELOOP);
	assert_ptr_equal(s.dev, before);
	assert_null(out.staged);

	svr_event(s.dev, EV_RESET, 0, &ENV, &out);
	assert_int_equal(state_commit(&s, &out), 0);
	assert_ptr_not_equal(s.dev, before);
	state_done(&s);
}

/* One wrong PIN, counted before and after a restart. */
static void state_load__remembers_wrong_pins(void **state)
{
	struct device_info info = {.oxms = {OXM_RANDOM_PIN}, .n_oxms = 1};
	struct buf body = BUF_INIT(64);
	struct svr_out out = {.body = &body};
	const char *damaged;
	struct state s;
	struct req select = {.method = M_POST,
			     .path = SPAN_LIT("/oic/sec/doxm"),
			     .body = SPAN_LIT("\xa1\x66oxmsel\x01"),
			     .content_format = CF_NONE,
			     .accept = CF_NONE};

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(state_open(&s, *state), 0);
		assert_int_equal(state_load(&s, &info, &ENV, &damaged), 0);
		assert_int_equal(device_pin_failures(s.dev), i);
		svr_handle(s.dev, &select, &ENV, &out);
		assert_int_equal(out.verdict, V_CHANGED);
		assert_int_equal(state_commit(&s, &out), 0);
		svr_event(s.dev, EV_PIN_FAILED, 0, &ENV, &out);
		assert_int_equal(state_commit(&s, &out), 0);
		state_done(&s);
	}
	assert_int_equal(state_open(&s, *state), 0);
	assert_int_equal(store_put(s.store, "pin", SPAN_LIT("xyz")), 0); /* no number: none */
	assert_int_equal(state_load(&s, &info, &ENV, &damaged), 0);
	assert_int_equal(device_pin_failures(s.dev), 0);
	state_done(&s);
	buf_done(&body);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(state_identity__is_made_once),
		TEST(state_load__starts_unowned_without_a_record),
		TEST(state_reread__finds_what_is_in_memory),
		TEST(state_load__waits_for_repair_after_damage),
		TEST(state_load__remembers_wrong_pins),
		TEST(state_commit__keeps_the_device_if_it_cannot_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
