#include "bus/domains.h"

#include <string.h>
#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "bus/bus.h"

#define ANSWER_US (1 * USEC_PER_SEC)
#define NM        "org.freedesktop.NetworkManager"

/* The objects of NetworkManager that tell of a link, in the order in which they count. */
enum nm_config { NM_DHCP4, NM_DHCP6, NM_IP6, NM_CONFIGS };

struct nm_object {
	const char *path, *domain, *servers;
};

struct nm_device {
	const char *name, *configs[NM_CONFIGS]; /* paths */
};

struct bus_domains {
	bus_domains_fn fn;
	void *arg;
	enum bus_domains_source source;
	struct sd_bus_slot *slot;
	/* Texts are borrowed from the answer. */
	struct nm_object objects[NM_CONFIGS * BUS_DOMAINS_MAX];
	size_t n_objects;
	struct nm_device devices[BUS_DOMAINS_MAX];
	size_t n_devices;
	struct bus_domain found[BUS_DOMAINS_MAX];
	size_t n;
};

/* ---- one property: a variant of the type that is expected, else it is skipped ---- */

static int read_basic(sd_bus_message *m, char type, const char **ret)
{
	const char contents[] = {type, '\0'};
	int r = sd_bus_message_enter_container(m, 'v', contents);

	if (r == -ENXIO)
		return sd_bus_message_skip(m, "v");
	if (r >= 0)
		r = sd_bus_message_read_basic(m, type, ret);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* as: the first one. */
static int read_first(sd_bus_message *m, const char **ret)
{
	const char *text, *first = NULL;
	int r = sd_bus_message_enter_container(m, 'v', "as");

	if (r == -ENXIO)
		return sd_bus_message_skip(m, "v");
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read_basic(m, 's', &text)) > 0)
		if (!first)
			first = text;
	if (first)
		*ret = first;
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Calls fn for each member of an a{sv} with its name, up to the first error. */
typedef int (*member_fn)(void *arg, const char *name, sd_bus_message *m);

static int each_member(sd_bus_message *m, member_fn fn, void *arg)
{
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &name);
		if (r >= 0)
			r = fn(arg, name, m);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* ---- NetworkManager ---- */

struct lease_options {
	const char *domain, *search, *servers;
};

/* A DHCP option that names a domain, or a search list. */
static int read_option(void *arg, const char *name, sd_bus_message *m)
{
	struct lease_options *o = arg;

	if (!strcmp(name, "domain_name"))
		return read_basic(m, 's', &o->domain);
	if (!strcmp(name, "domain_search") || !strcmp(name, "dhcp6_domain_search"))
		return read_basic(m, 's', &o->search);
	if (!strcmp(name, "domain_name_servers") || !strcmp(name, "dhcp6_name_servers"))
		return read_basic(m, 's', &o->servers);
	return sd_bus_message_skip(m, "v");
}

static int read_lease(void *arg, const char *name, sd_bus_message *m)
{
	struct lease_options o = {0};
	struct nm_object *ret = arg;
	int r;

	if (strcmp(name, "Options") != 0)
		return sd_bus_message_skip(m, "v");
	r = sd_bus_message_enter_container(m, 'v', "a{sv}");
	if (r >= 0)
		r = each_member(m, read_option, &o);
	ret->domain = o.domain ? o.domain : o.search;
	ret->servers = o.servers;
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* What DHCPv6 or the routers gave, and what the administrator did. */
static int read_ip6(void *arg, const char *name, sd_bus_message *m)
{
	return !strcmp(name, "Searches") || !strcmp(name, "Domains") ? read_first(m, arg)
								     : sd_bus_message_skip(m, "v");
}

static int read_device(void *arg, const char *name, sd_bus_message *m)
{
	static const char *const PATHS[NM_CONFIGS] = {"Dhcp4Config", "Dhcp6Config", "Ip6Config"};
	struct nm_device *device = arg;

	if (!strcmp(name, "Interface"))
		return read_basic(m, 's', &device->name);
	for (size_t i = 0; i < NM_CONFIGS; i++)
		if (!strcmp(name, PATHS[i]))
			return read_basic(m, 'o', &device->configs[i]);
	return sd_bus_message_skip(m, "v");
}

static int read_interface(struct bus_domains *d, const char *path, const char *interface,
			  sd_bus_message *m)
{
	struct nm_device device = {0};
	struct nm_object object = {.path = path};
	bool is_device = !strcmp(interface, NM ".Device");
	int r;

	if (is_device)
		r = each_member(m, read_device, &device);
	else if (!strcmp(interface, NM ".DHCP4Config") || !strcmp(interface, NM ".DHCP6Config"))
		r = each_member(m, read_lease, &object);
	else if (!strcmp(interface, NM ".IP6Config"))
		r = each_member(m, read_ip6, &object.domain);
	else
		r = sd_bus_message_skip(m, "a{sv}");
	if (device.name && d->n_devices < ARRAY_SIZE(d->devices))
		d->devices[d->n_devices++] = device;
	if (object.domain && *object.domain && d->n_objects < ARRAY_SIZE(d->objects))
		d->objects[d->n_objects++] = object;
	return r;
}

static int read_object(struct bus_domains *d, sd_bus_message *m)
{
	const char *path, *interface;
	int r = sd_bus_message_read_basic(m, 'o', &path);

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &interface);
		if (r >= 0)
			r = read_interface(d, path, interface, m);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static const struct nm_object *object_of(const struct bus_domains *d,
					 const struct nm_device *device)
{
	for (size_t c = 0; c < NM_CONFIGS; c++)
		for (size_t i = 0; device->configs[c] && i < d->n_objects; i++)
			if (!strcmp(d->objects[i].path, device->configs[c]))
				return &d->objects[i];
	return NULL;
}

/* a{oa{sa{sv}}} of the ObjectManager. */
static int read_network_manager(struct bus_domains *d, sd_bus_message *m)
{
	int r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
		r = read_object(d, m);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	for (size_t i = 0; r >= 0 && i < d->n_devices; i++) {
		const struct nm_object *o = object_of(d, &d->devices[i]);

		if (o)
			d->found[d->n++] =
				(struct bus_domain){o->domain, d->devices[i].name, 0, o->servers};
	}
	return r;
}

/* ---- systemd-resolved: v of a(isb): interface, domain, for routing only ---- */

static int read_resolved(struct bus_domains *d, sd_bus_message *m)
{
	const char *domain;
	int index, route_only;
	int r = sd_bus_message_enter_container(m, 'v', "a(isb)");

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "(isb)");
	while (r >= 0 && (r = sd_bus_message_read(m, "(isb)", &index, &domain, &route_only)) > 0)
		if (index > 0 && !route_only && d->n < BUS_DOMAINS_MAX)
			d->found[d->n++] = (struct bus_domain){domain, NULL, index, NULL};
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
		r = sd_bus_message_new_method_call(sd, &m, NM, "/org/freedesktop",
						   "org.freedesktop.DBus.ObjectManager",
						   "GetManagedObjects");
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

/* ---- what is new ---- */

#define CHANGED(interface)                                                                         \
	"type='signal',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"    \
	"arg0='" interface "'"
#define OWNER(name)                                                                                \
	"type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"            \
	"member='NameOwnerChanged',arg0='" name "'"

/* Not all signals of NetworkManager: access points in reach come and go all day. */
static const char *const MATCHES[] = {
	CHANGED(NM ".DHCP4Config") ",sender='" NM "'",
	CHANGED(NM ".DHCP6Config") ",sender='" NM "'",
	CHANGED(NM ".IP6Config") ",sender='" NM "'",
	CHANGED(NM ".Device") ",sender='" NM "'",
	CHANGED("org.freedesktop.network1.Link") ",sender='org.freedesktop.network1'",
	CHANGED("org.freedesktop.resolve1.Manager") ",sender='org.freedesktop.resolve1'",
	OWNER(NM),
	OWNER("org.freedesktop.network1"),
	OWNER("org.freedesktop.resolve1"),
};

struct bus_domains_watch {
	struct bus_part part; /* first: attach() gets its address */
	struct bus *bus;
	void (*fn)(void *arg);
	void *arg;
	struct sd_bus_slot *slots[ARRAY_SIZE(MATCHES)];
};

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_domains_watch *w = userdata;

	(void)m;
	(void)error;
	w->fn(w->arg);
	return 0;
}

static int installed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)m;
	(void)userdata;
	(void)error;
	return 0; /* a refused match must not end the connection, which is what sd-bus would do */
}

static void drop_slots(struct bus_domains_watch *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(MATCHES); i++)
		w->slots[i] = sd_bus_slot_unref(w->slots[i]);
}

static int attach(struct bus_part *part, struct sd_bus *sd)
{
	struct bus_domains_watch *w = (struct bus_domains_watch *)part;
	int r = 0;

	drop_slots(w);
	for (size_t i = 0; i < ARRAY_SIZE(MATCHES) && r >= 0; i++)
		r = sd_bus_add_match_async(sd, &w->slots[i], MATCHES[i], on_signal, installed, w);
	if (r >= 0)
		w->fn(w->arg); /* with the bus come the services on it */
	return r;
}

int bus_domains_watch_new(struct bus_domains_watch **ret, struct bus *b, void (*fn)(void *arg),
			  void *arg)
{
	CLEANUP(bus_domains_watch_freep)
	struct bus_domains_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct bus_domains_watch){.part.attach = attach, .bus = b, .fn = fn, .arg = arg};
	r = bus_part_add(b, &w->part);
	if (r < 0)
		return r;
	*ret = w;
	w = NULL;
	return 0;
}

struct bus_domains_watch *bus_domains_watch_free(struct bus_domains_watch *w)
{
	if (!w)
		return NULL;
	bus_part_remove(w->bus, &w->part);
	drop_slots(w);
	free(w);
	return NULL;
}
