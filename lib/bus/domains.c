#include "bus/domains.h"

#include <string.h>
#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "bus/bus.h"

#define ANSWER_US (1 * USEC_PER_SEC)

struct bus_domains {
	bus_domains_fn fn;
	void *arg;
	enum bus_domains_source source;
	struct sd_bus_slot *slot;
	const char *found[BUS_DOMAINS_MAX]; /* borrowed from the answer */
	size_t n;
};

static void add(struct bus_domains *d, const char *domain)
{
	if (d->n < BUS_DOMAINS_MAX)
		d->found[d->n++] = domain;
}

/* A DHCP option that names a domain, or a search list. */
static int read_option(sd_bus_message *m, const char **ret_domain, const char **ret_search)
{
	const char *name;
	int r = sd_bus_message_read_basic(m, 's', &name);

	if (r < 0)
		return r;
	if (!strcmp(name, "domain_name"))
		return sd_bus_message_read(m, "v", "s", ret_domain);
	if (!strcmp(name, "domain_search") || !strcmp(name, "dhcp6_domain_search"))
		return sd_bus_message_read(m, "v", "s", ret_search);
	return sd_bus_message_skip(m, "v");
}

/* v of a{sv}: the options of one lease, where a domain goes before a search list. */
static int read_options(struct bus_domains *d, sd_bus_message *m)
{
	const char *domain = NULL, *search = NULL;
	int r = sd_bus_message_enter_container(m, 'v', "a{sv}");

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = read_option(m, &domain, &search);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	if (domain || search)
		add(d, domain ? domain : search);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_properties(struct bus_domains *d, sd_bus_message *m, bool wanted)
{
	const char *property;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &property);
		if (r >= 0)
			r = wanted && !strcmp(property, "Options") ? read_options(d, m)
								   : sd_bus_message_skip(m, "v");
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_interfaces(struct bus_domains *d, sd_bus_message *m)
{
	const char *interface;
	int r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &interface);
		if (r >= 0)
			r = read_properties(
				d, m,
				!strcmp(interface, "org.freedesktop.NetworkManager.DHCP4Config") ||
					!strcmp(interface,
						"org.freedesktop.NetworkManager.DHCP6Config"));
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* a{oa{sa{sv}}} of the ObjectManager. */
static int read_network_manager(struct bus_domains *d, sd_bus_message *m)
{
	const char *path;
	int r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
		r = sd_bus_message_read_basic(m, 'o', &path);
		if (r >= 0)
			r = read_interfaces(d, m);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r;
}

/* v of a(isb): interface, domain, for routing only. */
static int read_resolved(struct bus_domains *d, sd_bus_message *m)
{
	const char *domain;
	int index, route_only;
	int r = sd_bus_message_enter_container(m, 'v', "a(isb)");

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "(isb)");
	while (r >= 0 && (r = sd_bus_message_read(m, "(isb)", &index, &domain, &route_only)) > 0)
		if (index > 0 && !route_only)
			add(d, domain);
	return r;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_domains *d = userdata;

	(void)error;
	if (!sd_bus_message_is_method_error(m, NULL) &&
	    (d->source == BUS_DOMAINS_RESOLVED ? read_resolved(d, m) : read_network_manager(d, m)) <
		    0)
		d->n = 0; /* not what the service should say */
	d->fn(d->arg, d->found, d->n);
	return 0;
}

int bus_domains_ask(struct bus_domains **ret, struct bus *b, enum bus_domains_source source,
		    bus_domains_fn fn, void *arg)
{
	CLEANUP(bus_domains_freep) struct bus_domains *d = calloc(1, sizeof(*d));
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	struct sd_bus *sd = bus_sd_bus(b);
	int r;

	if (!d)
		return -ENOMEM;
	if (!sd)
		return -ENOTCONN;
	*d = (struct bus_domains){.fn = fn, .arg = arg, .source = source};
	if (source == BUS_DOMAINS_RESOLVED)
		r = sd_bus_message_new_method_call(sd, &m, "org.freedesktop.resolve1",
						   "/org/freedesktop/resolve1",
						   "org.freedesktop.DBus.Properties", "Get");
	else
		r = sd_bus_message_new_method_call(
			sd, &m, "org.freedesktop.NetworkManager", "/org/freedesktop",
			"org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
	if (r >= 0 && source == BUS_DOMAINS_RESOLVED)
		r = sd_bus_message_append(m, "ss", "org.freedesktop.resolve1.Manager", "Domains");
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, false);
	if (r >= 0)
		r = sd_bus_call_async(sd, &d->slot, m, on_answer, d, ANSWER_US);
	if (r < 0)
		return r;
	*ret = d;
	d = NULL;
	return 0;
}

struct bus_domains *bus_domains_free(struct bus_domains *d)
{
	if (!d)
		return NULL;
	sd_bus_slot_unref(d->slot);
	free(d);
	return NULL;
}
