#include "fw/keyset.h"

#include <stdio.h>

#define FORMAT 1 /* rises when an older program could not read the record */

static const struct jsn_limits LIMITS = {.bytes = KEYSET_RECORD_MAX, .depth = JWK_DEPTH_MAX};

static bool holds(const struct jsn *array, struct span text)
{
	for (size_t i = 0; i < jsn_len(array); i++) {
		if (span_eq(jsn_text(jsn_at(array, i)), text))
			return true;
	}
	return false;
}

/* All texts of `from` that are not in `to` yet. */
static void add_texts(struct jsn *to, const struct jsn *from)
{
	for (size_t i = 0; i < jsn_len(from); i++) {
		if (!holds(to, jsn_text(jsn_at(from, i))))
			jsn_add(to, jsn_new_text(jsn_text(jsn_at(from, i))));
	}
}

/* What is revoked by a name of its own is revoked as the key that it is: it may come back by
 * another name. */
static void add_thumbprints(struct jsn *revoked, const struct jsn *keys)
{
	for (size_t i = 0; i < jsn_len(keys); i++) {
		const struct jsn *k = jsn_at(keys, i), *kid = jsn_get(k, "kid");
		char name[JWK_THUMBPRINT_LEN + 1];

		if (kid && holds(revoked, jsn_text(kid)) && jwk_thumbprint(k, name) == 0 &&
		    !holds(revoked, span_str(name)))
			jsn_add(revoked, jsn_new_text(span_str(name)));
	}
}

/* The thumbprints of keys, each made once; empty where there is none. */
struct names {
	size_t n;
	char at[TRUST_KEYS_MAX][JWK_THUMBPRINT_LEN + 1];
};

static void name_keys(const struct jsn *keys, struct names *ret)
{
	for (ret->n = 0; ret->n < jsn_len(keys) && ret->n < TRUST_KEYS_MAX; ret->n++) {
		if (jwk_thumbprint(jsn_at(keys, ret->n), ret->at[ret->n]) < 0)
			ret->at[ret->n][0] = '\0';
	}
}

static bool is_among(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (*name != '\0' && strcmp(names->at[i], name) == 0)
			return true;
	}
	return false;
}

/* The manufacturers of a key but for one. */
static struct jsn *without(const struct jsn *manufacturers, struct span gone)
{
	struct jsn *array = jsn_new_array();

	for (size_t i = 0; i < jsn_len(manufacturers); i++) {
		if (!span_eq(jsn_text(jsn_at(manufacturers, i)), gone))
			jsn_add(array, jsn_new_text(jsn_text(jsn_at(manufacturers, i))));
	}
	return array;
}

static bool is_root(const struct jsn *jwk)
{
	return holds(jsn_get(jwk, "x-ocf-roles"), SPAN_LIT("root"));
}

static struct jsn *texts_of(struct span text)
{
	struct jsn *array = jsn_new_array();

	jsn_add(array, jsn_new_text(text));
	return array;
}

struct change {
	struct span manufacturer;
	const struct jsn *installed, *fresh; /* keys; none is fresh where the store is newer */
	struct names had, got;
};

/* Installed keys. Those that are not root keys lose the manufacturer, they are retired, unless they
 * are in the new set too: they keep what they may do for others. */
static void add_installed(struct jsn *keys, const struct change *c)
{
	for (size_t i = 0; i < c->had.n; i++) {
		const struct jsn *old = jsn_at(c->installed, i);
		struct jsn *k = jsn_copy(old), *left;

		jsn_add(keys, k);
		if (!c->fresh || is_root(old))
			continue;
		left = without(jsn_get(old, "x-ocf-manufacturers"), c->manufacturer);
		if (is_among(&c->got, c->had.at[i])) {
			jsn_add(left, jsn_new_text(c->manufacturer));
			jsn_set(k, "x-ocf-roles", texts_of(SPAN_LIT("manifest")));
		}
		jsn_set(k, "x-ocf-manufacturers", left);
	}
}

/* The keys of key-info that are not installed. Their rights are ours to give, not the sender's. */
static void add_fresh(struct jsn *keys, const struct change *c)
{
	for (size_t i = 0; i < c->got.n; i++) {
		const char *name = c->got.at[i];
		struct jsn *k;

		if (is_among(&c->had, name))
			continue;
		k = jsn_copy(jsn_at(c->fresh, i));
		jsn_set(k, "x-ocf-manufacturers", texts_of(c->manufacturer));
		jsn_set(k, "x-ocf-roles", texts_of(SPAN_LIT("manifest")));
		jsn_add(keys, k);
	}
}

static struct jsn *merge(const struct jsn *store, const struct jsn *record)
{
	struct jsn *root = jsn_new_object(), *keys = jsn_new_array(), *revoked = jsn_new_array();
	bool is_newer = jsn_int(jsn_get(record, "version")) >
			jsn_int(jsn_get(store, "x-ocf-key-info-version"));
	struct change c = {
		.manufacturer = jsn_text(jsn_get(record, "manufacturer")),
		.installed = jsn_get(store, "keys"),
		.fresh = is_newer ? jsn_get(record, "keys") : NULL,
	};

	name_keys(c.installed, &c.had);
	name_keys(c.fresh, &c.got);
	add_installed(keys, &c);
	add_fresh(keys, &c);
	add_texts(revoked, jsn_get(store, "x-ocf-revoked"));
	add_texts(revoked, jsn_get(record, "revoked"));
	jsn_set(root, "keys", keys);
	jsn_set(root, "x-ocf-revoked", revoked);
	return root;
}

/* NULL: damaged. */
static struct jsn *open_record(struct span text)
{
	struct jsn *v = NULL;

	if (jsn_parse(text, &LIMITS, &v) == JSN_OK && jsn_int(jsn_get(v, "format")) == FORMAT &&
	    jsn_int(jsn_get(v, "version")) >= 0 &&
	    jsn_type(jsn_get(v, "manufacturer")) == JSN_TEXT &&
	    jsn_type(jsn_get(v, "keys")) == JSN_ARRAY &&
	    jsn_len(jsn_get(v, "keys")) <= TRUST_KEYS_MAX &&
	    jsn_type(jsn_get(v, "revoked")) == JSN_ARRAY &&
	    jsn_len(jsn_get(v, "revoked")) <= TRUST_REVOKED_MAX)
		return v;
	return jsn_free(v);
}

static uint64_t version_of(const struct jsn *store, const struct jsn *record)
{
	int64_t installed = jsn_int(jsn_get(store, "x-ocf-key-info-version"));
	int64_t stored = jsn_int(jsn_get(record, "version"));
	int64_t version = stored > installed ? stored : installed;

	return version > 0 ? (uint64_t)version : 0;
}

int keyset_trust(const struct trust *store, struct span record, struct trust **ret,
		 uint64_t *ret_version, char *ret_error, size_t room)
{
	CLEANUP(jsn_freep) struct jsn *v = NULL, *merged = NULL;
	struct buf text CLEANUP(buf_done) = BUF_INIT(KEYSET_RECORD_MAX);

	if (record.len > 0) {
		v = open_record(record);
		if (!v) {
			(void)snprintf(ret_error, room,
				       "the key-info is damaged, too long or of a newer format");
			return -EBADMSG;
		}
	}
	*ret_version = version_of(trust_json(store), v);
	merged = merge(trust_json(store), v);
	if (jsn_write(merged, JSN_COMPACT, &text) < 0)
		return -ENOMEM;
	return trust_parse(buf_span(&text), ret, ret_error, room);
}

static bool has_signer(const struct trust *t, const char *manufacturer)
{
	for (size_t i = 0; i < trust_count(t); i++) {
		const struct trust_key *k = trust_at(t, i);

		if (trust_key_may(k, TRUST_MANIFEST, manufacturer) && !trust_key_revoked(t, k))
			return true;
	}
	return false;
}

int keyset_rotate(const struct trust *store, struct span record, const struct manifest *m,
		  struct buf *out, char *ret_error, size_t room)
{
	CLEANUP(jsn_freep) struct jsn *old = open_record(record), *v = jsn_new_object();
	CLEANUP(trust_freep) struct trust *probe = NULL;
	struct jsn *revoked = jsn_new_array();
	size_t start = out->len;
	uint64_t version;
	int r;

	add_texts(revoked, jsn_get(old, "revoked"));
	add_texts(revoked, jsn_get(trust_json(store), "x-ocf-revoked"));
	add_texts(revoked, m->key_info_revoked);
	add_thumbprints(revoked, jsn_get(trust_json(store), "keys"));
	add_thumbprints(revoked, jsn_get(old, "keys"));
	add_thumbprints(revoked, m->key_info_keys);
	jsn_set_int(v, "format", FORMAT);
	jsn_set_int(v, "version", (int64_t)m->key_info_version);
	jsn_set_str(v, "manufacturer", m->manufacturer);
	jsn_set(v, "keys", jsn_copy(m->key_info_keys));
	jsn_set(v, "revoked", revoked);
	r = jsn_write(v, JSN_COMPACT, out);
	if (r < 0)
		return r;
	r = keyset_trust(store, span_of(out->ptr + start, out->len - start), &probe, &version,
			 ret_error, room);
	if (r == 0 && !has_signer(probe, m->manufacturer)) {
		(void)snprintf(ret_error, room, "all its keys are revoked");
		r = -EBADMSG;
	}
	return r;
}
