#include "sealed.h"

#include "crypto/hash.h"

struct sealed {
	struct ece *ece;
	struct hash_set *hashes;
	uint64_t size;
	struct digests want;
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
	s->want.algs = i->sealed.algs;
	_Static_assert(sizeof(s->want.b) == sizeof(i->sealed.b), "the same digests on both sides");
	memcpy(s->want.b, i->sealed.b, sizeof(s->want.b));
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
	s->ece = ece_free(s->ece);
	s->hashes = hash_set_free(s->hashes);
	free(s);
	return NULL;
}

int sealed_feed(struct sealed *s, struct span data)
{
	int r = hash_set_update(s->hashes, data);

	return r < 0 ? r : ece_feed(s->ece, data);
}

int sealed_end(struct sealed *s, uint64_t received, enum fw_error *ret)
{
	struct digests got;
	int r;

	*ret = FWE_IMAGE_SIZE_MISMATCH;
	if (received != s->size)
		return 0;
	*ret = FWE_IMAGE_DECRYPT_FAILED;
	r = ece_end(s->ece);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	hash_set_final(s->hashes, &got);
	*ret = digests_match(&s->want, &got) ? FWE_OK : FWE_IMAGE_DIGEST_MISMATCH;
	return 0;
}
