/* The records of the device: there and back, damaged, and cut off by a loss of power. */
#include "svr_fixture.h"

#define TWO_ACES                                                                                   \
	"{\"aclist2\":[{\"subject\":{\"uuid\":\"" OTHER "\"},\"resources\":[{\"href\":\"/a\"},"    \
	"{\"wc\":\"*\"}],\"permission\":6},{\"subject\":{\"role\":\"r\",\"authority\":\"a\"},"     \
	"\"resources\":[],\"permission\":2}]}"

/* An owned device with something in every record. */
static struct world *world_full(enum dos dos)
{
	struct world *w = world_new();

	to_owned(w);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/sdi",
			      "{\"uuid\":\"" OTHER "\",\"name\":\"home\",\"priv\":true}"),
			 V_CHANGED);
	to_state(w, DOS_RFPRO);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/acl2", TWO_ACES), V_CHANGED);
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	if (dos != DOS_RFPRO)
		to_state(w, dos);
	return w;
}

static void write_all(const struct device *dev, struct buf *ret)
{
	*ret = BUF_INIT(1024 * 1024);
	for (enum svr_record i = 0; i < REC_COUNT; i++)
		svr_record_write(dev, i, ret);
	assert_true(buf_ok(ret));
}

static void svr_start__brings_an_owned_device_back(void **state)
{
	static const enum dos STATES[] = {DOS_RFPRO, DOS_RFNOP, DOS_SRESET};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(STATES); i++) {
		struct world *w = world_full(STATES[i]);
		struct buf before, after;

		write_all(w->dev, &before);
		assert_null(world_start(w));
		assert_int_equal(w->out.records, 0);
		assert_int_equal(device_dos(w->dev), STATES[i]);
		write_all(w->dev, &after);
		assert_int_equal(before.len, after.len);
		assert_memory_equal(before.ptr, after.ptr, after.len);
		assert_string_equal(w->dev->sdi.name, "home");
		assert_int_equal(w->dev->acl.n, 2);
		assert_int_equal(w->dev->cm, STATES[i] == DOS_SRESET);
		buf_done(&before);
		buf_done(&after);
		world_free(w);
	}
}

static void svr_start__begins_anew_without_pstat(void **state)
{
	struct world *w = world_full(DOS_RFNOP);

	(void)state;
	buf_reset(&w->disk[REC_PSTAT]);
	assert_null(world_start(w));
	assert_int_equal(device_dos(w->dev), DOS_RFOTM);
	assert_false(device_owned(w->dev));
	assert_int_equal(w->dev->n_creds, 0);
	assert_int_equal(w->out.records, REC_BIT(REC_PSTAT) - 1); /* what is left is emptied */
	assert_true(w->out.scrub);
	for (size_t i = 0; i < REC_COUNT; i++)
		assert_int_equal(w->disk[i].len, 0);
	assert_null(world_start(w));
	assert_int_equal(w->out.records, 0); /* clean already */
	world_free(w);
}

static void svr_start__draws_a_new_identity_each_time(void **state)
{
	struct world *w = world_new();
	struct uuid before = *device_uuid(w->dev);

	(void)state;
	assert_null(world_start(w));
	assert_false(uuid_eq(device_uuid(w->dev), &before));
	assert_false(uuid_has_zero_octet(device_uuid(w->dev)));
	world_free(w);
}

/* Whatever record is lost, the device is not up for grabs: the owner, or a local reset, repairs. */
static void svr_start__repairs_after_damage(void **state)
{
	static const char *const WHY[REC_COUNT] = {
		[REC_DOXM] = "record doxm is damaged",   [REC_CRED] = "record cred is damaged",
		[REC_ACL2] = "record acl2 is damaged",   [REC_SDI] = "record sdi is damaged",
		[REC_PSTAT] = "record pstat is damaged",
	};

	(void)state;
	for (enum svr_record i = 0; i < REC_COUNT; i++)
		for (int how = 0; how < 4; how++) {
			struct world *w = world_full(DOS_RFNOP);
			struct buf *record = &w->disk[i];
			const char *why;

			if (how == 0)
				record->len--; /* cut */
			else if (how == 1)
				buf_put_byte(record, 0); /* longer */
			else if (how == 2)
				record->ptr[1] = 2; /* of a later version */
			else if (i == REC_PSTAT)
				record->ptr[0] = 0xff; /* an empty one would be no damage */
			else
				buf_reset(record); /* gone */
			why = world_start(w);
			assert_non_null(why);
			assert_string_equal(why, WHY[i]);
			assert_int_equal(device_dos(w->dev), DOS_SRESET);
			assert_true(device_owned(w->dev));
			assert_int_equal(w->out.records, REC_BIT(REC_PSTAT));
			assert_int_equal(multicast(w, "/oic/sec/doxm"), V_IGNORE);
			assert_int_equal(get(w, CLEAR, NULL, "/oic/sec/doxm"), V_UNAUTHORIZED);
			world_free(w);
		}
}

static void svr_start__lets_the_owner_repair(void **state)
{
	struct world *w = world_full(DOS_RFNOP);

	(void)state;
	w->disk[REC_ACL2].len--;
	assert_string_equal(world_start(w), "record acl2 is damaged");
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/pstat", "{\"dos\":{\"s\":2}}"),
			 V_BAD_REQUEST);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2", "{\"rowneruuid\":\"" OBT "\"}"),
			 V_CHANGED);
	assert_null(world_start(w)); /* half repaired is not back in operation */
	assert_int_equal(device_dos(w->dev), DOS_SRESET);
	to_state(w, DOS_RFPRO);
	to_state(w, DOS_RFNOP);
	world_free(w);
}

static void svr_start__repairs_after_contradiction(void **state)
{
	struct world *w = world_full(DOS_RFNOP), *other = world_full(DOS_RFNOP);

	(void)state;
	(void)device_free(other->dev);
	other->dev = device_copy(w->dev);
	other->dev->owned = false;
	buf_reset(&w->disk[REC_DOXM]);
	svr_record_write(other->dev, REC_DOXM, &w->disk[REC_DOXM]);
	assert_string_equal(world_start(w), "records contradict each other");
	assert_int_equal(device_dos(w->dev), DOS_SRESET);
	assert_true(device_owned(w->dev));
	world_free(other);
	world_free(w);
}

/* The network may leave these out; a record may not. */
static void svr_start__wants_whole_entries(void **state)
{
	static const struct {
		enum svr_record record;
		const char *name, *body;
	} CASES[] = {
		{REC_CRED,  "key",
		 "{\"rowneruuid\":\"" OBT "\",\"creds\":[{\"credid\":1,\"credtype\":1,"
		 "\"subjectuuid\":\"" OBT "\",\"privatedata\":{}}]}"               },
		{REC_CRED,  "credid",
		 "{\"rowneruuid\":\"" OBT "\",\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OBT
		 "\",\"privatedata\":{\"data\":h'000102030405060708090a0b0c0d0e0f',"
		 "\"encoding\":\"oic.sec.encoding.raw\"}}]}"                       },
		{REC_ACL2,  "aceid",
		 "{\"rowneruuid\":\"" OBT "\",\"aclist2\":[{\"subject\":{\"uuid\":\"" OBT
		 "\"},\"resources\":[],\"permission\":2}]}"                        },
		{REC_PSTAT, "an owned state",
		 "{\"dos\":{\"s\":1},\"om\":4,\"tm\":0,\"rowneruuid\":\"" OBT "\"}"},
		{REC_DOXM,  "a method",
		 "{\"oxmsel\":4,\"owned\":true,\"deviceuuid\":\"" FINAL "\",\"devowneruuid\":\"" OBT
		 "\",\"rowneruuid\":\"" OBT "\"}"                                  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_full(DOS_RFNOP);
		struct buf *record = &w->disk[CASES[i].record];

		buf_reset(record);
		cbw_array_n(record, 2);
		cbw_uint(record, 1);
		diag(record, CASES[i].body);
		if (!world_start(w) || device_dos(w->dev) != DOS_SRESET)
			fail_msg("without %s", CASES[i].name);
		world_free(w);
	}
}

/* Every flipped octet: no crash, and never an unowned device by accident. */
static void svr_start__survives_any_damage(void **state)
{
	struct world *w = world_full(DOS_RFNOP);

	(void)state;
	for (enum svr_record i = 0; i < REC_COUNT; i++)
		for (size_t at = 0; at < w->disk[i].len; at++) {
			struct span records[REC_COUNT];
			struct svr_out out = {0};
			const char *why;

			for (size_t j = 0; j < REC_COUNT; j++)
				records[j] = buf_span(&w->disk[j]);
			w->disk[i].ptr[at] ^= 0xff;
			assert_int_equal(svr_start(&w->info, records, &w->env, &out, &why), 0);
			w->disk[i].ptr[at] ^= 0xff;
			assert_int_not_equal(device_dos(out.staged), DOS_RFOTM);
			assert_true(device_owned(out.staged));
			(void)device_free(out.staged);
		}
	world_free(w);
}

/* ---- loss of power at every store ---- */

static const char *const TRANSFER[][2] = {
	{"/oic/sec/doxm",  "{\"devowneruuid\":\"" OTHER "\"}"},
	{"/oic/sec/doxm",  "{\"deviceuuid\":\"" FINAL "\"}"  },
	{"/oic/sec/doxm",  "{\"rowneruuid\":\"" OTHER "\"}"  },
	{"/oic/sec/acl2",  "{\"rowneruuid\":\"" OTHER "\"}"  },
	{"/oic/sec/pstat", "{\"rowneruuid\":\"" OTHER "\"}"  },
	{"/oic/sec/cred",
	 "{\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OTHER
	 "\",\"privatedata\":{\"encoding\":\"oic.sec.encoding.raw\",\"data\":h''}}],"
	 "\"rowneruuid\":\"" OTHER "\"}"                     },
	{"/oic/sec/doxm",  "{\"owned\":true}"                },
	{"/oic/sec/pstat", "{\"dos\":{\"s\":2}}"             },
};

/* One life: the first owner resets, a second one takes over. Stops when the power goes. */
static void live(struct world *w)
{
	(void)post(w, LATER, OBT, "/oic/sec/pstat", "{\"dos\":{\"s\":0}}");
	if (!w->no_power)
		(void)world_event(w, EV_RESET_DUE, 0);
	if (!w->no_power)
		to_doc(w);
	for (size_t i = 0; i < ARRAY_SIZE(TRANSFER) && !w->no_power; i++)
		assert_int_equal(post(w, DOC, NULL, TRANSFER[i][0], TRANSFER[i][1]), V_CHANGED);
}

static bool knows(const struct device *dev, const char *subject)
{
	struct uuid uuid = uuid_of(subject);

	return device_cred(dev, &uuid) != NULL;
}

/* The old owner's device, an unowned one, or the new owner's; never a mix of them. */
static void expect_one_of_three(const struct device *dev, size_t stores)
{
	char owner[UUID_TEXT + 1];

	uuid_format(device_owner(dev), owner);
	if (device_dos(dev) == DOS_RFOTM) {
		assert_false(device_owned(dev));
		assert_int_equal(dev->n_creds, 0);
		assert_int_equal(dev->acl.n, 0);
		assert_string_equal(owner, NIL);
		return;
	}
	if (strcmp(owner, OBT) == 0) {
		assert_int_equal(stores, 0);
		assert_int_equal(device_dos(dev), DOS_RFNOP);
		assert_true(knows(dev, OBT) && !knows(dev, OTHER));
		assert_int_equal(dev->acl.n, 2);
	} else {
		assert_string_equal(owner, OTHER);
		assert_int_equal(device_dos(dev), DOS_RFPRO);
		assert_true(knows(dev, OTHER) && !knows(dev, OBT));
		assert_int_equal(dev->acl.n, 0);
		assert_int_equal(dev->sdi.name[0], 0);
	}
}

static void svr_start__finds_one_owner_wherever_the_power_went(void **state)
{
	const size_t all = 1 + REC_COUNT + REC_COUNT; /* reset, scrub, takeover */

	(void)state;
	for (size_t stores = 0; stores <= all; stores++) {
		struct world *w = world_full(DOS_RFNOP);

		w->stores_left = stores;
		live(w);
		assert_int_equal(w->no_power, stores < all);
		assert_null(world_start(w));
		expect_one_of_three(w->dev, stores);
		assert_int_equal(device_owned(w->dev), stores == 0 || stores == all);
		if (!device_owned(w->dev))
			for (size_t i = 0; i < REC_COUNT; i++)
				assert_int_equal(w->disk[i].len, 0); /* no old key is left */
		world_free(w);
	}
}

/* The scrub after a RESET fails: the device is unowned all the same, and the next start repeats it.
 */
static void svr_start__repeats_a_failed_scrub(void **state)
{
	struct world *w = world_full(DOS_RFNOP);

	(void)state;
	to_state(w, DOS_RESET);
	svr_event(w->dev, EV_RESET_DUE, 0, &w->env, &w->out);
	assert_true(w->out.scrub);
	(void)device_free(w->dev);
	w->dev = w->out.staged; /* the daemon logs and goes on */
	w->out.staged = NULL;
	assert_int_not_equal(w->disk[REC_CRED].len, 0);
	assert_null(world_start(w));
	assert_int_equal(w->disk[REC_CRED].len, 0);
	world_free(w);
}

static void svr_record_write__stays_below_its_limit(void **state)
{
	struct world *w = world_full(DOS_RFPRO);
	struct buf body = BUF_INIT(REQ_BODY_MAX), record = BUF_INIT((size_t)2 * 1024 * 1024);

	(void)state;
	buf_put_str(&body,
		    "{\"aclist2\":[{\"subject\":{\"role\":\"r\"},\"permission\":2,\"resources\":[");
	for (int i = 0; i < 32; i++)
		buf_printf(&body, "{\"href\":\"/%0*d\",\"wc\":\"*\"},", 127, 0);
	buf_put_str(&body, "]}]}");
	buf_put_byte(&body, 0);
	while (w->dev->acl.n < ACES_MAX)
		assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2", (const char *)body.ptr),
				 V_CHANGED);
	svr_record_write(w->dev, REC_ACL2, &record);
	assert_true(buf_ok(&record));
	assert_null(world_start(w));
	assert_int_equal(w->dev->acl.n, ACES_MAX);
	buf_done(&record);
	buf_done(&body);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(svr_start__brings_an_owned_device_back),
		cmocka_unit_test(svr_start__begins_anew_without_pstat),
		cmocka_unit_test(svr_start__draws_a_new_identity_each_time),
		cmocka_unit_test(svr_start__repairs_after_damage),
		cmocka_unit_test(svr_start__lets_the_owner_repair),
		cmocka_unit_test(svr_start__repairs_after_contradiction),
		cmocka_unit_test(svr_start__wants_whole_entries),
		cmocka_unit_test(svr_start__survives_any_damage),
		cmocka_unit_test(svr_start__finds_one_owner_wherever_the_power_went),
		cmocka_unit_test(svr_start__repeats_a_failed_scrub),
		cmocka_unit_test(svr_record_write__stays_below_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
