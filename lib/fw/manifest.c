#include "fw/manifest.h"

#include "base/parse.h"
#include "base/timestamp.h"
#include "crypto/cose.h"
#include "fw/direct.h"
#include "fw/manifest_cbor.h"
#include "fw/manifest_read.h"

/* Line feed, tabulator, and a carriage return before a line feed. */
static bool is_break(struct span text, size_t i)
{
	uint8_t c = text.ptr[i];

	return c == '\n' || c == '\t' || (c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n');
}

/* Control characters of C0 and C1, and DEL. */
static bool has_control(struct span text, bool may_break)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == 0x7f || (c < 0x20 && !(may_break && is_break(text, i))))
			return true;
		if (c == 0xc2 && i + 1 < text.len && text.ptr[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static enum fw_error take_text(const struct jsn *v, const struct member *row, bool may_break,
			       void *field)
{
	struct span text = jsn_text(v);

	if (text.len > row->max || has_control(text, may_break))
		return FWE_MANIFEST_FIELD_VALUE;
	*(const char **)field = jsn_str(v);
	return FWE_OK;
}

enum fw_error read_text(const struct jsn *v, const struct member *row, void *field)
{
	return jsn_text(v).len > 0 ? take_text(v, row, false, field) : FWE_MANIFEST_FIELD_VALUE;
}

/* May be empty. */
static enum fw_error read_line(const struct jsn *v, const struct member *row, void *field)
{
	return take_text(v, row, false, field);
}

/* The same with several lines. */
static enum fw_error read_lines(const struct jsn *v, const struct member *row, void *field)
{
	return take_text(v, row, true, field);
}

enum fw_error read_uint(const struct jsn *v, const struct member *row, void *field)
{
	int64_t n = jsn_int(v);

	if (n < 0 || (uint64_t)n > row->max)
		return FWE_MANIFEST_FIELD_VALUE;
	*(uint64_t *)field = (uint64_t)n;
	return FWE_OK;
}

enum fw_error read_location(const struct jsn *v, const struct member *row, void *field)
{
	enum url_err e = url_check_ref(jsn_text(v));

	(void)row;
	if (e != URL_OK)
		return e == URL_SCHEME ? FWE_MANIFEST_LOCATION_SCHEME
				       : FWE_MANIFEST_LOCATION_INVALID;
	*(const char **)field = jsn_str(v);
	return FWE_OK;
}

/* That of the manifest itself may also say that the image follows. */
static enum fw_error read_base(const struct jsn *v, const struct member *row, void *field)
{
	if (!span_is(jsn_text(v), DIRECT_LOCATION))
		return read_location(v, row, field);
	*(const char **)field = jsn_str(v);
	return FWE_OK;
}

static enum fw_error read_date(const struct jsn *v, const struct member *row, void *field)
{
	(void)row;
	return timestamp_parse(jsn_text(v), field) ? FWE_OK : FWE_MANIFEST_FIELD_VALUE;
}

static enum fw_error read_version(const struct jsn *v, const struct member *row, void *field)
{
	(void)row;
	return fw_version_parse(jsn_text(v), field) ? FWE_OK : FWE_MANIFEST_FIELD_VALUE;
}

static enum fw_error read_uuid(const struct jsn *v, const struct member *row, void *field)
{
	(void)row;
	return uuid_parse(jsn_text(v), field) ? FWE_OK : FWE_MANIFEST_FIELD_VALUE;
}

/* Every element passes `read` into a scratch field; the array itself is kept. */
static enum fw_error read_list(const struct jsn *v, const struct member *element, void *scratch,
			       void *field)
{
	if (jsn_len(v) > MANIFEST_LIST_MAX)
		return FWE_MANIFEST_FIELD_VALUE;
	for (size_t i = 0; i < jsn_len(v); i++) {
		enum fw_error e = element->read(jsn_at(v, i), element, scratch);

		if (e != FWE_OK)
			return e;
	}
	*(const struct jsn **)field = v;
	return FWE_OK;
}

static enum fw_error read_texts(const struct jsn *v, const struct member *row, void *field)
{
	const struct member element = {.max = row->max, .read = read_line};
	const char *scratch;

	return read_list(v, &element, &scratch, field);
}

/* What it lists was looked at before. */
static enum fw_error read_critical(const struct jsn *v, const struct member *row, void *field)
{
	(void)row;
	(void)field;
	return jsn_len(v) > MANIFEST_LIST_MAX ? FWE_MANIFEST_FIELD_VALUE : FWE_OK;
}

static enum fw_error read_versions(const struct jsn *v, const struct member *row, void *field)
{
	const struct member element = {.read = read_version};
	struct fw_version scratch;

	(void)row;
	return read_list(v, &element, &scratch, field);
}

static enum fw_error read_crypto_info(const struct jsn *v, const struct member *row, void *field)
{
	static const struct member ROWS[] = {
		{"commitHash", ARE_OBJECTS, true, 0, 0, 0, read_digests},
	};

	(void)row;
	return members_read(v, ROWS, ARRAY_SIZE(ROWS), 0, field);
}

#define FIELD(name) offsetof(struct manifest, name)

/* A name that `critical` may list stands here and has a reader, or is checked before. */
static const struct member MEMBERS[] = {
	{"manifestVersion",    IS_TEXT,     true,  0,                    0,                 0,                        NULL            },
	{"critical",           ARE_TEXTS,   false, 0,                    0,                 0,                        read_critical   },
	{"timestamp",          IS_TEXT,     true,  0,                    0,                 FIELD(timestamp_us),      read_date       },
	{"expires",            IS_TEXT,     false, MANIFEST_EXPIRES,     0,                 FIELD(expires_us),        read_date       },
	{"manufacturer",       IS_TEXT,     true,  0,                    MANIFEST_ID_MAX,   FIELD(manufacturer),      read_text       },
	{"model",              IS_TEXT,     true,  0,                    MANIFEST_ID_MAX,   FIELD(model),             read_text       },
	{"firmwareVersion",    IS_TEXT,     true,  0,                    0,                 FIELD(version),           read_version    },
	{"minFirmwareVersion", IS_TEXT,     false, MANIFEST_MIN_VERSION, 0,                 FIELD(min_version),
	 read_version														 },
	{"requiredVersions",   ARE_TEXTS,   false, 0,                    0,                 FIELD(required_versions), read_versions   },
	{"hardwareRevisions",  ARE_TEXTS,   false, 0,                    MANIFEST_TEXT_MAX, FIELD(hardware),          read_texts      },
	{"vendorId",           IS_TEXT,     false, MANIFEST_VENDOR_ID,   0,                 FIELD(vendor_id),         read_uuid       },
	{"classId",            IS_TEXT,     false, MANIFEST_CLASS_ID,    0,                 FIELD(class_id),          read_uuid       },
	{"sequenceNumber",     IS_NUMBER,   false, MANIFEST_SEQUENCE,    MANIFEST_UINT_MAX, FIELD(sequence),
	 read_uint														    },
	{"securityVersion",    IS_NUMBER,   false, MANIFEST_SECURITY,    UINT32_MAX,
	 FIELD(security_version),										     read_uint       },
	{"imageSize",          IS_NUMBER,   false, MANIFEST_SIZE,        MANIFEST_UINT_MAX, FIELD(size),              read_uint       },
	{"format",             IS_TEXT,     false, 0,                    MANIFEST_TEXT_MAX, FIELD(format),            read_text       },
	{"severity",           IS_TEXT,     false, 0,                    MANIFEST_TEXT_MAX, FIELD(severity),          read_line       },
	{"releaseNotes",       IS_TEXT,     false, 0,                    MANIFEST_TEXT_MAX, FIELD(release_notes),     read_lines      },
	{"releaseNotesUri",    IS_TEXT,     false, 0,                    MANIFEST_TEXT_MAX, FIELD(release_notes_uri),
	 read_line														    },
	{"firmwareCryptoInfo", IS_OBJECT,   true,  0,                    0,                 FIELD(digests),           read_crypto_info},
	{"firmwareLocation",   IS_TEXT,     true,  0,                    0,                 FIELD(location),          read_base       },
	{"encryption",         IS_OBJECT,   false, 0,                    0,                 FIELD(encryption),        read_encryption },
	{"images",             ARE_OBJECTS, false, 0,                    0,                 0,                        read_images     },
	{"chunkIndex",         IS_OBJECT,   false, 0,                    0,                 0,                        read_chunk_index},
	{"key-info",           IS_OBJECT,   false, MANIFEST_KEY_INFO,    0,                 0,                        read_key_info   },
};

static bool has_type(const struct jsn *v, enum member_type type)
{
	static const enum jsn_type OF[] = {
		[IS_TEXT] = JSN_TEXT,   [IS_NUMBER] = JSN_INT,      [IS_OBJECT] = JSN_OBJECT,
		[ARE_TEXTS] = JSN_TEXT, [ARE_OBJECTS] = JSN_OBJECT,
	};

	if (type < ARE_TEXTS)
		return jsn_type(v) == OF[type];
	for (size_t i = 0; i < jsn_len(v); i++) {
		if (jsn_type(jsn_at(v, i)) != OF[type])
			return false;
	}
	return jsn_type(v) == JSN_ARRAY;
}

enum fw_error members_read(const struct jsn *object, const struct member *rows, size_t n,
			   unsigned required, void *base)
{
	for (size_t i = 0; i < n; i++) {
		if ((rows[i].required || (rows[i].has & required) != 0) &&
		    !jsn_get(object, rows[i].name))
			return FWE_MANIFEST_FIELD_MISSING;
	}
	for (size_t i = 0; i < n; i++) {
		const struct jsn *v = jsn_get(object, rows[i].name);

		if (v && !has_type(v, rows[i].type))
			return FWE_MANIFEST_FIELD_TYPE;
	}
	for (size_t i = 0; i < n; i++) {
		const struct jsn *v = jsn_get(object, rows[i].name);
		enum fw_error e;

		if (!v || !rows[i].read)
			continue;
		e = rows[i].read(v, &rows[i], (char *)base + rows[i].offset);
		if (e != FWE_OK)
			return e;
	}
	return FWE_OK;
}

static bool is_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		if (strcmp(name, MEMBERS[i].name) == 0)
			return true;
	}
	return false;
}

/* Check 9. Members of a wrong type are left to check 10. */
static enum fw_error check_format(const struct jsn *root)
{
	const struct jsn *version = jsn_get(root, "manifestVersion");
	const struct jsn *critical = jsn_get(root, "critical");
	struct span minor = jsn_text(version), major = span_cut(&minor, '.');
	uint32_t number;

	if (jsn_type(version) == JSN_TEXT && (!span_is(major, "1") || !parse_u32(minor, &number)))
		return FWE_MANIFEST_VERSION_UNSUPPORTED;
	for (size_t i = 0; jsn_type(critical) == JSN_ARRAY && i < jsn_len(critical); i++) {
		const char *name = jsn_str(jsn_at(critical, i));

		if (name && !is_known(name))
			return FWE_MANIFEST_CRITICAL_UNKNOWN;
	}
	return FWE_OK;
}

static void add_only_image(struct manifest *m)
{
	m->n_images = 1;
	m->images[0] = (struct fw_image){
		.location = m->location,
		.size = m->size,
		.digests = m->digests,
		.format = m->format,
		.encryption = m->encryption,
	};
}

/* A signed message inside a signed message is not a manifest: sign, then encrypt, once each. */
static bool is_container(const struct jsn *root)
{
	return jsn_get(root, "ciphertext") ||
	       (jsn_get(root, "payload") &&
		(jsn_get(root, "signature") || jsn_get(root, "signatures")));
}

static enum fw_error read_json(struct span payload, struct jsn **ret)
{
	const struct jsn_limits limits = {payload.len, MANIFEST_DEPTH_MAX};
	enum fw_error e;

	if (envelope_is_compact(payload))
		return FWE_MANIFEST_NESTING_INVALID;
	if (!span_is_utf8(payload))
		return FWE_MANIFEST_JSON_INVALID;
	e = envelope_json_error(jsn_parse(payload, &limits, ret));
	if (e != FWE_OK)
		return e;
	if (jsn_type(*ret) != JSN_OBJECT)
		return FWE_MANIFEST_JSON_INVALID;
	return is_container(*ret) ? FWE_MANIFEST_NESTING_INVALID : FWE_OK;
}

static enum fw_error read_cbor(struct span payload, struct jsn **ret)
{
	return cose_is(payload) ? FWE_MANIFEST_NESTING_INVALID : manifest_from_cbor(payload, ret);
}

enum fw_error manifest_parse(struct span payload, enum envelope_form form, unsigned required,
			     struct manifest **ret)
{
	CLEANUP(manifest_freep) struct manifest *m = calloc(1, sizeof(*m));
	enum fw_error e;

	if (!m)
		return FWE_INTERNAL;
	m->size = MANIFEST_SIZE_UNKNOWN;
	e = form == ENVELOPE_CBOR ? read_cbor(payload, &m->tree) : read_json(payload, &m->tree);
	if (e == FWE_OK)
		e = check_format(m->tree);
	if (e == FWE_OK)
		e = members_read(m->tree, MEMBERS, ARRAY_SIZE(MEMBERS), required, m);
	if (e != FWE_OK)
		return e;
	m->direct = strcmp(m->location, DIRECT_LOCATION) == 0;
	if (m->direct && m->encryption.key) /* what follows the manifest is the image itself */
		return FWE_MANIFEST_ENC_NOT_ALLOWED;
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		if (jsn_get(m->tree, MEMBERS[i].name))
			m->has |= MEMBERS[i].has;
	}
	if (m->n_images == 0)
		add_only_image(m);
	*ret = m;
	m = NULL;
	return FWE_OK;
}

struct manifest *manifest_free(struct manifest *m)
{
	if (m)
		m->tree = jsn_free(m->tree);
	free(m);
	return NULL;
}
