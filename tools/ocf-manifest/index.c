#include "index.h"

#define INDEX_STEP ((size_t)64 * 1024) /* octets of the index that are written at once */

struct index_maker {
	struct chunks_form form;
	struct files_draft draft; /* fd -1: none */
	struct hash_set *hashes;
	struct buf out;
	uint8_t *chunk;
	size_t len; /* of the chunk so far */
	uint64_t octets;
};

static int flush(struct index_maker *k)
{
	int r = buf_ok(&k->out) ? hash_set_update(k->hashes, buf_span(&k->out)) : -ENOMEM;

	if (r == 0 && k->draft.fd >= 0)
		r = files_put(&k->draft, buf_span(&k->out));
	buf_reset(&k->out);
	return r;
}

static int end_chunk(struct index_maker *k)
{
	uint8_t digest[CHUNKS_DIGEST];
	int r = hash_once(HASH_SHA256, span_of(k->chunk, k->len), digest);

	k->len = 0;
	if (r < 0)
		return r;
	buf_put(&k->out, span_of(digest, sizeof(digest)));
	return k->out.len >= INDEX_STEP ? flush(k) : 0;
}

static int take(void *arg, struct span piece)
{
	struct index_maker *k = arg;
	int r = 0;

	if (piece.len > k->form.size - k->octets)
		return -EBADMSG;
	k->octets += piece.len;
	while (r == 0 && piece.len > 0) {
		size_t room = k->form.octets - k->len, n = piece.len < room ? piece.len : room;

		memcpy(k->chunk + k->len, piece.ptr, n);
		k->len += n;
		piece = span_skip(piece, n);
		if (k->len == k->form.octets)
			r = end_chunk(k);
	}
	return r;
}

static int take_images(struct index_maker *k, const struct index_plan *plan)
{
	int r = 0;

	chunks_put_head(&k->form, &k->out);
	for (size_t i = 0; r == 0 && i < plan->n; i++)
		r = files_each(plan->files[i], 0, FILES_WHOLE, take, k);
	if (r == 0 && k->len > 0)
		r = end_chunk(k);
	if (r == 0)
		r = flush(k);
	return r == 0 && k->octets != k->form.size ? -EBADMSG : r;
}

static int make(struct index_maker *k, const struct index_plan *plan, const char *target,
		const struct digests *want, struct digests *ret)
{
	int r = target ? files_begin(&k->draft, target, FILES_PUBLIC) : 0;

	if (r == 0)
		r = take_images(k, plan);
	if (r < 0)
		return r;
	hash_set_final(k->hashes, ret);
	if (want && !digests_match(want, ret))
		return -EBADMSG;
	return target ? files_place(&k->draft, target) : 0;
}

int index_make(const struct index_plan *plan, const char *target, const struct digests *want,
	       struct digests *ret)
{
	struct index_maker k = {
		.form = {plan->octets, plan->size},
		.draft = {.fd = -1           },
		.out = BUF_INIT(INDEX_STEP + CHUNKS_HEAD + CHUNKS_DIGEST),
	};
	int r = chunks_index_size(&k.form) == 0 ? -EINVAL : 0;

	if (r == 0)
		r = hash_set_new(&k.hashes, plan->algs);
	if (r == 0) {
		k.chunk = malloc(plan->octets);
		r = k.chunk ? make(&k, plan, target, want, ret) : -ENOMEM;
	}
	files_drop(&k.draft);
	k.hashes = hash_set_free(k.hashes);
	buf_done(&k.out);
	free(k.chunk);
	return r;
}
