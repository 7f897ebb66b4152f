#include "crypto/ece.h"

#include "crypto/enc.h"
#include "crypto/rng.h"

#define SALT_LEN  ((size_t)16)
#define FIXED_LEN (SALT_LEN + 4 + 1) /* of the header: salt, record size, length of keyid */
#define OVERHEAD  (ENC_TAG_LEN + 1)  /* of a record: tag and delimiter */

enum { DELIMITER_MORE = 1, DELIMITER_LAST = 2 };

struct ece {
	struct ece_sink sink;
	struct secret ikm, key, nonce;
	size_t record; /* octets; 0: the header is to come */
	uint64_t number;
	bool seals, last; /* last: no record may follow */
	int error;        /* the first one stays */
	struct buf in, out;
};

/* RFC 8188 2.2, 2.3. */
static int derive(struct ece *e, struct span salt)
{
	int r = enc_hkdf(secret_span(&e->ikm), salt, SPAN_LIT("Content-Encoding: aes128gcm\0"),
			 enc_content_key_len(ENC_A128GCM), &e->key);

	if (r == 0)
		r = enc_hkdf(secret_span(&e->ikm), salt, SPAN_LIT("Content-Encoding: nonce\0"),
			     ENC_IV_LEN, &e->nonce);
	secret_wipe(&e->ikm);
	return r;
}

static void next_iv(struct ece *e, uint8_t ret[ENC_IV_LEN])
{
	memcpy(ret, e->nonce.b, ENC_IV_LEN);
	for (size_t i = 0; i < sizeof(e->number); i++)
		ret[ENC_IV_LEN - 1 - i] ^= (uint8_t)(e->number >> (8 * i));
	e->number++;
}

static int new_stream(struct ece **ret, struct span ikm, const struct ece_sink *sink)
{
	CLEANUP(ece_freep) struct ece *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	if (ikm.len == 0 || !secret_set(&e->ikm, ikm))
		return -EINVAL;
	e->sink = *sink;
	e->in = (struct buf){.max = ECE_RECORD_MAX, .secret = true};
	e->out = (struct buf){.max = ECE_RECORD_MAX, .secret = true};
	*ret = e;
	e = NULL;
	return 0;
}

static size_t read_record(const uint8_t *header)
{
	const uint8_t *h = header + SALT_LEN;
	size_t n = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];

	return n < ECE_RECORD_MIN || n > ECE_RECORD_MAX ? 0 : n;
}

size_t ece_header_len(struct span start)
{
	size_t n = start.len < FIXED_LEN ? ECE_HEADER_MAX : FIXED_LEN + start.ptr[FIXED_LEN - 1];

	return start.len < n ? 0 : n;
}

size_t ece_record_data(struct span header)
{
	size_t record = ece_header_len(header) > 0 ? read_record(header.ptr) : 0;

	return record > 0 ? record - OVERHEAD : 0;
}

/* With keys and record size of a header from elsewhere. */
static int stream_of(struct ece **ret, struct span ikm, struct span header,
		     const struct ece_sink *sink)
{
	CLEANUP(ece_freep) struct ece *e = NULL;
	int r;

	if (ece_record_data(header) == 0)
		return -EINVAL;
	r = new_stream(&e, ikm, sink);
	if (r < 0)
		return r;
	e->record = read_record(header.ptr);
	r = derive(e, span_of(header.ptr, SALT_LEN));
	if (r < 0)
		return r;
	*ret = e;
	e = NULL;
	return 0;
}

int ece_open_at(struct ece **ret, struct span ikm, struct span header, uint64_t records,
		const struct ece_sink *sink)
{
	int r = stream_of(ret, ikm, header, sink);

	if (r == 0)
		(*ret)->number = records;
	return r;
}

int ece_seal_again(struct ece **ret, struct span ikm, struct span header,
		   const struct ece_sink *sink)
{
	CLEANUP(ece_freep) struct ece *e = NULL;
	int r = stream_of(&e, ikm, header, sink);

	if (r < 0)
		return r;
	e->seals = true;
	r = sink->put(sink->arg, span_of(header.ptr, ece_header_len(header)));
	if (r < 0)
		return r;
	*ret = e;
	e = NULL;
	return 0;
}

int ece_open_new(struct ece **ret, struct span ikm, const struct ece_sink *sink)
{
	return new_stream(ret, ikm, sink);
}

int ece_seal_new(struct ece **ret, struct span ikm, struct span keyid, size_t record,
		 const struct ece_sink *sink)
{
	CLEANUP(ece_freep) struct ece *e = NULL;
	uint8_t header[ECE_HEADER_MAX];
	int r;

	if (keyid.len > ECE_KEYID_MAX || record < ECE_RECORD_MIN || record > ECE_RECORD_MAX)
		return -EINVAL;
	r = new_stream(&e, ikm, sink);
	if (r < 0)
		return r;
	e->seals = true;
	e->record = record;
	rng_fill(header, SALT_LEN);
	for (size_t i = 0; i < 4; i++)
		header[SALT_LEN + i] = (uint8_t)(record >> (24 - 8 * i));
	header[FIXED_LEN - 1] = (uint8_t)keyid.len;
	if (keyid.len > 0)
		memcpy(header + FIXED_LEN, keyid.ptr, keyid.len);
	r = derive(e, span_of(header, SALT_LEN));
	if (r == 0)
		r = sink->put(sink->arg, span_of(header, FIXED_LEN + keyid.len));
	if (r < 0)
		return r;
	*ret = e;
	e = NULL;
	return 0;
}

struct ece *ece_free(struct ece *e)
{
	if (!e)
		return NULL;
	secret_wipe(&e->ikm);
	secret_wipe(&e->key);
	secret_wipe(&e->nonce);
	buf_done(&e->in);
	buf_done(&e->out);
	free(e);
	return NULL;
}

/* RFC 8188 2.1: once all of the header is there. */
static int take_header(struct ece *e)
{
	e->record = read_record(e->in.ptr);
	if (e->record == 0)
		return -EBADMSG;
	return derive(e, span_of(e->in.ptr, SALT_LEN));
}

/* One record: whole, or the rest of the stream. */
static int open_record(struct ece *e)
{
	uint8_t iv[ENC_IV_LEN];
	size_t n;
	int r;

	next_iv(e, iv);
	buf_reset(&e->out);
	r = enc_open(ENC_A128GCM, secret_span(&e->key), span_of(iv, sizeof(iv)), span_of(NULL, 0),
		     buf_span(&e->in), &e->out);
	if (r < 0)
		return r;
	for (n = e->out.len; n > 0 && e->out.ptr[n - 1] == 0; n--)
		; /* padding */
	if (n == 0 || (e->out.ptr[n - 1] != DELIMITER_MORE && e->out.ptr[n - 1] != DELIMITER_LAST))
		return -EBADMSG;
	e->last = e->out.ptr[n - 1] == DELIMITER_LAST;
	return n > 1 ? e->sink.put(e->sink.arg, span_of(e->out.ptr, n - 1)) : 0;
}

static int seal_record(struct ece *e, uint8_t delimiter)
{
	uint8_t iv[ENC_IV_LEN];
	int r;

	next_iv(e, iv);
	buf_reset(&e->out);
	buf_put_byte(&e->in, delimiter);
	if (!buf_ok(&e->in))
		return -ENOMEM;
	r = enc_seal(ENC_A128GCM, secret_span(&e->key), span_of(iv, sizeof(iv)), span_of(NULL, 0),
		     buf_span(&e->in), &e->out);
	return r < 0 ? r : e->sink.put(e->sink.arg, buf_span(&e->out));
}

/* How many octets the present step waits for. */
static size_t wanted(const struct ece *e)
{
	if (e->seals)
		return e->record - OVERHEAD;
	if (e->record > 0)
		return e->record;
	return e->in.len < FIXED_LEN ? FIXED_LEN : FIXED_LEN + e->in.ptr[FIXED_LEN - 1];
}

/* They are there, and something follows. */
static int step(struct ece *e)
{
	int r;

	if (e->seals)
		r = seal_record(e, DELIMITER_MORE);
	else if (e->record > 0)
		r = open_record(e);
	else
		r = take_header(e);
	buf_reset(&e->in);
	return r;
}

static int feed(struct ece *e, struct span data)
{
	while (data.len > 0) {
		size_t room;
		int r;

		if (e->last)
			return -EBADMSG;
		room = wanted(e) - e->in.len;
		if (room == 0) {
			r = step(e);
			if (r < 0)
				return r;
			continue;
		}
		room = room < data.len ? room : data.len;
		buf_put(&e->in, span_of(data.ptr, room));
		if (!buf_ok(&e->in))
			return -ENOMEM;
		data = span_skip(data, room);
	}
	return 0;
}

int ece_feed(struct ece *e, struct span data)
{
	if (e->error == 0)
		e->error = feed(e, data);
	return e->error;
}

int ece_end(struct ece *e)
{
	if (e->error < 0)
		return e->error;
	if (e->seals)
		e->error = seal_record(e, DELIMITER_LAST);
	else if (e->record > 0 && e->in.len > 0)
		e->error = open_record(e);
	if (e->error == 0 && !e->seals && !e->last)
		e->error = -EBADMSG;
	return e->error;
}
