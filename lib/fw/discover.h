/* lib/fw/discover.h - which URLs to ask for a manifest, in which order (secfu 5.6; pure). */
#pragma once

#include "base/span.h"
#include "fw/url.h"

#define DISCOVER_NAME_MAX    ((size_t)128) /* octets of manufacturer and model */
#define DISCOVER_DOMAIN_MAX  ((size_t)253)
#define DISCOVER_PREFIX_MAX  ((size_t)64)
#define DISCOVER_LINK        ((size_t)16)  /* room for the name of a link, as IFNAMSIZ */
#define DISCOVER_DOMAINS_MAX ((size_t)8)   /* links with a domain */
#define DISCOVER_SERVERS     ((size_t)128) /* room for three name servers as text */
#define DISCOVER_URLS_MAX    ((size_t)4)   /* configured manufacturer URLs */
#define DISCOVER_LOCAL_US    (UINT64_C(2) * 1000 * 1000)  /* for all local servers together */
#define DISCOVER_REMOTE_US   (UINT64_C(10) * 1000 * 1000) /* for each other one */
#define DISCOVER_LAYOUTS_N   ((size_t)2)
#define DISCOVER_MAX         (3 * (DISCOVER_DOMAINS_MAX + DISCOVER_URLS_MAX))

enum discover_source { DISCOVER_LOCAL, DISCOVER_MANUFACTURER, DISCOVER_OFFLINE, DISCOVER_SOURCES };
extern const char *const DISCOVER_SOURCE_NAMES[]; /* ends with NULL */

/* Folders below /.well-known/ where a server may have what is for a device, in order (secfu 5.6).
 */
extern const char *const DISCOVER_LAYOUTS[DISCOVER_LAYOUTS_N];

/* A manufacturer or model that can be a path segment: 1 to 128 octets of UTF-8, not "." or "..", no
 * slash, backslash or control character. */
MUST_USE bool discover_name_is_valid(struct span name);

/* Takes a domain that DHCP or a resolver gave, with or without a trailing dot, when it is safe to
 * ask: labels of letters, digits and inner hyphens; no address; neither localhost nor local nor
 * below them; a single label only if it is in `single_labels` (blank-separated). `prefix` is what
 * will stand before it and counts for the length. ret: lower case. False: *ret untouched. */
MUST_USE bool discover_domain(struct span text, const char *prefix, const char *single_labels,
			      char ret[DISCOVER_DOMAIN_MAX + 1]);

/* The first three addresses in a list with blanks, commas or semicolons, with commas between them.
 */
void discover_servers(struct span text, char ret[DISCOVER_SERVERS]);

struct discover_domain {
	char domain[DISCOVER_DOMAIN_MAX + 1]; /* as discover_domain() gave it */
	char link[DISCOVER_LINK];             /* that gave it; empty: not known */
	uint32_t metric;                      /* of that link: the lowest is asked first */
	char servers[DISCOVER_SERVERS]; /* its name servers, as by discover_servers(); or empty */
};

struct discover_domains {
	struct discover_domain at[DISCOVER_DOMAINS_MAX];
	size_t n;
};

/* Takes a domain into its place: by metric, then as they come. Only the first one of a link counts,
 * and without a link only one that no link has given. False: it is not needed, or there is no
 * room. */
bool discover_take(struct discover_domains *list, const struct discover_domain *d);

struct discover {
	const char *manufacturer, *model; /* valid names */
	const char *prefix;               /* "_firmware." */
	enum url_scheme scheme;           /* of local servers */
	const struct discover_domains *domains;
	/* A base such as http://host (both layouts are asked) or, with a path, the manifest
	 * itself. */
	const char *urls[DISCOVER_URLS_MAX];
	size_t n_urls;
	bool skip_local, skip_manufacturer;
	bool direct; /* ask for files of fw/direct.h, not for manifests */
};

struct discover_try {
	enum discover_source source;
	unsigned server;                /* equal for the layouts of one server */
	char link[DISCOVER_LINK];       /* ask through this one; empty: through any */
	char servers[DISCOVER_SERVERS]; /* that know the host; empty: those of the device */
	size_t root;                    /* octets of a file URL that are its medium; 0: a server */
	char url[URL_MAX + 1];
};

struct discover_list {
	struct discover_try at[DISCOVER_MAX];
	size_t n;
};

/* Local servers first, in the order of the domains, then the manufacturer's; for each server the
 * firmware layout before the manifest layout. -EINVAL: a URL or name is not usable. */
MUST_USE int discover_urls(const struct discover *d, struct discover_list *ret);
/* Index of the first try of another server after `i`, or list->n. */
MUST_USE size_t discover_next_server(const struct discover_list *list, size_t i);
/* How long try `i` may take to resolve and connect, when local servers have cost `lost_us` already
 * without being there: they share DISCOVER_LOCAL_US, so that a dead one leaves time for the next.
 */
MUST_USE uint64_t discover_connect_us(const struct discover_list *list, size_t i, uint64_t lost_us);
