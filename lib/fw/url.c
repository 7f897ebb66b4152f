#include "fw/url.h"

#include "base/parse.h"

/* RFC 3986 3: the five components; an absent one has a NULL pointer, but for the path. */
struct parts {
	struct span scheme, authority, path, query, fragment;
};

const char *const URL_SCHEME_NAMES[] = {
	[URL_HTTP] = "http",   [URL_HTTPS] = "https",  [URL_COAP] = "coap",
	[URL_COAPS] = "coaps", [URL_COAPS + 1] = NULL,
};

static bool is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool all(struct span s, const char *others)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alpha(s.ptr[i]) && !is_digit(s.ptr[i]) &&
		    (s.ptr[i] == '\0' || !strchr(others, s.ptr[i])))
			return false;
	return true;
}

/* Every octet belongs to a URI, and each '%' begins a triplet (RFC 3986 2). */
static bool is_uri_text(struct span s)
{
	if (!all(s, "-._~:/?#[]@!$&'()*+,;=%"))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '%' &&
		    (s.len - i < 3 || !is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2])))
			return false;
	return true;
}

static size_t find_any(struct span s, const char *set)
{
	size_t i = 0;

	while (i < s.len && !strchr(set, s.ptr[i]))
		i++;
	return i;
}

static bool take_scheme(struct span *rest, struct span *ret)
{
	size_t n = find_any(*rest, ":/?#");

	if (n == rest->len || rest->ptr[n] != ':')
		return true;
	/* A colon in the first segment of a relative path has to be hidden behind "./". */
	if (n == 0 || !is_alpha(rest->ptr[0]) || !all(span_of(rest->ptr, n), "+-."))
		return false;
	*ret = span_of(rest->ptr, n);
	*rest = span_of(rest->ptr + n + 1, rest->len - n - 1);
	return true;
}

/* Cuts *rest before the first octet of `set`. */
static struct span take_until(struct span *rest, const char *set)
{
	size_t n = find_any(*rest, set);
	struct span s = span_of(rest->ptr, n);

	*rest = span_of(rest->ptr + n, rest->len - n);
	return s;
}

static bool split(struct span text, struct parts *ret)
{
	struct parts p = {0};

	if (text.len == 0 || text.len > URL_MAX || !is_uri_text(text) ||
	    !take_scheme(&text, &p.scheme))
		return false;
	if (span_starts(text, "//")) {
		text = span_of(text.ptr + 2, text.len - 2);
		p.authority = take_until(&text, "/?#");
	}
	p.path = take_until(&text, "?#");
	if (text.len > 0 && text.ptr[0] == '?') {
		text = span_of(text.ptr + 1, text.len - 1);
		p.query = take_until(&text, "#");
	}
	if (text.len > 0)
		p.fragment = span_of(text.ptr + 1, text.len - 1);
	if (!all(p.path, "-._~:/@!$&'()*+,;=%") || !all(p.query, "-._~:/?@!$&'()*+,;=%"))
		return false;
	*ret = p;
	return true;
}

/* "[" IPv6 address "]", with nothing or a port behind it. */
static bool take_ip_literal(struct span *text, struct span *ret)
{
	struct span host = take_until(text, "]");

	if (text->len == 0 || host.len < 3 || host.len > 46)
		return false;
	host.len++; /* the closing bracket */
	for (size_t i = 1; i < host.len - 1; i++)
		if (!is_hex(host.ptr[i]) && host.ptr[i] != ':' && host.ptr[i] != '.')
			return false;
	*text = span_of(text->ptr + 1, text->len - 1);
	*ret = host;
	return text->len == 0 || text->ptr[0] == ':';
}

/* A name without percent-encoding, which no resolver would undo; "h." is "h" (RFC 1034 3.1). */
static bool take_name(struct span *text, struct span *ret)
{
	*ret = take_until(text, ":");
	if (ret->len > 1 && ret->ptr[ret->len - 1] == '.' && ret->ptr[ret->len - 2] != '.')
		ret->len--;
	return ret->len > 0 && ret->len <= URL_HOST_MAX && all(*ret, "-._") &&
	       ret->ptr[ret->len - 1] != '.';
}

/* host [":" port] */
static bool parse_authority(struct span text, struct url *u)
{
	struct span host, port;
	uint32_t number = 0;

	if (span_starts(text, "[") ? !take_ip_literal(&text, &host) : !take_name(&text, &host))
		return false;
	if (text.len > 0) {
		port = span_of(text.ptr + 1, text.len - 1);
		if (!parse_u32(port, &number) || number == 0 || number > UINT16_MAX)
			return false;
	}
	u->host = host;
	u->port = (uint16_t)number;
	return true;
}

static enum url_err parse_scheme(struct span text, struct url *u)
{
	for (size_t i = 0; URL_SCHEME_NAMES[i]; i++)
		if (span_is_nocase(text, URL_SCHEME_NAMES[i])) {
			u->scheme = (enum url_scheme)i;
			return URL_OK;
		}
	return URL_SCHEME;
}

static enum url_err check(const struct parts *p, bool may_be_relative, struct url *ret)
{
	struct url u = {.path = p->path, .query = p->query};

	if (p->scheme.ptr && parse_scheme(p->scheme, &u) != URL_OK)
		return URL_SCHEME;
	if (p->fragment.ptr || (!p->scheme.ptr && !may_be_relative) ||
	    (p->scheme.ptr && !p->authority.ptr))
		return URL_BAD;
	if (p->authority.ptr && !parse_authority(p->authority, &u))
		return URL_BAD;
	*ret = u;
	return URL_OK;
}

enum url_err url_parse(struct span text, struct url *ret)
{
	struct parts p;

	return split(text, &p) ? check(&p, false, ret) : URL_BAD;
}

enum url_err url_check_ref(struct span text)
{
	struct parts p;
	struct url u;

	return split(text, &p) ? check(&p, true, &u) : URL_BAD;
}

/* RFC 3986 5.2.4 for a path that begins with '/': "." and ".." segments disappear. */
static void put_without_dots(struct buf *out, struct span path)
{
	size_t start = out->len;

	while (path.len > 0) {
		struct span seg;

		path = span_of(path.ptr + 1, path.len - 1); /* its '/' */
		seg = take_until(&path, "/");
		if (span_is(seg, "..")) {
			while (out->len > start && out->ptr[--out->len] != '/')
				;
		} else if (!span_is(seg, ".")) {
			buf_put_byte(out, '/');
			buf_put(out, seg);
			continue;
		}
		if (path.len == 0)
			buf_put_byte(out, '/');
	}
}

/* RFC 3986 5.2.3: everything of the base's path up to its last '/', then the reference. */
static void merge(struct buf *out, struct span base, struct span ref)
{
	size_t n = base.len;

	while (n > 0 && base.ptr[n - 1] != '/')
		n--;
	if (n == 0)
		buf_put_byte(out, '/');
	buf_put(out, span_of(base.ptr, n));
	buf_put(out, ref);
}

/* RFC 3986 5.2.2 */
static void put_target(struct buf *out, const struct parts *b, const struct parts *r)
{
	struct buf path = BUF_INIT(2 * URL_MAX);
	bool own = r->scheme.ptr || r->authority.ptr;
	struct span query = own || r->path.len > 0 || r->query.ptr ? r->query : b->query;

	buf_put(out, r->scheme.ptr ? r->scheme : b->scheme);
	buf_put_str(out, "://");
	buf_put(out, own ? r->authority : b->authority);
	if (own || (r->path.len > 0 && r->path.ptr[0] == '/'))
		buf_put(&path, r->path);
	else if (r->path.len > 0)
		merge(&path, b->path, r->path);
	else
		buf_put(&path, b->path);
	if (path.len == 0)
		buf_put_byte(&path, '/');
	put_without_dots(out, buf_span(&path));
	out->failed |= path.failed;
	buf_done(&path);
	if (query.ptr) {
		buf_put_byte(out, '?');
		buf_put(out, query);
	}
}

enum url_err url_resolve(struct span base, struct span ref, char ret[URL_MAX + 1])
{
	struct buf out = BUF_INIT(URL_MAX);
	enum url_err e = URL_BAD;
	struct parts b, r;
	struct url u;

	if (!split(base, &b) || check(&b, false, &u) != URL_OK || !split(ref, &r))
		return URL_BAD;
	e = check(&r, true, &u);
	if (e != URL_OK)
		return e;
	put_target(&out, &b, &r);
	if (!buf_ok(&out) || span_to_str(buf_span(&out), ret, URL_MAX + 1) < 0)
		e = URL_BAD;
	buf_done(&out);
	return e;
}

bool url_same_host(const struct url *a, const struct url *b)
{
	return a->host.len == b->host.len &&
	       strncasecmp((const char *)a->host.ptr, (const char *)b->host.ptr, a->host.len) == 0;
}

void url_put_path(struct buf *out, const char *path)
{
	for (; *path; path++) {
		uint8_t c = (uint8_t)*path;

		if (is_alpha(c) || is_digit(c) || strchr("-._~/", c))
			buf_put_byte(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}
