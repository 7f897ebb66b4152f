/* /oc/swu: jobs of ocf-fwupd on behalf of the owner of the device. */
#include "app_parts.h"

#include "base/clock.h"
#include "base/log.h"

#define BUSY    "org.ocfgw.Firmware1.Error.Busy"
#define BAD_URL "org.freedesktop.DBus.Error.InvalidArgs"
#define BUSY_US (2 * USEC_PER_SEC)              /* its own check is under way: asked again */
#define WALL_US (UINT64_C(3600) * USEC_PER_SEC) /* so often we look if the clock was set */

/* What stands at the beginning of an error's name decides; OCF Security, swupdateresult. */
static enum swu_result result_of(const char *error)
{
	static const struct {
		const char *prefix;
		enum swu_result result;
	} KINDS[] = {
		{"discovery.",       SWU_RESULT_CONNECTION},
                {"fetch.",           SWU_RESULT_CONNECTION},
		{"manifest.",        SWU_RESULT_VALIDATION},
                {"key.",             SWU_RESULT_VALIDATION},
		{"image.too-large",  SWU_RESULT_FLASH     },
                {"image.",           SWU_RESULT_VALIDATION},
		{"install.no-space", SWU_RESULT_FLASH     },
                {BAD_URL,            SWU_RESULT_URL       },
	};

	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
		if (strncmp(error, KINDS[i].prefix, strlen(KINDS[i].prefix)) == 0)
			return KINDS[i].result;
	return SWU_RESULT_UPGRADE;
}

static void tell(struct app *a, enum svr_software_news news, enum swu_result result)
{
	struct svr_software n = {.run = a->software.run, .news = news, .result = result};
	struct svr_env env = app_env(a);
	struct svr_out out = {0};

	if (news != SOFTWARE_DUE && news != SOFTWARE_FAILED)
		memcpy(n.version, a->software.available, sizeof(n.version));
	svr_software(a->state.dev, &n, &env, &out);
	if (app_commit(a, &out) < 0) {
		/* The job has gone on all the same: memory follows it, even if the disk cannot. */
		svr_software(a->state.dev, &n, &env, &out);
		out.store = false;
		(void)!app_commit(a, &out); /* nothing is stored, so nothing fails */
	}
	app_effects(a, out.effects);
}

static void fail(struct app *a, const char *error)
{
	log_warning("software: job failed, ocfctl fw last tells why error=%s",
		    log_text(&(struct log_buf){0}, span_str(error)));
	tell(a, SOFTWARE_FAILED, result_of(error));
}

static void begin(struct app *a)
{
	static const char *const METHODS[] = {
		[SWU_ISAC] = "Check", [SWU_ISVV] = "Download", [SWU_UPGRADE] = "Install"};
	struct svr_software_job job;

	if (!device_software_job(a->state.dev, &job))
		return;
	log_info("software: the owner asks for a job kind=%s url=%s", METHODS[job.action],
		 log_text(&(struct log_buf){0}, span_str(job.purl)));
	if (fwupd_client_start(a->software.client, METHODS[job.action],
			       job.purl[0] ? job.purl : NULL) < 0)
		fail(a, "no bus");
}

static void on_end(struct app *a, const char *result, const char *error)
{
	static const struct {
		const char *result;
		enum svr_software_news news;
	} ENDS[] = {
		{"update-available", SOFTWARE_FOUND     },
		{"no-update",        SOFTWARE_NOTHING   },
		{"downloaded",       SOFTWARE_DOWNLOADED},
		{"installed",        SOFTWARE_INSTALLED },
	};

	if (strcmp(error, BUSY) == 0) {
		a->software.busy = true;
		loop_timer_set(a->software.timer, clock_boottime_us() + BUSY_US);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ENDS); i++)
		if (strcmp(result, ENDS[i].result) == 0) {
			log_info("software: job ended result=%s", ENDS[i].result);
			tell(a, ENDS[i].news, SWU_RESULT_SUCCESS);
			return;
		}
	fail(a, error);
}

static void on_news(void *arg, const struct fwupd_client_news *news)
{
	struct app *a = arg;

	if (news->result)
		on_end(a, news->result, news->error);
	else if (strcmp(news->phase, "downloading") == 0)
		tell(a, SOFTWARE_AVAILABLE, SWU_RESULT_IDLE);
	else if (strcmp(news->phase, "verifying") == 0)
		tell(a, SOFTWARE_VERIFYING, SWU_RESULT_IDLE);
	else if (strcmp(news->phase, "installing") == 0)
		tell(a, SOFTWARE_INSTALLING, SWU_RESULT_IDLE);
}

/* The schedule is by the wall clock, which may be set meanwhile. */
static void arm(struct app *a)
{
	uint64_t due_us = device_software_deadline(a->state.dev), now_us = clock_real_us();
	uint64_t wait_us = due_us > now_us ? due_us - now_us : 0;

	if (a->software.busy)
		return;
	loop_timer_set(a->software.timer,
		       due_us == NEVER_US
			       ? NEVER_US
			       : clock_boottime_us() + (wait_us < WALL_US ? wait_us : WALL_US));
}

static int on_timer(void *arg)
{
	struct app *a = arg;

	if (a->software.busy) {
		a->software.busy = false;
		begin(a);
	}
	tell(a, SOFTWARE_DUE, SWU_RESULT_IDLE);
	return 0;
}

void app_software_follow(struct app *a)
{
	struct svr_software_job job;

	if (!device_software_job(a->state.dev, &job)) {
		fwupd_client_drop(a->software.client); /* of the owner before a RESET */
		a->software.busy = false;
	} else if (job.run != a->software.run) {
		a->software.run = job.run;
		a->software.busy = false;
		begin(a);
	}
	arm(a);
}

void app_software_available(struct app *a, struct span version)
{
	if (span_to_str(version, a->software.available, sizeof(a->software.available)) < 0)
		a->software.available[0] = '\0';
}

int app_software_start(struct app *a)
{
	int r = fwupd_client_new(&a->software.client, a->bus, on_news, a);

	if (r >= 0)
		r = loop_timer_new_boottime(&a->software.timer, a->loop, on_timer, a);
	if (r >= 0)
		app_software_follow(a);
	return r;
}

void app_software_done(struct app *a)
{
	fwupd_client_free(a->software.client);
	loop_timer_free(a->software.timer);
}
