#include "bus/fwupd_jobs.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "bus/fwupd_call.h"
#include "bus/fwupd_dict.h"

#define JOBS      FWUPD_PATH "/job"
#define INTERFACE FWUPD_BUS_NAME ".Job"

void fwupd_job_path(uint32_t id, char ret[FWUPD_PATH_ROOM])
{
	(void)snprintf(ret, FWUPD_PATH_ROOM, id ? JOBS "/%u" : "/", id);
}

struct fwupd_job *fwupd_job_find(struct fwupd_jobs *jobs, uint32_t id)
{
	for (size_t i = 0; i < FWUPD_JOBS_MAX; i++)
		if (jobs->at[i].id == id)
			return &jobs->at[i];
	return NULL;
}

/* ---- the object ---- */

static int get_chars(sd_bus *sd, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *member, sd_bus_error *error)
{
	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	return sd_bus_message_append_basic(reply, 's', member);
}

static int get_missing(sd_bus *sd, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *member, sd_bus_error *error)
{
	const struct fwupd_missing *missing = member;
	int r = sd_bus_message_open_container(reply, 'a', "(ss)");

	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	for (size_t i = 0; r >= 0 && i < missing->n; i++)
		r = sd_bus_message_append(reply, "(ss)", missing->at[i].name, missing->at[i].text);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Root cancels every job, an administrator his own; ocf-secd never asks for that. */
static int cancel(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct fwupd_job *j = userdata;
	enum fwupd_caller caller;
	uint32_t uid;
	int r = fwupd_caller(m, FWUPD_ROOT | FWUPD_ADMIN, &caller, &uid, error);

	if (r < 0)
		return r;
	if (caller != FWUPD_ROOT && uid != j->facts.initiator)
		return fwupd_refuse(error, FWE_POLICY_NOT_AUTHORISED, "It is another user's job");
	r = j->all->calls->cancel(j->all->arg, j->id);
	if (r == -EALREADY)
		return sd_bus_error_set(error, FWUPD_ERROR "NotCancellable",
					"The job is over, or past the point of return");
	return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

#define FACT(member) offsetof(struct fwupd_job, facts.member)
#define CONST_FLAG   SD_BUS_VTABLE_PROPERTY_CONST
#define EMITS_FLAG   SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define ANYBODY_FLAG SD_BUS_VTABLE_UNPRIVILEGED /* sd-bus checks nothing: fwupd_caller() */

static const sd_bus_vtable VTABLE[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Kind", "s", NULL, FACT(kind), CONST_FLAG),
	SD_BUS_PROPERTY("Initiator", "u", NULL, FACT(initiator), CONST_FLAG),
	SD_BUS_PROPERTY("Started", "t", NULL, FACT(started), CONST_FLAG),
	SD_BUS_PROPERTY("TransactionId", "s", get_chars, FACT(transaction), CONST_FLAG),
	SD_BUS_PROPERTY("Phase", "s", NULL, FACT(phase), EMITS_FLAG),
	SD_BUS_PROPERTY("Component", "s", get_chars, FACT(component), EMITS_FLAG),
	SD_BUS_PROPERTY("Percent", "d", NULL, FACT(percent), EMITS_FLAG),
	SD_BUS_PROPERTY("BytesDone", "t", NULL, FACT(octets), EMITS_FLAG),
	SD_BUS_PROPERTY("BytesTotal", "t", NULL, FACT(total), EMITS_FLAG),
	SD_BUS_PROPERTY("Rate", "t", NULL, FACT(rate), EMITS_FLAG),
	SD_BUS_PROPERTY("Eta", "t", NULL, FACT(eta), EMITS_FLAG),
	SD_BUS_PROPERTY("Missing", "a(ss)", get_missing, FACT(missing), EMITS_FLAG),
	SD_BUS_PROPERTY("Result", "s", NULL, FACT(result), EMITS_FLAG),
	SD_BUS_PROPERTY("Error", "s", NULL, FACT(error), EMITS_FLAG),
	SD_BUS_PROPERTY("Text", "s", get_chars, FACT(text), EMITS_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, cancel, ANYBODY_FLAG),
	SD_BUS_SIGNAL_WITH_ARGS(
		"Finished", SD_BUS_ARGS("s", result, "s", error, "s", text, "a{sv}", detail), 0),
	SD_BUS_VTABLE_END,
};

static int find_job(sd_bus *sd, const char *path, const char *interface, void *userdata,
		    void **ret_found, sd_bus_error *error)
{
	struct fwupd_jobs *jobs = userdata;
	char own[FWUPD_PATH_ROOM];

	(void)sd, (void)interface, (void)error;
	for (size_t i = 0; i < FWUPD_JOBS_MAX; i++) {
		fwupd_job_path(jobs->at[i].id, own);
		if (jobs->at[i].id != 0 && !strcmp(own, path)) {
			*ret_found = &jobs->at[i];
			return 1;
		}
	}
	return 0;
}

static int list_jobs(sd_bus *sd, const char *prefix, void *userdata, char ***ret_nodes,
		     sd_bus_error *error)
{
	struct fwupd_jobs *jobs = userdata;
	char **nodes = calloc(FWUPD_JOBS_MAX + 1, sizeof(*nodes)), path[FWUPD_PATH_ROOM];
	size_t n = 0;

	(void)sd, (void)prefix, (void)error;
	for (size_t i = 0; nodes && i < FWUPD_JOBS_MAX; i++) {
		fwupd_job_path(jobs->at[i].id, path);
		if (jobs->at[i].id != 0 && (nodes[n] = strdup(path)))
			n++;
	}
	*ret_nodes = nodes;
	return nodes ? 0 : -ENOMEM;
}

static void detach(struct fwupd_jobs *jobs)
{
	jobs->slot = sd_bus_slot_unref(jobs->slot);
	jobs->list_slot = sd_bus_slot_unref(jobs->list_slot);
}

int fwupd_jobs_attach(struct fwupd_jobs *jobs, struct sd_bus *sd)
{
	int r;

	detach(jobs);
	r = sd_bus_add_fallback_vtable(sd, &jobs->slot, JOBS, INTERFACE, VTABLE, find_job, jobs);
	return r < 0 ? r : sd_bus_add_node_enumerator(sd, &jobs->list_slot, JOBS, list_jobs, jobs);
}

void fwupd_jobs_done(struct fwupd_jobs *jobs)
{
	detach(jobs);
	for (size_t i = 0; i < FWUPD_JOBS_MAX; i++)
		jobs->at[i].asked = sd_bus_message_unref(jobs->at[i].asked);
}

/* ---- changes ---- */

static const struct bus_signalled FACTS[] = {
	BUS_SIGNALLED("Phase", struct fwupd_job_facts, phase),
	BUS_SIGNALLED("Component", struct fwupd_job_facts, component),
	BUS_SIGNALLED("Percent", struct fwupd_job_facts, percent),
	BUS_SIGNALLED("BytesDone", struct fwupd_job_facts, octets),
	BUS_SIGNALLED("BytesTotal", struct fwupd_job_facts, total),
	BUS_SIGNALLED("Rate", struct fwupd_job_facts, rate),
	BUS_SIGNALLED("Eta", struct fwupd_job_facts, eta),
	BUS_SIGNALLED("Missing", struct fwupd_job_facts, missing),
	BUS_SIGNALLED("Error", struct fwupd_job_facts, error),
	BUS_SIGNALLED("Text", struct fwupd_job_facts, text),
	BUS_SIGNALLED("Result", struct fwupd_job_facts, result),
};

/* A signal of the service that names a job; `result` NULL: the job has just begun. */
static void tell_of_job(struct fwupd_jobs *jobs, uint32_t id, const char *result)
{
	struct sd_bus *sd = bus_sd_bus(jobs->bus);
	char path[FWUPD_PATH_ROOM];

	fwupd_job_path(id, path);
	if (!sd)
		return;
	if (result) {
		(void)sd_bus_emit_object_removed(sd, path);
		(void)sd_bus_emit_signal(sd, FWUPD_PATH, FWUPD_BUS_NAME, "JobRemoved", "os", path,
					 result);
	} else {
		(void)sd_bus_emit_object_added(sd, path);
		(void)sd_bus_emit_signal(sd, FWUPD_PATH, FWUPD_BUS_NAME, "JobNew", "o", path);
	}
}

/* A free place, else that of the oldest job. */
static struct fwupd_job *new_job(struct fwupd_jobs *jobs, uint32_t id)
{
	struct fwupd_job *place = &jobs->at[0];

	for (size_t i = 1; i < FWUPD_JOBS_MAX; i++)
		if (jobs->at[i].id < place->id)
			place = &jobs->at[i];
	if (place->id != 0)
		fwupd_jobs_forget(jobs, place->id);
	*place = (struct fwupd_job){.all = jobs, .id = id};
	return place;
}

static void emit_finished(struct fwupd_job *j, struct sd_bus *sd, const char *path)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	const struct fwupd_job_facts *f = &j->facts;
	struct fwupd_dict detail = {0};
	int r = sd_bus_message_new_signal(sd, &m, path, INTERFACE, "Finished");

	(void)j->all->calls->job(j->all->arg, j->id, &detail);
	if (r >= 0)
		r = sd_bus_message_append(m, "sss", f->result, f->error, f->text);
	if (r >= 0)
		r = fwupd_dict_append(m, &detail);
	if (r >= 0)
		(void)sd_bus_send(sd, m, NULL);
}

bool fwupd_jobs_tell(struct fwupd_jobs *jobs, uint32_t id, const struct fwupd_job_facts *now)
{
	struct fwupd_job *j = fwupd_job_find(jobs, id);
	struct sd_bus *sd = bus_sd_bus(jobs->bus);
	struct fwupd_job_facts before;
	char path[FWUPD_PATH_ROOM];

	if (!j) {
		new_job(jobs, id)->facts = *now;
		tell_of_job(jobs, id, NULL);
		return false;
	}
	fwupd_job_path(id, path);
	before = j->facts;
	j->facts = *now;
	bus_emit_changes(jobs->bus, path, INTERFACE, FACTS, ARRAY_SIZE(FACTS), &before, now);
	if (before.result[0] != '\0' || now->result[0] == '\0')
		return false;
	if (sd)
		emit_finished(j, sd, path);
	return true;
}

void fwupd_jobs_forget(struct fwupd_jobs *jobs, uint32_t id)
{
	struct fwupd_job *j = fwupd_job_find(jobs, id);

	if (!j)
		return;
	tell_of_job(jobs, id, j->facts.result);
	j->asked = sd_bus_message_unref(j->asked);
	j->id = 0;
}
