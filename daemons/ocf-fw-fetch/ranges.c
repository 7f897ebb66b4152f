#include "ranges.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

void ranges_open(struct ranges *r, int file, uint32_t n, uint64_t limit)
{
	*r = (struct ranges){.file = file, .n = n, .limit = limit};
}

static int read_one(struct ranges *r)
{
	struct proto_range one;
	off_t at = (off_t)r->read * (off_t)sizeof(one);

	if (pread(r->file, &one, sizeof(one), at) != (ssize_t)sizeof(one))
		return -EIO;
	if (one.length == 0 || one.offset < r->end || one.offset > r->limit ||
	    one.length > r->limit - one.offset)
		return -EBADMSG;
	if (r->in_batch > 0 && one.offset == r->end)
		r->batch[r->in_batch - 1].length += one.length;
	else
		r->batch[r->in_batch++] = one;
	r->end = one.offset + one.length;
	r->read++;
	return 0;
}

int ranges_next(struct ranges *r)
{
	int e = 0;

	if (r->at < r->in_batch)
		return 1;
	r->in_batch = r->at = 0;
	while (e == 0 && r->read < r->n && r->in_batch < RANGES_BATCH)
		e = read_one(r);
	return e < 0 ? e : r->in_batch > 0;
}

size_t ranges_text(const struct ranges *r, size_t max, char ret[RANGES_TEXT])
{
	size_t n = r->in_batch - r->at, len = 0;

	if (n > max)
		n = max;
	for (size_t i = r->at; i < r->at + n; i++)
		len += (size_t)snprintf(ret + len, RANGES_TEXT - len, "%s%" PRIu64 "-%" PRIu64,
					len > 0 ? "," : "", r->batch[i].offset,
					r->batch[i].offset + r->batch[i].length - 1);
	return n;
}

bool ranges_is_next(const struct ranges *r, const struct content_range *part)
{
	const struct proto_range *next = &r->batch[r->at];

	return r->at < r->in_batch && part->first == next->offset &&
	       part->last == next->offset + next->length - 1;
}

uint64_t ranges_left(const struct ranges *r)
{
	return r->at < r->in_batch ? r->batch[r->at].length : 0;
}

void ranges_took(struct ranges *r, uint64_t octets)
{
	struct proto_range *next = &r->batch[r->at];

	assert(r->at < r->in_batch && octets <= next->length);
	next->offset += octets;
	next->length -= octets;
	if (next->length == 0)
		r->at++;
}
