#include "plain.h"

int plain_get(struct store *s, struct plain *p, void *ret)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT(PLAIN_MAX + 1);
	int r = store_get(s, p->name, &b);
	unsigned format;
	bool bare;

	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	bare = b.len == p->len;
	format = bare ? FORMAT_OLDEST : b.len > 0 ? b.ptr[0] : 0;
	if (format > PLAIN_NEWEST && format <= PLAIN_FORMATS_MAX)
		return -ENOTSUP;
	if (format > PLAIN_NEWEST || (!bare && (format <= FORMAT_OLDEST || b.len != p->len + 1)))
		return -EBADMSG;
	memcpy(ret, b.ptr + (bare ? 0 : 1), p->len);
	p->found = format;
	return 0;
}

int plain_put(struct store *s, struct plain *p, const void *data, bool confirmed)
{
	const unsigned format = format_to_write(p->found, PLAIN_NEWEST, confirmed);
	struct buf b CLEANUP(buf_done) = BUF_INIT(PLAIN_MAX + 1);
	int r;

	if (format > FORMAT_OLDEST)
		buf_put_byte(&b, (uint8_t)format);
	buf_put(&b, span_of(data, p->len));
	r = buf_ok(&b) ? store_put(s, p->name, buf_span(&b)) : -ENOMEM;
	if (r == 0)
		p->found = format;
	return r;
}
