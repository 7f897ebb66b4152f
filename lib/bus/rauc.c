#include "bus/rauc.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SERVICE   "de.pengutronix.rauc"
#define INTERFACE "de.pengutronix.rauc.Installer"
#define HASH_TEXT ((size_t)129)
#define LIFE_US   ((uint64_t)300 * 1000)

struct rauc {
	sd_bus *sd;
};

/* One installation. */
struct job {
	void (*progress)(int percent, const char *what);
	int percent;
	bool begun, over; /* one that was over before is another's */
	int result;
	char *error; /* RAUC_TEXT octets, for why it did not begin */
};

int rauc_new(struct rauc **ret)
{
	CLEANUP(rauc_freep) struct rauc *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	e = sd_bus_open_system(&r->sd);
	if (e < 0)
		return e;
	*ret = r;
	r = NULL;
	return 0;
}

struct rauc *rauc_free(struct rauc *r)
{
	if (!r)
		return NULL;
	(void)sd_bus_flush_close_unref(r->sd);
	free(r);
	return NULL;
}

static void copy(char *ret, size_t room, const char *text)
{
	(void)snprintf(ret, room, "%s", text ? text : "");
}

static int fail(int e, const sd_bus_error *error, char ret_error[RAUC_TEXT])
{
	copy(ret_error, RAUC_TEXT, error && error->message ? error->message : strerror(-e));
	return e;
}

static int get_text(struct rauc *r, const char *property, char *ret, size_t room,
		    char ret_error[RAUC_TEXT])
{
	CLEANUP(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	CLEANUP(freep) char *text = NULL;
	int e = sd_bus_get_property_string(r->sd, SERVICE, "/", INTERFACE, property, &error, &text);

	if (e < 0)
		return fail(e, &error, ret_error);
	copy(ret, room, text);
	return 0;
}

int rauc_idle(struct rauc *r, char ret_error[RAUC_TEXT])
{
	char operation[RAUC_NAME];
	int e = get_text(r, "Operation", operation, sizeof(operation), ret_error);

	if (e < 0 || strcmp(operation, "idle") == 0)
		return e;
	(void)snprintf(ret_error, RAUC_TEXT, "RAUC is busy: %s", operation);
	return -EBUSY;
}

/* a{sv} of a slot. */
static int read_slot(sd_bus_message *m, struct rauc_slot *s)
{
	int e = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (e >= 0 && (e = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const char *key = NULL, *text = NULL, *type = NULL;

		e = sd_bus_message_read(m, "s", &key);
		if (e >= 0)
			e = sd_bus_message_peek_type(m, NULL, &type);
		if (e >= 0)
			e = strcmp(type, "s") == 0 ? sd_bus_message_read(m, "v", "s", &text)
						   : sd_bus_message_skip(m, "v");
		if (e < 0)
			return e;
		if (text && strcmp(key, "bootname") == 0)
			copy(s->bootname, sizeof(s->bootname), text);
		else if (text && strcmp(key, "bundle.version") == 0)
			copy(s->version, sizeof(s->version), text);
		else if (text && strcmp(key, "state") == 0)
			s->booted = strcmp(text, "booted") == 0;
		e = sd_bus_message_exit_container(m);
	}
	return e < 0 ? e : sd_bus_message_exit_container(m);
}

static int read_slots(sd_bus_message *m, struct rauc_state *ret)
{
	int e = sd_bus_message_enter_container(m, 'a', "(sa{sv})");

	while (e >= 0 && (e = sd_bus_message_enter_container(m, 'r', "sa{sv}")) > 0) {
		struct rauc_slot s = {0};
		const char *name = NULL;

		e = sd_bus_message_read(m, "s", &name);
		if (e >= 0)
			e = read_slot(m, &s);
		if (e < 0)
			return e;
		copy(s.name, sizeof(s.name), name);
		if (ret->n < RAUC_SLOTS)
			ret->slots[ret->n++] = s;
		e = sd_bus_message_exit_container(m);
	}
	return e < 0 ? e : 0;
}

int rauc_read(struct rauc *r, struct rauc_state *ret, char ret_error[RAUC_TEXT])
{
	CLEANUP(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *slots = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *primary = NULL;
	const char *name = NULL;
	int e = sd_bus_call_method(r->sd, SERVICE, "/", INTERFACE, "GetSlotStatus", &error, &slots,
				   NULL);

	*ret = (struct rauc_state){0};
	if (e >= 0)
		e = read_slots(slots, ret);
	if (e < 0)
		return fail(e, &error, ret_error);
	if (sd_bus_call_method(r->sd, SERVICE, "/", INTERFACE, "GetPrimary", NULL, &primary,
			       NULL) >= 0 &&
	    sd_bus_message_read(primary, "s", &name) >= 0)
		copy(ret->primary, sizeof(ret->primary), name);
	return 0;
}

/* The digest of the manifest in the bundle; empty from a RAUC that cannot tell it. */
static int inspect(struct rauc *r, const char *path, char ret[HASH_TEXT], char ret_error[RAUC_TEXT])
{
	CLEANUP(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int e = sd_bus_call_method(r->sd, SERVICE, "/", INTERFACE, "InspectBundle", &error, &m,
				   "sa{sv}", path, 0);

	ret[0] = '\0';
	if (sd_bus_error_has_name(&error, SD_BUS_ERROR_UNKNOWN_METHOD))
		return 0;
	if (e >= 0)
		e = sd_bus_message_enter_container(m, 'a', "{sv}");
	if (e < 0)
		return fail(e, &error, ret_error);
	while ((e = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const char *key = NULL, *text = NULL;

		e = sd_bus_message_read(m, "s", &key);
		if (e >= 0)
			e = strcmp(key, "manifest-hash") == 0
				    ? sd_bus_message_read(m, "v", "s", &text)
				    : sd_bus_message_skip(m, "v");
		if (e < 0 || (e = sd_bus_message_exit_container(m)) < 0)
			break;
		if (text)
			copy(ret, HASH_TEXT, text);
	}
	return e < 0 ? fail(e, NULL, ret_error) : 0;
}

static int on_completed(sd_bus_message *m, void *job, sd_bus_error *error)
{
	struct job *j = job;

	(void)error;
	if (j->begun && sd_bus_message_read(m, "i", &j->result) >= 0)
		j->over = true;
	return 0;
}

static int on_progress(sd_bus_message *m, void *job, sd_bus_error *error)
{
	struct job *j = job;
	const char *interface, *key, *text;
	int percent, e = sd_bus_message_read(m, "s", &interface);

	(void)error;
	if (e >= 0)
		e = sd_bus_message_enter_container(m, 'a', "{sv}");
	while (e >= 0 && (e = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		e = sd_bus_message_read(m, "s", &key);
		if (e >= 0 && strcmp(key, "Progress") != 0)
			e = sd_bus_message_skip(m, "v");
		else if (e >= 0 &&
			 (e = sd_bus_message_read(m, "v", "(isi)", &percent, &text, NULL)) >= 0)
			j->progress(j->percent = percent, text);
		if (e >= 0)
			e = sd_bus_message_exit_container(m);
	}
	return 0;
}

/* The service has another owner, or none: nobody will tell us how it ended. */
static int on_owner(sd_bus_message *m, void *job, sd_bus_error *error)
{
	struct job *j = job;

	(void)m, (void)error;
	j->over = true;
	j->result = -EPIPE;
	return 0;
}

static int follow(struct rauc *r, struct job *j)
{
	int e = sd_bus_match_signal(r->sd, NULL, SERVICE, "/", INTERFACE, "Completed", on_completed,
				    j);

	if (e >= 0)
		e = sd_bus_match_signal(r->sd, NULL, SERVICE, "/",
					"org.freedesktop.DBus.Properties", "PropertiesChanged",
					on_progress, j);
	if (e >= 0)
		e = sd_bus_add_match(r->sd, NULL,
				     "type='signal',sender='org.freedesktop.DBus',"
				     "member='NameOwnerChanged',arg0='" SERVICE "'",
				     on_owner, j);
	return e < 0 ? e : 0;
}

static int on_begun(sd_bus_message *m, void *job, sd_bus_error *error)
{
	const sd_bus_error *e = sd_bus_message_get_error(m);
	struct job *j = job;

	(void)error;
	j->begun = !e;
	if (!e || j->over)
		return 0;
	j->over = true;
	j->result = fail(-sd_bus_error_get_errno(e), e, j->error);
	return 0;
}

/* Without a bound: whatever was asked for would be done some time. */
static int start(struct rauc *r, const char *path, const char *hash, const char *transaction,
		 struct job *j)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int e = sd_bus_message_new_method_call(r->sd, &m, SERVICE, "/", INTERFACE, "InstallBundle");

	if (e >= 0)
		e = sd_bus_message_append(m, "s", path);
	if (e >= 0)
		e = sd_bus_message_open_container(m, 'a', "{sv}");
	if (e >= 0 && hash[0])
		e = sd_bus_message_append(m, "{sv}", "require-manifest-hash", "s", hash);
	if (e >= 0 && hash[0] && transaction[0])
		e = sd_bus_message_append(m, "{sv}", "transaction-id", "s", transaction);
	if (e >= 0)
		e = sd_bus_message_close_container(m);
	if (e >= 0)
		e = sd_bus_call_async(r->sd, NULL, m, on_begun, j, UINT64_MAX);
	return e < 0 ? e : 0;
}

/* Until it is over. */
static int watch(struct rauc *r, struct job *j)
{
	char operation[RAUC_NAME], error[RAUC_TEXT];

	while (!j->over) {
		int e = sd_bus_process(r->sd, NULL);

		if (e == 0 && (e = sd_bus_wait(r->sd, LIFE_US)) == 0 &&
		    get_text(r, "Operation", operation, sizeof(operation), error) == 0)
			j->progress(j->percent, operation);
		if (e < 0 && e != -EINTR)
			return e;
	}
	return 0;
}

int rauc_install(struct rauc *r, const char *path, const char *transaction,
		 void (*progress)(int percent, const char *what), char ret_error[RAUC_TEXT])
{
	struct job j = {.progress = progress, .error = ret_error};
	char hash[HASH_TEXT];
	int e = inspect(r, path, hash, ret_error);

	if (e < 0)
		return e;
	e = follow(r, &j);
	if (e == 0)
		e = start(r, path, hash, transaction, &j);
	if (e == 0)
		e = watch(r, &j);
	if (e < 0)
		return fail(e, NULL, ret_error);
	if (j.result == -EPIPE)
		copy(ret_error, RAUC_TEXT, "RAUC went away");
	if (j.result == 0 || j.result == -EPIPE || !j.begun)
		return j.result;
	e = get_text(r, "LastError", ret_error, RAUC_TEXT, ret_error);
	return e < 0 ? e : -EREMOTEIO;
}

int rauc_mark(struct rauc *r, const char *state, const char *slot, char ret_error[RAUC_TEXT])
{
	CLEANUP(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int e = sd_bus_call_method(r->sd, SERVICE, "/", INTERFACE, "Mark", &error, NULL, "ss",
				   state, slot);

	return e < 0 ? fail(e, &error, ret_error) : 0;
}
