/* ocfctl fw status, check, download, install, history. */
#include "ctl.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define HISTORY_MAX 64

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

static const char *text(const struct jsn *o, const char *name)
{
	const char *s = jsn_str(jsn_get(o, name));

	return s ? s : "";
}

static void print_time(const char *label, const struct jsn *v)
{
	time_t t = (time_t)jsn_int(v);
	char when[32] = "never";
	struct tm tm;

	if (t > 0 && gmtime_r(&t, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &tm);
	(void)printf("%-12s%s\n", label, when);
}

static void print_unless_empty(const char *label, const char *value)
{
	if (value[0])
		(void)printf("%-12s%s\n", label, value);
}

enum ctl_exit ctl_fw_status(struct ctl *ctl)
{
	struct client_error error;
	struct jsn *f = ctl_properties(ctl, &CTL_FIRMWARE, &error);

	if (!f)
		return ctl_fail(ctl, "fw status", -EHOSTUNREACH, &error);
	if (ctl->json) {
		ctl_print_json(f);
		return CTL_OK;
	}
	(void)printf("%-12s%s %s\n", "Device", text(f, "Manufacturer"), text(f, "Model"));
	(void)printf("%-12s%s\n", "Version", text(f, "CurrentVersion"));
	print_unless_empty("Pending", text(f, "PendingVersion"));
	print_unless_empty("Available", text(f, "AvailableVersion"));
	(void)printf("%-12s%s\n", "State", text(f, "State"));
	print_unless_empty("Source", text(f, "ManifestSource"));
	print_unless_empty("Manifest", text(f, "ManifestUrl"));
	print_time("Last check", jsn_get(f, "LastCheck"));
	print_unless_empty("Last error", text(f, "LastError"));
	print_unless_empty("At", text(f, "LastErrorServer"));
	(void)jsn_free(f);
	return CTL_OK;
}

/* ---- following a job ---- */

struct follow {
	struct ctl *ctl;
	struct jsn *job; /* its properties so far */
	char phase[32];  /* shown last */
	int percent;
};

static void show(struct follow *f)
{
	const char *phase = text(f->job, "Phase");
	int percent = (int)jsn_int(jsn_get(f->job, "Percent"));
	int64_t total = jsn_int(jsn_get(f->job, "BytesTotal"));

	if (f->ctl->json || !phase[0] || (strcmp(phase, f->phase) == 0 && percent == f->percent))
		return;
	if (f->ctl->terminal)
		(void)fprintf(stderr, "\r\x1b[K%3d %%  %s", percent, phase);
	else if (strcmp(phase, f->phase) != 0)
		(void)fprintf(stderr, "%s\n", phase);
	if (f->ctl->terminal && total > 0)
		(void)fprintf(stderr, "  %lld of %lld octets",
			      (long long)jsn_int(jsn_get(f->job, "BytesDone")), (long long)total);
	(void)snprintf(f->phase, sizeof(f->phase), "%s", phase);
	f->percent = percent;
}

static void on_property(void *arg, const char *key, const struct client_value *value)
{
	struct follow *f = arg;

	ctl_collect(f->job, key, value);
	show(f);
}

static bool is_done(void *arg)
{
	struct follow *f = arg;

	return text(f->job, "Result")[0] != '\0';
}

/* Follows until the end; an interrupt cancels the job and waits for it to say so. */
static int follow_job(struct follow *f, const char *path, struct client_error *error)
{
	struct client_object job = {CTL_FIRMWARE.name, path, "org.ocfgw.Firmware1.Job"};
	struct sigaction sa = {.sa_handler = on_signal};
	bool cancelled = false;
	int r;

	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	while ((r = client_follow(f->ctl->client, &job, on_property, is_done, f, error)) ==
	       -EINTR) {
		if (!interrupted || cancelled)
			continue;
		cancelled = true;
		r = client_call(f->ctl->client, &job, "Cancel", &(struct client_in){0}, NULL, NULL,
				error);
		if (r < 0)
			break;
	}
	if (f->ctl->terminal && !f->ctl->json)
		(void)fprintf(stderr, "\r\x1b[K");
	return r;
}

static enum ctl_exit result_code(const char *result)
{
	if (strcmp(result, "no-update") == 0)
		return CTL_NOTHING;
	return strcmp(result, "failed") == 0 ? CTL_FAILED : CTL_OK;
}

static enum ctl_exit run_job(struct ctl *ctl, const char *verb, const char *method)
{
	const struct client_in in = {
		.kind = CLIENT_OPTIONS, .key = ctl->source ? "source" : NULL, .value = ctl->source};
	struct jsn *start CLEANUP(jsn_freep) = jsn_new_object();
	struct follow f = {.ctl = ctl, .job = jsn_new_object(), .percent = -1};
	struct client_error error = {0};
	enum ctl_exit code;
	int r = client_call(ctl->client, &CTL_FIRMWARE, method, &in, ctl_collect, start, &error);

	if (r >= 0)
		r = follow_job(&f, text(start, ""), &error);
	if (r < 0) {
		(void)jsn_free(f.job);
		return ctl_fail(ctl, verb, r, &error);
	}
	code = result_code(text(f.job, "Result"));
	if (ctl->json) {
		ctl_print_json(f.job);
		return code;
	}
	if (code == CTL_FAILED)
		(void)fprintf(stderr, "ocfctl: %s: %s: %s\n", verb, text(f.job, "Error"),
			      text(f.job, "Text"));
	else
		(void)printf("%s%s%s\n", text(f.job, "Result"), text(f.job, "Text")[0] ? ": " : "",
			     text(f.job, "Text"));
	(void)jsn_free(f.job);
	return code;
}

enum ctl_exit ctl_fw_check(struct ctl *ctl)
{
	return run_job(ctl, "fw check", "Check");
}

enum ctl_exit ctl_fw_download(struct ctl *ctl)
{
	return run_job(ctl, "fw download", "Download");
}

enum ctl_exit ctl_fw_install(struct ctl *ctl)
{
	return run_job(ctl, "fw install", "Install");
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

static void print_entry(const struct jsn *e)
{
	time_t t = (time_t)jsn_int(jsn_get(e, "time"));
	char when[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &tm);
	(void)printf("%s  %-8s%-18s%-14s%s\n", when, text(e, "kind"), text(e, "result"),
		     text(e, "to"), text(e, "error"));
}

enum ctl_exit ctl_fw_history(struct ctl *ctl)
{
	struct history h = {.list = jsn_new_array()};
	struct client_error error;
	const struct client_in in = {.kind = CLIENT_NUMBER, .number = HISTORY_MAX};
	int r = client_call(ctl->client, &CTL_FIRMWARE, "GetHistory", &in, on_history, &h, &error);

	if (r < 0) {
		(void)jsn_free(h.list);
		return ctl_fail(ctl, "fw history", r, &error);
	}
	if (ctl->json) {
		ctl_print_json(h.list);
		return CTL_OK;
	}
	for (size_t i = 0; i < jsn_len(h.list); i++)
		print_entry(jsn_at(h.list, i));
	(void)jsn_free(h.list);
	return CTL_OK;
}
