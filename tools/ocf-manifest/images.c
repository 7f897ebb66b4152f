#include "images.h"

#include "crypto/ece.h"
#include "crypto/jwe.h"
#include "index.h"

/* All images of a manifest, on their way through the digests. */
struct images {
	const struct enc_ring *ring;
	struct hash_set *all; /* over the plain images in list order */
	uint64_t total;       /* octets of them */
	bool partly;          /* not all of them were seen */
};

/* An encrypted image. */
struct sealed {
	struct images *set;
	struct hash_set *outside, *inside;
	uint64_t size, plain_size;
	struct ece *ece; /* NULL: not to be opened */
	int damage;      /* what decrypting said */
};

static int take_plain(void *arg, struct span data)
{
	struct sealed *s = arg;
	int r = hash_set_update(s->inside, data);

	s->plain_size += data.len;
	return r == 0 ? hash_set_update(s->set->all, data) : r;
}

/* Damage inside ends the decrypting, not the count of what is there. */
static int take_sealed(void *arg, struct span data)
{
	struct sealed *s = arg;

	s->size += data.len;
	if (s->ece && s->damage == 0)
		s->damage = ece_feed(s->ece, data);
	return hash_set_update(s->outside, data);
}

static enum fw_error open_key(const struct fw_encryption *e, const struct enc_ring *ring,
			      struct sealed *s)
{
	struct buf ikm CLEANUP(buf_done) = {0};
	enum fw_error error = jwe_decrypt(span_str(e->key), NULL, ring, &ikm);

	if (error != FWE_OK)
		return error == FWE_INTERNAL ? error : FWE_IMAGE_DECRYPT_FAILED;
	if (ikm.len != ECE_IKM_LEN)
		return FWE_IMAGE_DECRYPT_FAILED;
	return ece_open_new(&s->ece, buf_span(&ikm), &(struct ece_sink){take_plain, s}) < 0
		       ? FWE_INTERNAL
		       : FWE_OK;
}

/* In the order in which a device finds out. */
static enum fw_error judge_sealed(const struct fw_image *image, struct sealed *s)
{
	const struct fw_image outside = {.size = image->encryption.size,
					 .digests = image->encryption.digests};
	struct digests d;
	enum fw_error e;

	if (s->ece && s->size == outside.size) {
		if (s->damage == 0)
			s->damage = ece_end(s->ece);
		if (s->damage < 0)
			return s->damage == -EBADMSG ? FWE_IMAGE_DECRYPT_FAILED : FWE_INTERNAL;
	}
	hash_set_final(s->outside, &d);
	e = fw_image_check(&outside, s->size, &d);
	if (e != FWE_OK || !s->ece)
		return e;
	hash_set_final(s->inside, &d);
	return fw_image_check(image, s->plain_size, &d);
}

static int check_sealed(struct images *set, const struct fw_image *image, const char *path,
			enum fw_error *ret)
{
	struct sealed s = {.set = set};
	int r = hash_set_new(&s.outside, image->encryption.digests.algs);

	*ret = FWE_OK;
	if (r == 0)
		r = hash_set_new(&s.inside, image->digests.algs);
	if (r == 0 && set->ring)
		*ret = open_key(&image->encryption, set->ring, &s);
	if (r == 0 && *ret == FWE_OK)
		r = files_each(path, 0, image->encryption.size, take_sealed, &s);
	if (r == 0 && *ret == FWE_OK)
		*ret = judge_sealed(image, &s);
	set->total += s.plain_size;
	set->partly |= !set->ring;
	ece_free(s.ece);
	hash_set_free(s.outside);
	hash_set_free(s.inside);
	return r;
}

/* Feeds one image file to its own digests and to those over all. */
static int check_image(struct images *set, const struct fw_image *image, const char *path,
		       uint64_t from, enum fw_error *ret)
{
	struct digests d;
	uint64_t size;
	int r;

	if (image->encryption.key) {
		r = check_sealed(set, image, path, ret);
	} else {
		r = files_digest(path, from, image->digests.algs, image->size, set->all, &d, &size);
		if (r == 0)
			*ret = fw_image_check(image, size, &d);
		set->total += size;
	}
	if (r < 0)
		cli_say("%s: %s", path, strerror(-r));
	return r;
}

/* The index of these images is the one that was signed. */
static int check_index(const struct manifest *m, const struct cli_values *files, enum fw_error *ret)
{
	struct digests d;
	int r = index_make(&(struct index_plan){files->at, files->n, m->size,
						(uint32_t)m->chunks.octets, m->chunks.digests.algs},
			   NULL, &m->chunks.digests, &d);

	if (r == -EBADMSG) {
		cli_say("the chunk index is not that of the images");
		*ret = FWE_IMAGE_DIGEST_MISMATCH;
		return 0;
	}
	if (r < 0)
		cli_say("chunk index: %s", files_error(r));
	return r;
}

/* Of an encrypted image there is no index: no part of it can be fetched alone. */
static bool has_index(const struct manifest *m)
{
	bool plain = m->chunks.location && !m->direct;

	for (size_t i = 0; i < m->n_images; i++)
		plain &= !m->images[i].encryption.key;
	return plain;
}

int images_check(const struct manifest *m, const struct enc_ring *ring,
		 const struct cli_values *files, uint64_t from, enum fw_error *ret)
{
	struct images set = {.ring = ring};
	struct digests d;
	int r;

	if (files->n != m->n_images) {
		cli_say("images in the manifest: %zu, files given: %zu", m->n_images, files->n);
		return -EINVAL;
	}
	*ret = FWE_OK;
	r = hash_set_new(&set.all, m->digests.algs);
	for (size_t i = 0; r == 0 && *ret == FWE_OK && i < files->n; i++) {
		if (files->at[i])
			r = check_image(&set, &m->images[i], files->at[i], from, ret);
		else
			set.partly = true;
	}
	if (r == 0)
		hash_set_final(set.all, &d);
	hash_set_free(set.all);
	if (r == 0 && *ret == FWE_OK && !set.partly)
		*ret = manifest_images_check(m, set.total, &d);
	return r == 0 && *ret == FWE_OK && has_index(m) && !set.partly ? check_index(m, files, ret)
								       : r;
}
