/* ocfctl fw check, download, install, install-bundle, wait: jobs, begun and watched. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/parse.h"
#include "outcome.h"
#include "progress.h"

#define OPTIONS_MAX 10
#define FILES_MAX   ((size_t)17) /* a manifest and its images */
#define COLUMNS     80

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	interrupted = signal;
}

struct watch {
	struct ctl *ctl;
	const char *verb;
	uint32_t id;
	struct jsn *job; /* its properties so far */
	char phase[32];  /* shown last */
	int percent;
	bool bar;              /* an unfinished line is on the terminal */
	bool cancelled, leave; /* the person wanted that */
	sigset_t before;       /* signals blocked outside */
};

/* ---- showing ---- */

static unsigned columns(void)
{
	struct winsize w = {0};

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col - 1u
									 : COLUMNS - 1;
}

static void end_bar(struct watch *w)
{
	if (w->bar)
		(void)fprintf(stderr, "\r\x1b[K");
	w->bar = false;
}

static void show(struct watch *w)
{
	char line[PROGRESS_LINE];

	if (ctl_text(w->job, "Result")[0])
		return; /* that is the last line's */
	if (w->ctl->json) {
		ctl_print_json_line(w->job);
	} else if (w->ctl->terminal) {
		progress_bar(w->job, columns(), line);
		(void)fprintf(stderr, "\r\x1b[K%s", line);
		w->bar = true;
	} else if (progress_is_news(w->job, w->phase, w->percent)) {
		progress_line(w->job, line);
		(void)fprintf(stderr, "%s\n", line);
	}
	(void)snprintf(w->phase, sizeof(w->phase), "%s", ctl_text(w->job, "Phase"));
	w->percent = (int)jsn_int(jsn_get(w->job, "Percent"));
}

static void on_property(void *arg, const char *key, const struct client_value *value)
{
	struct watch *w = arg;

	if (key)
		ctl_collect(w->job, key, value);
	else
		show(w);
}

static bool is_done(void *arg)
{
	const struct watch *w = arg;

	return w->leave || ctl_text(w->job, "Result")[0] != '\0';
}

/* ---- an interrupt ---- */

enum wish { WISH_CANCEL, WISH_LEAVE, WISH_GO_ON };

/* Nobody to ask, or interrupted again: cancel. */
static enum wish ask(struct watch *w)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char answer[8] = "";
	int n;

	if (interrupted == SIGTERM || !w->ctl->terminal || !isatty(STDIN_FILENO))
		return WISH_CANCEL;
	end_bar(w);
	(void)fprintf(stderr, "Cancel the job (c), only stop watching it (w), or go on (Enter)? ");
	n = ppoll(&in, 1, NULL, &w->before);
	if (n < 0 || read(STDIN_FILENO, answer, sizeof(answer) - 1) < 0)
		return WISH_CANCEL;
	return answer[0] == 'c' || answer[0] == 'C'   ? WISH_CANCEL
	       : answer[0] == 'w' || answer[0] == 'W' ? WISH_LEAVE
						      : WISH_GO_ON;
}

static void cancel(struct watch *w, const struct client_object *job)
{
	struct client_error error = {0};

	if (client_call(w->ctl->client, job, "Cancel", &(struct client_in){0}, NULL, NULL, &error) <
	    0)
		(void)fprintf(stderr, "ocfctl: %s: cannot be cancelled: %s\n", w->verb, error.text);
	else
		w->cancelled = true;
}

static void obey(struct watch *w, const struct client_object *job)
{
	if (w->cancelled)
		return;
	switch (ask(w)) {
	case WISH_CANCEL:
		cancel(w, job);
		break;
	case WISH_LEAVE:
		w->leave = true;
		break;
	case WISH_GO_ON:
		break;
	}
	interrupted = 0;
}

/* ---- following ---- */

static int get_entry(struct ctl *ctl, uint32_t id, struct jsn **ret, struct client_error *error)
{
	const struct client_in in = {.kind = CLIENT_NUMBER, .number = id};
	struct jsn *entry = jsn_new_object();
	int r = client_call(ctl->client, &CTL_FIRMWARE, "GetJob", &in, ctl_collect, entry, error);

	if (r < 0)
		entry = jsn_free(entry);
	*ret = entry;
	return r;
}

struct recall {
	struct watch *watch;
	struct client_error *error;
	int r;
};

static void on_news(void *arg, const char *key, const struct client_value *value)
{
	(void)arg, (void)key, (void)value; /* that there is any is enough */
}

static bool is_told(void *arg)
{
	struct jsn *entry CLEANUP(jsn_freep) = NULL;
	struct recall *c = arg;

	c->r = get_entry(c->watch->ctl, c->watch->id, &entry, c->error);
	if (c->r < 0)
		return true;
	(void)jsn_free(c->watch->job);
	c->watch->job = outcome_from_entry(entry);
	return ctl_text(entry, "result")[0] || ctl_text(entry, "phase")[0];
}

/* The object is gone, with the service or a minute after its end: the history has the result. A
 * service that has just come back sees in the slots first how the job ended. */
static int recall(struct watch *w, struct client_error *error)
{
	struct recall c = {w, error, 0};
	int r = 0;

	if (!is_told(&c))
		r = client_follow(w->ctl->client, &CTL_FIRMWARE, on_news, is_told, &c, error);
	return c.r < 0 ? c.r : r == -EINTR ? 0 : r;
}

/* Until the job ends, or the person does not want to see it. */
static int follow(struct watch *w, struct client_error *error)
{
	char path[64];
	const struct client_object job = {CTL_FIRMWARE.name, path, JOB_INTERFACE};
	const struct sigaction sa = {.sa_handler = on_signal};
	sigset_t quit;
	int r;

	(void)snprintf(path, sizeof(path), JOB_PATH "%u", w->id);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigemptyset(&quit);
	(void)sigaddset(&quit, SIGINT);
	(void)sigaddset(&quit, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &quit, &w->before); /* but while it waits */
	do {
		r = client_follow(w->ctl->client, &job, on_property, is_done, w, error);
		if (interrupted && r == -EINTR)
			obey(w, &job);
	} while (r == -EINTR && !w->leave);
	end_bar(w);
	return r < 0 && !w->leave ? recall(w, error) : 0;
}

static enum ctl_exit watch(struct ctl *ctl, const char *verb, uint32_t id)
{
	struct watch w = {
		.ctl = ctl, .verb = verb, .id = id, .job = jsn_new_object(), .percent = -1};
	struct client_error error = {0};
	enum ctl_exit status;
	int r = follow(&w, &error);

	if (r < 0) {
		status = outcome_of_call(ctl, verb, r, &error);
	} else if (ctl_text(w.job, "Result")[0]) {
		status = outcome_of_job(ctl, verb, w.job);
	} else {
		(void)fprintf(stderr, "job %u goes on; `ocfctl fw wait %u` tells how it ends\n", id,
			      id);
		status = CTL_RUNNING;
	}
	(void)jsn_free(w.job);
	return status;
}

/* ---- beginning ---- */

static size_t options_of(const struct ctl *ctl, struct client_option ret[OPTIONS_MAX])
{
	const struct {
		const char *key, *text;
		bool set;
	} ROWS[] = {
		{"source",                  ctl->fw.source,      ctl->fw.source != NULL     },
		{"url",                     ctl->fw.url,         ctl->fw.url != NULL        },
		{"transaction-id",          ctl->fw.transaction, ctl->fw.transaction != NULL},
		{"require-manifest-digest", ctl->fw.digest,      ctl->fw.digest != NULL     },
		{"allow-downgrade",         NULL,                ctl->fw.allow_downgrade    },
		{"reinstall",               NULL,                ctl->fw.reinstall          },
		{"allow-metered",           NULL,                ctl->fw.allow_metered      },
		{"defer-reboot",            NULL,                ctl->fw.defer_reboot       },
		{"retry-rejected",          NULL,                ctl->fw.retry_rejected     },
		{"dry-run",                 NULL,                ctl->fw.dry_run            },
	};
	size_t n = 0;

	_Static_assert(ARRAY_SIZE(ROWS) == OPTIONS_MAX, "room for all");
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (ROWS[i].set)
			ret[n++] = (struct client_option){.key = ROWS[i].key,
							  .type = ROWS[i].text ? 's' : 'b',
							  .text = ROWS[i].text};
	return n;
}

static enum ctl_exit begin(struct ctl *ctl, const char *verb, const char *method,
			   struct client_in *in)
{
	struct client_option options[OPTIONS_MAX];
	struct jsn *start CLEANUP(jsn_freep) = jsn_new_object();
	struct client_error error = {0};
	uint32_t id;
	int r;

	in->options = options;
	in->n_options = options_of(ctl, options);
	r = client_call(ctl->client, &CTL_FIRMWARE, method, in, ctl_collect, start, &error);
	if (r < 0)
		return outcome_of_call(ctl, verb, r, &error);
	id = ctl_job_number(ctl_text(start, ""));
	if (id == 0) {
		(void)fprintf(stderr, "ocfctl: %s: not a job: %s\n", verb, ctl_text(start, ""));
		return CTL_FAILED;
	}
	return watch(ctl, verb, id);
}

enum ctl_exit ctl_fw_check(struct ctl *ctl)
{
	return begin(ctl, "fw check", "Check", &(struct client_in){.kind = CLIENT_OPTIONS});
}

enum ctl_exit ctl_fw_download(struct ctl *ctl)
{
	return begin(ctl, "fw download", "Download", &(struct client_in){.kind = CLIENT_OPTIONS});
}

enum ctl_exit ctl_fw_install(struct ctl *ctl)
{
	return begin(ctl, "fw install", "Install", &(struct client_in){.kind = CLIENT_OPTIONS});
}

enum ctl_exit ctl_fw_install_bundle(struct ctl *ctl)
{
	static const char VERB[] = "fw install-bundle";
	struct client_in in = {.kind = CLIENT_FILES};
	enum ctl_exit status = CTL_OK;
	int fds[FILES_MAX];

	if (ctl->n_words > FILES_MAX) {
		(void)fprintf(stderr, "ocfctl: %s: too many images\n", VERB);
		return CTL_USAGE;
	}
	for (; in.n_fds < ctl->n_words && status == CTL_OK; in.n_fds++) {
		fds[in.n_fds] = open(ctl->words[in.n_fds], O_RDONLY | O_CLOEXEC);
		if (fds[in.n_fds] >= 0)
			continue;
		(void)fprintf(stderr, "ocfctl: %s: %s: %s\n", VERB, ctl->words[in.n_fds],
			      strerror(errno));
		status = CTL_FAILED;
		break;
	}
	in.fds = fds;
	if (status == CTL_OK)
		status = begin(ctl, VERB, "InstallBundle", &in);
	while (in.n_fds > 0)
		(void)close(fds[--in.n_fds]);
	return status;
}

enum ctl_exit ctl_fw_wait(struct ctl *ctl)
{
	static const char VERB[] = "fw wait";
	struct jsn *entry CLEANUP(jsn_freep) = NULL, *job CLEANUP(jsn_freep) = NULL;
	struct client_error error = {0};
	uint32_t id;
	int r;

	if (!parse_u32(span_str(ctl->words[0]), &id)) {
		(void)fprintf(stderr, "ocfctl: %s: takes the number of a job\n", VERB);
		return CTL_USAGE;
	}
	r = get_entry(ctl, id, &entry, &error);
	if (r < 0)
		return outcome_of_call(ctl, VERB, r, &error);
	if (ctl_text(entry, "result")[0] == '\0')
		return watch(ctl, VERB, id);
	job = outcome_from_entry(entry);
	return outcome_of_job(ctl, VERB, job);
}

/* The job under way; 0: none, or *ret_error says why not. */
static uint32_t job_at_hand(struct ctl *ctl, struct client_error *ret_error)
{
	struct jsn *facts CLEANUP(jsn_freep) = ctl_properties(ctl, &CTL_FIRMWARE, ret_error);

	return facts ? ctl_job_number(ctl_text(facts, "Job")) : 0;
}

enum ctl_exit ctl_fw_cancel(struct ctl *ctl)
{
	static const char VERB[] = "fw cancel";
	struct client_error error = {0};
	char path[64];
	const struct client_object job = {CTL_FIRMWARE.name, path, JOB_INTERFACE};
	uint32_t id;
	int r;

	if (ctl->n_words == 0) {
		id = job_at_hand(ctl, &error);
	} else if (!parse_u32(span_str(ctl->words[0]), &id) || id == 0) {
		(void)fprintf(stderr, "ocfctl: %s: takes the number of a job\n", VERB);
		return CTL_USAGE;
	}
	if (id == 0 && error.text[0])
		return ctl_fail(ctl, VERB, -EHOSTUNREACH, &error);
	if (id == 0) {
		(void)fprintf(stderr, "ocfctl: %s: no job is under way\n", VERB);
		return CTL_NOTHING;
	}
	(void)snprintf(path, sizeof(path), JOB_PATH "%u", id);
	r = client_call(ctl->client, &job, "Cancel", &(struct client_in){0}, NULL, NULL, &error);
	if (r < 0)
		return outcome_of_call(ctl, VERB, r, &error);
	if (ctl->json)
		ctl_print_json(jsn_new_object());
	else
		(void)printf("%s: job %u is cancelled\n", VERB, id);
	return CTL_OK;
}
