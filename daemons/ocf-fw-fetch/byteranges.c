#include "byteranges.h"

#define EMPTY_LINES_MAX 2u

static bool is_boundary(struct span s)
{
	if (s.len == 0 || s.len > BYTERANGES_BOUNDARY_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return true;
}

static struct span trim(struct span s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = span_skip(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Quoted or not; an escape inside quotes is nothing that a server would generate. */
static struct span unquote(struct span s)
{
	if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"')
		return span_of(s.ptr + 1, s.len - 2);
	return s;
}

bool byteranges_open(struct byteranges *b, struct span content_type)
{
	*b = (struct byteranges){.state = BR_DELIMITER};
	if (!span_is_nocase(trim(span_cut(&content_type, ';')), "multipart/byteranges"))
		return false;
	while (content_type.ptr) {
		struct span value = trim(span_cut(&content_type, ';'));
		struct span name = span_cut(&value, '=');

		if (!span_is_nocase(name, "boundary"))
			continue;
		value = unquote(value);
		if (!is_boundary(value))
			return false;
		memcpy(b->delimiter, "--", 2);
		memcpy(b->delimiter + 2, value.ptr, value.len);
		return true;
	}
	return false;
}

/* Between two parts. */
static int take_delimiter(struct byteranges *b, struct span line)
{
	size_t n = strlen(b->delimiter);

	if (line.len == 0) /* belongs to the delimiter that follows */
		return ++b->empty > EMPTY_LINES_MAX ? -EBADMSG : 0;
	if (line.len < n || memcmp(line.ptr, b->delimiter, n) != 0)
		return -EBADMSG;
	line = trim(span_skip(line, n));
	if (line.len > 0 && !span_is(line, "--"))
		return -EBADMSG;
	b->state = line.len > 0 ? BR_END : BR_HEADERS;
	b->headers = 0;
	b->has_range = false;
	return 0;
}

static int take_header(struct byteranges *b, struct span line)
{
	struct span value = line, name;

	if (line.len == 0) {
		if (!b->has_range)
			return -EBADMSG;
		b->state = BR_BODY;
		return 0;
	}
	name = span_cut(&value, ':');
	if (++b->headers > BYTERANGES_HEADERS_MAX)
		return -EBADMSG;
	if (!span_is_nocase(name, "Content-Range"))
		return 0;
	if (b->has_range || !content_range_parse(trim(value), &b->part))
		return -EBADMSG;
	b->has_range = true;
	b->left = b->part.last - b->part.first + 1;
	return 0;
}

/* Moves up to and with the next line feed into the line. 1: it is whole. */
static int collect(struct byteranges *b, struct span *in)
{
	const uint8_t *end = memchr(in->ptr, '\n', in->len);
	size_t n = end ? (size_t)(end - in->ptr) : in->len;

	if (n > sizeof(b->line) - b->line_len)
		return -EBADMSG;
	memcpy(b->line + b->line_len, in->ptr, n);
	b->line_len += n;
	*in = span_skip(*in, n + (end ? 1 : 0));
	return end ? 1 : 0;
}

static int take_line(struct byteranges *b)
{
	struct span line = span_of(b->line, b->line_len);

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	b->line_len = 0;
	return b->state == BR_HEADERS ? take_header(b, line) : take_delimiter(b, line);
}

static void begin_delimiter(struct byteranges *b)
{
	b->state = BR_DELIMITER;
	b->empty = 0;
}

int byteranges_feed(struct byteranges *b, struct span *in, struct span *ret)
{
	while (in->len > 0 && b->state != BR_END) {
		int r;

		if (b->state == BR_BODY) {
			*ret = span_of(in->ptr, in->len < b->left ? in->len : (size_t)b->left);
			*in = span_skip(*in, ret->len);
			b->left -= ret->len;
			if (b->left == 0)
				begin_delimiter(b);
			return 1;
		}
		r = collect(b, in);
		if (r > 0)
			r = take_line(b);
		if (r < 0)
			return r;
	}
	*in = span_of(NULL, 0);
	return 0;
}
