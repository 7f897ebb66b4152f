#include "bus/fwupd_vtable.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "bus/fwupd_call.h"
#include "bus/fwupd_dict.h"
#include "bus/fwupd_jobs.h"

#define INTERFACE   FWUPD_BUS_NAME
#define HISTORY_MAX ((uint32_t)1000)
#define ANYBODY     (FWUPD_ROOT | FWUPD_OWNER | FWUPD_ADMIN)

struct fwupd_vtable {
	struct bus_part part; /* first: attach() gets its address */
	struct bus *bus;
	const struct fwupd_calls *calls;
	void *arg;
	const char *version;
	struct fwupd_facts facts;
	struct fwupd_jobs jobs;
	struct sd_bus_slot *slot, *manager_slot;
};

static int get_chars(sd_bus *sd, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *member, sd_bus_error *error)
{
	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	return sd_bus_message_append_basic(reply, 's', member);
}

static int get_job(sd_bus *sd, const char *path, const char *interface, const char *property,
		   sd_bus_message *reply, void *member, sd_bus_error *error)
{
	char text[FWUPD_PATH_ROOM];

	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	fwupd_job_path(*(uint32_t *)member, text);
	return sd_bus_message_append_basic(reply, 'o', text);
}

/* ---- methods ---- */

static int no_job(sd_bus_error *error)
{
	return sd_bus_error_set(error, FWUPD_ERROR "NoSuchJob", "Nothing is known of that job");
}

/* What start() says, as an error. */
static int not_started(int r, const struct fwupd_options *o, const struct fwupd_refusal *why,
		       sd_bus_error *error)
{
	if (r == -EBUSY)
		return sd_bus_error_set(error, FWUPD_ERROR "Busy", "Another job is under way");
	if (r == -EINVAL)
		return fwupd_bad_option(error, o->url ? "url" : "source");
	if (r == -ECANCELED && why->error == FWE_OK)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, why->text);
	return r == -ECANCELED ? fwupd_refuse(error, why->error, why->text) : r;
}

/* Answers with the job that begins. */
static int begin(sd_bus_message *m, struct fwupd_vtable *v, enum fwupd_kind kind,
		 const struct fwupd_options *o, sd_bus_error *error)
{
	struct fwupd_refusal why = {0};
	char path[FWUPD_PATH_ROOM];
	uint32_t id;
	int r = v->calls->start(v->arg, kind, o, &id, &why);

	if (r < 0)
		return not_started(r, o, &why, error);
	fwupd_job_path(id, path);
	return sd_bus_reply_method_return(m, "o", path);
}

static int start(sd_bus_message *m, struct fwupd_vtable *v, enum fwupd_kind kind,
		 sd_bus_error *error)
{
	struct fwupd_options options = {.manifest = -1};
	enum fwupd_caller caller;
	int r = fwupd_caller(m, ANYBODY, &caller, &options.uid, error);

	if (r >= 0)
		r = fwupd_options_read(m, kind, caller, &options, error);
	return r < 0 ? r : begin(m, v, kind, &options, error);
}

static int check(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return start(m, userdata, FWUPD_CHECK, error);
}

static int download(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return start(m, userdata, FWUPD_DOWNLOAD, error);
}

static int install(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return start(m, userdata, FWUPD_INSTALL, error);
}

/* h manifest, ah images; the descriptors stay the message's. */
static int read_bundle(sd_bus_message *m, struct fwupd_bundle *ret)
{
	int r = sd_bus_message_read_basic(m, 'h', &ret->manifest);

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "h");
	while (r >= 0 && ret->n < FWUPD_IMAGES_MAX &&
	       (r = sd_bus_message_read_basic(m, 'h', &ret->images[ret->n])) > 0)
		ret->n++;
	return r < 0 ? r : sd_bus_message_exit_container(m); /* -EBUSY: there are more */
}

static int install_bundle(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct fwupd_vtable *v = userdata;
	struct fwupd_bundle bundle = {0};
	struct fwupd_options options = {.bundle = &bundle, .manifest = -1};
	enum fwupd_caller caller;
	int r = fwupd_caller(m, FWUPD_ROOT, &caller, &options.uid, error);

	if (r < 0)
		return r;
	r = read_bundle(m, &bundle);
	if (r < 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "Too many images");
	r = fwupd_options_read(m, FWUPD_BUNDLE, caller, &options, error);
	return r < 0 ? r : begin(m, v, FWUPD_INSTALL, &options, error);
}

/* ---- history ---- */

static int get_history(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct fwupd_vtable *v = userdata;
	uint32_t max;
	int r = sd_bus_message_read_basic(m, 'u', &max);

	(void)error;
	if (r >= 0)
		r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "a{sv}");
	for (uint32_t i = 0; r >= 0 && i < max && i < HISTORY_MAX; i++) {
		struct fwupd_dict d = {0};

		if (!v->calls->history(v->arg, i, &d))
			break;
		r = fwupd_dict_append(reply, &d);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int get_one_job(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct fwupd_vtable *v = userdata;
	struct fwupd_dict d = {0};
	uint32_t id;
	int r = sd_bus_message_read_basic(m, 'u', &id);

	if (r < 0)
		return r;
	if (!v->calls->job(v->arg, id, &d))
		return no_job(error);
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = fwupd_dict_append(reply, &d);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ---- descriptions ---- */

/* Answers `call` with what the manifest says. */
static int reply_description(struct fwupd_vtable *v, sd_bus_message *call,
			     const struct fwupd_options *o, sd_bus_error *error)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	CLEANUP(freep) struct fwupd_description *d = calloc(1, sizeof(*d));
	struct fwupd_refusal why = {0};
	int r;

	if (!d)
		return -ENOMEM;
	r = v->calls->describe(v->arg, o, d, &why);
	if (r < 0)
		return not_started(r, &(struct fwupd_options){0}, &why, error);
	r = sd_bus_message_new_method_return(call, &reply);
	if (r >= 0)
		r = fwupd_description_append(reply, d);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void answer_description(struct fwupd_vtable *v, struct fwupd_job *j)
{
	CLEANUP(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *call = j->asked;
	enum fw_error e = FWE_INTERNAL;
	int r;

	j->asked = NULL;
	if (!strcmp(j->facts.result, "failed")) {
		(void)!fw_error_from_name(span_str(j->facts.error), &e);
		r = fwupd_refuse(&error, e, j->facts.text);
	} else {
		r = reply_description(v, call, NULL, &error);
	}
	if (r < 0)
		(void)sd_bus_reply_method_errno(call, r, &error);
	sd_bus_message_unref(call);
}

/* The manifest of a server takes a job: its end is the answer. */
static int describe(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct fwupd_vtable *v = userdata;
	struct fwupd_options options = {.manifest = -1};
	struct fwupd_refusal why = {0};
	enum fwupd_caller caller;
	struct fwupd_job *j;
	uint32_t id;
	int r = fwupd_caller(m, FWUPD_ROOT | FWUPD_ADMIN, &caller, &options.uid, error);

	if (r >= 0)
		r = fwupd_options_read(m, FWUPD_DESCRIBE, caller, &options, error);
	if (r < 0)
		return r;
	if (options.manifest >= 0)
		return reply_description(v, m, &options, error);
	r = v->calls->start(v->arg, FWUPD_CHECK, &options, &id, &why);
	if (r < 0)
		return not_started(r, &options, &why, error);
	j = fwupd_job_find(&v->jobs, id);
	j->asked = sd_bus_message_ref(m);
	if (j->facts.result[0] != '\0') /* it has failed at once */
		answer_description(v, j);
	return 1;
}

/* ---- inhibitors ---- */

static int inhibit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	CLEANUP(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
	struct fwupd_vtable *v = userdata;
	CLEANUP(closep) int fd = -1;
	enum fwupd_caller caller;
	const char *what, *why;
	char who[FWUPD_PATH_ROOM];
	uint32_t uid;
	pid_t pid = 0;
	int r = fwupd_caller(m, FWUPD_ROOT | FWUPD_ADMIN, &caller, &uid, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "ss", &what, &why);
	if (r < 0)
		return r;
	if (sd_bus_query_sender_creds(m, SD_BUS_CREDS_PID, &creds) >= 0)
		(void)sd_bus_creds_get_pid(creds, &pid);
	(void)snprintf(who, sizeof(who), "uid %u pid %d", uid, (int)pid);
	r = v->calls->inhibit(v->arg, what, who, why, &fd);
	if (r == -EMFILE)
		return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					"There are too many inhibitors");
	if (r == -EINVAL)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
					"What: check, install, reboot, with colons; why: a reason");
	return r < 0 ? r : sd_bus_reply_method_return(m, "h", fd);
}

static int get_inhibitors(sd_bus *sd, const char *path, const char *interface, const char *property,
			  sd_bus_message *reply, void *member, sd_bus_error *error)
{
	struct fwupd_vtable *v = member;
	struct fwupd_inhibitor x;
	int r = sd_bus_message_open_container(reply, 'a', "(sss)");

	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	for (size_t i = 0; r >= 0 && v->calls->inhibitor(v->arg, i, &x); i++)
		r = sd_bus_message_append(reply, "(sss)", x.what, x.who, x.why);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ---- the trial ---- */

static int confirm(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct fwupd_vtable *v = userdata;
	struct fwupd_refusal why = {0};
	enum fwupd_caller caller;
	const char *slot;
	uint32_t uid;
	int r = fwupd_caller(m, FWUPD_ROOT | FWUPD_ADMIN, &caller, &uid, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "s", &slot);
	if (r < 0)
		return r;
	r = v->calls->confirm(v->arg, slot, &why);
	return r < 0 ? not_started(r, &(struct fwupd_options){0}, &why, error)
		     : sd_bus_reply_method_return(m, NULL);
}

static int reject(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct fwupd_vtable *v = userdata;
	struct fwupd_refusal why = {0};
	enum fwupd_caller caller;
	const char *slot, *reason;
	uint32_t uid;
	int r = fwupd_caller(m, FWUPD_ROOT | FWUPD_ADMIN, &caller, &uid, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "ss", &slot, &reason);
	if (r < 0)
		return r;
	r = v->calls->reject(v->arg, slot, reason, &why);
	return r < 0 ? not_started(r, &(struct fwupd_options){0}, &why, error)
		     : sd_bus_reply_method_return(m, NULL);
}

/* ---- the objects ---- */

/* What is to come, by the wall clock of now: it may have been set meanwhile. */
static int get_time(sd_bus *sd, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	uint64_t at_us = *(const uint64_t *)userdata, now_us = clock_boottime_us(), at_s = 0;

	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	if (at_us != 0)
		at_s = (clock_real_us() + (at_us > now_us ? at_us - now_us : 0)) / USEC_PER_SEC;
	return sd_bus_message_append_basic(reply, 't', &at_s);
}

#define FACT(member) offsetof(struct fwupd_vtable, facts.member)
#define CONST_FLAG   SD_BUS_VTABLE_PROPERTY_CONST
#define EMITS_FLAG   SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define ANYBODY_FLAG SD_BUS_VTABLE_UNPRIVILEGED /* sd-bus checks nothing: fwupd_caller() */

static const sd_bus_vtable VTABLE[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", NULL, offsetof(struct fwupd_vtable, version), CONST_FLAG),
	SD_BUS_PROPERTY("State", "s", NULL, FACT(state), EMITS_FLAG),
	SD_BUS_PROPERTY("Job", "o", get_job, FACT(job), EMITS_FLAG),
	SD_BUS_PROPERTY("Manufacturer", "s", NULL, FACT(manufacturer), CONST_FLAG),
	SD_BUS_PROPERTY("Model", "s", NULL, FACT(model), CONST_FLAG),
	SD_BUS_PROPERTY("CurrentVersion", "s", get_chars, FACT(current), EMITS_FLAG),
	SD_BUS_PROPERTY("PendingVersion", "s", get_chars, FACT(pending), EMITS_FLAG),
	SD_BUS_PROPERTY("AvailableVersion", "s", get_chars, FACT(available), EMITS_FLAG),
	SD_BUS_PROPERTY("ManifestSource", "s", NULL, FACT(source), EMITS_FLAG),
	SD_BUS_PROPERTY("ManifestUrl", "s", get_chars, FACT(url), EMITS_FLAG),
	SD_BUS_PROPERTY("LastError", "s", NULL, FACT(error), EMITS_FLAG),
	SD_BUS_PROPERTY("LastErrorServer", "s", get_chars, FACT(error_server), EMITS_FLAG),
	SD_BUS_PROPERTY("LastCheck", "t", NULL, FACT(last_check), EMITS_FLAG),
	SD_BUS_PROPERTY("NextCheck", "t", get_time, FACT(next_check_us), EMITS_FLAG),
	SD_BUS_PROPERTY("SecurityFloor", "t", NULL, FACT(floor), EMITS_FLAG),
	SD_BUS_PROPERTY("Confirmed", "b", NULL, FACT(confirmed), EMITS_FLAG),
	SD_BUS_PROPERTY("ClockTrusted", "b", NULL, FACT(clock_trusted), EMITS_FLAG),
	SD_BUS_PROPERTY("BootAttemptsLeft", "u", NULL, FACT(attempts_left), EMITS_FLAG),
	SD_BUS_PROPERTY("TrialDeadline", "t", get_time, FACT(trial_deadline_us), EMITS_FLAG),
	SD_BUS_PROPERTY("TrialWaitsFor", "s", get_chars, FACT(trial_waits), EMITS_FLAG),
	SD_BUS_PROPERTY("Inhibitors", "a(sss)", get_inhibitors, 0, EMITS_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Check", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", job),
				check, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Download", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", job),
				download, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Install", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", job),
				install, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("InstallBundle",
				SD_BUS_ARGS("h", manifest, "ah", images, "a{sv}", options),
				SD_BUS_RESULT("o", job), install_bundle, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_ARGS("a{sv}", options),
				SD_BUS_RESULT("a{sv}", manifest), describe, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Inhibit", SD_BUS_ARGS("s", what, "s", why), SD_BUS_RESULT("h", fd),
				inhibit, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Confirm", SD_BUS_ARGS("s", slot), SD_BUS_NO_RESULT, confirm,
				ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Reject", SD_BUS_ARGS("s", slot, "s", reason), SD_BUS_NO_RESULT,
				reject, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("GetJob", SD_BUS_ARGS("u", job), SD_BUS_RESULT("a{sv}", entry),
				get_one_job, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("GetHistory", SD_BUS_ARGS("u", max),
				SD_BUS_RESULT("aa{sv}", entries), get_history, ANYBODY_FLAG),
	SD_BUS_SIGNAL_WITH_ARGS("UpdateAvailable", SD_BUS_ARGS("s", version), 0),
	SD_BUS_SIGNAL_WITH_ARGS("FreezeSuspected", SD_BUS_ARGS("s", source, "s", url, "t", since),
				0),
	SD_BUS_SIGNAL_WITH_ARGS("JobNew", SD_BUS_ARGS("o", job), 0),
	SD_BUS_SIGNAL_WITH_ARGS("JobRemoved", SD_BUS_ARGS("o", job, "s", result), 0),
	SD_BUS_VTABLE_END,
};

static void drop_slots(struct fwupd_vtable *v)
{
	v->slot = sd_bus_slot_unref(v->slot);
	v->manager_slot = sd_bus_slot_unref(v->manager_slot);
}

static int attach(struct bus_part *part, struct sd_bus *sd)
{
	struct fwupd_vtable *v = (struct fwupd_vtable *)part;
	int r;

	drop_slots(v);
	r = sd_bus_add_object_vtable(sd, &v->slot, FWUPD_PATH, INTERFACE, VTABLE, v);
	if (r >= 0)
		r = fwupd_jobs_attach(&v->jobs, sd);
	if (r >= 0)
		r = sd_bus_add_object_manager(sd, &v->manager_slot, FWUPD_PATH);
	return r;
}

int fwupd_vtable_new(struct fwupd_vtable **ret, struct bus *b, const struct fwupd_facts *first,
		     const struct fwupd_calls *calls, void *arg)
{
	CLEANUP(fwupd_vtable_freep) struct fwupd_vtable *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return -ENOMEM;
	*v = (struct fwupd_vtable){
		.part.attach = attach,
		.bus = b,
		.calls = calls,
		.arg = arg,
		.version = OCFGW_VERSION,
		.facts = *first,
		.jobs = {.bus = b, .calls = calls, .arg = arg},
	};
	r = bus_part_add(b, &v->part);
	if (r < 0)
		return r;
	*ret = v;
	v = NULL;
	return 0;
}

struct fwupd_vtable *fwupd_vtable_free(struct fwupd_vtable *v)
{
	if (!v)
		return NULL;
	bus_part_remove(v->bus, &v->part);
	drop_slots(v);
	fwupd_jobs_done(&v->jobs);
	free(v);
	return NULL;
}

/* ---- changes ---- */

static const struct bus_signalled FACTS[] = {
	BUS_SIGNALLED("State", struct fwupd_facts, state),
	BUS_SIGNALLED("Job", struct fwupd_facts, job),
	BUS_SIGNALLED("CurrentVersion", struct fwupd_facts, current),
	BUS_SIGNALLED("PendingVersion", struct fwupd_facts, pending),
	BUS_SIGNALLED("AvailableVersion", struct fwupd_facts, available),
	BUS_SIGNALLED("ManifestSource", struct fwupd_facts, source),
	BUS_SIGNALLED("ManifestUrl", struct fwupd_facts, url),
	BUS_SIGNALLED("LastError", struct fwupd_facts, error),
	BUS_SIGNALLED("LastErrorServer", struct fwupd_facts, error_server),
	BUS_SIGNALLED("LastCheck", struct fwupd_facts, last_check),
	BUS_SIGNALLED("NextCheck", struct fwupd_facts, next_check_us),
	BUS_SIGNALLED("SecurityFloor", struct fwupd_facts, floor),
	BUS_SIGNALLED("Confirmed", struct fwupd_facts, confirmed),
	BUS_SIGNALLED("ClockTrusted", struct fwupd_facts, clock_trusted),
	BUS_SIGNALLED("BootAttemptsLeft", struct fwupd_facts, attempts_left),
	BUS_SIGNALLED("TrialDeadline", struct fwupd_facts, trial_deadline_us),
	BUS_SIGNALLED("TrialWaitsFor", struct fwupd_facts, trial_waits),
	BUS_SIGNALLED("Inhibitors", struct fwupd_facts, inhibitors),
};
void fwupd_vtable_update(struct fwupd_vtable *v, const struct fwupd_facts *now)
{
	struct fwupd_facts before = v->facts;

	v->facts = *now;
	bus_emit_changes(v->bus, FWUPD_PATH, INTERFACE, FACTS, ARRAY_SIZE(FACTS), &before, now);
}

void fwupd_vtable_available(struct fwupd_vtable *v, const char *version)
{
	struct sd_bus *sd = bus_sd_bus(v->bus);

	if (sd)
		(void)sd_bus_emit_signal(sd, FWUPD_PATH, INTERFACE, "UpdateAvailable", "s",
					 version);
}

void fwupd_vtable_freeze(struct fwupd_vtable *v, const char *source, const char *url,
			 uint64_t since)
{
	struct sd_bus *sd = bus_sd_bus(v->bus);

	if (sd)
		(void)sd_bus_emit_signal(sd, FWUPD_PATH, INTERFACE, "FreezeSuspected", "sst",
					 source, url, since);
}

void fwupd_vtable_job(struct fwupd_vtable *v, uint32_t id, const struct fwupd_job_facts *now)
{
	struct fwupd_job *j;

	if (!fwupd_jobs_tell(&v->jobs, id, now))
		return;
	j = fwupd_job_find(&v->jobs, id);
	if (j->asked)
		answer_description(v, j);
}

void fwupd_vtable_forget(struct fwupd_vtable *v, uint32_t id)
{
	fwupd_jobs_forget(&v->jobs, id);
}
