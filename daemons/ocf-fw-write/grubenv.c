#include "grubenv.h"

static const char FIRST_LINE[] = "# GRUB Environment Block";

bool grubenv_lines(struct span block, struct span *ret)
{
	struct span rest = block;

	if (block.len != GRUBENV_SIZE || !span_is(span_cut(&rest, '\n'), FIRST_LINE) || !rest.ptr)
		return false;
	while (rest.len > 0 && rest.ptr[rest.len - 1] != '\n')
		rest.len--;
	*ret = rest;
	return true;
}

static bool is_set(const struct bootenv_change *c, struct span name)
{
	for (size_t i = 0; i < c->n; i++)
		if (span_is(name, c->var[i].name))
			return true;
	return false;
}

/* Lines that are not ours; a line that is only padding ends them. */
static void put_others(struct buf *out, struct span lines, const struct bootenv_change *c,
		       bool comments)
{
	while (lines.ptr) {
		struct span line = span_cut(&lines, '\n'), rest = line, name;

		name = span_cut(&rest, '=');
		if (!lines.ptr) /* the padding has no end of line */
			return;
		if (span_starts(line, "#") != comments || is_set(c, name))
			continue;
		buf_put(out, line);
		buf_put_byte(out, '\n');
	}
}

int grubenv_set(struct span block, const struct bootenv_change *c, uint8_t ret[GRUBENV_SIZE])
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(GRUBENV_SIZE);
	struct span lines;

	if (!grubenv_lines(block, &lines))
		return -EBADMSG;
	buf_put_str(&out, FIRST_LINE);
	buf_put_byte(&out, '\n');
	put_others(&out, lines, c, true);
	for (size_t i = 0; i < c->n; i++)
		buf_printf(&out, "%s=%s\n", c->var[i].name, c->var[i].value);
	if (out.len > GRUBENV_SECTOR)
		return -E2BIG;
	put_others(&out, lines, c, false);
	if (!buf_ok(&out))
		return -E2BIG;
	memset(ret, '#', GRUBENV_SIZE);
	memcpy(ret, out.ptr, out.len);
	return 0;
}
