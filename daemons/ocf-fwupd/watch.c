#include "watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "bus/domains.h"
#include "bus/loop.h"
#include "folders.h"
#include "netlink.h"

#define SETTLE_US (1 * USEC_PER_SEC) /* one change seldom comes alone */

struct watch {
	const struct fwupd_config *config;
	struct bus *bus;
	watch_fn fn;
	void *arg;
	struct loop_timer *settle;
	bool settling, told;
	struct netlink *netlink; /* NULL: none to be had */
	struct folders *folders;
	struct bus_domains_watch *services;
	struct domain_search *search;
	const char *paths[FOLDERS_MAX]; /* of the folders */
	struct reach reach;
};

const struct links *watch_links(const struct watch *w)
{
	static const struct links NONE;

	return w->netlink ? netlink_links(w->netlink) : &NONE;
}

void watch_refresh(struct watch *w)
{
	if (w->netlink)
		netlink_refresh(w->netlink);
}

/* ---- something may be new ---- */

static void on_news(void *arg)
{
	struct watch *w = arg;

	if (w->settling)
		return;
	w->settling = true;
	loop_timer_set(w->settle, clock_monotonic_us() + SETTLE_US);
}

/* ---- what is it? ---- */

static bool is_same(const struct reach *a, const struct reach *b)
{
	bool same = a->known == b->known && a->has_route == b->has_route &&
		    a->domains.n == b->domains.n;

	for (size_t i = 0; same && i < a->domains.n; i++)
		same = !strcmp(a->domains.at[i].domain, b->domains.at[i].domain) &&
		       !strcmp(a->domains.at[i].link, b->domains.at[i].link);
	return same;
}

static void on_domains(void *arg, const struct discover_domains *domains)
{
	struct watch *w = arg;
	struct reach now = {
		.known = w->netlink != NULL,
		.has_route = links_have_route(watch_links(w)),
		.domains = *domains,
	};

	w->search = domain_search_free(w->search); /* `domains` go with it */
	if (w->told && is_same(&now, &w->reach))
		return;
	w->told = true;
	w->reach = now;
	log_info("discover: reach route=%s domains=%zu",
		 !now.known      ? "unknown"
		 : now.has_route ? "yes"
				 : "no",
		 now.domains.n);
	for (size_t i = 0; i < now.domains.n; i++)
		log_info("discover: domain=%s link=%s", now.domains.at[i].domain,
			 now.domains.at[i].link);
	w->fn(w->arg, &w->reach);
}

static void search(struct watch *w)
{
	w->search = domain_search_free(w->search);
	if (domain_search_new(&w->search, w->config, watch_links(w), w->bus, on_domains, w) < 0)
		log_error("discover: no memory");
}

static int on_settled(void *arg)
{
	struct watch *w = arg;

	w->settling = false;
	watch_refresh(w);
	search(w);
	return 0;
}

/* ---- life ---- */

/* Of the sources that are configured, those that are files. */
static size_t list_paths(struct watch *w)
{
	const struct fwupd_config *c = w->config;
	enum config_source sources[CONFIG_SOURCES];
	size_t n = config_sources(c, sources), paths = 0;

	for (size_t i = 0; i < n && paths + 2 <= FOLDERS_MAX; i++) {
		if (sources[i] == SOURCE_NETWORKD) {
			w->paths[paths++] = c->networkd_dir;
			w->paths[paths++] = c->networkd_links;
		} else if (sources[i] == SOURCE_DHCLIENT) {
			w->paths[paths++] = c->dhclient_dir;
		} else if (sources[i] == SOURCE_DHCPCD) {
			w->paths[paths++] = c->dhcpcd_dir;
		} else if (sources[i] == SOURCE_UDHCPC) {
			w->paths[paths++] = c->udhcpc_dir;
		} else if (sources[i] == SOURCE_RESOLV_CONF) {
			w->paths[paths++] = c->resolv_conf;
		}
	}
	return paths;
}

int watch_new(struct watch **ret, const struct fwupd_config *config, struct loop *loop,
	      struct bus *bus, int fd, watch_fn fn, void *arg)
{
	CLEANUP(watch_freep) struct watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w) {
		closep(&fd);
		return -ENOMEM;
	}
	*w = (struct watch){.config = config, .bus = bus, .fn = fn, .arg = arg};
	r = netlink_new(&w->netlink, loop, fd, on_news, w);
	if (r < 0 && r != -ENOMEM) {
		log_info("discover: links cannot be followed error=%s", strerror(-r));
		r = 0;
	}
	if (r == 0)
		r = loop_timer_new(&w->settle, loop, on_settled, w);
	if (r == 0)
		r = bus_domains_watch_new(&w->services, bus, on_news, w);
	if (r < 0)
		return r;
	r = folders_new(&w->folders, loop, w->paths, list_paths(w), on_news, w);
	if (r < 0)
		log_warning("discover: leases cannot be followed error=%s", strerror(-r));
	on_news(w);
	*ret = w;
	w = NULL;
	return 0;
}

struct watch *watch_free(struct watch *w)
{
	if (!w)
		return NULL;
	domain_search_free(w->search);
	bus_domains_watch_free(w->services);
	folders_free(w->folders);
	netlink_free(w->netlink);
	loop_timer_free(w->settle);
	free(w);
	return NULL;
}
