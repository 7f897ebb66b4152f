#include "base/parse.h"
#include "fw/chunks.h"
#include "fw/manifest_read.h"

/* One {"digestAlgo", "hash"}; names that we do not know are passed over. */
static enum fw_error read_digest(const struct jsn *entry, struct digests *d)
{
	static const struct member ROWS[] = {
		{"digestAlgo", IS_TEXT, true, 0, 0, 0, NULL},
		{"hash",       IS_TEXT, true, 0, 0, 0, NULL},
	};
	const struct jsn *name = jsn_get(entry, "digestAlgo"), *hash = jsn_get(entry, "hash");
	enum fw_error e = members_read(entry, ROWS, ARRAY_SIZE(ROWS), 0, NULL);
	enum hash_alg alg;

	if (e != FWE_OK)
		return e;
	if (!hash_from_name(jsn_text(name), &alg))
		return FWE_OK;
	if (!hex_decode(jsn_text(hash), d->b[alg], hash_len(alg)))
		return FWE_MANIFEST_FIELD_VALUE;
	d->algs |= HASH_BIT(alg);
	return FWE_OK;
}

enum fw_error read_digests(const struct jsn *v, const struct member *row, void *field)
{
	struct digests d = {0};

	(void)row;
	if (jsn_len(v) == 0)
		return FWE_MANIFEST_DIGEST_MISSING;
	if (jsn_len(v) > MANIFEST_DIGESTS_MAX)
		return FWE_MANIFEST_FIELD_VALUE;
	for (size_t i = 0; i < jsn_len(v); i++) {
		struct span name = jsn_text(jsn_get(jsn_at(v, i), "digestAlgo"));
		enum fw_error e = read_digest(jsn_at(v, i), &d);

		for (size_t k = 0; k < i; k++) {
			if (span_eq(name, jsn_text(jsn_get(jsn_at(v, k), "digestAlgo"))))
				return FWE_MANIFEST_DIGEST_DUPLICATE;
		}
		if (e != FWE_OK)
			return e;
	}
	if (d.algs == 0)
		return FWE_MANIFEST_DIGEST_WEAK;
	*(struct digests *)field = d;
	return FWE_OK;
}

#define FIELD(name) offsetof(struct fw_encryption, name)

enum fw_error read_encryption(const struct jsn *v, const struct member *row, void *field)
{
	static const struct member ROWS[] = {
		{"coding",     IS_TEXT,     true,  0, MANIFEST_TEXT_MAX, 0,              NULL        },
		{"key",        IS_TEXT,     true,  0, MANIFEST_TEXT_MAX, FIELD(key),     read_text   },
		{"keyId",      IS_TEXT,     false, 0, MANIFEST_TEXT_MAX, 0,              NULL        },
		{"size",       IS_NUMBER,   true,  0, MANIFEST_UINT_MAX, FIELD(size),    read_uint   },
		{"commitHash", ARE_OBJECTS, true,  0, 0,                 FIELD(digests), read_digests},
	};
	enum fw_error e = members_read(v, ROWS, ARRAY_SIZE(ROWS), 0, field);

	(void)row;
	return e == FWE_OK && !span_is(jsn_text(jsn_get(v, "coding")), "aes128gcm")
		       ? FWE_MANIFEST_ENC_NOT_ALLOWED
		       : e;
}

#undef FIELD

/* [A-Za-z0-9][A-Za-z0-9._-]{0,63}: never a path. */
static enum fw_error read_name(const struct jsn *v, const struct member *row, void *field)
{
	struct span s = jsn_text(v);

	(void)row;
	if (s.len == 0 || s.len > MANIFEST_NAME_MAX || strchr("._-", s.ptr[0]))
		return FWE_MANIFEST_FIELD_VALUE;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (!(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') &&
		    !strchr("._-", c))
			return FWE_MANIFEST_FIELD_VALUE;
	}
	*(const char **)field = jsn_str(v);
	return FWE_OK;
}

#define FIELD(name) offsetof(struct fw_image, name)

static const struct member IMAGE[] = {
	{"name",       IS_TEXT,     true,  0, 0,                 FIELD(name),       read_name      },
	{"location",   IS_TEXT,     true,  0, 0,                 FIELD(location),   read_location  },
	{"size",       IS_NUMBER,   true,  0, MANIFEST_UINT_MAX, FIELD(size),       read_uint      },
	{"commitHash", ARE_OBJECTS, true,  0, 0,                 FIELD(digests),    read_digests   },
	{"format",     IS_TEXT,     false, 0, MANIFEST_TEXT_MAX, FIELD(format),     read_text      },
	{"slot",       IS_TEXT,     false, 0, MANIFEST_NAME_MAX, FIELD(slot),       read_text      },
	{"encryption", IS_OBJECT,   false, 0, 0,                 FIELD(encryption), read_encryption},
};

#undef FIELD

/* firmwareLocation and imageSize were read before, since their rows come first. */
enum fw_error read_images(const struct jsn *v, const struct member *row, void *field)
{
	struct manifest *m = field;
	uint64_t sum = 0;

	(void)row;
	if (jsn_len(v) == 0 || jsn_len(v) > MANIFEST_IMAGES_MAX)
		return FWE_MANIFEST_IMAGE_LIST_INVALID;
	if (m->encryption.key) /* of what? each image has its own */
		return FWE_MANIFEST_IMAGE_LIST_INVALID;
	if (m->location[strlen(m->location) - 1] != '/')
		return FWE_MANIFEST_LOCATION_INVALID;
	for (size_t i = 0; i < jsn_len(v); i++) {
		enum fw_error e =
			members_read(jsn_at(v, i), IMAGE, ARRAY_SIZE(IMAGE), 0, &m->images[i]);

		if (e != FWE_OK)
			return e;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(m->images[i].name, m->images[k].name) == 0)
				return FWE_MANIFEST_IMAGE_LIST_INVALID;
		}
		sum += m->images[i].size; /* at most 32 times 2^53 */
	}
	if (m->size != MANIFEST_SIZE_UNKNOWN && m->size != sum)
		return FWE_MANIFEST_IMAGE_LIST_INVALID;
	m->size = sum;
	m->n_images = jsn_len(v);
	return FWE_OK;
}

#define FIELD(name) offsetof(struct fw_chunk_index, name)

/* All sizes were read before. An index of another size than the images' is none of theirs. */
enum fw_error read_chunk_index(const struct jsn *v, const struct member *row, void *field)
{
	static const struct member ROWS[] = {
		{"location",   IS_TEXT,     true, 0, 0,                 FIELD(location), read_location},
		{"size",       IS_NUMBER,   true, 0, MANIFEST_UINT_MAX, FIELD(size),     read_uint    },
		{"chunkSize",  IS_NUMBER,   true, 0, CHUNKS_OCTETS_MAX, FIELD(octets),   read_uint    },
		{"commitHash", ARE_OBJECTS, true, 0, 0,                 FIELD(digests),  read_digests },
	};
	struct manifest *m = field;
	enum fw_error e = members_read(v, ROWS, ARRAY_SIZE(ROWS), 0, &m->chunks);
	const struct chunks_form form = {(uint32_t)m->chunks.octets, m->size};

	(void)row;
	if (e == FWE_OK && (m->size == MANIFEST_SIZE_UNKNOWN || m->chunks.size == 0 ||
			    m->chunks.size != chunks_index_size(&form)))
		e = FWE_MANIFEST_FIELD_VALUE;
	return e;
}

#undef FIELD

static enum fw_error location_error(enum url_err e)
{
	return e == URL_OK       ? FWE_OK
	       : e == URL_SCHEME ? FWE_MANIFEST_LOCATION_SCHEME
				 : FWE_MANIFEST_LOCATION_INVALID;
}

/* `location` (NULL: none) as firmwareLocation, itself resolved, is its base. */
static enum fw_error resolve(const struct manifest *m, const char *location,
			     struct span manifest_url, char ret[URL_MAX + 1])
{
	char base[URL_MAX + 1];
	enum url_err e = url_resolve(manifest_url, span_str(m->location), base);

	if (e == URL_OK && location)
		e = url_resolve(span_str(base), span_str(location), ret);
	else if (e == URL_OK)
		memcpy(ret, base, sizeof(base));
	return location_error(e);
}

enum fw_error manifest_image_url(const struct manifest *m, size_t i, struct span manifest_url,
				 char ret[URL_MAX + 1])
{
	if (m->direct) /* it is where the manifest is */
		return span_to_str(manifest_url, ret, URL_MAX + 1) == 0
			       ? FWE_OK
			       : FWE_MANIFEST_LOCATION_INVALID;
	return resolve(m, m->images[i].name ? m->images[i].location : NULL, manifest_url, ret);
}

enum fw_error manifest_chunks_url(const struct manifest *m, struct span manifest_url,
				  char ret[URL_MAX + 1])
{
	return resolve(m, m->chunks.location, manifest_url, ret);
}

static enum fw_error check(uint64_t want_size, const struct digests *want, uint64_t size,
			   const struct digests *got)
{
	if (want_size != MANIFEST_SIZE_UNKNOWN && size != want_size)
		return FWE_IMAGE_SIZE_MISMATCH;
	return digests_match(want, got) ? FWE_OK : FWE_IMAGE_DIGEST_MISMATCH;
}

enum fw_error fw_image_check(const struct fw_image *image, uint64_t size, const struct digests *got)
{
	return check(image->size, &image->digests, size, got);
}

enum fw_error manifest_images_check(const struct manifest *m, uint64_t size,
				    const struct digests *got)
{
	return check(m->size, &m->digests, size, got);
}
