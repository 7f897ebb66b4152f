#include "svr_fixture.h"

#include "svr/dos.h"

/* A device in `from` that has, or has not, all that RFPRO, RFNOP and SRESET ask for. */
static struct device *device_in(struct world *w, enum dos from, bool ready)
{
	struct device *dev = device_copy(w->dev);

	assert_non_null(dev);
	dev->dos = from;
	dev->owned = ready;
	dev->devowner = uuid_of(OBT);
	for (size_t i = 0; i < OWNER_COUNT; i++)
		dev->rowner[i] = uuid_of(OBT);
	assert_true(device_add_cred(
		dev, &(struct cred){.credid = 1, .subject = uuid_of(OBT), .key = {.len = 16}}));
	return dev;
}

/* OCF Security 8: '.' no step, 'd' the device alone, 'c' a client as well, 'r' if ready only. */
static const char STEPS[5][6] = {
	[DOS_RESET] = ".d...", [DOS_RFOTM] = "c.r..",  [DOS_RFPRO] = "c..rr",
	[DOS_RFNOP] = "c.r.r", [DOS_SRESET] = "c.r..",
};

static void dos_step__takes_the_steps_of_the_table_and_no_other(void **state)
{
	struct world *w = world_new();

	(void)state;
	for (int i = 0; i < 5 * 5 * 2 * 2; i++) {
		enum dos from = (enum dos)(i % 5), to = (enum dos)(i / 5 % 5);
		bool client = i / 25 % 2, ready = i / 50;
		char step = STEPS[from][to];
		bool want = step == 'c' || (step == 'r' && ready) || (step == 'd' && !client);
		CLEANUP(device_freep) struct device *dev = device_in(w, from, ready);
		struct svr_out out = {0};
		bool got = dos_step(dev, to, client ? BY_CLIENT : BY_DEVICE, &out);

		if (got != want)
			fail_msg("%s -> %s, %s, %s: got %d", dos_name(from), dos_name(to),
				 client ? "client" : "device", ready ? "ready" : "not ready", got);
		assert_int_equal(dev->dos, want ? to : from);
		assert_int_equal(out.effects != 0, want);
		assert_true(want || !out.store);
	}
	world_free(w);
}

static void dos_step__stores_what_an_owner_could_miss(void **state)
{
	static const struct {
		enum dos from, to;
		bool store;
	} CASES[] = {
		{DOS_RFOTM, DOS_RFPRO,  true },
                {DOS_RFPRO, DOS_RFNOP,  true },
		{DOS_RFNOP, DOS_SRESET, true },
                {DOS_RFOTM, DOS_RESET,  false},
		{DOS_RESET, DOS_RFOTM,  false},
                {DOS_RFNOP, DOS_RESET,  true },
	};
	struct world *w = world_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(device_freep) struct device *dev = device_in(w, CASES[i].from, true);
		struct svr_out out = {0};

		assert_true(dos_step(dev, CASES[i].to, BY_DEVICE, &out));
		assert_int_equal(out.store, CASES[i].store);
	}
	world_free(w);
}

static void dos_step__sets_the_entry_values(void **state)
{
	static const struct {
		enum dos from, to;
		unsigned cm, tm;
	} CASES[] = {
		{DOS_RESET,  DOS_RFOTM,  2, 0},
                {DOS_RFOTM,  DOS_RFPRO,  0, 0},
		{DOS_RFPRO,  DOS_RFNOP,  0, 0},
                {DOS_RFNOP,  DOS_SRESET, 1, 0},
		{DOS_SRESET, DOS_RFPRO,  0, 0},
                {DOS_RFNOP,  DOS_RESET,  1, 2},
	};
	struct world *w = world_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(device_freep) struct device *dev = device_in(w, CASES[i].from, true);
		struct svr_out out = {0};

		dev->cm = 0x1c3; /* the bits of software update stay */
		dev->tm = 0x1c3;
		assert_true(dos_step(dev, CASES[i].to, BY_DEVICE, &out));
		assert_int_equal(dev->cm, 0x1c0 | CASES[i].cm);
		assert_int_equal(dev->tm, 0x1c0 | CASES[i].tm);
	}
	world_free(w);
}

static void dos_step__ends_the_doc_flag_in_rfnop_only(void **state)
{
	struct world *w = world_new();
	CLEANUP(device_freep) struct device *dev = device_in(w, DOS_RFOTM, true);
	struct svr_out out = {0};

	(void)state;
	dev->doc = DOC;
	assert_true(dos_step(dev, DOS_RFPRO, BY_CLIENT, &out));
	assert_true(device_in_doc(dev, DOC));
	assert_false(out.effects & FX_END_OBSERVERS);
	assert_true(dos_step(dev, DOS_RFNOP, BY_CLIENT, &out));
	assert_false(device_in_doc(dev, DOC));
	assert_true(out.effects & FX_END_OBSERVERS);
	world_free(w);
}

static void svr_ready__wants_owner_identity_and_credentials(void **state)
{
	struct world *w = world_new();

	(void)state;
	for (int missing = 0; missing <= 3 + OWNER_COUNT; missing++) {
		CLEANUP(device_freep) struct device *dev = device_in(w, DOS_RFOTM, true);

		if (missing == 1)
			dev->devowner = (struct uuid){{0}};
		else if (missing == 2)
			dev->uuid = (struct uuid){{0}};
		else if (missing == 3)
			dev->creds[0]->subject = uuid_of(OTHER);
		else if (missing > 3)
			dev->rowner[missing - 4] = (struct uuid){{0}};
		assert_int_equal(svr_ready(dev), missing == 0);
	}
	for (size_t i = 0; i < OWNER_COUNT; i++) {
		CLEANUP(device_freep) struct device *dev = device_in(w, DOS_RFOTM, true);

		dev->rowner[i] = uuid_of(OTHER); /* one owner without a credential */
		assert_false(svr_ready(dev));
		assert_true(device_add_cred(dev, &(struct cred){.credid = 2,
								.subject = uuid_of(OTHER),
								.key = {.len = 16}}));
		assert_true(svr_ready(dev));
	}
	world_free(w);
}

static void dos_wipe__leaves_nothing_of_the_owner(void **state)
{
	struct world *w = world_new();
	struct uuid before;

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/sdi", "{\"name\":\"home\",\"priv\":true}"),
			 V_UNAUTHORIZED);
	before = w->dev->uuid;
	w->dev->pin.failures = 2;
	to_state(w, DOS_RESET);
	assert_int_equal(world_event(w, EV_RESET_DUE, 0), V_CHANGED);
	assert_int_equal(w->out.effects, FX_SIGNAL | FX_CLOSE_ALL | FX_REKEY);
	assert_false(w->out.store); /* it was empty already */
	assert_int_equal(w->dev->dos, DOS_RFOTM);
	assert_false(w->dev->owned);
	assert_int_equal(w->dev->oxmsel, OXM_NONE);
	assert_int_equal(w->dev->om, 4);
	assert_int_equal(w->dev->cm, 2);
	assert_int_equal(w->dev->n_creds, 0);
	assert_int_equal(acl_of(w)->n, 0);
	assert_true(uuid_is_nil(&w->dev->devowner));
	for (size_t i = 0; i < OWNER_COUNT; i++)
		assert_true(uuid_is_nil(&w->dev->rowner[i]));
	assert_false(uuid_eq(&before, &w->dev->uuid));
	assert_false(uuid_has_zero_octet(&w->dev->uuid));
	assert_int_equal(w->dev->pin.failures, 2);
	assert_int_equal(w->disk.len, 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dos_step__takes_the_steps_of_the_table_and_no_other),
		cmocka_unit_test(dos_step__stores_what_an_owner_could_miss),
		cmocka_unit_test(dos_step__sets_the_entry_values),
		cmocka_unit_test(dos_step__ends_the_doc_flag_in_rfnop_only),
		cmocka_unit_test(svr_ready__wants_owner_identity_and_credentials),
		cmocka_unit_test(dos_wipe__leaves_nothing_of_the_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
