#include "lease.h"

#include <time.h>

#include "base/parse.h"

#define LINKS_MAX   ((size_t)16) /* of one lease file */
#define TIME_LENGTH ((size_t)19) /* 2026/06/01 12:00:00 */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span s)
{
	while (s.len > 0 && is_blank(s.ptr[0]))
		s = span_of(s.ptr + 1, s.len - 1);
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* The next line without blanks around it; false at the end of the text. */
static bool next_line(struct span *text, struct span *ret)
{
	if (!text->ptr)
		return false;
	*ret = trim(span_cut(text, '\n'));
	return true;
}

/* The rest of a line that begins with `word` and a blank. */
static bool after(struct span line, const char *word, struct span *ret)
{
	size_t n = strlen(word);

	if (!span_starts(line, word) || line.len <= n || !is_blank(line.ptr[n]))
		return false;
	*ret = trim(span_skip(line, n));
	return true;
}

static struct span first_word(struct span s)
{
	size_t n = 0;

	while (n < s.len && !is_blank(s.ptr[n]))
		n++;
	return span_of(s.ptr, n);
}

/* The first "quoted" text. */
static struct span first_quoted(struct span s)
{
	(void)span_cut(&s, '"');
	return s.ptr ? span_cut(&s, '"') : s;
}

struct found {
	struct span domain, search, servers;
};

static bool give(const struct found *f, struct lease_domain *ret)
{
	const struct span *s = f->domain.len > 0 ? &f->domain : &f->search;

	if (s->len == 0)
		return false;
	ret->domain = *s;
	ret->servers = f->servers;
	return true;
}

/* NAME=value lines: a domain name, a search list, name servers. */
static bool read_assignments(struct span text, const char *domain, const char *search,
			     const char *servers, struct lease_domain *ret)
{
	struct found f = {0};
	struct span line;

	while (next_line(&text, &line)) {
		struct span key = span_cut(&line, '=');

		if (span_is(key, domain))
			f.domain = first_word(line);
		else if (span_is(key, search))
			f.search = first_word(line);
		else if (span_is(key, servers))
			f.servers = line;
	}
	return give(&f, ret);
}

bool lease_networkd(struct span text, struct lease_domain *ret)
{
	return read_assignments(text, "DOMAINNAME", "DOMAIN_SEARCH_LIST", "DNS", ret) ||
	       read_assignments(text, "", "DOMAINS", "DNS", ret);
}

bool lease_udhcpc(struct span text, struct lease_domain *ret)
{
	return read_assignments(text, "domain", "search", "dns", ret);
}

bool lease_resolv_conf(struct span text, bool search, struct lease_domain *ret)
{
	struct found f = {0};
	struct span line, rest;

	while (next_line(&text, &line)) {
		if (after(line, "domain", &rest))
			f.domain = first_word(rest);
		else if (search && after(line, "search", &rest))
			f.search = first_word(rest);
		else if (f.servers.len == 0 && after(line, "nameserver", &rest))
			f.servers = rest;
	}
	return give(&f, ret);
}

struct span lease_link(const char *file)
{
	const char *dot = strrchr(file, '.');

	return dot ? span_of(file, (size_t)(dot - file)) : span_str(file);
}

struct lease {
	struct span link;
	struct found found;
	bool expired;
	uint64_t starts_s, life_s; /* of an address of DHCPv6 */
};

/* "expire 3 2026/06/03 12:00:00;": such times compare as texts. */
static bool is_past(struct span expire, const char *now)
{
	(void)span_cut(&expire, ' ');
	return expire.len >= TIME_LENGTH && memcmp(expire.ptr, now, TIME_LENGTH) < 0;
}

/* "max-life 600;" */
static uint64_t number(struct span rest)
{
	uint64_t n = 0;

	return parse_u64(trim(span_cut(&rest, ';')), &n) ? n : 0;
}

static void read_statement(struct lease *l, struct span line, const char *now)
{
	struct span rest;

	if (after(line, "interface", &rest))
		l->link = first_quoted(rest);
	else if (after(line, "option domain-name", &rest))
		l->found.domain = first_quoted(rest);
	else if (after(line, "option domain-search", &rest) ||
		 after(line, "option dhcp6.domain-search", &rest))
		l->found.search = first_quoted(rest);
	else if (after(line, "option domain-name-servers", &rest) ||
		 after(line, "option dhcp6.name-servers", &rest))
		l->found.servers = rest;
	else if (after(line, "expire", &rest))
		l->expired = is_past(rest, now);
	else if (span_is(line, "released;"))
		l->expired = true;
	else if (after(line, "starts", &rest))
		l->starts_s = number(rest);
	else if (after(line, "max-life", &rest))
		l->life_s = number(rest);
}

static bool is_over(const struct lease *l, uint64_t now_s)
{
	return l->expired ||
	       (l->life_s > 0 && l->starts_s <= now_s && now_s - l->starts_s > l->life_s);
}

/* A later lease of a link takes the place of an earlier one, else of one that is over: links may
 * come and go, and dhclient keeps what it had on them. */
static void keep(struct lease *leases, size_t *n, const struct lease *l, uint64_t now_s)
{
	size_t i = 0;

	while (i < *n && !span_eq(leases[i].link, l->link))
		i++;
	for (size_t k = 0; i == LINKS_MAX && k < *n; k++)
		if (is_over(&leases[k], now_s))
			i = k;
	if (i == LINKS_MAX)
		return;
	leases[i] = *l;
	*n += i == *n;
}

size_t lease_dhclient(struct span text, uint64_t now_s, struct lease_domain *ret, size_t max)
{
	struct lease leases[LINKS_MAX], l = {0};
	size_t n = 0, depth = 0, given = 0;
	char now[TIME_LENGTH + 1] = "";
	time_t seconds = (time_t)now_s;
	struct span line;
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		(void)strftime(now, sizeof(now), "%Y/%m/%d %H:%M:%S", &tm);
	while (next_line(&text, &line)) {
		bool opens = line.len > 0 && line.ptr[line.len - 1] == '{';

		if (depth == 0 && opens)
			l = (struct lease){0};
		else if (depth > 0 && !opens)
			read_statement(&l, line, now);
		depth += opens;
		if (span_is(line, "}") && depth > 0 && --depth == 0)
			keep(leases, &n, &l, now_s);
	}
	for (size_t i = 0; i < n && given < max; i++)
		if (!is_over(&leases[i], now_s) && give(&leases[i].found, &ret[given]))
			ret[given++].link = leases[i].link;
	return given;
}
