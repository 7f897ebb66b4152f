#include "bus/fwupd_client.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "bus/bus.h"
#include "bus/fwupd_vtable.h"

#define PATH          "/org/ocfgw/Firmware1"
#define JOB_INTERFACE FWUPD_BUS_NAME ".Job"
#define PATH_ROOM     ((size_t)128)

struct fwupd_client {
	struct bus *bus;
	fwupd_client_fn fn;
	void *arg;
	struct sd_bus_slot *call;
	struct bus_watch *watch;
	char path[PATH_ROOM];
	/* The two may come in either order. */
	char result[32], error[64];
};

int fwupd_client_new(struct fwupd_client **ret, struct bus *b, fwupd_client_fn fn, void *arg)
{
	struct fwupd_client *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct fwupd_client){.bus = b, .fn = fn, .arg = arg};
	*ret = c;
	return 0;
}

struct fwupd_client *fwupd_client_free(struct fwupd_client *c)
{
	if (!c)
		return NULL;
	fwupd_client_drop(c);
	free(c);
	return NULL;
}

void fwupd_client_drop(struct fwupd_client *c)
{
	c->call = sd_bus_slot_unref(c->call);
	c->watch = bus_watch_free(c->watch);
	c->result[0] = c->error[0] = '\0';
}

static void end(struct fwupd_client *c, const char *result, const char *error)
{
	char r[sizeof(c->result)], e[128];

	/* What they point to goes with the job. */
	(void)snprintf(r, sizeof(r), "%s", result);
	(void)snprintf(e, sizeof(e), "%s", error);
	fwupd_client_drop(c);
	c->fn(c->arg, &(struct fwupd_client_news){.result = r, .error = e});
}

static void on_property(void *arg, const char *property, const struct bus_value *value)
{
	struct fwupd_client *c = arg;

	if (!property) {
		end(c, "failed", "");
		return;
	}
	if (value->type != 's')
		return;
	if (!strcmp(property, "Phase"))
		c->fn(c->arg, &(struct fwupd_client_news){.phase = value->s});
	else if (!strcmp(property, "Result"))
		(void)snprintf(c->result, sizeof(c->result), "%s", value->s);
	else if (!strcmp(property, "Error"))
		(void)snprintf(c->error, sizeof(c->error), "%s", value->s);
	else
		return;
	if (c->result[0] && (strcmp(c->result, "failed") != 0 || c->error[0]))
		end(c, c->result, c->error);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct fwupd_client *c = userdata;
	const sd_bus_error *e = sd_bus_message_get_error(m);
	const char *path;
	int r;

	(void)error;
	if (e) {
		end(c, "refused", e->name);
		return 0;
	}
	r = sd_bus_message_read_basic(m, 'o', &path);
	if (r >= 0 && strlen(path) < PATH_ROOM) {
		memcpy(c->path, path, strlen(path) + 1);
		r = bus_watch_new(&c->watch, c->bus, FWUPD_BUS_NAME, c->path, JOB_INTERFACE,
				  on_property, c);
	}
	if (!c->watch)
		end(c, "failed", "");
	return r < 0 ? r : 0;
}

int fwupd_client_start(struct fwupd_client *c, const char *method, const char *url)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	struct sd_bus *sd = bus_sd_bus(c->bus);
	int r;

	fwupd_client_drop(c);
	if (!sd)
		return -ENOTCONN;
	r = sd_bus_message_new_method_call(sd, &m, FWUPD_BUS_NAME, PATH, FWUPD_BUS_NAME, method);
	if (r >= 0)
		r = url ? sd_bus_message_append(m, "a{sv}", 1, "url", "s", url)
			: sd_bus_message_append(m, "a{sv}", 0);
	if (r >= 0)
		r = sd_bus_call_async(sd, &c->call, m, on_reply, c, 0);
	return r < 0 ? r : 0;
}
