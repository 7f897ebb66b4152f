/* ocfctl fw status, history, last, confirm, reject. */
#include <stdio.h>
#include <time.h>

#include "outcome.h"
#include "progress.h"

#define HISTORY_MAX 64
#define TIMER_UID   INT64_C(4294967295) /* as initiator: nobody asked */

static void format_time(const struct jsn *v, char ret[32])
{
	time_t t = (time_t)jsn_int(v);
	struct tm tm;

	(void)snprintf(ret, 32, "never");
	if (t > 0 && gmtime_r(&t, &tm))
		(void)strftime(ret, 32, "%Y-%m-%d %H:%M:%SZ", &tm);
}

static void print_time(const char *label, const struct jsn *v)
{
	char when[32];

	format_time(v, when);
	(void)printf("%-12s%s\n", label, when);
}

static void print_unless_empty(const char *label, const char *value)
{
	if (value[0])
		(void)printf("%-12s%s\n", label, value);
}

/* ---- status ---- */

static void print_trial(const struct jsn *f)
{
	int64_t left = jsn_int(jsn_get(f, "BootAttemptsLeft"));

	print_unless_empty("Waits for", ctl_text(f, "TrialWaitsFor"));
	if (strcmp(ctl_text(f, "State"), "trial") != 0)
		return;
	(void)printf("%-12sof this version", "Trial");
	if (left > 0)
		(void)printf(", %d boots left", (int)left);
	(void)printf("\n");
	if (jsn_int(jsn_get(f, "TrialDeadline")) > 0)
		print_time("Until", jsn_get(f, "TrialDeadline"));
}

static void print_inhibitors(const struct jsn *list)
{
	for (size_t i = 0; i < jsn_len(list); i++) {
		const struct jsn *row = jsn_at(list, i);

		(void)printf("%-12s%s by %s: %s\n", "Held up", jsn_str(jsn_at(row, 0)),
			     jsn_str(jsn_at(row, 1)), jsn_str(jsn_at(row, 2)));
	}
}

/* NULL: none is under way. */
static void print_job(const struct jsn *job)
{
	char line[PROGRESS_LINE];

	if (!job)
		return;
	progress_line(job, line);
	(void)printf("%-12s%s %s; `ocfctl fw wait %s` watches it\n", "Job", ctl_text(job, "number"),
		     line, ctl_text(job, "number"));
	print_unless_empty("Waits for", ctl_text(job, "Text"));
}

static void print_status(const struct jsn *f, const struct jsn *job)
{
	(void)printf("%-12s%s %s\n", "Device", ctl_text(f, "Manufacturer"), ctl_text(f, "Model"));
	(void)printf("%-12s%s\n", "Version",
		     ctl_text(f, "CurrentVersion")[0] ? ctl_text(f, "CurrentVersion")
						      : "none is known");
	print_unless_empty("Pending", ctl_text(f, "PendingVersion"));
	print_unless_empty("Available", ctl_text(f, "AvailableVersion"));
	(void)printf("%-12s%s\n", "State", ctl_text(f, "State"));
	print_job(job);
	print_trial(f);
	print_unless_empty("Source", ctl_text(f, "ManifestSource"));
	print_unless_empty("Manifest", ctl_text(f, "ManifestUrl"));
	if (jsn_int(jsn_get(f, "SecurityFloor")) > 0)
		(void)printf("%-12s%lld\n", "Floor",
			     (long long)jsn_int(jsn_get(f, "SecurityFloor")));
	print_time("Last check", jsn_get(f, "LastCheck"));
	if (jsn_int(jsn_get(f, "NextCheck")) > 0)
		print_time("Next check", jsn_get(f, "NextCheck"));
	if (jsn_type(jsn_get(f, "ClockTrusted")) == JSN_BOOL &&
	    !jsn_bool(jsn_get(f, "ClockTrusted")))
		(void)printf(
			"%-12sclock-untrusted: dates are judged by the last one that is certain\n",
			"Clock");
	print_inhibitors(jsn_get(f, "Inhibitors"));
	print_unless_empty("Last error", ctl_text(f, "LastError"));
	print_unless_empty("At", ctl_text(f, "LastErrorServer"));
	print_unless_empty("Next step", outcome_advice(ctl_text(f, "LastError")));
}

/* The properties of the job under way, with its number; NULL: there is none, or none any more. */
static struct jsn *get_job(struct ctl *ctl, const char *path)
{
	const struct client_object o = {CTL_FIRMWARE.name, path, JOB_INTERFACE};
	struct client_error error;
	struct jsn *job;

	if (ctl_job_number(path) == 0)
		return NULL;
	job = ctl_properties(ctl, &o, &error);
	if (job)
		jsn_set_str(job, "number", path + strlen(JOB_PATH));
	return job;
}

enum ctl_exit ctl_fw_status(struct ctl *ctl)
{
	struct jsn *job CLEANUP(jsn_freep) = NULL;
	struct client_error error;
	struct jsn *f = ctl_properties(ctl, &CTL_FIRMWARE, &error);

	if (!f)
		return ctl_fail(ctl, "fw status", -EHOSTUNREACH, &error);
	if (ctl->json) {
		jsn_set_str(f, "Advice", outcome_advice(ctl_text(f, "LastError")));
		ctl_print_json(f);
		return CTL_OK;
	}
	job = get_job(ctl, ctl_text(f, "Job"));
	print_status(f, job);
	(void)jsn_free(f);
	return CTL_OK;
}

/* ---- history ---- */

struct history {
	struct jsn *list;
	struct jsn *entry; /* the last one of the list */
};

static void on_history(void *arg, const char *key, const struct client_value *value)
{
	struct history *h = arg;

	if (key) {
		ctl_collect(h->entry, key, value);
		return;
	}
	h->entry = jsn_new_object();
	jsn_add(h->list, h->entry);
}

/* NULL: *ret_status says why. */
static struct jsn *get_history(struct ctl *ctl, const char *verb, enum ctl_exit *ret_status)
{
	struct history h = {.list = jsn_new_array()};
	struct client_error error = {0};
	const struct client_in in = {.kind = CLIENT_NUMBER, .number = HISTORY_MAX};
	int r = client_call(ctl->client, &CTL_FIRMWARE, "GetHistory", &in, on_history, &h, &error);

	if (r < 0) {
		*ret_status = ctl_fail(ctl, verb, r, &error);
		return jsn_free(h.list);
	}
	return h.list;
}

static void print_origin(const struct jsn *e)
{
	int64_t octets = jsn_int(jsn_get(e, "bytes"));

	if (jsn_int(jsn_get(e, "job")) == 0)
		return; /* the end of a trial, which is nobody's job */
	(void)printf("    %lld octets in %.1f s", (long long)octets,
		     (double)jsn_int(jsn_get(e, "usec")) / 1e6);
	if (ctl_text(e, "source")[0])
		(void)printf(", %s", ctl_text(e, "source"));
	if (jsn_get(e, "initiator") && jsn_int(jsn_get(e, "initiator")) == TIMER_UID)
		(void)printf(", by the timer");
	else if (jsn_get(e, "initiator"))
		(void)printf(", by user %lld", (long long)jsn_int(jsn_get(e, "initiator")));
	(void)printf("\n");
}

static void print_detail(const char *label, const char *value)
{
	if (value[0])
		(void)printf("    %s %s\n", label, value);
}

static void print_entry(const struct jsn *e)
{
	char when[32];

	format_time(jsn_get(e, "time"), when);
	(void)printf("%s  %-9s%s", when, ctl_text(e, "kind"),
		     ctl_text(e, "result")[0] ? ctl_text(e, "result") : "under way");
	if (ctl_text(e, "to")[0])
		(void)printf("  %s", ctl_text(e, "to"));
	if (ctl_text(e, "error")[0])
		(void)printf("  %s", ctl_text(e, "error"));
	if (jsn_int(jsn_get(e, "job")) > 0)
		(void)printf("  (job %lld)", (long long)jsn_int(jsn_get(e, "job")));
	(void)printf("\n");
	print_origin(e);
	print_detail("from", ctl_text(e, "url"));
	print_detail("manifest sha256", ctl_text(e, "digest"));
	print_detail("signed by", ctl_text(e, "signer"));
	print_detail("transaction", ctl_text(e, "transaction-id"));
	print_detail("because", ctl_text(e, "text"));
}

enum ctl_exit ctl_fw_history(struct ctl *ctl)
{
	enum ctl_exit status = CTL_FAILED;
	struct jsn *list = get_history(ctl, "fw history", &status);

	if (!list)
		return status;
	if (ctl->json) {
		ctl_print_json(list);
		return CTL_OK;
	}
	for (size_t i = 0; i < jsn_len(list); i++)
		print_entry(jsn_at(list, i));
	(void)jsn_free(list);
	return CTL_OK;
}

/* The last job itself, whatever servers were passed over on its way. */
enum ctl_exit ctl_fw_last(struct ctl *ctl)
{
	enum ctl_exit status = CTL_FAILED;
	struct jsn *list CLEANUP(jsn_freep) = get_history(ctl, "fw last", &status);
	const struct jsn *e = NULL;

	if (!list)
		return status;
	for (size_t i = 0; i < jsn_len(list) && !e; i++)
		if (strcmp(ctl_text(jsn_at(list, i), "result"), "refused") != 0)
			e = jsn_at(list, i);
	if (!e) {
		(void)fprintf(stderr, "ocfctl: fw last: there has been no job yet\n");
		return CTL_NOTHING;
	}
	if (ctl->json)
		ctl_print_json(jsn_copy(e));
	else
		print_entry(e);
	if (!ctl->json && outcome_advice(ctl_text(e, "error"))[0])
		(void)printf("    next: %s\n", outcome_advice(ctl_text(e, "error")));
	return outcome_status(ctl_text(e, "result"), ctl_text(e, "error"));
}

/* ---- trial ---- */

static enum ctl_exit settle(struct ctl *ctl, const char *verb, const char *method,
			    const char *reason, const char *done)
{
	const struct client_in in = {
		.kind = CLIENT_TEXTS, .texts = {"", reason}
        };
	struct client_error error = {0};
	int r = client_call(ctl->client, &CTL_FIRMWARE, method, &in, NULL, NULL, &error);

	if (r < 0)
		return outcome_of_call(ctl, verb, r, &error);
	if (ctl->json)
		ctl_print_json(jsn_new_object());
	else
		(void)printf("%s: %s\n", verb, done);
	return CTL_OK;
}

enum ctl_exit ctl_fw_confirm(struct ctl *ctl)
{
	return settle(ctl, "fw confirm", "Confirm", NULL, "the running version stays");
}

enum ctl_exit ctl_fw_reject(struct ctl *ctl)
{
	return settle(ctl, "fw reject", "Reject", ctl->n_words > 0 ? ctl->words[0] : "",
		      "the version before comes back with the next boot");
}
