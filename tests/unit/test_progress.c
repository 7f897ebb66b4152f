/* ocfctl: progress.c, the course of a job in one line. */
#include "test.h"

#include "progress.h"

#define MIB (1024 * 1024)

static struct jsn *job_of(const char *phase, int percent, int64_t done, int64_t total, int64_t rate,
			  int64_t eta_s)
{
	struct jsn *job = jsn_new_object();

	jsn_set_str(job, "Phase", phase);
	jsn_set_int(job, "Percent", percent);
	jsn_set_int(job, "BytesDone", done);
	jsn_set_int(job, "BytesTotal", total);
	jsn_set_int(job, "Rate", rate);
	jsn_set(job, "Eta", eta_s < 0 ? jsn_new_null() : jsn_new_int(eta_s * 1000000));
	return job;
}

static const struct {
	const char *name, *phase;
	int percent;
	int64_t done, total, rate, eta_s;
	unsigned columns;
	const char *bar, *line;
} ROWS[] = {
	{"nothing known",     "discovering", 0,    0,        0,         0,   -1,        80,
	 "discovering  [----------------------------]   0 %",                                                        "discovering"                                    },
	{"in the middle",     "downloading", 50,   15 * MIB, 30 * MIB,  MIB, 15,        80,
	 "downloading  [#########----------]  50 %  15.0 of 30.0 MiB  1.0 MiB/s  0:15 left",			 "downloading 50 %, 15.0 of 30.0 MiB, 1.0 MiB/s"  },
	{"a slow link",       "downloading", 1,    MIB,      100 * MIB, 900, 115344,    100,
	 "downloading  [----------------------------]   1 %  1.0 of 100.0 MiB  900 octets/s  "
	 "32:02:24 left",											    "downloading 1 %, 1.0 of 100.0 MiB, 900 octets/s"},
	{"no forecast",       "downloading", 1,    MIB,      100 * MIB, 1,   100000000, 100,
	 "downloading  [----------------------------]   1 %  1.0 of 100.0 MiB  1 octets/s",			  "downloading 1 %, 1.0 of 100.0 MiB, 1 octets/s"  },
	{"length not told",   "downloading", 7,    MIB,      0,         0,   -1,        60,
	 "downloading  [#---------------------------]   7 %  1.0 MiB",                                               "downloading"                                    },
	{"all there",         "installing",  100,  MIB,      MIB,       0,   0,         60,
	 "installing   [#######################] 100 %  1.0 of 1.0 MiB",					     "installing 100 %, 1.0 of 1.0 MiB"               },
	{"nonsense",          "downloading", 4000, -5,       0,         -1,  -1,        60,
	 "downloading  [############################] 100 %",                                                        "downloading"                                    },
	{"a narrow terminal", "downloading", 50,   MIB,      2 * MIB,   0,   -1,        20,  "downloading  []  50 ",
	 "downloading 50 %, 1.0 of 2.0 MiB"															   },
};

static void progress__says_what_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct jsn *job = job_of(ROWS[i].phase, ROWS[i].percent, ROWS[i].done,
					 ROWS[i].total, ROWS[i].rate, ROWS[i].eta_s);
		char line[PROGRESS_LINE];

		progress_bar(job, ROWS[i].columns, line);
		if (strcmp(line, ROWS[i].bar) != 0)
			fail_msg("%s: %s", ROWS[i].name, line);
		progress_line(job, line);
		if (strcmp(line, ROWS[i].line) != 0)
			fail_msg("%s: %s", ROWS[i].name, line);
		(void)jsn_free(job);
	}
}

static void progress__survives_an_empty_and_an_endless_job(void **state)
{
	char line[PROGRESS_LINE], phase[1000];
	struct jsn *job = jsn_new_object();

	(void)state;
	progress_bar(job, 80, line);
	progress_line(job, line);
	assert_string_equal(line, "");
	assert_false(progress_is_news(job, "", 0));
	memset(phase, 'x', sizeof(phase) - 1);
	phase[sizeof(phase) - 1] = '\0';
	jsn_set_str(job, "Phase", phase);
	jsn_set_int(job, "BytesDone", INT64_MAX);
	jsn_set_int(job, "BytesTotal", INT64_MAX);
	jsn_set_int(job, "Rate", INT64_MAX);
	progress_bar(job, 5000, line);
	assert_in_range(strlen(line), 80, PROGRESS_LINE - 1);
	(void)jsn_free(job);
}

static void progress_is_news__is_a_phase_or_a_tenth(void **state)
{
	struct jsn *job = job_of("downloading", 42, 0, 0, 0, -1);

	(void)state;
	assert_true(progress_is_news(job, "discovering", 42));
	assert_true(progress_is_news(job, "downloading", 39));
	assert_false(progress_is_news(job, "downloading", 40));
	(void)jsn_free(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(progress__says_what_is_known),
		cmocka_unit_test(progress__survives_an_empty_and_an_endless_job),
		cmocka_unit_test(progress_is_news__is_a_phase_or_a_tenth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
