#include "coap_target.h"

#include "base/parse.h"

/* Decodes percent signs into the room, with a NUL behind. */
static bool decode(struct coap_target *t, struct span text, struct span *ret)
{
	char *begin = t->room + t->used, *at = begin;

	if (text.len >= sizeof(t->room) - t->used)
		return false;
	for (size_t i = 0; i < text.len; i++, at++) {
		uint8_t c = text.ptr[i];

		if (c == '%') {
			if (text.len - i < 3 || !hex_decode(span_of(text.ptr + i + 1, 2), &c, 1))
				return false;
			i += 2;
		}
		*at = (char)c;
	}
	*at = '\0';
	t->used += (size_t)(at - begin) + 1;
	*ret = span_of(begin, (size_t)(at - begin));
	return ret->len <= COAP_OPTION_MAX;
}

static bool parse_path(struct coap_target *t, struct span path)
{
	if (path.len <= 1)
		return true;
	path = span_skip(path, 1);
	do {
		if (t->n_segments == COAP_SEGMENTS_MAX ||
		    !decode(t, span_cut(&path, '/'), &t->segments[t->n_segments++]))
			return false;
	} while (path.ptr);
	return true;
}

static bool parse_query(struct coap_target *t, struct span query)
{
	while (query.ptr) {
		struct span decoded;

		if (t->n_queries == COAP_QUERIES_MAX ||
		    !decode(t, span_cut(&query, '&'), &decoded) ||
		    memchr(decoded.ptr, '\0', decoded.len))
			return false;
		t->queries[t->n_queries++] = (const char *)decoded.ptr;
	}
	return true;
}

bool coap_target_parse(struct span text, struct coap_target *ret)
{
	struct url u;

	*ret = (struct coap_target){0};
	if (url_parse(text, &u) != URL_OK || (u.scheme != URL_COAP && u.scheme != URL_COAPS))
		return false;
	ret->secure = u.scheme == URL_COAPS;
	ret->port = u.port ? u.port : ret->secure ? 5684 : 5683;
	if (u.host.len >= 2 && u.host.ptr[0] == '[')
		u.host = span_of(u.host.ptr + 1, u.host.len - 2);
	return span_to_str(u.host, ret->host, sizeof(ret->host)) == 0 && parse_path(ret, u.path) &&
	       parse_query(ret, u.query);
}
