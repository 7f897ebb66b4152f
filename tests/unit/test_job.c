/* fw/job: every row, every pair without a row, and which failure is told. */
#include "test.h"

#include "fw/job.h"

enum {
	NO = JOB_PHASES,
	DISC = JOB_DISCOVERING,
	FETC = JOB_FETCHING,
	VALI = JOB_VALIDATING,
	WAIT = JOB_DEFERRED,
	DOWN = JOB_DOWNLOADING,
	VERI = JOB_VERIFYING,
	INST = JOB_INSTALLING,
	DONE = JOB_DONE,
	FAIL = JOB_FAILED,
};

/* Where each event leads from each phase; NO: nowhere. Written down apart from the code. */
/* clang-format off */
static const uint8_t INSTALL_MAP[JOB_PHASES][JOB_EVENTS] = {
	/*       TRY   EXH   FETC  MISS  BAD   ACC   WAIT  SAME  REF   CLEAR BEGUN BODY  OK    ALL   AGAI  IBAD  COMM  TROU  CANC */
	[DISC] = {FETC, FAIL, NO,   NO,   NO,   NO,   NO,   DONE, NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   FAIL, FAIL},
	[FETC] = {NO,   NO,   VALI, DISC, DISC, NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   FAIL, FAIL},
	[VALI] = {NO,   NO,   NO,   NO,   NO,   DOWN, WAIT, DONE, DISC, NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   FAIL, FAIL},
	[WAIT] = {NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   DOWN, NO,   NO,   NO,   NO,   NO,   NO,   NO,   FAIL, FAIL},
	[DOWN] = {NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   DOWN, VERI, NO,   NO,   DOWN, DISC, NO,   FAIL, FAIL},
	[VERI] = {NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   DOWN, NO,   DOWN, INST, DOWN, DISC, NO,   FAIL, FAIL},
	[INST] = {NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   DONE, FAIL, NO  },
	[DONE] = {NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO  },
	[FAIL] = {NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO  },
};

/* clang-format on */

static uint8_t want(enum job_kind kind, enum job_phase from, enum job_event event)
{
	if (kind == JOB_DOWNLOAD && from == JOB_VERIFYING && event == JOB_ALL_OK)
		return DONE;
	if (kind == JOB_INSTALL || (kind == JOB_DOWNLOAD && from != JOB_INSTALLING))
		return INSTALL_MAP[from][event];
	if (from > JOB_VALIDATING || event == JOB_MUST_WAIT)
		return NO;
	if (from == JOB_VALIDATING && event == JOB_ACCEPTED)
		return DONE;
	return INSTALL_MAP[from][event];
}

static void job_step__takes_the_rows_and_no_other(void **state)
{
	(void)state;
	for (int kind = 0; kind < JOB_KINDS; kind++)
		for (int from = 0; from < JOB_PHASES; from++)
			for (int event = 0; event < JOB_EVENTS; event++) {
				uint8_t to = want((enum job_kind)kind, (enum job_phase)from,
						  (enum job_event)event);
				unsigned fx = 0xdead;
				struct job j;
				bool got;

				job_init(&j, (enum job_kind)kind);
				j.phase = (enum job_phase)from;
				got = job_step(&j, (enum job_event)event, &fx);
				if (got != (to != NO) || (int)j.phase != (got ? to : from))
					fail_msg("%s: event %d in %s leads to %s",
						 JOB_KIND_NAMES[kind], event, JOB_PHASE_NAMES[from],
						 JOB_PHASE_NAMES[j.phase]);
				if (!got)
					assert_int_equal(fx, 0xdead);
				/* The end is told exactly at the end. */
				if (got)
					assert_int_equal((fx & JOB_FX_END) != 0,
							 to == DONE || to == FAIL);
				assert_int_equal(j.result != JOB_RUNNING,
						 got && (to == DONE || to == FAIL));
			}
}

static unsigned step(struct job *j, enum job_event event)
{
	unsigned fx = 0;

	if (!job_step(j, event, &fx))
		fail_msg("event %d in %s", event, JOB_PHASE_NAMES[j->phase]);
	return fx;
}

static void job__installs_two_images_from_the_second_server(void **state)
{
	struct job j;

	(void)state;
	job_init(&j, JOB_INSTALL);
	assert_int_equal(step(&j, JOB_TRY), JOB_FX_FETCH);
	assert_int_equal(step(&j, JOB_MISSING), JOB_FX_NEXT_TRY);
	assert_int_equal(step(&j, JOB_TRY), JOB_FX_FETCH);
	assert_int_equal(step(&j, JOB_FETCHED), JOB_FX_JUDGE);
	assert_int_equal(step(&j, JOB_REFUSED), JOB_FX_NEXT_SERVER);
	assert_int_equal(step(&j, JOB_TRY), JOB_FX_FETCH);
	assert_int_equal(step(&j, JOB_FETCHED), JOB_FX_JUDGE);
	assert_int_equal(step(&j, JOB_MUST_WAIT), JOB_FX_WAIT);
	assert_int_equal(step(&j, JOB_CLEAR), JOB_FX_BEGIN);
	assert_int_equal(step(&j, JOB_BEGUN), JOB_FX_IMAGE);
	assert_int_equal(step(&j, JOB_BODY_END), 0);
	assert_int_equal(step(&j, JOB_IMAGE_OK), JOB_FX_IMAGE);
	assert_int_equal(step(&j, JOB_BODY_END), 0);
	assert_int_equal(step(&j, JOB_ALL_OK), JOB_FX_COMMIT);
	assert_int_equal(step(&j, JOB_COMMITTED), JOB_FX_END);
	assert_int_equal(j.result, JOB_INSTALLED);
	assert_true(j.percent == 100);
}

static void job__ends_a_download_once_verified(void **state)
{
	struct job j;

	(void)state;
	job_init(&j, JOB_DOWNLOAD);
	assert_int_equal(step(&j, JOB_TRY), JOB_FX_FETCH);
	assert_int_equal(step(&j, JOB_FETCHED), JOB_FX_JUDGE);
	assert_int_equal(step(&j, JOB_ACCEPTED), JOB_FX_BEGIN);
	assert_int_equal(step(&j, JOB_BEGUN), JOB_FX_IMAGE);
	assert_int_equal(step(&j, JOB_BODY_END), 0);
	assert_int_equal(step(&j, JOB_ALL_OK), JOB_FX_END);
	assert_int_equal(j.result, JOB_DOWNLOADED);
	assert_string_equal(JOB_RESULT_NAMES[j.result], "downloaded");
}

static void job_note__keeps_what_tells_most(void **state)
{
	static const struct {
		const char *name;
		enum fw_error notes[4];
		enum fw_error want;
		size_t which;
	} ROWS[] = {
		{"nothing",          {0},					   FWE_DISCOVERY_NO_SERVER, 0},
		{"nobody there",     {FWE_FETCH_CONNECT_FAILED},                    FWE_DISCOVERY_NO_SERVER, 0},
		{"a broken server",
		 {FWE_FETCH_CONNECT_FAILED, FWE_FETCH_HTTP_STATUS},
		 FWE_FETCH_HTTP_STATUS,								      1},
		{"a bad manifest",
		 {FWE_FETCH_HTTP_STATUS, FWE_MANIFEST_UNSIGNED, FWE_FETCH_TIMEOUT},
		 FWE_MANIFEST_UNSIGNED,								      1},
		{"the first of two",
		 {FWE_MANIFEST_UNSIGNED, FWE_MANIFEST_EXPIRED},
		 FWE_MANIFEST_UNSIGNED,								      0},
		{"a bad image",
		 {FWE_IMAGE_DIGEST_MISMATCH, FWE_FETCH_CONNECT_FAILED},
		 FWE_IMAGE_DIGEST_MISMATCH,								  0},
		{"no space",         {FWE_MANIFEST_EXPIRED, FWE_INSTALL_NO_SPACE},  FWE_INSTALL_NO_SPACE,    1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct job j;

		job_init(&j, JOB_CHECK);
		for (size_t k = 0; k < ARRAY_SIZE(ROWS[i].notes); k++)
			job_note(&j, ROWS[i].notes[k], k);
		(void)step(&j, JOB_EXHAUSTED);
		if (j.error != ROWS[i].want || j.error_try != ROWS[i].which)
			fail_msg("%s: %s of %zu", ROWS[i].name, fw_error_name(j.error),
				 j.error_try);
	}
}

static void job_note__knows_an_image_that_is_not_there(void **state)
{
	struct job j;

	(void)state;
	job_init(&j, JOB_INSTALL);
	job_note(&j, FWE_FETCH_HTTP_STATUS, 0);
	j.phase = JOB_DOWNLOADING;
	job_note(&j, FWE_FETCH_CONNECT_FAILED, 1);
	assert_int_equal(j.error, FWE_FETCH_CONNECT_FAILED);
	assert_int_equal(j.error_try, 1);
	job_note(&j, FWE_INSTALL_CANCELLED, 1);
	assert_int_equal(j.error, FWE_INSTALL_CANCELLED);
}

static void job_progress__never_falls(void **state)
{
	struct job j;
	double before;

	(void)state;
	job_init(&j, JOB_INSTALL);
	j.total = 1000;
	j.phase = JOB_DOWNLOADING;
	job_progress(&j, 500);
	before = j.percent;
	assert_true(before > 40 && before < 60);
	job_progress(&j, 400);
	assert_true(j.percent >= before && j.octets == 500);
	job_progress(&j, 2000); /* more than there should be */
	assert_true(j.percent <= 98);
	(void)step(&j, JOB_TROUBLE);
	assert_true(j.percent >= before && j.percent < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(job_step__takes_the_rows_and_no_other),
		cmocka_unit_test(job__installs_two_images_from_the_second_server),
		cmocka_unit_test(job__ends_a_download_once_verified),
		cmocka_unit_test(job_note__keeps_what_tells_most),
		cmocka_unit_test(job_note__knows_an_image_that_is_not_there),
		cmocka_unit_test(job_progress__never_falls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
