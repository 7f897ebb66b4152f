#include "fw/manifest_cbor.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/timestamp.h"
#include "base/uuid.h"
#include "codec/b64.h"
#include "codec/cbd.h"
#include "codec/cbw.h"
#include "crypto/cose_key.h"
#include "crypto/hash.h"
#include "fw/manifest.h"

static const struct cbr_limits LIMITS = {
	.bytes = MANIFEST_BYTES_MAX,
	.depth = MANIFEST_DEPTH_MAX,
	.items = MANIFEST_BYTES_MAX,
	.text = MANIFEST_BYTES_MAX,
};

/* One member of a map: its key, which is the number or, without one, the name. */
struct row {
	uint64_t key;
	const char *name;
	struct jsn *(*read)(struct cbr *c);
	bool (*write)(const struct jsn *v, struct buf *out); /* false: it has no CBOR form */
};

/* ---- CBOR to JSON ---- */

static struct jsn *mismatch(struct cbr *c)
{
	(void)cbr_skip(c);
	return jsn_new_null();
}

/* No text, date, version or digest is this. */
static struct jsn *bad_value(void)
{
	return jsn_new_text(SPAN_LIT("\x7f"));
}

static struct jsn *get_text(struct cbr *c)
{
	struct jsn *text;

	if (cbr_peek(c) != CBR_TEXT)
		return mismatch(c);
	text = jsn_new_text(cbr_text(c));
	return text ? text : bad_value(); /* it holds a NUL */
}

/* Beyond what JSON holds, or negative, is beyond what any member takes. */
static struct jsn *get_uint(struct cbr *c)
{
	uint64_t n;

	if (cbr_peek(c) == CBR_NEGINT) {
		(void)cbr_skip(c);
		return jsn_new_int(-1);
	}
	if (cbr_peek(c) != CBR_UINT)
		return mismatch(c);
	n = cbr_uint(c, UINT64_MAX);
	return jsn_new_int(n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

static struct jsn *get_date(struct cbr *c)
{
	char text[TIMESTAMP_TEXT + 1];
	uint64_t back, n;

	if (cbr_peek(c) == CBR_NEGINT) {
		(void)cbr_skip(c);
		return bad_value();
	}
	if (cbr_peek(c) != CBR_UINT)
		return mismatch(c);
	n = cbr_uint(c, UINT64_MAX);
	if (n > UINT64_MAX / USEC_PER_SEC)
		return bad_value();
	timestamp_format(n * USEC_PER_SEC, text);
	return timestamp_parse(span_str(text), &back) && back == n * USEC_PER_SEC
		       ? jsn_new_text(span_str(text))
		       : bad_value();
}

/* [2, 4, 1] becomes "2.4.1". */
static struct jsn *get_version(struct cbr *c)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT(FW_VERSION_TEXT);
	bool numbers = true, negative = false;

	if (cbr_peek(c) != CBR_ARRAY)
		return mismatch(c);
	cbr_array(c);
	while (cbr_more(c)) {
		enum cbr_type type = cbr_peek(c);

		numbers &= type == CBR_UINT || type == CBR_NEGINT;
		negative |= type == CBR_NEGINT;
		if (type == CBR_UINT)
			buf_printf(&text, "%s%" PRIu64, text.len > 0 ? "." : "",
				   cbr_uint(c, UINT64_MAX));
		else
			(void)cbr_skip(c);
	}
	if (!numbers)
		return jsn_new_null();
	return buf_ok(&text) && !negative ? jsn_new_text(buf_span(&text)) : bad_value();
}

static struct jsn *get_uuid(struct cbr *c)
{
	char text[UUID_TEXT + 1];
	struct span octets;
	struct uuid uuid;

	if (cbr_peek(c) != CBR_BYTES)
		return mismatch(c);
	octets = cbr_bytes(c);
	if (octets.len != sizeof(uuid))
		return bad_value();
	memcpy(&uuid, octets.ptr, sizeof(uuid));
	uuid_format(&uuid, text);
	return jsn_new_text(span_str(text));
}

static struct jsn *get_array(struct cbr *c, struct jsn *(*element)(struct cbr *c))
{
	struct jsn *array;

	if (cbr_peek(c) != CBR_ARRAY)
		return mismatch(c);
	array = jsn_new_array();
	cbr_array(c);
	while (cbr_more(c))
		jsn_add(array, element(c));
	return array;
}

static struct jsn *get_versions(struct cbr *c)
{
	return get_array(c, get_version);
}

static struct jsn *get_texts(struct cbr *c)
{
	return get_array(c, get_text);
}

static struct jsn *get_map(struct cbr *c, const struct row *rows, size_t n);

static const struct {
	int64_t number;
	enum hash_alg alg;
} HASHES[] = {
	{-16, HASH_SHA256},
	{-43, HASH_SHA384},
	{-44, HASH_SHA512},
};

/* RFC 9054. An unknown number becomes a name that is unknown, too. */
static struct jsn *get_hash_name(struct cbr *c)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT(32);
	int64_t number;
	struct cbr item;

	if (cbr_peek(c) != CBR_NEGINT && cbr_peek(c) != CBR_UINT)
		return mismatch(c);
	cbr_open(&item, cbr_skip(c), &LIMITS);
	number = cbr_int(&item, INT64_MIN, INT64_MAX); /* beyond that: 0, which is unknown, too */
	for (size_t i = 0; i < ARRAY_SIZE(HASHES); i++) {
		if (HASHES[i].number == number)
			return jsn_new_text(span_str(hash_name(HASHES[i].alg)));
	}
	buf_printf(&text, "%" PRId64, number);
	return jsn_new_text(buf_span(&text));
}

static struct jsn *get_hash_octets(struct cbr *c)
{
	char hex[2 * HASH_MAX + 1];
	struct span octets;

	if (cbr_peek(c) != CBR_BYTES)
		return mismatch(c);
	octets = cbr_bytes(c);
	if (octets.len > HASH_MAX)
		return bad_value();
	hex_encode(octets, hex);
	return jsn_new_text(span_str(hex));
}

/* [algorithm, octets] */
static struct jsn *get_digest(struct cbr *c)
{
	struct jsn *entry;

	if (cbr_peek(c) != CBR_ARRAY)
		return mismatch(c);
	entry = jsn_new_object();
	cbr_array(c);
	for (unsigned i = 0; cbr_more(c); i++) {
		if (i == 0)
			jsn_set(entry, "digestAlgo", get_hash_name(c));
		else
			jsn_set(entry, "hash", i == 1 ? get_hash_octets(c) : mismatch(c));
	}
	return entry;
}

static struct jsn *get_commit_hash(struct cbr *c)
{
	return get_array(c, get_digest);
}

/* A key that has no JWK becomes one that the reader of JWKs refuses. */
static struct jsn *get_key(struct cbr *c)
{
	const char *why;
	struct jsn *jwk;

	if (cose_key_to_jwk(cbr_skip(c), &jwk, &why) == JWK_OK)
		return jwk;
	jwk = jsn_new_object();
	jsn_set_str(jwk, "kty", "EC");
	return jwk;
}

static struct jsn *get_keys(struct cbr *c)
{
	return get_array(c, get_key);
}

static struct jsn *get_kid(struct cbr *c)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT(2 * JWK_KID_MAX);

	if (cbr_peek(c) != CBR_BYTES)
		return mismatch(c);
	b64_encode(cbr_bytes(c), &text);
	return buf_ok(&text) ? jsn_new_text(buf_span(&text)) : bad_value();
}

static struct jsn *get_kids(struct cbr *c)
{
	return get_array(c, get_kid);
}

/* ---- JSON to CBOR ---- */

static bool put_text(const struct jsn *v, struct buf *out)
{
	cbw_text(out, jsn_text(v));
	return jsn_type(v) == JSN_TEXT;
}

static bool put_uint(const struct jsn *v, struct buf *out)
{
	cbw_int(out, jsn_int(v));
	return jsn_type(v) == JSN_INT;
}

static bool put_date(const struct jsn *v, struct buf *out)
{
	uint64_t us;

	if (!timestamp_parse(jsn_text(v), &us) || us % USEC_PER_SEC != 0)
		return false;
	cbw_uint(out, us / USEC_PER_SEC);
	return true;
}

static bool put_version(const struct jsn *v, struct buf *out)
{
	struct span rest = jsn_text(v);
	size_t dots = 0;

	for (size_t i = 0; i < rest.len; i++)
		dots += rest.ptr[i] == '.';
	cbw_array_n(out, dots + 1);
	for (size_t i = 0; i <= dots; i++) {
		uint32_t part;

		if (!parse_u32(span_cut(&rest, '.'), &part))
			return false;
		cbw_uint(out, part);
	}
	return true;
}

static bool put_uuid(const struct jsn *v, struct buf *out)
{
	struct uuid uuid;

	if (!uuid_parse(jsn_text(v), &uuid))
		return false;
	cbw_bytes(out, span_of(uuid.b, sizeof(uuid.b)));
	return true;
}

static bool put_array(const struct jsn *v, struct buf *out,
		      bool (*element)(const struct jsn *v, struct buf *out))
{
	bool ok = jsn_type(v) == JSN_ARRAY;

	cbw_array_n(out, jsn_len(v));
	for (size_t i = 0; i < jsn_len(v); i++)
		ok = element(jsn_at(v, i), out) && ok;
	return ok;
}

static bool put_versions(const struct jsn *v, struct buf *out)
{
	return put_array(v, out, put_version);
}

static bool put_texts(const struct jsn *v, struct buf *out)
{
	return put_array(v, out, put_text);
}

static bool put_digest(const struct jsn *v, struct buf *out)
{
	struct span hex = jsn_text(jsn_get(v, "hash"));
	uint8_t octets[HASH_MAX];
	enum hash_alg alg;

	if (jsn_len(v) != 2 || !hash_from_name(jsn_text(jsn_get(v, "digestAlgo")), &alg) ||
	    !hex_decode(hex, octets, hash_len(alg)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(HASHES); i++) {
		if (HASHES[i].alg != alg)
			continue;
		cbw_array_n(out, 2);
		cbw_int(out, HASHES[i].number);
	}
	cbw_bytes(out, span_of(octets, hash_len(alg)));
	return true;
}

static bool put_commit_hash(const struct jsn *v, struct buf *out)
{
	return put_array(v, out, put_digest);
}

static bool put_key(const struct jsn *v, struct buf *out)
{
	return cose_key_put(v, out) == 0;
}

static bool put_keys(const struct jsn *v, struct buf *out)
{
	return put_array(v, out, put_key);
}

static bool put_kid(const struct jsn *v, struct buf *out)
{
	struct buf octets CLEANUP(buf_done) = BUF_INIT(JWK_KID_MAX);

	if (jsn_type(v) != JSN_TEXT || b64_decode(jsn_text(v), &octets) < 0)
		return false;
	cbw_bytes(out, buf_span(&octets));
	return true;
}

static bool put_kids(const struct jsn *v, struct buf *out)
{
	return put_array(v, out, put_kid);
}

static bool put_map(const struct jsn *v, struct buf *out, const struct row *rows, size_t n,
		    const char **ret_member);

/* ---- the members; each table in the order of deterministic encoding ---- */

static const struct row CRYPTO_INFO[] = {
	{1, "commitHash", get_commit_hash, put_commit_hash},
};

static const struct row KEY_INFO[] = {
	{1, "version", get_uint, put_uint},
	{2, "keys",    get_keys, put_keys},
	{3, "revoked", get_kids, put_kids},
};

static const struct row ENCRYPTION[] = {
	{0, "key",        get_text,        put_text       },
	{0, "size",       get_uint,        put_uint       },
	{0, "keyId",      get_text,        put_text       },
	{0, "coding",     get_text,        put_text       },
	{0, "commitHash", get_commit_hash, put_commit_hash},
};

static const struct row CHUNKS[] = {
	{0, "size",       get_uint,        put_uint       },
	{0, "location",   get_text,        put_text       },
	{0, "chunkSize",  get_uint,        put_uint       },
	{0, "commitHash", get_commit_hash, put_commit_hash},
};

/* A member that is a map of its own. */
#define NESTED(what, ROWS)                                                                         \
	static struct jsn *get_##what(struct cbr *c)                                               \
	{                                                                                          \
		return get_map(c, ROWS, ARRAY_SIZE(ROWS));                                         \
	}                                                                                          \
	static bool put_##what(const struct jsn *v, struct buf *out)                               \
	{                                                                                          \
		const char *member;                                                                \
                                                                                                   \
		return put_map(v, out, ROWS, ARRAY_SIZE(ROWS), &member);                           \
	}
NESTED(crypto_info, CRYPTO_INFO)
NESTED(key_info, KEY_INFO)
NESTED(encryption, ENCRYPTION)
NESTED(chunks, CHUNKS)

static const struct row IMAGE[] = {
	{0, "name",       get_text,        put_text       },
	{0, "size",       get_uint,        put_uint       },
	{0, "slot",       get_text,        put_text       },
	{0, "format",     get_text,        put_text       },
	{0, "location",   get_text,        put_text       },
	{0, "commitHash", get_commit_hash, put_commit_hash},
	{0, "encryption", get_encryption,  put_encryption },
};
NESTED(image, IMAGE)

static struct jsn *get_images(struct cbr *c)
{
	return get_array(c, get_image);
}

static bool put_images(const struct jsn *v, struct buf *out)
{
	return put_array(v, out, put_image);
}

static struct jsn *get_name(struct cbr *c);
static bool put_name(const struct jsn *v, struct buf *out);

static struct jsn *get_names(struct cbr *c)
{
	return get_array(c, get_name);
}

static bool put_names(const struct jsn *v, struct buf *out)
{
	return put_array(v, out, put_name);
}

static const struct row MEMBERS[] = {
	{1,  "manifestVersion",    get_version,     put_version    },
	{2,  "timestamp",          get_date,        put_date       },
	{3,  "manufacturer",       get_text,        put_text       },
	{4,  "model",              get_text,        put_text       },
	{5,  "firmwareVersion",    get_version,     put_version    },
	{6,  "firmwareLocation",   get_text,        put_text       },
	{7,  "firmwareCryptoInfo", get_crypto_info, put_crypto_info},
	{8,  "key-info",           get_key_info,    put_key_info   },
	{9,  "sequenceNumber",     get_uint,        put_uint       },
	{10, "securityVersion",    get_uint,        put_uint       },
	{11, "expires",            get_date,        put_date       },
	{12, "imageSize",          get_uint,        put_uint       },
	{13, "images",             get_images,      put_images     },
	{14, "critical",           get_names,       put_names      },
	{15, "hardwareRevisions",  get_texts,       put_texts      },
	{16, "requiredVersions",   get_versions,    put_versions   },
	{17, "minFirmwareVersion", get_version,     put_version    },
	{18, "vendorId",           get_uuid,        put_uuid       },
	{19, "classId",            get_uuid,        put_uuid       },
	{20, "format",             get_text,        put_text       },
	{21, "encryption",         get_encryption,  put_encryption },
	{22, "releaseNotes",       get_text,        put_text       },
	{23, "releaseNotesUri",    get_text,        put_text       },
	{24, "severity",           get_text,        put_text       },
	{25, "chunkIndex",         get_chunks,      put_chunks     },
};

static bool is_member(struct span name)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++)
		found |= span_is(name, MEMBERS[i].name);
	return found;
}

/* What `critical` lists: numbers of members, or texts. A text is an extension, even one that has
 * the JSON name of a member: nobody reads that. */
static struct jsn *get_name(struct cbr *c)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT(32);
	uint64_t key;

	if (cbr_peek(c) == CBR_TEXT) {
		struct span name = cbr_text(c);

		return is_member(name) || (name.len > 0 && memchr(name.ptr, '\0', name.len))
			       ? bad_value()
			       : jsn_new_text(name);
	}
	if (cbr_peek(c) != CBR_UINT)
		return mismatch(c);
	key = cbr_uint(c, UINT64_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		if (MEMBERS[i].key == key)
			return jsn_new_text(span_str(MEMBERS[i].name));
	}
	buf_printf(&text, "%" PRIu64, key);
	return jsn_new_text(buf_span(&text));
}

static bool put_name(const struct jsn *v, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		if (span_is(jsn_text(v), MEMBERS[i].name)) {
			cbw_uint(out, MEMBERS[i].key);
			return true;
		}
	}
	return put_text(v, out);
}

/* ---- maps ---- */

/* The row of the next key, or NULL for one that nobody knows. */
static const struct row *next_row(struct cbr *c, const struct row *rows, size_t n)
{
	enum cbr_type type = cbr_peek(c);
	uint64_t key = 0;
	struct span name = {0};

	if (type == CBR_UINT)
		key = cbr_uint(c, UINT64_MAX);
	else if (type == CBR_TEXT)
		name = cbr_text(c);
	else
		(void)cbr_skip(c);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].key ? type == CBR_UINT && rows[i].key == key
				: type == CBR_TEXT && span_is(name, rows[i].name))
			return &rows[i];
	}
	return NULL;
}

static struct jsn *get_map(struct cbr *c, const struct row *rows, size_t n)
{
	struct jsn *object;

	if (cbr_peek(c) != CBR_MAP)
		return mismatch(c);
	object = jsn_new_object();
	cbr_map(c);
	while (cbr_more(c)) {
		const struct row *row = next_row(c, rows, n);

		if (row)
			jsn_set(object, row->name, row->read(c));
		else
			(void)cbr_skip(c);
	}
	return object;
}

static bool put_map(const struct jsn *v, struct buf *out, const struct row *rows, size_t n,
		    const char **ret_member)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += jsn_get(v, rows[i].name) != NULL;
	cbw_map_n(out, found);
	*ret_member = "";
	if (jsn_type(v) != JSN_OBJECT || jsn_len(v) != found)
		return false; /* a member of another name */
	for (size_t i = 0; i < n; i++) {
		const struct jsn *value = jsn_get(v, rows[i].name);

		if (!value)
			continue;
		*ret_member = rows[i].name;
		if (rows[i].key)
			cbw_uint(out, rows[i].key);
		else
			cbw_str(out, rows[i].name);
		if (!rows[i].write(value, out))
			return false;
	}
	return true;
}

enum fw_error manifest_from_cbor(struct span payload, struct jsn **ret)
{
	CLEANUP(jsn_freep) struct jsn *root = NULL;
	enum cbr_err err = cbd_check(payload, &LIMITS);
	struct cbr c;

	if (err == CBR_LOOSE)
		return FWE_MANIFEST_CBOR_NOT_DETERMINISTIC;
	cbr_open(&c, payload, &LIMITS);
	if (err != CBR_OK || cbr_peek(&c) != CBR_MAP)
		return FWE_MANIFEST_CBOR_INVALID;
	root = get_map(&c, MEMBERS, ARRAY_SIZE(MEMBERS));
	if (cbr_close(&c) != CBR_OK)
		return FWE_MANIFEST_CBOR_INVALID;
	if (!root)
		return FWE_INTERNAL;
	*ret = root;
	root = NULL;
	return FWE_OK;
}

int manifest_to_cbor(const struct jsn *root, struct buf *out, const char **ret_member)
{
	if (!put_map(root, out, MEMBERS, ARRAY_SIZE(MEMBERS), ret_member))
		return -EDOM;
	return buf_ok(out) ? 0 : -ENOMEM;
}
