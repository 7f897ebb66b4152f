#include "domain.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fwerr.h"
#include "base/log.h"
#include "bus/domains.h"
#include "lease.h"

#define FILES_MAX 16 /* of a folder of leases */
#define READ_STEP ((size_t)4096)

struct domain_search {
	const struct fwupd_config *config;
	struct bus *bus;
	domain_fn fn;
	void *arg;
	enum config_source sources[CONFIG_SOURCES];
	size_t n, next;
	struct bus_domains *question;
	struct domain_list list;
};

static const char *const NAMES[] = {
	[SOURCE_NETWORK_MANAGER] = "NetworkManager",
	[SOURCE_NETWORKD] = "networkd",
	[SOURCE_RESOLVED] = "resolved",
	[SOURCE_DHCLIENT] = "dhclient",
	[SOURCE_RESOLV_CONF] = "resolv.conf",
};

/* Takes one candidate into the list, once. */
static void take(struct domain_search *s, enum config_source source, struct span text)
{
	struct domain_list *l = &s->list;
	char domain[DISCOVER_DOMAIN_MAX + 1];

	if (!discover_domain(text, s->config->prefix, s->config->single_labels, domain)) {
		log_warning("discover: %s source=%s domain=%s",
			    fw_error_name(FWE_DISCOVERY_DOMAIN_INVALID), NAMES[source],
			    log_text(&(struct log_buf){0}, text));
		l->refused = true;
		return;
	}
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->at[i], domain))
			return;
	if (l->n < DISCOVER_DOMAINS_MAX)
		memcpy(l->at[l->n++], domain, sizeof(domain));
}

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

static size_t parse(const struct domain_search *s, enum config_source source, struct span text,
		    struct span *found)
{
	time_t seconds = (time_t)(clock_real_us() / USEC_PER_SEC);
	char now[32] = "";
	struct tm tm;

	if (source == SOURCE_NETWORKD)
		return lease_networkd(text, found, DISCOVER_DOMAINS_MAX);
	if (source == SOURCE_RESOLV_CONF)
		return lease_resolv_conf(text, s->config->use_search, found, DISCOVER_DOMAINS_MAX);
	if (gmtime_r(&seconds, &tm))
		(void)strftime(now, sizeof(now), "%Y/%m/%d %H:%M:%S", &tm);
	return lease_dhclient(text, now, found, DISCOVER_DOMAINS_MAX);
}

static void read_source_file(struct domain_search *s, enum config_source source, int dir,
			     const char *name)
{
	struct span found[DISCOVER_DOMAINS_MAX];
	struct buf text = BUF_INIT(LEASE_FILE_MAX);
	size_t n = 0;

	if (read_file(dir, name, &text))
		n = parse(s, source, buf_span(&text), found);
	for (size_t i = 0; i < n; i++)
		take(s, source, found[i]);
	buf_done(&text);
}

static void read_source_dir(struct domain_search *s, enum config_source source, const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	int files = 0;

	while (d && files < FILES_MAX && (e = readdir(d)))
		if (e->d_name[0] != '.') {
			files++;
			read_source_file(s, source, dirfd(d), e->d_name);
		}
	if (d)
		(void)closedir(d);
}

static void on_bus_domains(void *arg, const char *const *domains, size_t n);

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
		return false;
	case SOURCE_DHCLIENT:
		read_source_dir(s, source, s->config->dhclient_dir);
		return false;
	case SOURCE_RESOLV_CONF:
		read_source_file(s, source, AT_FDCWD, s->config->resolv_conf);
		return false;
	}
	return false;
}

/* Goes on until a source knows a domain or has to be waited for. */
static void search(struct domain_search *s)
{
	while (s->list.n == 0 && s->next < s->n)
		if (ask_source(s, s->sources[s->next++]))
			return;
	for (size_t i = 0; i < s->list.n; i++)
		log_info("discover: domain=%s source=%s", s->list.at[i],
			 NAMES[s->sources[s->next - 1]]);
	s->fn(s->arg, &s->list); /* the last: it may free us */
}

static void on_bus_domains(void *arg, const char *const *domains, size_t n)
{
	struct domain_search *s = arg;

	for (size_t i = 0; i < n; i++) {
		struct span rest = span_str(domains[i]);

		take(s, s->sources[s->next - 1], span_cut(&rest, ' '));
	}
	s->question = bus_domains_free(s->question);
	search(s);
}

int domain_search_new(struct domain_search **ret, const struct fwupd_config *config,
		      struct bus *bus, domain_fn fn, void *arg)
{
	struct domain_search *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct domain_search){.config = config, .bus = bus, .fn = fn, .arg = arg};
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
