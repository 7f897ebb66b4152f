#include "bus/fwupd_vtable.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "bus/bus.h"

#define PATH          "/org/ocfgw/Firmware1"
#define JOBS          PATH "/job"
#define INTERFACE     FWUPD_BUS_NAME
#define JOB_INTERFACE INTERFACE ".Job"
#define ERROR_NAME    INTERFACE ".Error."
#define PATH_ROOM     ((size_t)64)
#define HISTORY_MAX   ((uint32_t)1000)
#define OWNERS_USER   "ocf-secd" /* speaks for the owner of the device: /oc/swu */

struct job_object {
	struct fwupd_vtable *v;
	uint32_t id; /* 0: free */
	struct fwupd_job_facts facts;
};

struct fwupd_vtable {
	struct bus_part part; /* first: attach() gets its address */
	struct bus *bus;
	const struct fwupd_calls *calls;
	void *arg;
	const char *version;
	struct fwupd_facts facts;
	struct job_object jobs[FWUPD_JOBS_MAX];
	struct sd_bus_slot *slot, *job_slot, *list_slot;
};

static void job_path(uint32_t id, char ret[PATH_ROOM])
{
	(void)snprintf(ret, PATH_ROOM, id ? JOBS "/%u" : "/", id);
}

static int get_chars(sd_bus *sd, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *member, sd_bus_error *error)
{
	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	return sd_bus_message_append_basic(reply, 's', member);
}

static int get_job(sd_bus *sd, const char *path, const char *interface, const char *property,
		   sd_bus_message *reply, void *member, sd_bus_error *error)
{
	char text[PATH_ROOM];

	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	job_path(*(uint32_t *)member, text);
	return sd_bus_message_append_basic(reply, 'o', text);
}

/* ---- methods ---- */

static int bad_option(sd_bus_error *error, const char *name)
{
	return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "Option '%s' cannot be used",
				 name);
}

enum caller { ROOT, OWNER };

static int read_option(sd_bus_message *m, const char *name, enum fwupd_kind kind,
		       enum caller caller, struct fwupd_options *o)
{
	int flag, r;

	if (!strcmp(name, "url"))
		return sd_bus_message_read(m, "v", "s", &o->url);
	if (caller != ROOT)
		return -EINVAL;
	if (!strcmp(name, "source"))
		return sd_bus_message_read(m, "v", "s", &o->source);
	if (kind == FWUPD_CHECK ||
	    (strcmp(name, "allow-downgrade") != 0 && strcmp(name, "reinstall") != 0))
		return -EINVAL;
	r = sd_bus_message_read(m, "v", "b", &flag);
	if (r >= 0 && name[0] == 'a')
		o->allow_downgrade = flag;
	else if (r >= 0)
		o->reinstall = flag;
	return r;
}

/* a{sv}; what is not known is refused, since it may matter to the caller. */
static int read_options(sd_bus_message *m, enum fwupd_kind kind, enum caller caller,
			struct fwupd_options *ret, sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &name);
		if (r < 0)
			return r;
		if (read_option(m, name, kind, caller, ret) < 0)
			return bad_option(error, name);
		r = sd_bus_message_exit_container(m);
	}
	return r;
}

static int start(sd_bus_message *m, struct fwupd_vtable *v, enum fwupd_kind kind,
		 sd_bus_error *error)
{
	struct fwupd_options options = {0};
	enum caller caller = bus_require_root(m) == 0 ? ROOT : OWNER;
	char path[PATH_ROOM];
	uint32_t id;
	int r = caller == ROOT ? 0 : bus_require_user(m, OWNERS_USER);

	if (r >= 0)
		r = read_options(m, kind, caller, &options, error);
	if (r < 0)
		return r;
	r = v->calls->start(v->arg, kind, &options, &id);
	if (r == -EBUSY)
		return sd_bus_error_set(error, ERROR_NAME "Busy", "Another job is under way");
	if (r == -EINVAL)
		return bad_option(error, options.url ? "url" : "source");
	if (r < 0)
		return r;
	job_path(id, path);
	return sd_bus_reply_method_return(m, "o", path);
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

static int append_entry(sd_bus_message *reply, const struct fwupd_history *h)
{
	return sd_bus_message_append(reply, "a{sv}", 10, "time", "t", h->time, "kind", "s", h->kind,
				     "result", "s", h->result, "error", "s", h->error, "from", "s",
				     h->from, "to", "s", h->to, "source", "s", h->source, "url",
				     "s", h->url, "bytes", "t", h->octets, "usec", "t", h->usec);
}

static int get_history(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct fwupd_vtable *v = userdata;
	struct fwupd_history h;
	uint32_t max;
	int r = sd_bus_message_read_basic(m, 'u', &max);

	(void)error;
	if (r >= 0)
		r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "a{sv}");
	for (uint32_t i = 0; r >= 0 && i < max && i < HISTORY_MAX; i++) {
		if (!v->calls->history(v->arg, i, &h))
			break;
		r = append_entry(reply, &h);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int cancel(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct job_object *j = userdata;
	int r = bus_require_root(m);

	if (r < 0)
		return r;
	r = j->v->calls->cancel(j->v->arg, j->id);
	if (r == -EALREADY)
		return sd_bus_error_set(error, ERROR_NAME "NotCancellable",
					"The job is over, or past the point of return");
	return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

/* ---- the objects ---- */

#define FACT(member)     offsetof(struct fwupd_vtable, facts.member)
#define JOB_FACT(member) offsetof(struct job_object, facts.member)
#define CONST_FLAG       SD_BUS_VTABLE_PROPERTY_CONST
#define EMITS_FLAG       SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define ANYBODY_FLAG     SD_BUS_VTABLE_UNPRIVILEGED /* sd-bus checks nothing: bus_require_root() */

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
	SD_BUS_METHOD_WITH_ARGS("Check", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", job),
				check, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Download", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", job),
				download, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Install", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", job),
				install, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("GetHistory", SD_BUS_ARGS("u", max),
				SD_BUS_RESULT("aa{sv}", entries), get_history, ANYBODY_FLAG),
	SD_BUS_SIGNAL_WITH_ARGS("UpdateAvailable", SD_BUS_ARGS("s", version), 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable JOB_VTABLE[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Kind", "s", NULL, JOB_FACT(kind), CONST_FLAG),
	SD_BUS_PROPERTY("Phase", "s", NULL, JOB_FACT(phase), EMITS_FLAG),
	SD_BUS_PROPERTY("Percent", "d", NULL, JOB_FACT(percent), EMITS_FLAG),
	SD_BUS_PROPERTY("BytesDone", "t", NULL, JOB_FACT(octets), EMITS_FLAG),
	SD_BUS_PROPERTY("BytesTotal", "t", NULL, JOB_FACT(total), EMITS_FLAG),
	SD_BUS_PROPERTY("Result", "s", NULL, JOB_FACT(result), EMITS_FLAG),
	SD_BUS_PROPERTY("Error", "s", NULL, JOB_FACT(error), EMITS_FLAG),
	SD_BUS_PROPERTY("Text", "s", get_chars, JOB_FACT(text), EMITS_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, cancel, ANYBODY_FLAG),
	SD_BUS_SIGNAL_WITH_ARGS("Finished", SD_BUS_ARGS("s", result, "s", error, "s", text), 0),
	SD_BUS_VTABLE_END,
};

static struct job_object *job_by_id(struct fwupd_vtable *v, uint32_t id)
{
	for (size_t i = 0; i < FWUPD_JOBS_MAX; i++)
		if (v->jobs[i].id == id)
			return &v->jobs[i];
	return NULL;
}

static int find_job(sd_bus *sd, const char *path, const char *interface, void *userdata,
		    void **ret_found, sd_bus_error *error)
{
	struct fwupd_vtable *v = userdata;
	char own[PATH_ROOM];

	(void)sd, (void)interface, (void)error;
	for (size_t i = 0; i < FWUPD_JOBS_MAX; i++) {
		job_path(v->jobs[i].id, own);
		if (v->jobs[i].id != 0 && !strcmp(own, path)) {
			*ret_found = &v->jobs[i];
			return 1;
		}
	}
	return 0;
}

static int list_jobs(sd_bus *sd, const char *prefix, void *userdata, char ***ret_nodes,
		     sd_bus_error *error)
{
	struct fwupd_vtable *v = userdata;
	char **nodes = calloc(FWUPD_JOBS_MAX + 1, sizeof(*nodes)), path[PATH_ROOM];
	size_t n = 0;

	(void)sd, (void)prefix, (void)error;
	for (size_t i = 0; nodes && i < FWUPD_JOBS_MAX; i++) {
		job_path(v->jobs[i].id, path);
		if (v->jobs[i].id != 0 && (nodes[n] = strdup(path)))
			n++;
	}
	*ret_nodes = nodes;
	return nodes ? 0 : -ENOMEM;
}

static void drop_slots(struct fwupd_vtable *v)
{
	v->slot = sd_bus_slot_unref(v->slot);
	v->job_slot = sd_bus_slot_unref(v->job_slot);
	v->list_slot = sd_bus_slot_unref(v->list_slot);
}

static int attach(struct bus_part *part, struct sd_bus *sd)
{
	struct fwupd_vtable *v = (struct fwupd_vtable *)part;
	int r;

	drop_slots(v);
	r = sd_bus_add_object_vtable(sd, &v->slot, PATH, INTERFACE, VTABLE, v);
	if (r >= 0)
		r = sd_bus_add_fallback_vtable(sd, &v->job_slot, JOBS, JOB_INTERFACE, JOB_VTABLE,
					       find_job, v);
	if (r >= 0)
		r = sd_bus_add_node_enumerator(sd, &v->list_slot, JOBS, list_jobs, v);
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
};
static const struct bus_signalled JOB_FACTS[] = {
	BUS_SIGNALLED("Phase", struct fwupd_job_facts, phase),
	BUS_SIGNALLED("Percent", struct fwupd_job_facts, percent),
	BUS_SIGNALLED("BytesDone", struct fwupd_job_facts, octets),
	BUS_SIGNALLED("BytesTotal", struct fwupd_job_facts, total),
	BUS_SIGNALLED("Error", struct fwupd_job_facts, error),
	BUS_SIGNALLED("Text", struct fwupd_job_facts, text),
	BUS_SIGNALLED("Result", struct fwupd_job_facts, result),
};

void fwupd_vtable_update(struct fwupd_vtable *v, const struct fwupd_facts *now)
{
	struct fwupd_facts before = v->facts;

	v->facts = *now;
	bus_emit_changes(v->bus, PATH, INTERFACE, FACTS, ARRAY_SIZE(FACTS), &before, now);
}

void fwupd_vtable_available(struct fwupd_vtable *v, const char *version)
{
	struct sd_bus *sd = bus_sd_bus(v->bus);

	if (sd)
		(void)sd_bus_emit_signal(sd, PATH, INTERFACE, "UpdateAvailable", "s", version);
}

/* A free place, else that of the oldest job. */
static struct job_object *new_job(struct fwupd_vtable *v, uint32_t id)
{
	struct job_object *place = &v->jobs[0];

	for (size_t i = 1; i < FWUPD_JOBS_MAX; i++)
		if (v->jobs[i].id < place->id)
			place = &v->jobs[i];
	*place = (struct job_object){.v = v, .id = id};
	return place;
}

void fwupd_vtable_job(struct fwupd_vtable *v, uint32_t id, const struct fwupd_job_facts *now)
{
	struct job_object *j = job_by_id(v, id);
	struct sd_bus *sd = bus_sd_bus(v->bus);
	struct fwupd_job_facts before;
	char path[PATH_ROOM];

	if (!j) {
		new_job(v, id)->facts = *now;
		return;
	}
	job_path(id, path);
	before = j->facts;
	j->facts = *now;
	bus_emit_changes(v->bus, path, JOB_INTERFACE, JOB_FACTS, ARRAY_SIZE(JOB_FACTS), &before,
			 now);
	if (sd && before.result[0] == '\0' && now->result[0] != '\0')
		(void)sd_bus_emit_signal(sd, path, JOB_INTERFACE, "Finished", "sss", now->result,
					 now->error, now->text);
}

void fwupd_vtable_forget(struct fwupd_vtable *v, uint32_t id)
{
	struct job_object *j = job_by_id(v, id);

	if (j)
		j->id = 0;
}
