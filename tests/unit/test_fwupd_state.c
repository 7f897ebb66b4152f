/* ocf-fwupd/state: what is stored is what is read, and nothing else is taken for it. */
#include "vector.h"

#include <stdio.h>
#include <sys/stat.h>

#include "daemons/ocf-fwupd/state.h"
#include "store/store.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/ocf-state-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const NAMES[] = {"state", "history", "keys", ".lock", "lock"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, NAMES[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

static struct state *reopen(struct state *s)
{
	const char *name;

	s = state_free(s);
	assert_int_equal(state_open(&s, dir, &name), 0);
	return s;
}

static struct manifest manifest;

static struct fw_judgement judgement(uint64_t sequence, uint64_t security)
{
	manifest = (struct manifest){
		.has = MANIFEST_SEQUENCE | MANIFEST_SECURITY | MANIFEST_KEY_INFO,
		.sequence = sequence,
		.security_version = security,
		.timestamp_us = 1000 * sequence,
		.version = {{2, 0, (uint32_t)sequence}  },
		.digests = { .algs = HASH_BIT(HASH_SHA384), .b[HASH_SHA384] = {1, 2, 3}},
	};
	return (struct fw_judgement){
		.sha256 = {9, 8, 7},
                  .manifest = &manifest
        };
}

static void state__comes_back_as_it_was(void **state)
{
	struct fw_judgement j = judgement(7, 3);
	struct state_entry e = {.time_s = 11,
				.usec = 12,
				.octets = 13,
				.kind = JOB_INSTALL,
				.result = ENTRY_REFUSED,
				.error = FWE_MANIFEST_EXPIRED,
				.from = "1.0.0",
				.to = "2.0.7",
				.source = DISCOVER_MANUFACTURER,
				.url = "http://h/m",
				.job = 14,
				.first = 15,
				.uid = 16,
				.transaction = "T-1",
				.digest = "00ff",
				.signer = "a b",
				.text = "why"};
	struct state *s = reopen(NULL);

	(void)state;
	assert_false(s->accepted.any);
	state_accept(s, &j);
	s->last_check_s = 5;
	s->clock_us = 6;
	s->failures = 2;
	s->freeze[DISCOVER_LOCAL] = (struct freeze){7, 8, 9};
	state_add(s, &e);
	assert_int_equal(state_save(s), 0);
	assert_int_equal(state_save_history(s), 0);
	s = reopen(s);
	assert_true(s->accepted.any);
	assert_int_equal(s->accepted.seen, MANIFEST_SEQUENCE);
	assert_int_equal(s->accepted.sequence, 7);
	assert_int_equal(s->accepted.timestamp_us, 7000);
	assert_int_equal(s->accepted.security, 3);
	assert_int_equal(s->accepted.floor, 0);
	assert_int_equal(fw_version_cmp(&s->accepted.version, &manifest.version), 0);
	assert_memory_equal(s->accepted.sha256, j.sha256, 32);
	assert_memory_equal(&s->accepted.digests, &manifest.digests, sizeof(manifest.digests));
	assert_int_equal(s->last_check_s, 5);
	assert_int_equal(s->clock_us, 6);
	assert_int_equal(s->failures, 2);
	assert_int_equal(s->freeze[DISCOVER_LOCAL].newest_us, 7);
	assert_int_equal(s->freeze[DISCOVER_LOCAL].since_s, 8);
	assert_int_equal(s->freeze[DISCOVER_LOCAL].told_s, 9);
	assert_int_equal(s->freeze[DISCOVER_MANUFACTURER].since_s, 0);
	assert_int_equal(s->n, 1);
	assert_memory_equal(&s->history[0], &e, sizeof(e));
	state_free(s);
}

static void state_accept__never_forgets(void **state)
{
	struct fw_judgement j = judgement(7, 3);
	struct state *s = reopen(NULL);

	(void)state;
	state_accept(s, &j);
	j = judgement(5, 0);
	manifest.has = MANIFEST_EXPIRES;
	state_accept(s, &j);
	assert_int_equal(s->accepted.seen, MANIFEST_SEQUENCE | MANIFEST_EXPIRES);
	assert_int_equal(s->accepted.sequence, 7);
	assert_int_equal(s->accepted.timestamp_us, 7000);
	assert_int_equal(s->accepted.security, 0);
	state_free(s);
}

static void state_runs__raises_the_floor_only_when_it_runs(void **state)
{
	struct fw_judgement j = judgement(7, 3);
	struct state *s = reopen(NULL);

	(void)state;
	assert_false(state_runs(s, &(struct fw_version){
					   {2, 0, 7}
        }));
	state_accept(s, &j);
	assert_false(state_runs(s, &(struct fw_version){
					   {1, 0, 0}
        }));
	assert_int_equal(s->accepted.floor, 0);
	assert_true(state_runs(s, &(struct fw_version){
					  {2, 0, 7}
        }));
	assert_int_equal(s->accepted.floor, 3);
	assert_false(state_runs(s, &(struct fw_version){
					   {2, 0, 7}
        }));
	j = judgement(8, 1);
	state_accept(s, &j);
	assert_false(state_runs(s, &manifest.version));
	assert_int_equal(s->accepted.floor, 3);
	state_free(s);
}

static void state_add__keeps_the_newest(void **state)
{
	struct state_entry e = {.kind = JOB_INSTALL, .result = JOB_INSTALLED, .source = -1};
	struct state *s = reopen(NULL);

	(void)state;
	for (uint64_t i = 0; i < STATE_HISTORY_MAX + 10; i++) {
		e.time_s = i;
		memset(e.url, 'u', URL_MAX);
		memset(e.signer, 's', ENTRY_SIGNER - 1);
		memset(e.text, '"', ENTRY_TEXT - 1);
		state_add(s, &e);
	}
	assert_int_equal(s->n, STATE_HISTORY_MAX);
	assert_int_equal(s->history[0].time_s, STATE_HISTORY_MAX + 9);
	assert_int_equal(s->history[STATE_HISTORY_MAX - 1].time_s, 10);
	assert_int_equal(state_save_history(s), 0); /* the longest one fits into a record */
	s = reopen(s);
	assert_int_equal(s->n, STATE_HISTORY_MAX);
	state_free(s);
}

/* A job from its first to its last entry. */
static void run_job(struct state *s, struct state_entry *e, enum job_result result)
{
	e->first = e->job = state_last_job(s) + 1;
	e->result = JOB_RUNNING;
	state_add(s, e);
	e->result = result;
	state_end(s, e);
}

static void state_end__counts_quiet_checks_once(void **state)
{
	struct state_entry e = {.kind = JOB_CHECK, .source = -1};
	struct state *s = reopen(NULL);

	(void)state;
	for (e.time_s = 1; e.time_s < 10; e.time_s++)
		run_job(s, &e, JOB_NO_UPDATE);
	assert_int_equal(s->n, 1);
	assert_int_equal(s->history[0].time_s, 9);
	assert_int_equal(s->history[0].first, 1);
	assert_int_equal(s->history[0].job, 9);
	assert_ptr_equal(state_find(s, 1), &s->history[0]);
	assert_ptr_equal(state_find(s, 9), &s->history[0]);
	assert_null(state_find(s, 10));
	assert_null(state_find(s, 0));
	run_job(s, &e, JOB_ERROR);
	run_job(s, &e, JOB_NO_UPDATE);
	assert_int_equal(s->n, 3);
	(void)snprintf(e.transaction, sizeof(e.transaction), "mine"); /* shall be found again */
	run_job(s, &e, JOB_NO_UPDATE);
	assert_int_equal(s->n, 4);
	e.kind = JOB_INSTALL;
	run_job(s, &e, JOB_NO_UPDATE);
	run_job(s, &e, JOB_NO_UPDATE);
	assert_int_equal(s->n, 6);
	assert_int_equal(state_last_job(s), 14);
	state_free(s);
}

static void state_add_below__leaves_the_job_under_way_on_top(void **state)
{
	struct state_entry e = {.kind = JOB_INSTALL, .job = 7, .first = 7, .source = -1};
	struct state *s = reopen(NULL);

	(void)state;
	state_add(s, &e);
	e.result = ENTRY_REFUSED;
	for (e.time_s = 1; e.time_s < 2 * STATE_HISTORY_MAX; e.time_s++)
		state_add_below(s, &e);
	assert_int_equal(s->n, STATE_HISTORY_MAX);
	assert_int_equal(s->history[0].result, JOB_RUNNING);
	assert_int_equal(s->history[1].time_s, 2 * STATE_HISTORY_MAX - 1);
	assert_ptr_equal(state_find(s, 7), &s->history[0]);
	state_free(s);
}

static void put_recorded(const char *name)
{
	struct store *store = NULL;
	struct buf record;
	char path[64];

	(void)snprintf(path, sizeof(path), "records/fwupd-1/%s", name);
	record = vector_read(path);
	assert_int_equal(store_open(&store, dir), 0);
	assert_int_equal(store_put(store, name, buf_span(&record)), 0);
	store_free(store);
	buf_done(&record);
}

/* tests/vectors/records: what the first program that there was finds when it comes back. */
static void state_confirm__raises_the_formats(void **state)
{
	struct state_entry offline = {.kind = JOB_INSTALL, .source = DISCOVER_OFFLINE};
	struct state *s;
	size_t n;

	(void)state;
	put_recorded("state");
	put_recorded("history");
	put_recorded("keys");
	s = reopen(NULL);
	assert_int_equal(s->accepted.sequence, 1); /* a check accepts nothing */
	assert_true(s->keys.len > 0);
	n = s->n;
	assert_int_equal(n, 3);
	assert_string_equal(s->history[1].to, "2.0.0");
	state_add(s, &offline);
	assert_int_equal(state_save(s), 0);
	assert_int_equal(state_save_history(s), 0);
	s = reopen(s);
	assert_int_equal(s->history_format, 1);
	assert_int_equal(s->n, n); /* the first program could not have read all else */
	state_add(s, &offline);
	assert_int_equal(state_confirm(s), 0);
	s = reopen(s);
	assert_int_equal(s->history_format, ENTRY_NEWEST);
	assert_int_equal(s->n, n + 1);
	assert_int_equal(s->history[0].source, DISCOVER_OFFLINE);
	assert_string_equal(s->history[2].to, "2.0.0");
	state_add(s, &offline);
	assert_int_equal(state_save_history(s), 0); /* on trial again: what was found stays */
	s = reopen(s);
	assert_int_equal(s->history_format, ENTRY_NEWEST);
	assert_int_equal(s->n, n + 2);
	state_free(s);
}

static void state_read_history__leaves_out_what_it_does_not_understand(void **state)
{
	static const struct {
		const char *kind, *source, *result;
	} ROWS[] = {
		{"install", "local", "installed"},
                {"polish",  "local", "installed"},
		{"install", "moon",  "installed"},
                {"install", "local", "glorious" },
		{"check",   "",      "no-update"},
	};
	struct buf text = BUF_INIT(4096);
	struct state *s = reopen(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		buf_printf(
			&text,
			"%s{\"time\":1,\"usec\":2,\"octets\":3,\"kind\":\"%s\",\"source\":\"%s\","
			"\"result\":\"%s\",\"error\":\"\",\"from\":\"\",\"to\":\"\",\"url\":\"\"}",
			i == 0 ? "{\"format\":2,\"entries\":[" : ",", ROWS[i].kind, ROWS[i].source,
			ROWS[i].result);
	buf_put_str(&text, "]}");
	assert_true(state_read_history(s, buf_span(&text)));
	assert_int_equal(s->n, 2);
	assert_int_equal(s->history[0].kind, JOB_INSTALL);
	assert_int_equal(s->history[1].source, -1);
	buf_done(&text);
	state_free(s);
}

static void state_read_history__takes_what_older_programs_wrote(void **state)
{
	static const char OLD[] = "{\"entries\":[{\"time\":1,\"usec\":2,\"octets\":3,\"kind\":1,"
				  "\"result\":\"installed\",\"error\":\"\",\"from\":\"1.0.0\","
				  "\"to\":\"2.0.0\",\"source\":0,\"url\":\"http://h/\"}],"
				  "\"format\":1}";
	struct state *s = reopen(NULL);

	(void)state;
	assert_true(state_read_history(s, span_str(OLD)));
	assert_int_equal(s->n, 1);
	assert_int_equal(s->history[0].octets, 3);
	assert_int_equal(s->history[0].job, 0);
	assert_int_equal(s->history[0].uid, ENTRY_TIMER);
	assert_string_equal(s->history[0].transaction, "");
	assert_null(state_find(s, 0));
	state_free(s);
}

#define REST "\"floor\":0,\"lastCheck\":0,\"clock\":0,\"failures\":0}"

static void state_read__refuses_what_it_did_not_write(void **state)
{
	static const struct {
		const char *name, *text;
		bool want;
	} ROWS[] = {
		{"bare",                   "{\"format\":1," REST,                          true },
		{"format of the future",   "{\"format\":2," REST,                          false},
		{"no format",              "{" REST,                                       false},
		{"missing member",         "{\"format\":1,\"floor\":0}",                   false},
		{"a suspicion",
		 "{\"format\":1,\"local\":{\"newest\":1,\"since\":2,\"told\":0}," REST,    true },
		{"no time in a suspicion",
		 "{\"format\":1,\"local\":{\"newest\":1,\"told\":0}," REST,                false},
		{"negative floor",
		 "{\"format\":1,\"floor\":-1,\"lastCheck\":0,\"clock\":0,\"failures\":0}", false},
		{"accepted is empty",      "{\"format\":1,\"accepted\":{}," REST,          false},
		{"accepted is no object",  "{\"format\":1,\"accepted\":7," REST,           false},
		{"cut",                    "{\"format\":1,\"floor\":0",                    false},
		{"empty",                  "",					     false},
		{"not an object",          "[]",					   false},
	};
	static struct state s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (state_read(&s, span_str(ROWS[i].text)) != ROWS[i].want)
			fail_msg("%s", ROWS[i].name);
}

static int open_with(const char *record, const char *text, struct state **ret)
{
	struct store *store = NULL;
	const char *name = NULL;
	int r;

	assert_int_equal(store_open(&store, dir), 0);
	assert_int_equal(store_put(store, record, span_str(text)), 0);
	store_free(store);
	r = state_open(ret, dir, &name);
	if (r < 0)
		assert_string_equal(name, record);
	return r;
}

static void state_open__begins_a_damaged_history_anew(void **state)
{
	struct state *s = NULL;

	(void)state;
	assert_int_equal(open_with("history", "{\"format\":1,\"entries\":[{}]}", &s), 0);
	assert_int_equal(s->n, 0);
	state_free(s);
}

static void state_open__refuses_a_damaged_guard_against_old_firmware(void **state)
{
	struct state *s = NULL;

	(void)state;
	assert_int_equal(open_with("state", "{\"format\":1}", &s), -EBADMSG);
	assert_null(s);
}

/* Manifest 1 brought what runs, manifest 2 what is on trial. */
static struct state *on_trial(void)
{
	struct fw_judgement j = judgement(1, 3);
	const char *name;
	struct state *s;

	assert_int_equal(state_open(&s, dir, &name), 0);
	state_accept(s, &j);
	assert_true(state_runs(s, &manifest.version));
	assert_false(state_runs(s, &manifest.version));
	j = judgement(2, 5);
	j.sha256[0] = 2;
	state_accept(s, &j);
	s->trial = (struct state_trial){.state = TRIAL_ON,
					.slot = "b",
					.boot = "boot-1",
					.from = "2.0.1",
					.to = "2.0.2",
					.deadline_us = 77,
					.restarts = 2,
					.deferred = true,
					.reason = "why",
					.accepted = s->accepted};
	assert_int_equal(state_save(s), 0);
	return reopen(s);
}

static void state__remembers_a_trial(void **state)
{
	struct state *s = on_trial();

	(void)state;
	assert_int_equal(s->trial.state, TRIAL_ON);
	assert_string_equal(s->trial.slot, "b");
	assert_string_equal(s->trial.boot, "boot-1");
	assert_string_equal(s->trial.from, "2.0.1");
	assert_string_equal(s->trial.to, "2.0.2");
	assert_string_equal(s->trial.reason, "why");
	assert_int_equal(s->trial.deadline_us, 77);
	assert_int_equal(s->trial.restarts, 2);
	assert_true(s->trial.deferred);
	assert_int_equal(s->trial.accepted.sequence, 2);
	assert_int_equal(s->settled.sequence, 1);
	assert_int_equal(s->accepted.sequence, 2);
	assert_int_equal(s->accepted.floor, 3);
	state_free(s);
}

static void state_keep__raises_the_floor(void **state)
{
	struct state *s = on_trial();

	(void)state;
	state_keep(s);
	assert_int_equal(state_save(s), 0);
	s = reopen(s);
	assert_int_equal(s->accepted.floor, 5);
	assert_int_equal(s->settled.sequence, 2);
	assert_int_equal(s->trial.state, TRIAL_NONE);
	assert_false(s->rejected.any);
	state_free(s);
}

static void state_roll_back__lets_the_old_manifest_count_again(void **state)
{
	struct fw_judgement bad, repacked, next;
	struct state *s = on_trial();

	(void)state;
	state_roll_back(s);
	assert_int_equal(state_save(s), 0);
	s = reopen(s);
	assert_int_equal(s->accepted.floor, 3);
	assert_int_equal(s->accepted.sequence, 1);
	assert_int_equal(s->accepted.sha256[0], 9);
	assert_int_equal(s->trial.state, TRIAL_NONE);
	bad = judgement(2, 5);
	bad.sha256[0] = 2;
	assert_true(state_is_rejected(s, &bad));
	repacked = judgement(2, 5); /* other octets, the same images */
	assert_true(state_is_rejected(s, &repacked));
	state_accept(s, &repacked); /* somebody insisted */
	assert_true(s->rejected.any);
	next = judgement(3, 5);
	assert_false(state_is_rejected(s, &next));
	state_accept(s, &next);
	assert_false(s->rejected.any);
	state_free(s);
}

/* Nothing that is older than what was given up may be played back now. */
static void state_roll_back__forgets_no_order(void **state)
{
	struct state *s = on_trial();
	struct fw_judgement bad = judgement(20, 5);

	(void)state;
	for (int first = 0; first < 2; first++) {
		bad.sha256[0] = 20;
		state_accept(s, &bad);
		s->trial.accepted = s->accepted;
		if (first)
			s->settled = (struct state_accepted){0}; /* nothing was ever confirmed */
		state_roll_back(s);
		assert_int_equal(state_save(s), 0);
		s = reopen(s);
		assert_true(s->accepted.any);
		assert_int_equal(s->accepted.sequence, 19); /* 20 itself may be insisted on */
		assert_int_equal(s->accepted.timestamp_us, 20000);
		assert_true((s->accepted.seen & MANIFEST_SEQUENCE) != 0);
		assert_int_equal(s->accepted.sha256[0], first ? 0 : 9);
		assert_int_equal(s->accepted.floor, 3);
	}
	state_free(s);
}

/* What came in between is not the trial's to judge. */
static void state_roll_back__leaves_a_newer_manifest_alone(void **state)
{
	struct state *s = on_trial();
	struct fw_judgement j = judgement(4, 9);

	(void)state;
	j.sha256[0] = 4;
	state_accept(s, &j);
	state_roll_back(s);
	assert_int_equal(s->accepted.sequence, 4);
	assert_int_equal(s->accepted.floor, 3);
	s = reopen(s);
	j = judgement(4, 9);
	j.sha256[0] = 4;
	state_accept(s, &j);
	state_keep(s);
	assert_int_equal(s->accepted.floor, 5); /* not 9: that never ran */
	state_free(s);
}

static void state_read__refuses_a_trial_that_is_none(void **state)
{
	static const char *const TRIALS[] = {
		"{}",
		"7",
		"{\"state\":\"none\"}",
		"{\"state\":\"trial\",\"slot\":\"a\",\"boot\":\"b\",\"from\":\"\",\"to\":\"\","
		"\"reason\":\"\"}",
		"{\"state\":\"trial\",\"slot\":\"a\",\"boot\":\"b\",\"from\":\"\",\"to\":\"\","
		"\"reason\":\"\",\"deadline\":-1}",
		"{\"state\":\"trial\",\"slot\":\"a\",\"boot\":\"b\",\"from\":\"\",\"to\":\"\","
		"\"reason\":\"\",\"deadline\":0,\"accepted\":{}}",
	};
	static const char FORM[] = "{\"format\":1,\"floor\":0,\"lastCheck\":0,\"clock\":0,"
				   "\"failures\":0,\"trial\":%s}";
	struct state s = {0};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TRIALS); i++) {
		(void)snprintf(text, sizeof(text), FORM, TRIALS[i]);
		if (state_read(&s, span_str(text)))
			fail_msg("%s", text);
	}
	(void)snprintf(text, sizeof(text), FORM,
		       "{\"state\":\"pending\",\"slot\":\"a\",\"boot\":\"b\",\"from\":\"\","
		       "\"to\":\"\",\"reason\":\"\",\"deadline\":0}");
	assert_true(state_read(&s, span_str(text)));
	assert_int_equal(s.trial.state, TRIAL_PENDING);
}

static void state_keep_time__only_goes_forward_and_by_a_clock_that_is_right(void **state)
{
	struct state *s = NULL;

	(void)state;
	s = reopen(s);
	assert_false(state_keep_time(s, false, 5000));
	assert_true(state_keep_time(s, true, 4000));
	assert_false(state_keep_time(s, true, 4000));
	assert_false(state_keep_time(s, true, 3000));
	assert_false(state_keep_time(s, false, 5000));
	assert_int_equal(state_save(s), 0);
	s = reopen(s);
	assert_int_equal(s->clock_us, 4000);
	s = state_free(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(state__comes_back_as_it_was),
		TEST(state_accept__never_forgets),
		TEST(state_runs__raises_the_floor_only_when_it_runs),
		TEST(state_add__keeps_the_newest),
		TEST(state_end__counts_quiet_checks_once),
		TEST(state_add_below__leaves_the_job_under_way_on_top),
		TEST(state_confirm__raises_the_formats),
		TEST(state_read_history__leaves_out_what_it_does_not_understand),
		TEST(state_read_history__takes_what_older_programs_wrote),
		TEST(state_read__refuses_what_it_did_not_write),
		TEST(state_open__begins_a_damaged_history_anew),
		TEST(state_open__refuses_a_damaged_guard_against_old_firmware),
		TEST(state__remembers_a_trial),
		TEST(state_keep_time__only_goes_forward_and_by_a_clock_that_is_right),
		TEST(state_keep__raises_the_floor),
		TEST(state_roll_back__lets_the_old_manifest_count_again),
		TEST(state_roll_back__forgets_no_order),
		TEST(state_roll_back__leaves_a_newer_manifest_alone),
		TEST(state_read__refuses_a_trial_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
