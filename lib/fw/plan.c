#include "fw/plan.h"

#include "crypto/ece.h"
#include "crypto/jwe.h"

/* The manifest names a key of this device, and brings the key of the image wrapped with it. */
static enum fw_error open_key(const struct fw_encryption *from, const struct enc_ring *ring,
			      struct plan_image *to)
{
	CLEANUP(buf_done) struct buf ikm = {0};
	enum fw_error e = jwe_decrypt(span_str(from->key), NULL, ring, &ikm);

	if (e == FWE_OK && (ikm.len != ECE_IKM_LEN || !secret_set(&to->ikm, buf_span(&ikm))))
		e = FWE_IMAGE_DECRYPT_FAILED;
	to->sealed_size = from->size;
	to->sealed = from->digests;
	return e == FWE_MANIFEST_DECRYPT_FAILED ? FWE_IMAGE_DECRYPT_FAILED : e;
}

/* What the table of the writer could list: a slot is any text in the manifest. */
static bool is_component(const char *name)
{
	size_t n = 0;

	while (name[n] > ' ' && name[n] <= '~')
		n++;
	return n > 0 && name[n] == '\0';
}

static enum fw_error add_image(struct plan *p, const struct manifest *m, size_t i, struct span url)
{
	const struct fw_image *from = &m->images[i];
	const char *component = from->slot ? from->slot : from->name ? from->name : PLAN_COMPONENT;
	struct plan_image *to = &p->images[i];

	if (!is_component(component) ||
	    span_to_str(span_str(component), to->component, sizeof(to->component)) < 0)
		return FWE_MANIFEST_IMAGE_LIST_INVALID;
	for (size_t k = 0; k < i; k++)
		if (!strcmp(p->images[k].component, component))
			return FWE_MANIFEST_IMAGE_LIST_INVALID;
	if (from->format && strcmp(from->format, "raw") != 0)
		return FWE_IMAGE_FORMAT_UNSUPPORTED;
	to->size = from->size;
	/* An image without a name is the whole, whose digests are hashed anyway. */
	if (from->name)
		to->digests = from->digests;
	return manifest_image_url(m, i, url, to->url);
}

/* Only plain octets from elsewhere can be fetched in parts. */
static enum fw_error add_index(struct plan *p, const struct manifest *m, struct span url)
{
	const struct fw_chunk_index *from = &m->chunks;

	if (!from->location || m->direct)
		return FWE_OK;
	for (size_t i = 0; i < m->n_images; i++)
		if (m->images[i].encryption.key)
			return FWE_OK;
	p->index.size = from->size;
	p->index.octets = (uint32_t)from->octets;
	p->index.digests = from->digests;
	return manifest_chunks_url(m, url, p->index.url);
}

/* All but the keys of encrypted images. */
static enum fw_error lay_out(const struct manifest *m, const char *manifest_url, struct plan *ret)
{
	enum fw_error e = FWE_OK;

	*ret = (struct plan){
		.version = m->version, .size = m->size, .digests = m->digests, .n = m->n_images};
	if (m->format && strcmp(m->format, "raw") != 0)
		return FWE_IMAGE_FORMAT_UNSUPPORTED;
	for (size_t i = 0; i < m->n_images && e == FWE_OK; i++)
		e = add_image(ret, m, i, span_str(manifest_url));
	return e == FWE_OK ? add_index(ret, m, span_str(manifest_url)) : e;
}

enum fw_error plan_make(const struct manifest *m, const char *manifest_url,
			const struct enc_ring *ring, struct plan *ret)
{
	enum fw_error e = lay_out(m, manifest_url, ret);

	for (size_t i = 0; i < m->n_images && e == FWE_OK; i++)
		if (m->images[i].encryption.key)
			e = open_key(&m->images[i].encryption, ring, &ret->images[i]);
	return e;
}

enum fw_error plan_check(const struct manifest *m, const char *manifest_url)
{
	CLEANUP(freep) struct plan *p = malloc(sizeof(*p));

	return p ? lay_out(m, manifest_url, p) : FWE_INTERNAL;
}

void plan_done(struct plan *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->images); i++)
		secret_wipe(&p->images[i].ikm);
	*p = (struct plan){0};
}

uint64_t plan_delivered_size(const struct plan_image *i)
{
	return i->ikm.len > 0 ? i->sealed_size : i->size;
}
