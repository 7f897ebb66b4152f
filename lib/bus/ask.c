#include "bus/ask.h"

#include <string.h>
#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "base/span.h"
#include "bus/bus.h"

#define PROPERTIES  "org.freedesktop.DBus.Properties"
#define SYSTEMD     "org.freedesktop.systemd1"
#define UNITS       "/org/freedesktop/systemd1/unit"
#define LOGIN       "org.freedesktop.login1"
#define LOGIN_PATH  "/org/freedesktop/login1"
#define SECURITY    "org.ocfgw.Security1"
#define ANSWER_US   (5 * USEC_PER_SEC)
#define SELFTEST_US (10 * USEC_PER_SEC)

struct bus_ask {
	struct sd_bus_slot *slot;
	void *arg;
	union {
		bus_unit_fn unit;
		bus_selftest_fn selftest;
		bus_inhibitor_fn inhibitor;
		bus_reboot_fn reboot;
	} fn;
};

struct bus_ask *bus_ask_free(struct bus_ask *q)
{
	if (!q)
		return NULL;
	sd_bus_slot_unref(q->slot);
	free(q);
	return NULL;
}

static int new_call(struct bus *b, const char *name, const char *path, const char *interface,
		    const char *method, sd_bus_message **ret)
{
	struct sd_bus *sd = bus_sd_bus(b);

	return sd ? sd_bus_message_new_method_call(sd, ret, name, path, interface, method)
		  : -ENOTCONN;
}

static int send(struct bus_ask **ret, sd_bus_message *m, sd_bus_message_handler_t on_answer,
		uint64_t timeout_us, struct bus_ask q)
{
	CLEANUP(bus_ask_freep) struct bus_ask *own = calloc(1, sizeof(*own));
	int r;

	if (!own)
		return -ENOMEM;
	*own = q;
	r = sd_bus_call_async(sd_bus_message_get_bus(m), &own->slot, m, on_answer, own, timeout_us);
	if (r < 0)
		return r;
	*ret = own;
	own = NULL;
	return 0;
}

/* ---- a unit ---- */

/* a{sv} of org.freedesktop.systemd1.Unit. */
static int read_unit(sd_bus_message *m, const char **ret_state, uint64_t *ret_since_us)
{
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &name);
		if (r < 0)
			return r;
		if (!strcmp(name, "ActiveState"))
			r = sd_bus_message_read(m, "v", "s", ret_state);
		else if (!strcmp(name, "ActiveEnterTimestampMonotonic"))
			r = sd_bus_message_read(m, "v", "t", ret_since_us);
		else
			r = sd_bus_message_skip(m, "v");
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r;
}

static int on_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct bus_ask *q = userdata;
	const char *state = NULL;
	uint64_t since_us = 0;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL) || read_unit(m, &state, &since_us) < 0)
		state = NULL;
	q->fn.unit(q->arg, state, since_us);
	return 0;
}

int bus_ask_unit(struct bus_ask **ret, struct bus *b, const char *unit, bus_unit_fn fn, void *arg)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	CLEANUP(freep) char *path = NULL;
	int r = sd_bus_path_encode(UNITS, unit, &path);

	if (r >= 0)
		r = new_call(b, SYSTEMD, path, PROPERTIES, "GetAll", &m);
	if (r >= 0)
		r = sd_bus_message_append(m, "s", SYSTEMD ".Unit");
	return r < 0 ? r
		     : send(ret, m, on_unit, ANSWER_US,
			    (struct bus_ask){.arg = arg, .fn.unit = fn});
}

/* ---- ocf-secd ---- */

/* Not installed, not enabled, or not started by those who start services here. */
static bool is_absence(const sd_bus_error *e)
{
	static const char SPAWN[] = "org.freedesktop.DBus.Error.Spawn.";
	static const char *const NAMES[] = {
		SD_BUS_ERROR_SERVICE_UNKNOWN,
		SD_BUS_ERROR_NAME_HAS_NO_OWNER,
		"org.freedesktop.systemd1.NoSuchUnit",
		"org.freedesktop.systemd1.UnitMasked",
	};

	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (sd_bus_error_has_name(e, NAMES[i]))
			return true;
	return strncmp(e->name, SPAWN, strlen(SPAWN)) == 0;
}

static int on_selftest(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct bus_ask *q = userdata;
	const sd_bus_error *e = sd_bus_message_get_error(m);
	enum bus_selftest result = BUS_SELFTEST_BAD;
	const char *text = "its answer cannot be read";
	int ok = 0;

	(void)error;
	if (e && is_absence(e))
		result = BUS_SELFTEST_ABSENT;
	else if (e)
		text = e->message ? e->message : e->name;
	else if (sd_bus_message_read(m, "bs", &ok, &text) >= 0 && ok)
		result = BUS_SELFTEST_GOOD;
	q->fn.selftest(q->arg, result, text);
	return 0;
}

int bus_ask_selftest(struct bus_ask **ret, struct bus *b, bus_selftest_fn fn, void *arg)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = new_call(b, SECURITY, "/org/ocfgw/Security1", SECURITY, "SelfTest", &m);

	return r < 0 ? r
		     : send(ret, m, on_selftest, SELFTEST_US,
			    (struct bus_ask){.arg = arg, .fn.selftest = fn});
}

/* ---- logind ---- */

static bool is_shutdown(const char *what)
{
	struct span rest = span_str(what);

	while (rest.ptr)
		if (span_is(span_cut(&rest, ':'), "shutdown"))
			return true;
	return false;
}

/* a(ssssuu): what, who, why, mode, user, process. The first that blocks. */
static int read_inhibitors(sd_bus_message *m, const char **ret_who, const char **ret_why)
{
	const char *what, *who, *why, *mode;
	uint32_t uid, pid;
	int r = sd_bus_message_enter_container(m, 'a', "(ssssuu)");

	while (r >= 0 &&
	       (r = sd_bus_message_read(m, "(ssssuu)", &what, &who, &why, &mode, &uid, &pid)) > 0) {
		if (strcmp(mode, "block") != 0 || !is_shutdown(what))
			continue;
		*ret_who = who;
		*ret_why = why;
		return 0;
	}
	return r;
}

static int on_inhibitors(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct bus_ask *q = userdata;
	const char *who = "", *why = "";

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL) || read_inhibitors(m, &who, &why) < 0)
		who = NULL;
	q->fn.inhibitor(q->arg, who, why);
	return 0;
}

int bus_ask_inhibitors(struct bus_ask **ret, struct bus *b, bus_inhibitor_fn fn, void *arg)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = new_call(b, LOGIN, LOGIN_PATH, LOGIN ".Manager", "ListInhibitors", &m);

	return r < 0 ? r
		     : send(ret, m, on_inhibitors, ANSWER_US,
			    (struct bus_ask){.arg = arg, .fn.inhibitor = fn});
}

static int on_reboot(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct bus_ask *q = userdata;
	const sd_bus_error *e = sd_bus_message_get_error(m);

	(void)error;
	q->fn.reboot(q->arg, !e ? NULL : e->message ? e->message : e->name);
	return 0;
}

int bus_ask_reboot(struct bus_ask **ret, struct bus *b, bus_reboot_fn fn, void *arg)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = new_call(b, LOGIN, LOGIN_PATH, LOGIN ".Manager", "Reboot", &m);

	if (r >= 0)
		r = sd_bus_message_append(m, "b", 0); /* nobody is there to be asked */
	return r < 0 ? r
		     : send(ret, m, on_reboot, ANSWER_US,
			    (struct bus_ask){.arg = arg, .fn.reboot = fn});
}
