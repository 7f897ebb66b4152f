#include "fw/plan.h"

static enum fw_error add_image(struct plan *p, const struct manifest *m, size_t i, struct span url)
{
	const struct fw_image *from = &m->images[i];
	const char *component = from->slot ? from->slot : from->name ? from->name : PLAN_COMPONENT;
	struct plan_image *to = &p->images[i];

	if (span_to_str(span_str(component), to->component, sizeof(to->component)) < 0)
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

enum fw_error plan_make(const struct manifest *m, const char *manifest_url, struct plan *ret)
{
	enum fw_error e = FWE_OK;

	*ret = (struct plan){
		.version = m->version, .size = m->size, .digests = m->digests, .n = m->n_images};
	if (m->format && strcmp(m->format, "raw") != 0)
		return FWE_IMAGE_FORMAT_UNSUPPORTED;
	for (size_t i = 0; i < m->n_images && e == FWE_OK; i++)
		e = add_image(ret, m, i, span_str(manifest_url));
	return e;
}
