#include "sealed.h"

#include "base/secret.h"
#include "verify.h"

struct sealed {
	struct ece *ece;
	struct hash_set *hashes;
	uint64_t size;
	struct proto_digests want;
	struct secret ikm;
	struct ece_sink sink;
	struct buf header; /* what came first, until that is all there */
	size_t header_len;
	/* While the beginning is made again. */
	struct ece *again;
	uint64_t again_in, again_out;
	bool whole; /* nothing more is to come */
};

int sealed_new(struct sealed **ret, const struct proto_image *i, const struct ece_sink *sink)
{
	CLEANUP(sealed_freep) struct sealed *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	if (i->sealed.algs == 0)
		return -EINVAL;
	s->size = i->sealed_size;
	s->want = i->sealed;
	s->sink = *sink;
	s->header.max = ECE_HEADER_MAX;
	r = secret_set(&s->ikm, span_of(i->ikm, sizeof(i->ikm))) ? 0 : -EINVAL;
	if (r == 0)
		r = hash_set_new(&s->hashes, i->sealed.algs);
	if (r == 0)
		r = ece_open_new(&s->ece, span_of(i->ikm, sizeof(i->ikm)), sink);
	if (r < 0)
		return r;
	*ret = s;
	s = NULL;
	return 0;
}

struct sealed *sealed_free(struct sealed *s)
{
	if (!s)
		return NULL;
	ece_free(s->ece);
	ece_free(s->again);
	secret_wipe(&s->ikm);
	buf_done(&s->header);
	hash_set_free(s->hashes);
	free(s);
	return NULL;
}

static void keep_header(struct sealed *s, struct span data)
{
	size_t room = ECE_HEADER_MAX - s->header.len;

	buf_put(&s->header, span_of(data.ptr, data.len < room ? data.len : room));
	s->header_len = ece_header_len(buf_span(&s->header));
}

int sealed_feed(struct sealed *s, struct span data)
{
	int r = hash_set_update(s->hashes, data);

	if (r < 0)
		return r;
	if (s->header_len == 0)
		keep_header(s, data);
	return s->whole ? -EBADMSG : ece_feed(s->ece, data);
}

struct span sealed_header(const struct sealed *s)
{
	return span_of(s->header.ptr, s->header_len);
}

static int put_again(void *arg, struct span data)
{
	struct sealed *s = arg;

	s->again_out += data.len;
	return hash_set_update(s->hashes, data);
}

int sealed_again(struct sealed *s, struct span header)
{
	const struct ece_sink sink = {put_again, s};

	keep_header(s, header);
	return ece_seal_again(&s->again, secret_span(&s->ikm), header, &sink);
}

int sealed_feed_again(struct sealed *s, struct span image)
{
	s->again_in += image.len;
	return ece_feed(s->again, image);
}

int sealed_end_again(struct sealed *s, bool whole, uint64_t *ret)
{
	uint64_t records = s->again_in / ece_record_data(sealed_header(s));
	int r;

	/* A record is made once something follows it. */
	r = whole ? ece_end(s->again) : ece_feed(s->again, SPAN_LIT("+"));
	s->again = ece_free(s->again);
	s->whole = whole;
	s->ece = ece_free(s->ece);
	if (r == 0)
		r = ece_open_at(&s->ece, secret_span(&s->ikm), sealed_header(s), records, &s->sink);
	*ret = s->again_out;
	return r;
}

int sealed_end(struct sealed *s, uint64_t received, enum fw_error *ret)
{
	int r;

	*ret = FWE_IMAGE_SIZE_MISMATCH;
	if (received != s->size)
		return 0;
	*ret = FWE_IMAGE_DECRYPT_FAILED;
	r = s->whole ? 0 : ece_end(s->ece);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	*ret = verify_digests(&s->want, s->hashes) ? FWE_OK : FWE_IMAGE_DIGEST_MISMATCH;
	return 0;
}
