/* Payloads: what is taken has images whose URLs resolve, and known digests for each. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	char url[URL_MAX + 1];

	if (size > MANIFEST_BYTES_MAX ||
	    manifest_parse(span_of(data, size), ENVELOPE_JSON, 0, &m) != FWE_OK)
		return -1;
	if (m->n_images < 1 || m->n_images > MANIFEST_IMAGES_MAX || m->digests.algs == 0)
		abort();
	for (size_t i = 0; i < m->n_images; i++) {
		enum fw_error e = manifest_image_url(m, i, SPAN_LIT("http://h/a/b.json"), url);

		if (m->images[i].digests.algs == 0 || e == FWE_MANIFEST_LOCATION_SCHEME)
			abort();
	}
	return 0;
}
