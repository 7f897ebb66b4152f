#include "dtls/record.h"

/* offsets in a record */
enum {
	REC_EPOCH = 3,
	REC_LEN = 11,
};

/* offsets in a handshake message */
enum {
	MSG_LEN = 1,
	MSG_NUMBER = 4,
	MSG_OFFSET = 6,
	MSG_FRAGMENT_LEN = 9,
	MSG_HEADER = 12,
};

static size_t get16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static size_t get24(const uint8_t *p)
{
	return (size_t)p[0] << 16 | get16(p + 1);
}

struct span record_cut(struct span *rest)
{
	struct span record = {0};
	size_t len;

	if (rest->len >= RECORD_HEADER) {
		len = RECORD_HEADER + get16(rest->ptr + REC_LEN);
		record = span_of(rest->ptr, len < rest->len ? len : rest->len);
	}
	*rest = span_skip(*rest, record.len ? record.len : rest->len);
	return record;
}

bool record_is_encrypted(struct span record)
{
	return get16(record.ptr + REC_EPOCH) != 0;
}

int record_plain_type(struct span record)
{
	return record_is_encrypted(record) ? -1 : record.ptr[0];
}

bool record_is_modest(struct span record)
{
	struct span rest = span_skip(record, RECORD_HEADER);

	while (rest.len >= MSG_HEADER) {
		if (get24(rest.ptr + MSG_LEN) > RECORD_MESSAGE_MAX)
			return false;
		rest = span_skip(rest, MSG_HEADER + get24(rest.ptr + MSG_FRAGMENT_LEN));
	}
	return true;
}

bool record_message(struct span record, uint64_t *ret)
{
	struct span message = span_skip(record, RECORD_HEADER);

	if (record_plain_type(record) != RECORD_HANDSHAKE || message.len < MSG_HEADER)
		return false;
	*ret = (uint64_t)get16(message.ptr + MSG_NUMBER) << 24 | get24(message.ptr + MSG_OFFSET);
	return true;
}
