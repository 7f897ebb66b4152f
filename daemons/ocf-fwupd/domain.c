#include "domain.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fwerr.h"
#include "base/log.h"
#include "base/parse.h"
#include "bus/domains.h"
#include "lease.h"

#define FILES_MAX ((size_t)32) /* of a folder of leases */
#define READ_STEP ((size_t)4096)

struct domain_search {
	const struct fwupd_config *config;
	const struct links *links;
	struct bus *bus;
	domain_fn fn;
	void *arg;
	enum config_source sources[CONFIG_SOURCES];
	size_t n, next;
	struct bus_domains *question;
	struct discover_domains found;
};

static const struct link *link_of(const struct domain_search *s, const struct lease_domain *d,
				  uint32_t index)
{
	return d->link.len > 0 ? links_by_name(s->links, d->link) : links_by_index(s->links, index);
}

/* Takes one candidate into the list. A link with a name or index that is not known any more has
 * gone. */
static void take(struct domain_search *s, enum config_source source,
		 const struct lease_domain *from, uint32_t index)
{
	const struct link *link = link_of(s, from, index);
	struct discover_domain d = {.metric = link ? link->metric : LINKS_NO_ROUTE};
	bool is_named = from->link.len > 0 || index > 0;

	if (!discover_domain(from->domain, s->config->prefix, s->config->single_labels, d.domain)) {
		log_warning("discover: %s source=%s domain=%s",
			    fw_error_name(FWE_DISCOVERY_DOMAIN_INVALID),
			    CONFIG_SOURCE_NAMES[source],
			    log_text(&(struct log_buf){0}, from->domain));
		return;
	}
	if (link)
		memcpy(d.link, link->name, sizeof(d.link));
	else if (is_named && links_are_all(s->links))
		return;
	else if (span_to_str(from->link, d.link, sizeof(d.link)) < 0)
		return;
	if (d.link[0])
		discover_servers(from->servers, d.servers);
	if (discover_take(&s->found, &d))
		log_debug("discover: domain=%s link=%s source=%s", d.domain, d.link,
			  CONFIG_SOURCE_NAMES[source]);
}

/* ---- files ---- */

static bool read_file(int dir, const char *name, struct buf *out)
{
	CLEANUP(closep) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = 1;

	while (fd >= 0 && n > 0) {
		uint8_t *at = buf_room(out, READ_STEP);

		n = at ? read(fd, at, READ_STEP) : -1;
		out->len += n > 0 ? (size_t)n : 0;
	}
	return fd >= 0 && n == 0;
}

static void take_text(struct domain_search *s, enum config_source source, const char *name,
		      struct span text)
{
	struct lease_domain found[DISCOVER_DOMAINS_MAX] = {0};
	uint32_t index = 0;
	size_t n = 0;

	if (source == SOURCE_NETWORKD) {
		if (parse_u32(span_str(name), &index))
			n = lease_networkd(text, &found[0]);
	} else if (source == SOURCE_RESOLV_CONF) {
		n = lease_resolv_conf(text, s->config->use_search, &found[0]);
	} else if (source == SOURCE_DHCLIENT) {
		n = lease_dhclient(text, clock_real_us() / USEC_PER_SEC, found, ARRAY_SIZE(found));
	} else {
		found[0].link = lease_link(name);
		n = source == SOURCE_DHCPCD ? lease_resolv_conf(text, true, &found[0])
					    : lease_udhcpc(text, &found[0]);
	}
	for (size_t i = 0; i < n; i++)
		take(s, source, &found[i], index);
}

static void read_source_file(struct domain_search *s, enum config_source source, int dir,
			     const char *name)
{
	struct buf text = BUF_INIT(LEASE_FILE_MAX);

	if (read_file(dir, name, &text))
		take_text(s, source, name, buf_span(&text));
	buf_done(&text);
}

static int no_hidden(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* In the order of names, which puts DHCP before DHCPv6 before router advertisements. */
static void read_source_dir(struct domain_search *s, enum config_source source, const char *path)
{
	CLEANUP(closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries = NULL;
	int n = dir < 0 ? -1 : scandirat(dir, ".", &entries, no_hidden, alphasort);

	for (int i = 0; i < n; i++) {
		if ((size_t)i < FILES_MAX)
			read_source_file(s, source, dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

/* ---- others ---- */

static void take_announced(struct domain_search *s)
{
	uint64_t now_us = clock_boottime_us();

	for (size_t i = 0; i < s->links->n_announced; i++) {
		const struct link_domain *a = &s->links->announced[i];

		if (a->until_us > now_us)
			take(s, SOURCE_ROUTERS,
			     &(struct lease_domain){.domain = span_str(a->domain)}, a->index);
	}
}

static void on_bus_domains(void *arg, const struct bus_domain *domains, size_t n);

/* True: the answer comes later. */
static bool ask_source(struct domain_search *s, enum config_source source)
{
	switch (source) {
	case SOURCE_NETWORK_MANAGER:
	case SOURCE_RESOLVED:
		return s->bus &&
		       bus_domains_ask(&s->question, s->bus,
				       source == SOURCE_RESOLVED ? BUS_DOMAINS_RESOLVED
								 : BUS_DOMAINS_NETWORK_MANAGER,
				       on_bus_domains, s) == 0;
	case SOURCE_NETWORKD:
		read_source_dir(s, source, s->config->networkd_dir);
		read_source_dir(s, source, s->config->networkd_links);
		return false;
	case SOURCE_DHCLIENT:
		read_source_dir(s, source, s->config->dhclient_dir);
		return false;
	case SOURCE_DHCPCD:
		read_source_dir(s, source, s->config->dhcpcd_dir);
		return false;
	case SOURCE_UDHCPC:
		read_source_dir(s, source, s->config->udhcpc_dir);
		return false;
	case SOURCE_ROUTERS:
		take_announced(s);
		return false;
	case SOURCE_RESOLV_CONF: /* it does not say which link: good enough if no other does */
		if (s->found.n == 0)
			read_source_file(s, source, AT_FDCWD, s->config->resolv_conf);
		return false;
	}
	return false;
}

/* Goes on until all are asked or one has to be waited for. */
static void search(struct domain_search *s)
{
	while (s->next < s->n)
		if (ask_source(s, s->sources[s->next++]))
			return;
	s->fn(s->arg, &s->found); /* the last: it may free us */
}

static void on_bus_domains(void *arg, const struct bus_domain *domains, size_t n)
{
	struct domain_search *s = arg;

	for (size_t i = 0; i < n; i++) {
		struct span rest = span_str(domains[i].domain);

		take(s, s->sources[s->next - 1],
		     &(struct lease_domain){span_str(domains[i].link), span_cut(&rest, ' '),
					    span_str(domains[i].servers)},
		     (uint32_t)domains[i].index);
	}
	s->question = bus_domains_free(s->question);
	search(s);
}

int domain_search_new(struct domain_search **ret, const struct fwupd_config *config,
		      const struct links *links, struct bus *bus, domain_fn fn, void *arg)
{
	struct domain_search *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct domain_search){
		.config = config, .links = links, .bus = bus, .fn = fn, .arg = arg};
	s->n = config_sources(config, s->sources);
	*ret = s; /* before the call: fn frees by it */
	search(s);
	return 0;
}

struct domain_search *domain_search_free(struct domain_search *s)
{
	if (!s)
		return NULL;
	bus_domains_free(s->question);
	free(s);
	return NULL;
}
