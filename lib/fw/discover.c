#include "fw/discover.h"

#include <stdio.h>

#include "fw/direct.h"
#include "fw/offline.h"

#define LABEL_MAX   ((size_t)63)
#define SERVERS_MAX ((size_t)3)
#define ADDRESS_MAX ((size_t)39) /* octets of an IPv6 address as text */

const char *const DISCOVER_LAYOUTS[DISCOVER_LAYOUTS_N] = {"firmware", "manifest"};
const char *const DISCOVER_SOURCE_NAMES[] = {"local", "manufacturer", "offline", NULL};

bool discover_name_is_valid(struct span name)
{
	if (name.len == 0 || name.len > DISCOVER_NAME_MAX || !span_is_utf8(name) ||
	    span_is(name, ".") || span_is(name, ".."))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] < 0x20 || name.ptr[i] == 0x7f || name.ptr[i] == '/' ||
		    name.ptr[i] == '\\')
			return false;
	return true;
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool label_is_valid(struct span l)
{
	if (l.len == 0 || l.len > LABEL_MAX || l.ptr[0] == '-' || l.ptr[l.len - 1] == '-')
		return false;
	for (size_t i = 0; i < l.len; i++)
		if (!is_alnum(l.ptr[i]) && l.ptr[i] != '-')
			return false;
	return true;
}

static bool all_digits(struct span l)
{
	for (size_t i = 0; i < l.len; i++)
		if (l.ptr[i] < '0' || l.ptr[i] > '9')
			return false;
	return true;
}

static bool is_listed(struct span label, const char *list)
{
	struct span rest = span_str(list), word;

	while (span_word(&rest, &word))
		if (word.len == label.len &&
		    strncasecmp((const char *)word.ptr, (const char *)label.ptr, word.len) == 0)
			return true;
	return false;
}

bool discover_domain(struct span text, const char *prefix, const char *single_labels,
		     char ret[DISCOVER_DOMAIN_MAX + 1])
{
	struct span rest, last = {0};
	size_t n = 0;

	if (text.len > 0 && text.ptr[text.len - 1] == '.')
		text.len--;
	if (text.len == 0 || text.len > DISCOVER_DOMAIN_MAX ||
	    strlen(prefix) > DISCOVER_DOMAIN_MAX - text.len)
		return false;
	for (rest = text; rest.ptr; n++) {
		last = span_cut(&rest, '.');
		if (!label_is_valid(last))
			return false;
	}
	/* No top-level domain is a number, so this is an address; ".local" belongs to mDNS. */
	if (all_digits(last) || span_is_nocase(last, "localhost") || span_is_nocase(last, "local"))
		return false;
	if (n == 1 && !is_listed(text, single_labels))
		return false;
	for (size_t i = 0; i < text.len; i++)
		ret[i] = (char)(text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? text.ptr[i] | 0x20
									 : text.ptr[i]);
	ret[text.len] = '\0';
	return true;
}

/* May be an address: whoever connects to it looks closer. */
static bool is_address(struct span s)
{
	bool sound = s.len > 0 && s.len <= ADDRESS_MAX;

	for (size_t i = 0; sound && i < s.len; i++)
		sound = strchr("0123456789abcdefABCDEF:.", s.ptr[i]) && s.ptr[i] != '\0';
	return sound && (memchr(s.ptr, ':', s.len) || memchr(s.ptr, '.', s.len));
}

void discover_servers(struct span text, char ret[DISCOVER_SERVERS])
{
	size_t n = 0, at = 0;

	ret[0] = '\0';
	while (text.len > 0 && n < SERVERS_MAX) {
		struct span word = span_of(text.ptr, 0);

		while (word.len < text.len && !strchr(" \t,;", text.ptr[word.len]))
			word.len++;
		text = span_skip(text, word.len + 1);
		if (!is_address(word))
			continue;
		at += (size_t)snprintf(ret + at, DISCOVER_SERVERS - at, "%s%.*s", n > 0 ? "," : "",
				       (int)word.len, (const char *)word.ptr);
		n++;
	}
}

bool discover_take(struct discover_domains *list, const struct discover_domain *d)
{
	size_t at = 0;

	for (size_t i = 0; i < list->n; i++)
		if (d->link[0] ? !strcmp(list->at[i].link, d->link)
			       : !strcmp(list->at[i].domain, d->domain))
			return false;
	if (list->n == DISCOVER_DOMAINS_MAX)
		return false;
	while (at < list->n && list->at[at].metric <= d->metric)
		at++;
	memmove(&list->at[at + 1], &list->at[at], (list->n - at) * sizeof(*d));
	list->at[at] = *d;
	list->n++;
	return true;
}

static int add(struct discover_list *list, enum discover_source source, unsigned server,
	       struct buf *url)
{
	struct discover_try *t = &list->at[list->n];
	struct url parsed;

	if (!buf_ok(url) || url_parse(buf_span(url), &parsed) != URL_OK)
		return -EINVAL;
	t->source = source;
	t->server = server;
	t->link[0] = '\0';
	t->servers[0] = '\0';
	t->root = 0;
	list->n++;
	return span_to_str(buf_span(url), t->url, sizeof(t->url));
}

static int add_layouts(struct discover_list *list, enum discover_source source, unsigned server,
		       const struct discover *d, struct span base)
{
	for (size_t i = 0; i < DISCOVER_LAYOUTS_N; i++) {
		struct buf url = BUF_INIT(URL_MAX);
		int r;

		buf_put(&url, base);
		buf_printf(&url, "/.well-known/%s/", DISCOVER_LAYOUTS[i]);
		url_put_path(&url, d->manufacturer);
		buf_put_byte(&url, '/');
		url_put_path(&url, d->model);
		buf_printf(&url, "/%s", d->direct ? DIRECT_FILE : "manifest.json");
		r = add(list, source, server, &url);
		buf_done(&url);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_domain(struct discover_list *list, unsigned server, const struct discover *d,
		      const struct discover_domain *domain)
{
	struct buf base = BUF_INIT(URL_MAX);
	size_t first = list->n;
	int r;

	buf_printf(&base, "%s://%s%s", URL_SCHEME_NAMES[d->scheme], d->prefix, domain->domain);
	r = buf_ok(&base) ? add_layouts(list, DISCOVER_LOCAL, server, d, buf_span(&base)) : -ENOMEM;
	for (size_t i = first; i < list->n; i++) {
		memcpy(list->at[i].link, domain->link, sizeof(domain->link));
		memcpy(list->at[i].servers, domain->servers, sizeof(domain->servers));
	}
	buf_done(&base);
	return r;
}

static int add_url(struct discover_list *list, unsigned server, const struct discover *d,
		   const char *text)
{
	struct span base = span_str(text);
	struct buf url = BUF_INIT(URL_MAX);
	char folder[OFFLINE_PATH];
	struct url u;
	int r;

	if (offline_folder(base, folder))
		return offline_add(list, server, d, folder);
	if (url_parse(base, &u) != URL_OK)
		return -EINVAL;
	if (u.path.len <= 1 && !u.query.ptr) {
		base.len -= u.path.len;
		return add_layouts(list, DISCOVER_MANUFACTURER, server, d, base);
	}
	buf_put(&url, base);
	r = add(list, DISCOVER_MANUFACTURER, server, &url);
	buf_done(&url);
	return r;
}

int discover_urls(const struct discover *d, struct discover_list *ret)
{
	size_t n_domains = d->domains && !d->skip_local ? d->domains->n : 0;
	unsigned server = 0;
	int r = 0;

	if (!discover_name_is_valid(span_str(d->manufacturer)) ||
	    !discover_name_is_valid(span_str(d->model)) || n_domains > DISCOVER_DOMAINS_MAX ||
	    d->n_urls > DISCOVER_URLS_MAX)
		return -EINVAL;
	ret->n = 0;
	for (size_t i = 0; i < n_domains && r == 0; i++)
		r = add_domain(ret, server++, d, &d->domains->at[i]);
	for (size_t i = 0; i < d->n_urls && !d->skip_manufacturer && r == 0; i++)
		r = add_url(ret, server++, d, d->urls[i]);
	return r;
}

size_t discover_next_server(const struct discover_list *list, size_t i)
{
	size_t n = i;

	while (n < list->n && list->at[n].server == list->at[i].server)
		n++;
	return n;
}

uint64_t discover_connect_us(const struct discover_list *list, size_t i, uint64_t lost_us)
{
	uint64_t left_us = lost_us < DISCOVER_LOCAL_US ? DISCOVER_LOCAL_US - lost_us : 0;
	unsigned servers = 1;

	if (list->at[i].source != DISCOVER_LOCAL)
		return DISCOVER_REMOTE_US;
	for (size_t k = i + 1; k < list->n && list->at[k].source == DISCOVER_LOCAL; k++)
		servers = list->at[k].server - list->at[i].server + 1;
	return left_us / servers;
}
